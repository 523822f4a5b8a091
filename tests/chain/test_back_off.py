"""Pauses between attempts grow to a longest one and stay there."""

from __future__ import annotations

from chain.back_off import BackOff


def test_pauses_double_up_to_the_longest() -> None:
    back_off = BackOff(first_s=0.5, max_s=3.0)
    assert [back_off.pause_s(attempt) for attempt in (1, 2, 3, 4, 5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_the_pause_after_no_failure_is_the_first() -> None:
    assert BackOff(2, 8).pause_s(0) == 2.0


def test_a_very_long_row_of_failures_overflows_nothing() -> None:
    assert BackOff(1.0, 60.0, growth=10.0).pause_s(10**9) == 60.0


def test_another_growth_counts() -> None:
    assert BackOff(1.0, 100.0, growth=3.0).pause_s(3) == 9.0
