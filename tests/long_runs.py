"""When each long test last passed: `tests/long-runs.json`, committed by whoever ran them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

LONG_RUNS: Final = Path(__file__).with_name("long-runs.json")
COMMIT_CHARS: Final = 12


@dataclass(frozen=True)
class LongRun:
    """The last time that one test passed."""

    day: str
    """UTC, YYYY-MM-DD."""
    commit: str
    """What was checked out; empty where that is not known."""
    seconds: int


@dataclass(frozen=True)
class LongRuns:
    """Node id of each long test that ever passed, and when."""

    runs: Mapping[str, LongRun]

    @classmethod
    def read(cls, path: Path) -> LongRuns:
        """Those of a file; none where it is not there."""
        if not path.exists():
            return cls({})
        return cls({name: LongRun(**run) for name, run in json.loads(path.read_text(encoding="utf-8")).items()})

    def passed(self, name: str, seconds: float) -> LongRuns:
        """With a test that passed now."""
        run = LongRun(datetime.now(UTC).date().isoformat(), _commit(), round(seconds))
        return LongRuns({**self.runs, name: run})

    def write(self, path: Path) -> None:
        """Writes the file, by name."""
        runs = {name: vars(run) for name, run in sorted(self.runs.items())}
        path.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")

    def lines(self) -> list[str]:
        """One line a test, for a terminal."""
        return [f"{run.day}  {run.commit}  {run.seconds:>5} s  {name}" for name, run in sorted(self.runs.items())]


def _commit() -> str:
    command = ["git", "rev-parse", f"--short={COMMIT_CHARS}", "HEAD"]
    done = subprocess.run(command, cwd=LONG_RUNS.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip()
