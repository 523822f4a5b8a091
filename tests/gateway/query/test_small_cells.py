"""Counts below five are withheld, and nobody gets one back by subtraction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.query.small_cells import COUNT_MIN, range_of, withhold_in_line, withhold_in_table

Place = tuple[str, str]


@pytest.mark.parametrize(
    ("counts", "withheld"),
    [
        ({"a": 9, "b": 8}, set()),
        ({"a": 9, "b": 0}, set()),
        ({"a": 9, "b": 8, "c": 4}, {"b", "c"}),  # the sum would give c
        ({"a": 9, "b": 2, "c": 4}, {"b", "c"}),
        ({"a": 9, "b": 1, "c": 2}, {"a", "b", "c"}),  # b and c together would be three
        ({"a": 3}, {"a"}),
        ({}, set()),
    ],
)
def test_a_small_count_of_a_line_takes_the_next_with_it(counts: dict[str, int], withheld: set[str]) -> None:
    assert withhold_in_line(counts) == withheld


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 40), max_size=8))
def test_what_a_line_withholds_sums_to_five_or_is_all_of_it(counts: dict[str, int]) -> None:
    withheld = withhold_in_line(counts)
    assert all(name in withheld for name, count in counts.items() if 0 < count < COUNT_MIN)
    shown = [name for name, count in counts.items() if count and name not in withheld]
    if withheld and shown:
        assert len(withheld) > 1 and sum(counts[name] for name in withheld) >= COUNT_MIN


def test_four_cells_in_a_square_hide_each_other_and_one_alone_does_not() -> None:
    counts = {("a", "x"): 2, ("a", "y"): 20, ("b", "x"): 30, ("b", "y"): 40}
    assert range_of(("a", "x"), counts, {("a", "x")}) == 0
    assert range_of(("a", "x"), counts, {("a", "x"), ("a", "y")}) == 0
    assert withhold_in_table(counts) == set(counts)


def test_a_row_whose_sum_is_withheld_is_withheld_cell_by_cell() -> None:
    counts = {(row, column): 50 for row in "abc" for column in "xyz"}
    assert {place for place in counts if place[0] == "b"} <= withhold_in_table(counts, rows=["b"])


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.integers(0, 9)] * 6))
def test_no_withheld_count_of_a_table_follows_from_its_sums(numbers: tuple[int, ...]) -> None:
    """Every table is made that the published cells and sums allow: a withheld count differs over five among them."""
    counts = {place: count for place, count in zip(product("ab", "xyz"), numbers, strict=True) if count}
    withheld = withhold_in_table(counts)
    assert all(place in withheld for place, count in counts.items() if count < COUNT_MIN)
    possible = list(tables_like(counts, withheld))
    for place, count in counts.items():
        if place in withheld:
            values = [table[place] for table in possible]
            width = min(COUNT_MIN, max(values) - count) + min(COUNT_MIN, count - min(values))
            assert range_of(place, counts, withheld) == min(COUNT_MIN, width)
            if count < COUNT_MIN and len(withheld) < len(counts):
                assert max(values) - min(values) >= COUNT_MIN


def tables_like(counts: Mapping[Place, int], withheld: frozenset[Place]) -> Iterator[dict[Place, int]]:
    """Every table of counts with the same sums whose cells differ in the withheld ones alone; zeros are published."""
    open_by_column = {column: [place for place in sorted(withheld) if place[1] == column] for column in "xyz"}
    choices = []
    for places in open_by_column.values():
        left = sum(counts[place] for place in places)
        if len(places) == 2:
            choices.append([dict(zip(places, (first, left - first), strict=True)) for first in range(left + 1)])
        else:
            choices.append([{place: counts[place] for place in places}])
    wanted = {row: sum(counts[place] for place in withheld if place[0] == row) for row in "ab"}
    for chosen in product(*choices):
        table = {place: count for part in chosen for place, count in part.items()}
        if all(sum(count for place, count in table.items() if place[0] == row) == wanted[row] for row in "ab"):
            yield {**counts, **table}
