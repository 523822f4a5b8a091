"""Disk full, database locked, clock stepping back: said plainly, nothing lost, and over when it is over."""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from chain.errors import StoreFault
from chain.lifecycle import RecordState
from gateway.api.problems import kind_of
from gateway.runtime.loops import Loop
from gateway.store.records import find_held
from tests.gateway.memory_consortium import PaperGateway, Town
from tests.record_numbers import jti_of


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


def pragma(gateway: PaperGateway, words: str) -> None:
    """Every connection from now on is opened with this pragma."""

    def prepare(connection: Any, record: object) -> None:
        connection.execute(f"PRAGMA {words}")

    gateway.store.close()
    event.listen(gateway.store.engine, "connect", prepare)


def accept(gateway: PaperGateway, town: Town, number: int) -> str:
    return gateway.intake.accept(town.event(number).serialize().encode()).record_id


def state_of(gateway: PaperGateway, record_id: str) -> RecordState:
    with gateway.store.reading() as connection:
        held = find_held(connection, record_id)
    assert held is not None
    return held.state


def test_a_full_disk_refuses_new_records_and_keeps_those_that_it_took(gateway: PaperGateway, town: Town) -> None:
    before = [accept(gateway, town, number) for number in range(3)]
    with closing(sqlite3.connect(gateway.folder / "store.sqlite")) as file:
        pages = file.execute("PRAGMA page_count").fetchone()[0]
    pragma(gateway, f"max_page_count = {pages + 2}")
    taken: list[str] = []
    with pytest.raises(StoreFault) as full:
        taken.extend(accept(gateway, town, number) for number in range(200))
    assert (kind_of(full.value).slug, kind_of(full.value).status) == ("store", 503)
    pragma(gateway, "max_page_count = 1000000")
    after = accept(gateway, town, 999)
    gateway.seal()
    assert {state_of(gateway, one) for one in [*before, *taken, after]} == {RecordState.ANCHORED}


def test_a_disk_that_is_full_while_sealing_loses_no_batch(gateway: PaperGateway, town: Town) -> None:
    kept = [accept(gateway, town, number) for number in range(5)]
    with closing(sqlite3.connect(gateway.folder / "store.sqlite")) as file:
        pages = file.execute("PRAGMA page_count").fetchone()[0]
    pragma(gateway, f"max_page_count = {pages}")
    filler = [town.event(number).serialize().encode() for number in range(60)]
    with pytest.raises(StoreFault):
        for body in filler:
            gateway.intake.accept(body)
    loop = Loop("sealer", gateway.sealer.step, lambda: 0.01)
    town.clock.now += 10
    gateway.registry.refresh()
    loop._tried()
    pragma(gateway, "max_page_count = 1000000")
    gateway.seal()
    gateway.seal()
    assert {state_of(gateway, one) for one in kept} == {RecordState.ANCHORED}
    own = [one.entries[at : at + 48] for one in town.chain.anchored for at in range(0, len(one.entries), 48)]
    assert len(own) == len(set(own))


def test_a_loop_that_is_woken_does_not_end_its_pause_first() -> None:
    steps: queue.Queue[int] = queue.Queue()
    loop = Loop("sleeper", lambda: bool(steps.put(1)), lambda: 60.0)
    loop.start()
    for _ in range(3):
        assert steps.get(timeout=10)
        loop.wake()
    assert steps.get(timeout=10)
    loop.stop()


@pytest.fixture
def locked(gateway: PaperGateway) -> Iterator[sqlite3.Connection]:
    """Another process holds the database's write lock."""
    pragma(gateway, "busy_timeout = 100")
    with closing(sqlite3.connect(gateway.folder / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def test_a_locked_database_is_said_and_nothing_is_half_written(
    gateway: PaperGateway, town: Town, locked: sqlite3.Connection
) -> None:
    body = town.event(1).serialize().encode()
    with pytest.raises(StoreFault, match="locked"):
        gateway.intake.accept(body)
    town.clock.now += 10
    gateway.registry.refresh()
    with pytest.raises(StoreFault):
        gateway.sealer.step()
    locked.execute("ROLLBACK")
    done = gateway.intake.accept(body)
    assert done.is_new
    gateway.seal()
    assert state_of(gateway, done.record_id) is RecordState.ANCHORED


def test_a_locked_database_can_still_be_read(gateway: PaperGateway, town: Town, locked: sqlite3.Connection) -> None:
    with gateway.store.reading() as connection:
        assert find_held(connection, "x" * 43) is None


def test_a_clock_that_steps_back_delays_nothing_and_promises_nothing_twice(gateway: PaperGateway, town: Town) -> None:
    first = accept(gateway, town, 1)
    body = town.event(1, jti=jti_of("kept")).serialize().encode()
    receipt = gateway.intake.accept(body).receipt
    town.clock.now -= 3_600
    gateway.registry.refresh()
    assert gateway.intake.accept(body).receipt == receipt
    second = accept(gateway, town, 2)
    gateway.sealer.step()
    assert {state_of(gateway, one) for one in (first, second)} == {RecordState.ANCHORED}


def test_a_copy_can_be_taken_while_records_come_in(gateway: PaperGateway, town: Town, tmp_path: Path) -> None:
    from gateway.store.backup import back_up

    accept(gateway, town, 1)
    assert back_up(gateway.store, tmp_path / "copy") == 1
    accept(gateway, town, 2)


def test_a_store_that_became_read_only_refuses_new_records_and_still_answers(gateway: PaperGateway, town: Town) -> None:
    before = accept(gateway, town, 1)
    pragma(gateway, "query_only = 1")
    with pytest.raises(StoreFault) as refused:
        accept(gateway, town, 2)
    assert kind_of(refused.value).status == 503
    loop = Loop("sealer", gateway.sealer.step, lambda: 0.01)
    town.clock.now += 10
    gateway.registry.refresh()
    loop._tried()
    assert (loop.dead, loop.fault_name) == ("", "StoreUnavailable")
    assert state_of(gateway, before) is RecordState.ACCEPTED
    pragma(gateway, "query_only = 0")
    after = accept(gateway, town, 3)
    gateway.seal()
    assert {state_of(gateway, record) for record in (before, after)} == {RecordState.ANCHORED}
