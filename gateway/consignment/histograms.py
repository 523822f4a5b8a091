"""Times counted in steps of hours: percentiles, outliers and coarse bins of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.consignment.figures import EDGES_H

Histogram = Mapping[int, int]
"""Place in `EDGES_H` to how many times lie in that step."""

BINS_H: Final[tuple[float, ...]] = (0, 1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 336, 720)
"""Where the bins of a distribution begin, in hours; each is an edge of the steps, and the last has no end."""
FENCE: Final = 1.5
"""Quartile ranges beyond the third quartile from which on a time is an outlier (Tukey)."""


def percentile(histogram: Histogram, share: float) -> float:
    """The hours that so many of the times (0 to 1) do not exceed, from within its step by proportion.

    Raises ValueError for a histogram that counts nothing.
    """
    wanted = share * sum(histogram.values())
    if not wanted:
        raise ValueError("nothing is counted")
    below = 0
    for step, count in sorted(histogram.items()):
        if below + count >= wanted:
            start, end = _ends(step)
            return round(start + (end - start) * (wanted - below) / count, 2)
        below += count
    raise ValueError("a share is at most 1")


def outlier_fence(histogram: Histogram) -> float:
    """From how many hours on a time is an outlier: the third quartile and `FENCE` times the range of the quartiles."""
    first, third = percentile(histogram, 0.25), percentile(histogram, 0.75)
    return round(third + FENCE * (third - first), 2)


def count_above(histogram: Histogram, hours: float) -> int:
    """How many times lie in steps that begin at so many hours or later."""
    return sum(count for step, count in histogram.items() if EDGES_H[step] >= hours)


def in_bins(histogram: Histogram) -> dict[int, int]:
    """Place in `BINS_H` to how many of the times lie in that bin."""
    bins: dict[int, int] = {}
    for step, count in histogram.items():
        place = max(place for place, start in enumerate(BINS_H) if start <= EDGES_H[step])
        bins[place] = bins.get(place, 0) + count
    return bins


def _ends(step: int) -> tuple[float, float]:
    start = EDGES_H[step]
    return start, EDGES_H[step + 1] if step + 1 < len(EDGES_H) else start
