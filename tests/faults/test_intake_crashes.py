"""Intake's and the follower's crash tables: at every step the power fails, and what must hold after the restart holds.

Before the commit nothing is kept; after it the same record gets the receipt that was signed for it; either way its
issuer sends it again and it stands on the chain once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import gateway.anchoring.anchor_tracker as following
import gateway.ingest.group_commit as keeper
import gateway.ingest.pipeline as preparation
from chain.lifecycle import RecordState
from gateway.ingest.group_commit import Acceptance
from gateway.store.records import find_held
from tests.faults.crash_points import PowerCut, cut_after, cut_before
from tests.gateway.memory_consortium import PaperGateway, Town

Cut = Callable[[PaperGateway], Callable[[], None]]
TABLES = ("records", "entries", "keyed_references", "keyed_documents")


def commit(gateway: PaperGateway) -> Any:
    """What makes the transaction durable."""
    return gateway.store.engine.dialect


CUTS: dict[str, tuple[Cut, bool]] = {
    "before it is read": (lambda g: cut_before(preparation, "parse_signed"), False),
    "before the receipt is signed": (lambda g: cut_before(preparation, "sign_receipts"), False),
    "after the receipt is signed": (lambda g: cut_after(preparation, "sign_receipts"), False),
    "before its row is written": (lambda g: cut_before(keeper, "insert_records"), False),
    "after its row is written": (lambda g: cut_after(keeper, "insert_records"), False),
    "before what it is found by is written": (lambda g: cut_before(keeper, "insert_waiting"), False),
    "before the commit": (lambda g: cut_before(commit(g), "do_commit"), False),
    "after the commit, before the answer": (lambda g: cut_after(g.intake, "verdicts"), True),
}
"""Step to how the power is cut there, and whether the record must be there after the restart."""


def rows(gateway: PaperGateway) -> list[int]:
    with gateway.store.reading() as connection:
        return [connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in TABLES]


def state_of(gateway: PaperGateway, record_id: str) -> RecordState | None:
    with gateway.store.reading() as connection:
        held = find_held(connection, record_id)
    return None if held is None else held.state


def receipts(gateway: PaperGateway) -> dict[str, str]:
    with gateway.store.reading() as connection:
        asked = "SELECT record_id, receipt FROM records JOIN payloads ON payloads.record_seq = records.seq"
        return dict(connection.exec_driver_sql(asked).all())  # type: ignore[arg-type]


def entries_on_chain(town: Town) -> Counter[bytes]:
    return Counter(one.entries[at : at + 48] for one in town.chain.anchored for at in range(0, len(one.entries), 48))


@pytest.mark.parametrize("step", CUTS)
@pytest.mark.parametrize("upload", [False, True], ids=["one record", "an upload"])
def test_a_record_is_kept_whole_or_not_at_all(gateway: PaperGateway, town: Town, step: str, upload: bool) -> None:
    cut, is_kept = CUTS[step]
    records = [town.event(number) for number in range(3 if upload else 1)]
    lines = [json.dumps(one.serialize()).encode() for one in records]
    empty = rows(gateway)
    mend = cut(gateway)
    with pytest.raises(PowerCut):
        if upload:
            gateway.intake.accept_lines(lines)
        else:
            gateway.intake.accept(records[0].serialize().encode())
    mend()
    gateway.store.close()
    gateway.reopen()
    assert (rows(gateway) != empty) == is_kept, "what was not committed left nothing, in no table"
    signed = receipts(gateway)
    again = [one for one in gateway.intake.accept_lines(lines) if isinstance(one, Acceptance)]
    assert [one.record_id for one in again] == [one.record_id for one in records]
    if is_kept:
        assert {one.record_id: one.receipt for one in again} == signed
        assert not any(one.is_new for one in again)
    gateway.seal()
    assert {state_of(gateway, one.record_id) for one in records} == {RecordState.ANCHORED}
    assert set(entries_on_chain(town).values()) == {1}
    assert len(entries_on_chain(town)) == len(records)


FOLLOWING: dict[str, Cut] = {
    "before the index moves": lambda g: cut_before(g.watcher._follower, "step"),
    "after the index moved, before the marks": lambda g: cut_after(g.watcher._follower, "step"),
    "before a record is marked as anchored": lambda g: cut_before(following, "mark_anchored_elsewhere"),
    "after it was marked, before the place is": lambda g: cut_before(following, "set_mark"),
    "before covered records are marked": lambda g: cut_before(following, "mark_covered"),
    "before the marks are committed": lambda g: cut_before(commit(g), "do_commit"),
}


@pytest.mark.parametrize("step", FOLLOWING)
def test_a_follower_that_is_cut_off_catches_up_and_nothing_is_sealed_before_that(
    gateway: PaperGateway, town: Town, step: str
) -> None:
    """Another gateway anchored the record meanwhile, and a checkpoint covers it."""
    (gateway.folder / "other").mkdir()
    other = PaperGateway(gateway.folder / "other", town.chain, town.clock)
    record = town.event()
    for one in (gateway, other):
        one.intake.accept(record.serialize().encode())
    other.seal()
    other.follow()
    root = other.index.advance_map(1)
    for governor in ("one", "two"):
        town.chain.vote(governor, 1, root)
    town.chain.next_block()
    mend = FOLLOWING[step](gateway)
    with pytest.raises(PowerCut):
        gateway.follow()
    mend()
    assert not gateway.watcher.caught_up.is_set(), "the sealer waits for this"
    gateway.store.close()
    gateway.reopen()
    gateway.follow()
    assert state_of(gateway, record.record_id) is RecordState.COVERED
    gateway.seal()
    assert set(entries_on_chain(town).values()) == {1}


def test_the_follower_leaves_what_our_own_sealer_has_in_hand_to_it(
    gateway: PaperGateway, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = town.event()
    gateway.intake.accept(record.serialize().encode())
    mend = cut_before(gateway.chain, "wait")
    with pytest.raises(PowerCut):
        gateway.seal()
    mend()
    with monkeypatch.context() as patched:
        patched.setattr(following, "find_waiting_records", None)  # would look up every entry
        gateway.follow()
    assert state_of(gateway, record.record_id) is RecordState.ACCEPTED
    gateway.seal()
    assert state_of(gateway, record.record_id) is RecordState.ANCHORED


def test_the_follower_asks_no_more_than_for_the_head_while_no_block_comes(
    gateway: PaperGateway, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.follow()
    monkeypatch.setattr(gateway.watcher._follower, "step", None)
    assert gateway.watcher.step() is False
    monkeypatch.undo()
    gateway.intake.accept(town.event().serialize().encode())
    gateway.seal()
    gateway.follow()
    assert gateway.index.progress().batch_count == 1
