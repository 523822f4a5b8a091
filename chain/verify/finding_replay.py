"""Runs a governor's finding again from a consignment's bundle: whether it follows from what it says it looked at.

Steps: the finding counts and names this version's rule pack; every lane of its snapshot is shown and has the head that
it names; nothing that was anchored more than `LEAVES_LATE_S` before the finding is left out of it; the inputs are
selected here, from the lanes as of the snapshot, by the rule's own form; the rule gives the very differences that the
finding lists. What is not shown, or not known to this edition, is *cannot tell*, never an answer. A rule without the
data form is its signer's opinion, and is called that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from chain.encoding import Json
from chain.errors import TongguanError
from chain.proof.bundle import Bundle, ProvedRecord
from chain.proof.index_map import lane_head
from chain.proof.shown_lanes import OpenLane
from chain.rules.answers import Finding
from chain.rules.consignment import join_records
from chain.rules.opinions import as_line
from chain.rules.pack import RULES_VERSION, Case, pack_digest
from chain.rules.replayable import FORMS, replay
from chain.rules.signed_records import is_judged, read_signed
from chain.rules.table_rows import WORKING_DAYS, RowNotShown, ShownDays, ShownRow
from chain.rules.tables import NO_TABLES, Tables
from chain.sdjwt import SignedRecord
from chain.verify.results import Report, Said

FINDING_TYPE: Final = "audit.finding"
LEAVES_LATE_S: Final = 600
"""A desk may miss what was anchored so shortly before it spoke."""
GROUP_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "declaration": frozenset({"customs.declaration", "customs.status", "tax.assessment", "tax.payment"}),
    "carriage": frozenset({"customs.declaration", "customs.status", "logistics.transport_document"}),
    "assessment": frozenset({"customs.declaration", "customs.status", "tax.assessment", "tax.payment"}),
    "trade": frozenset({"customs.declaration", "tax.invoice"}),
}
"""Types of records that each group of the data form is made of."""
_JOINED_BY: Final = frozenset(
    {
        "references", "declaration", "status", "transport_document", "assessment", "tax_payment", "taxes", "invoice",
        "transport",
    }
)  # fmt: skip
"""Sections by which records are joined into groups."""


class ReplayOutcome(StrEnum):
    """What came of running a finding again."""

    FOLLOWS = "follows"
    DOES_NOT_FOLLOW = "does not follow"
    CANNOT_TELL = "cannot tell"
    OPINION = "signed opinion"
    """The rule has no data form: nobody can run it again, and who signed it answers for it."""
    WITHDRAWN = "withdrawn"
    """Its signer took it back, by it or by a later record."""


@dataclass(frozen=True)
class FindingVerdict:
    """What a finding is worth."""

    record: str
    issuer: str
    rule: str
    outcome: ReplayOutcome
    why: Said
    follows_now: bool | None = None
    """Whether the rule gives the same on all that the bundle shows; None where it was not run."""


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


def replay_finding(bundle: Bundle, report: Report, record_id: str) -> FindingVerdict:
    """What comes of running that finding again; `report` is the verifier's on this very bundle."""
    record = next((item for item in bundle.records if item.signed.record_id == record_id), None)
    issuer = "" if record is None else record.signed.iss
    head: dict[str, Any] = {}
    try:
        if record is None or record.signed.vct != FINDING_TYPE:
            raise _Ends(ReplayOutcome.CANNOT_TELL, "the bundle shows no such finding", "证明包未出示该差异发现")
        head = _object(record.signed, "finding")
        outcome, why, now = _run_again(bundle, report, record, head)
    except (KeyError, ValueError, TypeError) as fault:
        why = Said(f"the finding has another form than a finding: {fault!r}", f"差异发现格式有误：{fault!r}")
        return FindingVerdict(record_id, issuer, str(head.get("rule", "")), ReplayOutcome.DOES_NOT_FOLLOW, why)
    except _Ends as end:
        return FindingVerdict(record_id, issuer, str(head.get("rule", "")), end.outcome, end.said)
    return FindingVerdict(record_id, issuer, str(head.get("rule", "")), outcome, why, now)


def _run_again(
    bundle: Bundle, report: Report, record: ProvedRecord, head: Mapping[str, Any]
) -> tuple[ReplayOutcome, Said, bool]:
    _require_counted(report, record, head)
    rule = str(head["rule"])
    tables = _tables(record.signed, head)
    leaves = _leaves(bundle, report)
    within = _as_of_snapshot(bundle, record, leaves)
    _require_shown(rule, within)
    stated = _stated(record.signed, head)
    then = _answers(rule, within, tables)
    if not then:
        raise _Ends(ReplayOutcome.DOES_NOT_FOLLOW, f"{rule} finds nothing there", f"规则 {rule} 在所列事实中无发现")
    _compare(rule, head, stated, then)
    everything = [leaf for leaf in leaves if is_judged(leaf.signed.vct)]
    follows_now = Counter(map(_key, _answers(rule, everything, tables))) == Counter(map(_key, then))
    return ReplayOutcome.FOLLOWS, Said("the rule was run again on its snapshot", "已按其快照重新运行规则"), follows_now


def _require_counted(report: Report, record: ProvedRecord, head: Mapping[str, Any]) -> None:
    if report.verdict.is_refuted:
        raise _Ends(ReplayOutcome.CANNOT_TELL, "the bundle itself may not be relied on", "证明包本身不可采信")
    standing = next(item for item in report.records if item.record_id == record.signed.record_id)
    if standing.not_counted is not None:
        en, zh = standing.not_counted.en, standing.not_counted.zh
        raise _Ends(ReplayOutcome.DOES_NOT_FOLLOW, f"the finding does not count: {en}", f"该差异发现不计入：{zh}")
    if standing.amended_by is not None or head.get("state") == "withdrawn":
        raise _Ends(
            ReplayOutcome.WITHDRAWN,
            f"its signer replaced it by {standing.amended_by}" if standing.amended_by else "it takes a finding back",
            "签发方已更正或撤回该差异发现",
        )
    if str(head.get("version")) != RULES_VERSION:
        raise _Ends(
            ReplayOutcome.CANNOT_TELL, f"rules {head.get('version')} are not known here", "本程序不识该版本规则"
        )
    if str(head.get("rule")) not in FORMS:
        raise _Ends(ReplayOutcome.OPINION, "the rule has no data form", "该规则无数据形式，属签发方意见")


def _tables(signed: SignedRecord, head: Mapping[str, Any]) -> Tables:
    """The tables as far as rows are shown; each row must stand under its root, and the roots under the pack's hash."""
    roots = {str(item.get("kind")): str(item.get("root")) for item in _objects(head.get("tables"))}
    if pack_digest(roots).hex() != head.get("pack"):
        raise _Ends(
            ReplayOutcome.DOES_NOT_FOLLOW,
            "the pack's hash is not that of these rules and tables",
            "规则包哈希与规则及参考表不符",
        )
    rows = []
    for item in _section(signed, "rows"):
        path = tuple(bytes.fromhex(str(step)) for step in item.get("path", ()))
        cells = tuple(map(str, item["cells"]))
        row = ShownRow(str(item["kind"]), int(item["place"]), int(item["rows"]), cells, path)
        if row.kind not in roots or not row.stands_under(bytes.fromhex(roots[row.kind])):
            raise _Ends(ReplayOutcome.DOES_NOT_FOLLOW, "a table row is not of the table", "所示行不属于该参考表")
        rows.append(row)
    days = [row for row in rows if row.kind == WORKING_DAYS]
    if WORKING_DAYS in roots:
        return Tables(working_days=ShownDays(days), roots=roots)
    return NO_TABLES


def _leaves(bundle: Bundle, report: Report) -> list[_Leaf]:
    """Every record that counts in an open lane, in order."""
    dropped = {item.record_id for item in report.records if item.not_counted is not None}
    places: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for lane in bundle.lane_by_tag.values():
        if isinstance(lane, OpenLane):
            for index, leaf in enumerate(lane.leaves):
                places.setdefault((lane.tag, leaf.digest), (leaf.batch, index))
    leaves = []
    for record in bundle.records:
        for entry in record.entries:
            place = places.get((entry.tag, record.entry_digest(entry)))
            if place is not None and record.signed.record_id not in dropped:
                leaves.append(_Leaf((place[0], entry.tag, place[1]), record))
    return sorted(leaves, key=lambda leaf: leaf.place)


def _as_of_snapshot(bundle: Bundle, finding: ProvedRecord, leaves: Sequence[_Leaf]) -> list[_Leaf]:
    """The records of the snapshot's lanes that rules look at."""
    snapshot = _object(finding.signed, "snapshot")
    counts: dict[bytes, int] = {}
    for item in _objects(snapshot.get("lanes")):
        tag, count = bytes.fromhex(str(item["tag"])), int(item["count"])
        lane = bundle.lane_by_tag.get(tag)
        if not isinstance(lane, OpenLane):
            raise _Ends(ReplayOutcome.CANNOT_TELL, "a lane of its snapshot is not shown", "未出示快照中的某条链道")
        if count > len(lane.leaves) or lane_head(lane.leaves[:count]).hex() != item["head"]:
            raise _Ends(ReplayOutcome.DOES_NOT_FOLLOW, "a lane never had the head that it names", "快照中的链道头不符")
        counts[tag] = count
    until = bundle.batch_by_index[min(entry.batch for entry in finding.entries)].timestamp - LEAVES_LATE_S
    judged = [leaf for leaf in leaves if is_judged(leaf.signed.vct)]
    for leaf in judged:
        batch, tag, index = leaf.place
        is_left_out = index >= counts.get(tag, 0)
        if is_left_out and bundle.batch_by_index[batch].timestamp < until:
            name = leaf.signed.record_id
            raise _Ends(
                ReplayOutcome.DOES_NOT_FOLLOW,
                f"it left record {name} out, which was anchored long before",
                f"快照遗漏了此前早已上链的记录 {name}",
            )
    return [leaf for leaf in judged if leaf.place[2] < counts.get(leaf.place[1], 0)]


def _require_shown(rule: str, leaves: Sequence[_Leaf]) -> None:
    """That every section which the rule selects, or joins records by, is shown."""
    form = FORMS[rule]
    types = frozenset().union(*(GROUP_TYPES[test["group"]] for test in form["tests"]))
    sections = _JOINED_BY | {
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


def _answers(rule: str, leaves: Iterable[_Leaf], tables: Tables) -> list[Finding]:
    case = Case(join_records([read_signed(leaf.signed) for leaf in leaves]), tables)
    try:
        return [answer for answer in replay(rule, case) if isinstance(answer, Finding)]
    except RowNotShown as fault:
        raise _Ends(ReplayOutcome.CANNOT_TELL, str(fault), "所需的参考表行未出示") from None


_Key = tuple[str, str, tuple[tuple[str, str, str], ...], str, str, str, str]


def _key(finding: Finding) -> _Key:
    inputs = sorted((item.record, as_line(item.field) or "", as_line(item.value) or "") for item in finding.inputs)
    numbers = (finding.declared, finding.computed, finding.delta, finding.tolerance)
    declared, computed, delta, tolerance = (as_line(item) or "" for item in numbers)
    return finding.rule, finding.severity, tuple(inputs), declared, computed, delta, tolerance


def _stated(signed: SignedRecord, head: Mapping[str, Any]) -> list[_Key]:
    stated = []
    for item in _section(signed, "differences"):
        inputs = sorted(
            (str(field.get("record")), str(field.get("field")), str(field.get("value") or ""))
            for field in _objects(item.get("inputs"))
        )
        declared, computed, delta, tolerance = (
            str(item.get(name) or "") for name in ("declared", "computed", "delta", "tolerance")
        )
        name, severity = str(item.get("name")), str(item.get("severity"))
        stated.append((name, severity, tuple(inputs), declared, computed, delta, tolerance))
    if not stated and head.get("differences"):
        raise _Ends(ReplayOutcome.CANNOT_TELL, "its differences are not shown", "未出示其差异内容")
    return stated


def _compare(rule: str, head: Mapping[str, Any], stated: Sequence[_Key], then: Sequence[Finding]) -> None:
    computed = Counter(map(_key, then))
    if len(then) != head.get("differences") or Counter(stated) - computed:
        raise _Ends(
            ReplayOutcome.DOES_NOT_FOLLOW,
            f"{rule} gives other differences or rests on other inputs than it states",
            f"规则 {rule} 得出的差异或依据与其所述不同",
        )


def _section(signed: SignedRecord, name: str) -> list[dict[str, Any]]:
    if name in signed.sections and not signed.section(name):
        raise _Ends(ReplayOutcome.CANNOT_TELL, f"its section {name} is not shown", f"未出示其 {name} 部分")
    values = signed.section(name) if name in signed.sections else ()
    return _objects(values[0] if values else [])


def _object(signed: SignedRecord, name: str) -> dict[str, Any]:
    values = signed.section(name) if name in signed.sections else ()
    if not values or not isinstance(values[0], dict):
        raise _Ends(ReplayOutcome.CANNOT_TELL, f"its section {name} is not shown", f"未出示其 {name} 部分")
    return values[0]


def _objects(value: Json) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
