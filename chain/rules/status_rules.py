"""S01 to S03: what follows from the status machine: gaps and contradictions, competence, the two-step deadline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chain.rules.answers import Answer, Missing, Severity, finding
from chain.rules.customs_status import StatusRemark, asked_state
from chain.rules.frame import Case, agrees, beijing_day, days_between, not_run, rule

_REMARKS: Final[dict[str, tuple[Severity, str, str]]] = {
    "gap": (
        "I",
        "A step before {wanted} is not told; what is signed counts.",
        "{wanted} 之前缺少回执，以已签署者为准。",
    ),
    "late": (
        "I",
        "{wanted} was said when the declaration was {state}: it stays.",
        "申报处于 {state} 时收到 {wanted}，状态不变。",
    ),
    "lodged-again": (
        "I",
        "It was lodged again while {state}: it stays.",
        "申报处于 {state} 时再次申报，状态不变。",
    ),
    "re-examination": (
        "I",
        "{wanted} was said after release: the release stands, a re-examination is noted.",
        "放行后收到 {wanted}：放行有效，记为放行后复查。",
    ),
    "unknown-code": ("I", "The code {code} is in no list; the state stays.", "代码 {code} 不在代码表中，状态不变。"),
    "released-after-deletion": (
        "M",
        "The declaration was deleted before release, and then released.",
        "报关单在放行前已删除，其后又被放行。",
    ),
}
"""Kind of remark to severity and texts."""


@rule(
    "S01",
    "M",
    en="Customs' answers follow each other without gap and contradiction.",
    zh="海关回执前后衔接，无缺漏、无矛盾。",
    needs=("customs.status/status",),
)
def check_steps(case: Case) -> Iterator[Answer]:
    """Every remark of the status machine; a missing step is information."""
    for declaration in case.consignment.declarations:
        remarks = [one for one in declaration.status.remarks if one.kind in _REMARKS]
        for remark in remarks:
            yield _told(remark)
        if not remarks and declaration.answers:
            yield agrees("S01", *(step.word.record for step in declaration.status.steps))


def _told(remark: StatusRemark) -> Answer:
    severity, text, text_zh = _REMARKS[remark.kind]
    wanted = asked_state(remark.word)
    facts = {"wanted": wanted, "state": remark.state or "not lodged", "code": remark.word.code}
    since = [(remark.since.record, "status.state", remark.state)] if remark.since else []
    return finding(
        f"S01-{remark.kind}",
        severity,
        text.format_map(facts),
        text_zh.format_map(facts),
        [*since, (remark.word.record, "status.state", wanted or remark.word.code)],
        declared=wanted or remark.word.code,
        computed=remark.state,
    )


@rule(
    "S02",
    "H",
    en="Only the declaration's own office, that of entry, or one linked by transit speaks of it.",
    zh="仅申报地、进出境地或转关关联海关可就该报关单作出答复。",
    needs=("customs.status/status", "customs.declaration/declaration"),
)
def check_competence(case: Case) -> Iterator[Answer]:
    """An answer of another office, or of a member that does not speak for the office, moves nothing."""
    by_id = {record.id: record for record in case.consignment.records}
    for declaration in case.consignment.declarations:
        head = declaration.current.head
        own = ", ".join(dict.fromkeys(office for office in (head.office, head.border_office) if office))
        for step in declaration.status.steps:
            answer = by_id[step.word.record]
            if answer.type != "customs.status":
                continue
            if step.word.competent:
                if answer.head.office and own:
                    yield agrees("S02", declaration.current.id, answer.id)
                continue
            office = answer.head.office or "no office named"
            yield finding(
                "S02-not-competent",
                "H",
                f"{office} ({answer.issuer}) is not competent for a declaration of {own}: its answer moves nothing.",
                f"{office}（{answer.issuer}）对 {own} 的报关单无管辖权，其答复不改变状态。",
                [(answer.id, "status.office", office), (declaration.current.id, "declaration.office", own)],
                declared=office,
                computed=own,
            )


@rule(
    "S03",
    "M",
    en="A summary declaration is completed within 14 days of entry.",
    zh="概要申报自运输工具申报进境之日起 14 日内完成完整申报。",
    needs=("customs.declaration/declaration",),
)
def check_two_steps(case: Case) -> Iterator[Answer]:
    """两步申报: days from entry to the lodging of the complete declaration."""
    for declaration in case.consignment.declarations:
        summaries = [one for one in declaration.versions if _stage(one.head.stage, one.head.form) == "summary"]
        if not summaries:
            continue
        complete = [one for one in declaration.versions if _stage(one.head.stage, one.head.form) == "complete"]
        first = summaries[0]
        if not complete:
            yield not_run("S03", Missing.TIME, "the complete declaration is not lodged yet", "尚未完整申报")
            continue
        entered = (first.transport.crossed_on if first.transport else "") or beijing_day(first.time)
        completed = beijing_day(complete[0].time)
        days = days_between(entered, completed)
        if days <= case.parameters.complete_within_days:
            yield agrees("S03", first.id, complete[0].id)
            continue
        yield finding(
            "S03-completed-late",
            "M",
            f"The declaration was completed {days} days after entry.",
            f"完整申报在进境 {days} 天后提交。",
            [(first.id, "transport.crossed_on", entered), (complete[0].id, "declaration.lodged", completed)],
            declared=completed,
            computed=entered,
            tolerance=f"{case.parameters.complete_within_days} d",
        )


def _stage(stage: str, form: str) -> str:
    return stage or {"5": "summary", "6": "complete"}.get(form[2:3], "")
