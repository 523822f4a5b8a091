"""A consignment's view in words and tables, for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console

WITHHELD_WORDS = {
    "no-grant": "no line of the policy shows it",
    "condition": "shown to whom meets",
    "other-consignments": "it is of others' goods too",
    "erased": "erased",
}
LINES_MAX = 12
"""How many lines of one kind are printed; the rest are counted."""


def show_records(console: Console, view: dict[str, Any]) -> None:
    """Every record: who said what, in which batch and block it stands, and what of it is withheld."""
    rows = [("record", "said by", "state", "batch", "block", "withheld from this reader")]
    for record in view["records"]:
        withheld = ", ".join(record["withheld"]) or "-"
        place = [str(record[name]) if record[name] is not None else "-" for name in ("batch", "block")]
        state = record["state"] + (", withdrawn" if record.get("withdrawn_by") else "")
        kind = record["type"] + (" (withdrawal)" if record.get("withdraws") else "")
        rows.append((kind, record["issuer"], state, place[0], place[1], withheld))
    # Lines are never cut or folded: what is copied out of them, or searched by a program, is whole.
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        _line(console, "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def show_view(console: Console, view: dict[str, Any]) -> None:
    """The joined picture: status, timeline, weights, money, taxes, findings, completeness."""
    status = view["status"]
    for stretch in status["customs"]:
        hours = stretch["hours_lodged_to_released"]
        said = f"customs: {stretch['state'] or 'no status yet'}"
        said += f", released {hours} h after lodging" if hours is not None else ""
        said += ", tax paid" if stretch["tax_paid"] else ""
        _line(console, said)
        _lines(console, "times", time_lines(stretch))
    if status["logistics"]:
        event = status["logistics"]
        _line(
            console, f"logistics: {_code(event['code'])}, happened {_when(event['happened']) or 'at a time not shown'}"
        )
    _lines(console, "timeline", timeline_lines(view))
    _lines(console, "weights as each source stated them", [_weight(weight) for weight in view["weights"]])
    _lines(console, "taxes", [_tax(kind, tax) for kind, taxes in view["taxes"].items() for tax in taxes])
    _lines(console, "findings", [f"{one['severity']} {one['rule']}: {one['text']}" for one in view["findings"]])
    _lines(console, "facts by independent sources", [_supported(line) for line in view["corroboration"]])
    mandates = [f"{one['agent']} from {one['starts']} to {one['ends']}" for one in view["mandates"]]
    _lines(console, "mandates of the owner, ended ones too", mandates)
    _lines(console, "declared without the owner's mandate", view["without_mandate"])
    waiting = [one["member"] for one in view["standing"] if one["remark"]]
    _lines(console, "named by operator only, and so without sight", waiting)
    _lines(console, "withheld from this reader", [_withheld(line) for line in view["withheld"]])
    whole = view["completeness"]
    checkpoint = whole["checkpoint"]
    if checkpoint is not None:
        votes = f"{checkpoint['votes']} votes, {checkpoint['dissent']} dissenting"
        _line(console, f"{whole['claim']}: checkpoint over {checkpoint['batch_count']} batches, {votes}")
    else:
        _line(console, str(whole["claim"]))
    _lines(console, "not held by this gateway", [_missing(one) for one in whole.get("missing", ())])
    _lines(console, "held without sections that it rests on", [_lacking(one) for one in whole.get("lacking", ())])
    _lines(console, "whole at", [f"{one['member']}  {one['url']}" for one in whole.get("whole_at", ())])


def _withheld(line: dict[str, Any]) -> str:
    """Which sections of a record, and what would show each."""
    parts = [f"{why['section']} ({_why(why)})" for why in line["why"]]
    return f"{line['type']} of {line['issuer']}: {', '.join(parts) or ', '.join(line['sections'])}"


def _why(why: dict[str, Any]) -> str:
    words = WITHHELD_WORDS[why["cause"]]
    if (erasure := why.get("erasure")) is not None:
        at = "once it is anchored" if erasure["at"] is None else f"on {_day(erasure['at'])}"
        return f"{words} by {erasure['by']} {at}, rule {erasure['rule']}: {erasure['reason']}"
    return f"{words}: {' or '.join(why['grants'])}" if why["grants"] else words


def _day(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def timeline_lines(view: dict[str, Any]) -> list[str]:
    """What happened to the goods, a line each, in the order of its time, and which time each is."""
    return [_moment(moment) for moment in view["timeline"]]


def time_lines(stretch: dict[str, Any]) -> list[str]:
    """When each thing happened to one declaration's goods, with the wait before it and what it was for."""
    waits = {wait["until"]: wait for wait in stretch["waits"]}
    lines = []
    for moment in stretch["times"]:
        wait = waits.get(moment["step"])
        behind = f"  {wait['hours']} h after {wait['since'].replace('_', ' ')}" if wait else ""
        cause = f": {wait['cause']} {wait['cause_zh']}" if wait and wait["cause"] else ""
        lines.append(f"{moment['at']}  {moment['step'].replace('_', ' ')}{behind}{cause}")
    if stretch["hours_to_release"] is not None:
        early = "arrival, declared before it 提前申报" if stretch["early"] else "arrival or lodging, the later"
        lines.append(f"{stretch['hours_to_release']} h to release, from {early}")
    return lines


def _missing(entry: dict[str, Any]) -> str:
    by = f"anchored by the gateway of {entry['gateway']}" if entry["gateway"] else "whose gateway cannot be told now"
    return f"a record of {entry['issuer']} in batch {entry['batch']}, {by}"


def _lacking(record: dict[str, Any]) -> str:
    return f"{record['type']} of {record['issuer']}: {', '.join(record['sections'])}"


def _supported(line: dict[str, Any]) -> str:
    values = ", ".join(dict.fromkeys(str(source["value"]) for source in line["sources"]))
    return f"{line['fact']}: {line['grade']} ({len(line['sources'])} sources: {values})"


def _lines(console: Console, title: str, lines: list[str]) -> None:
    if not lines:
        return
    _line(console, f"{title}:")
    for line in lines[:LINES_MAX]:
        _line(console, f"  {line}")
    if len(lines) > LINES_MAX:
        _line(console, f"  … and {len(lines) - LINES_MAX} more")


def _line(console: Console, text: str) -> None:
    console.print(f"    {text}", highlight=False, markup=False, soft_wrap=True)


def _moment(moment: dict[str, Any]) -> str:
    state = f" → {moment['state']}" if moment.get("state") else ""
    code = f" {_code(moment['code'])}" if moment.get("code") else ""
    # A record that does not say when it happened, or not to this reader, stands where it was issued.
    return f"{moment['at']} {moment['at_is']:<8}  {moment['type']}{code}{state}"


def _weight(weight: dict[str, Any]) -> str:
    value = weight["value"]
    of = f" of {weight['of']}" if weight["of"] else ""
    return f"{weight['what']}{of}: {value.get('value')} {_code(value.get('unit'))} ({weight['type']})"


def _tax(kind: str, tax: dict[str, Any]) -> str:
    said = tax["value"]
    total = said.get("total") if isinstance(said, dict) else None
    amount = f"{total.get('value')} {_code(total.get('currency'))}" if isinstance(total, dict) else "see the record"
    return f"{kind}: {amount} ({tax['type']})"


def _code(said: Any) -> str:
    """A coded value as a person reads it: its name where there is one."""
    if isinstance(said, dict):
        return str(said.get("name") or said.get("value") or "")
    return "" if said is None else str(said)


def _when(said: Any) -> str:
    return str(said.get("utc", "")) if isinstance(said, dict) else str(said or "")
