"""Long tests are left out, are run by `--long`, and it is told when each last passed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.house.test_house import REPOSITORY
from tests.long_runs import LONG_RUNS, LongRuns

FILE = """
import pytest

@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.long)])
def test_of_two_forms(kills):
    pass

def test_of_one():
    pass
"""


def listed(folder: Path, *words: str) -> list[str]:
    """What a run of the file would run: it collects with the conftest of all tests, and runs nothing."""
    (folder / "test_forms.py").write_text(FILE)
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "--collect-only", "-q", "-n", "0"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), str(folder), *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return [line.partition("::")[2] for line in done.stdout.splitlines() if "test_forms.py::" in line]


def test_of_a_test_with_a_long_and_a_short_form_only_one_is_run(tmp_path: Path) -> None:
    assert listed(tmp_path) == ["test_of_two_forms[4]", "test_of_one"]
    assert listed(tmp_path, "--long") == ["test_of_two_forms[100]"]


def test_a_run_is_kept_by_name_with_its_day_and_commit(tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    LongRuns.read(file).passed("b", 61.4).passed("a", 120.0).passed("b", 70.0).write(file)
    first, second = LongRuns.read(file).lines()
    assert first.endswith(" 120 s  a")
    assert second.endswith("  70 s  b")


def test_what_is_said_to_have_passed_is_still_there() -> None:
    for name in LongRuns.read(LONG_RUNS).runs:
        assert (REPOSITORY / name.partition("::")[0]).exists(), name
