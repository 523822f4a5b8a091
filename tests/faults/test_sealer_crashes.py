"""The sealer's crash table: at every step the power fails, and after the restart each record stands once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import gateway.sealer as sealer_module
from chain.ledger.faults import LedgerUnreachable, NotInBlockYet
from chain.members import MemberState, Role
from gateway.following import FOLLOWED
from gateway.sealer import WrongCommitment
from gateway.store.model import RecordState
from gateway.store.outbox import LeaseLost, open_batches, read_mark
from gateway.store.records import find_held
from gateway.store.store import StoreUnavailable
from tests.faults.crashing import PowerCut, cut_after, cut_before
from tests.unit.gateway.paper import CARRIER, PaperGateway, Town

Cut = Callable[[PaperGateway], Callable[[], None]]

CUTS: dict[str, Cut] = {
    "before the batch is written": lambda g: cut_before(sealer_module, "write_batch"),
    "after the batch is written, before it is signed": lambda g: cut_before(g.chain, "prepare"),
    "after signing, before the bytes are written": lambda g: cut_before(sealer_module, "note_transaction"),
    "after the bytes are written, before they are sent": lambda g: cut_before(g.chain, "send_raw"),
    "after sending, before the answer": lambda g: cut_after(g.chain, "send_raw"),
    "after the block, before the comparison": lambda g: cut_before(g.chain, "commitment"),
    "after the comparison, before the batch is closed": lambda g: cut_before(sealer_module, "close_batch"),
    "while the records are marked": lambda g: cut_before(sealer_module, "mark_anchored"),
}


@pytest.fixture
def desk(gateway: PaperGateway) -> PaperGateway:
    return gateway


def accept(desk: PaperGateway, town: Town, count: int) -> list[str]:
    return [desk.intake.accept(town.event(n).serialize().encode()).record_id for n in range(count)]


def state_of(desk: PaperGateway, record_id: str) -> RecordState:
    with desk.store.reading() as connection:
        held = find_held(connection, record_id)
    assert held is not None
    return held.state


def entries_on_chain(town: Town) -> Counter[bytes]:
    return Counter(
        batch.entries[at : at + 48] for batch in town.chain.anchored for at in range(0, len(batch.entries), 48)
    )


@pytest.mark.parametrize("step", CUTS)
def test_after_a_power_cut_each_accepted_record_is_anchored_once(desk: PaperGateway, town: Town, step: str) -> None:
    accepted = accept(desk, town, 5)
    mend = CUTS[step](desk)
    with pytest.raises(PowerCut):
        desk.seal()
    mend()
    desk.store.close()
    town.clock.now += desk.settings.lease_s + 1  # the dead sealer's lease ends
    desk.reopen()
    desk.follow()
    desk.seal()
    desk.follow()
    assert {state_of(desk, one) for one in accepted} == {RecordState.ANCHORED}
    assert set(entries_on_chain(town).values()) == {1}
    assert sum(entries_on_chain(town).values()) == 5
    with desk.store.reading() as connection:
        assert open_batches(connection) == []


def test_a_lost_answer_costs_nothing(desk: PaperGateway, town: Town) -> None:
    accepted = accept(desk, town, 3)
    whole = town.chain.wait

    def lose(tx_hash: str, timeout_s: float | None = None) -> None:
        raise NotInBlockYet(tx_hash, 1)

    town.chain.wait = lose  # type: ignore[method-assign, assignment]
    desk.seal()
    assert desk.sealer.status.stalled_since == town.clock.now
    town.chain.wait = whole  # type: ignore[method-assign]
    desk.seal()
    assert desk.sealer.status.stalled_since is None
    assert {state_of(desk, one) for one in accepted} == {RecordState.ANCHORED}
    assert len(town.chain.sent) == 1


def test_while_the_chain_is_silent_the_sealer_waits_longer_and_longer_and_says_since_when(
    desk: PaperGateway, town: Town
) -> None:
    accept(desk, town, 1)
    since = town.clock.now + desk.settings.anchor_period_s
    pauses = []
    for _ in range(8):
        town.clock.now += desk.settings.anchor_period_s
        town.chain.silent = True
        desk.sealer.step()
        pauses.append(desk.sealer.status.pause_s)
    assert desk.sealer.status.stalled_since == since
    assert pauses == sorted(pauses)
    assert pauses[-1] == sealer_module.BACK_OFF_S_MAX
    town.chain.silent = False
    desk.seal()
    assert len(town.chain.anchored) == 1


def test_another_commitment_than_ours_stops_the_sealer_and_marks_nothing(desk: PaperGateway, town: Town) -> None:
    accepted = accept(desk, town, 1)
    whole = town.chain.commitment
    town.chain.commitment = lambda index, block=None: bytes(32)  # type: ignore[method-assign]
    with pytest.raises(WrongCommitment):
        desk.seal()
    town.chain.commitment = whole  # type: ignore[method-assign]
    assert state_of(desk, accepted[0]) is RecordState.ACCEPTED
    assert desk.sealer.status.stopped


def test_a_record_whose_key_was_revoked_meanwhile_ends_refused_and_holds_up_nobody(
    desk: PaperGateway, town: Town
) -> None:
    bad = desk.intake.accept(town.event(1).serialize().encode()).record_id
    other = town.event(2, key=town.broker, iss=CARRIER)
    town.chain.add_key(CARRIER, town.broker)
    desk.registry.refresh()
    good = desk.intake.accept(other.serialize().encode()).record_id
    town.chain.revoke(town.carrier)
    desk.seal()
    assert (state_of(desk, bad), state_of(desk, good)) == (RecordState.REFUSED, RecordState.ANCHORED)
    with desk.store.reading() as connection:
        held = find_held(connection, bad)
    assert held is not None
    assert "revoked" in (held.reason or "")


def test_an_account_that_may_not_anchor_loses_nothing_and_goes_on_once_it_may(desk: PaperGateway, town: Town) -> None:
    accepted = accept(desk, town, 2)
    town.chain.gateways.clear()
    desk.seal()
    assert "NotGateway" in desk.sealer.status.reason
    town.chain.gateways.add(desk.account.address.lower())
    desk.seal()
    assert {state_of(desk, one) for one in accepted} == {RecordState.ANCHORED}


def test_a_store_restored_from_before_the_anchoring_learns_it_from_the_chain(desk: PaperGateway, town: Town) -> None:
    accepted = accept(desk, town, 3)
    if not desk.url.startswith("sqlite"):
        with pytest.raises(StoreUnavailable):
            desk.store.back_up(desk.folder / "backup")
        return
    backup = desk.folder / "backup.sqlite"
    desk.store.back_up(backup)
    desk.seal()
    desk.store.close()
    for name in ("store.sqlite-wal", "store.sqlite-shm"):
        (desk.folder / name).unlink(missing_ok=True)
    backup.replace(desk.folder / "store.sqlite")
    town.clock.now += desk.settings.lease_s + 1
    desk.reopen()
    assert {state_of(desk, one) for one in accepted} == {RecordState.ACCEPTED}
    desk.follow()
    desk.seal()
    assert {state_of(desk, one) for one in accepted} == {RecordState.ANCHORED}
    assert set(entries_on_chain(town).values()) == {1}


def test_a_covered_record_says_so(desk: PaperGateway, town: Town) -> None:
    accepted = accept(desk, town, 2)
    desk.seal()
    desk.follow()
    attester = PaperGateway(desk.folder, town.chain, town.clock, desk.url)
    attester.follow()
    root = attester.index.advance_map(1)
    for governor in ("one", "two"):
        town.chain.vote(governor, 1, root)
    town.chain.next_block()
    desk.follow()
    assert {state_of(desk, one) for one in accepted} == {RecordState.COVERED}
    with desk.store.reading() as connection:
        assert read_mark(connection, FOLLOWED) == 1


def test_two_gateways_on_one_store_take_turns_and_the_slower_one_is_fenced_off(desk: PaperGateway, town: Town) -> None:
    second = PaperGateway(desk.folder, town.chain, town.clock, desk.url)
    accepted = accept(desk, town, 2)
    mend = cut_before(town.chain, "send_raw")
    with pytest.raises(PowerCut):
        desk.seal()  # it hangs here, alive, with the lease and an open batch
    mend()
    second.seal()
    assert town.chain.anchored == [], "the lease is another's still"
    town.clock.now += desk.settings.lease_s + 1
    second.seal()
    assert {state_of(second, one) for one in accepted} == {RecordState.ANCHORED}
    with pytest.raises(LeaseLost), desk.store.reading() as connection:
        sealer_module.check_lease(connection, desk.sealer._held())
    assert set(entries_on_chain(town).values()) == {1}


def test_an_unsigned_batch_of_a_gateway_that_died_is_sealed_anew_by_the_other(desk: PaperGateway, town: Town) -> None:
    second = PaperGateway(desk.folder, town.chain, town.clock, desk.url)
    accepted = accept(desk, town, 2)
    mend = cut_before(town.chain, "prepare")
    with pytest.raises(PowerCut):
        desk.seal()
    mend()
    town.clock.now += desk.settings.lease_s + 1
    second.seal()
    second.seal()
    assert {state_of(second, one) for one in accepted} == {RecordState.ANCHORED}
    assert set(entries_on_chain(town).values()) == {1}


def test_two_gateways_with_stores_of_their_own_do_not_disturb_each_other(
    desk: PaperGateway, town: Town, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = PaperGateway(tmp_path / "other", town.chain, town.clock)
    both = town.event(7).serialize().encode()
    mine, theirs = desk.intake.accept(both).record_id, other.intake.accept(both).record_id
    assert mine == theirs
    other.seal()
    desk.follow()
    assert state_of(desk, mine) is RecordState.ANCHORED, "seen on the chain before it was sealed here"
    desk.seal()
    assert len(town.chain.anchored) == 1


def test_a_silent_chain_is_no_reason_to_let_a_suspended_member_anchor(desk: PaperGateway, town: Town) -> None:
    bad = accept(desk, town, 1)[0]
    town.chain.set_member(CARRIER, MemberState.SUSPENDED, Role.CARRIER)
    town.chain.silent = True
    with pytest.raises(LedgerUnreachable):
        desk.registry.refresh()
    town.chain.silent = False
    desk.seal()
    assert state_of(desk, bad) is RecordState.REFUSED
