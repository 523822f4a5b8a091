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
from chain.records import RECORD_TYPES
from chain.sdjwt import SignedRecord
from chain.standing import STANDING_SECTIONS

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
    """One line: these gateways get these sections of records of these types."""

    gateways: frozenset[str]
    types: frozenset[str]
    sections: frozenset[str]

    def covers(self, names: Collection[str], record_type: str) -> bool:
        """Whether it is for a gateway known by one of these names, and for this type."""
        return not self.gateways.isdisjoint(names) and (ANY in self.types or record_type in self.types)


@dataclass(frozen=True)
class ReplicationPolicy:
    """The policy of a file. Make one with `parse`."""

    grants: tuple[ReplicationGrant, ...]
    digest: bytes
    """SHA-256 of the file's bytes: what stands on the chain."""
    _known: dict[tuple[str, bool, str], frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

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

    def sections(self, gateway: str, *, governs: bool, record_type: str) -> frozenset[str]:
        """Which sections the gateway of this member gets of such a record; `*` stands for all of them."""
        key = (gateway, governs, record_type)
        if key not in self._known:
            names = {gateway, EVERY} | ({GOVERNORS} if governs else set())
            granted = [grant.sections for grant in self.grants if grant.covers(names, record_type)]
            base = BASE_SECTIONS if governs or granted else frozenset[str]()
            self._known[key] = base.union(*granted)
        return self._known[key]

    def shown(self, signed: SignedRecord, gateway: str, *, governs: bool) -> SignedRecord | None:
        """The record as this gateway gets it; None where it gets nothing of it."""
        sections = self.sections(gateway, governs=governs, record_type=signed.vct)
        if not sections:
            return None
        if ANY in sections:
            return signed
        digests = {digest for name in sections for digest in signed.sections.get(name, ())}
        if governs:
            digests |= _invoice_references(signed)
        return signed.with_elements(digests)


def _invoice_references(signed: SignedRecord) -> set[bytes]:
    elements = signed.disclosed().get("references", ())
    return {digest for digest, value in elements if isinstance(value, Mapping) and value.get("kind") == "invoice"}


def _grant(value: Json, where: str) -> ReplicationGrant:
    if not isinstance(value, dict) or value.keys() != {"gateways", "types", "sections"}:
        raise MalformedReplicationPolicy(where, "has the members gateways, types and sections")
    gateways = _names(value["gateways"], f"{where}.gateways")
    for name in gateways - {GOVERNORS, EVERY}:
        if not Uscc.is_valid(name):
            raise MalformedReplicationPolicy(f"{where}.gateways", f"are {GOVERNORS}, {EVERY} or a USCC", value=name)
    types = _names(value["types"], f"{where}.types")
    if strange := types - {ANY} - RECORD_TYPES.keys():
        raise MalformedReplicationPolicy(f"{where}.types", "must be record types, or *", value=min(strange))
    return ReplicationGrant(gateways, types, _names(value["sections"], f"{where}.sections"))


def _names(value: Json, where: str) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise MalformedReplicationPolicy(where, "must be a list of names, at least one")
    return frozenset(str(name) for name in value)
