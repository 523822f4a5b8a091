"""How cost grows with size: three models fitted to a series, the simplest that explains it named."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FLAT_WITHIN = 0.2
"""A series whose values all lie within so much of their mean is flat, whatever fits it better."""


@dataclass(frozen=True)
class Growth:
    """The model that a series follows, and what it foretells."""

    name: str
    """flat, logarithmic or linear."""
    constant: float
    slope: float
    error: float
    """Mean of the squared relative errors."""

    def at(self, size: float) -> float:
        """What the model says of a size."""
        return self.constant + self.slope * _MODELS[self.name](size)


_MODELS: dict[str, Callable[[float], float]] = {"flat": lambda size: 0.0, "logarithmic": math.log2, "linear": float}


def fit(sizes: Sequence[int], values: Sequence[float]) -> Growth:
    """The model of a series of at least three sizes."""
    if len(sizes) != len(values) or len(sizes) < 3:
        raise ValueError("a fit needs three sizes or more, each with a value")
    mean = sum(values) / len(values)
    if all(abs(value - mean) <= FLAT_WITHIN * mean for value in values):
        return _fit("flat", sizes, values)
    return min((_fit(name, sizes, values) for name in ("logarithmic", "linear")), key=lambda growth: growth.error)


def _fit(name: str, sizes: Sequence[int], values: Sequence[float]) -> Growth:
    # Weighted by 1/value², so that the error is relative: otherwise only the largest size would count.
    xs = [_MODELS[name](size) for size in sizes]
    weights = [1 / value**2 if value else 1.0 for value in values]
    total = sum(weights)
    mean_x = sum(w * x for w, x in zip(weights, xs, strict=True)) / total
    mean_y = sum(w * y for w, y in zip(weights, values, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, x in zip(weights, xs, strict=True))
    joint = sum(w * (x - mean_x) * (y - mean_y) for w, x, y in zip(weights, xs, values, strict=True))
    slope = joint / spread if spread else 0.0
    constant = mean_y - slope * mean_x
    errors = [((constant + slope * x - y) / y) ** 2 if y else 0.0 for x, y in zip(xs, values, strict=True)]
    return Growth(name, constant, slope, sum(errors) / len(errors))
