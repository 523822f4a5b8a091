"""What a route says of itself beside what FastAPI knows: its answer, its problems, who may ask. See `describes`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.api.media_types import JSON

FAULTS = ("ledger", "store", "internal")
SIGNER = ("unknown-key", "revoked-key", "inactive-member")
TOKEN = ("unauthorized", "session-ended", "cross-site", "role", *SIGNER, "quota", *FAULTS)
PAGED = ("malformed", *TOKEN)
READ = ("malformed", "role", "not-found", "policy", *TOKEN)
LOGGED = (*READ, "outbox-full")
"""Reading is recorded by a record of the gateway's own, which goes the way of every record."""
BODY = ("malformed", "too-large", "media-type")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """The description of one route."""

    problems: tuple[str, ...]
    """Slugs of the kinds of problems that it may answer with."""
    answer: type | str = ""
    """The type of its answer, or what the answer is, where it is no JSON; empty where FastAPI knows."""
    media_types: tuple[str, ...] = (JSON,)
    status: int = 200
    is_open: bool = False
    """Needs no token."""
    is_logged: bool = False
    """Shows others' words: the read is logged, and a read receipt stands in a header."""
    is_search: bool = False
    """Takes the criteria of a search."""
    criteria: frozenset[str] = frozenset()
    """Which criteria, where they are others than a search's."""
    body: str = ""
    """Media type of a body that FastAPI does not know of."""


def describes(*problems: str, **description: Any) -> Callable[[Function], Function]:
    """Notes at a route's function what `/openapi.json` says of it; the members are those of `Operation`.

    The example of its answer stands beside its module, in `<module>.examples.json`, by method and path.
    """
    operation = Operation(problems, **description)

    def note(function: Function) -> Function:
        function.__dict__["operation"] = operation
        return function

    return note
