"""Runs a governor's finding again from a consignment's bundle: whether it follows from what it says it looked at.

Steps: the finding counts and names this version's rule pack; every lane of its snapshot is shown and has the head that
it names; nothing that was anchored more than `LEAVES_LATE_S` before the finding is left out of it; the inputs are
selected here, from the lanes as of the snapshot, by the rule's own form; the rule gives the very differences that the
finding lists. What is not shown, or not known to this edition, is *cannot tell*, never an answer. A rule without the
data form is its signer's opinion, and is called that. The form is `docs/spec/findings.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chain.errors import TongguanError
from chain.proof.bundle import Bundle, ProvedRecord
from chain.proof.index_map import lane_head
from chain.proof.shown_lanes import OpenLane
from chain.rules.answers import Finding
from chain.rules.consignment import join_records
from chain.rules.opinions import as_line
from chain.rules.pack import RULES, RULES_VERSION, Case, pack_digest
from chain.rules.replayable import FORMS, replay
from chain.rules.signed_records import is_judged, read_signed
from chain.rules.table_rows import WORKING_DAYS, RowNotShown, ShownDays
from chain.rules.tables import NO_TABLES, Tables
from chain.sdjwt import SignedRecord
from chain.verify.finding_statement import (
    DifferenceKey,
    FindingHead,
    MalformedFinding,
    NotDisclosed,
    read_differences,
    read_head,
    read_rows,
    read_snapshot,
)
from chain.verify.results import FINDING_TYPE, FindingStanding, ReplayOutcome, Said, Standing

LEAVES_LATE_S: Final = 600
"""A desk may miss what was anchored so shortly before it spoke."""
GROUP_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "declaration": frozenset({"customs.declaration", "customs.status", "tax.assessment", "tax.payment"}),
    "carriage": frozenset({"customs.declaration", "customs.status", "logistics.transport_document"}),
    "assessment": frozenset({"customs.declaration", "customs.status", "tax.assessment", "tax.payment"}),
    "trade": frozenset({"customs.declaration", "tax.invoice"}),
}
"""Types of records that each group of the data form is made of."""
JOINED_BY: Final = frozenset(
    {
        "references", "declaration", "status", "transport_document", "assessment", "tax_payment", "taxes", "invoice",
        "transport",
    }
)  # fmt: skip
"""Sections by which records are joined into groups."""


class _Ends(TongguanError):
    """The question is answered."""

    def __init__(self, outcome: ReplayOutcome, en: str, zh: str) -> None:
        self.outcome, self.said = outcome, Said(en, zh)
        super().__init__(en)


@dataclass(frozen=True)
class _Leaf:
    """A record in its place in an open lane."""

    place: tuple[int, bytes, int]
    """Batch, lane tag, index in the lane: the order in which records are read."""
    record: ProvedRecord

    @property
    def signed(self) -> SignedRecord:
        """The record."""
        return self.record.signed


class FindingReplay:
    """The findings of one bundle, each run again when asked; what they share is read once."""

    def __init__(self, bundle: Bundle, standings: Mapping[str, Standing]) -> None:
        """`standings` are the verifier's on this very bundle, after check 11."""
        self._bundle = bundle
        self._standings = standings
        self._joined: dict[tuple[str, ...], Case] = {}

    def run(self, record_id: str) -> FindingStanding:
        """What comes of running that finding again."""
        record = self._bundle.record_by_id.get(record_id)
        if record is None or record.signed.vct != FINDING_TYPE:
            why = Said("the bundle shows no such finding", "证明包未出示该差异发现")
            return FindingStanding(record_id, "", "", ReplayOutcome.CANNOT_TELL, why)
        head: FindingHead | None = None
        now: bool | None = None
        try:
            head = read_head(record.signed)
            self._require_standing(record, head)
            now = self._run_again(record, head)
            outcome = ReplayOutcome.FOLLOWS
            why = Said("the rule was run again on its snapshot", "已按其快照重新运行规则")
        except NotDisclosed as fault:
            outcome = ReplayOutcome.CANNOT_TELL
            why = Said(str(fault), f"未出示其 {fault.section} 部分")
        except MalformedFinding as fault:
            outcome = ReplayOutcome.DOES_NOT_FOLLOW
            why = Said(f"it has another form than a finding: {fault}", f"差异发现格式有误：{fault}")
        except _Ends as end:
            outcome, why = end.outcome, end.said
        return FindingStanding(record_id, record.signed.iss, "" if head is None else head.rule, outcome, why, now)

    def _require_standing(self, record: ProvedRecord, head: FindingHead) -> None:
        """Ends where the finding does not count, was replaced, or its rule cannot be run again here."""
        standing = self._standings[record.signed.record_id]
        if standing.not_counted is not None:
            en, zh = standing.not_counted.en, standing.not_counted.zh
            raise _Ends(ReplayOutcome.DOES_NOT_FOLLOW, f"the finding does not count: {en}", f"该差异发现不计入：{zh}")
        if standing.amended_by is not None:
            self._end_replaced(standing.amended_by, is_withdrawn=standing.withdrawn)
        if head.is_withdrawn:
            raise _Ends(ReplayOutcome.WITHDRAWN, "it takes a finding back", "该记录撤回一项差异发现")
        if head.version != RULES_VERSION:
            raise _Ends(ReplayOutcome.CANNOT_TELL, f"rules {head.version} are not known here", "本程序不识该版本规则")
        if head.rule not in RULES:
            raise _Ends(
                ReplayOutcome.DOES_NOT_FOLLOW,
                f"rules {head.version} have no rule {head.rule}",
                f"规则版本 {head.version} 中没有规则 {head.rule}",
            )
        if head.rule not in FORMS:
            raise _Ends(
                ReplayOutcome.OPINION,
                f"a signed opinion: rule {head.rule} has no data form, so nobody can run it again",
                f"签发方意见：规则 {head.rule} 无数据形式，任何人无法重新运行",
            )

    def _end_replaced(self, newest: str, *, is_withdrawn: bool) -> None:
        if is_withdrawn or _takes_back(self._bundle.record_by_id[newest].signed):
            raise _Ends(ReplayOutcome.WITHDRAWN, f"its signer took it back by {newest}", f"签发方已由 {newest} 撤回")
        raise _Ends(ReplayOutcome.AMENDED, f"its signer replaced it by {newest}", f"签发方已由 {newest} 更正")

    def _run_again(self, record: ProvedRecord, head: FindingHead) -> bool | None:
        """Ends unless it follows; whether the rule gives the same on all that is shown, None where it cannot tell."""
        tables = _tables(record.signed, head)
        within = self._as_of_snapshot(record)
        _require_shown(head.rule, within)
        stated = read_differences(record.signed)
        if not stated and head.differences:
            raise _Ends(ReplayOutcome.CANNOT_TELL, "its differences are not shown", "未出示其差异内容")
        then = Counter(map(_key, self._answers(head.rule, within, tables)))
        if not then:
            text = (f"{head.rule} finds nothing there", f"规则 {head.rule} 在所列事实中无发现")
            raise _Ends(ReplayOutcome.DOES_NOT_FOLLOW, *text)
        if then.total() != head.differences or Counter(stated) - then:
            raise _Ends(
                ReplayOutcome.DOES_NOT_FOLLOW,
                f"{head.rule} gives other differences or rests on other inputs than it states",
                f"规则 {head.rule} 得出的差异或依据与其所述不同",
            )
        try:
            _require_shown(head.rule, self._judged)
            return Counter(map(_key, self._answers(head.rule, self._judged, tables))) == then
        except _Ends:
            return None  # what came later is not all shown: of its snapshot it follows all the same

    @cached_property
    def _judged(self) -> list[_Leaf]:
        """Every record that counts in an open lane and that rules look at, in order."""
        bundle = self._bundle
        places: dict[tuple[bytes, bytes], tuple[int, int]] = {}
        for lane in bundle.lane_by_tag.values():
            if isinstance(lane, OpenLane):
                for index, leaf in enumerate(lane.leaves):
                    places[lane.tag, leaf.digest] = (leaf.batch, index)
        leaves = []
        for record in bundle.records:
            if self._standings[record.signed.record_id].not_counted is not None or not is_judged(record.signed.vct):
                continue
            for entry in record.entries:
                place = places.get((entry.tag, record.entry_digest(entry)))
                if place is not None:
                    leaves.append(_Leaf((place[0], entry.tag, place[1]), record))
        return sorted(leaves, key=lambda leaf: leaf.place)

    @cached_property
    def _opened(self) -> frozenset[tuple[bytes, bytes]]:
        """(Tag, entry digest) of every entry whose record is shown and withholds nothing that its standing rests on."""
        return frozenset(
            (entry.tag, record.entry_digest(entry))
            for record in self._bundle.records
            if not self._standings[record.signed.record_id].unread
            for entry in record.entries
        )

    def _as_of_snapshot(self, finding: ProvedRecord) -> list[_Leaf]:
        """The records of the snapshot's lanes that rules look at."""
        counts: dict[bytes, int] = {}
        for tag, (count, head) in read_snapshot(finding.signed).items():
            lane = self._bundle.lane_by_tag.get(tag)
            if not isinstance(lane, OpenLane):
                raise _Ends(ReplayOutcome.CANNOT_TELL, "a lane of its snapshot is not shown", "未出示快照中的某条链道")
            leaves = lane.leaves[:count]
            if len(leaves) < count or lane_head(leaves).hex() != head:
                raise _Ends(
                    ReplayOutcome.DOES_NOT_FOLLOW, "a lane never had the head that it names", "快照中的链道头不符"
                )
            if any((tag, leaf.digest) not in self._opened for leaf in leaves):
                raise _Ends(
                    ReplayOutcome.CANNOT_TELL, "an entry of its snapshot is not opened", "快照中有条目缺少对应记录"
                )
            counts[tag] = count
        batches = self._bundle.batch_by_index
        until = batches[min(entry.batch for entry in finding.entries)].timestamp - LEAVES_LATE_S
        for leaf in self._judged:
            batch, tag, index = leaf.place
            if index >= counts.get(tag, 0) and batches[batch].timestamp < until:
                name = leaf.signed.record_id
                raise _Ends(
                    ReplayOutcome.DOES_NOT_FOLLOW,
                    f"it left record {name} out, which was anchored long before",
                    f"快照遗漏了此前早已上链的记录 {name}",
                )
        return [leaf for leaf in self._judged if leaf.place[2] < counts.get(leaf.place[1], 0)]

    def _answers(self, rule: str, leaves: Sequence[_Leaf], tables: Tables) -> Iterable[Finding]:
        names = tuple(leaf.signed.record_id for leaf in leaves)
        joined = self._joined.get(names)
        if joined is None:
            joined = Case(join_records([read_signed(leaf.signed) for leaf in leaves]))
            self._joined[names] = joined
        case = Case(joined.consignment, tables)
        try:
            return [answer for answer in replay(rule, case) if isinstance(answer, Finding)]
        except RowNotShown as fault:
            raise _Ends(ReplayOutcome.CANNOT_TELL, str(fault), "所需的参考表行未出示") from None


def _takes_back(signed: SignedRecord) -> bool:
    """Whether a finding says that it takes one back, as far as that is shown."""
    values = signed.section("finding") if "finding" in signed.sections else ()
    return bool(values) and isinstance(values[0], dict) and values[0].get("state") == "withdrawn"


def _tables(signed: SignedRecord, head: FindingHead) -> Tables:
    """The tables as far as rows are shown; each row must stand under its root, and the roots under the pack's hash."""
    roots = head.table_roots
    if pack_digest(roots).hex() != head.pack:
        raise _Ends(
            ReplayOutcome.DOES_NOT_FOLLOW,
            "the pack's hash is not that of these rules and tables",
            "规则包哈希与规则及参考表不符",
        )
    rows = read_rows(signed)
    for row in rows:
        if row.kind not in roots or not row.stands_under(bytes.fromhex(roots[row.kind])):
            raise _Ends(ReplayOutcome.DOES_NOT_FOLLOW, "a table row is not of the table", "所示行不属于该参考表")
    if WORKING_DAYS not in roots:
        return NO_TABLES
    return Tables(working_days=ShownDays([row for row in rows if row.kind == WORKING_DAYS]), roots=roots)


def _require_shown(rule: str, leaves: Iterable[_Leaf]) -> None:
    """Ends unless every section which the rule selects, or joins records by, is shown."""
    form = FORMS[rule]
    types = frozenset().union(*(GROUP_TYPES[test["group"]] for test in form["tests"]))
    sections = JOINED_BY | {
        selection["path"].partition(".")[0] for test in form["tests"] for selection in test["select"].values()
    }
    for leaf in leaves:
        if leaf.signed.vct in types and (missing := read_signed(leaf.signed).withheld & sections):
            name = ", ".join(sorted(missing))
            raise _Ends(
                ReplayOutcome.CANNOT_TELL,
                f"{name} of record {leaf.signed.record_id} is not shown",
                f"未出示记录 {leaf.signed.record_id} 的 {name}",
            )


def _key(finding: Finding) -> DifferenceKey:
    inputs = sorted((item.record, as_line(item.field) or "", as_line(item.value) or "") for item in finding.inputs)
    numbers = (finding.declared, finding.computed, finding.delta, finding.tolerance)
    declared, computed, delta, tolerance = (as_line(item) or "" for item in numbers)
    return finding.rule, finding.severity, tuple(inputs), declared, computed, delta, tolerance
