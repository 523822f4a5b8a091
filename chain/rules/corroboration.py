"""Which facts of a consignment rest on several independent sources (多证): pure, over the joined records.

Independent are sources of different issuers of which neither sponsors the other nor is shown to have its words from
the other. What one issuer says several times is one source: its last word. One is derived from another where both were
read from the same native message, or where it cites the file that the other was read from. A copy that nothing shows
is still its issuer's word, so two sources that agree are evidence, not proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from typing import Final

from chain.rules.consignment import Consignment
from chain.rules.declarations import spell
from chain.rules.facts import Record
from chain.rules.parameters import DEFAULTS, Parameters

_CARRIED: Final = ("customs.declaration", "logistics.transport_document", "logistics.weight")
_SOLD: Final = ("customs.declaration", "tax.invoice", "trade.order")
_OWNERS: Final = frozenset({"trader", "importer", "consignee", "owner", "buyer", "purchaser"})


class Grade(StrEnum):
    """How well a fact is supported."""

    AGREE = "agree"
    """Two or more independent sources say the same, and none says another."""
    SINGLE = "single"
    """One source, or several that depend on each other."""
    CONTRADICT = "contradict"
    """Independent sources say different things."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one issuer says last of a fact."""

    issuer: str
    record: str
    value: str
    read_from: frozenset[str] = frozenset()
    """SHA-256 of the native message, as far as it is shown."""
    cites: frozenset[str] = frozenset()
    """SHA-256 of the files that the record cites."""

    def is_derived_from(self, other: Source) -> bool:
        """Whether it is shown to have its words from what the other was read from."""
        return bool(other.read_from & (self.read_from | self.cites))


@dataclass(frozen=True, slots=True)
class Corroboration:
    """One fact with its sources."""

    fact: str
    """`weight`, `packages`, `bill`, `containers`, `value`, `parties` or `times`."""
    grade: Grade
    sources: tuple[Source, ...]


def corroborate(
    consignment: Consignment, sponsor_of: Callable[[str], str | None], parameters: Parameters = DEFAULTS
) -> tuple[Corroboration, ...]:
    """The grade of each fact that anybody says; `sponsor_of` gives a member's sponsor, None for who has none."""
    grades = []
    for fact, (types, read) in _FACTS.items():
        by_issuer: dict[str, Source] = {}
        for record in consignment.standing:
            if record.type in types and record.sole and (value := read(record)):
                by_issuer[record.issuer] = Source(
                    record.issuer, record.id, value, _digests(record, "source"), _digests(record, "documents")
                )
        if by_issuer:
            sources = tuple(by_issuer.values())
            grades.append(Corroboration(fact, _grade(fact, sources, sponsor_of, parameters), sources))
    return tuple(grades)


def _grade(
    fact: str, sources: tuple[Source, ...], sponsor_of: Callable[[str], str | None], parameters: Parameters
) -> Grade:
    agreements = [
        _is_same(fact, first.value, second.value, parameters)
        for first, second in combinations(sources, 2)
        if sponsor_of(first.issuer) != second.issuer
        and sponsor_of(second.issuer) != first.issuer
        and not (first.is_derived_from(second) or second.is_derived_from(first))
    ]
    if not agreements:
        return Grade.SINGLE
    return Grade.AGREE if all(agreements) else Grade.CONTRADICT


def _is_same(fact: str, first: str, second: str, parameters: Parameters) -> bool:
    if fact != "weight":
        return first == second
    first_kg, second_kg = Decimal(first), Decimal(second)
    return abs(first_kg - second_kg) <= parameters.gross_share * max(first_kg, second_kg)


def _digests(record: Record, section: str) -> frozenset[str]:
    values = record.sections.get(section, ())
    listed = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return frozenset(str(one["sha256"]) for one in listed if isinstance(one, dict) and one.get("sha256"))


def _weight(record: Record) -> str:
    gross = record.head.gross_kg or (record.transport.gross_kg if record.transport else None)
    return "" if gross is None else f"{gross:f}"


def _packages(record: Record) -> str:
    count = record.head.pieces or (record.transport.packages if record.transport else None)
    return "" if count is None else str(count)


def _bill(record: Record) -> str:
    number = record.head.number if record.type == "logistics.transport_document" else ""
    return spell(number or (record.transport.bill if record.transport else "") or record.head.waybill)


def _containers(record: Record) -> str:
    return ", ".join(sorted({box.number for box in record.transport.boxes})) if record.transport else ""


def _value(record: Record) -> str:
    total = record.valuation.total if record.valuation else None
    amount = record.head.total if record.type != "customs.declaration" else total
    return "" if amount is None else f"{amount.value:f} {amount.currency}"


def _parties(record: Record) -> str:
    return ", ".join(sorted({party.uscc for party in record.parties if party.uscc and party.role in _OWNERS}))


def _times(record: Record) -> str:
    return record.transport.arrived[:10] if record.transport else ""


_FACTS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Record], str]]]] = {
    "weight": (_CARRIED, _weight),
    "packages": (_CARRIED, _packages),
    "bill": (_CARRIED, _bill),
    "containers": (_CARRIED, _containers),
    "value": (_SOLD, _value),
    "parties": ((*_CARRIED, *_SOLD), _parties),
    "times": (_CARRIED, _times),
}
FACTS: Final = frozenset(_FACTS)
"""Names of the facts that are graded."""
