"""The customs status machine: folds what customs answered about a declaration into one state, with every step kept.

```
SUBMITTED -> ACCEPTED | REJECTED
ACCEPTED, MANUAL_REVIEW, ASSESSED, INSPECTION, DETAINED -> one another | RELEASED | REJECTED | RETURNED | WITHDRAWN
RELEASED -> CLOSED | RETURNED | WITHDRAWN          CLOSED -> RETURNED
REJECTED -> SUBMITTED (lodged again)
```

Order is customs' own time, then the chain's order; never arrival. A forbidden step leaves the state as it was and is a
finding with both records: the ledger keeps what was said. `TAX_PAID` is a flag, not a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from chain.encoding import Json
from gateway.consignment.records import HeldRecord

SUBMITTED: Final = "SUBMITTED"
_IN_HAND: Final = frozenset({"ACCEPTED", "MANUAL_REVIEW", "ASSESSED", "INSPECTION", "DETAINED"})
_OUT: Final = frozenset({"RELEASED", "REJECTED", "RETURNED", "WITHDRAWN"})

STEPS: Final[Mapping[str, frozenset[str]]] = {
    SUBMITTED: frozenset({"ACCEPTED", "REJECTED"}),
    **dict.fromkeys(_IN_HAND, _IN_HAND | _OUT),
    "REJECTED": frozenset({SUBMITTED}),
    "RELEASED": frozenset({"CLOSED", "RETURNED", "WITHDRAWN"}),
    "CLOSED": frozenset({"RETURNED"}),
    "RETURNED": frozenset(),
    "WITHDRAWN": frozenset(),
}
"""State to the states that may follow it. Staying is always allowed: replies are repeated."""

FINAL_STATES: Final = frozenset({"CLOSED", "RETURNED", "WITHDRAWN"})


@dataclass(frozen=True)
class Saying:
    """One statement that may move the state: a lodging, or an answer of customs."""

    state: str | None
    """The state that it asks for; None where it keeps the state."""
    at: str
    """When it was said, UTC to the second; where the record gives no time, when it was issued."""
    record: HeldRecord
    code: Mapping[str, Json]
    """The answer in its own code list; empty for a lodging."""
    tax_paid: bool = False


@dataclass(frozen=True)
class Step:
    """One change of the state, or an answer that kept it."""

    said: Saying
    before: str
    after: str
    hours: str | None
    """Hours since the state last changed, two decimals; None at the start."""

    @property
    def moved(self) -> bool:
        """Whether the state changed."""
        return self.before != self.after


@dataclass(frozen=True)
class ForbiddenStep:
    """An answer that the state machine does not allow after what was said before."""

    state: str
    wanted: str
    since: Saying
    """What led to the state."""
    said: Saying


@dataclass(frozen=True)
class Folded:
    """The state with its timeline."""

    state: str
    """Empty where nothing was said yet."""
    steps: tuple[Step, ...]
    forbidden: tuple[ForbiddenStep, ...]
    tax_paid: tuple[Saying, ...]


def fold(sayings: Iterable[Saying]) -> Folded:
    """The state after all that was said, in the order of `Saying.at`, then the chain's."""
    state, since = "", None
    steps: list[Step] = []
    forbidden: list[ForbiddenStep] = []
    paid: list[Saying] = []
    for said in sorted(sayings, key=lambda one: (one.at, one.record.order)):
        if said.tax_paid:
            paid.append(said)
        wanted = said.state or state
        allowed = not state or wanted == state or wanted in STEPS.get(state, frozenset())
        if not allowed and since is not None:
            forbidden.append(ForbiddenStep(state, wanted, since, said))
            wanted = state
        hours = None if since is None else hours_between(since.at, said.at)
        steps.append(Step(said, state, wanted, hours))
        if wanted != state:
            state, since = wanted, said
    return Folded(state, tuple(steps), tuple(forbidden), tuple(paid))


def sayings_of(declarations: Sequence[HeldRecord], statuses: Sequence[HeldRecord]) -> list[Saying]:
    """What moves a declaration: its first lodging, its being lodged anew, and what customs answered about it.

    An amendment lodges nothing: customs holds the goods in the state in which they are.
    """
    lodged = sorted(((lodged_at(one), one) for one in declarations if one.one("declaration")), key=_by_time)
    found = [
        Saying(SUBMITTED if place == 0 or one.signed.amends is None else None, time, one, {})
        for place, (time, one) in enumerate(lodged)
    ]
    for record in statuses:
        status = record.one("status")
        if not status or status.get("about") != "declaration" or status.get("technical"):
            continue
        state, code = status.get("state"), status.get("code")
        found.append(
            Saying(
                state if isinstance(state, str) else None,
                utc_of(status.get("at")) or issued_at(record),
                record,
                code if isinstance(code, dict) else {},
                status.get("tax_paid") is True,
            )
        )
    return found


def lodged_at(declaration: HeldRecord) -> str:
    """When a declaration was lodged by its own word, else when it was issued; UTC to the second."""
    return utc_of(declaration.one("declaration").get("lodged")) or issued_at(declaration)


def issued_at(record: HeldRecord) -> str:
    """The record's `iat` as UTC text."""
    return datetime.fromtimestamp(record.signed.iat, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_of(said: Json) -> str:
    """The UTC text of an `Instant` in JSON; empty for anything else."""
    return str(said.get("utc", "")) if isinstance(said, dict) else ""


def hours_between(first: str, second: str) -> str:
    """Hours from one UTC text to another, two decimals."""
    passed = datetime.fromisoformat(second) - datetime.fromisoformat(first)
    return f"{passed.total_seconds() / 3600:.2f}"


def _by_time(one: tuple[str, HeldRecord]) -> tuple[str, tuple[int, int, int, str]]:
    return one[0], one[1].order
