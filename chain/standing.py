"""Who belongs to a consignment: a closure over its records that gateways and verifiers compute alike.

The set begins with the company whose UCR it is and with authorities, whose words count for `customs.*`, `tax.*` and
`audit.*`. Records that count *name* members. Four namers are free: the owner, its mandated brokers, the operators of
the single window in their scope while they are authorities, and customs where it is competent. Whom a free namer names
may name `NAMED_MAX` members itself, the first in chain order, and those name nobody. What a member says of itself, or
repeats of others' numbers, gives nothing.

Pure, without clock or store. A name of any version counts, also of a record that was amended or withdrawn, so a record
that comes later in chain order takes standing from nobody. Records of members outside the set change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chain.identifiers import Ucr, Uscc
from chain.mandates import MANDATE_SECTION, Mandate, MandateText, find_mandates

NAMED_MAX: Final = 16
"""How many members one that is named itself may name."""
RECORDS_MAX: Final = 1_000
"""Records of one issuer about one consignment that count, the first in chain order, where the registry says nothing."""
PARTIES_TYPE: Final = "trade.parties"
"""The record made for naming, and the only one that an operator is heard with."""
STANDING_SECTIONS: Final = frozenset({"names", MANDATE_SECTION})
"""The sections that standing rests on: never withheld from whoever sees a consignment, never erased."""
_AUTHORITY_TYPES: Final = ("customs.", "tax.", "audit.")
_NAMES_NOBODY: Final = ("audit.", "customs.request")

ChainOrder = tuple[int, ...]
"""Batch index and place in it, or whatever else orders records as the chain does."""


class Namer(StrEnum):
    """As what somebody gives standing."""

    OWNER = "owner"
    BROKER = "broker"
    CUSTOMS = "customs"
    OPERATOR = "operator"
    MEMBER = "member"
    """One that is named itself."""


@dataclass(frozen=True)
class StandingRecord:
    """What standing needs to know of one record that nothing else speaks against."""

    record_id: str
    issuer: str
    record_type: str
    order: ChainOrder
    names: tuple[str, ...] = ()
    """USCCs in its `names` section."""
    offices: tuple[str, ...] = ()
    """Customs offices that it says, 4 digits each."""
    by_authority: bool = False
    """Whether its issuer was an authority under the rules of its block."""
    by_operator: bool = False
    """Whether its issuer was an operator of the single window for this UCR under the rules of its block.

    It is heard as one only while it is an authority too: operators cannot be enumerated, so that a verifier could not
    tell whether the lane of one was left out; the list of authorities can.
    """
    block: int = 0
    """The block that anchored it: facts of the registry count by it. 0 where none has yet."""
    day: str = ""
    """The day of that block in Beijing, YYYY-MM-DD: mandates have periods."""
    mandate: MandateText | None = None
    """What it says as one side of a mandate."""
    replaces: str | None = None
    """The record that it amends or withdraws."""
    withdraws: bool = False
    records_max: int = RECORDS_MAX
    """How many records one issuer might say of one UCR, under the rules of its block."""


@dataclass(frozen=True)
class Naming:
    """That a record gives a member standing."""

    record_id: str
    by: str
    """USCC of who names."""
    namer: Namer


@dataclass(frozen=True)
class Standing:
    """Who belongs to a consignment, and which of its records count."""

    owner: str | None
    """USCC of the company whose UCR it is; None where the UCR names none."""
    namings: Mapping[str, tuple[Naming, ...]] = field(default_factory=dict)
    """Each named member to what names it, free namers first, then in chain order."""
    counted: frozenset[str] = frozenset()
    """Ids of the records that count. The others are kept, and enter no view, state, finding or limit."""
    beyond: frozenset[str] = frozenset()
    """Ids of records of members inside the set that are more than one issuer may say."""
    offices: frozenset[str] = frozenset()
    """Customs offices by which customs is competent: those that the owner, mandated brokers, operators and whom they
    name say."""
    mandates: tuple[Mandate, ...] = ()
    """The owner's mandates for this UCR, those that ended too."""

    def has(self, member: str) -> bool:
        """Whether the member belongs to the consignment; an authority that nobody named does not."""
        return member == self.owner or member in self.namings

    def namers_of(self, member: str) -> frozenset[Namer]:
        """As what others named it."""
        return frozenset(naming.namer for naming in self.namings.get(member, ()))


def owner_of(ucr: str) -> str | None:
    """USCC of the company whose UCR it is; None where it is no Chinese company's."""
    if not Ucr.is_valid(ucr):
        return None
    parsed = Ucr.parse(ucr)
    return parsed.company if parsed.country == "CN" and Uscc.is_valid(parsed.company) else None


def close_standing(
    ucr: str,
    statements: Iterable[StandingRecord],
    *,
    is_competent: Callable[[StandingRecord, frozenset[str]], bool],
) -> Standing:
    """The set of a consignment.

    `is_competent` says whether the issuer of an authority's record was competent, by the record's block, for one of
    these offices: those that the owner, mandated brokers, operators and whom they name say.
    """
    owner = owner_of(ucr)
    ordered = sorted(statements, key=lambda record: (record.order, record.record_id))
    within, beyond = _within_limit(ordered)
    mandates = () if owner is None else find_mandates(owner, within)
    free = {record.record_id: Namer.OWNER for record in within if owner is not None and record.issuer == owner}
    free |= {record.record_id: Namer.BROKER for record in within if _is_mandated(record, mandates)}
    free |= {record.record_id: Namer.OPERATOR for record in within if _is_operators_word(record)}
    namings = _name(within, free)
    offices = frozenset(
        office
        for record in within
        if record.issuer == owner or record.issuer in namings or _is_operators_word(record)
        for office in record.offices
    )
    competent = [record for record in within if _names_as_customs(record) and is_competent(record, offices)]
    namings = _name(within, {record.record_id: Namer.CUSTOMS for record in competent} | free)
    members = namings.keys() | ({owner} if owner is not None else set())
    counted = frozenset(record.record_id for record in within if record.issuer in members or _counts_unnamed(record))
    outside_limit = frozenset(
        record.record_id for record in beyond if record.issuer in members or _counts_unnamed(record)
    )
    return Standing(owner, namings, counted, outside_limit, offices, mandates)


def _within_limit(ordered: Sequence[StandingRecord]) -> tuple[list[StandingRecord], list[StandingRecord]]:
    """Each issuer's first records, and those beyond the limit."""
    counts: dict[str, int] = {}
    within: list[StandingRecord] = []
    beyond: list[StandingRecord] = []
    for record in ordered:
        counts[record.issuer] = counts.get(record.issuer, 0) + 1
        (within if counts[record.issuer] <= record.records_max else beyond).append(record)
    return within, beyond


def _name(ordered: Sequence[StandingRecord], free: Mapping[str, Namer]) -> dict[str, tuple[Naming, ...]]:
    """Whom free namers name, and then whom those name; `free` has the records that name freely."""
    namings: dict[str, list[Naming]] = {}
    naming = [record for record in ordered if record.names and not record.record_type.startswith(_NAMES_NOBODY)]
    for record in naming:
        namer = free.get(record.record_id)
        if namer is not None:
            for member in dict.fromkeys(record.names):
                namings.setdefault(member, []).append(Naming(record.record_id, record.issuer, namer))
    named = frozenset(namings)
    chosen: dict[str, set[str]] = {}
    for record in naming:
        if record.issuer not in named or record.record_id in free:
            continue
        own = chosen.setdefault(record.issuer, set())
        for member in dict.fromkeys(record.names):
            if member == record.issuer or (member not in own and len(own) == NAMED_MAX):
                continue
            own.add(member)
            namings.setdefault(member, []).append(Naming(record.record_id, record.issuer, Namer.MEMBER))
    return {member: tuple(given) for member, given in namings.items()}


def _is_mandated(record: StandingRecord, mandates: Sequence[Mandate]) -> bool:
    """Whether its issuer had the owner's mandate for its block; one that is in force is named by the owner too."""
    return any(
        mandate.terms.agent == record.issuer and mandate.is_in_force(record.block, record.day) for mandate in mandates
    )


def _names_as_customs(record: StandingRecord) -> bool:
    """Whether it names somebody as customs would, if it is competent."""
    is_customs = record.by_authority and record.record_type.startswith("customs.")
    return is_customs and bool(record.names) and not record.record_type.startswith(_NAMES_NOBODY)


def _counts_unnamed(record: StandingRecord) -> bool:
    is_authoritys = record.by_authority and record.record_type.startswith(_AUTHORITY_TYPES)
    return is_authoritys or _is_operators_word(record)


def _is_operators_word(record: StandingRecord) -> bool:
    return record.by_operator and record.by_authority and record.record_type == PARTIES_TYPE
