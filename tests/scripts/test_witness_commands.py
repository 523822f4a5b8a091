"""What an outside witness and a governor type about notes, from making keys to running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from chain.errors import Refused
from chain.proof.notes import KeyType, MalformedNote, NoteKey
from scripts.cli import app
from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, MemberProfile
from scripts.processes import free_ports
from scripts.witness_folder import NotesFolder, WitnessFolder, default_origin, witnesses_of
from tests.chain.witness.histories import LOG, LOG_SECRET, ORIGIN, History
from tests.chain.witness.test_cosigner import WITNESS

NAME = "university.example/witness"


def typed(*words: str) -> str:
    """What a command prints; an error of ours is raised."""
    done = CliRunner().invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_witness_is_made_with_a_name_and_prints_its_key(tmp_path: Path) -> None:
    printed = typed("witness", str(tmp_path), "--new", NAME)
    key = WitnessFolder(tmp_path).key()
    assert key.text in printed and (key.name, key.type) == (NAME, KeyType.WITNESS)
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0
    assert b"ENCRYPTED" in (tmp_path / "key.pem").read_bytes()


def test_a_second_witness_in_one_folder_is_refused(tmp_path: Path) -> None:
    typed("witness", str(tmp_path), "--new", NAME)
    with pytest.raises(Refused, match="holds a witness already"):
        typed("witness", str(tmp_path), "--new", "other.example")


def test_a_witness_without_a_log_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(BrokenFolder, match="--new NAME"):
        typed("witness", str(tmp_path))
    typed("witness", str(tmp_path), "--new", NAME)
    with pytest.raises(Refused, match="--trust KEY"):
        typed("witness", str(tmp_path))


def test_only_a_logs_key_is_trusted_and_once(tmp_path: Path) -> None:
    typed("witness", str(tmp_path), "--new", NAME, "--trust", LOG.text)
    assert WitnessFolder(tmp_path).logs() == [LOG]
    with pytest.raises(Refused, match="already"):
        typed("witness", str(tmp_path), "--trust", LOG.text)
    with pytest.raises(Refused, match="witness's key"):
        typed("witness", str(tmp_path), "--trust", WITNESS.text)
    with pytest.raises(MalformedNote):
        typed("witness", str(tmp_path), "--trust", "nonsense")


def test_a_running_witness_cosigns_and_ends_in_order(tmp_path: Path) -> None:
    typed("witness", str(tmp_path), "--new", NAME, "--trust", LOG.text)
    [port] = free_ports([0])
    command = [sys.executable, "-m", "scripts.cli", "witness", str(tmp_path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            while "Listening" not in (line := process.stdout.readline()):
                assert line, "the witness ended"
            note = _head(tmp_path / "leaves").sign(LOG_SECRET)
            for _ in range(100):
                try:
                    answer = httpx.post(f"http://127.0.0.1:{port}/add-checkpoint", content=f"old 0\n\n{note.format()}")
                    break
                except httpx.ConnectError:
                    continue
            assert answer.status_code == 200 and answer.text.startswith(f"— {NAME} ")
        finally:
            os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) in (0, 130, -signal.SIGINT)


def _head(file: Path):  # type: ignore[no-untyped-def]
    from chain.witness.checkpoint_log import CheckpointLog

    history = History()
    history.grow(3)
    log = CheckpointLog(file)
    log.catch_up(history)
    return log.head(ORIGIN)


@pytest.fixture
def consortium(tmp_path: Path) -> ConsortiumFolder:
    folder = ConsortiumFolder(tmp_path)
    folder.save_member(
        MemberProfile("91110000MA0090006R", "示范海关", "customs", "governor", ("CUSTOMS",), "0100900000")
    )
    folder.make_passphrase()
    return folder


def test_a_governor_has_one_note_key(consortium: ConsortiumFolder) -> None:
    notes = NotesFolder(consortium, "customs")
    made = notes.make_key(default_origin(bytes(32), "91110000MA0090006R"))
    assert notes.key() == made == NoteKey.parse(notes.key_file.read_text().strip())
    assert notes.secret().public == made.public
    with pytest.raises(Refused, match="stands already"):
        notes.make_key("another.example")


def test_witnesses_are_listed_once_and_logs_are_none(consortium: ConsortiumFolder) -> None:
    consortium.trust_root.write_text("{}")
    typed("notes", "witness", str(consortium.path), WITNESS.text, "https://old.example")
    printed = typed("notes", "witness", str(consortium.path), WITNESS.text, "https://new.example")
    assert "https://new.example" in printed and "old" not in printed
    assert [(one.key, one.url) for one in witnesses_of(consortium)] == [(WITNESS, "https://new.example")]
    with pytest.raises(Refused, match="log's key"):
        typed("notes", "witness", str(consortium.path), LOG.text, "https://log.example")
