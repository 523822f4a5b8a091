"""`tongguan parked` by file name, `tongguan receipts`, and a folder whose refusals are told once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.retry_policy import RunnerSettings
from adapters.single_window_mock import numbers
from adapters.sources.folder import REFUSAL_SUFFIX, Folder
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.members import Role
from scripts.cli import app
from scripts.consortium_folder import ConsortiumFolder, MemberProfile
from tests.adapters.formats.customs.test_dec import IMPORT
from tests.adapters.runner.conftest import CONSORTIUM, Clock, RememberingGateway

MEMBER = "91110000600037341L"


@pytest.fixture
def founded(tmp_path: Path) -> ConsortiumFolder:
    folder = ConsortiumFolder(tmp_path)
    folder.trust_root.write_text("{}")
    folder.passphrase_file.write_text("correct horse\n")
    folder.save_member(MemberProfile(MEMBER, "示范报关行", "broker", "participant", ("BROKER",), "1105980088"))
    (tmp_path / "adapters" / "broker").mkdir(parents=True)
    (tmp_path / "files").mkdir()
    return folder


def run(founded: ConsortiumFolder) -> AdapterRunner:
    """One run of the broker's adapter over the folder of files, as the command makes one."""
    journal = Journal(founded.path / "adapters" / "broker" / "journal.sqlite", founded.passphrase())
    runner = AdapterRunner(
        MEMBER,
        SigningKey.generate(),
        CONSORTIUM,
        jti_secret=b"s" * 32,
        source=Folder(founded.path / "files", MEMBER),
        gateway=RememberingGateway({MEMBER: Role.BROKER}),
        journal=journal,
        settings=RunnerSettings(attempts_max=1),
        clock=Clock(),
        random=numbers.seeded("jitter"),
    )
    for _ in range(3):
        runner.run_once()
    journal.close()
    return runner


def put(founded: ConsortiumFolder, name: str, body: bytes, *, ucr: bool = False) -> None:
    (founded.path / "files" / name).write_bytes(body)
    if ucr:
        envelope = {"id": name, "kind": "DEC", "sender": MEMBER, "sent_at": "2026-03-02T01:00:00Z"}
        text = json.dumps({**envelope, "ucrs": {"0": [str(Ucr.EXAMPLE)]}})
        (founded.path / "files" / f"{name}.envelope.json").write_text(text)


def command(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_a_refusal_is_told_once_stands_beside_its_file_and_is_listed(founded: ConsortiumFolder) -> None:
    put(founded, "wrong.xml", b"<Unknown/>")
    assert len(run(founded).report.refused) == 1
    note = json.loads((founded.path / "files" / f"wrong.xml{REFUSAL_SUFFIX}").read_text())
    assert "no reader knows" in note["reason"]
    assert run(founded).report.refused == [], "a later run has nothing to tell"
    code, listed = command("parked", str(founded.path), "--member", "broker")
    assert code == 0
    assert listed.startswith("1  wrong.xml  XML  refused  0001  ")


def test_a_refused_file_is_dropped_by_its_name(founded: ConsortiumFolder) -> None:
    put(founded, "wrong.xml", b"<Unknown/>")
    run(founded)
    parked = ("parked", str(founded.path), "--member", "broker")
    assert command(*parked, "--drop", "wrong.xml")[0] == 2
    assert command(*parked, "--drop", "wrong.xml", "--reason", "of another system") == (0, "")
    assert command(*parked) == (0, "")
    assert run(founded).report.refused == []


def test_a_refused_file_is_read_again_when_replayed_by_its_name(founded: ConsortiumFolder) -> None:
    put(founded, "wrong.xml", b"<Unknown/>")
    run(founded)
    assert command("parked", str(founded.path), "--member", "broker", "--replay", "wrong.xml") == (0, "")
    assert len(run(founded).report.refused) == 1


def test_a_parked_file_is_replayed_and_dropped_by_its_name(founded: ConsortiumFolder) -> None:
    put(founded, "lost.xml", IMPORT)
    run(founded)
    parked = ("parked", str(founded.path), "--member", "broker")
    assert "  lost.xml  " in command(*parked)[1]
    assert command(*parked, "--replay", "lost.xml") == (0, "")
    assert command(*parked) == (0, "")
    run(founded)
    assert command(*parked, "--drop", "lost.xml", "--reason", "twice") == (0, "")
    assert command(*parked) == (0, "")


def test_a_name_that_nothing_has_is_bad_usage(founded: ConsortiumFolder) -> None:
    run(founded)
    assert command("parked", str(founded.path), "--member", "broker", "--replay", "nothing.xml")[0] == 2


def test_receipts_are_listed_shown_and_exported(founded: ConsortiumFolder, tmp_path: Path) -> None:
    put(founded, "good.xml", IMPORT, ucr=True)
    runner = run(founded)
    assert len(runner.report.submitted) == 1
    code, listed = command("receipts", "list", str(founded.path), "--member", "broker", "--ucr", str(Ucr.EXAMPLE))
    record_id, kind, ucr, name = listed.split()
    assert (code, kind, ucr, name) == (0, "customs.declaration", str(Ucr.EXAMPLE), "good.xml")
    shown = command("receipts", "show", str(founded.path), record_id, "--member", "broker")
    assert shown == (0, f"receipt of {record_id}\n")
    out = tmp_path / "out"
    assert command("receipts", "export", str(founded.path), str(out), "--member", "broker")[0] == 0
    assert (out / f"{record_id}.receipt").read_text() == f"receipt of {record_id}"
    other = ("receipts", "list", str(founded.path), "--member", "broker", "--ucr", "6CN0000000000000000-OTHER")
    assert command(*other) == (0, "")
