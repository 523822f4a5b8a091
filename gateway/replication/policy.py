"""The replication policy: which gateways get which sections of which records; the default is no.

One readable file (`replication-policy.json`), read strictly; its SHA-256 must be the registry's `replication` policy,
else nothing is given. A governors' gateway gets at least every signed text with the elements that dropping rests on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from chain.encoding import Json, parse_json_object
from chain.errors import Malformed
from chain.identifiers import Uscc
from chain.lifecycle import RecordState
from chain.records import RECORD_TYPES
from chain.sdjwt import SignedRecord
from chain.standing import STANDING_SECTIONS
from gateway.access.participation import offices
from gateway.access.records import DISTRICT_CHARS, HeldRecord

REPLICATION_FORMAT = "tongguan-replication-policy/1"
REPLICATION_POLICY_FILE = Path(__file__).with_name("replication-policy.json")
"""The policy that a new consortium starts with."""
REPLICATION_BYTES_MAX = 262_144
GRANTS_MAX = 1_000
ANY = "*"
GOVERNORS = "GOVERNORS"
EVERY = "EVERY"
BASE_SECTIONS = frozenset({"ucr"}) | STANDING_SECTIONS
"""What a governors' gateway gets of every record, beside its invoice references."""


class MalformedReplicationPolicy(Malformed):
    """A replication policy file that breaks its format, or is not the one that the members agreed on."""


@dataclass(frozen=True)
class ReplicationGrant:
    """One line: these gateways get these sections of records of these types, and of these districts."""

    gateways: frozenset[str]
    types: frozenset[str]
    sections: frozenset[str]
    districts: frozenset[str] = frozenset()
    """Customs districts (直属海关), two digits each; empty: any, also a record that says no office."""

    def covers(self, names: Collection[str], record_type: str) -> bool:
        """Whether it is for a gateway known by one of these names, and for this type."""
        return not self.gateways.isdisjoint(names) and (ANY in self.types or record_type in self.types)


@dataclass(frozen=True)
class ReplicationPolicy:
    """The policy of a file. Make one with `parse`."""

    grants: tuple[ReplicationGrant, ...]
    digest: bytes
    """SHA-256 of the file's bytes: what stands on the chain."""
    _covering: dict[tuple[str, bool, str], tuple[ReplicationGrant, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def parse(cls, text: bytes) -> ReplicationPolicy:
        """The policy in a file's bytes; raises MalformedReplicationPolicy naming the member and the rule."""
        if len(text) > REPLICATION_BYTES_MAX:
            raise MalformedReplicationPolicy("replication policy", f"has at most {REPLICATION_BYTES_MAX} bytes")
        try:
            members = parse_json_object(text)
        except ValueError as error:
            raise MalformedReplicationPolicy("replication policy", str(error)) from None
        if strange := members.keys() - {"format", "about", "grants"}:
            raise MalformedReplicationPolicy(min(strange), "is no member of a replication policy")
        if members.get("format") != REPLICATION_FORMAT:
            raise MalformedReplicationPolicy("format", f"is {REPLICATION_FORMAT}", value=members.get("format"))
        grants = members.get("grants")
        if not isinstance(grants, list) or len(grants) > GRANTS_MAX:
            raise MalformedReplicationPolicy("grants", f"must be a list of at most {GRANTS_MAX}")
        return cls(
            tuple(_grant(grant, f"grants[{place}]") for place, grant in enumerate(grants)), sha256(text).digest()
        )

    def sections(
        self, gateway: str, *, governs: bool, record_type: str, districts: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Which sections the gateway of this member gets of such a record; `*` stands for all of them.

        `districts` are those that the record says; without them only what every record of the type gets.
        """
        granted = [
            grant.sections
            for grant in self._grants_of(gateway, record_type, governs=governs)
            if not grant.districts or not grant.districts.isdisjoint(districts)
        ]
        base = BASE_SECTIONS if governs or granted else frozenset[str]()
        return base.union(*granted)

    def sections_of(self, signed: SignedRecord, gateway: str, *, governs: bool) -> frozenset[str]:
        """Which sections the gateway gets of this record, as far as what is shown of it tells its districts."""
        by_district = any(grant.districts for grant in self._grants_of(gateway, signed.vct, governs=governs))
        districts = districts_of(signed) if by_district else frozenset[str]()
        return self.sections(gateway, governs=governs, record_type=signed.vct, districts=districts)

    def shown(self, signed: SignedRecord, gateway: str, *, governs: bool) -> SignedRecord | None:
        """The record as this gateway gets it; None where it gets nothing of it."""
        sections = self.sections_of(signed, gateway, governs=governs)
        if not sections:
            return None
        if ANY in sections:
            return signed
        digests = {digest for name in sections for digest in signed.sections.get(name, ())}
        if governs:
            digests |= _invoice_references(signed)
        return signed.with_elements(digests)

    def _grants_of(self, gateway: str, record_type: str, *, governs: bool) -> tuple[ReplicationGrant, ...]:
        key = (gateway, governs, record_type)
        if key not in self._covering:
            names = {gateway, EVERY} | ({GOVERNORS} if governs else set())
            self._covering[key] = tuple(grant for grant in self.grants if grant.covers(names, record_type))
        return self._covering[key]


def districts_of(signed: SignedRecord) -> frozenset[str]:
    """The customs districts, two digits each, of the offices and declaration numbers that the record shows."""
    record = HeldRecord(signed, RecordState.ACCEPTED)
    return frozenset(office[:DISTRICT_CHARS] for office in offices(record))


def _invoice_references(signed: SignedRecord) -> set[bytes]:
    elements = signed.disclosed().get("references", ())
    return {digest for digest, value in elements if isinstance(value, Mapping) and value.get("kind") == "invoice"}


def _grant(value: Json, where: str) -> ReplicationGrant:
    if not isinstance(value, dict) or value.keys() - {"districts"} != {"gateways", "types", "sections"}:
        raise MalformedReplicationPolicy(where, "has the members gateways, types and sections, and may have districts")
    gateways = _names(value["gateways"], f"{where}.gateways")
    for name in gateways - {GOVERNORS, EVERY}:
        if not Uscc.is_valid(name):
            raise MalformedReplicationPolicy(f"{where}.gateways", f"are {GOVERNORS}, {EVERY} or a USCC", value=name)
    types = _names(value["types"], f"{where}.types")
    if strange := types - {ANY} - RECORD_TYPES.keys():
        raise MalformedReplicationPolicy(f"{where}.types", "must be record types, or *", value=min(strange))
    districts = _names(value["districts"], f"{where}.districts") if "districts" in value else frozenset[str]()
    for district in districts:
        if len(district) != DISTRICT_CHARS or not (district.isascii() and district.isdigit()):
            raise MalformedReplicationPolicy(f"{where}.districts", "are two digits each", value=district)
    return ReplicationGrant(gateways, types, _names(value["sections"], f"{where}.sections"), districts)


def _names(value: Json, where: str) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise MalformedReplicationPolicy(where, "must be a list of names, at least one")
    return frozenset(str(name) for name in value)
