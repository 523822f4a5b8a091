"""What a risk desk keeps: how far it has read, what it has said last of each rule, and what it has signed but not sent.

A statement is kept signed before it leaves, so that a crash sends the same bytes again. Records are sealed under the
member's passphrase as adapters' journals are; once the gateway has taken one, its text is dropped here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.runner.journal_schema import make_private, open_seal
from adapters.write_transaction import write_transaction
from chain.errors import StoreFault

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS statements (
  ucr TEXT NOT NULL, rule TEXT NOT NULL, record_id TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL,
  severity TEXT NOT NULL, PRIMARY KEY (ucr, rule)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  place INTEGER PRIMARY KEY AUTOINCREMENT, ucr TEXT NOT NULL, rule TEXT NOT NULL, record_id TEXT NOT NULL,
  record BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_ucr ON outbox (ucr);
"""
_CURSOR = "cursor"


@dataclass(frozen=True)
class LastStatement:
    """What the desk said last of one rule in one consignment."""

    rule: str
    record_id: str
    digest: str
    """`content_digest` of it; empty where it was refused."""
    state: str
    """`standing` or `withdrawn`."""
    severity: str


@dataclass(frozen=True)
class OutboxRecord:
    """A signed statement that the gateway has not answered yet."""

    place: int
    ucr: str
    rule: str
    record_id: str
    record: str


class DeskJournal:
    """One desk's file; safe to use from several threads of one process."""

    def __init__(self, path: Path | str, passphrase: bytes = b"") -> None:
        """Opens or makes the file (`:memory:` for a passing one, which needs no passphrase); raises `StoreFault`."""
        self._lock = threading.RLock()
        if str(path) != ":memory:":
            if not passphrase:
                raise StoreFault(f"the journal {path} is sealed under a passphrase: none was given")
            make_private(Path(path))
        try:
            self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.executescript(_SCHEMA)
            self._seal = open_seal(self._db, passphrase)
        except sqlite3.DatabaseError as error:
            raise StoreFault(f"the journal {path} cannot be opened: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    @property
    def cursor(self) -> int | None:
        """The last batch that was looked at whole; None before the first."""
        with self._lock:
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (_CURSOR,)).fetchone()
        return None if row is None else int(row[0])

    def set_cursor(self, batch: int) -> None:
        """Notes the last batch that was looked at whole."""
        with self._writing():
            self._db.execute(
                "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (_CURSOR, str(batch)),
            )

    def last_statements(self, ucr: str) -> dict[str, LastStatement]:
        """What was said last of the consignment, by rule."""
        with self._lock:
            rows = self._db.execute(
                "SELECT rule, record_id, digest, state, severity FROM statements WHERE ucr = ?", (ucr,)
            ).fetchall()
        return {str(row[0]): LastStatement(*map(str, row)) for row in rows}

    def keep(self, ucr: str, signed: Sequence[tuple[LastStatement, str]]) -> None:
        """Keeps signed statements (with their text) before they leave; they are now what was said last."""
        with self._writing():
            for last, record in signed:
                self._put(ucr, last)
                self._db.execute(
                    "INSERT INTO outbox (ucr, rule, record_id, record) VALUES (?, ?, ?, ?)",
                    (ucr, last.rule, last.record_id, self._seal.seal_text(record, f"record {last.record_id}")),
                )

    def outbox(self, ucr: str | None = None, limit: int = 200) -> list[OutboxRecord]:
        """Statements to send, of one consignment or of all, oldest first."""
        where, of = ("WHERE ucr = ? ", [ucr]) if ucr is not None else ("", [])
        with self._lock:
            rows = self._db.execute(
                f"SELECT place, ucr, rule, record_id, record FROM outbox {where}ORDER BY place LIMIT ?",  # noqa: S608
                (*of, limit),
            ).fetchall()
        return [
            OutboxRecord(int(place), str(of_ucr), str(rule), str(name), self._seal.open_text(record, f"record {name}"))
            for place, of_ucr, rule, name, record in rows
        ]

    def settle(self, sent: OutboxRecord, *, refused: bool = False) -> None:
        """Forgets a statement that the gateway answered; a refused one is no longer what was said last."""
        with self._writing():
            self._db.execute("DELETE FROM outbox WHERE place = ?", (sent.place,))
            if refused:
                self._db.execute(
                    "DELETE FROM statements WHERE ucr = ? AND rule = ? AND record_id = ?",
                    (sent.ucr, sent.rule, sent.record_id),
                )

    def _put(self, ucr: str, last: LastStatement) -> None:
        self._db.execute(
            "INSERT INTO statements (ucr, rule, record_id, digest, state, severity) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (ucr, rule) DO UPDATE SET record_id = excluded.record_id, digest = excluded.digest,"
            " state = excluded.state, severity = excluded.severity",
            (ucr, last.rule, last.record_id, last.digest, last.state, last.severity),
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            try:
                with write_transaction(self._db):
                    yield
            except sqlite3.DatabaseError as error:
                raise StoreFault(f"the desk's journal failed: {error}") from error
