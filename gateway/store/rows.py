"""Many rows at once: preparing each row in SQLAlchemy costs more than writing it.

SQLite takes them by the driver's own `executemany`. PostgreSQL takes all in one statement, a column as one array: a
statement a row costs it more than the row, and `COPY` cannot leave out those that are taken already.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, Integer, LargeBinary, SmallInteger, String, Table


def insert_rows(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]], *, free: bool = False
) -> int:
    """Inserts rows, each the values of the columns `names`; how many were. With `free`, those not taken already."""
    if not rows:
        return 0
    if connection.dialect.name == "postgresql":
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        return connection.exec_driver_sql(_array_statement(table, names, free), columns).rowcount
    return connection.exec_driver_sql(_row_statement(table.name, names, free), list(rows)).rowcount


@lru_cache(maxsize=64)
def _row_statement(table: str, names: tuple[str, ...], free: bool) -> str:
    marks = ", ".join(["?"] * len(names))
    # Names are our own columns', never anybody's input.
    return _ending(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", free)  # noqa: S608


@lru_cache(maxsize=64)
def _array_statement(table: Table, names: tuple[str, ...], free: bool) -> str:
    arrays = ", ".join(f"%s::{_postgresql_type(table, name)}[]" for name in names)
    return _ending(f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays})", free)  # noqa: S608


def _ending(statement: str, free: bool) -> str:
    return f"{statement} ON CONFLICT DO NOTHING" if free else statement


def _postgresql_type(table: Table, name: str) -> str:
    kind = table.c[name].type
    for python_type, postgresql in _TYPES:
        if isinstance(kind, python_type):
            return postgresql
    raise TypeError(f"{table.name}.{name}: {kind!r} has no array type here")


_TYPES = (
    (Boolean, "boolean"),
    (BigInteger, "bigint"),
    (SmallInteger, "smallint"),
    (Integer, "integer"),
    (String, "text"),
    (LargeBinary, "bytea"),
)
"""The more special first: a big integer is an integer, a text is a string."""
