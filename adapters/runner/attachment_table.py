"""Attached files in the journal: what lay beside a message when it was read, so that a record that is signed later, or
again, says the same."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from adapters.runner.journal_seal import JournalSeal
from adapters.sources.attachment import Attachment

SCHEMA = """
CREATE TABLE IF NOT EXISTS attachments (place INTEGER PRIMARY KEY, files BLOB NOT NULL);
"""


class AttachmentTable:
    """The attached files of one journal's messages; names and hashes are sealed."""

    def __init__(
        self, db: sqlite3.Connection, seal: JournalSeal, transaction: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._db = db
        self._seal = seal
        self._transaction = transaction

    def keep(self, place: int, files: Mapping[str, Attachment]) -> None:
        """Keeps what the source had under each name when the message was read; what is kept already stays."""
        said = json.dumps({name: [file.sha256, file.reason] for name, file in files.items()}, ensure_ascii=False)
        sealed = self._seal.seal_text(said, f"attachments of {place}")
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO attachments (place, files) VALUES (?, ?)", (place, sealed))

    def find(self, place: int) -> dict[str, Attachment]:
        """What was kept for the message, by file name; empty where nothing was looked for."""
        with self._transaction():
            row = self._db.execute("SELECT files FROM attachments WHERE place = ?", (place,)).fetchone()
        if row is None:
            return {}
        files = json.loads(self._seal.open_text(row[0], f"attachments of {place}"))
        return {name: Attachment(sha256, reason) for name, (sha256, reason) in files.items()}
