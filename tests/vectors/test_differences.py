"""Who holds another implementation against ours is told what goes wrong, and never waits for ever."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from chain.encoding import Json
from tests.vectors.stories import differences

ECHO = "import sys\nfor line in sys.stdin: print(line.strip(), flush=True)"
GARBAGE = "import sys\nfor line in sys.stdin: print('no JSON' * 1000, flush=True)"
LONG = "x" * 10_000


def lines(count: int, *, fails: bool = False) -> Iterator[dict[str, Json]]:
    for _ in range(count):
        yield {"expected": "VALID", "bundle": LONG}
    if fails:
        raise ValueError("a story that cannot go on")


@pytest.mark.timeout(20)
def test_a_story_that_cannot_go_on_is_told() -> None:
    with pytest.raises(ValueError, match="cannot go on"):
        differences([sys.executable, "-c", ECHO], lines(3, fails=True))


@pytest.mark.timeout(20)
def test_an_answer_that_cannot_be_read_ends_the_comparison() -> None:
    with pytest.raises((ValueError, OSError)):
        differences([sys.executable, "-c", GARBAGE], lines(200))


@pytest.mark.timeout(20)
def test_every_case_that_is_answered_otherwise_is_given_back() -> None:
    assert len(differences([sys.executable, "-c", ECHO], lines(3))) == 3
