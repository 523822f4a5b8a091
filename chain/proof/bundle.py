"""The proof bundle: one JSON file, all that is needed to check a view offline. `parse` accepts what `format` writes.

Form: UTF-8 JSON without spaces, members in the order of `Bundle.format`, bytes in base64url without padding, addresses
and keccak hashes in 0x-hex, lists in one order and without repetitions. Nothing in it is believed for being there: slot
numbers, hashes, heads and counts are derived by the verifier. Nothing in it is spare: each key, member, account, batch
and trie node serves a record, an entry or a receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from chain.encoding import Json, base64url, format_json, parse_json
from chain.errors import MalformedBundle
from chain.keys import PublicKey
from chain.proof.batch import BATCH_ENTRIES_MAX, BatchFacts, entry_digest
from chain.proof.header import Header
from chain.proof.index_map import ChainEntry, MapLeaf, MapProof, head_of
from chain.proof.receipt import SignedReceipt
from chain.proof.slots import SlotRequest
from chain.sdjwt import SignedRecord

FORMAT = "tongguan-bundle/1"

BUNDLE_BYTES_MAX = 4 << 20
"""Longest bundle that is read, in less than a second; a consignment of 30 records takes about 200 KB."""

BUNDLE_VALUES_MAX = 150_000
"""Most commas, tildes and opening brackets in a bundle: reading one stays cheap before anything is known of it."""

BUNDLE_DEPTH_MAX = 8
NODES_MAX = 20_000
RECORDS_MAX = 2_000
BATCHES_MAX = 2_000
HEADS_MAX = 512
CHAIN_ENTRIES_MAX = 20_000
RECORD_ENTRIES_MAX = 256
FACTS_MAX = 2_000
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


@dataclass(frozen=True)
class ProvedEntry:
    """One entry of a record: which of its UCRs, under which tag, where in which batch."""

    tag: bytes
    ucr_digest: bytes
    """The disclosure digest of the record's `ucr` element."""
    batch: int
    position: int
    """Place of the entry in the batch, from 0."""
    path: tuple[bytes, ...]
    """RFC 9162 inclusion path, from the leaf upwards."""


@dataclass(frozen=True)
class ProvedRecord:
    """A record with the disclosures that are shown, and the entries that anchor it."""

    signed: SignedRecord
    entries: tuple[ProvedEntry, ...]

    def entry_digest(self, entry: ProvedEntry) -> bytes:
        """The digest that the chain carries for one of this record's entries; computed, never read."""
        return entry_digest(self.signed.digest, entry.ucr_digest)


@dataclass(frozen=True)
class ShownKey:
    """A public key and which of its versions in the registry are proved."""

    public: PublicKey
    versions: tuple[int, ...]


@dataclass(frozen=True)
class ProvedHead:
    """The chain of entries of one tag, and the index map's proof of its head (or of its absence when empty)."""

    tag: bytes
    siblings: tuple[bytes, ...]
    other: MapLeaf | None
    """Another tag's leaf that stands where this tag's would; only where the tag is absent."""
    entries: tuple[ChainEntry, ...]

    def map_proof(self) -> MapProof:
        """The proof to verify: its leaf follows from the entries, or is the other tag's."""
        if not self.entries:
            return MapProof(self.tag, self.siblings, self.other)
        leaf = MapLeaf(self.tag, len(self.entries), head_of(self.entries))
        return MapProof(self.tag, self.siblings, leaf)

    @cached_property
    def batch_by_digest(self) -> Mapping[bytes, int]:
        """In which batch each entry digest of the chain first stood."""
        return dict(self.entries)


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
    heads: tuple[ProvedHead, ...]
    """By ascending tag."""
    receipts: tuple[ShownReceipt, ...]
    """Gateways' receipts, by ascending text."""

    @classmethod
    def parse(cls, said: bytes) -> Bundle:
        """The bundle in a file. Raises MalformedBundle unless `said` is exactly what `format` writes."""
        _check_size(said)
        try:
            value = parse_json(said)
        except ValueError as error:
            raise MalformedBundle("bundle", str(error)) from None
        # Here and not above, because the reader builds on this file.
        from chain.proof.bundle_reader import read_bundle

        bundle = read_bundle(value)
        if bundle.format() != said:
            raise MalformedBundle(
                "bundle",
                "is not in its one canonical form",
                fix="It was changed after it was made, be it by a line end: ask for it anew",
            )
        return bundle

    def format(self) -> bytes:
        """The bundle's one canonical form."""
        members: dict[str, Json] = {
            "format": FORMAT,
            "kind": str(self.kind),
            "consortium": self.consortium.hex(),
            "chain_id": self.chain_id,
            "genesis_hash": _hex(self.genesis_hash),
            "subject": {"records": [*self.subject_records]} if self.subject_ucr is None else {"ucr": self.subject_ucr},
            "header": base64url(self.header.to_rlp()),
            "nodes": [base64url(node) for node in self.nodes],
            "checkpoint": self.checkpoint,
            "batches": [_batch_members(facts) for facts in self.batches],
            "records": [_record_members(record) for record in self.records],
            "keys": [{"jwk": {**one.public.jwk()}, "versions": [*one.versions]} for one in self.keys],
            "members": [{"uscc": uscc, "versions": [*shown]} for uscc, shown in self.members.items()],
            "accounts": [{"address": _hex(at), "versions": [*shown]} for at, shown in self.accounts.items()],
            "heads": [_head_members(head) for head in self.heads],
            "receipts": [
                {"jws": one.receipt.text, "jwt": None if one.record is None else one.record.jwt}
                for one in self.receipts
            ],
        }
        return format_json(members).encode("utf-8")

    @cached_property
    def slot_request(self) -> SlotRequest:
        """Which storage slots this bundle's nodes must prove, no more and no fewer."""
        return SlotRequest(
            batches=tuple(facts.index for facts in self.batches),
            checkpoint=self.checkpoint,
            keys={one.public.thumbprint: one.versions for one in self.keys},
            members=self.members,
            accounts=self.accounts,
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
    def head_by_tag(self) -> Mapping[bytes, ProvedHead]:
        """The heads by their tag."""
        return {head.tag: head for head in self.heads}

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


def _check_size(said: bytes) -> None:
    if len(said) > BUNDLE_BYTES_MAX:
        raise MalformedBundle("bundle", f"is longer than {BUNDLE_BYTES_MAX} bytes", value=len(said))
    if b"\\" in said:
        raise MalformedBundle("bundle", "no text in it needs a backslash")
    values = sum(said.count(mark) for mark in (b",", b"~", b"[", b"{"))
    if values > BUNDLE_VALUES_MAX:
        raise MalformedBundle("bundle", f"holds more than {BUNDLE_VALUES_MAX} values", value=values)


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
                "ucr": base64url(entry.ucr_digest),
                "batch": entry.batch,
                "position": entry.position,
                "path": [base64url(part) for part in entry.path],
            }
            for entry in record.entries
        ],
    }


def _head_members(head: ProvedHead) -> Json:
    other = head.other
    return {
        "tag": head.tag.hex(),
        "siblings": [base64url(part) for part in head.siblings],
        "other": None
        if other is None
        else {"tag": other.tag.hex(), "count": other.count, "head": base64url(other.head)},
        "entries": [{"digest": base64url(one.digest), "batch": one.batch} for one in head.entries],
    }
