"""Drafts in the journal: by which numbers each is known, and what proved that it was lodged.

Numbers are kept as keyed hashes, the proof sealed, like everything else in the journal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from adapters.runner.journal_seal import JournalSeal

SCHEMA = """
CREATE TABLE IF NOT EXISTS drafts (
  kind TEXT NOT NULL, value TEXT NOT NULL, place INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  PRIMARY KEY (kind, value, place, ordinal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS draft_links (client TEXT NOT NULL, central TEXT NOT NULL, PRIMARY KEY (client, central))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS draft_proofs (
  place INTEGER NOT NULL, ordinal INTEGER NOT NULL, central TEXT NOT NULL, entry TEXT NOT NULL,
  PRIMARY KEY (place, ordinal)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class DraftNumbers:
    """The numbers of a declaration; each empty where it is not known."""

    client: str = ""
    """The declarant's own (`ClientSeqNo`)."""
    central: str = ""
    """The single window's (`SeqNo`, `CUS_CIQ_NO`)."""
    entry: str = ""
    """Customs' own (`EntryId`)."""


class DraftTable:
    """The drafts of one journal."""

    def __init__(
        self, db: sqlite3.Connection, seal: JournalSeal, transaction: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._db = db
        self._seal = seal
        self._transaction = transaction

    def keep(self, place: int, ordinal: int, numbers: DraftNumbers) -> None:
        """Keeps by which numbers the draft is known."""
        rows = [
            (kind, self._seal.hash_reference(value), place, ordinal) for kind, value in vars(numbers).items() if value
        ]
        with self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO drafts VALUES (?, ?, ?, ?)", rows)

    def link(self, client: str, central: str) -> None:
        """Keeps that the single window gave this number to the declarant's."""
        row = (self._seal.hash_reference(client), self._seal.hash_reference(central))
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO draft_links VALUES (?, ?)", row)

    def find(self, numbers: DraftNumbers) -> list[tuple[int, int]]:
        """Place and ordinal of every draft that is known by one of the numbers, oldest first."""
        client, central, entry = (self._seal.hash_reference(value) if value else "" for value in vars(numbers).values())
        with self._transaction():
            rows = self._db.execute(
                "SELECT DISTINCT place, ordinal FROM drafts WHERE (kind = 'client' AND value = ?)"
                " OR (kind = 'central' AND value = ?) OR (kind = 'entry' AND value = ?)"
                " OR (kind = 'client' AND value IN (SELECT client FROM draft_links WHERE central = ?))"
                " ORDER BY place, ordinal",
                (client, central, entry, central),
            ).fetchall()
        return [(int(place), int(ordinal)) for place, ordinal in rows]

    def prove(self, place: int, ordinal: int, numbers: DraftNumbers) -> None:
        """Keeps the numbers under which a reply says that the draft was lodged."""
        bound = f"proof of {place}/{ordinal}"
        row = (place, ordinal, self._seal.seal_text(numbers.central, bound), self._seal.seal_text(numbers.entry, bound))
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO draft_proofs VALUES (?, ?, ?, ?)", row)
        self.keep(place, ordinal, DraftNumbers(central=numbers.central, entry=numbers.entry))

    def find_proof(self, place: int, ordinal: int) -> DraftNumbers | None:
        """The numbers that a reply gave the draft; None where none has proved it yet."""
        with self._transaction():
            row = self._db.execute(
                "SELECT central, entry FROM draft_proofs WHERE place = ? AND ordinal = ?", (place, ordinal)
            ).fetchone()
        if row is None:
            return None
        bound = f"proof of {place}/{ordinal}"
        central, entry = (self._seal.open_text(value, bound) if value else "" for value in row)
        return DraftNumbers(central=central, entry=entry)
