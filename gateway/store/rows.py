"""Many rows at once, by the driver's own `executemany`: preparing each row in SQLAlchemy costs more than writing it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]], *, free: bool = False
) -> int:
    """Inserts rows, each the values of the columns `names`; how many were. With `free`, those not taken already."""
    if not rows:
        return 0
    statement = _statement(table.name, names, "?" if connection.dialect.paramstyle == "qmark" else "%s", free)
    return connection.exec_driver_sql(statement, list(rows)).rowcount


@lru_cache(maxsize=64)
def _statement(table: str, names: tuple[str, ...], mark: str, free: bool) -> str:
    marks = ", ".join([mark] * len(names))
    # Names are our own columns', never anybody's input.
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608
    return f"{statement} ON CONFLICT DO NOTHING" if free else statement
