"""Checks 17 and 18: outsiders cosigned the log that holds the header's block, and when stamps say that it existed."""

from __future__ import annotations

from chain.proof.log_heads import CosignedHead, LogLeaf
from chain.proof.notes import NoteKey, NoteSignature
from chain.proof.shown_note import ShownNote
from chain.proof.time_stamps import StampsUnread, WrongStamp, verify_stamp
from chain.proof.witness_policy import WitnessPolicy
from chain.verify.context import Case, Fails, NotShown
from chain.verify.results import OutsideWord, Said, Verdict


def check_witnessed(case: Case) -> None:
    """A note of one of the trust root's logs holds the header's block, and a quorum of its witnesses cosigned it."""
    policy = case.trust_root.witnesses
    if policy is None:
        raise NotShown("the trust root names no witnesses", "信任根未列出见证人", Verdict.VALID)
    leaf = _leaf(case)
    shown = case.bundle.cosigned_note
    if shown is None:
        raise NotShown("no cosigned note is shown", "未出示经见证的检查点记录", Verdict.UNWITNESSED)
    found = policy.read(shown.note)
    if found is None:
        raise NotShown(
            f"the note is signed by no log of the trust root as {shown.head.origin}",
            f"检查点记录未经信任根所列日志以 {shown.head.origin} 之名签名",
            Verdict.UNWITNESSED,
        )
    if not found.head.holds(leaf, shown.path):
        raise Fails(
            f"block {leaf.block} is not checkpoint {leaf.index} of the log that was cosigned",
            f"区块 {leaf.block} 不是经见证日志中的第 {leaf.index} 个检查点",
        )
    _count(case, policy, found)


def check_stamped(case: Case) -> None:
    """Each time stamp is of this very note with its cosignatures, by an authority under the trust root's."""
    shown = case.bundle.cosigned_note
    if shown is None or not shown.stamps:
        raise NotShown("no time stamp is shown", "未出示时间戳")
    policy = case.trust_root.witnesses
    if policy is None or not policy.time_stamp_roots:
        raise NotShown("the trust root names no time-stamp authorities", "信任根未列出时间戳机构")
    try:
        case.stamped_by = _stamps(shown, policy)
    except StampsUnread as fault:
        raise NotShown(f"not looked at: {fault}", "未查：未安装读取时间戳的软件包 rfc3161-client") from None


def _leaf(case: Case) -> LogLeaf:
    """The leaf of the header's checkpoint, derived and not read."""
    word, index = case.words.checkpoint, case.bundle.checkpoint
    header = case.bundle.header
    if word is None or index is None or word.since_block != header.number:
        raise NotShown(
            f"block {header.number} is not the block of a checkpoint, and no log holds it",
            f"区块 {header.number} 不是检查点所在区块，任何日志均不含之",
            Verdict.UNWITNESSED,
        )
    return LogLeaf(index, header.number, header.block_hash)


def _count(case: Case, policy: WitnessPolicy, found: CosignedHead) -> None:
    case.cosigned_by = tuple(_word(key, signature) for key, signature in found.cosignatures)
    for key in found.wrong:
        case.remarks.append(
            Said(
                f"a line names witness {key.name} and is not its signature: it counts as none",
                f"有一行署名见证人 {key.name} 但签名不符，不予计入",
            )
        )
    if len(found.cosignatures) < policy.quorum:
        names = ", ".join(word.name for word in case.cosigned_by) or "–"
        raise NotShown(
            f"{len(found.cosignatures)} of the {policy.quorum} witnesses demanded cosigned: {names}",
            f"所需 {policy.quorum} 名见证人中仅 {len(found.cosignatures)} 名作证：{names}",
            Verdict.UNWITNESSED,
        )


def _word(key: NoteKey, signature: NoteSignature) -> OutsideWord:
    return OutsideWord(key.name, signature.time or 0)


def _stamps(shown: ShownNote, policy: WitnessPolicy) -> tuple[OutsideWord, ...]:
    words = []
    for place, stamp in enumerate(shown.stamps, start=1):
        try:
            found = verify_stamp(stamp, shown.note.format().encode(), policy.time_stamp_roots)
        except WrongStamp as fault:
            raise Fails(
                f"time stamp {place} of {len(shown.stamps)} does not hold: {fault}",
                f"第 {place} 个时间戳（共 {len(shown.stamps)} 个）不成立：{fault}",
            ) from None
        words.append(OutsideWord(found.authority, found.time))
    return tuple(words)
