"""Search results as CSV or Parquet, streamed page by page; each page is logged as a read before it leaves.

A CSV cell that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`, tab, carriage return at its start) gets an
apostrophe before it (CWE-1236); numbers are left alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec.structs import asdict, fields

from chain.encoding import Json
from gateway.query.finding_queue import QueueAnswer, QueueLine
from gateway.query.search import Hit, SearchAnswer
from gateway.query.statistics import (
    AnchoringLine,
    DistributionLine,
    FindingCountLine,
    GradeCountLine,
    MalformedStatistics,
    StatisticsAnswer,
    TimeLine,
    TrendLine,
    VolumeLine,
)
from gateway.runtime.answer import Answer

COLUMNS: Final = (
    "ucr",
    "declarations",
    "state",
    "goods",
    "records",
    "own_records_only",
    "corroboration",
    "due_by",
    "due",
    "is_whole_here",
)
FINDING_COLUMNS: Final = (
    "ucr", "rule", "severity", "state", "reopened", "signed_by", "text", "text_zh", "declarations", "offices",
    "opened_at", "changed_at", "waited_s",
)  # fmt: skip
EXPORT_PAGES_MAX = 1_000
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def pages(ask: Callable[[str], SearchAnswer]) -> Iterator[list[Hit]]:
    """The hits of every page; `ask` is given the cursor, empty for the first."""
    cursor = ""
    for _ in range(EXPORT_PAGES_MAX):
        page = ask(cursor)
        yield page.hits
        cursor = page.next or ""
        if not cursor:
            return


def csv_lines(hit_pages: Iterator[list[Hit]]) -> Iterator[bytes]:
    """The hits as CSV (RFC 4180, UTF-8 with a byte order mark, so that spreadsheets read Chinese)."""
    yield b"\xef\xbb\xbf" + _csv_row(list(COLUMNS))
    for hits in hit_pages:
        yield b"".join(_csv_row([_cell(getattr(hit, column)) for column in COLUMNS]) for hit in hits)


def parquet_parts(hit_pages: Iterator[list[Hit]]) -> Iterator[bytes]:
    """The hits as one Parquet file, a row group a page."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("ucr", pa.string()),
            ("declarations", pa.list_(pa.string())),
            ("state", pa.string()),
            ("goods", pa.list_(pa.string())),
            ("records", pa.int32()),
            ("own_records_only", pa.bool_()),
            ("corroboration", pa.map_(pa.string(), pa.string())),
            ("due_by", pa.string()),
            ("due", pa.string()),
            ("is_whole_here", pa.bool_()),
        ]
    )
    sink = _Sink()
    writer = pq.ParquetWriter(sink, schema)
    for hits in hit_pages:
        writer.write_table(pa.Table.from_pylist([asdict(hit) for hit in hits], schema=schema))
        yield sink.take()
    writer.close()
    yield sink.take()


def finding_pages(ask: Callable[[str], QueueAnswer]) -> Iterator[list[QueueLine]]:
    """The findings of every page; `ask` is given the cursor, empty for the first."""
    cursor = ""
    for _ in range(EXPORT_PAGES_MAX):
        page = ask(cursor)
        yield page.findings
        cursor = page.next or ""
        if not cursor:
            return


def finding_lines(pages_of_findings: Iterator[list[QueueLine]]) -> Iterator[bytes]:
    """The findings as CSV, as `csv_lines` writes it."""
    yield b"\xef\xbb\xbf" + _csv_row([*FINDING_COLUMNS, "outcome", "reason"])
    for lines in pages_of_findings:
        rows = [
            [
                *(_cell(getattr(line, column)) for column in FINDING_COLUMNS),
                *([line.disposition.outcome, harmless(line.disposition.reason)] if line.disposition else ["", ""]),
            ]
            for line in lines
        ]
        yield b"".join(map(_csv_row, rows))


STATISTICS_TABLES: Final[Mapping[str, type[Answer]]] = {
    "times": TimeLine,
    "trend": TrendLine,
    "distribution": DistributionLine,
    "volumes": VolumeLine,
    "findings": FindingCountLine,
    "corroboration": GradeCountLine,
    "anchoring": AnchoringLine,
}
"""The tables of the statistics by name, each with the type of its lines."""


def statistics_csv(answer: StatisticsAnswer, table: str) -> bytes:
    """One table of the statistics as CSV, as `csv_lines` writes it; a cell that is withheld is empty.

    Raises MalformedStatistics for a table that there is not.
    """
    if table not in STATISTICS_TABLES:
        raise MalformedStatistics("table", f"is one of {', '.join(STATISTICS_TABLES)}", value=table)
    columns = [field.name for field in fields(STATISTICS_TABLES[table])]
    rows = [[_figure_cell(getattr(line, column)) for column in columns] for line in getattr(answer, table)]
    return b"\xef\xbb\xbf" + b"".join(map(_csv_row, [columns, *rows]))


def _figure_cell(value: object) -> str:
    # `-` and `+` stand for values that are no codes: see `TimeLine.value`.
    return "" if value is None else harmless(value) if isinstance(value, str) else str(value)


def harmless(text: str) -> str:
    """The text as a CSV cell that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def _cell(value: Json) -> str:
    if isinstance(value, list):
        return harmless("; ".join(map(str, value)))
    if isinstance(value, dict):
        return harmless("; ".join(f"{name}={said}" for name, said in value.items()))
    if isinstance(value, bool | int):
        return str(value).lower()
    return harmless(str(value or ""))


def _csv_row(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8")


class _Sink(io.RawIOBase):
    """Holds what was written until it is taken; positions count from the file's start, as a Parquet footer wants."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        content = bytes(part)
        self._parts.append(content)
        self._position += len(content)
        return len(content)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._parts = b"".join(self._parts), []
        return taken
