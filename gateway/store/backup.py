"""A copy of the whole store in one file, and a store made from such a copy.

The file is a SQLite database of the one schema, whatever store it came from: a backup of a PostgreSQL store can be
restored into a SQLite one and the other way about. It is taken from one consistent snapshot while the gateway runs on.

What must be copied is what the chain cannot give back: payloads, receipts, refusals. After a restore the follower reads
from the chain what was anchored since; records accepted after the copy are lost with their payloads, and their issuers
submit them again (adapters keep them). The leases are left out: whoever held one is not there any more. The data keys
are in a file of their own and are not in the copy: keep them apart from it, and do not lose them.

Nor are the payloads' own keys in the copy, nor what records are found by: a copy outlives what is erased. Those keys
are copied into a file that is *replaced* each time (`back_up_keys`), with what was erased since: any copy opens with
the newest of it, but for what was erased by then. What records are found by is derived anew at the next start.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic.util import CommandError
from sqlalchemy import Connection, Integer, Table, delete, func, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from chain.errors import Malformed
from gateway.store.model import (
    documents,
    leases,
    marks,
    metadata,
    payload_keys,
    payloads,
    records,
    references,
    search_concerns,
    search_facts,
    search_waiting,
    search_waiting_lanes,
    store_keys,
    tombstones,
)
from gateway.store.store import Store, StoreUnavailable
from gateway.store.tombstones import Tombstone, insert_tombstones
from gateway.store.vault import Vault

ROWS_PER_WRITE = 2_000
_NOT_COPIED = (leases.name,)
_DERIVED = (references, documents, search_facts, search_concerns, search_waiting, search_waiting_lanes)
"""By what records are found. Of what is erased later nothing may be left in a copy by which guesses can be tested."""
_KEYS_APART = "payload_keys_apart"
"""Stands among a copy's marks: its payloads open with a copy of their keys alone."""


class NotABackup(Malformed):
    """The file is no copy that `back_up` made, or one of a newer schema than this gateway knows."""


class StoreNotEmpty(StoreUnavailable):
    """The store to restore into holds records: nothing was changed."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"the store to restore into holds {count} records already; name an empty one")


def back_up(store: Store, file: Path) -> int:
    """Writes the copy to a new file and gives how many records it holds; raises StoreUnavailable, FileExistsError.

    `back_up_keys` is to follow: without it the copy's payloads do not open.

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
    _leave_out(part)
    count = _checked(part)
    part.replace(file)
    return count


def back_up_keys(store: Store, file: Path) -> int:
    """Replaces the copy of the payloads' own keys, and gives how many there are; raises StoreUnavailable.

    With them go the tombstones, and what is left of records that were erased in part, which has other keys now.
    """
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    copy = Store.open(f"sqlite:///{part}", store.vault)
    try:
        with store.reading() as reader, copy.writing() as writer:
            for part_of in (
                reader.execution_options(yield_per=ROWS_PER_WRITE).execute(select(records)).mappings().partitions()
            ):
                writer.execute(insert(records), [dict(row) | {"batch": None} for row in part_of])
            _copy_rows(reader, writer, (payload_keys, tombstones, store_keys))
            erased = select(tombstones.c.record_id)
            left = select(payloads).join(records, records.c.seq == payloads.c.record_seq)
            for row in reader.execute(left.where(records.c.record_id.in_(erased))).mappings():
                writer.execute(insert(payloads), dict(row))
            count = int(writer.execute(select(func.count()).select_from(payload_keys)).scalar_one())
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"the payloads' keys could not be copied: {type(error).__name__}") from error
    finally:
        copy.close()
    _fold_log(part)
    part.replace(file)
    return count


def restore(file: Path, url: str, vault: Vault, keys: Path | None = None) -> int:
    """Fills the empty store at `url` with the copy and gives how many records it holds.

    `keys` is the newest copy of the payloads' own keys: what was erased by then stays erased. Older copies are brought
    to today's schema first. Raises NotABackup, StoreNotEmpty, StoreUnavailable; the store is then as it was.
    """
    _checked(file)
    with TemporaryDirectory(prefix="restore-") as folder:
        # A copy of the copy, because an older schema is brought up to date in place.
        working = Path(shutil.copyfile(file, Path(folder) / "store.sqlite"))
        try:
            source = Store.open(f"sqlite:///{working}", vault)
        except CommandError as error:
            raise NotABackup(str(file), f"is of a schema that this version does not know: {error}") from None
        try:
            _put_keys(source, keys, Path(folder))
        except NotABackup:
            source.close()
            raise
        return _filled(source, Store.open(url, vault))


def _put_keys(source: Store, keys: Path | None, folder: Path) -> None:
    """Brings a copy of the keys into a copy of the payloads; what has no key any more is erased there."""
    with source.reading() as connection:
        if connection.execute(select(marks.c.value).where(marks.c.name == _KEYS_APART)).first() is None:
            return
    if keys is None:
        raise NotABackup(
            "keys", "are in a file of their own, without which the copy's payloads do not open: --keys FILE"
        )
    _checked(keys)
    copy = Store.open(f"sqlite:///{shutil.copyfile(keys, folder / 'keys.sqlite')}", source.vault)
    try:
        with copy.reading() as reader, source.writing() as writer:
            known = {row.record_id: row.seq for row in writer.execute(select(records.c.record_id, records.c.seq))}
            names = {row.seq: row.record_id for row in reader.execute(select(records.c.seq, records.c.record_id))}
            for row in reader.execute(select(payload_keys)):
                if (seq := known.get(names[row.record_seq])) is not None:
                    writer.execute(insert(payload_keys).values(record_seq=seq, head=row.head))
            for payload in reader.execute(select(payloads.c.record_seq, payloads.c.disclosures)):
                if (seq := known.get(names[payload.record_seq])) is not None:
                    left = update(payloads).where(payloads.c.record_seq == seq)
                    writer.execute(left.values(disclosures=payload.disclosures))
            stones = [
                Tombstone(r.record_id, bytes(r.digest), r.erasure, int(r.at))
                for r in reader.execute(select(tombstones))
            ]
            insert_tombstones(writer, stones)
            _erase_keyless(writer, source.vault)
            writer.execute(delete(marks).where(marks.c.name == _KEYS_APART))
    finally:
        copy.close()


def _erase_keyless(connection: Connection, vault: Vault) -> None:
    """Payloads whose key was destroyed since the copy was made hold nothing that anybody can read."""
    is_keyless = payload_keys.c.record_seq.is_(None)
    asked = select(payloads.c.record_seq, payloads.c.disclosures).where(payloads.c.disclosures.is_not(None), is_keyless)
    rows = connection.execute(asked.outerjoin(payload_keys, payload_keys.c.record_seq == payloads.c.record_seq)).all()
    for row in rows:
        if not vault.is_older(bytes(row.disclosures)):
            connection.execute(update(payloads).where(payloads.c.record_seq == row.record_seq).values(disclosures=None))


def _leave_out(file: Path) -> None:
    """Takes what no copy may hold out of a copy, and overwrites it there."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        for table in (payload_keys, *_DERIVED):
            connection.execute(f"DELETE FROM {table.name}")  # noqa: S608  our own tables' names
        connection.execute("INSERT INTO marks (name, value) VALUES (?, 1)", (_KEYS_APART,))
        connection.commit()
        connection.execute("VACUUM")
    connection.close()


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
    _fold_log(file)


def _fold_log(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        # One file, not three: the write-ahead log is folded in.
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


def _copy_rows(reader: Connection, writer: Connection, tables: Collection[Table] = ()) -> None:
    # What is copied is looked up under the key that it was written under.
    writer.execute(delete(store_keys))
    for table in metadata.sorted_tables:
        if table.name in _NOT_COPIED or (tables and table not in tables):
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
