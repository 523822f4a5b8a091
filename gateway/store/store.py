"""Opening the store: SQLite by default (write-ahead log, full synchronisation), PostgreSQL by URL.

A transaction that has ended is on disk: `synchronous=FULL` on SQLite, `synchronous_commit=on` on PostgreSQL. Receipts
are given only after that. SQLite has one writer; within this process writers wait for each other at a lock, so that
they do not poll the file's.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from chain.errors import StoreFault
from gateway.store import clear_rows
from gateway.store.look_ups import LookUpKey, StoreSecrets, carry_secrets, open_look_ups
from gateway.store.vault import Vault

Transaction = Connection
"""A transaction of the store, as `Store.reading` and `Store.writing` give it to the queries of this room."""

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for another process (a backup, a second gateway) before it gives up."""
POOL_CONNECTIONS = 20
WRITER_CACHE_KIB = 32_768
"""What the one connection that writes to SQLite remembers of the file. Other connections forget what they read whenever
it was written; so would a writer that is another one each time, and read every tree anew in each transaction."""
CHECKPOINT_PAGES_MAX = 65_536
"""A SQLite writer checkpoints by itself when the write-ahead log is so long (256 MiB): nobody else did."""
PURGE_TRIES_MAX = 50
PURGE_PAUSE_S = 0.1
_log = logging.getLogger("gateway.store")

FIRST_EDITION_LAST = "0008"
"""The last revision of the store under the protocol's first edition; the second edition's entries begin after it."""


class StoreUnavailable(StoreFault):
    """The store cannot be read or written now: locked, full, gone. Nothing of the transaction was kept."""


class StoreOfFirstEdition(StoreFault):
    """The store was made under the first edition of the protocol, of which nothing was released: nothing reads it."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"the store (revision {revision}) was made before the protocol's second edition, which does not read it: "
            "found the consortium anew with `tongguan init DIR` and begin with an empty store"
        )


class Store:
    """An opened store at the newest schema."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self.engine = engine
        self.vault = vault
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._writer = threading.Lock()
        self._writes: Connection | None = None
        self._was_written = False
        self._secrets: StoreSecrets | None = None

    @classmethod
    def open(cls, url: str, vault: Vault) -> Store:
        """Opens the store at a SQLAlchemy URL, bringing its schema up to date.

        Raises StoreUnavailable, UnopenedStore for other data keys, StoreOfFirstEdition before anything is changed.
        """
        engine = _engine(url)
        store = cls(engine, vault)
        try:
            with store._opening() as connection:
                store._migrate(connection)
                store._secrets = StoreSecrets(store._look_up_key(connection), vault)
                store._move_clear_rows()
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"the store cannot be opened: {_reason(error)}") from error
        return store

    def close(self) -> None:
        """Closes every connection."""
        with self._alone():
            self._drop_writes()
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, from one consistent snapshot; raises StoreUnavailable."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def writing(self, *, derived: bool = False, erasing: bool = False) -> Iterator[Connection]:
        """A transaction that writes; when the block ends without an error it is durable. Raises StoreUnavailable.

        With `erasing`, SQLite overwrites what is deleted or replaced with zeros; `purge_log` empties its log then.

        What is `derived` from other rows and the chain is not waited for until it is on disk: where the machine loses
        its power, the last of it may be undone, in order, and is derived again. What is durable later comes after it.
        """
        with self._alone(), self._transaction(write=True, derived=derived, erasing=erasing) as connection:
            yield connection
        self._was_written = True

    def ping(self) -> None:
        """Asks the store for nothing; raises StoreUnavailable where it does not answer."""
        with self.reading() as connection:
            connection.exec_driver_sql("SELECT 1")

    def checkpoint(self) -> None:
        """Moves what was written to SQLite's write-ahead log into the database, beside the writers.

        Writers that do so themselves, as is usual, hold up whoever waits for them for some ten milliseconds, several
        times a second. Does nothing on PostgreSQL, which has a process for it. Raises StoreUnavailable.
        """
        if not self._is_sqlite or not self._was_written:
            return
        self._was_written = False
        connection = self.engine.raw_connection()
        try:
            # What was written meanwhile is little, and what was written meanwhile again less: for that writers wait,
            # since the log begins anew only when all of it was moved.
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            with self._writer:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store's log could not be moved: {error}") from error
        finally:
            connection.close()

    def purge_log(self) -> None:
        """Empties SQLite's write-ahead log, in which pages stand as they were before something was erased.

        Waits for readers as any writer does, and for whoever moves the log just now. Does nothing on PostgreSQL,
        whose log its operator keeps. Raises StoreUnavailable.
        """
        if not self._is_sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            for _ in range(PURGE_TRIES_MAX):
                with self._writer:
                    ((is_busy, *_),) = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                if not is_busy:
                    return
                time.sleep(PURGE_PAUSE_S)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store's log could not be emptied: {error}") from error
        finally:
            connection.close()
        raise StoreUnavailable("the store's log could not be emptied: somebody reads it all the time")

    def back_up(self, file: Path) -> None:
        """Writes a whole, consistent copy of a SQLite store to a new file while the gateway runs on.

        To restore, stop the gateway and put the copy in the store's place: what happened since is read from the chain
        (records accepted after the copy are lost with their payloads, so copy often). Raises StoreUnavailable, also
        for PostgreSQL, whose own tools do this better.
        """
        if not self._is_sqlite:
            raise StoreUnavailable("PostgreSQL is backed up with its own tools: pg_dump, or continuous archiving")
        connection = self.engine.raw_connection()
        try:
            connection.cursor().execute("VACUUM INTO ?", (str(file),))
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store could not be copied: {error}") from error
        finally:
            connection.close()

    def _alone(self) -> AbstractContextManager[object]:
        return self._writer if self._is_sqlite else nullcontext()

    @contextmanager
    def _transaction(self, *, write: bool, derived: bool = False, erasing: bool = False) -> Iterator[Connection]:
        is_own = write and self._is_sqlite
        try:
            with self._writing(derived=derived, erasing=erasing) if is_own else self.engine.connect() as connection:
                connection = carry_secrets(connection.execution_options(tongguan_write=write), self._secrets)
                with connection.begin():
                    if derived and not self._is_sqlite:
                        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                    yield connection
        except (OperationalError, sqlite3.Error) as error:
            raise StoreUnavailable(f"the store is not available: {_reason(error)}") from error

    @contextmanager
    def _writing(self, *, derived: bool, erasing: bool) -> Iterator[Connection]:
        """The one connection that writes to SQLite; under the lock."""
        if self._writes is None:
            self._writes = self.engine.connect()
            self._writes.exec_driver_sql(f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")
            self._writes.commit()
        try:
            # Past SQLAlchemy, which would begin a transaction first.
            driver: Any = self._writes.connection.driver_connection
            driver.execute(f"PRAGMA synchronous={'NORMAL' if derived else 'FULL'}")
            if erasing:
                driver.execute("PRAGMA secure_delete=ON")
            yield self._writes
            if erasing:
                driver.execute("PRAGMA secure_delete=OFF")
        except BaseException:
            # A fault may have left it in any state.
            self._drop_writes()
            raise

    def _drop_writes(self) -> None:
        if self._writes is not None:
            self._writes.invalidate()
            self._writes.close()
            self._writes = None

    @contextmanager
    def _opening(self) -> Iterator[Connection]:
        """A connection for what is done once, while no other gateway opens a PostgreSQL store."""
        with self.engine.connect() as connection:
            if not self._is_sqlite:
                # Two gateways that start together must not both create the schema.
                connection.exec_driver_sql("SELECT pg_advisory_lock(7246001)")
                connection.commit()
            try:
                yield connection
            finally:
                if not self._is_sqlite:
                    connection.exec_driver_sql("SELECT pg_advisory_unlock(7246001)")
                    connection.commit()

    def _migrate(self, connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", "gateway.store:migrations")
        with self._alone():
            connection = connection.execution_options(tongguan_write=True)
            with connection.begin():
                revision = MigrationContext.configure(connection).get_current_revision()
                if revision is not None and revision <= FIRST_EDITION_LAST:
                    raise StoreOfFirstEdition(revision)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def _look_up_key(self, connection: Connection) -> LookUpKey:
        with self._alone(), connection.begin():
            return open_look_ups(connection, self.vault)

    def _move_clear_rows(self) -> None:
        """Brings what an older store held in clear under keys, in steps; goes on where a kill interrupted it."""
        with self.reading() as connection:
            tables, is_rewrite_due = clear_rows.find_clear_tables(connection), clear_rows.is_rewrite_due(connection)
        if tables:
            _log.info("what the store held in clear is moved under keys: %d tables", len(tables))
        for table in tables:
            moved = clear_rows.ROWS_A_STEP
            while moved:
                with self.writing() as connection:
                    moved = clear_rows.move_some(connection, table, clear_rows.ROWS_A_STEP)
            with self.writing() as connection:
                clear_rows.drop_table(connection, table)
        if tables or is_rewrite_due:
            self.rewrite()
            with self.writing() as connection:
                clear_rows.note_rewritten(connection)

    def rewrite(self) -> None:
        """Writes a SQLite store's file anew, so that nothing deleted stays in free pages; needs as much disk again.

        Does nothing on PostgreSQL, whose dropped tables are gone. Raises StoreUnavailable.
        """
        if not self._is_sqlite:
            return
        with self._alone():
            self._drop_writes()
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("VACUUM")
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                raise StoreUnavailable(f"the store's file could not be written anew: {error}") from error
            finally:
                connection.close()


def url_without_password(url: str) -> str:
    """The SQLAlchemy URL with `***` for its password, for people to read."""
    return make_url(url).render_as_string(hide_password=True)


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed,
            connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
            pool_size=POOL_CONNECTIONS,
            max_overflow=POOL_CONNECTIONS,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed, pool_size=POOL_CONNECTIONS, pool_pre_ping=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late for a snapshot
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES_MAX}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the write lock at once: a reader that turns writer would fail where another wrote meanwhile.
    wants_write = connection.get_execution_options().get("tongguan_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if wants_write else "BEGIN")


def _reason(error: SQLAlchemyError | sqlite3.Error) -> str:
    """The driver's own words, without the statement and its values: those may hold what must not be logged."""
    own = error.orig if isinstance(error, DBAPIError) else error
    return type(own).__name__ if isinstance(own, SQLAlchemyError) else str(own)
