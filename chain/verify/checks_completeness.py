"""Checks 12 and 13: lanes belong to the UCR, are those that were attested, and none is left out."""

from __future__ import annotations

from collections.abc import Collection

from chain.members import TagKeyVersion
from chain.proof.batch import lane_tag
from chain.proof.bundle import ProvedEntry, ProvedRecord
from chain.proof.shown_lanes import ClosedLane, OpenLane, ShownGroup
from chain.proof.vrf import SUITE, MalformedVrfKey, VrfPublicKey
from chain.verify.context import PENDING_S, Case, Fails, NotShown
from chain.verify.results import Said, Verdict


def check_tags(case: Case) -> None:
    """Every group of lanes is its UCR's, by the VRF proof; a consignment shows one for each epoch that has begun."""
    keys = case.tag_keys
    for group in case.bundle.groups:
        if group.epoch >= len(keys):
            raise Fails(
                f"a lane is of epoch {group.epoch}, but the registry holds {len(keys)} tag keys",
                f"链道属于第 {group.epoch} 时期，而登记册仅有 {len(keys)} 个标签密钥",
            )
        message = group.purpose.vrf_input(group.name)
        if _public_key(keys[group.epoch]).verified_output(message, group.vrf_proof) is None:
            raise Fails(
                f"the lanes shown for {group.name} are not proved to be its own",
                f"为 {group.name} 出示的链道未获证明属于该票货物",
            )
    if case.is_consignment or case.bundle.subject_number is not None:
        _check_epochs(case)


def _public_key(version: TagKeyVersion) -> VrfPublicKey:
    unusable = NotShown("the registry holds a tag key that cannot be used", "登记册中有无法使用的标签密钥")
    if version.suite != SUITE:
        raise unusable
    try:
        return VrfPublicKey(version.public_key)
    except MalformedVrfKey:
        raise unusable from None


def check_lanes(case: Case) -> None:
    """The attested map holds exactly the lanes shown; every record stands in one, and a consignment opens them all."""
    for group in case.bundle.groups:
        if not case.group_holds(group):
            raise Fails(
                f"the lanes shown for {group.name} in epoch {group.epoch} are not what was attested",
                f"为 {group.name} 在第 {group.epoch} 时期出示的链道与作证内容不符",
            )
    opened: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for record in case.bundle.records:
        opened |= {(entry.tag, record.entry_digest(entry)): (entry.batch, entry.position) for entry in record.entries}
        if not case.is_consignment and case.standing(record).unread:
            continue
        try:
            for entry in record.entries:
                if entry.is_number is (case.bundle.subject_number is None):
                    continue  # of a number's use its lane in the consignment is not shown
                _check_covered(case, record, entry, case.covered_batches)
        except (Fails, NotShown) as fault:
            _note_uncovered(case, record, fault)
    for group in case.bundle.groups:
        _check_order(group, opened)
    if case.is_consignment:
        _check_all_opened(case)


def _check_epochs(case: Case) -> None:
    word = case.words.checkpoint
    if word is None:
        raise NotShown("without a checkpoint no lane is known", "没有检查点，无法得知链道", Verdict.NOT_COVERED)
    due = case.due_epochs(word.batch_count)
    shown = {group.epoch for group in case.bundle.groups}
    if missing := sorted(due - shown):
        raise NotShown(
            f"{len(missing)} of {len(due)} epochs are not shown: {_listed(missing)}",
            f"{len(due)} 个时期中有 {len(missing)} 个未出示：{_listed(missing)}",
            Verdict.ENTRIES_MISSING,
        )


def _check_covered(case: Case, record: ProvedRecord, entry: ProvedEntry, covered_batches: int) -> None:
    """One entry is in an attested lane, in the batch that the lane names: where it first stood, and not void."""
    group = case.bundle.group_of(entry.tag)
    first = None if group is None else case.first_batch(record, entry)
    if first is not None and first != entry.batch:
        raise Fails(
            f"it is shown in batch {entry.batch}, but what was attested has it in batch {first}",
            f"出示于第 {entry.batch} 批，而作证内容中在第 {first} 批",
        )
    if entry.batch >= covered_batches:
        if first is not None:
            raise Fails("it is in a lane older than its batch", "出现在早于其批次的链道中")
        raise NotShown("it is anchored but not covered yet", "已上链但尚未被检查点涵盖", Verdict.NOT_COVERED)
    if group is None or not group.map_proof.tells_of(entry.tag):
        raise NotShown("no lane is shown for it", "未出示其链道", Verdict.ENTRIES_MISSING)
    if first is None:
        if isinstance(case.bundle.lane_by_tag.get(entry.tag), ClosedLane):
            raise NotShown("its place in the lane is not shown", "未出示其在链道中的位置", Verdict.ENTRIES_MISSING)
        raise Fails("no attested lane holds it", "没有经作证的链道包含它")


def _note_uncovered(case: Case, record: ProvedRecord, fault: Fails | NotShown) -> None:
    """A consignment is then not whole; in a record bundle it speaks of that record alone.

    What its issuer said later counts before it is covered: it may amend a subject.
    """
    name = record.signed.record_id
    en, zh = f"record {name}: {fault.said.en}", f"记录 {name}：{fault.said.zh}"
    if case.is_consignment or case.bundle.subject_number is not None:
        raise type(fault)(en, zh, fault.verdict)  # type: ignore[arg-type]  # each takes its own verdict back
    case.note_fault(record, fault)
    if not case.is_subject(record):
        case.remarks.append(Said(en, zh))


def _check_order(group: ShownGroup, opened: dict[tuple[bytes, bytes], tuple[int, int]]) -> None:
    """Entries that are opened stand in their lane as they stand in their batches."""
    for lane in group.lanes:
        if not isinstance(lane, OpenLane):
            continue
        places = [opened[lane.tag, leaf.digest] for leaf in lane.leaves if (lane.tag, leaf.digest) in opened]
        if places != sorted(set(places)):
            raise Fails("a lane's entries are not in the ledger's order", "链道的次序与账本不符")


def _check_all_opened(case: Case) -> None:
    """Every lane of the set is opened, every leaf of it with its record, but for entries that are young and pending."""
    members = case.members_of_the_set
    if members is None:
        raise NotShown("who belongs to the consignment is not known", "未能确定属于该票货物的成员")
    lanes = _lanes_of_the_set(case, members)
    unread = {one.entry_digest(entry) for one in case.bundle.records if case.standing(one).unread
              for entry in one.entries}  # fmt: skip
    leaves = [(lane, leaf) for lane in lanes for leaf in lane.leaves]
    unopened = [
        (at, leaf.batch)
        for at, (lane, leaf) in enumerate(leaves, start=1)
        if (lane.tag, leaf.digest) not in case.bundle.opened or leaf.digest in unread
    ]
    known = case.bundle.batch_by_index
    young_since = case.bundle.header.timestamp - PENDING_S
    missing = [at for at, batch in unopened if batch not in known or known[batch].timestamp <= young_since]
    if missing:
        raise NotShown(
            f"{len(missing)} of {len(leaves)} entries are without their records: {_listed(missing)}",
            f"{len(leaves)} 条中有 {len(missing)} 条缺少对应记录：{_listed(missing)}",
            Verdict.ENTRIES_MISSING,
        )
    if dropped := sum(lane.dropped for lane in lanes):
        case.remarks.append(
            Said(
                f"the governors dropped {dropped} entries of these lanes that nobody could open",
                f"治理成员已剔除这些链道中 {dropped} 条无人能出示的条目",
            )
        )
    if unopened:
        _note_pending(case, [at for at, _ in unopened], min(known[batch].block for _, batch in unopened), len(leaves))
    case.remarks.append(
        Said(
            f"completeness is about the lanes of {len(members)} members: whoever belongs to the consignment or is an "
            "authority",
            f"完整性涉及属于该票货物或为有权机构的 {len(members)} 个成员的链道",
        )
    )


def _lanes_of_the_set(case: Case, members: Collection[str]) -> list[OpenLane]:
    """The lanes of all members of the set in all epochs shown, those that have none left out."""
    lanes: list[OpenLane] = []
    closed = 0
    for group in case.bundle.groups:
        for member in sorted(members):
            tag = lane_tag(group.y, member)
            lane = case.bundle.lane_by_tag.get(tag)
            if isinstance(lane, OpenLane):
                lanes.append(lane)
            elif lane is not None or not group.map_proof.tells_of(tag):
                closed += 1
    if closed:
        raise NotShown(
            f"{closed} of {closed + len(lanes)} lanes of the set are not opened",
            f"相关成员的 {closed + len(lanes)} 条链道中有 {closed} 条未展开",
            Verdict.ENTRIES_MISSING,
        )
    return lanes


def _note_pending(case: Case, places: list[int], first_block: int, of: int) -> None:
    """The bundle is complete as of the block before the oldest entry that nobody opened yet."""
    case.pending = len(places)
    covered = first_block - 1 if case.covered_until is None else min(case.covered_until, first_block - 1)
    case.covered_until = covered
    case.remarks.append(
        Said(
            f"{len(places)} of {of} entries are pending, younger than a day and without their records: "
            f"{_listed(places)}; complete as of block {covered}",
            f"{of} 条中有 {len(places)} 条待定（不足一日且缺少对应记录）：{_listed(places)}；完整性截至区块 {covered}",
        )
    )
    as_of = case.question.as_of
    if as_of is not None and covered < as_of:
        raise Fails(
            f"complete as of block {covered}, before the oldest pending entry; block {as_of} was asked for",
            f"完整性截至区块 {covered}（最早待定条目之前），而所要求的是区块 {as_of}",
            Verdict.NOT_COVERED,
        )


LISTED_MAX = 8


def _listed(places: list[int]) -> str:
    """Which items of a list, the first few of them."""
    more = f" … {len(places) - LISTED_MAX}+" if len(places) > LISTED_MAX else ""
    return ", ".join(map(str, places[:LISTED_MAX])) + more
