"""A governor publishes, outsiders cosign: one is away, one lies, one lags, one is shown two histories."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from chain.errors import StoreFault
from chain.keys import KeyAlgorithm, SigningKey
from chain.proof.log_heads import CosignedHead, read_cosigned
from chain.proof.notes import MalformedNote, Note, cosign_text
from chain.witness.checkpoint_log import CheckpointLog, OtherHistory
from chain.witness.client import Witness, WitnessAway, WitnessClient, WitnessRefuses
from chain.witness.publisher import Publisher, warn_once
from tests.chain.witness.histories import LOG, LOG_SECRET, NOW, ORIGIN, History, Outsider, governor


@pytest.fixture
def history() -> History:
    told = History()
    told.grow(5)
    return told


@pytest.fixture
def outsiders(tmp_path: Path) -> list[Outsider]:
    return [Outsider(tmp_path, name) for name in ("university.example", "chamber.example", "archive.example")]


def placed(folder: Path, outsiders: list[Outsider]) -> CosignedHead:
    found = read_cosigned(Note.parse((folder / "note").read_bytes()), [LOG], [one.key for one in outsiders])
    assert found is not None
    return found


def test_every_witness_cosigns_and_the_note_is_laid_down(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    done = governor(tmp_path, history, outsiders, 2).step(0)
    assert done.is_written and done.faults == ()
    found = placed(tmp_path, outsiders)
    assert found.head.size == 5 and len(found.cosignatures) == 3


def test_nothing_new_asks_nobody(tmp_path: Path, history: History, outsiders: list[Outsider]) -> None:
    publisher = governor(tmp_path, history, outsiders, 2)
    publisher.step(0)
    asked = [one.asked for one in outsiders]
    assert not publisher.step(1).is_written
    assert [one.asked for one in outsiders] == asked


def test_a_log_without_checkpoints_says_nothing(tmp_path: Path, outsiders: list[Outsider]) -> None:
    assert governor(tmp_path, History(), outsiders, 1).step(0).size == 0
    assert not (tmp_path / "note").exists()


def test_growth_costs_one_question_a_witness(tmp_path: Path, history: History, outsiders: list[Outsider]) -> None:
    publisher = governor(tmp_path, history, outsiders, 2)
    publisher.step(0)
    for size in range(6, 20):
        asked = [one.asked for one in outsiders]
        history.grow()
        assert publisher.step(size).is_written
        assert [one.asked for one in outsiders] == [count + 1 for count in asked]
        assert placed(tmp_path, outsiders).head.size == size


def test_a_witness_that_is_away_delays_nobody_and_is_asked_less_and_less(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    outsiders[0].is_away = True
    publisher = governor(tmp_path, history, outsiders, 2)
    done = publisher.step(0)
    assert done.is_written and len(placed(tmp_path, outsiders).cosignatures) == 2
    assert done.faults[0].startswith("witness university.example cannot be reached: ConnectError")
    for second in range(1, 60):
        publisher.step(second)
    assert outsiders[0].asked < 10
    outsiders[0].is_away = False
    assert publisher.step(200).is_written
    assert len(placed(tmp_path, outsiders).cosignatures) == 3


def test_without_a_quorum_the_older_note_stays(tmp_path: Path, history: History, outsiders: list[Outsider]) -> None:
    publisher = governor(tmp_path, history, outsiders, 3)
    publisher.step(0)
    outsiders[2].is_away = True
    history.grow()
    assert not publisher.step(1).is_written
    assert placed(tmp_path, outsiders).head.size == 5
    outsiders[2].is_away = False
    assert publisher.step(100).is_written
    assert placed(tmp_path, outsiders).head.size == 6


def test_a_witness_that_lags_is_led_on_from_where_it_stands(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    governor(tmp_path, history, outsiders[:1], 1).step(0)
    history.grow(40)
    (tmp_path / "again").mkdir()
    started_anew = governor(tmp_path / "again", history, outsiders[:1], 1)
    assert started_anew.step(0).is_written
    assert placed(tmp_path / "again", outsiders).head.size == 45


class Liar:
    """A witness that answers what a test says."""

    def __init__(self, answers: list[httpx.Response], outsider: Outsider) -> None:
        self._answers = answers
        transport = httpx.MockTransport(lambda request: self._answers.pop(0))
        self.client = WitnessClient(Witness(outsider.key, "http://liar.example"), httpx.Client(transport=transport))


def head_of(history: History, folder: Path) -> tuple[Note, CheckpointLog]:
    log = CheckpointLog(folder / "leaves")
    log.catch_up(history)
    return log.head(ORIGIN).sign(LOG_SECRET), log


LIES = {
    "no signature": (200, "cosigned!\n"),
    "no utf-8": (200, b"\xff\xfe"),
    "a size that is none": (409, "many\n"),
    "a size without an end": (409, "5"),
    "a size beyond the log": (409, "999\n"),
    "refused": (422, "no\n"),
    "unknown log": (404, "no\n"),
    "endless": (200, "x" * 100_000),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_witness_that_lies_is_named_and_adds_nothing(
    tmp_path: Path, history: History, outsiders: list[Outsider], lie: str
) -> None:
    status, content = LIES[lie]
    note, log = head_of(history, tmp_path)
    liar = Liar([httpx.Response(status, content=content)] * 3, outsiders[0])
    with pytest.raises(WitnessRefuses, match="university"):
        liar.client.cosign(note, log)


def test_a_cosignature_of_another_head_or_key_is_a_lie(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    note, log = head_of(history, tmp_path)
    older = cosign_text(log.head(ORIGIN, 2).text, outsiders[0].key.name, outsiders[0].secret, NOW)
    stranger = cosign_text(note.text, outsiders[0].key.name, SigningKey.generate(KeyAlgorithm.ED25519), NOW)
    for line in (older, stranger):
        with pytest.raises(WitnessRefuses, match="not its own"):
            Liar([httpx.Response(200, text=line.line)], outsiders[0]).client.cosign(note, log)


def test_a_witness_that_says_another_size_each_time_is_given_up(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    note, log = head_of(history, tmp_path)
    answers = [httpx.Response(409, text=f"{size}\n") for size in (1, 2, 3)]
    with pytest.raises(WitnessAway, match="each time"):
        Liar(answers, outsiders[0]).client.cosign(note, log)


def test_a_witness_that_was_shown_one_history_refuses_the_other(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    forked = history.fork()
    forked.grow(3)
    history.grow(3)
    governor(tmp_path, history, outsiders, 2).step(0)
    (tmp_path / "forked").mkdir()
    done = governor(tmp_path / "forked", forked, outsiders, 2).step(0)
    assert not done.is_written and len(done.faults) == 3
    assert all(fault.startswith("ALARM") and "422" in fault for fault in done.faults)
    assert all(one.warnings for one in outsiders)
    assert not (tmp_path / "forked" / "note").exists()


def test_with_an_honest_witness_in_every_quorum_only_one_history_is_cosigned(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    forked = history.fork()
    forked.grow(1)
    history.grow(1)
    governor(tmp_path, history, outsiders[:2], 2).step(0)
    (tmp_path / "forked").mkdir()
    # The third helps both; a quorum of two of three still needs one that saw the other history.
    done = governor(tmp_path / "forked", forked, outsiders[1:], 2).step(0)
    assert done.cosigned_by == ("archive.example",) and not done.is_written


def test_who_finds_its_own_past_changed_signs_nothing(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    governor(tmp_path, history, outsiders, 2).step(0)
    other = History("other")
    other.grow(9)
    with pytest.raises(OtherHistory, match="another block"):
        governor(tmp_path, other, outsiders, 2).step(0)
    shorter = History()
    shorter.grow(2)
    with pytest.raises(OtherHistory, match="5 checkpoints were read"):
        governor(tmp_path, shorter, outsiders, 2).step(0)


def test_a_log_derived_anew_must_lead_to_the_note_that_was_signed(
    tmp_path: Path, history: History, outsiders: list[Outsider]
) -> None:
    governor(tmp_path, history, outsiders, 2).step(0)
    (tmp_path / "leaves").unlink()
    other = History("other")
    other.grow(9)
    with pytest.raises(OtherHistory, match="another root"):
        governor(tmp_path, other, outsiders, 2).step(0)
    (tmp_path / "leaves").unlink()
    history.grow()
    assert governor(tmp_path, history, outsiders, 2).step(0).is_written


def test_half_a_leaf_that_a_crash_left_is_cut_off(tmp_path: Path, history: History) -> None:
    note, _ = head_of(history, tmp_path)
    with (tmp_path / "leaves").open("ab") as file:
        file.write(b"half")
    again, _ = head_of(history, tmp_path)
    assert again.text == note.text


def test_a_file_of_something_else_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "leaves").write_bytes(b"x" * 96)
    with pytest.raises(StoreFault, match="not a log"):
        CheckpointLog(tmp_path / "leaves")


def test_a_long_log_is_read_in_portions(tmp_path: Path, history: History) -> None:
    log = CheckpointLog(tmp_path / "leaves")
    assert [log.catch_up(history, most=2) for _ in range(4)] == [2, 2, 1, 0]


def test_another_keys_note_is_not_written_over(tmp_path: Path, history: History, outsiders: list[Outsider]) -> None:
    (tmp_path / "note").write_text(f"{ORIGIN}\n1\n\n— other.example AAAAAAE=\n")
    with pytest.raises(StoreFault, match="did not sign"):
        governor(tmp_path, history, outsiders, 2)


def test_a_quorum_beyond_the_witnesses_is_refused(tmp_path: Path, history: History, outsiders: list[Outsider]) -> None:
    with pytest.raises(MalformedNote, match="quorum"):
        Publisher(history, CheckpointLog(tmp_path / "l"), ORIGIN, LOG_SECRET, tmp_path / "n", [], 1)


def test_a_fault_that_lasts_is_told_once() -> None:
    told: list[str] = []
    tell = warn_once(told.append)
    for faults in (["a"], ["a"], ["a", "b"], [], ["a"]):
        tell(faults)
    assert told == ["a", "b", "a"]
