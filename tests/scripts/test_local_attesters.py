"""An attester outlives its endpoint's faults, says each once, and ends where the chain cannot be believed."""

from __future__ import annotations

import pytest

from chain.attester import Attested, Outcome
from chain.errors import StoreFault
from chain.follower import ChangedHistory
from chain.ledger.faults import LedgerUnreachable
from chain.ledger.reverts import CountBehindCheckpoint
from scripts.local_attesters import attest_until

VOTED = Attested(Outcome.ATTESTED, 7, b"\x01" * 32)
IDLE = Attested(Outcome.NOTHING_DUE)


class Told:
    """What an attester said in the steps that it was given; it is stopped when they are done."""

    def __init__(self, *steps: Attested | Exception) -> None:
        self.left = list(steps)
        self.said: list[str] = []
        self.warned: list[str] = []
        self.pauses = 0

    def run(self) -> Told:
        attest_until(
            lambda: not self.left, self._step, say=self.said.append, warn=self.warned.append, poll_s=1, pause=self._wait
        )
        return self

    def _step(self, now_s: float) -> Attested:
        done = self.left.pop(0)
        if isinstance(done, Exception):
            raise done
        return done

    def _wait(self, seconds: float) -> None:
        self.pauses += 1


def unreachable() -> Exception:
    return LedgerUnreachable("eth_blockNumber", "connection refused")


def test_a_node_that_is_away_is_said_once_and_waited_for() -> None:
    told = Told(IDLE, unreachable(), unreachable(), VOTED).run()
    assert [one.split(":")[0] for one in told.warned] == ["no vote now, tried again", "votes are possible again"]
    assert told.said == [f"attested 7 batches, root {'01' * 32}"]
    assert told.pauses == 4


def test_a_vote_that_came_too_late_is_said_and_the_next_one_is_sent() -> None:
    told = Told(CountBehindCheckpoint(5, 9), VOTED).run()
    assert "no vote now" in told.warned[0]
    assert told.said


def test_an_index_without_room_on_the_disk_is_said_once_and_tried_again() -> None:
    full = StoreFault("the index could not be written: No space left on device")
    told = Told(full, full, VOTED).run()
    assert told.warned == [f"no vote now, tried again: {full}", "votes are possible again"]
    assert told.said


def test_dissent_is_shouted_and_the_attester_goes_on() -> None:
    told = Told(Attested(Outcome.DISSENTED, 7, b"\x01" * 32, ("A", "B")), VOTED).run()
    assert told.warned[0].startswith("DISSENT: over 7 batches")
    assert told.said


@pytest.mark.parametrize("steps", [1, 3])
def test_a_changed_history_ends_it(steps: int) -> None:
    told = Told(*[IDLE] * steps, ChangedHistory(3, "0x01", "0x02"), VOTED)
    with pytest.raises(ChangedHistory):
        told.run()
    assert not told.said
