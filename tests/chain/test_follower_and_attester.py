"""Followers derive one map from one chain; attesters agree on counts, and say so loudly where they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from chain.attester import AttestationPolicy, Attester, Outcome
from chain.follower import BrokenCommitment, ChangedHistory, Follower
from chain.index_store import IndexDisagrees, IndexStore
from tests.fakes.memory_ledger import CONSORTIUM, PaperAccount, PaperLedger

POLICY = AttestationPolicy(every_batches=4, quiet_s=5, heartbeat_s=60)


def entry(tag: int, digest: int) -> bytes:
    return tag.to_bytes(16, "big") + digest.to_bytes(32, "big")


@pytest.fixture
def ledger() -> PaperLedger:
    return PaperLedger()


def index_in(folder: Path) -> IndexStore:
    return IndexStore.open(folder, CONSORTIUM)


def attester(ledger: PaperLedger, folder: Path, *governors: str) -> Attester:
    votes = [PaperAccount(governor, ledger) for governor in governors]
    return Attester(ledger, index_in(folder), CONSORTIUM, votes, POLICY)


def test_a_dropped_index_is_replayed_to_the_same_answers(ledger: PaperLedger, tmp_path: Path) -> None:
    for n in range(10):
        ledger.anchor([entry(n % 3, n), entry(7, 100 + n)])
    first, second = index_in(tmp_path / "a"), index_in(tmp_path / "b")
    Follower(ledger, first, CONSORTIUM).step()
    for _ in range(3):
        Follower(ledger, second, CONSORTIUM).catch_up()
    assert first.progress() == second.progress()
    assert first.lane(entry(7, 0)[:16]) == second.lane(entry(7, 0)[:16])
    assert first.advance_map(10) == second.advance_map(10)


def test_a_void_batch_is_skipped_and_reported(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)], root=b"\x05" * 32)
    ledger.anchor([entry(1, 2)])
    index = index_in(tmp_path)
    step = Follower(ledger, index, CONSORTIUM).step()
    assert [batch.void for batch in step.applied] == [True, False]
    assert index.void_batches() == [0]


def test_entries_that_the_contract_did_not_commit_to_stop_the_follower(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    ledger.swap_entries(0, entry(1, 9))
    with pytest.raises(BrokenCommitment) as caught:
        Follower(ledger, index_in(tmp_path), CONSORTIUM).step()
    assert caught.value.index == 0


def test_a_changed_history_stops_the_follower(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    follower = Follower(ledger, index_in(tmp_path), CONSORTIUM)
    follower.step()
    ledger.blocks[1] = "0xff"
    ledger.blocks.append("0x02")
    with pytest.raises(ChangedHistory, match="history was changed"):
        follower.step()


def test_a_head_that_went_back_stops_the_follower(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    follower = Follower(ledger, index_in(tmp_path), CONSORTIUM)
    follower.step()
    ledger.blocks.pop()
    with pytest.raises(ChangedHistory):
        follower.step()


def test_the_map_moves_to_an_attested_checkpoint_only_where_roots_agree(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    index = index_in(tmp_path)
    follower = Follower(ledger, index, CONSORTIUM)
    follower.step()
    for governor in ("a", "b"):
        ledger.vote(governor, 1, b"\x09" * 32)
    with pytest.raises(IndexDisagrees):
        follower.step()
    assert index.progress().map_count == 0


def test_nothing_is_attested_while_batches_still_come(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    one = attester(ledger, tmp_path, "a")
    assert one.step(0.0).outcome is Outcome.NOTHING_DUE
    assert one.step(4.9).outcome is Outcome.NOTHING_DUE
    assert one.step(5.0).outcome is Outcome.ATTESTED


def test_votes_of_several_governors_are_all_sent_before_any_is_waited_for(ledger: PaperLedger, tmp_path: Path) -> None:
    told: list[str] = []

    class Telling(PaperAccount):
        def send(self, batch_count: int, root: bytes) -> str:
            told.append(f"send {self.governor}")
            return super().send(batch_count, root)

        def wait(self, sent: str) -> None:
            told.append(f"wait {self.governor}")

    ledger.anchor([entry(1, 1)])
    votes = [Telling(governor, ledger) for governor in "abc"]
    one = Attester(ledger, index_in(tmp_path), CONSORTIUM, votes, POLICY)
    one.step(0.0)
    assert one.step(5.0).outcome is Outcome.ATTESTED
    assert told == ["send a", "send b", "send c", "wait a", "wait b", "wait c"]


def test_a_checkpoint_is_due_at_every_multiple(ledger: PaperLedger, tmp_path: Path) -> None:
    for n in range(6):
        ledger.anchor([entry(n, n)])
    done = attester(ledger, tmp_path, "a").step(0.0)
    assert (done.outcome, done.batch_count) == (Outcome.ATTESTED, 4)


def test_a_steady_trickle_of_batches_does_not_put_the_checkpoint_off_for_ever(
    ledger: PaperLedger, tmp_path: Path
) -> None:
    one = Attester(
        ledger, index_in(tmp_path), CONSORTIUM, [PaperAccount("a", ledger)], AttestationPolicy(64, 5.0, 20.0)
    )
    ledger.governors = 1
    outcomes = []
    for moment in range(45):
        ledger.anchor([entry(moment, moment)])
        outcomes.append(one.step(float(moment)).outcome)
    assert outcomes.count(Outcome.ATTESTED) == 2


def test_the_second_governor_joins_the_count_that_the_first_opened(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    one, two = attester(ledger, tmp_path / "a", "a"), attester(ledger, tmp_path / "b", "b")
    one.step(0.0)
    one.step(5.0)
    ledger.anchor([entry(2, 2)])
    assert two.step(5.1).batch_count == 1
    assert [c.batch_count for c in ledger.checkpoints] == [1]


def test_governors_that_opened_different_counts_meet_at_the_higher(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.governors = 4
    ledger.anchor([entry(1, 1)])
    one = attester(ledger, tmp_path / "a", "a")
    one.step(0.0)
    one.step(5.0)
    ledger.anchor([entry(2, 2)])
    others = [attester(ledger, tmp_path / name, name) for name in "bcd"]
    ledger.vote("b", 2, _root_at(ledger, tmp_path / "x", 2))
    for member in (one, *others[1:]):
        for moment in (6.0, 12.0):
            member.step(moment)
    assert ledger.checkpoints[-1].batch_count == 2


def test_a_governor_that_derives_another_root_dissents_and_names_it(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    ledger.vote("a", 1, b"\x09" * 32)
    done = attester(ledger, tmp_path, "b").step(0.0)
    assert (done.outcome, done.against) == (Outcome.DISSENTED, ("a",))
    assert ledger.votes[-1].root == _root_at(ledger, tmp_path / "x", 1)


def test_a_false_checkpoint_is_dissented_from_after_the_fact(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    ledger.vote("a", 1, b"\x09" * 32)
    ledger.vote("b", 1, b"\x09" * 32)
    done = attester(ledger, tmp_path, "c").step(0.0)
    assert done.outcome is Outcome.DISSENTED
    assert [vote.governor for vote in ledger.votes] == ["a", "b", "c"]


def test_a_change_of_the_registry_is_witnessed_by_a_checkpoint_of_the_same_count(
    ledger: PaperLedger, tmp_path: Path
) -> None:
    ledger.anchor([entry(1, 1)])
    one, two = attester(ledger, tmp_path / "a", "a"), attester(ledger, tmp_path / "b", "b")
    for moment in (0.0, 5.0):
        one.step(moment), two.step(moment)
    assert [(c.batch_count, c.round) for c in ledger.checkpoints] == [(1, 0)]
    for moment in (6.0, 100.0):
        for member in (one, two):
            assert member.step(moment).outcome is Outcome.NOTHING_DUE, "the registry is as the checkpoint witnessed it"
    ledger.change_registry()
    late = attester(ledger, tmp_path / "c", "c")
    assert late.step(101.0).outcome is Outcome.NOTHING_DUE, "a heartbeat after it first saw the checkpoint"
    assert one.step(101.0).outcome is Outcome.ATTESTED
    assert one.step(102.0).outcome is Outcome.NOTHING_DUE, "one vote a round"
    assert late.step(102.0).outcome is Outcome.ATTESTED, "it joins at once what another opened"
    assert [(c.batch_count, c.round) for c in ledger.checkpoints] == [(1, 0), (1, 1)]
    for member in (one, two, late):
        assert member.step(500.0).outcome is Outcome.NOTHING_DUE
    assert len(ledger.votes) == 4


def test_an_attester_that_began_anew_votes_once_in_a_round(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    for name in "ab":
        ledger.vote(name, 1, _root_at(ledger, tmp_path / "x", 1))
    ledger.change_registry()
    first = attester(ledger, tmp_path / "a", "a")
    first.step(0.0)
    assert first.step(60.0).outcome is Outcome.ATTESTED
    second = Attester(ledger, first._index, CONSORTIUM, [PaperAccount("a", ledger)], POLICY)
    second.step(0.0)
    assert second.step(60.0).outcome is Outcome.NOTHING_DUE
    assert [vote.round for vote in ledger.votes] == [0, 0, 1]


def test_nobody_votes_twice_on_a_count(ledger: PaperLedger, tmp_path: Path) -> None:
    ledger.anchor([entry(1, 1)])
    one = attester(ledger, tmp_path, "a")
    for moment in (0.0, 5.0, 6.0, 100.0):
        one.step(moment)
    assert len(ledger.votes) == 1


def _root_at(ledger: PaperLedger, folder: Path, batch_count: int) -> bytes:
    index = index_in(folder)
    Follower(ledger, index, CONSORTIUM, keep_map=True).catch_up()
    return index.advance_map(batch_count)
