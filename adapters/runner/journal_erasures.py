"""What a journal holds of records that were erased: the signed text without these disclosures, and no native message.

A native message tells what its records said, so its bytes go with the first record of it that is erased; what is known
of the message and its receipts stays. SQLite overwrites what is deleted (`secure_delete`), and its log is emptied.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager

from adapters.runner.journal_seal import JournalSeal
from chain.erasures import KEPT_SECTIONS
from chain.sdjwt import SignedRecord


class JournalErasures:
    """Erases records from one journal; see `adapters.runner.journal.Journal`."""

    def __init__(
        self, db: sqlite3.Connection, seal: JournalSeal, transaction: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._db = db
        self._seal = seal
        self._transaction = transaction

    def erase(self, erased: Mapping[str, Collection[str]]) -> int:
        """Erases sections of records by record id, where they were submitted; how many records. Raises StoreFault."""
        count = 0
        with self._transaction():
            for record_id, sections in erased.items():
                rows = self._db.execute(
                    "SELECT e.place, e.ordinal, e.record, m.sha256 FROM entities e JOIN messages m ON m.place = e.place"
                    " WHERE e.record_id = ? AND e.record_id <> '' AND e.state = 'submitted' AND e.record <> ''",
                    (record_id,),
                ).fetchall()
                for place, ordinal, record, sha256 in rows:
                    self._erase_entity(place, ordinal, record, sections)
                    empty = self._seal.seal(b"", f"body of {sha256}")
                    self._db.execute("UPDATE messages SET body = ? WHERE place = ?", (empty, place))
                    count += 1
        if count:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count

    def _erase_entity(self, place: int, ordinal: int, record: bytes, sections: Collection[str]) -> None:
        at = f"record of {place}/{ordinal}"
        signed = SignedRecord.parse(self._seal.open_text(record, at))
        left = signed.with_sections(set(signed.sections) - (set(sections) - KEPT_SECTIONS))
        sealed = self._seal.seal_text(left.serialize(), at)
        self._db.execute("UPDATE entities SET record = ? WHERE place = ? AND ordinal = ?", (sealed, place, ordinal))
