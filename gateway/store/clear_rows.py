"""What an older store held in clear is moved under keys, when the store is opened and before anything is served.

In steps: each moves some rows in one transaction, so that a kill between two loses and doubles nothing, and the next
start goes on. Once a table is empty it is dropped. At last SQLite's file is written anew, since what was deleted stays
in its free pages; a mark says that this is still due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    tuple_,
)

from gateway.store.look_ups import WAITING_FACTS, StoreSecrets, secrets_of
from gateway.store.model import marks, metadata
from gateway.store.rows import insert_rows

ROWS_A_STEP = 5_000
REWRITE_MARK: Final = "clear_rows_rewrite"
"""Stands among the marks while free pages of the file may hold numbers in clear."""

_older = MetaData()
_references = Table(
    "record_references",
    _older,
    Column("record_seq", BigInteger, primary_key=True),
    Column("ordinal", SmallInteger, primary_key=True),
    Column("kind", String),
    Column("scope", String),
    Column("value", Text),
    Column("said_on", String),
)
_documents = Table(
    "cited_documents",
    _older,
    Column("sha256", LargeBinary, primary_key=True),
    Column("record_seq", BigInteger, primary_key=True),
)
_facts = Table(
    "search_facts",
    _older,
    Column("kind", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("ucr", String, primary_key=True),
    Column("record_seq", BigInteger, primary_key=True),
)
_waiting = Table(
    "search_waiting",
    _older,
    Column("record_seq", BigInteger, primary_key=True),
    Column("facts", LargeBinary),
)

Rows = Sequence[Any]


def find_clear_tables(connection: Connection) -> list[Table]:
    """The tables of an older store that are still there."""
    there = set(inspect(connection).get_table_names())
    return [table for table in _MOVES if table.name in there]


def move_some(connection: Connection, table: Table, count: int = ROWS_A_STEP) -> int:
    """Moves up to `count` rows of an older table under keys, in the caller's transaction; how many."""
    key = tuple(table.primary_key.columns)
    rows = connection.execute(select(table).order_by(*key).limit(count)).all()
    if rows:
        _MOVES[table](connection, secrets_of(connection), rows)
        last = tuple(getattr(rows[-1], column.name) for column in key)
        connection.execute(delete(table).where(tuple_(*key) <= tuple_(*last)))
    return len(rows)


def drop_table(connection: Connection, table: Table) -> None:
    """Drops an older table that is empty, and notes that the file is to be written anew."""
    table.drop(connection)
    if not is_rewrite_due(connection):
        connection.execute(insert(marks).values(name=REWRITE_MARK, value=1))


def is_rewrite_due(connection: Connection) -> bool:
    """Whether free pages of the file may still hold what was deleted."""
    return connection.execute(select(marks.c.value).where(marks.c.name == REWRITE_MARK)).first() is not None


def note_rewritten(connection: Connection) -> None:
    """Takes the mark away."""
    connection.execute(delete(marks).where(marks.c.name == REWRITE_MARK))


def _move_references(connection: Connection, keys: StoreSecrets, rows: Rows) -> None:
    keyed = [
        (
            row.record_seq,
            row.ordinal,
            row.kind,
            row.scope,
            row.said_on,
            *keys.look_ups.of_reference(row.kind, row.value),
        )
        for row in rows
    ]
    names = ("record_seq", "ordinal", "kind", "scope", "said_on", "look_up", "look_up_rest")
    insert_rows(connection, metadata.tables["keyed_references"], names, keyed)


def _move_documents(connection: Connection, keys: StoreSecrets, rows: Rows) -> None:
    keyed = [(keys.look_ups.of_document(bytes(row.sha256)), row.record_seq) for row in rows]
    insert_rows(connection, metadata.tables["keyed_documents"], ("look_up", "record_seq"), keyed)


def _move_facts(connection: Connection, keys: StoreSecrets, rows: Rows) -> None:
    keyed = [(row.kind, keys.look_ups.of_fact(row.kind, row.value), row.ucr, row.record_seq) for row in rows]
    insert_rows(connection, metadata.tables["keyed_facts"], ("kind", "value", "ucr", "record_seq"), sorted(keyed))


def _move_waiting(connection: Connection, keys: StoreSecrets, rows: Rows) -> None:
    sealed = [(row.record_seq, keys.vault.seal(bytes(row.facts), WAITING_FACTS)) for row in rows]
    insert_rows(connection, metadata.tables["sealed_facts"], ("record_seq", "facts"), sealed)


_MOVES: Final[dict[Table, Callable[[Connection, StoreSecrets, Rows], None]]] = {
    _references: _move_references,
    _documents: _move_documents,
    _facts: _move_facts,
    _waiting: _move_waiting,
}
