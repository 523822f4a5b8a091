"""Declarations joined: versions, answers, requests, and the status that follows from them.

A version belongs to the declaration that it amends, else to the one that shares its declaration, pre-entry or own
number; only its own issuer may amend a record. An answer belongs to every declaration whose number it names; where
there is a single one, to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chain.rules.customs_status import LIFT_OFF_APPLIED, SUBMITTED, Status, Word, fold_status
from chain.rules.facts import Record
from chain.rules.tables import Offices

OWN_KINDS: Final = ("declaration", "pre", "cop")
"""Kinds of references that name one declaration."""
ACCESS_FLAG: Final = "cn-conditional-lift-off"
"""Flag of a declaration: conditional lift-off was applied for (两段准入 ConditionalLiftoffApply)."""
TRANSIT_FLAG: Final = "cn-transit-relation"
"""Flag of a declaration: 1 where a transit declaration (转关) goes with it (DeclTrnRel)."""

_DROPPED: Final = str.maketrans("", "", " -_")


def spell(number: str) -> str:
    """A transport number freed of what people write differently: case, hyphens, `_` and spaces."""
    return number.upper().translate(_DROPPED)


@dataclass(frozen=True, eq=False)
class Declaration:
    """One declaration: its versions in order, the answers about it, its status."""

    versions: tuple[Record, ...]
    answers: tuple[Record, ...]
    requests: tuple[Record, ...]
    status: Status

    @property
    def current(self) -> Record:
        """The version in force."""
        return self.versions[-1]

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Declaration numbers by which it is known, from its own and customs' words."""
        return frozenset(number for one in (*self.versions, *self.answers) for number in one.numbers("declaration"))

    @property
    def direction(self) -> str:
        """`I` import, `E` export; empty where it does not say."""
        return self.current.head.direction

    @property
    def stage(self) -> str:
        """`summary`, `complete` or `whole`: said by the record, else by the third place of the form (单据类型)."""
        head = self.current.head
        return head.stage or {"5": "summary", "6": "complete"}.get(head.form[2:3], "whole")

    @cached_property
    def bill_keys(self) -> tuple[frozenset[str], frozenset[str]]:
        """Its transport document numbers: those that name it exactly, and the master's alone."""
        transport, head = self.current.transport, self.current.head
        bill = transport.bill if transport else ""
        master, _, house = bill.partition("_")
        exact = {spell(bill), spell(head.waybill)} - {""}
        return frozenset(exact), frozenset({spell(master)} - {""} if house or head.waybill else ())


def join_declarations(
    by_type: Mapping[str, Sequence[Record]], order: Mapping[str, int], offices: Offices | None
) -> tuple[Declaration, ...]:
    """The declarations among records by type; `order` is each record's place in the chain's order."""
    groups = declaration_versions(by_type.get("customs.declaration", []))
    answers = _share_out(groups, by_type.get("customs.status", []))
    requests = _share_out(groups, by_type.get("customs.request", []))
    linked = frozenset(one.head.office for one in by_type.get("logistics.transport_document", []) if one.head.office)
    return tuple(
        Declaration(
            tuple(versions),
            tuple(answers[place]),
            tuple(requests[place]),
            _status(versions, answers[place], order, offices, linked),
        )
        for place, versions in enumerate(groups)
    )


def declaration_versions(lodged: Sequence[Record]) -> list[list[Record]]:
    """The versions of each declaration, in the order in which they are in force; the last one counts."""
    groups: list[list[Record]] = []
    place: dict[str, int] = {}
    for one in lodged:
        at = _group_of(one, groups, place)
        if at is None:
            groups.append([])
            at = len(groups) - 1
        groups[at].append(one)
        place[one.id] = at
    return [_in_order(versions) for versions in groups]


def _group_of(one: Record, groups: Sequence[Sequence[Record]], place: Mapping[str, int]) -> int | None:
    at = place.get(one.amends)
    if at is not None and groups[at][0].issuer == one.issuer:
        return at
    keys = _own_keys(one)
    for at, versions in enumerate(groups):
        if versions[0].issuer == one.issuer and any(keys & _own_keys(version) for version in versions):
            return at
    return None


def _in_order(versions: Sequence[Record]) -> list[Record]:
    """Each version behind the one that it amends, and those that amend the same one in the order of their lodging.

    An older change that reached the chain after a newer one amends what stood before both; by the chain's order alone
    it would count as the statement in force. Where one of them does not say when it was lodged, that order stays.
    """
    known = {one.id for one in versions}
    behind: dict[str, list[Record]] = {}
    for one in versions:
        behind.setdefault(one.amends if one.amends in known else "", []).append(one)
    for amended, siblings in behind.items():
        if amended and all(one.head.at for one in siblings):
            siblings.sort(key=lambda one: one.head.at)
    ordered: list[Record] = []
    waiting = [*reversed(behind.get("", ()))]
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting.extend(reversed(behind.get(one.id, ())))
    return ordered


def _share_out(groups: Sequence[Sequence[Record]], said: Sequence[Record]) -> list[list[Record]]:
    """Each statement with every declaration whose number it names; with a single declaration, with that one."""
    shares: list[list[Record]] = [[] for _ in groups]
    known = [{value for version in versions for value in _own_values(version)} for versions in groups]
    for one in said:
        values = _own_values(one)
        matching = [at for at in range(len(groups)) if len(groups) == 1 or values & known[at]]
        for at in matching:
            shares[at].append(one)
    return shares


def _own_keys(record: Record) -> frozenset[tuple[str, str, str]]:
    return frozenset(key for key in record.references if key[0] in OWN_KINDS)


def _own_values(record: Record) -> frozenset[str]:
    return record.numbers(*OWN_KINDS)


def _status(
    versions: Sequence[Record],
    answers: Sequence[Record],
    order: Mapping[str, int],
    offices: Offices | None,
    linked: frozenset[str],
) -> Status:
    """The folded status of one declaration. An amendment lodges nothing: customs holds the goods as they are."""
    words = []
    lodged = sorted(
        (one for one in versions if "declaration" in one.sections), key=lambda one: (one.time, order[one.id])
    )
    for place, one in enumerate(lodged):
        state = SUBMITTED if place == 0 or not one.amends else ""
        words.append(Word(one.id, one.time, (0, order[one.id], 0, one.id), state))
    for one in answers:
        head = one.head
        if head.about != "declaration" or head.technical:
            continue
        words.append(
            Word(
                record=one.id,
                at=one.time,
                order=(0, order[one.id], 0, one.id),
                state=head.state,
                system=head.code.system if head.code else "",
                code=head.code.value if head.code else "",
                notes=head.notes,
                tax_paid=head.tax_paid,
                known=head.code is None or head.code.known,
                competent=is_competent(one, versions, offices, linked),
            )
        )
    flags = [LIFT_OFF_APPLIED] if versions and versions[-1].head.flags.get(ACCESS_FLAG) == "1" else []
    return fold_status(words, flags)


def is_competent(
    answer: Record, versions: Sequence[Record], offices: Offices | None, linked: frozenset[str] = frozenset()
) -> bool:
    """Whether the answer's office and its sayer may speak of the declaration.

    Competent are the declaration's own office, that of entry or exit, and, where a transit goes with the declaration,
    an office to which a transport document was sent. Where the answer names no office or the declaration's offices are
    not seen, the office is not judged. The sayer is judged by the table of offices, where it knows the office.
    """
    own = {office for one in versions for office in (one.head.office, one.head.border_office) if office}
    if versions and versions[-1].head.flags.get(TRANSIT_FLAG) == "1":
        own |= linked
    said = answer.head.office
    if own and said and said not in own:
        return False
    if offices is None:
        return True
    speaking = [said] if said else sorted(own)
    known = [members for office in speaking if (members := offices.members_of(office))]
    return not known or any(answer.issuer in members for members in known)
