"""The report for people (zh, en) and for machines (JSON). Pure: a `Report` in, text out."""

from __future__ import annotations

import json

from chain.encoding import Json
from chain.members import AddedBy
from chain.verify.checks import CHECKS
from chain.verify.context import time_text
from chain.verify.results import Answer, Outcome, Report, Said, Standing, Verdict

REPORT_FORMAT = "tongguan-report/2"
LANGUAGES = ("zh", "en")
VALUE_CHARS_SHOWN = 240
"""Most characters of one section's values in the text report; `--json` has all."""

MEANING: dict[Verdict, Said] = {
    Verdict.VALID: Said("All that was asked holds.", "所问各项均成立。"),
    Verdict.NO_VERDICT: Said(
        "Nothing can be said of it: the verifier itself failed.", "无法得出结论：验证程序自身出错。"
    ),
    Verdict.UNTRUSTED_CHAIN: Said("Not sealed by the chain that the trust root names.", "并非由信任根所指的链签封。"),
    Verdict.INVALID: Said("Do not rely on it: something shown does not hold.", "不可采信：所示内容有不成立之处。"),
    Verdict.OTHER_SUBJECT: Said("It is about something else than was asked for.", "其对象并非所要求的对象。"),
    Verdict.ENTRIES_MISSING: Said(
        "Nothing shown is false, but not all that belongs to it is shown.", "所示内容无误，但未出示全部应有内容。"
    ),
    Verdict.UNWITNESSED: Said("Not enough witnesses cosigned the checkpoint.", "检查点的见证签名不足。"),
    Verdict.NOT_COVERED: Said(
        "Anchored, but not covered by a checkpoint as new as was asked for.", "已上链，但尚无足够新的检查点涵盖。"
    ),
    Verdict.CANNOT_TELL: Said(
        "Nothing shown is false, but a check needs what is withheld.", "所示内容无误，但某项检查需要未披露的内容。"
    ),
    Verdict.REUSED: Said("The number was used in more than one consignment.", "该编号用于多票货物。"),
    Verdict.UNPROVEN: Said("Single use could not be proved.", "无法证明仅使用一次。"),
    Verdict.CONTESTED: Said("Its key is contested by its own member.", "其密钥正被所属成员申报泄露。"),
    Verdict.COMPROMISED: Said("Its key is declared compromised since before.", "其密钥被声明在此之前已泄露。"),
    Verdict.REVOKED_SINCE: Said(
        "True when made; a key or member was revoked or suspended since.", "当时属实，此后密钥或成员被撤销或暂停。"
    ),
    Verdict.AMENDED: Said("True when made, replaced by a newer record since.", "当时属实，此后已被新记录更正。"),
    Verdict.WITHDRAWN: Said("True when made, withdrawn by its issuer since.", "当时属实，此后已被签发者撤回。"),
}

_WORDS: dict[str, Said] = {
    "verdict": Said("Verdict", "结论"),
    "subject": Said("About", "对象"),
    "record": Said("record", "单条记录"),
    "consignment": Said("consignment", "整票货物"),
    "trust_root": Said("Trust root", "信任根"),
    "header": Said("Proved under block", "证明所在区块"),
    "header_claimed": Said("Claims to be of block, NOT proved", "自称所在区块，未获证明"),
    "complete": Said("Complete as of block", "完整至区块"),
    "covered": Said("The checkpoint covers all up to block", "检查点涵盖至区块"),
    "votes": Said("attested by", "作证治理成员数"),
    "dissent": Said("dissent", "异议"),
    "remarks": Said("Note", "注意"),
    "records": Said("Records", "记录"),
    "receipts": Said("Receipts", "回执"),
    "claimed": Said("Claimed by the bundle, NOT proved", "证明包所称，未获证明"),
    "said_by": Said("said by", "签发者"),
    "own_clock": Said("by its own clock", "签发者自报时间"),
    "anchored": Said("anchored in block", "上链区块"),
    "by_gateway": Said("by gateway", "网关"),
    "key_by": Said("key registered by", "密钥登记者"),
    "withheld": Said("withheld", "未披露"),
    "not_counted": Said("NOT COUNTED", "不计入"),
    "amends": Said("amends", "更正"),
    "amended_by": Said("replaced by", "已被更正为"),
    "withdrawn_by": Said("withdrawn by", "已被撤回"),
    "since": Said("since then", "此后"),
    "checks": Said("Checks", "检查"),
}
_ADDED_BY = {
    AddedBy.MEMBER: Said("the member", "成员本身"),
    AddedBy.SPONSOR: Said("its sponsor", "担保成员"),
    AddedBy.GOVERNORS: Said("the governors' vote", "治理成员投票"),
}
_OUTCOME_ZH = {Outcome.PASS: "通过", Outcome.FAIL: "不通过", Outcome.ERROR: "出错", Outcome.SKIPPED: "未查"}


def speak(said: Said, lang: str) -> str:
    """The sentence in that language."""
    return said.zh if lang == "zh" else said.en


def word(name: str, lang: str) -> str:
    """A word of the report in that language."""
    return speak(_WORDS[name], lang)


def text(report: Report, lang: str = "en") -> str:
    """The report as plain text: the verdict first, then who said what, then every check."""
    lines = [f"{word('verdict', lang)}: {report.verdict.name} — {speak(MEANING[report.verdict], lang)}"]
    if report.kind:
        lines.append(f"{word('subject', lang)}: {word(report.kind, lang)} {', '.join(report.subject)}")
    if len(report.verdicts) > 1:
        lines += [f"    {name}: {verdict.name}" for name, verdict in report.verdicts.items()]
    lines.append(f"{word('trust_root', lang)}: {grouped(report.trust_root)}")
    if report.header_number is not None and report.header_time is not None:
        lines.append(f"{header_word(report, lang)}: {report.header_number} ({time_text(report.header_time)})")
    if (coverage := coverage_of(report, lang)) is not None:
        lines.append(": ".join(coverage))
    lines += [f"{word('remarks', lang)}: {clean(speak(remark, lang))}" for remark in report.remarks]
    if report.records:
        lines += ["", f"{word('claimed' if report.verdict.is_refuted else 'records', lang)}:"]
    for standing in report.records:
        lines += ["", *_standing_lines(standing, lang)]
    if report.receipts:
        lines += ["", f"{word('claimed' if report.verdict.is_refuted else 'receipts', lang)}:"]
    lines += [f"• {clean(speak(one.why, lang))}" for one in report.receipts]
    lines += ["", f"{word('checks', lang)}:"]
    for answer in report.answers:
        lines += _answer_lines(answer, lang)
    return "\n".join(lines) + "\n"


def header_word(report: Report, lang: str) -> str:
    """What the header's block may be called: under an untrusted chain nothing is proved by it."""
    return word("header" if report.verdict is not Verdict.UNTRUSTED_CHAIN else "header_claimed", lang)


def said_by_text(standing: Standing, lang: str) -> str:
    """Who said it and when by its own word: a reader must not take that time for the proved one."""
    return f"{standing.issuer}, {time_text(standing.issued_at)} ({word('own_clock', lang)})"


def added_by_text(standing: Standing, lang: str) -> str | None:
    """Who put the issuer's key into the registry; None where that is not known."""
    return None if standing.added_by is None else speak(_ADDED_BY[standing.added_by], lang)


def coverage_of(report: Report, lang: str) -> tuple[str, str] | None:
    """Up to which block nothing is missing, as a name and a value; None where no checkpoint is proved."""
    if report.covered_until_block is None or report.verdict.is_refuted:
        return None
    votes = f"{word('votes', lang)} {report.votes}, {word('dissent', lang)} {report.dissent}"
    name = word("complete" if report.is_complete else "covered", lang)
    return name, f"{report.covered_until_block} ({votes})"


def to_json(report: Report) -> str:
    """The report as JSON, one object, stable member names."""
    value: dict[str, Json] = {
        "format": REPORT_FORMAT,
        "verdict": report.verdict.name,
        "kind": report.kind,
        "subject": [*report.subject],
        "verdicts": {name: verdict.name for name, verdict in report.verdicts.items()},
        "trust_root": report.trust_root,
        "header_number": report.header_number,
        "header_time": report.header_time,
        "is_complete": report.is_complete,
        "covered_until_block": report.covered_until_block,
        "pending": report.pending,
        "covered_batches": report.covered_batches,
        "checkpoint_block": report.checkpoint_block,
        "votes": report.votes,
        "dissent": report.dissent,
        "remarks": [_said_members(remark) for remark in report.remarks],
        "checks": [
            {
                "number": answer.number,
                "name": answer.name,
                "promise": CHECKS[answer.number - 1].promise,
                "outcome": str(answer.outcome),
                "verdict": answer.verdict.name,
                "reasons": [_said_members(reason) for reason in answer.reasons],
            }
            for answer in report.answers
        ],
        "records": [_standing_members(standing) for standing in report.records],
        "receipts": [
            {"record_id": one.record_id, "fate": str(one.fate), "why": _said_members(one.why)}
            for one in report.receipts
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def clean(line: str) -> str:
    """One line of text in which control and bidirectional marks from a bundle are made visible."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line)


def grouped(fingerprint: str) -> str:
    """The first half of a fingerprint in groups of four, as it is printed and compared."""
    return " ".join(fingerprint[start : start + 4] for start in range(0, 32, 4))


def _standing_lines(standing: Standing, lang: str) -> list[str]:
    head = f"• {standing.record_type}  {standing.record_id}"
    if standing.not_counted is not None:
        head += f"  [{word('not_counted', lang)}: {clean(speak(standing.not_counted, lang))}]"
    gateway = f"{word('by_gateway', lang)} {standing.gateway_member or standing.gateway}"
    lines = [
        head,
        f"    {word('said_by', lang)} {said_by_text(standing, lang)}",
        f"    {word('anchored', lang)} {standing.block}, {time_text(standing.anchored_at)}, {gateway}",
    ]
    if (added_by := added_by_text(standing, lang)) is not None:
        lines.append(f"    {word('key_by', lang)} {added_by}")
    lines += [f"    {word('since', lang)}: {clean(speak(one, lang))}" for one in standing.since]
    if standing.amends is not None:
        lines.append(f"    {word('amends', lang)} {standing.amends}")
    if standing.amended_by is not None:
        replaced = "withdrawn_by" if standing.withdrawn else "amended_by"
        lines.append(f"    {word(replaced, lang)} {standing.amended_by}")
    for name, values in standing.sections.items():
        shown = json.dumps(values if len(values) > 1 else values[0], ensure_ascii=False)
        if len(shown) > VALUE_CHARS_SHOWN:
            shown = shown[: VALUE_CHARS_SHOWN - 1] + "…"
        lines.append(f"    {name}: {clean(shown)}")
    if standing.withheld:
        lines.append(f"    {word('withheld', lang)}: {', '.join(standing.withheld)}")
    return lines


def _answer_lines(answer: Answer, lang: str) -> list[str]:
    check = CHECKS[answer.number - 1]
    outcome = _OUTCOME_ZH[answer.outcome] if lang == "zh" else str(answer.outcome)
    line = f"  {answer.number:>2} {outcome:<7} {speak(check.title, lang)} ({answer.name}, {check.promise})"
    return [line, *(f"       {clean(speak(reason, lang))}" for reason in answer.reasons)]


def _standing_members(standing: Standing) -> Json:
    return {
        "record_id": standing.record_id,
        "type": standing.record_type,
        "issuer": standing.issuer,
        "issued_at": standing.issued_at,
        "batch": standing.batch,
        "block": standing.block,
        "anchored_at": standing.anchored_at,
        "gateway": standing.gateway,
        "gateway_member": standing.gateway_member,
        "key_added_by": None if standing.added_by is None else standing.added_by.name,
        "counted": standing.not_counted is None,
        "not_counted": None if standing.not_counted is None else _said_members(standing.not_counted),
        "since": [_said_members(one) for one in standing.since],
        "amends": standing.amends,
        "amended_by": standing.amended_by,
        "withdrawn": standing.withdrawn,
        "ucrs": [*standing.ucrs],
        "withheld": [*standing.withheld],
        "sections": {name: [*values] for name, values in standing.sections.items()},
    }


def _said_members(said: Said) -> Json:
    return {"en": said.en, "zh": said.zh}
