"""The proof bundle: one JSON file, all that is needed to check a view offline.

`chain.proof.bundle_reader.parse_bundle` accepts what `Bundle.format` writes, and nothing else.

Form: UTF-8 JSON without spaces, members in the order of `Bundle.format`, bytes in base64url without padding, addresses
and keccak hashes in 0x-hex, lists in one order and without repetitions. Nothing in it is believed for being there: slot
numbers, hashes, tags and heads are derived by the verifier. Nothing in it is spare: each key, member, account, batch
and trie node serves a record, an entry or a receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from chain.encoding import Json, base64url, format_json
from chain.keys import PublicKey
from chain.members import PolicyName
from chain.proof.authorities import AuthorityChange
from chain.proof.batch import BATCH_ENTRIES_MAX, PREFIX_BYTES, BatchFacts, entry_digest, number_digest
from chain.proof.header import Header
from chain.proof.own_number import OwnNumber
from chain.proof.receipt import SignedReceipt
from chain.proof.shown_lanes import OpenLane, ShownGroup, ShownLane, format_group
from chain.proof.shown_note import COSIGNED_NOTE, ShownNote
from chain.proof.slots import SlotRequest, newest_of
from chain.sdjwt import SignedRecord

FORMAT = "tongguan-bundle/2"
MAGIC = b'{"format":"' + FORMAT.encode("ascii") + b'",'
"""What every bundle of this edition begins with; a file that begins otherwise is no proof bundle."""

BUNDLE_BYTES_MAX = 4 << 20
"""Longest bundle that is read, in less than a second; a consignment of 30 records takes about 200 KB."""

BUNDLE_VALUES_MAX = 150_000
"""Most commas, tildes and opening brackets in a bundle: reading one stays cheap before anything is known of it."""

BUNDLE_DEPTH_MAX = 8
NODES_MAX = 20_000
RECORDS_MAX = 2_000
BATCHES_MAX = 2_000
GROUPS_MAX = 512
LANES_MAX = 4_096
LANE_LEAVES_MAX = 20_000
LANE_PATH_MAX = 64
RECORD_ENTRIES_MAX = 256
FACTS_MAX = 2_000
EPOCHS_MAX = 256
TEXTS_MAX = 16
TEXT_BYTES_MAX = 1 << 16
"""Longest text of record rules."""
ASSIGNMENTS_MAX = 512
RECEIPTS_MAX = 2_000
INCLUSION_PATH_MAX = (BATCH_ENTRIES_MAX - 1).bit_length()
BLOCK_MAX = (1 << 40) - 1
UCR_PATTERN = r"[0-9A-Z()\-]{1,35}"


class Kind(StrEnum):
    """What a bundle claims to show."""

    RECORD = "record"
    """One or several records, each as it was anchored."""
    CONSIGNMENT = "consignment"
    """Everything anchored for one UCR, complete as of a checkpoint."""
    SINGLE_USE = "single-use"
    """In how many consignments a maker's number was used, complete as of a checkpoint."""


POLICIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.RECORD: (PolicyName.LEAST_VOTES, PolicyName.RECORD_RULES),
    Kind.SINGLE_USE: (PolicyName.LEAST_VOTES, PolicyName.RECORD_RULES),
    Kind.CONSIGNMENT: (PolicyName.LANE_RECORDS_MAX, PolicyName.LEAST_VOTES, PolicyName.RECORD_RULES),
}
"""The policies whose versions a bundle of each kind shows, in this order."""

FINDING_KIND = "finding"
"""A consignment's bundle, with all that one is made of, that is about one finding of it."""
RESERVED_KINDS = ("absence",)
"""Kinds of a later edition of this format: a verifier that does not know them says so, and never VALID."""


@dataclass(frozen=True)
class LanePlace:
    """Where an entry's leaf stands in a lane of which the head alone is shown."""

    index: int
    path: tuple[bytes, ...]
    """RFC 9162 inclusion path, from the leaf upwards."""


@dataclass(frozen=True)
class ProvedEntry:
    """One entry of a record: which of its UCRs, in which lane, where in which batch."""

    tag: bytes
    """The lane's tag."""
    ucr_digest: bytes
    """The disclosure digest of the record's `ucr` element."""
    batch: int
    position: int
    """Place of the entry in the batch, from 0."""
    path: tuple[bytes, ...]
    """RFC 9162 inclusion path, from the leaf upwards."""
    lane: LanePlace | None
    """None where the lane is opened, and where no lane holds the entry yet."""
    is_number: bool = False
    """Whether it is the entry of a number: `ucr_digest` is then the digest of the `references` element that says it."""


@dataclass(frozen=True)
class ProvedRecord:
    """A record with the disclosures that are shown, and the entries that anchor it."""

    signed: SignedRecord
    entries: tuple[ProvedEntry, ...]

    def entry_digest(self, entry: ProvedEntry) -> bytes:
        """The digest that the chain carries for one of this record's entries; computed, never read."""
        return (number_digest if entry.is_number else entry_digest)(self.signed, entry.ucr_digest)


@dataclass(frozen=True)
class ShownKey:
    """A public key and which of its versions in the registry are proved."""

    public: PublicKey
    versions: tuple[int, ...]
    requested: bool = False
    """Whether it is shown when its member asked for its compromise."""


@dataclass(frozen=True)
class ShownReceipt:
    """A gateway's receipt, and the record that it is for."""

    receipt: SignedReceipt
    record: SignedRecord | None
    """The record's JWT, nothing disclosed; None where the record is among the bundle's."""


@dataclass(frozen=True)
class Bundle:
    """A proof bundle; see the module's first lines for its form."""

    kind: Kind
    consortium: bytes
    chain_id: int
    genesis_hash: bytes
    subject_records: tuple[str, ...]
    """Record ids that a record bundle is about, ascending; empty in a consignment bundle."""
    subject_ucr: str | None
    """The UCR that a consignment bundle is about."""
    header: Header
    nodes: tuple[bytes, ...]
    """Trie nodes of all account and storage proofs, ascending."""
    checkpoint: int | None
    """Index of the newest checkpoint under the header; None where there is none."""
    batches: tuple[BatchFacts, ...]
    records: tuple[ProvedRecord, ...]
    """By ascending record id."""
    keys: tuple[ShownKey, ...]
    """By ascending thumbprint."""
    members: Mapping[str, tuple[int, ...]]
    """USCC to the version indexes that are proved, ascending."""
    accounts: Mapping[bytes, tuple[int, ...]]
    """Gateway account to the version indexes that are proved, ascending: it names the gateways' members."""
    epochs: int
    """How many tag keys the registry holds: all are proved."""
    policies: Mapping[str, tuple[int, ...]]
    """The names of `POLICIES` to the version indexes that are proved, ascending."""
    texts: tuple[bytes, ...]
    """Texts of the record rules whose hashes the registry holds, ascending."""
    authorities: tuple[AuthorityChange, ...] | None
    """Every change of the list of authorities, in chain order; None in a record bundle."""
    operators: Mapping[str, tuple[int, ...]]
    """USCC of each issuer of `trade.parties` to the version indexes that are proved; empty in a record bundle."""
    assignments: Mapping[tuple[str, str], tuple[int, ...]]
    """(Register, code) to the version indexes that are proved; empty in a record bundle."""
    groups: tuple[ShownGroup, ...]
    """By purpose, name and epoch."""
    receipts: tuple[ShownReceipt, ...]
    """Gateways' receipts, by ascending text."""
    cosigned_note: ShownNote | None = None
    """What outsiders saw of the header's checkpoint; None where it is not shown."""
    subject_finding: str | None = None
    """Record id of the finding that a finding bundle is about; else it is a consignment bundle."""
    subject_number: OwnNumber | None = None
    """The number that a single-use bundle is about."""

    def format(self) -> bytes:
        """The bundle's one canonical form."""
        members: dict[str, Json] = {
            "format": FORMAT,
            "kind": self.kind_text,
            "consortium": self.consortium.hex(),
            "chain_id": self.chain_id,
            "genesis_hash": _hex(self.genesis_hash),
            "subject": self._subject_members(),
            "header": base64url(self.header.to_rlp()),
            "nodes": [base64url(node) for node in self.nodes],
            "checkpoint": self.checkpoint,
            "batches": [_batch_members(facts) for facts in self.batches],
            "records": [_record_members(record) for record in self.records],
            "keys": [
                {"jwk": {**one.public.jwk()}, "versions": [*one.versions], "requested": one.requested}
                for one in self.keys
            ],
            "members": [{"uscc": uscc, "versions": [*shown]} for uscc, shown in self.members.items()],
            "accounts": [{"address": _hex(at), "versions": [*shown]} for at, shown in self.accounts.items()],
            "epochs": self.epochs,
            "policies": [{"name": name, "versions": [*shown]} for name, shown in self.policies.items()],
            "texts": [base64url(text) for text in self.texts],
            "authorities": None
            if self.authorities is None
            else [{"block": one.block, "member": one.member, "listed": one.listed} for one in self.authorities],
            "operators": [{"uscc": uscc, "versions": [*shown]} for uscc, shown in self.operators.items()],
            "assignments": [
                {"register": register, "code": code, "versions": [*shown]}
                for (register, code), shown in self.assignments.items()
            ],
            "groups": [format_group(group) for group in self.groups],
            "receipts": [
                {"jws": one.receipt.text, "jwt": None if one.record is None else one.record.jwt}
                for one in self.receipts
            ],
            "erasures": [],
        }
        if self.cosigned_note is not None:
            members[COSIGNED_NOTE] = self.cosigned_note.members()
        return format_json(members).encode("utf-8")

    @property
    def kind_text(self) -> str:
        """The kind as a bundle says it: `finding` where a consignment's bundle is about one finding of it."""
        return str(self.kind) if self.subject_finding is None else FINDING_KIND

    def _subject_members(self) -> Json:
        if self.subject_number is not None:
            return {"maker": self.subject_number.maker, "number": self.subject_number.value}
        if self.subject_ucr is None:
            return {"records": [*self.subject_records]}
        finding = {} if self.subject_finding is None else {"finding": self.subject_finding}
        return {"ucr": self.subject_ucr, **finding}

    @cached_property
    def slot_request(self) -> SlotRequest:
        """Which storage slots this bundle's nodes must prove, no more and no fewer."""
        return SlotRequest(
            batches=tuple(facts.index for facts in self.batches),
            checkpoint=self.checkpoint,
            keys={one.public.thumbprint: one.versions for one in self.keys},
            members=self.members,
            accounts=self.accounts,
            requests=tuple(one.public.thumbprint for one in self.keys if one.requested),
            policies=self.policies,
            assignments=self.assignments,
            operators=self.operators,
            tag_keys=tuple(range(self.epochs + 1)),
            authorities=() if self.authorities is None else newest_of(len(self.authorities)),
        )

    @cached_property
    def batch_by_index(self) -> Mapping[int, BatchFacts]:
        """The batches by their index in the ledger."""
        return {facts.index: facts for facts in self.batches}

    @cached_property
    def key_by_kid(self) -> Mapping[str, PublicKey]:
        """The public keys by their `kid`."""
        return {one.public.kid: one.public for one in self.keys}

    @cached_property
    def lane_by_tag(self) -> Mapping[bytes, ShownLane]:
        """The lanes by their tag."""
        return {lane.tag: lane for group in self.groups for lane in group.lanes}

    @cached_property
    def opened(self) -> frozenset[tuple[bytes, bytes]]:
        """(Tag, entry digest) of every entry whose record is shown."""
        return frozenset((one.tag, record.entry_digest(one)) for record in self.records for one in record.entries)

    @cached_property
    def unopened_batches(self) -> frozenset[int]:
        """Indexes of the batches of those leaves in open lanes whose records are not shown."""
        lanes = [lane for lane in self.lane_by_tag.values() if isinstance(lane, OpenLane)]
        leaves = ((lane.tag, leaf) for lane in lanes for leaf in lane.leaves)
        return frozenset(leaf.batch for tag, leaf in leaves if (tag, leaf.digest) not in self.opened)

    @cached_property
    def group_by_prefix(self) -> Mapping[bytes, ShownGroup]:
        """The groups by the prefix of their tags."""
        return {group.prefix: group for group in self.groups}

    def group_of(self, tag: bytes) -> ShownGroup | None:
        """The group that a lane belongs to; None where it is not shown."""
        return self.group_by_prefix.get(tag[:PREFIX_BYTES])

    @cached_property
    def record_by_id(self) -> Mapping[str, ProvedRecord]:
        """The records by their id."""
        return {record.signed.record_id: record for record in self.records}

    def record_of(self, receipt: ShownReceipt) -> SignedRecord:
        """The record that a receipt of this bundle is for."""
        if receipt.record is not None:
            return receipt.record
        return self.record_by_id[str(receipt.receipt.claims["record_id"])].signed

    def with_records(self, records: tuple[ProvedRecord, ...]) -> Bundle:
        """This bundle with other forms of its records."""
        return replace(self, records=records)


def _hex(content: bytes) -> str:
    return "0x" + content.hex()


def _batch_members(facts: BatchFacts) -> Json:
    return {
        "index": facts.index,
        "root": _hex(facts.root),
        "count": facts.count,
        "entries_hash": _hex(facts.entries_hash),
        "gateway": _hex(facts.gateway),
        "block": facts.block,
        "timestamp": facts.timestamp,
    }


def _record_members(record: ProvedRecord) -> Json:
    return {
        "sd_jwt": record.signed.serialize(),
        "entries": [
            {
                "tag": entry.tag.hex(),
                "reference" if entry.is_number else "ucr": base64url(entry.ucr_digest),
                "batch": entry.batch,
                "position": entry.position,
                "path": [base64url(part) for part in entry.path],
                "lane": None
                if entry.lane is None
                else {"index": entry.lane.index, "path": [base64url(part) for part in entry.lane.path]},
            }
            for entry in record.entries
        ],
    }
