"""The demonstration as a newcomer types it: its printed commands work as printed, and an interrupt ends it at once."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.samples import REPOSITORY
from tests.scripts.test_readme import COMMANDS

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
def test_every_command_that_the_demonstration_or_the_readme_prints_works_as_printed(demo: Demo) -> None:
    commands = printed_commands(demo.wait_for(RUNNING_ON))
    for lie in LIES:
        assert (demo.folder / "bundles" / "tampered" / f"{lie}.json").exists()
    verbs = {verb for verb in ("verify", "view", "token", "adapter") for command in commands if f" {verb} " in command}
    assert verbs == {"verify", "view", "token", "adapter"}
    for command in commands:
        typed = subprocess.run(["bash", "-c", command], cwd="/", capture_output=True, text=True, check=False)
        assert typed.returncode == 0, command + typed.stdout + typed.stderr
    type_readme(demo, " ".join(commands))
    assert demo.interrupt() == 0


ADDRESSES = {
    "gateway": ("view", "bundle", "adapter", "doctor"),
    "rpc": ("member", "replay", "doctor"),
    "single-window": ("adapter",),
}
"""Which commands take which address, where the demonstration could not have the usual ports."""
COVERED_WITHIN_S = 30.0


def type_readme(demo: Demo, printed: str) -> None:
    """Types each command of the README in its order, at the addresses that this demonstration has."""
    addresses = {name: re.findall(rf"--{name} (\S+)", printed)[0] for name in ("gateway", "single-window")}
    addresses["rpc"] = re.findall(r"any Ethereum client at (\S+)", demo.wait_for(RUNNING_ON))[0]
    places = {".demo": str(demo.folder), "adapters": f"{REPOSITORY}/adapters", "/tmp": str(demo.folder)}
    begins = re.compile(rf"^({'|'.join(map(re.escape, places))})(?=/|$)")
    names = {"STORY": re.findall(r"(6CN\S+) --member", printed)[0]}
    for line in COMMANDS:
        words = [names.get(word, word) for word in shlex.split(line, comments=True)[1:]]
        words = [begins.sub(lambda place: places[place[1]], word) for word in words]
        for name, commands in ADDRESSES.items():
            words += [f"--{name}", addresses[name]] if words[0] in commands else []
        output = type_command(words, demo.folder)
        if words[0] == "adapter":
            names |= {name.upper(): value for name, value in re.findall(r"(UCR|record) (\S+)", output)}


def type_command(words: list[str], folder: Path) -> str:
    """What the command prints; a view is looked at until the record that was just sent is under a checkpoint."""
    command = [sys.executable, "-m", "scripts.cli", *words]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    deadline = time.monotonic() + COVERED_WITHIN_S
    while True:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        if words[0] != "view" or "covered" in done.stdout:
            return done.stdout
        assert time.monotonic() < deadline, done.stdout
        time.sleep(1.0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_interrupt_during_a_story_ends_the_demonstration_at_once_and_is_no_success(demo: Demo) -> None:
    demo.wait_for("told a story")
    assert demo.interrupt() == 130
