"""The times of one consignment as facts: when each thing happened, by which record, and what each wait was for.

One pure function, shared by views, statistics and the command line. The cycle is measured from arrival or lodging,
whichever came later: who declares before arrival (提前申报) waits less, and the figure says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from chain.rules.carriage_rules import code_of, events_of
from chain.rules.consignment import Consignment
from chain.rules.declarations import Declaration
from chain.rules.event_rules import has_left
from chain.rules.facts import Record
from chain.rules.frame import hours_between

STEPS: Final = (
    "arrival",
    "discharge",
    "lodging",
    "acceptance",
    "inspection",
    "assessment",
    "payment",
    "release",
    "gate_out",
)
"""What is timed, in the usual order."""
ARRIVING: Final = frozenset({"ARRI", "ARR"})
DISCHARGING: Final = frozenset({"DISC", "RCF"})
_STATES: Final = {"ACCEPTED": "acceptance", "INSPECTION": "inspection", "ASSESSED": "assessment", "RELEASED": "release"}
CAUSES: Final = {
    "inspection": ("inspection by customs", "海关查验"),
    "assessment": ("review by customs", "海关审核"),
    "payment": ("payment of taxes", "缴纳税款"),
    "release": ("release by customs", "海关放行"),
    "gate_out": ("goods fetched by the importer", "企业提货"),
    "discharge": ("discharge by carrier and terminal", "承运人、码头卸货"),
    "lodging": ("declaration by importer or broker", "企业申报"),
    "acceptance": ("acceptance by customs", "海关接单"),
}
"""What a wait that ends with the step was for, in English and Chinese."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """When one thing happened."""

    step: str
    at: str
    """UTC to the second."""
    record: str
    """The record that says it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The time between two neighbouring moments."""

    since: str
    until: str
    hours: Decimal
    cause: str
    cause_zh: str
    notes: tuple[str, ...] = ()
    """What customs itself wrote beside the answer that ended the wait."""


@dataclass(frozen=True, slots=True)
class Times:
    """The times of one declaration's goods."""

    record: str
    """The declaration in force."""
    moments: tuple[StepTime, ...]
    """By time, at most one a step: the first arrival, the last payment, discharge and gate-out."""
    waits: tuple[Wait, ...]
    early: bool
    """Whether it was lodged before the goods arrived (提前申报)."""
    hours_to_release: Decimal | None
    """From arrival or lodging, whichever came later, to release; zero where release came first."""
    hours_to_gate_out: Decimal | None
    """The same to the last gate-out."""

    def at(self, step: str) -> str:
        """When the step happened; empty where nobody says."""
        return next((moment.at for moment in self.moments if moment.step == step), "")


def times_of(consignment: Consignment, declaration: Declaration) -> Times:
    """The times of one declaration's goods, from what the records say; nothing is guessed."""
    events = events_of(consignment, declaration)
    found: dict[str, StepTime] = {}
    _put(found, "arrival", [one for one in events if code_of(one) in ARRIVING][:1])
    _put(found, "discharge", [one for one in events if code_of(one) in DISCHARGING][-1:])
    _put(found, "gate_out", [one for one in events if has_left(one)][-1:])
    for step in declaration.status.steps:
        name = "lodging" if step.word.code == "" and step.moved and not step.before else _STATES.get(step.after, "")
        if step.moved and name:
            found.setdefault(name, StepTime(name, step.word.at, step.word.record))
    payments = [one for one in consignment.payments if consignment.declaration_of(one) is declaration]
    paid = [StepTime("payment", one.taxes.paid, one.id) for one in payments if one.taxes and one.taxes.paid]
    paid += [StepTime("payment", word.at, word.record) for word in declaration.status.tax_paid]
    if paid:
        found["payment"] = max(paid, key=lambda one: one.at)
    moments = sorted(found.values(), key=lambda one: (one.at, STEPS.index(one.step)))
    starts = [found[name].at for name in ("arrival", "lodging") if name in found]
    return Times(
        record=declaration.current.id,
        moments=tuple(moments),
        waits=tuple(_waits(moments, declaration)),
        early="arrival" in found and "lodging" in found and found["lodging"].at < found["arrival"].at,
        hours_to_release=_hours(starts, found.get("release")),
        hours_to_gate_out=_hours(starts, found.get("gate_out")),
    )


def _put(found: dict[str, StepTime], step: str, events: Sequence[Record]) -> None:
    for event in events:
        found[step] = StepTime(step, event.head.at, event.id)


def _hours(starts: Sequence[str], end: StepTime | None) -> Decimal | None:
    if not starts or end is None:
        return None
    return max(_rounded(hours_between(max(starts), end.at)), Decimal("0.00"))


def _rounded(hours: float) -> Decimal:
    return Decimal(f"{hours:.2f}")


def _waits(moments: Sequence[StepTime], declaration: Declaration) -> Iterable[Wait]:
    notes = {step.word.record: step.word.notes for step in declaration.status.steps}
    for first, second in pairwise(moments):
        cause, cause_zh = CAUSES.get(second.step, ("", ""))
        hours = _rounded(hours_between(first.at, second.at))
        yield Wait(first.step, second.step, hours, cause, cause_zh, notes.get(second.record, ()))
