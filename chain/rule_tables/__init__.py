"""The files of reference tables: an example edition that is shipped, and whatever folder an operator names.

`chain.rules` takes tables as arguments and reads no file; this package is where they are read. A folder holds one JSON
file a table (`tariff.json`, `exchange-rates.json` ...), in the form of `docs/spec/rule-tables.md`.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Final

from chain.errors import Malformed
from chain.rules.tables import COLUMNS, MalformedTable, Table, Tables, parse_table, tables_of

EXAMPLE_FOLDER: Final = Path(__file__).with_name("example")
"""The edition that is shipped: it shows the form, and its rows are no law where it says `example`."""
FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""One table's file: the tariff with its history has a few megabytes."""


def read_folder(folder: Path) -> tuple[Table, ...]:
    """Every table in the folder; raises `MalformedTable`, naming the file, and `OSError`."""
    tables = []
    for path in sorted(folder.glob("*.json")):
        if path.stat().st_size > FILE_BYTES_MAX:
            raise MalformedTable(str(path), f"has at most {FILE_BYTES_MAX} bytes")
        try:
            tables.append(parse_table(path.read_bytes()))
        except Malformed as fault:
            raise MalformedTable(f"{path.name}: {fault.field}", fault.rule, value=fault.value) from fault
    return tuple(tables)


def tables_for(folder: Path | None) -> Tables:
    """The shipped tables that are no example, and those of the folder in their place; raises as `read_folder`."""
    shipped = tuple(table for table in read_folder(EXAMPLE_FOLDER) if not table.example)
    return tables_of(*shipped, *(read_folder(folder) if folder else ()))


def table_from_csv(kind: str, raw: bytes, *, edition: str, source: str) -> Table:
    """A table from UTF-8 CSV whose first line names columns; those that the kind lacks are left out.

    Public lists (rates of exchange, tariff, ports) come as sheets: a column of the kind that the sheet lacks is empty.
    Raises `MalformedTable`.
    """
    if kind not in COLUMNS:
        raise MalformedTable("table", f"is one of {', '.join(COLUMNS)}", value=kind)
    try:
        lines = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedTable("file", "is CSV in UTF-8") from error
    rows = [[(line.get(column) or "").strip() for column in COLUMNS[kind]] for line in lines]
    if any(not row[0] for row in rows):
        raise MalformedTable(COLUMNS[kind][0], "stands in every line")
    return parse_table(format_table(Table(kind, edition, source, False, tuple(map(tuple, rows)))))


def format_table(table: Table) -> bytes:
    """The file of a table: JSON, one row a line, UTF-8."""
    head = {"table": table.kind, "edition": table.edition, "source": table.source, "columns": COLUMNS[table.kind]}
    members = [f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items()]
    rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in table.rows)
    return ("{\n" + ",\n".join([*members, f' "rows": [\n{rows}\n ]']) + "\n}\n").encode()


def example_tables() -> Tables:
    """All tables that are shipped but offices: which member speaks for an office is the registry's to say."""
    return tables_of(*(table for table in read_folder(EXAMPLE_FOLDER) if table.kind != "offices"))
