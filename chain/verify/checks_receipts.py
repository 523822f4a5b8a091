"""Check 15: what became of each gateway's receipt in the bundle. Kept, broken, excused, not due yet, or not shown."""

from __future__ import annotations

from dataclasses import dataclass

from chain.encoding import Json
from chain.errors import Malformed
from chain.members import KeyState, MemberState, Role
from chain.proof import strict
from chain.proof.batch import TAG_BYTES, access_tag, entry_digest, tag
from chain.proof.bundle import ShownReceipt
from chain.proof.strict import Members
from chain.sdjwt import SignedRecord
from chain.verify.answers import Fate, ReceiptStanding, Said, Verdict
from chain.verify.case import Case, Fails, NotShown, time_text
from chain.verify.checks_completeness import ACCESS_RECORD_TYPE

RECEIPT_ENTRIES_MAX = 256


class MalformedReceipt(Malformed):
    """A receipt whose claims are not those of design section 6."""


@dataclass(frozen=True)
class Promise:
    """What a receipt says, its signature and signer checked."""

    record: SignedRecord
    entries: tuple[tuple[bytes, bytes], ...]
    """(tag, entry digest) pairs."""
    anchor_by: int
    """Unix seconds."""


def check_receipts(case: Case) -> None:
    """Each receipt shown was kept: its entries stand in attested heads, anchored in time."""
    if not case.bundle.receipts:
        raise NotShown("no receipts are shown", "未附回执")
    known_until = _known_until(case)
    for shown in case.bundle.receipts:
        case.receipts.append(_standing(case, shown, known_until))
    for standing in case.receipts:
        if standing.fate is Fate.BROKEN:
            raise Fails(standing.why.en, standing.why.zh, Verdict.INCOMPLETE)
    for standing in case.receipts:
        if standing.fate in (Fate.NOT_DUE, Fate.NOT_SHOWN):
            raise NotShown(standing.why.en, standing.why.zh)
        if standing.fate is Fate.EXCUSED:
            case.remarks.append(standing.why)


def _standing(case: Case, shown: ShownReceipt, known_until: int) -> ReceiptStanding:
    promise = _promise(case, shown)
    own = {entry_digest(promise.record.digest, ucr) for ucr in promise.record.sections.get("ucr", ())}
    if own != {digest for _, digest in promise.entries}:
        found = _broken(promise, "it names other entries than the record's", "所列条目并非该记录的条目")
        return ReceiptStanding(shown.jws.text, promise.record.record_id, *found)
    if _is_misfiled(case, promise):
        found = _broken(promise, "it names the tag of another consignment", "所列标签属于另一票货物")
        return ReceiptStanding(shown.jws.text, promise.record.record_id, *found)
    lapsed = _fate_of_what_is_missing(case, promise, known_until)
    fates = [_fate(case, promise, tag_, digest, lapsed) for tag_, digest in promise.entries]
    return ReceiptStanding(shown.jws.text, promise.record.record_id, *max(fates, key=lambda one: _GRAVITY[one[0]]))


def _is_misfiled(case: Case, promise: Promise) -> bool:
    """Whether it promises to file an entry elsewhere; told with the tag keys, of a record whose UCR is shown."""
    shown, keys = case.bundle.record_by_id.get(promise.record.record_id), case.trust_root.tag_keys
    if shown is None or keys is None:
        return False
    make = access_tag if shown.signed.vct == ACCESS_RECORD_TYPE else tag
    ucrs = {entry_digest(shown.signed.digest, digest): ucr for digest, ucr in shown.signed.ucr_elements()}
    named = [(said, ucrs[digest]) for said, digest in promise.entries]
    return any(ucr is not None and said not in {make(one.key, ucr) for one in keys} for said, ucr in named)


def _promise(case: Case, shown: ShownReceipt) -> Promise:
    """The receipt's claims; raises Fails where no gateway of this consortium made it for this record."""
    receipt = shown.jws
    try:
        names = ("iss", "aud", "record_id", "entries", "accepted_at", "anchor_by")
        claims = Members({**receipt.payload}, "receipt", names, MalformedReceipt)
        entries = claims.array("entries", RECEIPT_ENTRIES_MAX, _receipt_entry, least=1)
        anchor_by = claims.number("anchor_by")
        consortium = claims.hexadecimal("aud", 32, prefix="")
    except MalformedReceipt as fault:
        raise Fails(f"a receipt is malformed: {fault}", f"回执格式有误：{fault}", Verdict.INVALID) from None
    key = case.bundle.key_by_kid[receipt.kid]
    version = case.words.keys[key.thumbprint].newest
    if consortium != case.bundle.consortium or not receipt.verify(key):
        raise Fails("a receipt is not signed for this consortium", "回执的签名或所属联盟不符", Verdict.INVALID)
    if version is None or version.member != receipt.payload["iss"]:
        raise Fails("a receipt's key is not its gateway's", "回执的密钥不属于该网关", Verdict.INVALID)
    # Of any time: a gateway that lost its role still owes what it promised before.
    if not any(one and one.roles & Role.GATEWAY for one in case.words.members[version.member].shown.values()):
        raise Fails("a receipt's signer runs no gateway", "回执的签发者不是网关运营者", Verdict.INVALID)
    return Promise(case.bundle.record_of(shown), entries, anchor_by)


def _fate(case: Case, promise: Promise, tag_: bytes, digest: bytes, lapsed: tuple[Fate, Said]) -> tuple[Fate, Said]:
    """What became of one entry that was promised; `lapsed` is the answer where no head holds it."""
    name, due = promise.record.record_id, time_text(promise.anchor_by)
    head = case.bundle.head_by_tag.get(tag_)
    if head is None or not case.head_holds(head):
        why = Said(f"no head is shown for the receipt of {name}", f"未出示 {name} 回执所涉链头")
        return Fate.NOT_SHOWN, why
    if digest in head.batch_by_digest:
        facts = case.bundle.batch_by_index.get(head.batch_by_digest[digest])
        if facts is None:
            return Fate.NOT_SHOWN, Said(f"when {name} was anchored is not shown", f"未出示 {name} 的上链时间")
        at = time_text(facts.timestamp)
        if facts.timestamp > promise.anchor_by:
            return _broken(promise, f"it was anchored at {at}, after {due}", f"于 {at} 上链，晚于 {due}")
        return Fate.KEPT, Said(f"the receipt of {name} was kept: anchored at {at}", f"{name} 的回执已履行：{at} 上链")
    return lapsed


def _fate_of_what_is_missing(case: Case, promise: Promise, known_until: int) -> tuple[Fate, Said]:
    name, due = promise.record.record_id, time_text(promise.anchor_by)
    if known_until <= promise.anchor_by:
        return Fate.NOT_DUE, Said(f"the receipt of {name} is not due yet", f"{name} 的回执尚未到期")
    if _is_excused(case, promise):
        why = Said(
            f"the receipt of {name} was not kept, excused: its issuer's key or membership had ended",
            f"{name} 的回执未履行，但可免责：签发者密钥或资格已终止",
        )
        return Fate.EXCUSED, why
    return _broken(
        promise, f"no attested head held it although {due} had passed", f"{due} 已过，仍无经作证的链头包含它"
    )


def _known_until(case: Case) -> int:
    """The latest time up to which everything anchored is covered by the checkpoint."""
    word = case.words.checkpoint
    if word is not None and word.batch_count == case.words.batch_count:
        return case.bundle.header.timestamp
    covered = 0 if word is None else word.batch_count
    return max((facts.timestamp for facts in case.bundle.batches if facts.index < covered), default=0)


def _is_excused(case: Case, promise: Promise) -> bool:
    """Whether the issuer's key or membership had ended, and not, by a batch that is shown, after the promise lapsed."""
    key = case.words.keys[case.bundle.key_by_kid[promise.record.kid].thumbprint].newest
    member = case.words.members[promise.record.iss].newest
    ended = [key.since_block] if key is not None and key.state is not KeyState.ACTIVE else []
    ended += [member.since_block] if member is not None and member.state is not MemberState.ACTIVE else []
    lapsed = [facts.block for facts in case.bundle.batches if facts.timestamp > promise.anchor_by]
    return bool(ended) and not any(block <= min(ended) for block in lapsed)


def _broken(promise: Promise, en: str, zh: str) -> tuple[Fate, Said]:
    name = promise.record.record_id
    return Fate.BROKEN, Said(f"the receipt of {name} was broken: {en}", f"{name} 的回执未被履行：{zh}")


def _receipt_entry(value: Json, field: str) -> tuple[bytes, bytes]:
    if not isinstance(value, list) or len(value) != 2:
        raise MalformedReceipt(field, "must be a tag and an entry digest")
    return (
        strict.hexadecimal(value[0], field, TAG_BYTES, MalformedReceipt, prefix=""),
        strict.base64url_bytes(value[1], field, MalformedReceipt, length=32, most=32),
    )


_GRAVITY = {Fate.KEPT: 0, Fate.EXCUSED: 1, Fate.NOT_DUE: 2, Fate.NOT_SHOWN: 3, Fate.BROKEN: 4}
