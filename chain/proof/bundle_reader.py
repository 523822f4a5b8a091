"""Reading a bundle's JSON value into a `Bundle`: types, bounds, order, and that nothing in it is spare."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

from chain.encoding import Json
from chain.errors import Malformed, MalformedBundle
from chain.keys import PublicKey
from chain.proof import json_members
from chain.proof.batch import BATCH_ENTRIES_MAX, TAG_BYTES, BatchFacts
from chain.proof.bundle import (
    BATCHES_MAX,
    BLOCK_MAX,
    CHAIN_ENTRIES_MAX,
    FACTS_MAX,
    FORMAT,
    HEADS_MAX,
    INCLUSION_PATH_MAX,
    NODES_MAX,
    RECEIPTS_MAX,
    RECORD_ENTRIES_MAX,
    RECORDS_MAX,
    UCR_PATTERN,
    Bundle,
    Kind,
    ProvedEntry,
    ProvedHead,
    ProvedRecord,
    ShownKey,
    ShownReceipt,
)
from chain.proof.header import HEADER_BYTES_MAX, Header
from chain.proof.index_map import TAG_BITS, ChainEntry, MapLeaf
from chain.proof.json_members import Members
from chain.proof.receipt import SignedReceipt
from chain.proof.slots import VERSIONS_MAX
from chain.proof.storage import NODE_BYTES_MAX
from chain.sdjwt import SignedRecord

_NAMES = (
    "format",
    "kind",
    "consortium",
    "chain_id",
    "genesis_hash",
    "subject",
    "header",
    "nodes",
    "checkpoint",
    "batches",
    "records",
    "keys",
    "members",
    "accounts",
    "heads",
    "receipts",
)
T = TypeVar("T")
_RECORD_ID = r"[A-Za-z0-9_-]{43}"
_VERSION_INDEX_MAX = 1 << 32


def read_bundle(value: Json) -> Bundle:
    """The bundle that a JSON value says. Raises MalformedBundle."""
    root = Members(value, "bundle", _NAMES, MalformedBundle)
    root.text("format", FORMAT, f"must be {FORMAT}")
    kind = Kind(root.text("kind", "record|consignment", "must be record or consignment"))
    subject_records, subject_ucr = _subject(root.any("subject"), kind)
    bundle = Bundle(
        kind=kind,
        consortium=root.hexadecimal("consortium", 32, prefix=""),
        chain_id=root.number("chain_id", least=1),
        genesis_hash=root.hexadecimal("genesis_hash", 32),
        subject_records=subject_records,
        subject_ucr=subject_ucr,
        header=_header(root.base64url("header", most=HEADER_BYTES_MAX)),
        nodes=root.array("nodes", NODES_MAX, _node),
        checkpoint=None if root.any("checkpoint") is None else root.number("checkpoint", most=BLOCK_MAX),
        batches=root.array("batches", BATCHES_MAX, _batch),
        records=root.array("records", RECORDS_MAX, _record),
        keys=root.array("keys", FACTS_MAX, _key),
        members=dict(root.array("members", FACTS_MAX, _member)),
        accounts=dict(root.array("accounts", FACTS_MAX, _account)),
        heads=root.array("heads", HEADS_MAX, _head),
        receipts=root.array("receipts", RECEIPTS_MAX, _receipt),
    )
    _check_order(bundle)
    _check_references(bundle)
    return bundle


def _subject(value: Json, kind: Kind) -> tuple[tuple[str, ...], str | None]:
    if kind is Kind.CONSIGNMENT:
        subject = Members(value, "subject", ("ucr",), MalformedBundle)
        return (), subject.text("ucr", UCR_PATTERN, "must be a UCR")
    subject = Members(value, "subject", ("records",), MalformedBundle)
    return subject.array("records", RECORDS_MAX, _record_id, least=1), None


def _record_id(value: Json, field: str) -> str:
    return json_members.text(value, field, _RECORD_ID, "must be a record id", MalformedBundle)


def _header(encoded: bytes) -> Header:
    try:
        return Header.from_rlp(encoded)
    except Malformed as fault:
        raise MalformedBundle(f"header.{fault.field}", fault.rule, value=fault.value) from fault


def _node(value: Json, field: str) -> bytes:
    return json_members.base64url_bytes(value, field, MalformedBundle, most=NODE_BYTES_MAX)


def _digest(value: Json, field: str) -> bytes:
    return json_members.base64url_bytes(value, field, MalformedBundle, length=32, most=32)


def _batch(value: Json, field: str) -> BatchFacts:
    names = ("index", "root", "count", "entries_hash", "gateway", "block", "timestamp")
    one = Members(value, field, names, MalformedBundle)
    return BatchFacts(
        index=one.number("index", most=BLOCK_MAX),
        root=one.hexadecimal("root", 32),
        count=one.number("count", least=1, most=BATCH_ENTRIES_MAX),
        entries_hash=one.hexadecimal("entries_hash", 32),
        gateway=one.hexadecimal("gateway", 20),
        block=one.number("block", least=1, most=BLOCK_MAX),
        timestamp=one.number("timestamp", most=BLOCK_MAX),
    )


def _record(value: Json, field: str) -> ProvedRecord:
    one = Members(value, field, ("sd_jwt", "entries"), MalformedBundle)
    said = one.value["sd_jwt"]
    if not isinstance(said, str):
        raise MalformedBundle(one.where("sd_jwt"), "must be an SD-JWT")
    try:
        signed = SignedRecord.parse(said)
    except Malformed as fault:
        raise MalformedBundle(f"{one.where('sd_jwt')}: {fault.field}", fault.rule, value=fault.value) from fault
    shown = {disclosure.digest for disclosure in signed.disclosures}
    in_claim_order = [digest for digests in signed.sections.values() for digest in digests if digest in shown]
    if in_claim_order != [disclosure.digest for disclosure in signed.disclosures]:
        raise MalformedBundle(one.where("sd_jwt"), "disclosures must follow the order of the claims")
    return ProvedRecord(signed, one.array("entries", RECORD_ENTRIES_MAX, _entry, least=1))


def _entry(value: Json, field: str) -> ProvedEntry:
    one = Members(value, field, ("tag", "ucr", "batch", "position", "path"), MalformedBundle)
    return ProvedEntry(
        tag=one.hexadecimal("tag", TAG_BYTES, prefix=""),
        ucr_digest=one.base64url("ucr", 32),
        batch=one.number("batch", most=BLOCK_MAX),
        position=one.number("position", most=BATCH_ENTRIES_MAX - 1),
        path=one.array("path", INCLUSION_PATH_MAX, _digest),
    )


def _versions(one: Members) -> tuple[int, ...]:
    shown = one.array(
        "versions",
        VERSIONS_MAX,
        lambda value, field: json_members.number(value, field, MalformedBundle, most=_VERSION_INDEX_MAX),
        least=1,
    )
    json_members.ascending(shown, lambda index: index, one.where("versions"), MalformedBundle)
    return shown


def _key(value: Json, field: str) -> ShownKey:
    one = Members(value, field, ("jwk", "versions"), MalformedBundle)
    jwk = one.value["jwk"]
    if not isinstance(jwk, dict):
        raise MalformedBundle(one.where("jwk"), "must be a JWK")
    try:
        return ShownKey(PublicKey.from_jwk(jwk), _versions(one))
    except Malformed as fault:
        raise MalformedBundle(f"{field}.{fault.field}", fault.rule, value=fault.value) from fault


def _member(value: Json, field: str) -> tuple[str, tuple[int, ...]]:
    one = Members(value, field, ("uscc", "versions"), MalformedBundle)
    return one.text("uscc", r"[0-9A-Z]{18}", "must be a USCC"), _versions(one)


def _account(value: Json, field: str) -> tuple[bytes, tuple[int, ...]]:
    one = Members(value, field, ("address", "versions"), MalformedBundle)
    return one.hexadecimal("address", 20), _versions(one)


def _head(value: Json, field: str) -> ProvedHead:
    one = Members(value, field, ("tag", "siblings", "other", "entries"), MalformedBundle)
    head = ProvedHead(
        tag=one.hexadecimal("tag", TAG_BYTES, prefix=""),
        siblings=one.array("siblings", TAG_BITS, _digest),
        other=None if one.any("other") is None else _leaf(one.any("other"), one.where("other")),
        entries=one.array("entries", CHAIN_ENTRIES_MAX, _chain_entry),
    )
    if head.other is not None and (head.entries or head.other.tag == head.tag):
        raise MalformedBundle(one.where("other"), "stands only where the tag itself is absent")
    return head


def _chain_entry(value: Json, field: str) -> ChainEntry:
    one = Members(value, field, ("digest", "batch"), MalformedBundle)
    return ChainEntry(one.base64url("digest", 32), one.number("batch", most=BLOCK_MAX))


def _leaf(value: Json, field: str) -> MapLeaf:
    one = Members(value, field, ("tag", "count", "head"), MalformedBundle)
    return MapLeaf(
        one.hexadecimal("tag", TAG_BYTES, prefix=""), one.number("count", least=1), one.base64url("head", 32)
    )


def _receipt(value: Json, field: str) -> ShownReceipt:
    one = Members(value, field, ("jws", "jwt"), MalformedBundle)
    jws, jwt = one.value["jws"], one.value["jwt"]
    if not isinstance(jws, str) or not isinstance(jwt, str | None):
        raise MalformedBundle(field, "must be a receipt and the JWT of its record, or null")
    try:
        record = None if jwt is None else SignedRecord.parse(jwt + "~")
        return ShownReceipt(SignedReceipt.parse(jws), record)
    except Malformed as fault:
        raise MalformedBundle(f"{field}: {fault.field}", fault.rule, value=fault.value) from fault


def _check_order(bundle: Bundle) -> None:
    fault = MalformedBundle
    json_members.ascending(bundle.subject_records, lambda one: one, "subject.records", fault)
    json_members.ascending(bundle.nodes, lambda one: one, "nodes", fault)
    json_members.ascending(bundle.batches, lambda one: one.index, "batches", fault)
    json_members.ascending(bundle.records, lambda one: one.signed.record_id, "records", fault)
    json_members.ascending(bundle.keys, lambda one: one.public.thumbprint, "keys", fault)
    json_members.ascending(tuple(bundle.members), lambda one: one, "members", fault)
    json_members.ascending(tuple(bundle.accounts), lambda one: one, "accounts", fault)
    json_members.ascending(bundle.heads, lambda one: one.tag, "heads", fault)
    json_members.ascending(bundle.receipts, lambda one: one.receipt.text, "receipts", fault)
    for record in bundle.records:
        json_members.ascending(record.entries, lambda one: (one.tag, one.ucr_digest), "records.entries", fault)
    for head in bundle.heads:
        if len(head.batch_by_digest) != len(head.entries):
            raise fault("heads.entries", "a repeated entry changes nothing, so none stands twice in a chain")
        if any(later.batch < one.batch for one, later in pairwise(head.entries)):
            raise fault("heads.entries", "must follow the order of the batches")


def _check_references(bundle: Bundle) -> None:
    """Everything that is referred to is there, and everything there is referred to."""
    needed = {entry.batch for record in bundle.records for entry in record.entries}
    given = {facts.index for facts in bundle.batches}
    if bundle.checkpoint is not None and len(given - needed) == 1:
        # Whether it is the first batch that the checkpoint does not cover is told by storage: check 14.
        needed |= given
    _same("batches", given, needed)
    _check_receipt_records(bundle)
    signed = [record.signed for record in bundle.records]
    signed += [one.record for one in bundle.receipts if one.record is not None]
    kids = {one.kid for one in signed} | {one.receipt.kid for one in bundle.receipts}
    _same("keys", {one.public.kid for one in bundle.keys}, kids)
    issuers = {one.iss for one in signed} | {str(one.receipt.claims.get("iss")) for one in bundle.receipts}
    _same("members", set(bundle.members), issuers)
    _same("accounts", set(bundle.accounts), {facts.gateway for facts in bundle.batches})
    shown = {record.signed.record_id for record in bundle.records}
    if not set(bundle.subject_records) <= shown:
        raise MalformedBundle("subject.records", "must be among the records")
    tags = {entry.tag for record in bundle.records for entry in record.entries}
    if bundle.kind is Kind.RECORD and not {head.tag for head in bundle.heads} <= tags:
        raise MalformedBundle("heads", "has one that no record is filed under")
    if bundle.checkpoint is None and bundle.heads:
        raise MalformedBundle("heads", "need a checkpoint")


def _check_receipt_records(bundle: Bundle) -> None:
    for place, one in enumerate(bundle.receipts):
        wanted = str(one.receipt.claims.get("record_id"))
        if (wanted in bundle.record_by_id) is (one.record is not None):
            rule = "has its record's JWT exactly where the record is not among the bundle's"
            raise MalformedBundle(f"receipts[{place}].jwt", rule)
        if one.record is not None and one.record.record_id != wanted:
            raise MalformedBundle(f"receipts[{place}].jwt", "is another record's than the receipt's")


def _same(field: str, given: set[T], needed: set[T]) -> None:
    if given != needed:
        rule = "lacks one that is referred to" if needed - given else "has one that nothing refers to"
        raise MalformedBundle(field, rule)
