"""Exports: nothing that a spreadsheet would run, every page once, and a Parquet file that reads back."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet as pq
import pytest
from msgspec import to_builtins

from gateway.query.exports import csv_lines, harmless, pages, parquet_parts
from gateway.query.search import Hit, SearchAnswer

HITS = [
    Hit(
        ucr=f"6CN-{place}",
        declarations=["010020261000000017"],
        state="RELEASED",
        goods=["=cmd|' /C calc'!A0", "便携式电脑"],
        records=7,
        own_records_only=False,
        corroboration={"weight": "contradict", "bill": "single"},
        due_by="2026-12-15",
        due="taxes (税款)",
        is_whole_here=True,
    )
    for place in range(3)
]


def ask(cursor: str) -> SearchAnswer:
    place = int(cursor or 0)
    return SearchAnswer(hits=[HITS[place]], next=str(place + 1) if place < 2 else None, lack=None, read_receipt=None)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_would_be_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert harmless("x" + cell) == "x" + cell


def test_csv_holds_each_hit_once_and_no_formula() -> None:
    text = b"".join(csv_lines(pages(ask))).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["ucr"] for row in rows] == ["6CN-0", "6CN-1", "6CN-2"]
    assert rows[0]["goods"].startswith("'=cmd")


def test_parquet_reads_back_what_was_found() -> None:
    table = pq.read_table(io.BytesIO(b"".join(parquet_parts(pages(ask)))))
    assert table.to_pylist(maps_as_pydicts="strict") == to_builtins(HITS)
