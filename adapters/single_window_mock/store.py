"""What the stand-in keeps: messages to hand over, in order; what became of each; the UCRs that it assigned.

Plain SQLite with write-ahead log and full synchronisation, so that an acknowledgement that was answered is kept. A
message gets its cursor when it falls due, not when it was planned, so a client that pages forward never passes
over a late one.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.single_window_mock.script import AttachedFile
from adapters.sources.envelope import Envelope
from adapters.write_transaction import write_transaction
from chain.errors import NotFound, StoreFault

_SCHEMA = """
CREATE TABLE IF NOT EXISTS planned (
  place INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL,
  envelope TEXT NOT NULL, body BLOB NOT NULL, copies INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS planned_due ON planned (due);
CREATE TABLE IF NOT EXISTS messages (
  cursor INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, sender TEXT NOT NULL,
  envelope TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL DEFAULT 'open',
  code TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', handed_over INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_id ON messages (id);
CREATE INDEX IF NOT EXISTS messages_open ON messages (sender, cursor) WHERE state = 'open';
CREATE TABLE IF NOT EXISTS known_ids (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assignments (
  kind TEXT NOT NULL, scope TEXT NOT NULL, value TEXT NOT NULL, ucr TEXT NOT NULL,
  PRIMARY KEY (kind, scope, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attached (
  sender TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (sender, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stories (
  name TEXT NOT NULL, seed INTEGER NOT NULL, started_at TEXT NOT NULL, ucrs TEXT NOT NULL,
  PRIMARY KEY (name, seed)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Planned:
    """A message to hand over from `due` (unix seconds) on; `copies` more than 1 doubles it, as a faulty window does."""

    envelope: Envelope
    body: bytes
    due: float = 0.0
    copies: int = 1


@dataclass(frozen=True)
class StoredMessage:
    """A message with its place and what became of it: `open`, `acknowledged` or `refused`."""

    cursor: int
    envelope: Envelope
    body: bytes
    state: str
    code: str
    reason: str
    handed_over: int


class MessageStore:
    """Durable queue of native messages; safe to use from several threads."""

    def __init__(self, path: Path | str) -> None:
        """Opens or makes the database file (`:memory:` for a passing one); raises `StoreFault`."""
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StoreFault(f"the single window's store {path} cannot be opened: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    def plan(self, messages: Iterable[Planned]) -> int:
        """Takes messages to hand over, in this order; one whose id is known already is left out. Gives how many
        are new."""
        taken = 0
        with self._lock, self._writing():
            for message in messages:
                fresh = self._db.execute("INSERT OR IGNORE INTO known_ids VALUES (?)", (message.envelope.id,)).rowcount
                if fresh:
                    text = json.dumps(message.envelope.format(), ensure_ascii=False)
                    row = (message.due, text, message.body, message.copies)
                    self._db.execute("INSERT INTO planned (due, envelope, body, copies) VALUES (?, ?, ?, ?)", row)
                    taken += 1
        return taken

    def open_messages(self, sender: str, after: int, limit: int, now: float) -> list[StoredMessage]:
        """The sender's next messages after the cursor that were neither acknowledged nor refused, oldest first."""
        with self._lock, self._writing():
            self._release(now)
            rows = self._db.execute(
                "SELECT cursor, envelope, body, state, code, reason, handed_over FROM messages"
                " WHERE sender = ? AND cursor > ? AND state = 'open' ORDER BY cursor LIMIT ?",
                (sender, after, limit),
            ).fetchall()
            self._db.executemany(
                "UPDATE messages SET handed_over = handed_over + 1 WHERE cursor = ?", [row[:1] for row in rows]
            )
        return [_message(row) for row in rows]

    def get_message(self, message_id: str) -> StoredMessage:
        """The message of that id; raises `NotFound`."""
        with self._lock:
            row = self._db.execute(
                "SELECT cursor, envelope, body, state, code, reason, handed_over FROM messages"
                " WHERE id = ? ORDER BY cursor LIMIT 1",
                (message_id,),
            ).fetchone()
        if row is None:
            raise NotFound("message", message_id)
        return _message(row)

    def settle(self, message_id: str, state: str, code: str = "", reason: str = "") -> StoredMessage:
        """Marks the message acknowledged or refused; the first word stands. Raises `NotFound`."""
        with self._lock, self._writing():
            self._db.execute(
                "UPDATE messages SET state = ?, code = ?, reason = ? WHERE id = ? AND state = 'open'",
                (state, code, reason, message_id),
            )
        return self.get_message(message_id)

    def count(self, state: str) -> int:
        """How many messages stand in that state; `planned` counts those not yet due."""
        query = (
            "SELECT count(*) FROM planned" if state == "planned" else "SELECT count(*) FROM messages WHERE state = ?"
        )
        with self._lock:
            return int(self._db.execute(query, () if state == "planned" else (state,)).fetchone()[0])

    def next_number(self, name: str) -> int:
        """The next whole number of that counter, from 1."""
        with self._lock, self._writing():
            row = self._db.execute(
                "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
                (name,),
            ).fetchone()
        return int(row[0])

    def find_story(self, name: str, seed: int) -> tuple[str, list[str]] | None:
        """When that story was started (ISO time) and its UCRs; None where it was not."""
        with self._lock:
            row = self._db.execute(
                "SELECT started_at, ucrs FROM stories WHERE name = ? AND seed = ?", (name, seed)
            ).fetchone()
        return None if row is None else (str(row[0]), list(json.loads(row[1])))

    def keep_story(self, name: str, seed: int, started_at: str, ucrs: Sequence[str]) -> None:
        """Remembers that the story was started, so that the same seed gives the same bytes again."""
        with self._lock, self._writing():
            self._db.execute(
                "INSERT OR IGNORE INTO stories VALUES (?, ?, ?, ?)", (name, seed, started_at, json.dumps(list(ucrs)))
            )

    def attach(self, files: Iterable[AttachedFile]) -> None:
        """Keeps files that were handed over with messages; of one name of a sender the first stays."""
        rows = [(file.sender, file.name, file.body) for file in files]
        with self._lock, self._writing():
            self._db.executemany("INSERT OR IGNORE INTO attached VALUES (?, ?, ?)", rows)

    def get_attached(self, sender: str, name: str) -> bytes:
        """The file of that name that the sender handed over; raises `NotFound`."""
        with self._lock:
            row = self._db.execute("SELECT body FROM attached WHERE sender = ? AND name = ?", (sender, name)).fetchone()
        if row is None:
            raise NotFound("attached file", name)
        return bytes(row[0])

    def find_assignment(self, references: Sequence[Mapping[str, str]]) -> str | None:
        """The UCR of the first of these references (kind, scope, value) that has one."""
        with self._lock:
            for reference in references:
                row = self._db.execute(
                    "SELECT ucr FROM assignments WHERE kind = ? AND scope = ? AND value = ?",
                    (reference["kind"], reference["scope"], reference["value"]),
                ).fetchone()
                if row is not None:
                    return str(row[0])
        return None

    def keep_assignment(self, references: Sequence[Mapping[str, str]], ucr: str) -> None:
        """Binds the references to the UCR; a reference that is bound already keeps its own."""
        rows = [(reference["kind"], reference["scope"], reference["value"], ucr) for reference in references]
        with self._lock, self._writing():
            self._db.executemany("INSERT OR IGNORE INTO assignments VALUES (?, ?, ?, ?)", rows)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with write_transaction(self._db):
                yield
        except sqlite3.DatabaseError as error:
            raise StoreFault(f"the single window's store failed: {error}") from error

    def _release(self, now: float) -> None:
        rows = self._db.execute(
            "SELECT place, envelope, body, copies FROM planned WHERE due <= ? ORDER BY due, place", (now,)
        ).fetchall()
        for place, envelope, body, copies in rows:
            known = json.loads(envelope)
            for _ in range(copies):
                self._db.execute(
                    "INSERT INTO messages (id, sender, envelope, body) VALUES (?, ?, ?, ?)",
                    (known["id"], known["sender"], envelope, body),
                )
            self._db.execute("DELETE FROM planned WHERE place = ?", (place,))


def _message(row: tuple[object, ...]) -> StoredMessage:
    cursor, envelope, body, state, code, reason, handed_over = row
    return StoredMessage(
        cursor=int(str(cursor)),
        envelope=Envelope.parse(json.loads(str(envelope))),
        body=body if isinstance(body, bytes) else str(body).encode(),
        state=str(state),
        code=str(code),
        reason=str(reason),
        handed_over=int(str(handed_over)),
    )
