"""Views keep to one processor that the gateway claimed; all else, and what it starts, runs anywhere."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from gateway.runtime import cpu_affinity
from gateway.runtime.cpu_affinity import Placement, run_anywhere, run_together
from gateway.runtime.loops import Loop

R = TypeVar("R")
HERE = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
pytestmark = pytest.mark.skipif(len(HERE) < 2, reason="needs Linux and two processors")


@pytest.fixture(autouse=True)
def own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways of other tests on this machine claim none of ours."""
    monkeypatch.setattr(cpu_affinity, "_CLAIM", "\0tongguan-test-" + secrets.token_hex(8) + "-{}")


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> Placement:
    fresh = Placement()
    monkeypatch.setattr(cpu_affinity, "PLACEMENT", fresh)
    monkeypatch.setattr("gateway.runtime.loops.PLACEMENT", fresh)
    return fresh


def where() -> frozenset[int]:
    return frozenset(os.sched_getaffinity(0))


def in_a_thread(work: Callable[[], R]) -> R:
    """Processors belong to a thread, so the test's own stays where it is."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def test_a_claiming_thread_keeps_to_one_processor_until_it_is_told_otherwise(placed: Placement) -> None:
    def story() -> list[frozenset[int]]:
        seen = [where()]
        processor = placed.claim()
        assert processor is not None
        seen.append(where() - {processor})
        placed.anywhere()
        seen.append(where())
        placed.together()
        seen.append(where() - {processor})
        placed.give_back()
        return [*seen, where()]

    assert in_a_thread(story) == [HERE, frozenset(), HERE, frozenset(), HERE]


def test_gateways_of_one_machine_claim_different_processors_and_the_last_none(placed: Placement) -> None:
    gateways = [Placement() for _ in HERE]

    def claims() -> list[int | None]:
        os.sched_setaffinity(0, HERE)
        return [in_a_thread(one.claim) for one in gateways]

    assert set(claims()) == HERE
    assert in_a_thread(lambda: (placed.claim(), where())) == (None, HERE)
    gateways[0].give_back()
    assert in_a_thread(placed.claim) is not None


def test_a_gateway_that_may_use_one_processor_claims_none(placed: Placement) -> None:
    def story() -> int | None:
        os.sched_setaffinity(0, {min(HERE)})
        return placed.claim()

    assert in_a_thread(story) is None


def test_nothing_is_placed_before_a_claim(placed: Placement) -> None:
    def story() -> frozenset[int]:
        placed.together()
        return where()

    assert in_a_thread(story) == HERE


def test_views_run_beside_the_listener_and_the_rest_anywhere(placed: Placement) -> None:
    in_loop: list[frozenset[int]] = []

    def step() -> bool:
        in_loop.append(where())
        return False

    async def serve(processor: int) -> None:
        assert await run_together(where) == {processor}
        assert await run_anywhere(where) == HERE
        assert await run_together(where) == {processor}
        assert await run_anywhere(processors_of_a_process) == HERE

    def story() -> None:
        processor = placed.claim()
        assert processor is not None
        loop = Loop("test", step, lambda: 5.0)
        loop.start()
        asyncio.run(serve(processor))
        loop.stop()
        placed.give_back()

    in_a_thread(story)
    assert in_loop and set(in_loop) == {HERE}


def processors_of_a_process() -> frozenset[int]:
    said = subprocess.check_output([sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"], text=True)
    return frozenset(map(int, said.split()))
