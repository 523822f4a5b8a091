"""Whether a proof of two histories holds by a trust root: each statement is signed by who may make it."""

from __future__ import annotations

from dataclasses import dataclass

from chain.errors import Malformed
from chain.proof.header import Header
from chain.proof.log_heads import CosignedHead
from chain.proof.notes import NoteKey
from chain.proof.seals import MalformedSeal, verify_seals
from chain.proof.two_histories import HistoryKind, ShownHistory, TwoHistories, find_two_histories
from chain.proof.witness_policy import WitnessPolicy
from chain.verify.results import Said
from chain.verify.trust_root import TrustRoot

COMPARED: dict[int, Said] = {
    0: Said("The two are of one history as far as they overlap.", "两者在重合范围内属于同一历史。"),
    1: Said("Two histories are proved.", "已证明存在两套历史。"),
    2: Said("Nothing can be told of the two.", "无从比较。"),
}
"""What the exit codes of a comparison mean."""


@dataclass(frozen=True)
class HistoriesReport:
    """What became of a proof of two histories."""

    holds: bool
    summary: Said
    lines: tuple[Said, ...] = ()
    """What contradicts what, or why it does not hold."""


@dataclass(frozen=True)
class Comparison:
    """What came of holding what two readers were shown against each other."""

    report: HistoriesReport
    proof: TwoHistories | None
    """Where they contradict each other: what anybody can verify, if the report says that it holds."""
    have_common_ground: bool
    """Whether they have anything in common that could contradict."""


class _Fault(Exception):
    """Why a statement is nobody's."""

    def __init__(self, en: str, zh: str) -> None:
        self.said = Said(en, zh)
        super().__init__(en)


def compare(first: ShownHistory, second: ShownHistory, trust_root: TrustRoot) -> Comparison:
    """Whether what two readers were shown can be of one history, and the proof where it cannot.

    Raises MalformedNote or MalformedBundle where a statement is not well formed.
    """
    proof = find_two_histories(trust_root.consortium, first, second)
    if proof is not None:
        return Comparison(verify_histories(proof, trust_root), proof, have_common_ground=True)
    lines = _common_ground(first, second, trust_root.witnesses)
    if lines:
        return Comparison(HistoriesReport(False, COMPARED[0], lines), None, have_common_ground=True)
    summary = Said(
        "Nothing can be told: the two have nothing in common that could contradict. Compare bundles under one block, "
        "notes of one log and size, or notes that one witness cosigned.",
        "无从比较：两者没有可相互印证之处。请比较同一区块下的证明包、同一日志同一大小的检查点记录，或经同一见证人作证的记录。",
    )
    return Comparison(HistoriesReport(False, summary), None, have_common_ground=False)


def _common_ground(first: ShownHistory, second: ShownHistory, policy: WitnessPolicy | None) -> tuple[Said, ...]:
    """What both show alike; of two that do not contradict each other."""
    lines: list[Said] = []
    if first.header is not None and second.header is not None:
        header = Header.from_rlp(first.header)
        if header.block_hash == Header.from_rlp(second.header).block_hash:
            number, name = header.number, header.block_hash.hex()
            lines.append(Said(f"both stand under block {number}, 0x{name}", f"两者均依据区块 {number}，0x{name}"))
    if first.leaf is not None and first.leaf == second.leaf:
        index = first.leaf.index
        lines.append(
            Said(f"both logs have that block as checkpoint {index}", f"两份日志均以该区块为第 {index} 个检查点")
        )
    if first.head is None or second.head is None:
        return tuple(lines)
    if first.head == second.head:
        origin, size = first.head.origin, first.head.size
        lines.append(
            Said(
                f"both show {origin} with {size} checkpoints and one root",
                f"两者所示 {origin} 均为 {size} 个检查点，根相同",
            )
        )
    return (*lines, *_vouched_for(first, second, policy))


def _vouched_for(first: ShownHistory, second: ShownHistory, policy: WitnessPolicy | None) -> list[Said]:
    """Witnesses who cosigned two heads of one log: the longer one contains the shorter, or they are no witnesses."""
    if policy is None or first.note is None or second.note is None:
        return []
    heads = [policy.read(note) for note in (first.note, second.note)]
    if heads[0] is None or heads[1] is None or heads[0].head.origin != heads[1].head.origin:
        return []
    both = {key.name for key, _ in heads[0].cosignatures} & {key.name for key, _ in heads[1].cosignatures}
    sizes = sorted({cosigned.head.size for cosigned in heads if cosigned is not None})
    if len(sizes) == 1:
        return []
    return [
        Said(
            f"{name} cosigned {sizes[0]} and {sizes[1]} checkpoints of {heads[0].head.origin}: it vouches that the "
            "longer log contains the shorter",
            f"{name} 为 {heads[0].head.origin} 的 {sizes[0]} 个与 {sizes[1]} 个检查点均作证，由其担保较长者包含较短者",
        )
        for name in sorted(both)
    ]


def verify_histories(proof: TwoHistories, trust_root: TrustRoot) -> HistoriesReport:
    """Whether both statements were made by who may make them; that they contradict each other, parsing has shown."""
    if proof.consortium != trust_root.consortium:
        return _refuted(
            Said("it is about another consortium than the trust root", "其所指联盟与信任根不符"),
        )
    try:
        if proof.kind is HistoryKind.HEADERS:
            lines = _verify_headers(proof, trust_root)
        else:
            lines = _verify_notes(proof, trust_root.witnesses)
    except _Fault as fault:
        return _refuted(fault.said)
    summary = Said(
        "TWO HISTORIES ARE PROVED: the same signers vouched for two histories that cannot both be true. "
        "Show this file to everyone who relies on this consortium.",
        "已证明存在两套历史：同一批签名者为两套不可能同时为真的历史作保。请将此文件出示给所有依赖该联盟的人。",
    )
    return HistoriesReport(True, summary, lines)


def _refuted(reason: Said) -> HistoriesReport:
    return HistoriesReport(False, Said("Two histories are NOT proved by it.", "未能证明存在两套历史。"), (reason,))


def _verify_headers(proof: TwoHistories, trust_root: TrustRoot) -> tuple[Said, ...]:
    lines = []
    for name, statement in (("first", proof.first), ("second", proof.second)):
        header = Header.from_rlp(statement.header or b"")
        known = trust_root.find_validators(header.number)
        try:
            if known is None or header.number == 0:
                raise _Fault(
                    f"the trust root knows no validators for block {header.number}",
                    f"信任根未列出区块 {header.number} 的验证者",
                )
            signers = verify_seals(header, known.addresses)
        except MalformedSeal as fault:
            raise _Fault(f"the {name} header is not sealed: {fault}", f"所示区块头未经签封：{fault}") from None
        lines.append(
            Said(
                f"block {header.number} is 0x{header.block_hash.hex()}, sealed by {len(signers)} validators",
                f"区块 {header.number} 为 0x{header.block_hash.hex()}，由 {len(signers)} 名验证者签封",
            )
        )
    return tuple(lines)


def _verify_notes(proof: TwoHistories, policy: WitnessPolicy | None) -> tuple[Said, ...]:
    if policy is None:
        raise _Fault("the trust root names no logs", "信任根未列出任何日志")
    first, second = _verify_note(proof.first, policy), _verify_note(proof.second, policy)
    lines = [_note_line(proof.first, first), _note_line(proof.second, second)]
    both = {key.text for key, _ in first.cosignatures} & {key.text for key, _ in second.cosignatures}
    lines += [
        Said(f"witness {name} cosigned both, so it is no witness", f"见证人 {name} 为两者均作见证，不足采信")
        for name in sorted(NoteKey.parse(text).name for text in both)
        if first.head.origin == second.head.origin
    ]
    return tuple(lines)


def _verify_note(statement: ShownHistory, policy: WitnessPolicy) -> CosignedHead:
    note = statement.note
    try:
        found = None if note is None else policy.read(note)
    except Malformed as fault:
        raise _Fault(str(fault), str(fault)) from None
    if found is None:
        raise _Fault("a note is signed by no log of the trust root", "有检查点记录未经信任根所列日志签名")
    if statement.leaf is not None and not found.head.holds(statement.leaf, statement.path):
        raise _Fault(
            f"checkpoint {statement.leaf.index} is not in the log of {found.head.origin}",
            f"第 {statement.leaf.index} 个检查点不在 {found.head.origin} 的日志中",
        )
    return found


def _note_line(statement: ShownHistory, found: CosignedHead) -> Said:
    names = ", ".join(key.name for key, _ in found.cosignatures) or "–"
    if statement.leaf is None:
        return Said(
            f"{found.head.origin} signed root {found.head.root.hex()} for {found.head.size} checkpoints; "
            f"cosigned by {names}",
            f"{found.head.origin} 对 {found.head.size} 个检查点签署根 {found.head.root.hex()}；见证人：{names}",
        )
    leaf = statement.leaf
    return Said(
        f"{found.head.origin} signed a log whose checkpoint {leaf.index} is block {leaf.block}, "
        f"0x{leaf.block_hash.hex()}; cosigned by {names}",
        f"{found.head.origin} 签署的日志中第 {leaf.index} 个检查点为区块 {leaf.block}，"
        f"0x{leaf.block_hash.hex()}；见证人：{names}",
    )
