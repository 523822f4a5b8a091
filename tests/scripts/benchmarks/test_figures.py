"""What is measured is kept, compared and shown as it was; nothing here asserts a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.benchmarks.growth import fit
from scripts.benchmarks.harness import MODULES, Context, Figure, Results, at_least, at_most, load, number

SIZES = (10, 100, 1_000, 10_000)
MACHINE = {
    "cores": 2,
    "processor": "a processor",
    "memory_gib": 16.0,
    "system": "Linux x86_64",
    "python": "3.11.7",
    "versions": {"cryptography": "50"},
    "commit": "abcdef0",
    "quick": True,
}


def results(*figures: Figure, name: str = "limits") -> Results:
    return Results(dict(MACHINE), {name: list(figures)})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("flat", (5.0, 5.1, 4.9, 5.05)),
        ("logarithmic", (4.0, 7.0, 10.0, 13.0)),
        ("linear", (11.0, 101.0, 1_001.0, 10_001.0)),
    ],
)
def test_a_series_is_named_by_the_model_that_made_it(name: str, values: Sequence[float]) -> None:
    assert fit(SIZES, values).name == name


@given(st.floats(0.1, 1e4), st.floats(0.1, 1e3))
def test_a_line_is_foretold_beyond_its_sizes(constant: float, slope: float) -> None:
    growth = fit(SIZES, [constant + slope * size for size in SIZES])
    if growth.name == "linear":
        assert growth.at(100_000) == pytest.approx(constant + slope * 100_000, rel=1e-6)


def test_two_sizes_name_no_growth() -> None:
    with pytest.raises(ValueError, match="three sizes"):
        fit((1, 2), (1.0, 2.0))


def test_results_come_back_from_their_file_as_they_went() -> None:
    said = results(
        Figure("a", "/s", (1.0, 2.0, 3.0), at_least(1), against="b", share_limit=at_most(0.5)),
        Figure("b", "ms", (4.0,), size=10, series="s"),
    )
    assert Results.from_json(said.to_json()) == said


def test_a_file_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="not a results file"):
        Results.from_json(json.dumps({"format": "other/1", "machine": {}, "benchmarks": {}}))


def test_a_share_is_of_the_peers_median_wherever_the_peer_stands() -> None:
    said = results(Figure("a", "/s", (1.0, 2.0, 9.0), against="b"))
    said.figures["records"] = [Figure("b", "/s", (8.0,))]
    assert said.share(said.figures["limits"][0]) == 0.25


def test_a_share_of_what_was_not_measured_is_none() -> None:
    said = results(Figure("a", "/s", (1.0,), against="b"))
    assert said.share(said.figures["limits"][0]) is None


@pytest.mark.parametrize(("value", "held"), [(9.9, False), (10, True), (10.1, True)])
def test_at_least_holds_from_its_value_on(value: float, held: bool) -> None:
    assert at_least(10).holds(value) is held


@pytest.mark.parametrize(("value", "held"), [(9.9, True), (10, True), (10.1, False)])
def test_at_most_holds_up_to_its_value(value: float, held: bool) -> None:
    assert at_most(10).holds(value) is held


def test_numbers_are_written_for_people() -> None:
    assert [number(one) for one in (0, 0.01234, 12.345, 1_234_567)] == ["0", "0.0123", "12.3", "1,234,567"]


@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_says_what_it_measures_and_what_it_leaves_out(name: str) -> None:
    benchmark = load(name)
    assert benchmark.name == name
    assert len(benchmark.what) > 10
    assert len(benchmark.leaves_out) > 10


@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_has_a_limit_unless_it_measures_the_machine(name: str) -> None:
    import inspect

    source = inspect.getsource(inspect.getmodule(load(name).run))  # type: ignore[arg-type]
    assert ("limit=" in source or "at_most(" in source) or name == "limits"


def test_growing_sizes_ascend() -> None:
    from scripts.benchmarks import index_map, proofs, views

    listed = (index_map.SIZES_QUICK, index_map.SIZES, proofs.BATCH_SIZES, proofs.CONSIGNMENT_SIZES, views.SIZES)
    for sizes in listed:
        assert len(sizes) >= 3
        assert all(low < high for low, high in pairwise(sizes))


def test_a_quick_run_repeats_three_times(tmp_path: object) -> None:
    from pathlib import Path

    context = Context(quick=True, say=lambda text: None, scratch=Path(str(tmp_path)))
    assert len(context.per_second("a", lambda: 1).values) == 3
    assert len(context.milliseconds("a", lambda: None, times=1).values) == 3
