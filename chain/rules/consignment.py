"""The records of one consignment joined: declarations with their versions and answers, bills, papers of carriage.

All joins are m:n and say how. What its issuer withdrew is left out. A version belongs to the declaration that it
amends, else to the one that shares its declaration, pre-entry or own number; only its own issuer may amend a record. An
answer belongs to every declaration whose number it names; where there is a single one, to that. A paper of carriage is
joined to declarations by the transport document number, house before master.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chain.rules.declarations import Declaration, join_declarations, spell
from chain.rules.facts import Record
from chain.rules.replacements import in_force
from chain.rules.tables import Offices

RECORDS_MAX: Final = 4_096
"""Records of one consignment that rules look at; the first in the chain's order count."""

CARRIAGE_KINDS: Final = frozenset(
    {
        "air_waybill",
        "house_air_waybill",
        "bill_of_lading",
        "sea_waybill",
        "parcel_waybill",
        "rail",
        "road",
        "manifest",
        "other",
    }
)
"""Kinds of transport documents that say weights and packages of what is carried."""


@dataclass(frozen=True, eq=False)
class Bill:
    """One tax bill: the version that lists its taxes, and the last word about it."""

    record: Record
    """The version with lines or a total; the last where there are several."""
    last: Record
    declaration: Declaration | None
    """The declaration that it is for; None where that is not known."""

    @property
    def void(self) -> bool:
        """Whether customs took it back."""
        return self.last.head.function == "delete"


@dataclass(frozen=True, eq=False)
class Carriage:
    """Declarations and papers of carriage that speak of the same bills."""

    declarations: tuple[Declaration, ...]
    bills: tuple[tuple[Record, ...], ...]
    """The papers, one tuple for each transport document number."""


@dataclass(frozen=True, eq=False)
class Consignment:
    """All records of one consignment as the reader sees them, in the chain's order, with their joins."""

    records: tuple[Record, ...]
    declarations: tuple[Declaration, ...]
    history: tuple[Record, ...] = ()
    """With withdrawn records and withdrawals: what was in force when something was said."""

    @cached_property
    def standing(self) -> tuple[Record, ...]:
        """Records that no later one of the same issuer and type replaces, those taken back left out."""
        by_id = {one.id: one for one in self.records}
        replaced = {
            one.amends
            for one in self.records
            if (old := by_id.get(one.amends)) is not None and (old.issuer, old.type) == (one.issuer, one.type)
        }
        return tuple(one for one in self.records if one.id not in replaced and one.head.function != "delete")

    def of_type(self, *types: str) -> tuple[Record, ...]:
        """Standing records of these types that speak of this consignment alone."""
        return tuple(one for kind in types for one in self._by_type.get(kind, ()))

    @cached_property
    def _by_type(self) -> Mapping[str, tuple[Record, ...]]:
        found: dict[str, list[Record]] = {}
        for one in self.standing:
            if one.sole:
                found.setdefault(one.type, []).append(one)
        return {kind: tuple(records) for kind, records in found.items()}

    @cached_property
    def papers(self) -> tuple[Record, ...]:
        """Transport documents whose head is seen."""
        return tuple(one for one in self.of_type("logistics.transport_document") if one.head.number)

    @cached_property
    def events(self) -> tuple[Record, ...]:
        """Events that happened and were not taken back, by the time at which they happened."""
        events = [one for one in self.of_type("logistics.event") if one.head.code and one.head.at]
        taken_back = {one.head.retracts for one in events} - {""}
        actual = [one for one in events if one.head.classifier == "ACT" and one.head.id not in taken_back]
        actual = [one for one in actual if not one.head.retracts]
        return tuple(sorted(actual, key=lambda one: one.head.at))

    @cached_property
    def invoices(self) -> tuple[Record, ...]:
        """Invoices whose head is seen."""
        return tuple(one for one in self.of_type("tax.invoice") if one.head.number)

    @cached_property
    def bills(self) -> tuple[Bill, ...]:
        """Tax bills: each with the version that lists the taxes and its last word; void ones are left out."""
        assessed = [one for one in self.records if one.type == "tax.assessment" and one.sole]
        chains = _amendment_chains(assessed)
        bills = []
        for chain in chains:
            full = [one for one in chain if one.taxes and (one.taxes.lines or one.taxes.total)]
            bill = Bill(full[-1] if full else chain[-1], chain[-1], self.declaration_of(chain[0]))
            if not bill.void:
                bills.append(bill)
        return tuple(bills)

    @cached_property
    def payments(self) -> tuple[Record, ...]:
        """Payments of taxes that stand: neither void nor refunded; one certificate counts once."""
        found: dict[str, Record] = {}
        for one in self.of_type("tax.payment"):
            if one.head.state in ("", "paid") and one.taxes:
                found.setdefault(one.head.number or one.id, one)
        return tuple(found.values())

    def declaration_of(self, record: Record) -> Declaration | None:
        """The declaration whose number the record names; the only one where the record names none that is known."""
        named = record.numbers("declaration") | ({record.head.declaration} - {""})
        for one in self.declarations:
            if named & one.numbers:
                return one
        if len(self.declarations) != 1:
            return None
        (only,) = self.declarations
        return None if named and only.numbers else only

    @cached_property
    def carriages(self) -> tuple[Carriage, ...]:
        """Declarations and papers of carriage by bill; see `_carriages`."""
        return _carriages(self.declarations, [one for one in self.papers if one.head.kind in CARRIAGE_KINDS])

    @cached_property
    def said(self) -> frozenset[tuple[str, str]]:
        """(record type, section) that some record says and the reader sees."""
        return frozenset((one.type, section) for one in self.records for section in one.sections)

    @cached_property
    def withheld(self) -> frozenset[tuple[str, str]]:
        """(record type, section) that some record has and the reader does not see."""
        return frozenset((one.type, section) for one in self.records for section in one.withheld)


def join_records(records: Iterable[Record], offices: Offices | None = None) -> Consignment:
    """The consignment of these records, given in the chain's order; one record counts once."""
    history = tuple({one.id: one for one in records}.values())[:RECORDS_MAX]
    unique = in_force(history)
    order = {one.id: place for place, one in enumerate(unique)}
    by_type: dict[str, list[Record]] = {}
    for one in unique:
        by_type.setdefault(one.type, []).append(one)
    return Consignment(unique, join_declarations(by_type, order, offices), history)


def _amendment_chains(records: Sequence[Record]) -> list[list[Record]]:
    """Records with those that amend them, first to last; only the same issuer amends."""
    chains: dict[str, list[Record]] = {}
    root: dict[str, str] = {}
    for one in records:
        start = root.get(one.amends, "")
        if start and chains[start][0].issuer == one.issuer:
            chains[start].append(one)
            root[one.id] = start
        else:
            chains[one.id] = [one]
            root[one.id] = one.id
    return list(chains.values())


def _carriages(declarations: Sequence[Declaration], papers: Sequence[Record]) -> tuple[Carriage, ...]:
    """Groups of declarations and papers that share a bill: by the exact number, else by the master's.

    Where exactly one declaration and one bill are left over, they are joined: their numbers differ, which rule C11
    tells, and the rest of them can still be compared.
    """
    by_bill: dict[str, list[Record]] = {}
    for paper in papers:
        by_bill.setdefault(spell(paper.head.number), []).append(paper)
    bills_of: dict[int, set[str]] = {}
    for place, one in enumerate(declarations):
        exact, master = one.bill_keys
        matching = {key for key, found in by_bill.items() if exact & _paper_keys(found)}
        bills_of[place] = matching or {key for key in by_bill if key in master}
    loose = [place for place, bills in bills_of.items() if not bills]
    free = set(by_bill) - set().union(*bills_of.values(), set())
    if len(loose) == 1 and len(free) == 1:
        bills_of[loose[0]] = free
    return tuple(_components(declarations, by_bill, bills_of))


def _paper_keys(papers: Sequence[Record]) -> frozenset[str]:
    keys = set()
    for paper in papers:
        number, master = spell(paper.head.number), spell(paper.head.master)
        keys |= {number, master + number}
    return frozenset(keys)


def _components(
    declarations: Sequence[Declaration], by_bill: Mapping[str, list[Record]], bills_of: Mapping[int, set[str]]
) -> Iterable[Carriage]:
    left = [place for place in bills_of if bills_of[place]]
    while left:
        places, bills = {left[0]}, set(bills_of[left[0]])
        grown = True
        while grown:
            more = {place for place in left if bills_of[place] & bills} - places
            grown = bool(more)
            places |= more
            bills = bills.union(*(bills_of[place] for place in more))
        yield Carriage(
            tuple(declarations[place] for place in sorted(places)),
            tuple(tuple(by_bill[key]) for key in sorted(bills)),
        )
        left = [place for place in left if place not in places]
