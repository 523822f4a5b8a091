"""The sealer's crash table: at every step the power fails, and after the restart each record stands once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import gateway.anchoring.sealer as sealer_module
from chain.ledger import Receipt
from chain.ledger.calls import anchor
from chain.ledger.faults import LedgerUnreachable, NotInBlockYet, RpcRefused
from chain.lifecycle import RecordState
from chain.members import MemberState, Role
from gateway.anchoring.anchor_tracker import FOLLOWED
from gateway.anchoring.ledger_port import BACK_OFF, WrongCommitment
from gateway.anchoring.sealer import READ_PERIODS
from gateway.store.outbox import LeaseLost, open_batches, read_mark
from gateway.store.records import find_held
from gateway.store.store import StoreUnavailable
from tests.faults.crash_points import PowerCut, cut_after, cut_before
from tests.gateway.memory_consortium import CARRIER, PaperGateway, Town

Cut = Callable[[PaperGateway], Callable[[], None]]

CUTS: dict[str, Cut] = {
    "before the batch is signed": lambda g: cut_before(g.chain, "prepare"),
    "after signing, before batch and bytes are written": lambda g: cut_before(sealer_module, "write_batch"),
    "while they are written": lambda g: cut_after(sealer_module, "write_batch"),
    "after they are written, before they are sent": lambda g: cut_before(g.chain, "send_raw"),
    "after sending, before the answer": lambda g: cut_after(g.chain, "send_raw"),
    "after the answer, before the block is seen": lambda g: cut_before(g.chain, "wait"),
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


@pytest.mark.parametrize("together", [1, 3])
@pytest.mark.parametrize("step", CUTS)
def test_after_a_power_cut_each_accepted_record_is_anchored_once(
    desk: PaperGateway, town: Town, step: str, together: int
) -> None:
    accepted = accept(desk, town, 5)
    small = {"batch_entries_max": 2} if together > 1 else {}
    desk.settings = desk.settings.model_copy(update=small)
    desk.reopen()
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
    assert desk.sealer.is_waiting
    assert desk.sealer.status.stalled_since is None, "a block may take its time"
    town.clock.now += desk.settings.receipt_wait_s
    desk.sealer.step()
    assert desk.sealer.status.stalled_since == town.clock.now
    town.chain.wait = whole  # type: ignore[method-assign]
    desk.seal()
    assert desk.sealer.status.stalled_since is None
    assert {state_of(desk, one) for one in accepted} == {RecordState.ANCHORED}
    assert len(set(town.chain.sent)) == 1, "the same bytes again"


def test_what_becomes_due_while_a_block_is_awaited_is_sent_too_and_one_block_anchors_all(
    desk: PaperGateway, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.settings = desk.settings.model_copy(update={"batch_entries_max": 2, "batches_together_max": 3})
    desk.reopen()
    accepted = accept(desk, town, 4)
    with monkeypatch.context() as patched:
        patched.setattr(town.chain, "wait", _not_yet)
        desk.seal()
        assert len(town.chain.sent) == 2
        accepted += [desk.intake.accept(town.event(n).serialize().encode()).record_id for n in range(4, 8)]
        desk.seal()
        assert len(town.chain.sent) == 3, "no more are under way than may be"
        assert not desk.sealer.step()
    desk.seal()
    desk.seal()
    assert {state_of(desk, one) for one in accepted} == {RecordState.ANCHORED}
    assert len(town.chain.sent) == 4
    assert set(entries_on_chain(town).values()) == {1}
    assert not desk.sealer.is_waiting


def test_a_batch_that_the_engine_will_not_take_is_signed_anew_and_those_behind_it_keep_their_bytes(
    desk: PaperGateway, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.settings = desk.settings.model_copy(update={"batch_entries_max": 2})
    desk.reopen()
    accepted = accept(desk, town, 6)
    refused: list[bytes] = []
    whole = town.chain.send_raw

    def refuse_once(raw: bytes) -> str:
        if not refused:
            refused.append(raw)
            raise RpcRefused("eth_sendRawTransaction", -32000, "not now")
        return whole(raw)

    monkeypatch.setattr(town.chain, "send_raw", refuse_once)
    desk.seal()
    assert desk.sealer.status.stalled_since is not None
    desk.seal()
    assert {state_of(desk, one) for one in accepted} == {RecordState.ANCHORED}
    assert set(entries_on_chain(town).values()) == {1}
    assert [int.from_bytes(raw[20:28], "big") for raw in town.chain.sent] == [0, 1, 2]


def test_a_nonce_that_nobody_will_use_is_filled_so_that_those_behind_it_do_not_wait_for_ever(
    desk: PaperGateway, town: Town
) -> None:
    accepted = accept(desk, town, 2)
    mend = cut_before(town.chain, "send_raw")
    with pytest.raises(PowerCut):
        desk.seal()
    mend()
    with desk.store.writing() as connection:
        (batch,) = open_batches(connection)
        raw = town.chain.prepare(anchor(batch.root, batch.count, batch.entries), desk.account, 5)
        sealer_module.note_transaction(connection, batch.id, 5, raw)
    desk.seal()
    assert {state_of(desk, one) for one in accepted} == {RecordState.ANCHORED}
    assert [int.from_bytes(raw[20:28], "big") for raw in town.chain.sent] == [0]


def _refuse(raw: bytes) -> str:
    raise RpcRefused("eth_sendRawTransaction", -32000, "not now")


def _not_yet(tx_hash: str, timeout_s: float | None = None) -> Receipt:
    raise NotInBlockYet(tx_hash, 1)


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
    assert pauses[-1] == BACK_OFF.max_s
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


def test_nonces_of_another_gateways_batches_are_not_taken_for_ones_own(
    desk: PaperGateway, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = PaperGateway(desk.folder, town.chain, town.clock, desk.url)
    accepted = accept(desk, town, 2)
    mend = cut_before(town.chain, "send_raw")
    with pytest.raises(PowerCut):
        desk.seal()  # written on nonce 0 of its account, and then it hangs
    mend()
    town.clock.now += desk.settings.lease_s + 1
    accepted.append(second.intake.accept(town.event(7).serialize().encode()).record_id)
    with monkeypatch.context() as patched:
        patched.setattr(town.chain, "wait", _not_yet)
        second.seal()
    assert [int.from_bytes(raw[20:28], "big") for raw in town.chain.sent] == [0, 0]
    second.seal()
    assert {state_of(second, one) for one in accepted} == {RecordState.ANCHORED}
    assert set(entries_on_chain(town).values()) == {1}


def test_reads_alone_wait_some_periods_and_go_at_once_with_what_others_say(desk: PaperGateway, town: Town) -> None:
    own = desk.settings.member
    town.chain.admit(own, Role.GATEWAY | Role.CARRIER)
    town.chain.add_key(own, desk.signer)
    desk.registry.refresh()
    desk.intake.accept(town.event(8, key=desk.signer, iss=own).serialize().encode())
    town.clock.now += desk.settings.anchor_period_s
    assert not desk.sealer.step()
    town.clock.now += desk.settings.anchor_period_s * (READ_PERIODS - 1)
    assert desk.sealer.step()
    desk.intake.accept(town.event(9, key=desk.signer, iss=own).serialize().encode())
    accept(desk, town, 1)
    town.clock.now += desk.settings.anchor_period_s
    assert desk.sealer.step()
    assert [one.count for one in town.chain.anchored] == [1, 2]


def test_reads_that_are_not_due_are_not_looked_at_every_time(
    desk: PaperGateway, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, looks = desk.settings.member, []
    town.chain.admit(own, Role.GATEWAY | Role.CARRIER)
    town.chain.add_key(own, desk.signer)
    desk.registry.refresh()
    desk.intake.accept(town.event(8, key=desk.signer, iss=own).serialize().encode())
    read = sealer_module.waiting_records
    monkeypatch.setattr(sealer_module, "waiting_records", lambda *asked: looks.append(1) or read(*asked))
    for _ in range(5):
        assert not desk.sealer.step()
        town.clock.now += desk.settings.anchor_period_s / 10
    assert len(looks) == 1
    town.clock.now -= 3_600  # a clock that steps back must not hide what waits
    assert desk.sealer.step()
    desk.intake.accept(town.event(9, key=desk.signer, iss=own).serialize().encode())
    town.clock.now += desk.settings.anchor_period_s
    assert not desk.sealer.step()
    accept(desk, town, 1)
    town.clock.now += desk.settings.anchor_period_s / 2
    assert desk.sealer.step()
    assert [one.count for one in town.chain.anchored] == [1, 2]


def test_an_unsigned_batch_of_a_gateway_that_died_is_sealed_anew_by_the_other(desk: PaperGateway, town: Town) -> None:
    second = PaperGateway(desk.folder, town.chain, town.clock, desk.url)
    accepted = accept(desk, town, 2)
    whole = town.chain.send_raw
    town.chain.send_raw = _refuse  # type: ignore[method-assign]
    desk.seal()  # its bytes were refused and forgotten
    town.chain.send_raw = whole  # type: ignore[method-assign]
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
