"""Pauses that grow between attempts: the one rule for all who try again."""

from __future__ import annotations

from dataclasses import dataclass

EXPONENT_MAX = 64
"""Larger powers change nothing below any pause that somebody waits for."""


@dataclass(frozen=True)
class BackOff:
    """A first pause, multiplied after each failed attempt, up to a longest one."""

    first_s: float
    max_s: float
    growth: float = 2.0

    def pause_s(self, attempt: int) -> float:
        """The pause after so many failed attempts in a row, from 1; the first pause after none."""
        exponent = min(max(attempt - 1, 0), EXPONENT_MAX)
        return float(min(self.first_s * self.growth**exponent, self.max_s))
