"""What the gateway says, as values and errors: receipts, verdicts, one's own records, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from chain.encoding import parse_base64url
from chain.errors import LedgerFault, NotFound, Refused
from chain.lifecycle import StateName
from chain.proof.receipt import SignedReceipt

WAITS_FOR_ANOTHER = frozenset({"amends-unknown", "consignment-unknown", "finding-unknown", "record-unknown"})
"""Kinds of problems of a record that speaks of another one which the gateway does not have yet."""
LATER_SLUGS = WAITS_FOR_ANOTHER | {"quota", "outbox-full", "ledger", "store", "internal"}
"""Kinds of problems that may go away by themselves."""

State = StateName
_PROGRESS: tuple[State, ...] = ("accepted", "anchored", "covered")


class GatewayRefused(Refused):
    """The gateway will not do this; the same request would be refused again. `problem` is its problem document."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.problem = problem
        field, fix = str(problem.get("pointer", "")), str(problem.get("fix", ""))
        # The detail is the whole sentence for people, with the fix at its end.
        detail = str(problem.get("detail", "refused"))
        super().__init__(
            detail.removesuffix(fix).removesuffix(". ") if fix else detail,
            field=field,
            fix=fix,
            code=str(problem.get("code", "")) or None,
        )


_NOT_KNOWN = re.compile(r"no (.+) (\S+) is known here")
"""As `NotFound` words it."""


class AnswerNotFound(NotFound):
    """The gateway knows none, or shows this member none; in the gateway's own words."""

    def __init__(self, detail: str) -> None:
        said = _NOT_KNOWN.fullmatch(detail)
        super().__init__(*(said.groups() if said else ("answer", detail)))
        # Those words are a whole sentence already.
        self.args = (detail,)


class TokenRefused(GatewayRefused):
    """The gateway gives this member no token, or takes none: that says nothing of what was to be asked or sent."""


class GatewayBusy(LedgerFault):
    """The gateway cannot do this now; try again, after `retry_after_s` where it said so."""

    def __init__(self, problem: Mapping[str, Any], retry_after_s: float | None) -> None:
        self.problem = problem
        self.retry_after_s = retry_after_s
        self.code = str(problem.get("code", ""))
        super().__init__(str(problem.get("detail", "the gateway cannot do this now")))


@dataclass(frozen=True)
class Receipt:
    """The gateway's signed promise; `text` is what to keep."""

    text: str
    record_id: str
    gateway: str
    """USCC of the gateway's member."""
    entries: tuple[tuple[bytes, bytes], ...]
    """(tag, entry digest) of each consignment."""
    accepted_at: int
    anchor_by: int
    """Unix seconds: anchored by then, or the promise is broken."""
    remarks: tuple[str, ...] = ()
    """What the gateway remarked when it took the record, one sentence each; no part of the promise."""

    @classmethod
    def parse(cls, text: str) -> Receipt:
        """The receipt in a text of either form (`chain.proof.receipt`), its signature not checked.

        Raises MalformedJws, MalformedReceipt, ValueError, KeyError, TypeError.
        """
        return cls.of(SignedReceipt.parse(text))

    @classmethod
    def of(cls, signed: SignedReceipt) -> Receipt:
        """The same of a receipt that was read already; raises ValueError, KeyError, TypeError."""
        said: Mapping[str, Any] = signed.claims
        entries = tuple((bytes.fromhex(tag), parse_base64url(digest)) for tag, digest in said["entries"])
        return cls(signed.text, said["record_id"], said["iss"], entries, said["accepted_at"], said["anchor_by"])


@dataclass(frozen=True)
class OwnRecord:
    """How far one of one's own records has come."""

    record_id: str
    type: str
    state: State
    reason: str | None
    accepted_at: int
    anchor_by: int
    batch: int | None
    receipt: str


@dataclass(frozen=True)
class Verdict:
    """What became of one line of a bulk upload: a receipt, or a problem."""

    line: int
    receipt: Receipt | None
    problem: Mapping[str, Any] | None


@dataclass(frozen=True)
class Change:
    """One record that was anchored, as the change feed tells it."""

    ucr: str
    record: str
    type: str
    issuer: str
    batch: int
    """Also the cursor to go on after, once all of the batch was told."""
    block: int | None
    finding: Mapping[str, Any] | None
    """Of a finding: `rule`, `severity`, `state`."""
    withdraws: str | None = None
    """Id of the record that it withdraws."""


def read_changes(lines: Iterable[str]) -> Iterator[Change]:
    """The changes in a change feed's lines (`text/event-stream`); raises ValueError, KeyError, TypeError."""
    for line in lines:
        if line.startswith("data: "):
            change = json.loads(line.removeprefix("data: "))
            yield Change(
                ucr=str(change["ucr"]),
                record=str(change["record"]),
                type=str(change["type"]),
                issuer=str(change["issuer"]),
                batch=int(change["batch"]),
                block=change.get("block"),
                finding=change.get("finding"),
                withdraws=change.get("withdraws"),
            )


def verdict(said: Mapping[str, Any], first: int) -> Verdict:
    """The verdict in one line of an answer, of an upload whose first line has that number."""
    receipt = said.get("receipt")
    return Verdict(first + int(said["line"]), Receipt.parse(receipt) if receipt else None, said.get("problem"))


def checked(answer: httpx.Response) -> httpx.Response:
    """The answer where it is a success; else the error that its problem document tells."""
    if answer.status_code < 400:
        return answer
    problem = problem_of(answer)
    slug = str(problem.get("type", "")).rpartition("/")[2]
    if answer.status_code >= 500 or answer.status_code == 429 or slug in LATER_SLUGS:
        raise GatewayBusy(problem or {"detail": f"HTTP {answer.status_code}"}, _retry_after(answer))
    if answer.status_code == 404 and slug == "not-found":
        raise AnswerNotFound(str(problem.get("detail", answer.url.path)))
    raise GatewayRefused(problem or {"detail": f"HTTP {answer.status_code}"})


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    """The problem document of a refusal; empty where it holds none."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _retry_after(answer: httpx.Response) -> float | None:
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isdigit() else None


def has_come(found: OwnRecord, state: State) -> bool:
    """Whether a record is in that state or beyond; raises GatewayRefused where it was refused and never will be."""
    if found.state == "refused" and state != "refused":
        raise GatewayRefused({"detail": found.reason, "code": "4002"})
    return found.state == state or (state in _PROGRESS and _PROGRESS.index(found.state) >= _PROGRESS.index(state))
