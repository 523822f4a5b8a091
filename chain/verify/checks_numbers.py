"""Check 20: in how many consignments the number of a single-use bundle was used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chain.proof.batch import PREFIX_BYTES, number_tag
from chain.proof.bundle import ProvedEntry, ProvedRecord
from chain.proof.own_number import OwnNumber, own_numbers
from chain.proof.shown_lanes import OpenLane
from chain.sdjwt import WITHHELD
from chain.verify.context import Case, Fails, NotShown, ucrs_of
from chain.verify.results import Said, Verdict

LISTED_MAX = 8


@dataclass(frozen=True)
class _Use:
    """One consignment of one record that says the number."""

    epoch: int
    prefix: bytes
    """What the tags of the consignment's lanes begin with in that epoch."""
    ucr: str | None
    """None where it is withheld."""


def check_filed_number(case: Case, record: ProvedRecord, entry: ProvedEntry, number: OwnNumber) -> None:
    """That an entry of the number rests on a disclosed reference of its maker's and stands under the number's tag.

    Raises Fails where the record does not say the number: the governors drop such an entry, and it is no use of it.
    Raises NotShown where the reference is withheld.
    """
    shown = dict(record.signed.disclosed().get("references", ()))
    if shown.get(entry.ucr_digest) is WITHHELD:
        raise NotShown("it withholds the number that its entry rests on", "未披露条目所依据的编号")
    if dict(own_numbers(record.signed)).get(entry.ucr_digest) != number:
        raise Fails("it does not say this number as its issuer's own", "未以其签发者自有编号的名义载明该编号")
    group = case.bundle.group_of(entry.tag)
    # Under whichever tag key: an old one would else hide a use.
    if group is None or number_tag(group.y) != entry.tag:
        raise Fails("it is filed under another tag than the number's", "未归入该编号的标签")


def check_single_use(case: Case) -> None:
    """The number was used in one consignment at most: every entry under its tag is opened, and they name no second."""
    number = case.bundle.subject_number
    if number is None:
        raise NotShown("no number is asked about", "未查询编号")
    _check_opened(case)
    uses = list(_uses(case))
    places = _joined(uses)
    known = {use.ucr for use in uses if use.ucr is not None}
    by_epoch = [{places[use.epoch, use.prefix] for use in uses if use.epoch == e} for e in {use.epoch for use in uses}]
    most, least = len(set(places.values())), max([len(known), *map(len, by_epoch)])
    counted = str(most) if least == most else f"{least} to {most}"
    where = "consignment" if most == 1 else "consignments"
    said = Said(
        f"invoice {number.value} of {number.maker} was used in {counted} {where}",
        f"{number.maker} 的发票 {number.value} 用于 {counted.replace(' to ', '至')} 票货物",
    )
    case.remarks.append(said)
    if least > 1:
        raise Fails(said.en, said.zh, Verdict.REUSED)
    if most > 1:
        raise NotShown(
            f"{said.en}: uses of different epochs cannot be compared while their UCRs are withheld",
            f"{said.zh}：未披露 UCR 时，不同时期的使用无法比较",
            Verdict.UNPROVEN,
        )


def _check_opened(case: Case) -> None:
    tags = {number_tag(group.y): group for group in case.bundle.groups}
    lanes = [lane for tag in tags if (lane := case.bundle.lane_by_tag.get(tag)) is not None]
    hidden = not all(group.map_proof.tells_of(tag) for tag, group in tags.items())
    if hidden or not all(isinstance(lane, OpenLane) for lane in lanes):
        raise NotShown(
            "not every entry under the number's tag is shown", "未出示该编号标签下的全部条目", Verdict.UNPROVEN
        )
    unread = {(entry.tag, record.entry_digest(entry)) for record in case.bundle.records
              if case.standing(record).unread for entry in record.entries}  # fmt: skip
    opened = case.bundle.opened - unread
    leaves = [(lane.tag, leaf.digest) for lane in lanes if isinstance(lane, OpenLane) for leaf in lane.leaves]
    missing = [str(at) for at, leaf in enumerate(leaves, start=1) if leaf not in opened]
    if missing:
        listed = ", ".join(missing[:LISTED_MAX])
        raise NotShown(
            f"{len(missing)} of {len(leaves)} uses are without their records: {listed}",
            f"{len(leaves)} 次使用中有 {len(missing)} 次缺少对应记录：{listed}",
            Verdict.UNPROVEN,
        )
    if dropped := sum(lane.dropped for lane in lanes):
        case.remarks.append(
            Said(
                f"the governors dropped {dropped} entries under this number's tag that nobody could open",
                f"治理成员已剔除该编号标签下 {dropped} 条无人能出示的条目",
            )
        )


def _uses(case: Case) -> Iterator[_Use]:
    """Each consignment of each record that counts. Raises NotShown where one is without its entry."""
    for record in case.counted():
        ucrs = ucrs_of(record.signed)
        epochs = {group.epoch for entry in record.entries if entry.is_number
                  and (group := case.bundle.group_of(entry.tag))}  # fmt: skip
        prefixes = {entry.ucr_digest: entry.tag[:PREFIX_BYTES] for entry in record.entries if not entry.is_number}
        if prefixes.keys() != ucrs.keys():
            name = record.signed.record_id
            raise NotShown(
                f"record {name} is shown without its entries of its consignments",
                f"记录 {name} 未附其各票货物的条目",
                Verdict.UNPROVEN,
            )
        for digest, ucr in ucrs.items():
            yield _Use(min(epochs), prefixes[digest], ucr or None)


def _joined(uses: list[_Use]) -> dict[tuple[int, bytes], str]:
    """Of each prefix one name of its consignment: prefixes of different epochs are one where a UCR shown joins them."""
    names: dict[tuple[int, bytes], str] = {}
    for use in uses:
        if use.ucr is not None:
            names.setdefault((use.epoch, use.prefix), use.ucr)
    for use in uses:
        names.setdefault((use.epoch, use.prefix), f"{use.epoch}:{use.prefix.hex()}")
    return names
