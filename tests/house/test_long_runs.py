"""Long tests are left out, are run by `--long`, and it is told when each last passed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.house.test_house import REPOSITORY
from tests.long_runs import LONG_RUNS, LongRuns

PLAIN = "tests/faults/test_sigkill.py"


def listed(*words: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-n", "0", PLAIN, *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_a_long_test_has_a_short_form_and_only_one_of_them_is_run() -> None:
    short, long = listed(), listed("--long")
    assert short
    assert long
    assert not set(short) & set(long)
    assert {line.partition("[")[0] for line in short} == {line.partition("[")[0] for line in long}


def test_a_run_is_kept_by_name_with_its_day_and_commit(tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    LongRuns.read(file).passed("b", 61.4).passed("a", 120.0).passed("b", 70.0).write(file)
    first, second = LongRuns.read(file).lines()
    assert first.endswith(" 120 s  a")
    assert second.endswith("  70 s  b")


def test_what_is_said_to_have_passed_is_still_there() -> None:
    for name in LongRuns.read(LONG_RUNS).runs:
        assert (REPOSITORY / name.partition("::")[0]).exists(), name
