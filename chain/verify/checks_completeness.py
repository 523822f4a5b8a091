"""Checks 12 and 13: lanes belong to the UCR, are those that were attested, and none is left out."""

from __future__ import annotations

from chain.proof.bundle import ClosedLane, OpenLane, ProvedEntry, ProvedRecord, ShownGroup
from chain.verify.context import Case, Fails, NotShown
from chain.verify.results import Said, Verdict


def check_tags(case: Case) -> None:
    """Every group of lanes is its UCR's, by the VRF proof; a consignment shows one for each epoch that has begun."""
    keys = case.trust_root.tag_keys
    for group in case.bundle.groups:
        if group.epoch >= len(keys):
            raise Fails(
                f"a lane is of epoch {group.epoch}, an epoch that this trust root does not know",
                f"链道属于本信任根未载的第 {group.epoch} 时期",
            )
        message = group.purpose.vrf_input(group.name)
        if keys[group.epoch].key.verified_output(message, group.vrf_proof) is None:
            raise Fails(
                f"the lanes shown for {group.name} are not proved to be its own",
                f"为 {group.name} 出示的链道未获证明属于该票货物",
            )
    if case.is_consignment:
        _check_epochs(case)


def check_lanes(case: Case) -> None:
    """The attested map holds exactly the lanes shown; every record stands in one, and a consignment opens them all."""
    word = case.words.checkpoint
    if word is None:
        raise NotShown("there is no checkpoint", "没有检查点", Verdict.NOT_COVERED)
    for group in case.bundle.groups:
        if not case.group_holds(group):
            raise Fails(
                f"the lanes shown for {group.name} in epoch {group.epoch} are not what was attested",
                f"为 {group.name} 在第 {group.epoch} 时期出示的链道与作证内容不符",
            )
    opened: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for record in case.bundle.records:
        for entry in record.entries:
            opened[entry.tag, record.entry_digest(entry)] = (entry.batch, entry.position)
            _check_covered(case, record, entry, word.batch_count)
    for group in case.bundle.groups:
        _check_order(group, opened)
    if case.is_consignment:
        _check_all_opened(case, opened)


def _check_epochs(case: Case) -> None:
    word = case.words.checkpoint
    if word is None:
        raise NotShown("without a checkpoint no lane is known", "没有检查点，无法得知链道", Verdict.NOT_COVERED)
    due = {at for at, key in enumerate(case.trust_root.tag_keys) if key.from_batch < word.batch_count}
    shown = {group.epoch for group in case.bundle.groups}
    if missing := sorted(due - shown):
        raise NotShown(
            f"{len(missing)} of {len(due)} epochs are not shown: {_listed(missing)}",
            f"{len(due)} 个时期中有 {len(missing)} 个未出示：{_listed(missing)}",
            Verdict.ENTRIES_MISSING,
        )


def _check_covered(case: Case, record: ProvedRecord, entry: ProvedEntry, covered_batches: int) -> None:
    """One entry is in an attested lane, in the batch that the lane names: where it first stood, and not void."""
    name = record.signed.record_id
    group = case.bundle.group_of(entry.tag)
    first = None if group is None else case.first_batch(record, entry)
    if first is not None and first != entry.batch:
        raise Fails(
            f"record {name} is shown in batch {entry.batch}, but what was attested has it in batch {first}",
            f"记录 {name} 出示于第 {entry.batch} 批，而作证内容中在第 {first} 批",
        )
    if entry.batch >= covered_batches:
        if first is not None:
            raise Fails(f"record {name} is in a lane older than its batch", f"记录 {name} 出现在早于其批次的链道中")
        raise NotShown(
            f"record {name} is anchored but not covered yet",
            f"记录 {name} 已上链但尚未被检查点涵盖",
            Verdict.NOT_COVERED,
        )
    if group is None:
        raise NotShown(f"no lane is shown for record {name}", f"未出示记录 {name} 的链道", Verdict.ENTRIES_MISSING)
    if first is None:
        if isinstance(case.bundle.lane_by_tag.get(entry.tag), ClosedLane):
            raise NotShown(
                f"its place in the lane is not shown for record {name}",
                f"未出示记录 {name} 在链道中的位置",
                Verdict.ENTRIES_MISSING,
            )
        raise Fails(f"no attested lane holds record {name}", f"没有经作证的链道包含记录 {name}")


def _check_order(group: ShownGroup, opened: dict[tuple[bytes, bytes], tuple[int, int]]) -> None:
    """Entries that are opened stand in their lane as they stand in their batches."""
    for lane in group.lanes:
        if not isinstance(lane, OpenLane):
            continue
        places = [opened[lane.tag, leaf.digest] for leaf in lane.leaves if (lane.tag, leaf.digest) in opened]
        if places != sorted(set(places)):
            raise Fails("a lane's entries are not in the ledger's order", "链道的次序与账本不符")


def _check_all_opened(case: Case, opened: dict[tuple[bytes, bytes], tuple[int, int]]) -> None:
    """Every lane of the set is opened, every leaf of it with its record. The set is all lanes of the UCR."""
    lanes = [lane for group in case.bundle.groups for lane in group.lanes]
    closed = [at for at, lane in enumerate(lanes, start=1) if isinstance(lane, ClosedLane)]
    if closed:
        raise NotShown(
            f"{len(closed)} of {len(lanes)} lanes are not opened: {_listed(closed)}",
            f"{len(lanes)} 条链道中有 {len(closed)} 条未展开：{_listed(closed)}",
            Verdict.ENTRIES_MISSING,
        )
    leaves = [(lane.tag, leaf.digest) for lane in lanes if isinstance(lane, OpenLane) for leaf in lane.leaves]
    unopened = [at for at, leaf in enumerate(leaves, start=1) if leaf not in opened]
    if unopened:
        raise NotShown(
            f"{len(unopened)} of {len(leaves)} entries are without their records: {_listed(unopened)}",
            f"{len(leaves)} 条中有 {len(unopened)} 条缺少对应记录：{_listed(unopened)}",
            Verdict.ENTRIES_MISSING,
        )
    case.remarks.append(
        Said(
            f"completeness is about all {len(lanes)} lanes of the UCR, whoever spoke",
            f"完整性涉及该 UCR 的全部 {len(lanes)} 条链道，不论签发者为谁",
        )
    )


LISTED_MAX = 8


def _listed(places: list[int]) -> str:
    """Which items of a list, the first few of them."""
    more = f" … {len(places) - LISTED_MAX}+" if len(places) > LISTED_MAX else ""
    return ", ".join(map(str, places[:LISTED_MAX])) + more
