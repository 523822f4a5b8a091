"""A stand-in over a store of its own, with a cast and a clock that tests hold in their hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from adapters.single_window_mock import numbers
from adapters.single_window_mock.app import create_app
from adapters.single_window_mock.roles import PARTS, Cast, Party
from adapters.single_window_mock.store import MessageStore

STARTED_AT = "2026-03-02T01:00:00+00:00"


class Clock:
    """Unix seconds that move only when told."""

    def __init__(self) -> None:
        self.now = 1_772_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cast() -> Cast:
    random = numbers.seeded("cast")
    return Cast(**{part: Party(numbers.uscc(random), numbers.digits(random, 10), f"测试{part}") for part in PARTS})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MessageStore]:
    opened = MessageStore(tmp_path / "single-window.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def window(store: MessageStore, cast: Cast, clock: Clock) -> TestClient:
    return TestClient(create_app(store, cast, clock=clock))
