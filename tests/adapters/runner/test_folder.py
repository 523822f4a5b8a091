"""A folder of native files is a source like the single window."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from adapters.registry import read_message
from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.retry_policy import RunnerSettings
from adapters.sources.folder import Folder
from adapters.sources.single_window import SingleWindowFault
from chain.errors import MalformedMessage
from tests.adapters.runner.conftest import CONSORTIUM, Consortium
from tests.record_numbers import SECRET


def _folder_runner(consortium: Consortium, folder: Folder, **more: object) -> AdapterRunner:
    return AdapterRunner(
        consortium.cast.broker.uscc,
        consortium.keys["broker"],
        CONSORTIUM,
        jti_secret=SECRET,
        source=folder,
        gateway=consortium.gateway,
        journal=Journal(":memory:"),
        settings=RunnerSettings(rescan_s=0.0, attempts_max=2, retry_first_s=0.01),
        **more,  # type: ignore[arg-type]
    )


def _declaration(consortium: Consortium, folder: Path, *, envelope: bool) -> str:
    consortium.start()
    consortium.window.get("/v1/messages", params={"sender": consortium.cast.broker.uscc})
    message = consortium.store.get_message("parcel-000001-04")
    folder.mkdir()
    (folder / "list.xml").write_bytes(message.body)
    if envelope:
        (folder / "list.xml.envelope.json").write_text(json.dumps(message.envelope.format()))
    return message.envelope.ucrs[0][0]


def test_an_envelope_beside_the_file_gives_the_ucr(consortium: Consortium, tmp_path: Path) -> None:
    ucr = _declaration(consortium, tmp_path / "in", envelope=True)
    runner = _folder_runner(consortium, Folder(tmp_path / "in", consortium.cast.broker.uscc))
    assert runner.run_until_settled().submitted == 1
    record = next(iter(consortium.gateway.records.values()))
    assert record.section("ucr") == (ucr,)
    assert (tmp_path / "in" / "list.xml").exists()


def test_without_an_envelope_the_single_window_assigns_the_ucr(consortium: Consortium, tmp_path: Path) -> None:
    _declaration(consortium, tmp_path / "in", envelope=False)

    def assign(kind: str, references: Sequence[Mapping[str, str]]) -> str:
        answer = consortium.window.post("/v1/assignments", json={"kind": kind, "references": list(references)})
        return str(answer.json()["ucr"])

    runner = _folder_runner(consortium, Folder(tmp_path / "in", consortium.cast.broker.uscc), assign=assign)
    assert runner.run_until_settled().submitted == 1


def test_without_envelope_and_assignment_the_record_is_parked(consortium: Consortium, tmp_path: Path) -> None:
    _declaration(consortium, tmp_path / "in", envelope=False)
    runner = _folder_runner(consortium, Folder(tmp_path / "in", consortium.cast.broker.uscc))
    assert runner.run_until_settled().parked == 1
    assert not consortium.gateway.records


def test_a_watched_folder_moves_what_is_done_and_what_is_refused(consortium: Consortium, tmp_path: Path) -> None:
    _declaration(consortium, tmp_path / "in", envelope=True)
    (tmp_path / "in" / "broken.xml").write_bytes(b"<html/>")
    runner = _folder_runner(consortium, Folder(tmp_path / "in", consortium.cast.broker.uscc, moves=True))
    runner.run_until_settled()
    assert (tmp_path / "in" / "acknowledged" / "list.xml.envelope.json").exists()
    refusal = json.loads((tmp_path / "in" / "refused" / "broken.xml.refusal.json").read_text())
    assert refusal["code"] == "0001"


def test_a_file_that_is_still_being_written_waits(consortium: Consortium, tmp_path: Path) -> None:
    _declaration(consortium, tmp_path / "in", envelope=True)
    folder = Folder(tmp_path / "in", consortium.cast.broker.uscc, quiet_s=3600.0)
    assert folder.fetch().messages == ()


def test_a_second_pass_over_the_same_folder_submits_nothing(consortium: Consortium, tmp_path: Path) -> None:
    _declaration(consortium, tmp_path / "in", envelope=True)
    runner = _folder_runner(consortium, Folder(tmp_path / "in", consortium.cast.broker.uscc))
    runner.run_until_settled()
    runner.run_until_settled()
    assert len(consortium.gateway.submissions) == 1


def test_in_a_shared_folder_each_member_takes_its_own_words(consortium: Consortium, tmp_path: Path) -> None:
    _declaration(consortium, tmp_path / "in", envelope=True)
    (tmp_path / "in" / "loose.xml").write_bytes(b"<CEB311Message/>")
    customs = Folder(tmp_path / "in", consortium.cast.customs.uscc, accepts=lambda body: False)
    broker = Folder(tmp_path / "in", consortium.cast.broker.uscc, accepts=lambda body: False)
    trader = Folder(tmp_path / "in", consortium.cast.trader.uscc, accepts=lambda body: True)
    found = [[message.envelope.kind for message in folder.fetch().messages] for folder in (customs, broker, trader)]
    assert found == [[], ["CEB621"], ["XML"]]


def test_an_envelope_that_cannot_be_read_refuses_its_file_and_holds_up_no_other(
    consortium: Consortium, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    _declaration(consortium, folder, envelope=True)
    (folder / "a.xml").write_bytes(b"<a/>")
    (folder / "a.xml.envelope.json").write_text('{"id": ')
    runner = _folder_runner(consortium, Folder(folder, consortium.cast.broker.uscc, moves=True))
    assert runner.run_until_settled().submitted == 1
    assert sorted(path.name for path in (folder / "refused").iterdir()) == [
        "a.xml",
        "a.xml.envelope.json",
        "a.xml.refusal.json",
    ]
    assert "a.xml.envelope.json" in json.loads((folder / "refused" / "a.xml.refusal.json").read_text())["reason"]


def test_an_envelope_that_cannot_be_read_is_said_where_files_stay(
    consortium: Consortium, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "in"
    _declaration(consortium, folder, envelope=True)
    (folder / "a.xml").write_bytes(b"<a/>")
    (folder / "a.xml.envelope.json").write_text("[]")
    runner = _folder_runner(consortium, Folder(folder, consortium.cast.broker.uscc))
    assert runner.run_until_settled().submitted == 1
    assert [record.message for record in caplog.records if "a.xml.envelope.json" in record.message]
    assert (folder / "a.xml").exists()


MEMBER = "91110000600037341L"
HIDDEN = "the passphrase that opens everything"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file beside the folder that its senders may not read or write."""
    file = tmp_path / "passphrase"
    file.write_text(HIDDEN)
    file.chmod(0o600)
    return file


def _plant(path: Path, kind: str, outside: Path) -> None:
    match kind:
        case "symlink":
            path.symlink_to(outside)
        case "hard link":
            path.hardlink_to(outside)
        case "pipe":
            os.mkfifo(path)
        case "link to a folder":
            path.symlink_to(outside.parent)


@pytest.mark.parametrize("moves", [True, False])
@pytest.mark.parametrize("kind", ["symlink", "hard link", "pipe", "link to a folder"])
def test_what_is_no_regular_file_is_refused_by_name_and_never_opened(
    tmp_path: Path, outside: Path, kind: str, moves: bool, caplog: pytest.LogCaptureFixture
) -> None:
    drop = tmp_path / "in"
    drop.mkdir()
    _plant(drop / "evil.xml", kind, outside)
    folder = Folder(drop, MEMBER, moves=moves)
    assert folder.fetch().messages == ()
    assert folder.fetch().messages == ()
    assert "evil.xml" in caplog.text
    assert HIDDEN not in caplog.text
    assert outside.read_text() == HIDDEN
    if moves:
        note = (drop / "refused" / "evil.xml.refusal.json").read_text()
        assert "no regular file" in note
        assert HIDDEN not in note
        assert not os.path.lexists(drop / "evil.xml")


@pytest.mark.parametrize("kind", ["symlink", "hard link", "pipe"])
def test_a_sidecar_is_never_followed(
    tmp_path: Path, outside: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    drop = tmp_path / "in"
    drop.mkdir()
    (drop / "list.xml").write_bytes(b"<a/>")
    _plant(drop / "list.xml.envelope.json", kind, outside)
    assert Folder(drop, MEMBER, moves=True).fetch().messages == ()
    assert HIDDEN not in caplog.text
    assert outside.read_text() == HIDDEN


def test_planted_names_overwrite_nothing_outside(tmp_path: Path, outside: Path) -> None:
    drop = tmp_path / "in"
    (drop / "refused").mkdir(parents=True)
    (drop / "refused" / "list.xml").symlink_to(outside)
    (drop / "refused" / "list.xml.refusal.json").symlink_to(outside)
    (drop / "list.xml").write_bytes(b"<a/>")
    folder = Folder(drop, MEMBER, moves=True)
    (message,) = folder.fetch().messages
    folder.refuse(message.envelope, "0001", "no")
    assert outside.read_text() == HIDDEN
    assert json.loads((drop / "refused" / "list.xml.refusal.json").read_text())["reason"] == "no"
    assert (drop / "refused" / "list.xml.refusal.json").stat().st_mode & 0o777 == 0o600


def test_a_target_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    drop, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    drop.mkdir()
    elsewhere.mkdir()
    (drop / "refused").symlink_to(elsewhere)
    (drop / "list.xml").write_bytes(b"<a/>")
    folder = Folder(drop, MEMBER, moves=True)
    (message,) = folder.fetch().messages
    with pytest.raises(SingleWindowFault, match="cannot be moved"):
        folder.refuse(message.envelope, "0001", "no")
    assert list(elsewhere.iterdir()) == []


def test_what_is_no_message_is_never_quoted(tmp_path: Path) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(HIDDEN.encode())
    assert not any(word in str(refused.value) for word in HIDDEN.split() if len(word) > 4)


@pytest.mark.parametrize("name", ["a\x1b[2Jb.xml", "a\nERROR forged line.xml", "a\u202egnp.xml", "a\udcff.xml"])
def test_a_name_that_steers_a_terminal_or_forges_a_line_is_refused_in_plain_letters(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name).write_bytes(b"<a/>")
    (tmp_path / "plain.xml").write_bytes(b"<a/>")
    messages = Folder(tmp_path, MEMBER).fetch().messages
    assert [message.name for message in messages] == ["plain.xml"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.isprintable() and "has a name of characters that print" in line


@pytest.mark.parametrize("moves", [True, False])
@pytest.mark.parametrize("name", ["a" * 242 + ".xml", "a" * 255, "箱" * 82 + ".xml"])
def test_a_name_that_leaves_no_room_for_its_envelopes_is_refused_and_holds_up_no_other(
    tmp_path: Path, name: str, moves: bool, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name).write_bytes(b"<a/>")
    (tmp_path / "b.xml").write_bytes(b"<b/>")
    folder = Folder(tmp_path, MEMBER, moves=moves)
    for _ in range(2):
        assert [message.name for message in folder.fetch().messages] == ["b.xml"]
    assert "name of at most 241 bytes" in caplog.text
    if moves:
        (note,) = (tmp_path / "refused").glob("*.refusal.json")
        assert name in json.loads(note.read_text())["reason"] and (tmp_path / "refused" / name).exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads every file")
def test_a_file_that_may_not_be_read_holds_up_no_other(tmp_path: Path) -> None:
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_bytes(b"<a/>")
    (tmp_path / "a.xml").chmod(0)
    assert [message.name for message in Folder(tmp_path, MEMBER, moves=True).fetch().messages] == ["b.xml"]
    (tmp_path / "a.xml").chmod(0o600)
    assert len(Folder(tmp_path, MEMBER, moves=True).fetch().messages) == 2
