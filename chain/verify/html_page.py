"""The report as one self-contained page: no script, no style and no image from elsewhere."""

from __future__ import annotations

import json
from html import escape

from chain.verify.checks import CHECKS
from chain.verify.context import time_text
from chain.verify.report import (
    MEANING,
    added_by_text,
    clean,
    coverage_of,
    grouped,
    header_word,
    said_by_text,
    speak,
    word,
)
from chain.verify.results import Answer, Report, Standing, Verdict

_STYLE = """
body{font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.4rem;border-left:.5rem solid;padding-left:.7rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{border-bottom:1px solid #ddd;padding:.35rem .5rem;text-align:left;vertical-align:top}
code,td.id{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}
.FAIL,.ERROR{color:#a11;font-weight:600}.SKIPPED{color:#8a5a00}.PASS{color:#1a6b3c}
section{border:1px solid #ddd;border-radius:.4rem;padding:.2rem 1rem;margin:1rem 0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
""".strip()


def page(report: Report, lang: str = "en") -> str:
    """The whole page; everything that came from a bundle is escaped."""
    colour = "#a11" if report.verdict.is_refuted else "#1a6b3c" if report.verdict is Verdict.VALID else "#8a5a00"
    about = f"{word(report.kind, lang)} {', '.join(report.subject)}" if report.kind else ""
    facts = [(word("subject", lang), about), (word("trust_root", lang), grouped(report.trust_root))]
    if report.header_number is not None and report.header_time is not None:
        facts.append((header_word(report, lang), f"{report.header_number} ({time_text(report.header_time)})"))
    if (coverage := coverage_of(report, lang)) is not None:
        facts.append(coverage)
    facts += [(word("remarks", lang), speak(remark, lang)) for remark in report.remarks]
    rows = "".join(f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in facts if value)
    records = "".join(_record(standing, lang) for standing in report.records)
    if report.receipts:
        fates = "".join(f"<li>{_text(speak(one.why, lang))}</li>" for one in report.receipts)
        records += f"<h2>{word('receipts', lang)}</h2><ul>{fates}</ul>"
    checks = "".join(_check(answer, lang) for answer in report.answers)
    shown_as = "claimed" if report.verdict.is_refuted else "records"
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{report.verdict.name}</title><style>{_STYLE}</style></head><body>"
        f'<h1 style="border-color:{colour}">{report.verdict.name} — {_text(speak(MEANING[report.verdict], lang))}</h1>'
        f"<table>{rows}</table><h2>{word(shown_as, lang)}</h2>{records}"
        f"<h2>{word('checks', lang)}</h2><table>{checks}</table></body></html>\n"
    )


def _record(standing: Standing, lang: str) -> str:
    facts = [
        (word("said_by", lang), said_by_text(standing, lang)),
        (word("anchored", lang), f"{standing.block}, {time_text(standing.anchored_at)}"),
        (word("by_gateway", lang), standing.gateway_member or standing.gateway),
    ]
    if (added_by := added_by_text(standing, lang)) is not None:
        facts.append((word("key_by", lang), added_by))
    if standing.not_counted is not None:
        facts.insert(0, (word("not_counted", lang), speak(standing.not_counted, lang)))
    facts += [(word("since", lang), speak(one, lang)) for one in standing.since]
    facts += [
        (word(name, lang), at) for name, at in (("amends", standing.amends), ("amended_by", standing.amended_by)) if at
    ]
    for name, values in standing.sections.items():
        facts.append((name, json.dumps(values if len(values) > 1 else values[0], ensure_ascii=False, indent=1)))
    if standing.withheld:
        facts.append((word("withheld", lang), ", ".join(standing.withheld)))
    rows = "".join(f"<tr><th>{_text(name)}</th><td><pre>{_lines(value)}</pre></td></tr>" for name, value in facts)
    return (
        f"<section><h3>{_text(standing.record_type)} <code>{_text(standing.record_id)}</code></h3>"
        f"<table>{rows}</table></section>"
    )


def _check(answer: Answer, lang: str) -> str:
    check = CHECKS[answer.number - 1]
    reasons = "".join(f"<br>{_text(speak(reason, lang))}" for reason in answer.reasons)
    return (
        f'<tr><td>{answer.number}</td><td class="{answer.outcome}">{answer.outcome}</td>'
        f"<td>{_text(speak(check.title, lang))} <small>({answer.name}, {check.promise})</small>{reasons}"
        f"<br><small>{_text(speak(check.meaning, lang))}</small></td></tr>"
    )


def _text(value: str) -> str:
    return escape(clean(value))


def _lines(value: str) -> str:
    return "\n".join(_text(line) for line in value.split("\n"))
