"""Who counts in a consignment, who takes part, and which conditions of the view policy a reader meets.

Who counts is `chain.standing`'s closure and nothing else: the company whose UCR it is, authorities, and whom counted
records `name`. Standing gives no sight by itself. Takes part, and so meets the condition `party`:

1. the company whose UCR it is;
2. whoever the owner, a broker with its mandate (`chain.mandates`) or competent customs names;
3. whoever an operator of the single window names, where the owner is no member. Where it is one, the operator's word
   waits for one of those above to name the same member.

Speaking of somebody's goods, naming oneself, or saying a number, however true, makes nobody a party, else anyone could
look by submitting one record. A name in a record whose key was compromised by then gives standing and no sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from chain.mandates import beijing_day, mandate_of
from chain.members import Role
from chain.standing import Namer, Naming, Standing, StandingRecord, close_standing
from gateway.access.policy import Condition
from gateway.access.records import OFFICE_CHARS, Directory, HeldRecord, Reader
from gateway.runtime.record_memory import holds_records

PARTICIPATIONS_KEPT_MAX = 512
"""Consignments whose parties are kept, so that all who look at one while it stands still pay for them once."""

HEADS_WITH_OFFICE = frozenset({"declaration", "request", "transport_document", "assessment", "tax_payment"})
"""The sections that may name a customs office."""

_SEEING: Final = (Namer.OWNER, Namer.BROKER, Namer.CUSTOMS)
"""As what a naming gives sight by itself."""
_NAMERS: Final = {
    Namer.OWNER: "its owner",
    Namer.BROKER: "a mandated broker",
    Namer.CUSTOMS: "competent customs",
    Namer.OPERATOR: "the operator of the single window",
    Namer.MEMBER: "a member that is named itself",
}


@dataclass(frozen=True)
class Participation:
    """What holds for a consignment, whoever asks."""

    standing: Standing
    parties: Mapping[str, str]
    """USCC of each member that takes part to why it does."""
    issuers: frozenset[str]
    """Who issued a record, whether it counts or not."""

    def counts(self, record: HeldRecord) -> bool:
        """Whether the record enters views, states, findings and limits."""
        return record.signed.record_id in self.standing.counted

    def belongs(self, member: str) -> bool:
        """Whether the member has standing: it is the owner or named, or takes part."""
        return self.standing.has(member) or member in self.parties

    def is_named_by_operator_only(self, member: str) -> bool:
        """Whether nothing but the word of the single window's operator gives the member standing."""
        return self.standing.namers_of(member) == {Namer.OPERATOR} and member != self.standing.owner

    def why_outside(self, record_id: str) -> str:
        """Why a record does not count, in one sentence; empty where it does."""
        if record_id in self.standing.counted:
            return ""
        if record_id in self.standing.beyond:
            return "its issuer has said more records of this consignment than count"
        return "no record that counts names its issuer"


@holds_records
@lru_cache(maxsize=PARTICIPATIONS_KEPT_MAX)
def participation_of(ucr: str, records: tuple[HeldRecord, ...], directory: Directory) -> Participation:
    """Who counts and who takes part, from records in full: all, or at least all of every member that may count.

    Kept while these and the members stay.
    """
    standing = close_standing(
        ucr,
        [_statement(ucr, record, directory) for record in records],
        is_competent=lambda statement, offices: directory.is_competent(
            statement.issuer, offices, statement.block or None
        ),
    )
    signed = {record.signed.record_id: record for record in records}
    parties = {} if standing.owner is None else {standing.owner: "its UCR"}
    for member, namings in standing.namings.items():
        sound = [naming for naming in namings if _is_sound_naming(naming, standing, signed, directory)]
        if (naming := _naming_for_sight(standing.owner, sound, directory)) is not None:
            parties.setdefault(member, f"named by {_NAMERS[naming.namer]} in record {naming.record_id}")
    return Participation(standing, parties, frozenset(record.signed.iss for record in records))


def conditions_for(reader: Reader, participation: Participation, directory: Directory) -> frozenset[Condition]:
    """The conditions that hold for the consignment as a whole; `issuer` and `sponsor` are each record's own too."""
    met = {Condition.ALWAYS}
    if reader.member in participation.parties:
        met.add(Condition.PARTY)
    if Role.CUSTOMS in reader.roles and directory.oversees(reader.member, participation.standing.offices):
        met.add(Condition.DISTRICT)
    if reader.member in participation.issuers:
        met.add(Condition.ISSUER)
    if any(
        directory.sponsor(member) == reader.member for member in participation.issuers & participation.parties.keys()
    ):
        met.add(Condition.SPONSOR)
    return frozenset(met)


def competent_officers(
    records: Iterable[HeldRecord], participation: Participation, directory: Directory
) -> frozenset[str]:
    """Of those who disposed of findings, the ones whose word counts: customs of the consignment, and tax."""
    officers = {record.signed.iss for record in records if record.signed.vct == "audit.disposition"}
    return frozenset(member for member in officers if _is_competent(member, participation, directory))


def _is_competent(member: str, participation: Participation, directory: Directory) -> bool:
    # By its office alone: who has spoken of the goods may have done so with this very decision.
    return Role.TAX in directory.roles(member) or directory.oversees(member, participation.standing.offices)


def conditions_for_record(
    reader: Reader, record: HeldRecord, consignment: frozenset[Condition], directory: Directory
) -> frozenset[Condition]:
    """The conditions that hold for one record of it."""
    met = set(consignment) - {Condition.ISSUER, Condition.SPONSOR}
    if record.signed.iss == reader.member:
        met.add(Condition.ISSUER)
    if directory.sponsor(record.signed.iss) == reader.member:
        met.add(Condition.SPONSOR)
    return frozenset(met)


def _statement(ucr: str, record: HeldRecord, directory: Directory) -> StandingRecord:
    """What standing needs to know of the record, its issuer being what it was for the record's block."""
    signed = record.signed
    return StandingRecord(
        signed.record_id,
        signed.iss,
        signed.vct,
        record.order[:3],
        record.names,
        tuple(office[:OFFICE_CHARS] for office in offices(record)),
        by_authority=directory.is_authority(signed.iss, record.block),
        by_operator=directory.is_operator(signed.iss, ucr, record.block),
        block=record.block or 0,
        day=beijing_day(signed.iat if record.anchored_at is None else record.anchored_at),
        mandate=mandate_of(signed),
        replaces=signed.amends,
        withdraws=signed.withdraws,
        records_max=directory.records_max(record.block),
    )


def _is_sound_naming(
    naming: Naming, standing: Standing, records: Mapping[str, HeldRecord], directory: Directory
) -> bool:
    """Whether no key was in a stranger's hands by which a member was named: the naming's, and its mandate's."""
    if not _is_sound(records[naming.record_id], directory):
        return False
    return naming.namer is not Namer.BROKER or any(
        mandate.terms.agent == naming.by
        and all(_is_sound(records[side], directory) for side in (mandate.offer, mandate.confirmation))
        for mandate in standing.mandates
    )


def _is_sound(record: HeldRecord, directory: Directory) -> bool:
    return not directory.is_compromised(record.signed.kid, record.anchored_at)


def _naming_for_sight(owner: str | None, namings: Iterable[Naming], directory: Directory) -> Naming | None:
    """The first naming that makes a member a party; the operator's stands for that of an owner who is no member."""
    heard = _SEEING if owner is not None and directory.is_member(owner) else (*_SEEING, Namer.OPERATOR)
    return next((naming for naming in namings if naming.namer in heard), None)


def offices(record: HeldRecord) -> Iterable[str]:
    """The customs offices, or numbers that begin with one, by which a consignment is one of their districts."""
    heads = [record.one(head) for head in HEADS_WITH_OFFICE.intersection(record.signed.sections)]
    coded = [head.get(field) for head in heads for field in ("office", "border_office")]
    values = [str(code.get("value", "")) for code in coded if isinstance(code, dict)]
    return office_numbers(values, record.reference_keys)


def office_numbers(values: Iterable[str], reference_keys: Iterable[tuple[str, str, str]]) -> list[str]:
    """Of these offices, and of the numbers of declarations, those that begin with an office's number."""
    numbers = [*values, *[value for kind, _, value in reference_keys if kind == "declaration"]]
    return [number for number in numbers if number[:OFFICE_CHARS].isdigit()]
