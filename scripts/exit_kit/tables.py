"""The kit's tables, each as CSV for spreadsheets and as Parquet for programs."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gateway.query.exports import harmless

TABLES: Final[Mapping[str, Sequence[str]]] = {
    "consignments": ("ucr", "state", "declarations", "goods", "records", "claim", "bundle"),
    "records": ("ucr", "record", "type", "issuer", "issued_at", "state", "batch", "block", "shown", "withheld"),
    "documents": ("ucr", "record", "issuer", "type", "name", "sha256"),
    "receipts": ("record", "type", "state", "accepted_at", "anchor_by", "batch"),
}
"""Column names by table."""

Row = Mapping[str, Any]


def write_tables(folder: Path, rows_by_table: Mapping[str, Sequence[Row]]) -> None:
    """Writes each table twice, `NAME.csv` and `NAME.parquet`; lists become texts with `; ` between."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in TABLES.items():
        rows = [{column: _cell(row.get(column)) for column in columns} for row in rows_by_table[name]]
        _write_csv(folder / f"{name}.csv", columns, rows)
        _write_parquet(folder / f"{name}.parquet", columns, rows)


def _write_csv(file: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    # With a byte order mark, so that spreadsheets read Chinese.
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([[harmless(row[column]) for column in columns] for row in rows])


def _write_parquet(file: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column, pa.string()) for column in columns])
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), file)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return str(value)
