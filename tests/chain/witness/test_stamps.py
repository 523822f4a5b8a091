"""A governor has its notes stamped: no note waits, a stamp is of its note alone, an authority may be away or lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from chain.proof.time_stamps import STAMP_BYTES_MAX, verify_stamp
from chain.witness.checkpoint_log import CheckpointLog
from chain.witness.publisher import Publisher
from chain.witness.stamps import PAUSE, NoteStamps, StampClient, StampFault
from tests.chain.witness.histories import LOG_SECRET, ORIGIN, History
from tests.fakes.time_stamp_authority import TimeStampAuthority

PERIOD_S = 600.0
AUTHORITY = "http://tsa.example"


class Desk:
    """An authority that answers with what it was sent, or is away."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.is_away = False

    def stamp(self, note: bytes) -> bytes:
        self.asked.append(note)
        if self.is_away:
            raise StampFault("tsa.example cannot be reached")
        return b"stamp of " + note


class Governor:
    """One who publishes with stamps, and whose chain grows on demand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.desk, self.history = folder, Desk(), History()
        self.history.grow(3)
        stamps = NoteStamps(self.desk, folder / "note", PERIOD_S)
        log = CheckpointLog(folder / "leaves")
        self.publisher = Publisher(self.history, log, ORIGIN, LOG_SECRET, folder / "note", [], 0, stamps)
        self.stamp = folder / "note.tsr"

    def step(self, now_s: float) -> tuple[str, ...]:
        """A step once whatever was under way came in."""
        stamps = self.publisher._stamps
        assert stamps is not None
        if stamps._asked is not None:
            stamps._asked[1].exception()
        return self.publisher.step(now_s).faults

    @property
    def note(self) -> bytes:
        return (self.folder / "note").read_bytes()


@pytest.fixture
def governor(tmp_path: Path) -> Governor:
    return Governor(tmp_path)


def test_the_note_is_laid_down_first_and_its_stamp_follows(governor: Governor) -> None:
    governor.publisher.step(0)
    assert governor.note
    governor.step(1)
    assert governor.stamp.read_bytes() == b"stamp of " + governor.note


def test_a_stamp_goes_with_its_note_and_the_next_waits_for_its_period(governor: Governor) -> None:
    governor.step(0)
    governor.step(1)
    governor.history.grow()
    governor.step(2)
    assert not governor.stamp.exists() and len(governor.desk.asked) == 1
    governor.step(PERIOD_S)
    governor.step(PERIOD_S + 1)
    assert governor.stamp.read_bytes() == b"stamp of " + governor.note


def test_a_stamp_that_came_for_an_older_note_is_not_laid_down(governor: Governor) -> None:
    governor.publisher.step(0)
    governor.history.grow()
    governor.step(1)
    assert not governor.stamp.exists()


def test_an_authority_that_is_away_delays_no_note_and_is_asked_less_and_less(governor: Governor) -> None:
    governor.desk.is_away = True
    assert governor.step(0) == ()
    assert governor.step(1) == ("tsa.example cannot be reached",)
    governor.history.grow()
    governor.step(1 + PAUSE.first_s / 2)
    assert len(governor.desk.asked) == 1 and not governor.stamp.exists()
    governor.desk.is_away = False
    governor.step(2 + PAUSE.first_s)
    assert governor.step(3 + PAUSE.first_s) == ()
    assert governor.stamp.read_bytes() == b"stamp of " + governor.note


def test_who_publishes_once_waits_for_the_stamp(governor: Governor) -> None:
    governor.publisher.step(0)
    governor.publisher.close()
    assert governor.stamp.read_bytes() == b"stamp of " + governor.note


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeStampAuthority:
    return TimeStampAuthority.found(tmp_path_factory.mktemp("tsa") / "a", "Example Time-Stamp Authority")


def client(answer: Callable[[bytes], httpx.Response]) -> StampClient:
    """A client whose authority answers so."""
    transport = httpx.MockTransport(lambda request: answer(request.content))
    return StampClient(AUTHORITY, httpx.Client(transport=transport))


def test_an_authoritys_stamp_holds_by_its_root(authority: TimeStampAuthority) -> None:
    stamp = client(lambda query: httpx.Response(200, content=authority.answer(query))).stamp(b"a note")
    assert verify_stamp(stamp, b"a note", [authority.root]).authority


def test_an_authority_that_stamps_something_else_is_refused(authority: TimeStampAuthority) -> None:
    other = authority.stamp(b"another note")
    with pytest.raises(StampFault, match="something else"):
        client(lambda _: httpx.Response(200, content=other)).stamp(b"a note")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(200, content=b"no stamp"), "gave no time stamp"),
        (httpx.Response(200, content=bytes(STAMP_BYTES_MAX + 1)), "more than"),
        (httpx.Response(503, text="closed on Sundays"), "answers 503: closed on Sundays"),
        (httpx.Response(302, headers={"location": "http://elsewhere.example"}), "answers 302"),
    ],
)
def test_what_is_no_stamp_is_refused(answer: httpx.Response, why: str) -> None:
    with pytest.raises(StampFault, match=why):
        client(lambda _: answer).stamp(b"a note")


def test_an_authority_that_cannot_be_reached_is_told_so() -> None:
    def refuse(query: bytes) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    with pytest.raises(StampFault, match="cannot be reached"):
        client(refuse).stamp(b"a note")
