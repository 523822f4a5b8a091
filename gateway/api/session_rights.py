"""What a session may ask for, by method and path: one table; what is not in it is refused.

Tokens of keys are not held to it: a key speaks for its member. What a session reads is narrowed as the member's own
reading is, so a right here never gives more than the member has.
"""

from __future__ import annotations

from typing import Final

from gateway.people.operators import Right

ANY_SESSION: Final = ("/v1/session", "/v1/sessions")
"""One's own session and sessions."""
RIGHTS: Final[tuple[tuple[frozenset[str], str, Right], ...]] = (
    (frozenset({"GET", "POST", "DELETE"}), "/v1/people", Right.ADMINISTER),
    (frozenset({"POST"}), "/v1/records", Right.SUBMIT),
    (frozenset({"POST"}), "/v1/preview", Right.SUBMIT),
    (frozenset({"POST"}), "/v1/dispositions", Right.DISPOSE),
    (frozenset({"GET", "POST", "DELETE"}), "/v1/webhooks", Right.OPERATE),
    (frozenset({"GET"}), "/v1/operator-log", Right.OPERATE),
    (frozenset({"GET"}), "/v1/replication", Right.OPERATE),
    (frozenset({"GET", "POST"}), "/v1/sandbox", Right.READ),
    (frozenset({"GET"}), "/v1/consignments", Right.READ),
    (frozenset({"GET"}), "/v1/records", Right.READ),
    (frozenset({"GET", "POST"}), "/v1/documents", Right.READ),
    (frozenset({"GET"}), "/v1/search", Right.READ),
    (frozenset({"GET"}), "/v1/findings", Right.READ),
    (frozenset({"GET"}), "/v1/statistics", Right.READ),
    (frozenset({"GET"}), "/v1/references", Right.READ),
    (frozenset({"GET"}), "/v1/access-log", Right.READ),
    (frozenset({"GET"}), "/v1/changes", Right.READ),
    (frozenset({"GET"}), "/v1/ledger", Right.READ),
    (frozenset({"GET"}), "/v1/schemas", Right.READ),
    (frozenset({"GET"}), "/v1/trust-root", Right.READ),
)
"""Methods, the path or what stands above it, and the right that it takes."""


ALONE: Final = frozenset({"/v1/replication"})
"""Paths whose right reaches nothing below them: what gateways give each other is not for a browser."""


def is_allowed(method: str, path: str, rights: frozenset[str]) -> bool:
    """Whether a session with these rights may send this request."""
    if any(_is_under(path, own) for own in ANY_SESSION):
        return True
    asked = "GET" if method == "HEAD" else method
    return any(asked in methods and _is_under(path, prefix) and right in rights for methods, prefix, right in RIGHTS)


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or (prefix not in ALONE and path.startswith(prefix + "/"))
