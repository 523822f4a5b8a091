"""Pages are made from figures alone, and say what is missing instead of leaving it out."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from rich.console import Console

from scripts.benchmarks.__main__ import show
from scripts.benchmarks.harness import Figure, at_least, at_most
from scripts.benchmarks.pages import write_pages
from scripts.benchmarks.readme import BEGIN, END, table, write_readme
from scripts.benchmarks.scale import first_to_break, needs, write_scale
from tests.scripts.benchmarks.test_figures import results

GROWING = [Figure(f"p {size}", "ms", (float(size), size * 1.1), size=size, series="time") for size in (10, 100, 1_000)]


def test_a_series_becomes_a_plot_that_names_its_growth_in_both_languages(tmp_path: Path) -> None:
    write_pages(results(*GROWING), tmp_path)
    said = (tmp_path / "growth-time.svg").read_text()
    etree.fromstring(said.encode())
    assert "linear · 线性" in said
    assert "prefers-color-scheme:dark" in said
    assert "growth-time.svg" in (tmp_path / "performance.md").read_text()


def test_a_page_says_which_promise_was_missed(tmp_path: Path) -> None:
    write_pages(
        results(Figure("slow", "ms", (12.0,), at_most(10)), Figure("fast", "/s", (12.0,), at_least(10))), tmp_path
    )
    lines = (tmp_path / "performance.md").read_text().splitlines()
    assert any("slow" in line and "**missed**" in line for line in lines)
    assert any("fast" in line and "held" in line and "missed" not in line for line in lines)


def test_a_missed_promise_fails_the_run() -> None:
    console = Console(quiet=True)
    assert show(console, results(Figure("a", "ms", (9.0,), at_most(10))), "limits", None)
    assert not show(console, results(Figure("a", "ms", (11.0,), at_most(10))), "limits", None)


def test_a_comparison_shows_what_changed() -> None:
    console = Console(record=True, width=200, quiet=True)
    with console.capture() as shown:
        console.quiet = False
        show(console, results(Figure("a", "ms", (12.0,))), "limits", results(Figure("a", "ms", (10.0,))))
    assert "+20%" in shown.get()


def test_a_comparison_of_shares_is_of_shares() -> None:
    def run(rate: float, machine: float) -> object:
        return results(Figure("a", "/s", (rate,), against="b"), Figure("b", "/s", (machine,)))

    console = Console(width=200)
    with console.capture() as shown:
        show(console, run(50, 100), "limits", run(100, 200))  # type: ignore[arg-type]
    assert "share 50% → 50%" in shown.get()


def test_the_readme_keeps_everything_outside_the_markers(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_readme(results(Figure("simple contract calls", "/s", (300.0,), at_least(250))), readme)
    said = readme.read_text()
    assert said.startswith(f"before\n{BEGIN}\n") and said.endswith(f"{END}\nafter\n")
    assert "old" not in said and "300 /s" in said and "≥ 250 held" in said


@pytest.mark.parametrize("text", ["no markers", f"{END} {BEGIN}", f"{BEGIN} {BEGIN} {END}"])
def test_a_readme_without_its_markers_is_not_written(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(ValueError, match="once each"):
        write_readme(results(), readme)
    assert readme.read_text() == text


def test_the_readme_shows_the_largest_size_and_no_percentile_it_does_not_name() -> None:
    figures = [
        Figure(f"view at {size} records: {p}", "ms", (float(at),))
        for size, p, at in [(10, "p50", 1), (10, "p99", 2), (20, "p50", 3), (20, "p99", 4)]
    ]
    assert "| 3 ms |" in table(results(*figures))


def test_the_scale_page_names_the_weakest_stage(tmp_path: Path) -> None:
    said = results(
        Figure("signed beforehand to anchored", "records/s", (4_000.0,)),
        Figure("entries/s anchored in full batches", "entries/s", (60_000.0,)),
    )
    write_scale(said, tmp_path)
    page = (tmp_path / "scale.md").read_text()
    assert first_to_break(said) == ("accepted and anchored, all parts on one machine", 4_000.0)
    assert "accepted and anchored" in page.partition("## Where it breaks first")[2]
    assert "3.2 times too much" in page


def test_the_scale_page_says_what_was_not_measured(tmp_path: Path) -> None:
    write_scale(results(), tmp_path)
    assert "not measured" in (tmp_path / "scale.md").read_text()


def test_a_peak_is_counted_in_seconds() -> None:
    assert needs()["peak, one record a declaration"] == pytest.approx(1416.67, abs=0.01)
    assert needs()["day, one record a declaration"] == pytest.approx(231.5, abs=0.1)
