"""The page for outside witnesses holds: its commands, typed by a university, set up a witness that cosigns."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.proof.notes import Note
from chain.witness.checkpoint_log import CheckpointLog
from chain.witness.publisher import Publisher
from scripts.cli import app
from scripts.commands import witness_commands
from scripts.consortium_folder import ConsortiumFolder, MemberProfile
from scripts.witness_folder import NotesFolder, WitnessFolder, witnesses_of
from tests.chain.witness.histories import History, Outsider

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "witness.md"
USCC = "91110000MA0090006R"


def commands_of_the_page() -> list[str]:
    return [
        line
        for block in re.findall(r"```\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
    ]


def typed(line: str) -> str:
    program, *arguments = shlex.split(line)
    assert program == "tongguan"
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (line, done.output, done.exception)
    return done.output


@pytest.fixture
def consortium(tmp_path: Path) -> ConsortiumFolder:
    """A governor's folder with a note key."""
    folder = ConsortiumFolder(tmp_path / "DIR")
    folder.save_member(MemberProfile(USCC, "示范海关", "customs", "governor", ("CUSTOMS",), "0100900000"))
    folder.make_passphrase()
    folder.trust_root.write_text("{}")
    NotesFolder(folder, "customs").make_key("customs.example/checkpoints")
    return folder


def test_the_page_sets_up_a_witness_that_cosigns(
    consortium: ConsortiumFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    served: list[WitnessFolder] = []
    monkeypatch.setattr(witness_commands, "_serve", lambda folder, host, port: served.append(folder))
    notes = NotesFolder(consortium, "customs")
    made, trusted, ran, listed, published = commands_of_the_page()
    key = typed(made).splitlines()[1].strip()
    typed(trusted.replace("LOG-KEY", notes.key().text))
    typed(ran)
    [folder] = served
    assert folder.key().text == key and folder.logs() == [notes.key()]
    typed(listed.replace("YOUR-KEY", key))
    assert [one.url for one in witnesses_of(consortium)] == ["https://witness.university.example"]
    assert published == "tongguan notes publish DIR --member customs"
    outsider = Outsider.of(folder)
    history = History()
    history.grow(4)
    log = CheckpointLog(notes.leaves)
    publisher = Publisher(history, log, notes.key().name, notes.secret(), notes.note, [outsider.client()], 1)
    assert publisher.step(0).cosigned_by == ("university.example/witness",)
    assert Note.parse(notes.note.read_bytes()).signature_of(folder.key()) is not None
    assert len(list((tmp_path / "WITNESS" / "notes").glob("*.note"))) == 1
