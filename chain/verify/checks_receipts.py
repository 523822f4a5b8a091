"""Check 15: what became of each gateway's receipt in the bundle: kept, broken, excused, not due, not shown or forged.

It speaks of a gateway, never of what others said: whatever comes out, the bundle's verdict is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chain.encoding import Json
from chain.errors import TongguanError
from chain.members import KeyState, KeyVersion, MemberState, MemberVersion, Role
from chain.proof import json_members
from chain.proof.batch import TAG_BYTES, entry_digest, lane_tag, number_digest
from chain.proof.bundle import ProvedRecord, ShownReceipt
from chain.proof.json_members import Members
from chain.proof.receipt import MalformedReceipt
from chain.proof.shown_lanes import ClosedLane, OpenLane
from chain.proof.slots import History
from chain.sdjwt import SignedRecord
from chain.verify.context import Case, Fails, NotShown, purpose_of, time_text, ucrs_of
from chain.verify.results import Fate, ReceiptStanding, Said, Verdict

RECEIPT_ENTRIES_MAX = 256


@dataclass(frozen=True)
class Promise:
    """What a receipt says, its signature and signer checked."""

    record: SignedRecord
    entries: tuple[tuple[bytes, bytes], ...]
    """(tag, entry digest) pairs."""
    accepted_at: int
    """Unix seconds."""
    anchor_by: int
    """Unix seconds."""
    doubted_since: int | None
    """Unix seconds since which the gateway's key is declared compromised: then a thief may have made the receipt."""


def check_receipts(case: Case) -> None:
    """Each receipt shown was kept: its entries stand in attested heads, anchored in time."""
    if not case.bundle.receipts:
        raise NotShown("no receipts are shown", "未附回执")
    known_until = _known_until(case)
    for shown in case.bundle.receipts:
        case.receipts.append(_standing(case, shown, known_until))
    for standing in case.receipts:
        if standing.fate in (Fate.BROKEN, Fate.FORGED):
            raise Fails(standing.why.en, standing.why.zh, Verdict.VALID)
    for standing in case.receipts:
        if standing.fate in (Fate.NOT_DUE, Fate.NOT_SHOWN):
            raise NotShown(standing.why.en, standing.why.zh)
        if standing.fate is Fate.EXCUSED:
            case.remarks.append(standing.why)


class Forged(TongguanError):
    """No key of a gateway of this consortium signed the receipt; `said` tells how that is seen."""

    def __init__(self, en: str, zh: str) -> None:
        self.said = Said(en, zh)
        super().__init__(en)


def _standing(case: Case, shown: ShownReceipt, known_until: int) -> ReceiptStanding:
    record_id = str(shown.receipt.claims.get("record_id"))
    try:
        promise = _promise(case, shown)
    except Forged as fault:
        return ReceiptStanding(shown.receipt.text, record_id, Fate.FORGED, fault.said)
    except NotShown as fault:
        return ReceiptStanding(shown.receipt.text, record_id, Fate.NOT_SHOWN, fault.said)
    return ReceiptStanding(
        shown.receipt.text, promise.record.record_id, *_doubted(promise, _answer(case, promise, known_until))
    )


def _answer(case: Case, promise: Promise, known_until: int) -> tuple[Fate, Said]:
    sections = promise.record.sections
    own = {entry_digest(promise.record, ucr) for ucr in sections.get("ucr", ())}
    numbers = {number_digest(promise.record, reference) for reference in sections.get("references", ())}
    if {digest for _, digest in promise.entries} - numbers != own:
        return _broken(promise, "it names other entries than the record's", "所列条目并非该记录的条目")
    # Entries of numbers stand under tags of their own, which this bundle does not show: the audit holds them.
    promise = replace(promise, entries=tuple(entry for entry in promise.entries if entry[1] in own))
    if _is_misfiled(case, promise):
        return _broken(
            promise,
            "it names a lane that is not the issuer's of that consignment then, by the VRF proof",
            "依可验证随机函数证明，所列链道当时不是签发者在该票货物下的链道",
        )
    lapsed = _fate_of_what_is_missing(case, promise, known_until)
    fates = [_fate(case, promise, tag_, digest, lapsed) for tag_, digest in promise.entries]
    return max(fates, key=lambda one: _GRAVITY[one[0]])


def _doubted(promise: Promise, found: tuple[Fate, Said]) -> tuple[Fate, Said]:
    """The answer, unless it accuses a gateway by a leaked key: nothing tells when a receipt was made, and by whom."""
    if found[0] is not Fate.BROKEN or promise.doubted_since is None:
        return found
    name, since = promise.record.record_id, time_text(promise.doubted_since)
    return Fate.NOT_SHOWN, Said(
        f"the receipt of {name} accuses nobody: its gateway's key is declared compromised since {since}",
        f"{name} 的回执不能证明网关失信：其密钥被声明自 {since} 起已泄露",
    )


def _is_misfiled(case: Case, promise: Promise) -> bool:
    """Whether it promises to file an entry elsewhere than in its issuer's lane of the UCR, as far as that is proved."""
    shown = case.bundle.record_by_id.get(promise.record.record_id)
    signed = promise.record if shown is None else shown.signed
    ucrs = {entry_digest(signed, digest): ucr for digest, ucr in ucrs_of(signed).items()}
    return any(_is_elsewhere(case, signed, shown, entry, ucrs[entry[1]]) for entry in promise.entries)


def _is_elsewhere(
    case: Case, signed: SignedRecord, shown: ProvedRecord | None, entry: tuple[bytes, bytes], ucr: str | None
) -> bool:
    """Whether a tag is proved not to be the issuer's lane of that UCR; None or "" where the UCR is not known."""
    tag, digest = entry
    filed_in = case.bundle.group_of(tag)
    if filed_in is None:
        return bool(ucr) and len(case.groups_of(signed, str(ucr))) == len(case.tag_keys)
    if filed_in.purpose is not purpose_of(signed) or (ucr and filed_in.name != ucr):
        return True
    if lane_tag(filed_in.y, signed.iss) != tag:
        return True
    anchored = _anchored_in(case, shown, tag, digest)
    return anchored is not None and not case.epoch_counts(filed_in.epoch, anchored)


def _anchored_in(case: Case, record: ProvedRecord | None, tag: bytes, digest: bytes) -> int | None:
    """The batch that a proved lane names for an entry; None where no lane shown holds it."""
    lane = case.bundle.lane_by_tag.get(tag)
    if isinstance(lane, OpenLane):
        return lane.batch_by_digest.get(digest)
    for entry in () if record is None else record.entries:
        if record is not None and entry.tag == tag and record.entry_digest(entry) == digest:
            try:
                return case.first_batch(record, entry)
            except Fails:
                return None  # a false place is check 13's to tell: of the promise it shows nothing
    return None


def _promise(case: Case, shown: ShownReceipt) -> Promise:
    """The receipt's claims; raises Forged where no gateway of this consortium made it for this record.

    Raises NotShown where the version by which its signer ran a gateway may be left out.
    """
    receipt = shown.receipt
    try:
        names = ("iss", "aud", "record_id", "entries", "accepted_at", "anchor_by")
        claims = Members({**receipt.claims}, "receipt", names, MalformedReceipt)
        entries = claims.array("entries", RECEIPT_ENTRIES_MAX, _receipt_entry, least=1)
        accepted_at, anchor_by = claims.number("accepted_at"), claims.number("anchor_by")
        consortium = claims.hexadecimal("aud", 32, prefix="")
    except MalformedReceipt as fault:
        raise Forged(f"a receipt is malformed: {fault}", f"回执格式有误：{fault}") from None
    key = case.bundle.key_by_kid[receipt.kid]
    version = case.words.keys[key.thumbprint].newest
    if consortium != case.bundle.consortium or not receipt.verify(key):
        raise Forged("a receipt is not signed for this consortium", "回执的签名或所属联盟不符")
    if version is None or version.member != receipt.claims["iss"]:
        raise Forged("a receipt's key is not its gateway's", "回执的密钥不属于该网关")
    # Of any time: a gateway that lost its role still owes what it promised before.
    shown_versions = case.words.members[version.member].shown
    if not any(one and one.roles & Role.GATEWAY for one in shown_versions.values()):
        if len(shown_versions) <= max(shown_versions):
            raise NotShown(
                "not all versions of the receipt's signer are shown, by one it may run a gateway",
                "未出示回执签发者的全部版本，其中可能有网关角色",
            )
        raise Forged("a receipt's signer runs no gateway", "回执的签发者不是网关运营者")
    # A request alone doubts nothing: a gateway could else escape every accusation by asking.
    doubted_since = version.compromised_since if version.state is KeyState.COMPROMISED else None
    return Promise(case.bundle.record_of(shown), entries, accepted_at, anchor_by, doubted_since)


def _fate(case: Case, promise: Promise, tag_: bytes, digest: bytes, lapsed: tuple[Fate, Said]) -> tuple[Fate, Said]:
    """What became of one entry that was promised; `lapsed` is the answer where no lane holds it."""
    name, due = promise.record.record_id, time_text(promise.anchor_by)
    group = case.bundle.group_of(tag_)
    if group is None or not case.group_holds(group) or not group.map_proof.tells_of(tag_):
        why = Said(f"no lane is shown for the receipt of {name}", f"未出示 {name} 回执所涉链道")
        return Fate.NOT_SHOWN, why
    batch = _anchored_in(case, case.bundle.record_by_id.get(name), tag_, digest)
    if batch is None and isinstance(case.bundle.lane_by_tag.get(tag_), ClosedLane):
        return Fate.NOT_SHOWN, Said(f"the lane of {name} is not opened", f"{name} 所在链道未展开")
    if batch is not None:
        facts = case.bundle.batch_by_index.get(batch)
        if facts is None:
            return Fate.NOT_SHOWN, Said(f"when {name} was anchored is not shown", f"未出示 {name} 的上链时间")
        at = time_text(facts.timestamp)
        if facts.timestamp > promise.anchor_by and _lost_entries(case, tag_):
            return _dropped_since(name)
        if facts.timestamp > promise.anchor_by:
            return _broken(promise, f"it was anchored at {at}, after {due}", f"于 {at} 上链，晚于 {due}")
        return Fate.KEPT, Said(f"the receipt of {name} was kept: anchored at {at}", f"{name} 的回执已履行：{at} 上链")
    if lapsed[0] is Fate.BROKEN and _lost_entries(case, tag_):
        return _dropped_since(name)
    return lapsed


def _lost_entries(case: Case, tag_: bytes) -> bool:
    """Whether the governors dropped entries of a lane: it may have been this one, anchored in time, and again later."""
    lane = case.bundle.lane_by_tag.get(tag_)
    return lane is not None and bool(lane.dropped)


def _dropped_since(name: str) -> tuple[Fate, Said]:
    """Then nobody is accused: who dropped a true record answers for it."""
    why = Said(f"the governors dropped entries of the lane of {name}", f"治理成员剔除过 {name} 所在链道的条目")
    return Fate.NOT_SHOWN, why


def _fate_of_what_is_missing(case: Case, promise: Promise, known_until: int) -> tuple[Fate, Said]:
    name, due = promise.record.record_id, time_text(promise.anchor_by)
    if known_until <= promise.anchor_by:
        return Fate.NOT_DUE, Said(f"the receipt of {name} is not due yet", f"{name} 的回执尚未到期")
    if not _shows_all_versions(case, promise):
        why = Said(
            f"not all versions of the issuer's key and membership are shown, one may excuse the receipt of {name}",
            f"未出示签发者密钥与资格的全部版本，其中可能有使 {name} 的回执免责者",
        )
        return Fate.NOT_SHOWN, why
    if _is_excused(case, promise):
        why = Said(
            f"the receipt of {name} was not kept, excused: its issuer's key or membership had ended",
            f"{name} 的回执未履行，但可免责：签发者密钥或资格已终止",
        )
        return Fate.EXCUSED, why
    return _broken(
        promise, f"no attested lane held it although {due} had passed", f"{due} 已过，仍无经作证的链道包含它"
    )


def _known_until(case: Case) -> int:
    """The latest time up to which everything anchored is covered by the checkpoint."""
    word = case.words.checkpoint
    if word is not None and word.batch_count == case.words.batch_count:
        return case.bundle.header.timestamp
    covered = 0 if word is None else word.batch_count
    return max((facts.timestamp for facts in case.bundle.batches if facts.index < covered), default=0)


def _shows_all_versions(case: Case, promise: Promise) -> bool:
    """Whether nothing that could excuse a gateway is left out: an accusation must hold by itself."""
    key, member = _histories(case, promise)
    return all(len(one.shown) == max(one.shown) + 1 for one in (key, member))


def _is_excused(case: Case, promise: Promise) -> bool:
    """Whether the issuer's key or membership had ended between acceptance and lapse, as far as batches shown tell.

    An end counts unless a batch later than `anchor_by` came before it, or it was over before a batch that is not later
    than `accepted_at`.
    """
    late = [facts.block for facts in case.bundle.batches if facts.timestamp > promise.anchor_by]
    early = [facts.block for facts in case.bundle.batches if facts.timestamp <= promise.accepted_at]
    for began, over in _ends(*_histories(case, promise)):
        came_too_late = any(block <= began for block in late)
        was_over = over is not None and any(block >= over for block in early)
        if not came_too_late and not was_over:
            return True
    return False


def _ends(key: History[KeyVersion], member: History[MemberVersion]) -> list[tuple[int, int | None]]:
    """From which block on, and up to which, the key or the member did not count; an ended key never does again."""
    revoked = [one.since_block for one in key.shown.values() if one is not None and one.state is not KeyState.ACTIVE]
    ends: list[tuple[int, int | None]] = [(min(revoked), None)] if revoked else []
    for index, one in member.shown.items():
        if one is not None and one.state is not MemberState.ACTIVE:
            following = member.shown.get(index + 1)
            ends.append((one.since_block, None if following is None else following.since_block))
    return ends


def _histories(case: Case, promise: Promise) -> tuple[History[KeyVersion], History[MemberVersion]]:
    key = case.bundle.key_by_kid[promise.record.kid]
    return case.words.keys[key.thumbprint], case.words.members[promise.record.iss]


def _broken(promise: Promise, en: str, zh: str) -> tuple[Fate, Said]:
    name = promise.record.record_id
    return Fate.BROKEN, Said(f"the receipt of {name} was broken: {en}", f"{name} 的回执未被履行：{zh}")


def _receipt_entry(value: Json, field: str) -> tuple[bytes, bytes]:
    if not isinstance(value, list) or len(value) != 2:
        raise MalformedReceipt(field, "must be a tag and an entry digest")
    return (
        json_members.hexadecimal(value[0], field, TAG_BYTES, MalformedReceipt, prefix=""),
        json_members.base64url_bytes(value[1], field, MalformedReceipt, length=32, most=32),
    )


_GRAVITY = {Fate.KEPT: 0, Fate.EXCUSED: 1, Fate.NOT_DUE: 2, Fate.NOT_SHOWN: 3, Fate.BROKEN: 4, Fate.FORGED: 5}
