"""A copy of the whole store in one file, and a store made from such a copy.

The file is a SQLite database of the one schema, whatever store it came from: a backup of a PostgreSQL store can be
restored into a SQLite one and the other way about. It is taken from one consistent snapshot while the gateway runs on.

What must be copied is what the chain cannot give back: payloads, receipts, refusals. After a restore the follower reads
from the chain what was anchored since; records accepted after the copy are lost with their payloads, and their issuers
submit them again (adapters keep them). The leases are left out: whoever held one is not there any more. The data keys
are in a file of their own and are not in the copy: keep them apart from it, and do not lose them.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic.util import CommandError
from sqlalchemy import Connection, Integer, delete, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from chain.errors import Malformed
from gateway.store.model import leases, metadata, records, store_keys
from gateway.store.store import Store, StoreUnavailable
from gateway.store.vault import Vault

ROWS_PER_WRITE = 2_000
_NOT_COPIED = (leases.name,)


class NotABackup(Malformed):
    """The file is no copy that `back_up` made, or one of a newer schema than this gateway knows."""


class StoreNotEmpty(StoreUnavailable):
    """The store to restore into holds records: nothing was changed."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"the store to restore into holds {count} records already; name an empty one")


def back_up(store: Store, file: Path) -> int:
    """Writes the copy to a new file and gives how many records it holds; raises StoreUnavailable, FileExistsError.

    A crash leaves a file with the ending `.part`, never half a copy under the name itself.
    """
    if file.exists():
        raise FileExistsError(f"{file} exists; name a new file")
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    if store.engine.dialect.name == "sqlite":
        store.back_up(part)
    else:
        _copy_out(store, part)
    count = _checked(part)
    part.replace(file)
    return count


def restore(file: Path, url: str, vault: Vault) -> int:
    """Fills the empty store at `url` with the copy and gives how many records it holds.

    Older copies are brought to today's schema first. Raises NotABackup, StoreNotEmpty, StoreUnavailable; the store is
    then as it was.
    """
    _checked(file)
    with TemporaryDirectory(prefix="restore-") as folder:
        # A copy of the copy, because an older schema is brought up to date in place.
        working = Path(shutil.copyfile(file, Path(folder) / "store.sqlite"))
        try:
            source = Store.open(f"sqlite:///{working}", vault)
        except CommandError as error:
            raise NotABackup(str(file), f"is of a schema that this version does not know: {error}") from None
        return _filled(source, Store.open(url, vault))


def _filled(source: Store, target: Store) -> int:
    try:
        with source.reading() as reader, target.writing() as writer:
            if held := writer.execute(select(func.count()).select_from(records)).scalar_one():
                raise StoreNotEmpty(held)
            _copy_rows(reader, writer)
            if target.engine.dialect.name == "postgresql":
                _move_sequences(writer)
            return int(writer.execute(select(func.count()).select_from(records)).scalar_one())
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the copy could not be restored: {type(error).__name__}") from error
    finally:
        source.close()
        target.close()


def _copy_out(store: Store, file: Path) -> None:
    copy = Store.open(f"sqlite:///{file}", store.vault)
    try:
        engine = store.engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as reader, copy.writing() as writer:
            _copy_rows(reader, writer)
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the store could not be copied: {type(error).__name__}") from error
    finally:
        copy.close()
    with sqlite3.connect(file) as connection:
        # One file, not three: the write-ahead log is folded in.
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


def _copy_rows(reader: Connection, writer: Connection) -> None:
    # What is copied is looked up under the key that it was written under.
    writer.execute(delete(store_keys))
    for table in metadata.sorted_tables:
        if table.name in _NOT_COPIED:
            continue
        rows = reader.execution_options(yield_per=ROWS_PER_WRITE).execute(select(table))
        for part in rows.mappings().partitions(ROWS_PER_WRITE):
            writer.execute(insert(table), [dict(row) for row in part])


def _move_sequences(connection: Connection) -> None:
    """Rows came with their numbers, so PostgreSQL's own counters must go past them."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None or not isinstance(column.type, Integer):
            continue
        named = {"table": table.name, "column": column.name}
        last = connection.execute(select(func.max(column))).scalar_one()
        sequence = connection.execute(text("SELECT pg_get_serial_sequence(:table, :column)"), named).scalar_one()
        if last is not None and sequence is not None:
            connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})


def _checked(file: Path) -> int:
    """How many records the copy holds; raises NotABackup where it is damaged or something else."""
    if not file.is_file():
        raise NotABackup(str(file), "is no file")
    try:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
        try:
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            count = int(connection.execute("SELECT count(*) FROM records").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise NotABackup(str(file), f"is no copy of a store: {error}") from None
    if verdict != "ok":
        raise NotABackup(str(file), f"is damaged: {verdict}")
    return count
