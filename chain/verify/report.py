"""The report for people (zh, en) and for machines (JSON). Pure: a `Report` in, text out."""

from __future__ import annotations

import json
from operator import itemgetter

from chain.encoding import Json
from chain.members import AddedBy, Role
from chain.verify.checks import CHECKS
from chain.verify.context import time_text
from chain.verify.erasures import erased_members, erased_text
from chain.verify.histories import HistoriesReport
from chain.verify.results import Answer, FindingStanding, Outcome, ReplayOutcome, Report, Said, Standing, Verdict
from chain.verify.value_rows import value_rows
from chain.verify.words import field_word, type_word

HISTORIES_REPORT_FORMAT = "tongguan-two-histories-report/1"
_WITNESSED = 17
"""Number of the check that tells what outsiders saw."""
REPORT_FORMAT = "tongguan-report/2"

MEANING: dict[Verdict, Said] = {
    Verdict.VALID: Said("All that was asked holds.", "所问各项均成立。"),
    Verdict.NO_VERDICT: Said(
        "No answer: not a bundle, another consortium's, bad usage, or the verifier itself failed.",
        "无法得出结论：不是证明包、属于其他联盟、用法有误，或验证程序自身出错。",
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
    "record_id": Said("record number", "记录编号"),
    "consignment": Said("consignment", "整票货物"),
    "finding": Said("finding", "差异发现"),
    "single-use": Said("invoice number", "发票号码"),
    "findings": Said("Findings, each run again", "差异发现（均已重新运行）"),
    "no_longer": Said("no longer follows: facts came later", "现已不再成立：此后有新事实"),
    "trust_root": Said("Trust root", "信任根"),
    "header": Said("Proved under block", "证明所在区块"),
    "header_claimed": Said("Claims to be of block, NOT proved", "自称所在区块，未获证明"),
    "complete": Said("Complete as of block", "完整至区块"),
    "covered": Said("The checkpoint covers all up to block", "检查点涵盖至区块"),
    "outsiders": Said("What outsiders saw", "外部见证"),
    "cosigned_by": Said("Cosigned by", "见证人"),
    "stamped_by": Said("Existed by, says the time-stamp authority", "时间戳机构证明当时已存在"),
    "votes": Said("attested by", "作证治理成员数"),
    "dissent": Said("dissent", "异议"),
    "remarks": Said("Note", "注意"),
    "records": Said("Records", "记录"),
    "receipts": Said("Receipts", "回执"),
    "claimed": Said("Claimed by the bundle, NOT proved", "证明包所称，未获证明"),
    "said_by": Said("said by", "签发者"),
    "own_clock": Said("by its own clock", "签发者自报时间"),
    "allowed_by": Said("in the role of", "以何角色"),
    "governor": Said("governor", "治理成员"),
    "anchored": Said("anchored in block", "上链区块"),
    "by_gateway": Said("by gateway", "网关"),
    "key_by": Said("key registered by", "密钥登记者"),
    "withheld": Said("withheld", "未披露"),
    "erased": Said("erased", "已删除"),
    "withheld_in": Said("Records of which some sections are withheld", "含未披露部分的记录数"),
    "not_counted": Said("NOT COUNTED", "不计入"),
    "counts": Said("counts", "计入"),
    "withdrawn": Said("withdrawn since", "已被撤回"),
    "replaced": Said("replaced since", "已被更正"),
    "amends": Said("amends", "更正"),
    "amended_by": Said("replaced by", "已被更正为"),
    "withdrawn_by": Said("withdrawn by", "已被撤回"),
    "since": Said("since then", "此后"),
    "checks": Said("Checks", "检查"),
}
_NOT_NAMED = Said(
    "As 0, but no record that counts names a --document.", "同 0，但没有有效记录提及 --document 所指文件。"
)
_ADDED_BY = {
    AddedBy.MEMBER: Said("the member", "成员本身"),
    AddedBy.SPONSOR: Said("its sponsor", "担保成员"),
    AddedBy.GOVERNORS: Said("the governors' vote", "治理成员投票"),
}
_ROLES = {
    Role.BROKER: Said("customs broker", "报关企业"),
    Role.TRADER: Said("trader", "收发货人"),
    Role.CUSTOMS: Said("customs", "海关"),
    Role.CARRIER: Said("carrier", "承运人"),
    Role.TERMINAL: Said("terminal", "场站"),
    Role.BANK: Said("bank", "银行"),
    Role.TAX: Said("tax office", "税务机关"),
    Role.REGULATOR: Said("regulator", "监管机构"),
    Role.AUDITOR: Said("auditor", "审计方"),
    Role.GATEWAY: Said("gateway", "网关运营方"),
}
_REPLAY = {
    ReplayOutcome.FOLLOWS: Said("FOLLOWS", "成立"),
    ReplayOutcome.DOES_NOT_FOLLOW: Said("DOES NOT FOLLOW", "不成立"),
    ReplayOutcome.CANNOT_TELL: Said("CANNOT TELL", "无法判定"),
    ReplayOutcome.OPINION: Said("SIGNED OPINION", "签发方意见"),
    ReplayOutcome.AMENDED: Said("REPLACED BY ITS SIGNER", "已被签发方更正"),
    ReplayOutcome.WITHDRAWN: Said("WITHDRAWN BY ITS SIGNER", "已被签发方撤回"),
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
    lines += [f"{name}: {clean(value)}" for name, value in summary(report, lang)]
    if report.records:
        lines += ["", f"{word('claimed' if report.verdict.is_refuted else 'records', lang)}:"]
    for standing in report.records:
        lines += ["", *_standing_lines(standing, lang)]
    if report.receipts:
        lines += ["", f"{word('claimed' if report.verdict.is_refuted else 'receipts', lang)}:"]
    lines += [f"• {clean(speak(one.why, lang))}" for one in report.receipts]
    if report.findings:
        lines += ["", f"{word('claimed' if report.verdict.is_refuted else 'findings', lang)}:"]
    lines += [f"• {clean(finding_text(finding, lang))}" for finding in report.findings]
    lines += ["", f"{word('checks', lang)}:"]
    for answer in report.answers:
        lines += _answer_lines(answer, lang)
    return "\n".join(lines) + "\n"


def summary(report: Report, lang: str) -> list[tuple[str, str]]:
    """What stands at the head of every form of the report: names and values."""
    facts = []
    if report.kind:
        facts.append((word("subject", lang), f"{word(report.kind, lang)} {', '.join(report.subject)}"))
    if len(report.verdicts) > 1:
        facts += [(f"    {name}", verdict.name) for name, verdict in report.verdicts.items()]
    facts.append((word("trust_root", lang), grouped(report.trust_root)))
    if report.header_number is not None and report.header_time is not None:
        facts.append((header_word(report, lang), f"{report.header_number} ({time_text(report.header_time)})"))
    if (coverage := coverage_of(report, lang)) is not None:
        facts.append(coverage)
    facts += outsiders(report, lang)
    if said := _count_withheld(report):
        facts.append((word("withheld_in", lang), f"{said} / {len(report.records)}"))
    facts += [(word("remarks", lang), speak(remark, lang)) for remark in report.remarks]
    return facts


def outsiders(report: Report, lang: str) -> list[tuple[str, str]]:
    """What outsiders saw, or that none were asked for; nothing where the chain itself is not believed."""
    if report.verdict.is_refuted or not report.answers:
        return []
    if not report.cosigned_by:
        asked = report.answers[_WITNESSED - 1].reasons
        return [(word("outsiders", lang), speak(reason, lang)) for reason in asked[:1]]
    facts = [(word("cosigned_by", lang), f"{one.name} ({time_text(one.time)})") for one in report.cosigned_by]
    return facts + [(word("stamped_by", lang), f"{one.name} ({time_text(one.time)})") for one in report.stamped_by]


def record_facts(standing: Standing, lang: str) -> list[tuple[str, str]]:
    """Who said a record, when, by which key, and what became of it: names and values."""
    facts = [
        (word("record_id", lang), standing.record_id),
        (word("said_by", lang), said_by_text(standing, lang)),
        (word("allowed_by", lang), role_text(standing, lang)),
        (word("anchored", lang), f"{standing.block}, {time_text(standing.anchored_at)}"),
        (word("by_gateway", lang), standing.gateway_member or standing.gateway),
    ]
    if standing.not_counted is not None:
        facts.insert(0, (word("not_counted", lang), speak(standing.not_counted, lang)))
    facts.append((word("key_by", lang), added_by_text(standing, lang) or ""))
    facts += [(word("since", lang), speak(one, lang)) for one in standing.since]
    facts.append((word("amends", lang), standing.amends or ""))
    if standing.amended_by is not None:
        facts.append((word("withdrawn_by" if standing.withdrawn else "amended_by", lang), standing.amended_by))
    if withheld := [name for name in standing.withheld if name not in standing.erased]:
        facts.append((word("withheld", lang), ", ".join(field_word(name, lang) for name in withheld)))
    facts += [
        (word("erased", lang), erased_text(field_word(name, lang), by, lang)) for name, by in standing.erased.items()
    ]
    return [(name, value) for name, value in facts if value]


def role_text(standing: Standing, lang: str) -> str:
    """In which role its issuer might say it then; empty where that was not found out, or it might not."""
    roles = [speak(said, lang) for role, said in _ROLES.items() if role & standing.allowed_by]
    if roles and standing.is_governors:
        roles.append(word("governor", lang))
    return ", ".join(roles)


def finding_text(finding: FindingStanding, lang: str) -> str:
    """What came of running one finding again, in a line."""
    now = f"; {word('no_longer', lang)}" if finding.follows_now is False else ""
    outcome = speak(_REPLAY[finding.outcome], lang)
    return f"{finding.rule or '–'} {outcome}: {speak(finding.why, lang)}{now} ({finding.issuer}, {finding.record})"


def state_of(standing: Standing, lang: str) -> str:
    """In a word whether a record counts, and whether it still stands."""
    if standing.not_counted is not None:
        return word("not_counted", lang)
    if standing.withdrawn:
        return word("withdrawn", lang)
    return word("counts", lang) if standing.amended_by is None else word("replaced", lang)


def outcome_word(outcome: Outcome, lang: str) -> str:
    """What became of a check, in that language."""
    return _OUTCOME_ZH[outcome] if lang == "zh" else str(outcome)


def exit_codes(lang: str) -> str:
    """The table of exit codes, a line each."""
    rows = [(int(verdict), verdict.name, meaning) for verdict, meaning in MEANING.items()]
    rows.append((1, Verdict.VALID.name, _NOT_NAMED))
    return "".join(
        f"{code:>3}  {name:<16} {speak(meaning, lang)}\n" for code, name, meaning in sorted(rows, key=itemgetter(0))
    )


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
        "cosigned_by": [{"name": one.name, "time": one.time} for one in report.cosigned_by],
        "stamped_by": [{"name": one.name, "time": one.time} for one in report.stamped_by],
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
        "findings": [
            {
                "record_id": finding.record,
                "issuer": finding.issuer,
                "rule": finding.rule,
                "outcome": str(finding.outcome),
                "why": _said_members(finding.why),
                "follows_now": finding.follows_now,
            }
            for finding in report.findings
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def histories_text(judged: HistoriesReport, lang: str) -> str:
    """What became of a proof of two histories, as plain text."""
    lines = [speak(judged.summary, lang), *(f"• {clean(speak(line, lang))}" for line in judged.lines)]
    return "\n".join(lines) + "\n"


def histories_json(judged: HistoriesReport) -> str:
    """The same as JSON."""
    value: Json = {
        "format": HISTORIES_REPORT_FORMAT,
        "holds": judged.holds,
        "summary": _said_members(judged.summary),
        "lines": [_said_members(line) for line in judged.lines],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def clean(line: str) -> str:
    """One line of text in which control and bidirectional marks from a bundle are made visible."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line)


def grouped(fingerprint: str) -> str:
    """The first half of a fingerprint in groups of four, as it is printed and compared."""
    return " ".join(fingerprint[start : start + 4] for start in range(0, 32, 4))


def _standing_lines(standing: Standing, lang: str) -> list[str]:
    lines = [f"• {type_word(standing.record_type, lang)} ({standing.record_type})"]
    lines += [f"    {name}: {clean(value)}" for name, value in record_facts(standing, lang)]
    for row in value_rows(standing.sections, lang):
        lines.append(f"    {'  ' * row.depth}{clean(row.label)}: {clean(row.text)}".rstrip(" :"))
    return lines


def _count_withheld(report: Report) -> int:
    return sum(1 for standing in report.records if standing.withheld)


def _answer_lines(answer: Answer, lang: str) -> list[str]:
    check = CHECKS[answer.number - 1]
    outcome = outcome_word(answer.outcome, lang)
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
        "allowed_by": [role.name or "" for role in Role if role & standing.allowed_by],
        "issuer_is_governor": standing.is_governors,
        "key_added_by": None if standing.added_by is None else standing.added_by.name,
        "counted": standing.not_counted is None,
        "not_counted": None if standing.not_counted is None else _said_members(standing.not_counted),
        "since": [_said_members(one) for one in standing.since],
        "amends": standing.amends,
        "amended_by": standing.amended_by,
        "withdrawn": standing.withdrawn,
        "ucrs": [*standing.ucrs],
        "withheld": [*standing.withheld],
        "erased": erased_members(standing),
        "sections": {name: [*values] for name, values in standing.sections.items()},
    }


def _said_members(said: Said) -> Json:
    return {"en": said.en, "zh": said.zh}
