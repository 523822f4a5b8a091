"""Nothing is promised by a wrong clock, the reason is said, and intake goes on the moment the clock is right."""

from __future__ import annotations

import pytest

from chain.clock import WatchedClock
from gateway.app import HEAD_AHEAD_S_MAX, _clock_fault
from gateway.runtime.refusals import GatewayRefusal
from tests.gateway.memory_consortium import PaperGateway, Town


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


def test_a_jump_is_refused_with_its_reason_and_ends_at_once(gateway: PaperGateway, town: Town) -> None:
    wall, steady = [1_800_000_000.0], [5.0]
    watched = WatchedClock(lambda: wall[0], lambda: steady[0])
    gateway.intake.clock_fault = lambda: _clock_fault(watched, gateway.intake._registry)
    gateway.intake._registry.head_timestamp = int(wall[0])
    body = town.event().serialize().encode()
    wall[0] += 7_200
    with pytest.raises(GatewayRefusal, match="jumped by") as refused:
        gateway.intake.accept(body)
    assert refused.value.kind.status == 503
    assert gateway.intake.accepted_count == 0
    wall[0] -= 7_200
    assert gateway.intake.accept(body).is_new


def test_a_head_ahead_of_the_clock_is_a_reason(gateway: PaperGateway, town: Town) -> None:
    now = [1_800_000_000.0]
    watched = WatchedClock(lambda: now[0], lambda: now[0])
    registry = gateway.intake._registry
    gateway.intake.clock_fault = lambda: _clock_fault(watched, registry)
    registry.head_timestamp = int(now[0] + HEAD_AHEAD_S_MAX + 7_185)
    (verdict,) = gateway.intake.accept_lines([b'"' + town.event().serialize().encode() + b'"'])
    assert isinstance(verdict, GatewayRefusal)
    assert "7200 s ahead" in str(verdict)
    registry.head_timestamp = int(now[0] + HEAD_AHEAD_S_MAX)
    assert gateway.intake.accept(town.event().serialize().encode()).is_new
