"""Checks 12, 13 and 15: tags belong to the UCR, heads equal the chains of digests shown, and receipts were kept."""

from __future__ import annotations

from chain.encoding import Json
from chain.errors import Malformed
from chain.jws import CompactJws
from chain.members import KeyState, MemberState, Role
from chain.proof import strict
from chain.proof.batch import TAG_BYTES, access_tag, tag
from chain.proof.bundle import ProvedEntry, ProvedHead, ProvedRecord
from chain.proof.index_map import verify_map_proof
from chain.proof.strict import Members
from chain.verify.answers import Said, Verdict
from chain.verify.case import Case, Fails, NotShown, time_text

ACCESS_RECORD_TYPE = "audit.access"
RECEIPT_ENTRIES_MAX = 256


class MalformedReceipt(Malformed):
    """A receipt whose claims are not those of design section 6."""


def check_tags(case: Case) -> None:
    """With the tag keys: every tag is the UCR's own, and a consignment shows one head or absence for each epoch."""
    keys = case.trust_root.tag_keys
    if keys is None:
        raise NotShown("the trust root holds no tag keys (public edition)", "信任根不含标签密钥（公开版）")
    if not case.is_consignment:
        for record in case.bundle.records:
            _check_record_tags(record, [one.key for one in keys])
        return
    word, ucr = case.words.checkpoint, case.bundle.subject_ucr or ""
    if word is None:
        raise NotShown("without a checkpoint no head is known", "没有检查点，无法得知链头")
    due = {tag(one.key, ucr) for one in keys if one.from_batch < word.batch_count}
    given = set(case.bundle.head_by_tag)
    if given - due:
        raise Fails("a head belongs to another consignment", "链头属于另一票货物")
    if due - given:
        raise NotShown(
            f"{len(due - given)} of {len(due)} epochs are not shown",
            f"{len(due)} 个时期中有 {len(due - given)} 个未出示",
        )


def check_heads(case: Case) -> None:
    """Each chain of entries has the head that the attested map holds; every shown record stands in it, in its batch."""
    word = case.words.checkpoint
    if word is None:
        raise NotShown("there is no checkpoint", "没有检查点")
    for head in case.bundle.heads:
        if not verify_map_proof(head.map_proof(), case.words.checkpoint_root):
            raise Fails(
                f"the chain of entries of tag {head.tag.hex()} is not what was attested",
                f"标签 {head.tag.hex()} 的条目链与作证内容不符",
            )
    opened: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for record in case.bundle.records:
        for one in record.entries:
            opened[one.tag, record.entry_digest(one)] = (one.batch, one.position)
            _check_covered(case, record, one, word.batch_count)
    for head in case.bundle.heads:
        _check_order(head, opened)
    if case.is_consignment:
        unopened = sum((head.tag, one.digest) not in opened for head in case.bundle.heads for one in head.entries)
        if unopened:
            raise NotShown(f"{unopened} entries are without their records", f"有 {unopened} 条缺少对应记录")
        if not case.bundle.heads:
            raise NotShown("no head is shown", "未出示链头")


def check_receipts(case: Case) -> None:
    """Each receipt shown was kept: its entries stand in attested heads, anchored in time."""
    if not case.bundle.receipts:
        raise NotShown("no receipts are shown", "未附回执")
    for receipt in case.bundle.receipts:
        _check_receipt(case, receipt)


def _check_record_tags(record: ProvedRecord, keys: list[bytes]) -> None:
    make = access_tag if record.signed.vct == ACCESS_RECORD_TYPE else tag
    ucrs = dict(record.signed.ucr_elements())
    for one in record.entries:
        ucr = ucrs.get(one.ucr_digest)
        if ucr is None:
            raise NotShown("a UCR is withheld", "有 UCR 未披露")
        if one.tag not in {make(key, ucr) for key in keys}:
            raise Fails(
                f"record {record.signed.record_id} is filed under another consignment's tag",
                f"记录 {record.signed.record_id} 被归入另一票货物的标签",
            )


def _check_covered(case: Case, record: ProvedRecord, entry: ProvedEntry, covered_batches: int) -> None:
    """One entry is in an attested chain, in the batch that the chain names: where it first stood, and not void."""
    name = record.signed.record_id
    head = case.bundle.head_by_tag.get(entry.tag)
    first = None if head is None else head.batch_by_digest.get(record.entry_digest(entry))
    if first is not None and first != entry.batch:
        raise Fails(
            f"record {name} is shown in batch {entry.batch}, but what was attested has it in batch {first}",
            f"记录 {name} 出示于第 {entry.batch} 批，而作证内容中在第 {first} 批",
        )
    if entry.batch >= covered_batches:
        if first is not None:
            raise Fails(f"record {name} is in a head older than its batch", f"记录 {name} 出现在早于其批次的链头中")
        raise NotShown(f"record {name} is anchored but not covered yet", f"记录 {name} 已上链但尚未被检查点涵盖")
    if head is None:
        if case.is_consignment:
            raise Fails(f"record {name} belongs to none of the heads", f"记录 {name} 不属于任何链头")
        raise NotShown(f"no head is shown for record {name}", f"未出示记录 {name} 的链头")
    if first is None:
        raise Fails(f"no attested head holds record {name}", f"没有经作证的链头包含记录 {name}")


def _check_order(head: ProvedHead, opened: dict[tuple[bytes, bytes], tuple[int, int]]) -> None:
    """Entries that are opened stand in the chain as they stand in their batches."""
    places = [opened[head.tag, one.digest] for one in head.entries if (head.tag, one.digest) in opened]
    if places != sorted(set(places)):
        raise Fails("a chain's entries are not in the ledger's order", "摘要链的次序与账本不符")


def _check_receipt(case: Case, receipt: CompactJws) -> None:
    try:
        claims = Members(
            {**receipt.payload},
            "receipt",
            ("iss", "aud", "record_id", "entries", "accepted_at", "anchor_by"),
            MalformedReceipt,
        )
        entries = claims.array("entries", RECEIPT_ENTRIES_MAX, _receipt_entry, least=1)
        anchor_by = claims.number("anchor_by")
        record_id = claims.text("record_id", r"[A-Za-z0-9_-]{43}", "must be a record id")
        consortium = claims.hexadecimal("aud", 32, prefix="")
    except MalformedReceipt as fault:
        raise Fails(f"a receipt is malformed: {fault}", f"回执格式有误：{fault}", Verdict.INVALID) from None
    key = case.bundle.key_by_kid[receipt.kid]
    version = case.words.keys[key.thumbprint].newest
    if consortium != case.bundle.consortium or not receipt.verify(key):
        raise Fails("a receipt is not signed for this consortium", "回执的签名或所属联盟不符", Verdict.INVALID)
    if version is None or version.member != receipt.payload["iss"]:
        raise Fails("a receipt's key is not its gateway's", "回执的密钥不属于该网关", Verdict.INVALID)
    member = case.words.members[version.member].newest
    if member is None or not member.roles & Role.GATEWAY:
        raise Fails("a receipt's signer runs no gateway", "回执的签发者不是网关运营者", Verdict.INVALID)
    for tag_, digest in entries:
        _check_kept(case, record_id, tag_, digest, anchor_by)


def _check_kept(case: Case, record_id: str, tag_: bytes, digest: bytes, anchor_by: int) -> None:
    head = case.bundle.head_by_tag.get(tag_)
    if head is None:
        raise NotShown(f"no head is shown for the receipt of {record_id}", f"未出示 {record_id} 回执所涉链头")
    anchored_at = _anchored_at(case, tag_, digest)
    if digest in head.batch_by_digest:
        if anchored_at is None:
            raise NotShown(f"when {record_id} was anchored is not shown", f"未出示 {record_id} 的上链时间")
        if anchored_at > anchor_by:
            raise _broken(record_id, f"it was anchored at {time_text(anchored_at)}, after {time_text(anchor_by)}")
        return
    if _known_until(case) <= anchor_by:
        raise NotShown(f"the receipt of {record_id} is not due yet", f"{record_id} 的回执尚未到期")
    if _is_excused(case, record_id):
        case.remarks.append(
            Said(
                f"the receipt of {record_id} was not kept, excused: its issuer's key or membership had ended",
                f"{record_id} 的回执未履行，但可免责：签发者密钥或资格已终止",
            )
        )
        return
    raise _broken(record_id, f"no attested head held it although {time_text(anchor_by)} had passed")


def _known_until(case: Case) -> int:
    """The latest time up to which everything anchored is covered by the checkpoint."""
    word = case.words.checkpoint
    if word is not None and word.batch_count == case.words.batch_count:
        return case.bundle.header.timestamp
    covered = 0 if word is None else word.batch_count
    return max((facts.timestamp for facts in case.bundle.batches if facts.index < covered), default=0)


def _anchored_at(case: Case, tag_: bytes, digest: bytes) -> int | None:
    for record in case.bundle.records:
        if any(one.tag == tag_ and record.entry_digest(one) == digest for one in record.entries):
            return case.batch_of(record).timestamp
    return None


def _is_excused(case: Case, record_id: str) -> bool:
    standing = case.standings.get(record_id)
    if standing is None:
        return False
    record = next(one for one in case.bundle.records if one.signed.record_id == record_id)
    key = case.words.keys[case.bundle.key_by_kid[record.signed.kid].thumbprint].newest
    member = case.words.members[record.signed.iss].newest
    return (key is not None and key.state is not KeyState.ACTIVE) or (
        member is not None and member.state is not MemberState.ACTIVE
    )


def _broken(record_id: str, why: str) -> Fails:
    return Fails(
        f"the receipt of {record_id} was broken: {why}", f"{record_id} 的回执未被履行：{why}", Verdict.INCOMPLETE
    )


def _receipt_entry(value: Json, field: str) -> tuple[bytes, bytes]:
    if not isinstance(value, list) or len(value) != 2:
        raise MalformedReceipt(field, "must be a tag and an entry digest")
    return (
        strict.hexadecimal(value[0], field, TAG_BYTES, MalformedReceipt, prefix=""),
        strict.base64url_bytes(value[1], field, MalformedReceipt, length=32, most=32),
    )
