"""The report as one self-contained page to read and to print: no script, no style and no image from elsewhere.

Printed, the answer stands on the first page and each record on at most one of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from chain.verify.checks import CHECKS
from chain.verify.context import time_text
from chain.verify.report import (
    MEANING,
    clean,
    finding_text,
    outcome_word,
    record_facts,
    speak,
    state_of,
    summary,
    word,
)
from chain.verify.results import Answer, Report, Standing, Verdict
from chain.verify.value_rows import value_rows
from chain.verify.words import type_word

LIST_ROWS_MAX = 40
"""Of the list on the first page."""
_STYLE = """
body{font:15px/1.45 system-ui,"Noto Sans CJK SC",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.4rem;border-left:.5rem solid;padding-left:.7rem}
h2{font-size:1.15rem}h3{font-size:1.05rem;margin:.6rem 0 .2rem}
table{border-collapse:collapse;width:100%;margin:.4rem 0}
th,td{border-bottom:1px solid #ddd;padding:.15rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{width:32%;font-weight:500;color:#444}
code{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}
.FAIL,.ERROR{color:#a11;font-weight:600}.SKIPPED{color:#8a5a00}.PASS{color:#1a6b3c}
section{border:1px solid #ddd;border-radius:.4rem;padding:.2rem 1rem;margin:1rem 0}
@page{size:A4;margin:14mm}
@media print{
body{font-size:9.5pt;line-height:1.25;margin:0;max-width:none;padding:0}
section{break-before:page;break-inside:avoid;border:0;padding:0;margin:0}
h2.checks{break-before:page}
td,th{padding:.05rem .3rem}
tr{break-inside:avoid}
}
""".strip()


def page(report: Report, lang: str = "en") -> str:
    """The whole page; everything that came from a bundle is escaped."""
    colour = "#a11" if report.verdict.is_refuted else "#1a6b3c" if report.verdict is Verdict.VALID else "#8a5a00"
    records = "".join(_record(standing, lang) for standing in report.records)
    if report.receipts:
        fates = "".join(f"<li>{_text(speak(one.why, lang))}</li>" for one in report.receipts)
        records += f"<h2>{word('receipts', lang)}</h2><ul>{fates}</ul>"
    if report.findings:
        lines = "".join(f"<li>{_text(finding_text(finding, lang))}</li>" for finding in report.findings)
        records += f"<h2>{word('findings', lang)}</h2><ul>{lines}</ul>"
    checks = "".join(_check(answer, lang) for answer in report.answers)
    shown_as = "claimed" if report.verdict.is_refuted else "records"
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{report.verdict.name}</title><style>{_STYLE}</style></head><body>"
        f'<h1 style="border-color:{colour}">{report.verdict.name} — {_text(speak(MEANING[report.verdict], lang))}</h1>'
        f"<table>{_facts(summary(report, lang))}</table><h2>{word(shown_as, lang)}</h2>"
        f'<table class="list">{_list(report, lang)}</table>{records}'
        f'<h2 class="checks">{word("checks", lang)}</h2><table>{checks}</table></body></html>\n'
    )


def _list(report: Report, lang: str) -> str:
    """Who said what and when, a line a record, for the first page."""
    return "".join(
        f"<tr><td>{place}</td><td>{_text(type_word(standing.record_type, lang))}</td><td>{_text(standing.issuer)}</td>"
        f"<td>{_text(time_text(standing.anchored_at))}</td><td>{_text(state_of(standing, lang))}</td></tr>"
        for place, standing in enumerate(report.records[:LIST_ROWS_MAX], start=1)
    )


def _record(standing: Standing, lang: str) -> str:
    rows = "".join(
        f'<tr><th style="padding-left:{0.3 + row.depth:.1f}rem">{_text(row.label)}</th><td>{_text(row.text)}</td></tr>'
        for row in value_rows(standing.sections, lang)
    )
    return (
        f"<section><h3>{_text(type_word(standing.record_type, lang))} <code>{_text(standing.record_type)}</code></h3>"
        f"<table>{_facts(record_facts(standing, lang))}</table>"
        f"<table>{rows}</table></section>"
    )


def _check(answer: Answer, lang: str) -> str:
    check = CHECKS[answer.number - 1]
    reasons = "".join(f"<br>{_text(speak(reason, lang))}" for reason in answer.reasons)
    return (
        f'<tr><td>{answer.number}</td><td class="{answer.outcome}">{outcome_word(answer.outcome, lang)}</td>'
        f"<td>{_text(speak(check.title, lang))} <small>({answer.name}, {check.promise})</small>{reasons}"
        f"<br><small>{_text(speak(check.meaning, lang))}</small></td></tr>"
    )


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in facts if value)


def _text(value: str) -> str:
    return escape(clean(value))
