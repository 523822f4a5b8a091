"""The journal at rest: sealed, its owner's alone, and an older one is sealed in steps that survive a kill."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

import adapters.runner.journal_schema as journal_schema
from adapters.runner.journal import Journal
from adapters.sources.envelope import Envelope
from chain.errors import StoreFault

MEMBER = "91110000600037341L"
PASSPHRASE = b"correct horse"
PERSONAL = "110101199003078515"
OLD_SCHEMA = """
CREATE TABLE messages (
  place INTEGER PRIMARY KEY AUTOINCREMENT, sender TEXT NOT NULL, message_id TEXT NOT NULL, sha256 TEXT NOT NULL,
  envelope TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL, code TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '', UNIQUE (sender, message_id, sha256));
CREATE TABLE entities (
  place INTEGER NOT NULL, ordinal INTEGER NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
  record TEXT NOT NULL DEFAULT '', record_id TEXT NOT NULL DEFAULT '', receipt TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 0, first_try REAL NOT NULL DEFAULT 0, next_try REAL NOT NULL DEFAULT 0,
  code TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', PRIMARY KEY (place, ordinal)) WITHOUT ROWID;
CREATE TABLE spoken (
  type TEXT NOT NULL, kind TEXT NOT NULL, scope TEXT NOT NULL, value TEXT NOT NULL, said INTEGER NOT NULL,
  record_id TEXT NOT NULL, PRIMARY KEY (type, kind, scope, value, said)) WITHOUT ROWID;
"""
"""As journals were before anything in them was sealed."""


def _envelope(number: int) -> Envelope:
    return Envelope(f"M{number}", "CEB621", MEMBER, "2026-03-02T01:00:00Z", {0: (f"6CN{PERSONAL}-0001",)})


def _older(file: Path, count: int) -> None:
    with sqlite3.connect(file) as db:
        db.executescript(OLD_SCHEMA)
        for number in range(1, count + 1):
            said = json.dumps(_envelope(number).format())
            row = (MEMBER, f"M{number}", f"sha{number}", said, f"<a>{PERSONAL}</a>".encode(), "read", f"got {PERSONAL}")
            db.execute(
                "INSERT INTO messages (sender, message_id, sha256, envelope, body, state, reason)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            db.execute(
                "INSERT INTO entities (place, ordinal, type, state, record, reason) VALUES (?, 0, 't', 'signed', ?, ?)",
                (number, f"record {PERSONAL}", f"got {PERSONAL}"),
            )
            spoken = ("t", "order", "", f"N{PERSONAL}{number}", f"id{number}")
            db.execute(
                "INSERT INTO spoken (type, kind, scope, value, said, record_id) VALUES (?, ?, ?, ?, 1, ?)", spoken
            )
    db.close()


def _bytes_on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_nothing_personal_stands_in_the_file_and_nobody_else_opens_it(tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    journal = Journal(folder / "journal.sqlite", PASSPHRASE)
    journal.take(_envelope(1), f"<a>{PERSONAL}</a>".encode())
    journal.begin_entities(1, [(0, "t", "waiting", f"note {PERSONAL}")])
    (entity,) = journal.entities(1)
    journal.keep_signed(entity, f"record {PERSONAL}", "id", [("order", "", PERSONAL)])
    journal.set_entity(entity, "parked", code="4003", reason=f"why {PERSONAL}", now=1.0)
    journal.set_message(1, "malformed", "0001", f"got {PERSONAL}")
    assert PERSONAL.encode() not in _bytes_on_disk(folder)
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert journal.get_message(1).body == f"<a>{PERSONAL}</a>".encode()
    assert journal.get_message(1).reason == f"got {PERSONAL}"
    (entity,) = journal.entities(1)
    assert (entity.record, entity.reason) == (f"record {PERSONAL}", f"why {PERSONAL}")
    assert journal.find_spoken("t", [("order", "", PERSONAL)], "9") == "id"
    journal.close()
    with pytest.raises(StoreFault, match="does not open with this passphrase"):
        Journal(folder / "journal.sqlite", b"another")
    with pytest.raises(StoreFault, match="none was given"):
        Journal(folder / "journal.sqlite")


def test_a_value_moved_to_another_row_does_not_open(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    journal = Journal(file, PASSPHRASE)
    journal.take(_envelope(1), b"<a/>")
    journal.begin_entities(1, [(0, "t", "waiting", "first"), (1, "t", "waiting", "second")])
    journal.close()
    with sqlite3.connect(file) as db:
        db.execute("UPDATE entities SET reason = (SELECT reason FROM entities WHERE ordinal = 0) WHERE ordinal = 1")
    db.close()
    journal = Journal(file, PASSPHRASE)
    with pytest.raises(StoreFault, match="was changed"):
        journal.entities(1)
    journal.close()


def test_an_older_journal_is_sealed_in_steps_and_survives_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "adapter"
    folder.mkdir()
    file = folder / "journal.sqlite"
    _older(file, 25)
    monkeypatch.setattr(journal_schema, "ROWS_PER_STEP", 10)
    sealed, steps = journal_schema._seal_messages, [0]

    class Killed(BaseException):
        pass

    def killed_in_the_second_step(*arguments: object) -> bool:
        steps[0] += 1
        if steps[0] == 2:
            raise Killed
        return sealed(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(journal_schema, "_seal_messages", killed_in_the_second_step)
    with pytest.raises(Killed):
        Journal(file, PASSPHRASE)
    monkeypatch.setattr(journal_schema, "_seal_messages", sealed)
    journal = Journal(file, PASSPHRASE)
    assert len(journal.messages("read")) == 25
    for number in (1, 25):
        message = journal.get_message(number)
        assert (message.envelope, message.body) == (_envelope(number), f"<a>{PERSONAL}</a>".encode())
        assert journal.entities(number)[0].record == f"record {PERSONAL}"
        assert journal.find_spoken("t", [("order", "", f"N{PERSONAL}{number}")], "9") == f"id{number}"
    assert journal.waiting_before("t", "2026-03-03T00:00:00Z", 99, 100) == []
    journal.close()
    assert PERSONAL.encode() not in _bytes_on_disk(folder)
