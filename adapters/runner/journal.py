"""The runner's memory: which message was taken, what became of each entity in it, and the signed record, word for word.

An entity is known by (sender, message id, ordinal, SHA-256 of the message). Its record is kept signed before it is
submitted, so a retry after a crash sends the same bytes and the gateway knows them again. SQLite, write-ahead log, full
synchronisation. Messages, envelopes, records and reasons are sealed under the member's passphrase (`journal_seal.py`);
the file is its owner's alone.

Message:  taken → read → done → settled          (taken → malformed → settled where it cannot be used)
Entity:   waiting → signed → submitted           (also: unrecorded, parked, dropped; draft → waiting when proved)
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapters.runner.attachment_table import AttachmentTable
from adapters.runner.draft_table import DraftTable
from adapters.runner.journal_erasures import JournalErasures
from adapters.runner.journal_schema import make_private, open_seal, prepare, seal_older
from adapters.sources.envelope import Envelope
from adapters.write_transaction import write_transaction
from chain.errors import NotFound, StoreFault

_ENTITY = (
    "SELECT place, ordinal, type, state, record, record_id, receipt, attempts, first_try, code, reason FROM entities"
)


@dataclass(frozen=True)
class JournalMessage:
    """A message as it was taken."""

    place: int
    envelope: Envelope
    body: bytes
    sha256: str
    state: str
    code: str
    reason: str


@dataclass(frozen=True)
class JournalEntity:
    """One entity and what became of it."""

    place: int
    """Its message's place in the journal."""
    ordinal: int
    type: str
    """Record type; empty where there is no record."""
    state: str
    record: str
    """The signed record (SD-JWT), once signed."""
    record_id: str
    receipt: str
    """The gateway's receipt (JWS), once submitted."""
    attempts: int
    first_try: float
    """When it was first tried, unix seconds; 0 before."""
    code: str
    reason: str
    """Why it waits, was parked, dropped or not recorded."""


class Journal:
    """One member's journal file; safe to use from several threads of one process."""

    def __init__(self, path: Path | str, passphrase: bytes = b"") -> None:
        """Opens or makes the file, sealed under the member's passphrase (`:memory:` for a passing one, which needs
        none); raises `StoreFault`."""
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
            prepare(self._db)
            self._seal = open_seal(self._db, passphrase)
            seal_older(self._db, self._seal)
            self.drafts = DraftTable(self._db, self._seal, self.transaction)
            self.erasures = JournalErasures(self._db, self._seal, self.transaction)
            self.attachments = AttachmentTable(self._db, self._seal, self.transaction)
        except sqlite3.DatabaseError as error:
            raise StoreFault(f"the journal {path} cannot be opened: {error}") from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside counts together or not at all; raises `StoreFault` where the file fails."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            try:
                with write_transaction(self._db):
                    yield
            except sqlite3.DatabaseError as error:
                raise StoreFault(f"the journal failed: {error}") from error

    def take(self, envelope: Envelope, body: bytes, name: str = "") -> bool:
        """Keeps the message; False where it is known already, under this id and with these bytes."""
        digest = hashlib.sha256(body).hexdigest()
        said = json.dumps(envelope.format(), ensure_ascii=False).encode()
        row = (
            envelope.sender,
            envelope.id,
            digest,
            self._seal.seal(said, f"envelope of {digest}"),
            self._seal.seal(body, f"body of {digest}"),
            envelope.sent_at,
            self._seal.seal_text(name, f"name of {digest}") if name else "",
        )
        with self.transaction():
            return (
                self._db.execute(
                    "INSERT OR IGNORE INTO messages"
                    " (sender, message_id, sha256, envelope, body, sent_at, name, state, sealed)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, 'taken', 1)",
                    row,
                ).rowcount
                == 1
            )

    def messages(self, state: str, limit: int = -1) -> list[JournalMessage]:
        """The messages in that state, oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT place, envelope, body, sha256, state, code, reason FROM messages WHERE state = ?"
                " ORDER BY place LIMIT ?",
                (state, limit),
            ).fetchall()
        return [self._message(row) for row in rows]

    def find_message(self, envelope: Envelope, sha256: str) -> JournalMessage | None:
        """The message of that envelope with these bytes; None where it was never taken."""
        with self._lock:
            row = self._db.execute(
                "SELECT place, envelope, body, sha256, state, code, reason FROM messages"
                " WHERE sender = ? AND message_id = ? AND sha256 = ?",
                (envelope.sender, envelope.id, sha256),
            ).fetchone()
        return None if row is None else self._message(row)

    def get_message(self, place: int) -> JournalMessage:
        """The message at that place; raises `NotFound`."""
        with self._lock:
            row = self._db.execute(
                "SELECT place, envelope, body, sha256, state, code, reason FROM messages WHERE place = ?", (place,)
            ).fetchone()
        if row is None:
            raise NotFound("message in the journal", place)
        return self._message(row)

    def set_message(self, place: int, state: str, code: str = "", reason: str = "") -> None:
        """Moves a message to a state, with the code and reason of a refusal where there is one."""
        sealed = self._seal.seal_text(reason, f"reason of message {place}")
        with self.transaction():
            self._db.execute(
                "UPDATE messages SET state = ?, code = CASE WHEN ? = '' THEN code ELSE ? END,"
                " reason = CASE WHEN ? = '' THEN reason ELSE ? END WHERE place = ?",
                (state, code, code, sealed, sealed, place),
            )

    def begin_entities(self, place: int, entities: Iterable[tuple[int, str, str, str]]) -> None:
        """Notes what a message holds: (ordinal, record type, `waiting` or `unrecorded`, note); the message is now
        read."""
        rows = [
            (place, ordinal, kind, state, self._seal.seal_text(note, f"reason of {place}/{ordinal}"))
            for ordinal, kind, state, note in entities
        ]
        with self.transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO entities (place, ordinal, type, state, reason, sealed)"
                " VALUES (?, ?, ?, ?, ?, 1)",
                rows,
            )
            self.set_message(place, "read")

    def entities(self, place: int) -> list[JournalEntity]:
        """All entities of a message, in its order."""
        with self._lock:
            rows = self._db.execute(f"{_ENTITY} WHERE place = ? ORDER BY ordinal", (place,)).fetchall()
        return [self._entity(row) for row in rows]

    def due(self, state: str, now: float, limit: int) -> list[JournalEntity]:
        """Entities in that state whose next try has come, oldest message first."""
        with self._lock:
            rows = self._db.execute(
                f"{_ENTITY} WHERE state = ? AND next_try <= ? ORDER BY place, ordinal LIMIT ?", (state, now, limit)
            ).fetchall()
        return [self._entity(row) for row in rows]

    def next_due(self) -> float | None:
        """When the next waiting or signed entity is to be tried, unix seconds; None where there is none."""
        with self._lock:
            row = self._db.execute("SELECT min(next_try) FROM entities WHERE state IN ('waiting', 'signed')").fetchone()
        return None if row[0] is None else float(row[0])

    def keep_signed(
        self,
        entity: JournalEntity,
        record: str,
        record_id: str,
        references: Sequence[tuple[str, str, str]],
        lodged: str = "",
    ) -> None:
        """Keeps the signed record before it is submitted, by which references (kind, scope, value) it speaks, and when
        its message was lodged."""
        with self.transaction():
            self._db.execute(
                "UPDATE entities SET state = 'signed', record = ?, record_id = ?, attempts = 0, next_try = 0,"
                " code = '', reason = '' WHERE place = ? AND ordinal = ?",
                (
                    self._seal.seal_text(record, f"record of {entity.place}/{entity.ordinal}"),
                    record_id,
                    entity.place,
                    entity.ordinal,
                ),
            )
            said = self._db.execute("SELECT ifnull(max(said), 0) + 1 FROM spoken").fetchone()[0]
            self._db.executemany(
                "INSERT OR IGNORE INTO spoken (type, kind, scope, value, said, record_id, lodged)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (entity.type, kind, scope, self._seal.hash_reference(value), said, record_id, lodged)
                    for kind, scope, value in references
                ],
            )

    def find_spoken(self, kind_of_record: str, references: Sequence[tuple[str, str, str]], lodged: str) -> str | None:
        """Record id of the last record of that type about any of those references that was lodged by then.

        Where all were lodged later, since files do not keep their times, the first of them; None where none was signed.
        """
        about = "SELECT lodged, said, record_id FROM spoken WHERE type = ? AND kind = ? AND scope = ? AND value = ?"
        with self._lock:
            found = [
                (str(row[0]), int(row[1]), str(row[2]))
                for kind, scope, value in references
                for row in self._db.execute(about, (kind_of_record, kind, scope, self._seal.hash_reference(value)))
            ]
        before = [one for one in found if one[0] <= lodged]
        return max(before)[2] if before else min(found)[2] if found else None

    def find_signed(self, record_id: str) -> str | None:
        """The text of a record that was signed here; None where there is none of that id."""
        with self._lock:
            row = self._db.execute(f"{_ENTITY} WHERE record_id = ? AND record_id <> ''", (record_id,)).fetchone()
        return None if row is None else self._entity(row).record or None

    def waiting_before(self, kind_of_record: str, lodged: str, place: int, limit: int) -> list[tuple[int, int]]:
        """Place and ordinal of entities of that type not signed yet, of other messages that were lodged before then."""
        with self._lock:
            rows = self._db.execute(
                "SELECT e.place, e.ordinal FROM entities e JOIN messages m ON m.place = e.place"
                " WHERE e.state = 'waiting' AND e.type = ? AND e.place <> ?"
                " AND m.sent_at < ? ORDER BY e.place LIMIT ?",
                (kind_of_record, place, lodged, limit),
            ).fetchall()
        return [(int(row[0]), int(row[1])) for row in rows]

    def waits_before(self, kind_of_record: str, place: int) -> bool:
        """Whether an entity of that record type in an earlier message has not been signed yet."""
        with self._lock:
            row = self._db.execute(
                "SELECT 1 FROM entities WHERE type = ? AND place < ? AND state IN ('waiting', 'parked')"
                " AND record = '' LIMIT 1",
                (kind_of_record, place),
            ).fetchone()
        return row is not None

    def set_entity(
        self,
        entity: JournalEntity,
        state: str,
        *,
        receipt: str = "",
        code: str = "",
        reason: str = "",
        now: float = 0.0,
        next_try: float = 0.0,
    ) -> None:
        """Moves an entity to a state; with `now` given, counts one more attempt."""
        counted = 1 if now else 0
        sealed = self._seal.seal_text(reason, f"reason of {entity.place}/{entity.ordinal}")
        with self.transaction():
            self._db.execute(
                "UPDATE entities SET state = ?, receipt = CASE WHEN ? = '' THEN receipt ELSE ? END,"
                " code = ?, reason = ?, attempts = attempts + ?, next_try = ?,"
                " first_try = CASE WHEN first_try = 0 THEN ? ELSE first_try END"
                " WHERE place = ? AND ordinal = ?",
                (state, receipt, receipt, code, sealed, counted, next_try, now, entity.place, entity.ordinal),
            )

    def finish(self) -> int:
        """Marks every read message whose entities are all final as done; gives how many."""
        with self.transaction():
            return self._db.execute(
                "UPDATE messages SET state = 'done' WHERE state = 'read' AND NOT EXISTS (SELECT 1 FROM entities e"
                " WHERE e.place = messages.place AND e.state NOT IN ('submitted', 'unrecorded', 'dropped', 'draft'))"
            ).rowcount

    def count(self, state: str) -> int:
        """How many entities stand in that state."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM entities WHERE state = ?", (state,)).fetchone()[0])

    def parked(self) -> list[tuple[JournalMessage, JournalEntity]]:
        """Every parked entity with its message, oldest first."""
        with self._lock:
            rows = self._db.execute(f"{_ENTITY} WHERE state = 'parked' ORDER BY place, ordinal").fetchall()
        return [(self.get_message(row[0]), self._entity(row)) for row in rows]

    def submitted(self) -> list[JournalEntity]:
        """Every entity that the gateway took, oldest first."""
        with self._lock:
            rows = self._db.execute(f"{_ENTITY} WHERE state = 'submitted' ORDER BY place, ordinal").fetchall()
        return [self._entity(row) for row in rows]

    def refused(self) -> list[JournalMessage]:
        """Every message that could not be used and was not dropped since, oldest first."""
        return [m for state in ("malformed", "refused", "settled") for m in self.messages(state) if m.code]

    def name_of(self, message: JournalMessage) -> str:
        """The file that a message came in; empty where it came in none."""
        with self._lock:
            row = self._db.execute("SELECT name FROM messages WHERE place = ?", (message.place,)).fetchone()
        return self._seal.open_text(row[0], f"name of {message.sha256}") if row and row[0] else ""

    def reopen(self, place: int) -> None:
        """Has a refused message read again, as if it had just been taken."""
        with self.transaction():
            self._db.execute("UPDATE messages SET state = 'taken', code = '', reason = '' WHERE place = ?", (place,))

    def replay(self, place: int, ordinal: int) -> None:
        """Sends a parked entity on its way again, from the start of its tries; raises `NotFound`."""
        entity = self._parked_entity(place, ordinal)
        with self.transaction():
            self._db.execute(
                "UPDATE entities SET state = ?, attempts = 0, first_try = 0, next_try = 0, code = '', reason = ''"
                " WHERE place = ? AND ordinal = ?",
                ("signed" if entity.record else "waiting", place, ordinal),
            )

    def drop(self, place: int, ordinal: int, reason: str) -> None:
        """Gives a parked entity up for good, with the operator's reason; raises `NotFound`."""
        entity = self._parked_entity(place, ordinal)
        if not reason.strip():
            raise ValueError("an entity is dropped with a reason")
        self.set_entity(entity, "dropped", code=entity.code, reason=reason.strip())

    def _message(self, row: tuple[object, ...]) -> JournalMessage:
        place, envelope, body, sha256, state, code, reason = row
        if not isinstance(place, int) or not isinstance(body, bytes) or not isinstance(envelope, bytes):
            raise StoreFault("the journal holds a message of another shape")
        said = json.loads(self._seal.open(envelope, f"envelope of {sha256}"))
        return JournalMessage(
            place,
            Envelope.parse(said),
            self._seal.open(body, f"body of {sha256}"),
            str(sha256),
            str(state),
            str(code),
            self._seal.open_text(reason, f"reason of message {place}"),
        )

    def _entity(self, row: tuple[Any, ...]) -> JournalEntity:
        entity = JournalEntity(*row)
        at = f"{entity.place}/{entity.ordinal}"
        return replace(
            entity,
            record=self._seal.open_text(entity.record, f"record of {at}"),
            reason=self._seal.open_text(entity.reason, f"reason of {at}"),
        )

    def _parked_entity(self, place: int, ordinal: int) -> JournalEntity:
        for entity in self.entities(place):
            if entity.ordinal == ordinal and entity.state == "parked":
                return entity
        raise NotFound("parked entity", f"{place}/{ordinal}")
