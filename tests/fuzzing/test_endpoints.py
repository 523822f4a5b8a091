"""Seeded runs of changed requests against the gateway's routes and the node's JSON-RPC, beside those of the readers.

So many requests as a continuous integration can wait for; `TONGGUAN_FUZZ_FACTOR=5` takes two minutes, and
`python -m tests.fuzzing http --seconds 600` as long as one likes.
"""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import pytest

from tests.fuzzing.watch import next_input, watched

FACTOR = int(os.environ.get("TONGGUAN_FUZZ_FACTOR", "1"))


@pytest.mark.slow
@pytest.mark.parametrize(("endpoint", "count"), [("http", 700), ("json-rpc", 4_000)])
def test_no_request_makes_an_endpoint_fail(endpoint: str, count: int) -> None:
    random, ends = Random(18), Counter[str]()
    for _ in range(count * FACTOR):
        given = next_input(endpoint, random)
        outcome = watched(endpoint, given)
        assert not outcome.found, f"{outcome.end}: {given[:2_000]!r}"
        ends[outcome.end] += 1
    # What is tried reaches behind the first check: many ways to end, and some requests that are answered.
    assert len(ends) > 10, ends
    assert sum(count for end, count in ends.items() if end.startswith(("2", "answered"))) > 20, ends
