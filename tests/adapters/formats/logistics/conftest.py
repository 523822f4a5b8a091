"""Story messages by kind, as our own fixtures of every format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from adapters.single_window_mock import numbers
from adapters.single_window_mock.roles import PARTS, Cast, Party
from adapters.single_window_mock.stories import STORIES

STARTED = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    random = numbers.seeded("cast")
    return Cast(**{part: Party(numbers.uscc(random), numbers.digits(random, 10), f"测试{part}") for part in PARTS})


@pytest.fixture
def told(cast: Cast) -> Callable[[str, str], list[bytes]]:
    """Bodies of a story's messages of that kind."""

    def bodies(story: str, kind: str) -> list[bytes]:
        messages = STORIES[story](cast, 1, STARTED).messages
        return [message.body for message in messages if message.envelope.kind == kind]

    return bodies
