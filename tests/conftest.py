"""What every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.long_runs import LONG_RUNS, LongRuns

ID_CHARS_MAX = 40

if "CI" not in os.environ:
    # A deadline measures the machine's load, not the code; where CI is set, Hypothesis has a profile without one.
    settings.register_profile("without-deadline", deadline=None)
    settings.load_profile("without-deadline")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Long texts (signed or salted ones differ in every process) are named by their place, so that workers agree."""
    return argname if isinstance(val, str | bytes) and len(val) > ID_CHARS_MAX else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long` runs what takes minutes, and nothing else; without it that is left out."""
    parser.addoption("--long", action="store_true", help="run the tests marked long, print when each last passed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the long tests, or with `--long` all others."""
    wanted = bool(config.getoption("--long"))
    left_out = [item for item in items if (item.get_closest_marker("long") is not None) != wanted]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Notes when a long test passed."""
    report = yield
    if report.when == "call" and report.passed and item.get_closest_marker("long") is not None:
        LongRuns.read(LONG_RUNS).passed(item.nodeid, report.duration).write(LONG_RUNS)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With `--long`: when each long test last passed, on which commit, how long it took."""
    if config.getoption("--long"):
        terminalreporter.section("long tests: last passed")
        for line in LongRuns.read(LONG_RUNS).lines():
            terminalreporter.write_line(line)
