"""The demonstration as a newcomer types it: its printed commands work as printed, and an interrupt ends it at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.samples import REPOSITORY

START_TIMEOUT_S = 200.0
INTERRUPT_TIMEOUT_S = 60.0
LIES = ("changed-weight", "swapped-record", "record-left-out", "forged-seal")
RUNNING_ON = "Everything keeps running"


class Demo:
    """A demonstration in a process of its own, in a folder whose name needs quoting, with its output in a file."""

    def __init__(self, folder: Path, output: Path) -> None:
        self.folder = folder
        self._output = output
        self._file: IO[bytes] = output.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "scripts.demonstration", "--any-ports", "--dir", str(folder)],
            cwd=REPOSITORY,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "400"},
        )

    def wait_for(self, text: str) -> str:
        """All output so far, once it holds the text."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            output = self._output.read_text(encoding="utf-8")
            if text in output:
                return output
            assert self.process.poll() is None, output
            time.sleep(0.1)
        raise AssertionError(f"no {text!r} within {START_TIMEOUT_S} s:\n{self._output.read_text()}")

    def interrupt(self) -> int:
        """The exit code after an interrupt."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(INTERRUPT_TIMEOUT_S)

    def close(self) -> None:
        """Ends the process, whatever state it is in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(INTERRUPT_TIMEOUT_S)
        self._file.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path / "a folder", tmp_path / "output.txt")
    yield running
    running.close()


def printed_commands(output: str) -> list[str]:
    """The lines under "What to do next" that are commands of the shell."""
    advice = output.split("What to do next:")[1].splitlines()
    commands = [line.split(":", 1)[1].strip() for line in advice if ":" in line]
    return [command for command in commands if command.startswith(("/", "'"))]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_command_that_the_demonstration_prints_works_as_printed(demo: Demo) -> None:
    commands = printed_commands(demo.wait_for(RUNNING_ON))
    for lie in LIES:
        assert (demo.folder / "bundles" / "tampered" / f"{lie}.json").exists()
    verbs = {verb for verb in ("verify", "view", "token", "adapter") for command in commands if f" {verb} " in command}
    assert verbs == {"verify", "view", "token", "adapter"}
    for command in commands:
        typed = subprocess.run(["bash", "-c", command], cwd="/", capture_output=True, text=True, check=False)
        assert typed.returncode == 0, command + typed.stdout + typed.stderr
    assert demo.interrupt() == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_interrupt_during_a_story_ends_the_demonstration_at_once_and_is_no_success(demo: Demo) -> None:
    demo.wait_for("told a story")
    assert demo.interrupt() == 130
