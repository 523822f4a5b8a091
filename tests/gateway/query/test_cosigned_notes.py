"""Which notes a gateway takes into its bundles: with a quorum, of the trust root's logs, of the chain's own history."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from chain.proof.log_heads import LogHead
from chain.proof.notes import NOTE_BYTES_MAX
from chain.proof.witness_policy import WitnessPolicy
from chain.witness.checkpoint_log import CheckpointLog
from gateway.query.cosigned_notes import PAUSE_S, CosignedNotes
from tests.chain.witness.histories import LOG, LOG_SECRET, ORIGIN, History, Outsider, governor
from tests.fakes.time_stamp_authority import TimeStampAuthority


@pytest.fixture
def history() -> History:
    told = History()
    told.grow(5)
    return told


@pytest.fixture
def outsiders(tmp_path: Path) -> list[Outsider]:
    return [Outsider(tmp_path, name) for name in ("university.example", "chamber.example")]


@pytest.fixture
def notes(tmp_path: Path, history: History, outsiders: list[Outsider]) -> CosignedNotes:
    policy = WitnessPolicy((LOG,), tuple(one.key for one in outsiders), 2)
    return CosignedNotes(policy, history, CheckpointLog(tmp_path / "own"), [str(tmp_path / "note")])


def test_a_note_with_a_quorum_is_shown_with_the_path_of_a_checkpoint(
    tmp_path: Path, history: History, outsiders: list[Outsider], notes: CosignedNotes
) -> None:
    governor(tmp_path, history, outsiders, 2).step(0)
    shown = notes.find(3)
    assert shown is not None and shown.head.size == 5
    log = CheckpointLog(tmp_path / "own")
    assert shown.head.holds(log.leaf(3), shown.path)


def test_a_checkpoint_beyond_the_note_waits(
    tmp_path: Path, history: History, outsiders: list[Outsider], notes: CosignedNotes
) -> None:
    publisher = governor(tmp_path, history, outsiders, 2)
    publisher.step(0)
    history.grow()
    notes.find(0)
    assert notes.find(5) is None
    publisher.step(1)
    notes.find(0)
    assert notes.find(5) is not None


def test_too_few_cosignatures_are_of_no_use(
    tmp_path: Path, history: History, outsiders: list[Outsider], notes: CosignedNotes
) -> None:
    governor(tmp_path, history, outsiders[:1], 1).step(0)
    notes.find(0)
    assert notes.find(0) is None


def test_another_history_is_shouted_and_not_shown(
    tmp_path: Path,
    history: History,
    outsiders: list[Outsider],
    notes: CosignedNotes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = History("other")
    other.grow(4)
    governor(tmp_path, other, outsiders, 2).step(0)
    with caplog.at_level(logging.WARNING):
        notes.find(0)
        notes.find(0)
    assert notes.find(0) is None
    assert [record.message.count("ALARM") for record in caplog.records] == [1]


@pytest.mark.parametrize("content", [b"", b"no note", b"x" * (NOTE_BYTES_MAX + 5)])
def test_what_is_no_note_changes_nothing(
    tmp_path: Path, history: History, outsiders: list[Outsider], notes: CosignedNotes, content: bytes
) -> None:
    governor(tmp_path, history, outsiders, 2).step(0)
    notes.find(0)
    (tmp_path / "note").write_bytes(content)
    notes.find(0)
    assert notes.find(4) is not None


def test_a_note_that_no_log_signed_and_a_source_that_is_away_change_nothing(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    stranger = LogHead("stranger.example", 5, bytes(32)).sign(LOG_SECRET)

    def fetch(source: str) -> bytes:
        if source == "away":
            raise httpx.ConnectError("refused")
        return stranger.format().encode()

    policy = WitnessPolicy((LOG,), tuple(one.key for one in outsiders), 1)
    collected = CosignedNotes(policy, history, CheckpointLog(tmp_path / "own"), ["away", "stranger"], fetch)
    collected.find(0)
    assert collected.find(0) is None and ORIGIN


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeStampAuthority:
    return TimeStampAuthority.found(tmp_path_factory.mktemp("tsa") / "a", "Example Time-Stamp Authority")


class Minutes:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_stamp_beside_a_note_is_shown_once_it_is_there_and_holds(
    tmp_path: Path, history: History, outsiders: list[Outsider], authority: TimeStampAuthority
) -> None:
    policy = WitnessPolicy((LOG,), tuple(one.key for one in outsiders), 2, (authority.root,))
    clock = Minutes()
    notes = CosignedNotes(policy, history, CheckpointLog(tmp_path / "own"), [str(tmp_path / "note")], clock=clock)
    governor(tmp_path, history, outsiders, 2).step(0)
    shown = notes.find(3)
    assert shown is not None and shown.stamps == ()
    note = (tmp_path / "note").read_bytes()
    (tmp_path / "note.tsr").write_bytes(authority.stamp(note + b"x"))
    clock.now_s += PAUSE_S
    shown = notes.find(3)
    assert shown is not None and shown.stamps == ()
    (tmp_path / "note.tsr").write_bytes(authority.stamp(note))
    clock.now_s += PAUSE_S
    shown = notes.find(3)
    assert shown is not None and len(shown.stamps) == 1
    assert notes.newest() == (shown.note, shown.stamps)


def test_however_often_strangers_ask_the_sources_are_read_once_a_while(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    policy = WitnessPolicy((LOG,), tuple(one.key for one in outsiders), 2)
    read: list[str] = []
    clock = Minutes()

    def fetch(source: str) -> bytes:
        read.append(source)
        return Path(source).read_bytes()

    notes = CosignedNotes(policy, history, CheckpointLog(tmp_path / "own"), [str(tmp_path / "note")], fetch, clock)
    assert [notes.newest() for _ in range(5)] == [None] * 5
    assert len(read) == 1
    governor(tmp_path, history, outsiders, 2).step(0)
    assert notes.newest() is None
    clock.now_s += PAUSE_S
    assert notes.newest() is not None
    assert len(read) == 2
