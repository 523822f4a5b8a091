"""`tongguan parked`: an operator reads, replays and drops what an adapter could not finish."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.runner.journal import Journal
from adapters.sources.envelope import Envelope
from scripts.cli import app
from scripts.consortium_folder import ConsortiumFolder, MemberProfile
from tests.adapters.formats.customs.writing import message

MEMBER = "91110000600037341L"
REASON = "no consignment is known yet by declaration 1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A consortium's folder with one member whose adapter has one parked entity, `1/0`."""
    founded = ConsortiumFolder(tmp_path)
    founded.trust_root.write_text("{}")
    founded.passphrase_file.write_text("correct horse\n")
    founded.save_member(MemberProfile(MEMBER, "示范报关行", "broker", "participant", ("BROKER",), "1105980088"))
    (tmp_path / "adapters" / "broker").mkdir(parents=True)
    journal = Journal(tmp_path / "adapters" / "broker" / "journal.sqlite", b"correct horse")
    journal.take(Envelope("M1", "CEB621", MEMBER, "2026-03-02T01:00:00Z"), message("621"))
    journal.begin_entities(1, [(0, "customs.declaration", "waiting", "")])
    journal.set_entity(journal.entities(1)[0], "parked", code="4003", reason=REASON, now=1.0)
    journal.close()
    return tmp_path


def said(folder: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["parked", str(folder), "--member", "broker", *options])
    return result.exit_code, result.output


def state(folder: Path) -> tuple[str, str]:
    journal = Journal(folder / "adapters" / "broker" / "journal.sqlite", b"correct horse")
    entity = journal.entities(1)[0]
    journal.close()
    return entity.state, entity.reason


def test_the_list_names_message_kind_code_and_reason(folder: Path) -> None:
    assert said(folder) == (0, f"1/0  M1  CEB621  4003  {REASON}\n")


def test_one_is_shown_with_its_message_and_the_record_it_would_become(folder: Path) -> None:
    code, told = said(folder, "--show", "1/0")
    shown = json.loads(told)
    assert code == 0
    assert (shown["envelope"]["id"], shown["reason"], shown["attempts"]) == ("M1", REASON, 1)
    assert shown["entity"]["record_type"] == "customs.declaration"
    assert "<ceb:Inventory>" in shown["message"]


def test_one_is_replayed(folder: Path) -> None:
    assert said(folder, "--replay", "1/0") == (0, "")
    assert state(folder) == ("waiting", "")


def test_one_is_dropped_with_a_reason_and_not_without(folder: Path) -> None:
    assert said(folder, "--drop", "1/0")[0] == 2
    assert state(folder)[0] == "parked"
    assert said(folder, "--drop", "1/0", "--reason", "of another port") == (0, "")
    assert state(folder) == ("dropped", "of another port")


@pytest.mark.parametrize("option", ["--show", "--replay", "--drop"])
@pytest.mark.parametrize("place", ["x", "1", "1/x", "/", "-1/0"])
def test_a_place_that_is_none_is_bad_usage(folder: Path, option: str, place: str) -> None:
    assert said(folder, option, place, "--reason", "r")[0] == 2
