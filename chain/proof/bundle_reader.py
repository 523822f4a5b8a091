"""Reading a bundle's bytes into a `Bundle`: types, bounds, order, one form, and that nothing in it is spare."""

from __future__ import annotations

from dataclasses import replace

from chain.encoding import Json, parse_json
from chain.errors import Malformed, MalformedBundle
from chain.keys import PublicKey
from chain.members import CodeRegister, PolicyName
from chain.proof import json_members
from chain.proof.authorities import AUTHORITY_CHANGES_MAX, AuthorityChange
from chain.proof.batch import BATCH_ENTRIES_MAX, PREFIX_BYTES, TAG_BYTES, BatchFacts, Purpose
from chain.proof.bundle import (
    ASSIGNMENTS_MAX,
    BATCHES_MAX,
    BLOCK_MAX,
    BUNDLE_BYTES_MAX,
    BUNDLE_VALUES_MAX,
    EPOCHS_MAX,
    FACTS_MAX,
    FINDING_KIND,
    FORMAT,
    GROUPS_MAX,
    INCLUSION_PATH_MAX,
    LANE_LEAVES_MAX,
    LANE_PATH_MAX,
    LANES_MAX,
    MAGIC,
    NODES_MAX,
    POLICIES,
    RECEIPTS_MAX,
    RECORD_ENTRIES_MAX,
    RECORDS_MAX,
    RESERVED_KINDS,
    TEXT_BYTES_MAX,
    TEXTS_MAX,
    UCR_PATTERN,
    Bundle,
    Kind,
    LanePlace,
    ProvedEntry,
    ProvedRecord,
    ShownKey,
    ShownReceipt,
)
from chain.proof.bundle_references import check_order, check_references
from chain.proof.header import HEADER_BYTES_MAX, Header
from chain.proof.index_map import EMPTY, PREFIX_BITS, HiddenPart, LaneLeaf, MapLeaf
from chain.proof.json_members import Members
from chain.proof.own_number import OwnNumber
from chain.proof.receipt import SignedReceipt
from chain.proof.shown_lanes import ClosedLane, OpenLane, ShownGroup, ShownLane
from chain.proof.shown_note import COSIGNED_NOTE, ShownNote
from chain.proof.slots import VERSIONS_MAX
from chain.proof.storage import NODE_BYTES_MAX
from chain.proof.vrf import PROOF_BYTES, proved_output
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
    "epochs",
    "policies",
    "texts",
    "authorities",
    "operators",
    "assignments",
    "groups",
    "receipts",
    "erasures",
)
_RECORD_ID = r"[A-Za-z0-9_-]{43}"
_VERSION_INDEX_MAX = 1 << 32


class NoBundle(MalformedBundle):
    """A file that does not even begin as a proof bundle of this edition does."""


def parse_bundle(content: bytes) -> Bundle:
    """The bundle in a file. Raises NoBundle, or MalformedBundle unless it is exactly what `Bundle.format` writes."""
    if not content.startswith(MAGIC):
        raise NoBundle("file", f"is no proof bundle of the format {FORMAT}", fix="Ask for the bundle anew")
    _check_size(content)
    try:
        value = parse_json(content)
    except ValueError as error:
        raise MalformedBundle("bundle", str(error)) from None
    bundle = _bundle(value)
    if bundle.format() != content:
        raise MalformedBundle(
            "bundle",
            "is not in its one canonical form",
            fix="It was changed after it was made, be it by a line end: ask for it anew",
        )
    return bundle


def _check_size(content: bytes) -> None:
    if len(content) > BUNDLE_BYTES_MAX:
        raise MalformedBundle("bundle", f"is longer than {BUNDLE_BYTES_MAX} bytes", value=len(content))
    if b"\\" in content:
        raise MalformedBundle("bundle", "no text in it needs a backslash")
    values = sum(content.count(mark) for mark in (b",", b"~", b"[", b"{"))
    if values > BUNDLE_VALUES_MAX:
        raise MalformedBundle("bundle", f"holds more than {BUNDLE_VALUES_MAX} values", value=values)


def _bundle(value: Json) -> Bundle:
    root = Members(value, "bundle", _NAMES, MalformedBundle, optional=(COSIGNED_NOTE,))
    root.text("format", FORMAT, f"must be {FORMAT}")
    if root.any("kind") in RESERVED_KINDS:
        raise NoBundle("kind", "is one that this verifier does not know yet", value=root.any("kind"))
    kinds = "record|consignment|finding|single-use"
    kind_text = root.text("kind", kinds, "must be record, consignment, finding or single-use")
    kind = Kind.CONSIGNMENT if kind_text == FINDING_KIND else Kind(kind_text)
    is_of_number = kind is Kind.SINGLE_USE
    subject = ((), None, None) if is_of_number else _subject(root.any("subject"), kind_text)
    subject_records, subject_ucr, subject_finding = subject
    bundle = Bundle(
        kind=kind,
        consortium=root.hexadecimal("consortium", 32, prefix=""),
        chain_id=root.number("chain_id", least=1),
        genesis_hash=root.hexadecimal("genesis_hash", 32),
        subject_records=subject_records,
        subject_ucr=subject_ucr,
        subject_finding=subject_finding,
        subject_number=_number(root.any("subject")) if is_of_number else None,
        header=_header(root.base64url("header", most=HEADER_BYTES_MAX)),
        nodes=root.array("nodes", NODES_MAX, _node),
        checkpoint=None if root.any("checkpoint") is None else root.number("checkpoint", most=BLOCK_MAX),
        batches=root.array("batches", BATCHES_MAX, _batch),
        records=root.array("records", RECORDS_MAX, _record),
        keys=root.array("keys", FACTS_MAX, _key),
        members=dict(root.array("members", FACTS_MAX, _member)),
        accounts=dict(root.array("accounts", FACTS_MAX, _account)),
        epochs=root.number("epochs", least=1, most=EPOCHS_MAX),
        policies=_policies(root.array("policies", len(PolicyName), _policy), kind),
        texts=root.array("texts", TEXTS_MAX, _text),
        authorities=None
        if root.any("authorities") is None
        else root.array("authorities", AUTHORITY_CHANGES_MAX, _authority_change),
        operators=dict(root.array("operators", FACTS_MAX, _member)),
        assignments=dict(root.array("assignments", ASSIGNMENTS_MAX, _assignment)),
        groups=root.array("groups", GROUPS_MAX, _group),
        receipts=root.array("receipts", RECEIPTS_MAX, _receipt),
        cosigned_note=ShownNote.parse(root.any(COSIGNED_NOTE), COSIGNED_NOTE) if COSIGNED_NOTE in root.value else None,
    )
    root.array("erasures", 0, _record_id)
    check_order(bundle)
    check_references(bundle)
    return bundle


def _subject(value: Json, kind: str) -> tuple[tuple[str, ...], str | None, str | None]:
    """Record ids of a record bundle; the UCR of a consignment bundle; the finding of a finding bundle."""
    if kind == Kind.RECORD:
        subject = Members(value, "subject", ("records",), MalformedBundle)
        return subject.array("records", RECORDS_MAX, _record_id, least=1), None, None
    is_finding = kind == FINDING_KIND
    subject = Members(value, "subject", ("ucr", "finding") if is_finding else ("ucr",), MalformedBundle)
    finding = _record_id(subject.any("finding"), "subject.finding") if is_finding else None
    return (), subject.text("ucr", UCR_PATTERN, "must be a UCR"), finding


def _number(value: Json) -> OwnNumber:
    subject = Members(value, "subject", ("maker", "number"), MalformedBundle)
    maker = subject.text("maker", r"[0-9A-Z]{18}", "must be a USCC")
    return _own_number(f"{maker}/{subject.any('number')}", "subject")


def _own_number(name: str, field: str) -> OwnNumber:
    number = OwnNumber.find(name)
    if number is None:
        raise MalformedBundle(field, "must be a maker and its number in capitals", value=name)
    return number


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
    element = "reference" if isinstance(value, dict) and "reference" in value else "ucr"
    one = Members(value, field, ("tag", element, "batch", "position", "path", "lane"), MalformedBundle)
    return ProvedEntry(
        tag=one.hexadecimal("tag", TAG_BYTES, prefix=""),
        ucr_digest=one.base64url(element, 32),
        is_number=element == "reference",
        batch=one.number("batch", most=BLOCK_MAX),
        position=one.number("position", most=BATCH_ENTRIES_MAX - 1),
        path=one.array("path", INCLUSION_PATH_MAX, _digest),
        lane=None if one.any("lane") is None else _lane_place(one.any("lane"), one.where("lane")),
    )


def _lane_place(value: Json, field: str) -> LanePlace:
    one = Members(value, field, ("index", "path"), MalformedBundle)
    return LanePlace(one.number("index"), one.array("path", LANE_PATH_MAX, _digest))


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
    one = Members(value, field, ("jwk", "versions", "requested"), MalformedBundle)
    jwk = one.value["jwk"]
    if not isinstance(jwk, dict):
        raise MalformedBundle(one.where("jwk"), "must be a JWK")
    try:
        return ShownKey(PublicKey.from_jwk(jwk), _versions(one), one.flag("requested"))
    except Malformed as fault:
        raise MalformedBundle(f"{field}.{fault.field}", fault.rule, value=fault.value) from fault


def _member(value: Json, field: str) -> tuple[str, tuple[int, ...]]:
    one = Members(value, field, ("uscc", "versions"), MalformedBundle)
    return one.text("uscc", r"[0-9A-Z]{18}", "must be a USCC"), _versions(one)


def _account(value: Json, field: str) -> tuple[bytes, tuple[int, ...]]:
    one = Members(value, field, ("address", "versions"), MalformedBundle)
    return one.hexadecimal("address", 20), _versions(one)


def _policy(value: Json, field: str) -> tuple[str, tuple[int, ...]]:
    members = Members(value, field, ("name", "versions"), MalformedBundle)
    return members.text("name", "|".join(PolicyName), "must be a policy that verifiers read"), _versions(members)


def _policies(shown: tuple[tuple[str, tuple[int, ...]], ...], kind: Kind) -> dict[str, tuple[int, ...]]:
    if [name for name, _ in shown] != [*POLICIES[kind]]:
        raise MalformedBundle("policies", f"must be {', '.join(POLICIES[kind])}")
    return dict(shown)


def _text(value: Json, field: str) -> bytes:
    return json_members.base64url_bytes(value, field, MalformedBundle, most=TEXT_BYTES_MAX)


def _authority_change(value: Json, field: str) -> AuthorityChange:
    members = Members(value, field, ("block", "member", "listed"), MalformedBundle)
    return AuthorityChange(
        members.number("block", most=BLOCK_MAX),
        members.text("member", r"[0-9A-Z]{18}", "must be a USCC"),
        members.flag("listed"),
    )


def _assignment(value: Json, field: str) -> tuple[tuple[str, str], tuple[int, ...]]:
    members = Members(value, field, ("register", "code", "versions"), MalformedBundle)
    register = members.text("register", CodeRegister.CUSTOMS_OFFICE, "must be customs-office")
    return (register, members.text("code", r"[0-9]{4}", "must be 4 digits")), _versions(members)


def _group(value: Json, field: str) -> ShownGroup:
    names = ("purpose", "name", "epoch", "vrf", "siblings", "lanes", "hidden", "other")
    one = Members(value, field, names, MalformedBundle)
    vrf_proof = one.base64url("vrf", PROOF_BYTES)
    try:
        proved_output(vrf_proof)
    except Malformed as fault:
        raise MalformedBundle(one.where("vrf"), fault.rule) from None
    purpose = Purpose(one.text("purpose", "|".join(Purpose), "must be a purpose of lanes"))
    is_number = purpose is Purpose.INVOICE
    bare = ShownGroup(
        purpose=purpose,
        name=_own_number(str(one.any("name")), one.where("name")).name
        if is_number
        else one.text("name", UCR_PATTERN, "must be a UCR"),
        epoch=one.number("epoch", most=EPOCHS_MAX - 1),
        vrf_proof=vrf_proof,
        siblings=one.array("siblings", PREFIX_BITS, _sibling),
        lanes=(),
        other=None if one.any("other") is None else _leaf(one.any("other"), one.where("other")),
        hidden=one.array("hidden", LANES_MAX, _hidden_part),
    )
    lanes = one.array("lanes", LANES_MAX, lambda item, where: _lane(item, where, bare.prefix))
    if (lanes or bare.hidden) and bare.other is not None:
        raise MalformedBundle(one.where("other"), "stands only where the UCR has no lane")
    return replace(bare, lanes=lanes)


def _lane(value: Json, field: str, prefix: bytes) -> ShownLane:
    is_open = isinstance(value, dict) and "leaves" in value
    names = ("lane", "dropped", "leaves") if is_open else ("lane", "count", "dropped", "head")
    one = Members(value, field, names, MalformedBundle)
    tag = prefix + one.hexadecimal("lane", TAG_BYTES - PREFIX_BYTES, prefix="")
    dropped = one.number("dropped")
    if is_open:
        return OpenLane(tag, dropped, one.array("leaves", LANE_LEAVES_MAX, _lane_leaf))
    return ClosedLane(MapLeaf(tag, one.number("count"), dropped, one.base64url("head", 32)))


def _hidden_part(value: Json, field: str) -> HiddenPart:
    members = Members(value, field, ("path", "hash"), MalformedBundle)
    return HiddenPart(members.text("path", r"[01]{1,64}", "must be 1 to 64 bits"), members.base64url("hash", 32))


def _sibling(value: Json, field: str) -> bytes:
    return EMPTY if value == "" else _digest(value, field)


def _lane_leaf(value: Json, field: str) -> LaneLeaf:
    one = Members(value, field, ("digest", "batch"), MalformedBundle)
    return LaneLeaf(one.base64url("digest", 32), one.number("batch", most=BLOCK_MAX))


def _leaf(value: Json, field: str) -> MapLeaf:
    one = Members(value, field, ("tag", "count", "dropped", "head"), MalformedBundle)
    return MapLeaf(
        one.hexadecimal("tag", TAG_BYTES, prefix=""),
        one.number("count"),
        one.number("dropped"),
        one.base64url("head", 32),
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
