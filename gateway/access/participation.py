"""Who takes part in a consignment, and which conditions of the view policy a reader meets.

Speaking of somebody's goods makes nobody a party, else anyone could look by submitting one record. Parties are:

1. the company whose UCR it is;
2. whoever a party or customs names in a record that speaks of this consignment alone;
3. whoever speaks, in such a record, of a number of its own trade (`LINKING_KINDS`) that a party or customs said too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from chain.identifiers import Ucr, Uscc
from chain.members import Role
from gateway.access.policy import Condition
from gateway.access.records import Directory, HeldRecord, Reader

DISTRICT_CHARS = 2
OFFICE_CHARS = 4
"""A customs office (关区) has four digits; the first two name its district (直属海关)."""

_TRANSPORT = frozenset({"transport_document", "master_bill", "container", "order"})
_DECLARED = frozenset({"declaration", "cop", "pre"})
LINKING_KINDS: Final[Mapping[Role, frozenset[str]]] = {
    Role.BROKER: _DECLARED,
    Role.TRADER: _DECLARED,
    Role.CARRIER: _TRANSPORT,
    Role.TERMINAL: _TRANSPORT,
    Role.BANK: frozenset({"payment", "order", "tax_bill", "declaration"}),
    Role.TAX: frozenset({"declaration", "invoice", "tax_bill"}),
}
"""The numbers by which a member of that role takes part. A waybill number makes no broker a party: many know it."""

STANDINGS_KEPT_MAX = 512
"""Consignments whose parties are kept, so that all who look at one while it stands still pay for them once."""

HEADS_WITH_OFFICE = frozenset({"declaration", "request", "transport_document", "assessment", "tax_payment"})
"""The sections that may name a customs office."""


@dataclass(frozen=True)
class Standing:
    """What holds for a consignment, whoever asks."""

    parties: Mapping[str, str]
    """USCC of each party to why it is one."""
    districts: frozenset[str]
    """Customs districts, two digits each."""
    customs: frozenset[str]
    """Customs members that have spoken of it."""
    issuers: frozenset[str]


@lru_cache(maxsize=STANDINGS_KEPT_MAX)
def standing_of(ucr: str, records: tuple[HeldRecord, ...], directory: Directory) -> Standing:
    """The parties and districts of a consignment, from all its records in full; kept while these and members stay."""
    customs = frozenset(r.signed.iss for r in records if Role.CUSTOMS in directory.roles(r.signed.iss))
    return Standing(
        parties=_parties(ucr, records, directory, customs),
        districts=frozenset(office[:DISTRICT_CHARS] for one in records for office in offices(one)),
        customs=customs,
        issuers=frozenset(one.signed.iss for one in records),
    )


def conditions_for(reader: Reader, standing: Standing, directory: Directory) -> frozenset[Condition]:
    """The conditions that hold for the consignment as a whole; `issuer` and `sponsor` are each record's own too."""
    met = {Condition.ALWAYS}
    if reader.member in standing.parties:
        met.add(Condition.PARTY)
    if Role.CUSTOMS in reader.roles and (
        reader.member in standing.customs or reader.customs_code[:DISTRICT_CHARS] in standing.districts
    ):
        met.add(Condition.DISTRICT)
    if reader.member in standing.issuers:
        met.add(Condition.ISSUER)
    if any(directory.sponsor(member) == reader.member for member in standing.issuers & standing.parties.keys()):
        met.add(Condition.SPONSOR)
    return frozenset(met)


def competent_officers(records: Iterable[HeldRecord], standing: Standing, directory: Directory) -> frozenset[str]:
    """Of those who disposed of findings, the ones whose word counts: customs of the consignment, and tax."""
    officers = {record.signed.iss for record in records if record.signed.vct == "audit.disposition"}
    return frozenset(member for member in officers if _is_competent(member, standing, directory))


def _is_competent(member: str, standing: Standing, directory: Directory) -> bool:
    roles = directory.roles(member)
    if Role.TAX in roles:
        return True
    # By its district alone: who has spoken of the goods may have done so with this very decision.
    return Role.CUSTOMS in roles and directory.customs_code(member)[:DISTRICT_CHARS] in standing.districts


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


def _parties(
    ucr: str, records: Sequence[HeldRecord], directory: Directory, customs: frozenset[str]
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    parsed = Ucr.parse(ucr)
    if parsed.country == "CN" and Uscc.is_valid(parsed.company):
        found[parsed.company] = "its UCR"
    sole = [one for one in sorted(records, key=lambda one: one.order) if one.is_sole]
    while True:
        known = len(found)
        believed = [one for one in sole if one.signed.iss in found or one.signed.iss in customs]
        for one in believed:
            for member, role in _named(one, directory):
                found.setdefault(member, f"named as {role} in record {one.signed.record_id}")
        said = {key: one for one in reversed(believed) for key in one.reference_keys}
        for one in sole:
            kinds = _linking_kinds(directory.roles(one.signed.iss))
            shared = next((said[key] for key in sorted(one.reference_keys) if key[0] in kinds and key in said), None)
            if shared is not None and shared is not one and one.signed.iss not in customs:
                reason = f"record {one.signed.record_id} speaks of a number of record {shared.signed.record_id}"
                found.setdefault(one.signed.iss, reason)
        if len(found) == known:
            return found


def _linking_kinds(roles: Role) -> frozenset[str]:
    return frozenset(kind for role, kinds in LINKING_KINDS.items() if role in roles for kind in kinds)


def _named(record: HeldRecord, directory: Directory) -> Iterator[tuple[str, str]]:
    for party in record.many("parties"):
        code = str(party.get("customs_code", ""))
        member = str(party.get("uscc", "")) or (directory.member_of(code) if code else None)
        if member:
            yield member, str(party.get("role", "party"))


def offices(record: HeldRecord) -> Iterable[str]:
    """The customs offices, or numbers that begin with one, by which a consignment is one of their districts."""
    told = [record.one(head) for head in HEADS_WITH_OFFICE.intersection(record.signed.sections)]
    offices = [one.get(field) for one in told for field in ("office", "border_office")]
    said = [str(one.get("value", "")) for one in offices if isinstance(one, dict)]
    return office_numbers(said, record.reference_keys)


def office_numbers(said: Iterable[str], reference_keys: Iterable[tuple[str, str, str]]) -> list[str]:
    """Of the offices that were said, and of the numbers of declarations, those that begin with an office's number."""
    numbers = [*said, *[value for kind, _, value in reference_keys if kind == "declaration"]]
    return [one for one in numbers if one[:OFFICE_CHARS].isdigit()]
