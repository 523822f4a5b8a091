"""The README's performance table, written between two markers: what is promised, what was measured, beside what."""

from __future__ import annotations

from pathlib import Path

from scripts.benchmarks.harness import Figure, Results, number, share_said

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
ROWS: tuple[tuple[str, str], ...] = (
    ("signed beforehand to anchored", "Bulk records, signed beforehand, to the chain"),
    ("single record at 200/s to its receipt: p99", "One record posted, to its receipt, p99 at 200/s"),
    ("single record at 200/s to provable: p99", "One record posted, until a bundle can be made, p99"),
    ("full batch: from taken to durable", "A batch of 2,048 entries on the embedded node"),
    ("entries/s anchored in full batches", "Records anchored in full batches, embedded node"),
    ("simple contract calls", "Simple contract calls, embedded node"),
    ("gas of one record in a full batch", "Gas of a record in a full batch"),
    ("replay at ", "Replay of the chain into the index map"),
    ("one record, 2,048 entries a batch: verified", "One-record bundle verified offline"),
    ("consignment in 12 batches, 30 records: verified", "Consignment of 30 records in 12 batches verified"),
    ("record verified and parsed into its model", "Record verified and parsed, one core"),
    ("CEB621 read, mapped and signed", "CEB621 of ten lines read, mapped and signed, one core"),
    ("view at ", "Consignment view over HTTP, read logged, p50"),
    ("views, ", "Views a second, each read logged"),
    ("search by a number at ", "Search by a number over HTTP, p99"),
    ("consignment bundle of ", "Consignment bundle made over HTTP, p50"),
)
"""(how a figure's name begins, what the README calls it). Of several, the last one of its benchmark counts."""
NEVER_LAST = "p99"
"""A row that names no percentile shows the middle one."""


def table(results: Results) -> str:
    """The table as Markdown, with the machine."""
    machine = results.machine
    quick = ", a quick run" if machine["quick"] else ""
    lines = [
        f"Measured on {machine['processor']}, {machine['cores']} cores, commit {machine['commit']}{quick}:",
        "",
        "| what | measured | beside | promise |",
        "|---|---|---|---|",
    ]
    found = ((_find(results, start, said), said) for start, said in ROWS)
    return "\n".join([*lines, *(_row(results, figure, said) for figure, said in found if figure is not None)])


def write_readme(results: Results, readme: Path) -> None:
    """Puts the table between the markers; raises ValueError where they are not there once, in order."""
    text = readme.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"{readme.name} must hold {BEGIN} and then {END}, once each")
    readme.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{after}")


def _find(results: Results, start: str, said: str) -> Figure | None:
    every = [one for some in results.figures.values() for one in some]
    exact = [one for one in every if one.name == start]
    if exact:
        return exact[-1]
    wants_tail = NEVER_LAST in said
    found = [one for one in every if one.name.startswith(start) and (wants_tail or NEVER_LAST not in one.name)]
    return found[-1] if found else None


def _row(results: Results, figure: Figure, said: str) -> str:
    share = results.share(figure)
    beside = "" if share is None else f"{share_said(share)} {figure.against}"
    told = []
    for limit, value in ((figure.limit, figure.median), (figure.share_limit, share)):
        if limit is not None and value is not None:
            told.append(f"{limit} {'held' if limit.holds(value) else '**missed**'}")
    return f"| {said} | {number(figure.median)} {figure.unit} | {beside} | {', '.join(told) or '–'} |"
