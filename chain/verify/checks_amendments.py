"""Check 11: which records their issuers replaced, and whether a record is shown to be the newest."""

from __future__ import annotations

from chain.proof.batch import lane_tag
from chain.proof.bundle import ProvedRecord
from chain.proof.shown_lanes import OpenLane, ShownGroup
from chain.sdjwt import SignedRecord
from chain.verify.context import Case, NotShown, ucrs_of
from chain.verify.results import Outcome, Said, Verdict


def check_amendments(case: Case) -> None:
    """In a consignment the newest records are marked. With `--current` no subject is replaced by its issuer."""
    replaced_by = _replacements(case)
    signed_by_id = {record.signed.record_id: record.signed for record in case.bundle.records}
    for record_id, standing in case.standings.items():
        standing.amended_by = _newest(record_id, replaced_by)
        standing.withdrawn = standing.amended_by is not None and signed_by_id[standing.amended_by].withdraws
    if case.is_consignment:
        return
    subjects = [record for record in case.bundle.records if case.is_subject(record)]
    for record in subjects:
        newest = case.standing(record).amended_by
        if newest is not None and case.question.current and signed_by_id[newest].withdraws:
            why = Said(f"it was withdrawn by {newest}", f"已被 {newest} 撤回")
            case.find_against(record, why, Verdict.WITHDRAWN)
        elif newest is not None and case.question.current:
            why = Said(f"it was amended; the newest is {newest}", f"已被更正，最新为 {newest}")
            case.find_against(record, why, Verdict.AMENDED)
    if not case.question.current:
        raise NotShown("amendments not looked for", "未查找更正")
    for record in subjects:
        if case.standing(record).amended_by is None and not _shows_later_leaves(case, record):
            why = Said(
                "the later entries of its lane are not opened, one may amend it",
                "所在链道的后续条目未展开，其中可能有更正",
            )
            case.find_against(record, why, Verdict.CANNOT_TELL, Outcome.SKIPPED)


def _shows_later_leaves(case: Case, record: ProvedRecord) -> bool:
    """Whether every later leaf of the record's lanes of one UCR is opened by its record.

    An amendment names every UCR of what it replaces, or it does not count: so one UCR's lanes tell.
    """
    opened = {
        (entry.tag, other.entry_digest(entry))
        for other in case.bundle.records
        if not case.standing(other).unread
        for entry in other.entries
    }
    covered = 0 if case.words.checkpoint is None else case.words.checkpoint.batch_count
    for ucr in filter(None, ucrs_of(record.signed).values()):
        groups = case.groups_of(record.signed, ucr)
        due = case.due_epochs(covered)
        if not due <= {group.epoch for group in groups}:
            continue
        later = [leaf for group in groups for leaf in _later(case, group, record)]
        if None not in later and all(leaf in opened for leaf in later):
            return True
    return False


def _later(case: Case, group: ShownGroup, record: ProvedRecord) -> list[tuple[bytes, bytes] | None]:
    """The leaves of the issuer's lane that are not before the record's first batch; None for a lane not opened."""
    tag = lane_tag(group.y, record.signed.iss)
    lane = next((lane for lane in group.lanes if lane.tag == tag), None)
    if lane is None and group.map_proof.tells_of(tag):
        return []
    if not isinstance(lane, OpenLane):
        return [None]
    first = case.batch_of(record).index
    return [(tag, leaf.digest) for leaf in lane.leaves if leaf.batch >= first]


def _replacements(case: Case) -> dict[str, str]:
    """Which record each one is replaced by, as far as shown: the last that its own issuer said of the same type."""
    replaced_by: dict[str, str] = {}
    signed = {record.signed.record_id: record.signed for record in case.bundle.records}
    for record in case.counted():
        amends = record.signed.amends
        if amends is None or amends not in signed:
            continue
        name = record.signed.record_id
        if (signed[amends].iss, signed[amends].vct) != (record.signed.iss, record.signed.vct):
            case.remarks.append(
                Said(
                    f"record {name} claims to amend another member's record, or one of another type; "
                    "that does not count",
                    f"记录 {name} 声称更正其他成员或其他类型的记录，不予计入",
                )
            )
            continue
        if not _names_all(record.signed, signed[amends]):
            case.remarks.append(
                Said(
                    f"record {name} claims to amend {amends} but does not name every UCR of it; that does not count",
                    f"记录 {name} 声称更正 {amends}，但未提及其全部 UCR，不予计入",
                )
            )
            continue
        if (other := replaced_by.get(amends)) is not None:
            case.remarks.append(
                Said(
                    f"records {other} and {name} both amend {amends}; the later is taken for the newest",
                    f"记录 {other} 与 {name} 均更正 {amends}，以较晚者为最新",
                )
            )
        replaced_by[amends] = name
    return replaced_by


def _names_all(amendment: SignedRecord, amended: SignedRecord) -> bool:
    """Whether an amendment names every UCR of what it replaces; where some are withheld, at least as many."""
    before, after = ucrs_of(amended), ucrs_of(amendment)
    known = {ucr for ucr in before.values() if ucr} - {ucr for ucr in after.values() if ucr}
    withheld = sum(ucr is None for ucr in after.values())
    return len(after) >= len(before) and len(known) <= withheld


def _newest(record_id: str, replaced_by: dict[str, str]) -> str | None:
    """The end of the chain of amendments; a ring ends where it closes (a record id is a hash, so none can be made)."""
    newest, seen = None, {record_id}
    while (following := replaced_by.get(newest or record_id)) is not None and following not in seen:
        seen.add(following)
        newest = following
    return newest
