"""Twice the input, at most about twice the time: what every parser of a stranger's bytes must keep.

Processor time is measured, the least of several runs each, so that a busy machine changes little. Work that grows with
the square takes four times as long; the bound lies between.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable
from time import process_time
from typing import TypeVar

Input = TypeVar("Input")

RATIO_MAX = 2.9
RUNS = 3
TRIES = 4
LEAST_S = 0.004
"""Shorter runs are measured several times in a row: below this, the clock's grain and warm caches decide."""


def assert_doubling(make: Callable[[int], Input], parse: Callable[[Input], object], size: int) -> None:
    """Fails where parsing `make(2 * size)` takes more than `RATIO_MAX` times as long as `make(size)`."""
    small, large = make(size), make(2 * size)
    ratio = 0.0
    for _ in range(TRIES):
        repeats = max(1, round(LEAST_S / max(_seconds(parse, small, 1), 1e-6)))
        ratio = _seconds(parse, large, repeats) / _seconds(parse, small, repeats)
        if ratio <= RATIO_MAX:
            return
    raise AssertionError(f"twice the input takes {ratio:.1f} times as long")


def _seconds(parse: Callable[[Input], object], given: Input, repeats: int) -> float:
    runs = []
    gc.disable()  # a collection walks everything that the tests have loaded
    try:
        for _ in range(RUNS):
            start = process_time()
            for _ in range(repeats):
                with contextlib.suppress(Exception):
                    parse(given)
            runs.append(process_time() - start)
    finally:
        gc.enable()
    return min(runs)
