"""The journal's tables, how an older journal becomes one of today, and who may open the file.

An older journal keeps messages in clear. They are sealed in steps when it is opened: a kill loses the step in hand, and
the next start goes on with what is not sealed yet.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from adapters.runner import attachment_table, draft_table
from adapters.runner.journal_seal import JournalSeal
from adapters.write_transaction import write_transaction
from chain.errors import StoreFault

_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS messages (
  place INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT NOT NULL, message_id TEXT NOT NULL, sha256 TEXT NOT NULL,
  envelope TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL, code TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '', sent_at TEXT NOT NULL DEFAULT '', sealed INTEGER NOT NULL DEFAULT 0,
  UNIQUE (sender, message_id, sha256));
CREATE INDEX IF NOT EXISTS messages_unsettled ON messages (state) WHERE state <> 'settled';
CREATE TABLE IF NOT EXISTS entities (
  place INTEGER NOT NULL, ordinal INTEGER NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
  record TEXT NOT NULL DEFAULT '', record_id TEXT NOT NULL DEFAULT '', receipt TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0, first_try REAL NOT NULL DEFAULT 0, next_try REAL NOT NULL DEFAULT 0,
  code TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (place, ordinal)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entities_due ON entities (state, next_try) WHERE state IN ('waiting', 'signed');
CREATE INDEX IF NOT EXISTS entities_by_record ON entities (record_id) WHERE record_id <> '';
CREATE INDEX IF NOT EXISTS entities_parked ON entities (state) WHERE state = 'parked';
CREATE TABLE IF NOT EXISTS spoken (
  type TEXT NOT NULL, kind TEXT NOT NULL, scope TEXT NOT NULL, value TEXT NOT NULL, said INTEGER NOT NULL,
  record_id TEXT NOT NULL, lodged TEXT NOT NULL DEFAULT '', PRIMARY KEY (type, kind, scope, value, said)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
    + draft_table.SCHEMA
    + attachment_table.SCHEMA
)
_ADDED = {
    "spoken": {"lodged": "TEXT NOT NULL DEFAULT ''"},
    "messages": {
        "sent_at": "TEXT NOT NULL DEFAULT ''",
        "sealed": "INTEGER NOT NULL DEFAULT 0",
        "name": "TEXT NOT NULL DEFAULT ''",
    },
    "entities": {"sealed": "INTEGER NOT NULL DEFAULT 0"},
}
"""Columns that an older journal lacks."""
ROWS_PER_STEP = 200
"""Rows of an older journal that are sealed together: a kill loses the step in hand, and the next start goes on."""


def prepare(db: sqlite3.Connection) -> None:
    """Makes what tables and columns are lacking."""
    db.execute("PRAGMA secure_delete=ON")
    db.executescript(_SCHEMA)
    for table, columns in _ADDED.items():
        known = {column[1] for column in db.execute(f"PRAGMA table_info({table})")}
        for name in columns.keys() - known:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {columns[name]}")


def open_seal(db: sqlite3.Connection, passphrase: bytes) -> JournalSeal:
    """The journal's key, made where it has none; raises StoreFault where the passphrase is another."""
    with write_transaction(db):
        row = db.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()
        if row is not None:
            return JournalSeal.unwrap(bytes(row[0]), passphrase)
        seal = JournalSeal.fresh()
        db.execute("INSERT INTO meta (name, value) VALUES ('key', ?)", (seal.wrap(passphrase),))
        return seal


def seal_older(db: sqlite3.Connection, seal: JournalSeal) -> None:
    """Seals what an older journal keeps in clear, in steps, and leaves no free page with it."""
    changed = _key_references(db, seal)
    while _seal_messages(db, seal) or _seal_entities(db, seal):
        changed = True
    if changed:
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def read_receipts(db: sqlite3.Connection, passphrase: bytes) -> Iterator[tuple[str, str]]:
    """Every receipt with its record, in order; changes nothing. Raises StoreFault, sqlite3.Error."""
    row = db.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()
    if row is None:
        raise StoreFault("the journal was never opened by this edition: run the adapter once")
    seal = JournalSeal.unwrap(bytes(row[0]), passphrase)
    wanted = "SELECT place, ordinal, receipt, record FROM entities WHERE receipt <> '' ORDER BY place, ordinal"
    for place, ordinal, receipt, record in db.execute(wanted):
        yield str(receipt), seal.open_text(record, f"record of {place}/{ordinal}")


def make_private(path: Path) -> None:
    """The file, made where it is absent, is its owner's alone; SQLite gives its other files the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(file, 0o600)
        finally:
            os.close(file)
    except OSError as error:
        raise StoreFault(f"the journal {path} cannot be opened: {error}") from error


def _key_references(db: sqlite3.Connection, seal: JournalSeal) -> bool:
    with write_transaction(db):
        if db.execute("SELECT 1 FROM meta WHERE name = 'references keyed'").fetchone():
            return False
        rows = db.execute("SELECT type, kind, scope, value, said FROM spoken").fetchall()
        db.executemany(
            "UPDATE spoken SET value = ? WHERE type = ? AND kind = ? AND scope = ? AND value = ? AND said = ?",
            [(seal.hash_reference(row[3]), *row) for row in rows],
        )
        db.execute("INSERT INTO meta (name, value) VALUES ('references keyed', x'01')")
        return bool(rows)


def _seal_messages(db: sqlite3.Connection, seal: JournalSeal) -> bool:
    with write_transaction(db):
        wanted = "SELECT place, sha256, envelope, body, reason FROM messages WHERE sealed = 0 LIMIT ?"
        rows = db.execute(wanted, (ROWS_PER_STEP,)).fetchall()
        db.executemany(
            "UPDATE messages SET envelope = ?, body = ?, reason = ?, sent_at = ?, sealed = 1 WHERE place = ?",
            [
                (
                    seal.seal(str(envelope).encode(), f"envelope of {sha256}"),
                    seal.seal(bytes(body), f"body of {sha256}"),
                    seal.seal_text(reason, f"reason of message {place}"),
                    str(json.loads(envelope).get("sent_at", "")),
                    place,
                )
                for place, sha256, envelope, body, reason in rows
            ],
        )
        return bool(rows)


def _seal_entities(db: sqlite3.Connection, seal: JournalSeal) -> bool:
    with write_transaction(db):
        wanted = "SELECT place, ordinal, record, reason FROM entities WHERE sealed = 0 LIMIT ?"
        rows = db.execute(wanted, (ROWS_PER_STEP,)).fetchall()
        db.executemany(
            "UPDATE entities SET record = ?, reason = ?, sealed = 1 WHERE place = ? AND ordinal = ?",
            [
                (
                    seal.seal_text(record, f"record of {place}/{ordinal}"),
                    seal.seal_text(reason, f"reason of {place}/{ordinal}"),
                    place,
                    ordinal,
                )
                for place, ordinal, record, reason in rows
            ],
        )
        return bool(rows)
