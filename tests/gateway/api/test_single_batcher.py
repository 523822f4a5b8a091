"""Single records that come together: each gets its own answer, and one fault spoils no other's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Sequence
from contextvars import Context

import pytest

from chain.errors import TongguanError
from gateway.api import single_batcher
from gateway.api.single_batcher import RUNNERS_MAX, SingleBatcher
from gateway.ingest.group_commit import Acceptance, SubmissionResult
from tests.gateway.memory_consortium import PaperGateway, Town


async def gathered(asked: Sequence[Awaitable[Acceptance]]) -> list[Acceptance | BaseException]:
    return await asyncio.gather(*asked, return_exceptions=True)


def test_each_of_many_gets_its_own_verdict(gateway: PaperGateway, town: Town) -> None:
    records = [town.event(number) for number in range(30)]
    bodies = [one.serialize().encode() for one in records]
    bodies[7] = b"no record"
    bodies[9] = bodies[3]

    async def post() -> list[Acceptance | BaseException]:
        desk = SingleBatcher(gateway.intake)
        return await gathered([desk.accept(body) for body in bodies])

    answers = asyncio.run(post())
    assert isinstance(answers[7], TongguanError)
    kept = [one for one in answers if isinstance(one, Acceptance)]
    assert len(kept) == 29
    assert {one.record_id for one in kept} == {one.record_id for n, one in enumerate(records) if n not in (7, 9)}
    twice = [one for one in kept if one.record_id == records[3].record_id]
    assert sorted(one.is_new for one in twice) == [False, True]
    assert twice[0].receipt == twice[1].receipt
    assert (gateway.intake.accepted_count, gateway.intake.refused_count) == (28, 1)


class Held:
    """An intake whose threads wait until they are let go; counts those that work at once."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.working = self.most = 0
        self.groups: list[int] = []
        self.lock = threading.Lock()

    def accept_each(self, bodies: Sequence[tuple[bytes, Context]]) -> list[SubmissionResult]:
        with self.lock:
            self.working += 1
            self.most = max(self.most, self.working)
            self.groups.append(len(bodies))
        self.let_go.wait(10)
        with self.lock:
            self.working -= 1
        if any(body == b"fault" for body, _ in bodies):
            raise ZeroDivisionError
        return [TongguanError(body.decode()) for body, _ in bodies]


def test_few_threads_serve_all_and_what_waits_goes_together() -> None:
    intake = Held()

    async def post() -> list[Acceptance | BaseException]:
        desk = SingleBatcher(intake)  # type: ignore[arg-type]
        asked = [asyncio.ensure_future(desk.accept(b"%d" % number)) for number in range(40)]
        await asyncio.sleep(0.05)
        intake.let_go.set()
        return await gathered(asked)

    answers = asyncio.run(post())
    assert [str(one) for one in answers] == [str(number) for number in range(40)]
    assert intake.most <= RUNNERS_MAX
    assert sum(intake.groups) == 40
    assert len(intake.groups) <= 4


def test_a_fault_of_ours_is_told_to_those_it_met_and_the_next_are_served() -> None:
    intake = Held()
    intake.let_go.set()

    async def post() -> list[Acceptance | BaseException]:
        desk = SingleBatcher(intake)  # type: ignore[arg-type]
        first = await gathered([desk.accept(b"fault")])
        return first + await gathered([desk.accept(b"after")])

    fault, after = asyncio.run(post())
    assert isinstance(fault, ZeroDivisionError)
    assert str(after) == "after"


def test_those_who_wait_behind_a_fault_of_ours_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_batcher, "RUNNERS_MAX", 1)
    intake = Held()

    async def post() -> list[Acceptance | BaseException]:
        desk = SingleBatcher(intake)  # type: ignore[arg-type]
        first = asyncio.ensure_future(desk.accept(b"fault"))
        await asyncio.sleep(0.05)
        behind = asyncio.ensure_future(desk.accept(b"behind"))
        await asyncio.sleep(0.05)
        intake.let_go.set()
        return await asyncio.wait_for(gathered([first, behind]), 10)

    fault, behind = asyncio.run(post())
    assert isinstance(fault, ZeroDivisionError)
    assert str(behind) == "behind"


def test_whoever_goes_away_keeps_nobody_waiting(gateway: PaperGateway, town: Town) -> None:
    staying = town.event(2)

    async def post() -> Acceptance:
        desk = SingleBatcher(gateway.intake)
        gone = asyncio.ensure_future(desk.accept(town.event(1).serialize().encode()))
        stays = asyncio.ensure_future(desk.accept(staying.serialize().encode()))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(post()).record_id == staying.record_id
