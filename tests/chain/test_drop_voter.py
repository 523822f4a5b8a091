"""Governors vote out what their gateways could not open, and nothing that a quorum of them can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.drop_voter import DropVoter
from chain.errors import LedgerFault
from chain.follower import Follower
from chain.index_drops import bitmap_of
from chain.index_store import IndexStore
from chain.proof.batch import BATCH_ENTRIES_MAX
from chain.proof.hashes import keccak256
from tests.chain.test_index_store import entry
from tests.fakes.memory_ledger import CONSORTIUM, PaperLedger

DAY_S = 86_400
GOVERNORS = ("A", "B", "C")


@dataclass(frozen=True)
class CastDrop:
    bitmap_hash: bytes
    governor: str


@dataclass
class VotingLedger(PaperLedger):
    """A ledger that counts votes on drops as the contract does."""

    cast: list[tuple[int, CastDrop]] = field(default_factory=list)
    now: int = 0

    def drop_votes(self, batch: int) -> list[CastDrop]:
        return [vote for at, vote in self.cast if at == batch]

    def block_timestamp(self, number: int) -> int:
        return self.now

    def vote_drop(self, governor: str, batch: int, bitmap: bytes) -> bool:
        digest = keccak256(bitmap)
        votes = {vote.governor for vote in self.drop_votes(batch) if vote.bitmap_hash == digest}
        assert governor not in votes, "the contract takes one vote a governor and bitmap"
        if 2 * len(votes) > self.governors:
            return False
        self.cast.append((batch, CastDrop(digest, governor)))
        if 2 * (len(votes) + 1) > self.governors:
            self.drop(batch, *[place for place in range(8 * len(bitmap)) if bitmap[place >> 3] << (place & 7) & 0x80])
        return True


@dataclass(frozen=True)
class PaperBallot:
    governor: str
    ledger: VotingLedger

    def cast_drop(self, batch: int, bitmap: bytes) -> bool:
        return self.ledger.vote_drop(self.governor, batch, bitmap)


@dataclass
class PaperOffice:
    """A governor with its gateway and attester."""

    name: str
    ledger: VotingLedger
    index: IndexStore
    unopened: dict[int, set[int]] = field(default_factory=dict)
    is_silent: bool = False
    voter: DropVoter = field(init=False)

    def __post_init__(self) -> None:
        ballots = (PaperBallot(self.name, self.ledger),)
        self.voter = DropVoter(self.ledger, self.index, self, ballots, every_s=0)

    def find_unopened(self) -> Iterable[tuple[int, bytes]]:
        if self.is_silent:
            raise LedgerFault("the gateway does not answer")
        return [(batch, bitmap_of(places)) for batch, places in self.unopened.items() if places]

    def step(self) -> int:
        Follower(self.ledger, self.index, CONSORTIUM, keep_map=True).catch_up()
        return len(self.voter.step(0))


def offices(ledger: VotingLedger, folder: Path) -> list[PaperOffice]:
    return [PaperOffice(name, ledger, IndexStore.open(folder / name, CONSORTIUM)) for name in GOVERNORS]


def all_vote(governors: Iterable[PaperOffice]) -> int:
    return sum(office.step() for office in governors)


def test_a_full_batch_of_junk_goes_by_two_votes_of_three(tmp_path: Path) -> None:
    ledger = VotingLedger()
    ledger.anchor([entry(4, place) for place in range(BATCH_ENTRIES_MAX)])
    ledger.now = ledger.anchored[0].timestamp + DAY_S
    governors = offices(ledger, tmp_path)
    for office in governors:
        office.unopened[0] = set(range(BATCH_ENTRIES_MAX))
    assert all_vote(governors) == 2, "the third finds nothing left to drop"
    assert all_vote(governors) == 0
    assert len(ledger.dropped) == 1
    assert governors[0].index.find_link(entry(4, 0)[:16], entry(4, 0)[16:]) is None


@pytest.mark.parametrize("batches", [3, pytest.param(49, marks=pytest.mark.long)])
def test_junk_of_full_batches_goes_by_two_votes_a_batch(tmp_path: Path, batches: int) -> None:
    ledger = VotingLedger()
    for batch in range(batches):
        ledger.anchor([entry(4, batch * BATCH_ENTRIES_MAX + place) for place in range(BATCH_ENTRIES_MAX)])
    ledger.now = ledger.anchored[-1].timestamp + DAY_S
    governors = offices(ledger, tmp_path)
    for office in governors:
        office.unopened = {batch: set(range(BATCH_ENTRIES_MAX)) for batch in range(batches)}
    assert all_vote(governors) == 2 * batches
    assert governors[2].step() == 0
    ledger.anchor([entry(9, 9)])
    governors[2].step()
    assert governors[2].index.lane(entry(4, 0)[:16]) == []


def test_nothing_is_voted_out_before_it_is_a_day_old_whatever_the_gateway_says(tmp_path: Path) -> None:
    ledger = VotingLedger()
    ledger.anchor([entry(4, 1)])
    ledger.now = ledger.anchored[0].timestamp + DAY_S - 1
    (office, *_) = offices(ledger, tmp_path)
    office.unopened[0] = {0}
    assert office.step() == 0
    ledger.now += 1
    assert office.step() == 1


def test_entries_that_do_not_count_are_not_voted_on(tmp_path: Path) -> None:
    ledger = VotingLedger()
    ledger.anchor([entry(4, 1)])
    ledger.anchor([entry(4, 1), entry(4, 2)])
    ledger.drop(1, 1)
    ledger.anchor([entry(9, 9)], root=bytes(32))
    ledger.now = ledger.anchored[-1].timestamp + DAY_S
    (office, *_) = offices(ledger, tmp_path)
    office.unopened = {1: {0, 1}, 2: {0}, 77: {0}}
    assert office.step() == 0, "a repetition, a dropped one, a void batch, no batch"


def test_one_governor_alone_drops_nothing(tmp_path: Path) -> None:
    ledger = VotingLedger()
    ledger.anchor([entry(4, 1)])
    ledger.now = ledger.anchored[0].timestamp + DAY_S
    governors = offices(ledger, tmp_path)
    governors[0].unopened[0] = {0}
    for _ in range(3):
        all_vote(governors)
    assert ledger.dropped == []


def test_a_gateway_that_learns_of_a_record_votes_for_the_rest(tmp_path: Path) -> None:
    ledger = VotingLedger()
    ledger.anchor([entry(4, 1), entry(4, 2)])
    ledger.now = ledger.anchored[0].timestamp + DAY_S
    governors = offices(ledger, tmp_path)
    governors[0].unopened[0] = {0, 1}
    all_vote(governors)
    for office in governors:
        office.unopened[0] = {1}
    all_vote(governors)
    assert [drop.bitmap for drop in ledger.dropped] == [b"\x40"]


def test_a_silent_gateway_is_a_fault_that_passes(tmp_path: Path) -> None:
    ledger = VotingLedger()
    ledger.anchor([entry(4, 1)])
    ledger.now = ledger.anchored[0].timestamp + DAY_S
    (office, *_) = offices(ledger, tmp_path)
    office.unopened[0], office.is_silent = {0}, True
    with pytest.raises(LedgerFault):
        office.step()
    office.is_silent = False
    assert office.step() == 1


knowledge = st.dictionaries(st.sampled_from(GOVERNORS), st.sets(st.integers(0, 4)), min_size=3, max_size=3)


@given(st.lists(knowledge, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_an_entry_that_two_of_three_can_open_all_along_is_never_dropped_and_what_none_can_open_is(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[dict[str, set[int]]]
) -> None:
    """What gateways hold only grows; at the end they have exchanged all of it."""
    ledger = VotingLedger()
    ledger.anchor([entry(4, place) for place in range(5)])
    ledger.now = ledger.anchored[0].timestamp + DAY_S
    governors = offices(ledger, tmp_path_factory.mktemp("votes"))
    holds: dict[str, set[int]] = {name: set() for name in GOVERNORS}
    first = {name: set(rounds[0][name]) for name in GOVERNORS}
    for known in rounds:
        for office in governors:
            holds[office.name] |= known[office.name]
            office.unopened[0] = set(range(5)) - holds[office.name]
        all_vote(governors)
    everything = set[int]().union(*holds.values())
    for office in governors:
        office.unopened[0] = set(range(5)) - everything
    all_vote(governors)
    gone = {place for drop in ledger.dropped for place in range(8) if drop.bitmap[0] << place & 0x80}
    assert set(range(5)) - everything <= gone
    steady = {place for place in range(5) if sum(place in first[name] for name in GOVERNORS) >= 2}
    assert not steady & gone
    for office in governors:
        office.index.close()
