"""Others' notes and witnesses in Go, built once into the git-ignored `.go`; tests skip, with the reason, without.

`tests/engines/go/main.go` is ours and calls theirs; `go.mod` and `go.sum` beside it pin them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.samples import REPOSITORY

SOURCE = Path(__file__).parent / "go"
FOLDER = REPOSITORY / ".go"
BUILD_S_MAX = 300
RUN_S_MAX = 60


def built() -> Path:
    """The program; skips the test where Go or a module cannot be had."""
    if shutil.which("go") is None:
        pytest.skip("Go is not on this machine")
    digest = hashlib.sha256()
    for file in sorted(SOURCE.iterdir()):
        digest.update(file.read_bytes())
    program = FOLDER / f"notes-{digest.hexdigest()[:16]}"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            # Read-only modules: what go.sum does not pin is refused, not fetched.
            command = ["go", "build", "-mod=readonly", "-o", str(program), "."]
            environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
            try:
                done = subprocess.run(
                    command,
                    cwd=SOURCE,
                    capture_output=True,
                    text=True,
                    timeout=BUILD_S_MAX,
                    env=environment,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                pytest.skip(f"Go did not build the program within {BUILD_S_MAX} s")
            if done.returncode != 0:
                pytest.skip(f"Go cannot build the program: {done.stderr.strip().splitlines()[-1]}")
    return program


def run_go(*arguments: str, given: str = "") -> tuple[int, str, str]:
    """Runs a command of the program; its exit code and what it printed to output and error."""
    done = subprocess.run(
        [built(), *arguments], input=given, capture_output=True, text=True, timeout=RUN_S_MAX, check=False
    )
    return done.returncode, done.stdout, done.stderr
