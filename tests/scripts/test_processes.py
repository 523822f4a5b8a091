"""A part that dies is started again, later each time; the others go on; one that cannot start ends the group."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import scripts.processes as processes
from scripts.processes import ProcessDied, ProcessGroup


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(processes, "READY_EVERY_S", 0.02)


def _module(folder: Path, name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / f"{name}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return name


def _after(seconds: float) -> Callable[[], bool]:
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline


def test_a_part_that_is_killed_is_started_again_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    source = f"import os, pathlib, sys, time\np = pathlib.Path({str(tmp_path)!r}) / sys.argv[1]\n"
    source += "p.open('a').write(f'{os.getpid()}\\n')\ntime.sleep(60)\n"
    module = _module(tmp_path, "sleeper", source, monkeypatch)
    said: list[str] = []
    killed: list[int] = []

    def pids(name: str) -> list[int]:
        file = tmp_path / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def kill_first_and_wait_for_second() -> bool:
        lives = pids("a")
        if lives and not killed and pids("b"):
            killed.append(lives[0])
            os.kill(lives[0], signal.SIGSEGV)
        return len(lives) >= 2 or expired()

    expired = _after(20)
    with ProcessGroup(tmp_path / "logs") as group:
        group.start("a", module, "a")
        group.start("b", module, "b")
        group.run_until(kill_first_and_wait_for_second, said.append)
        assert len(pids("a")) == 2
        assert len(pids("b")) == 1
        os.kill(pids("b")[0], 0)  # it goes on
    assert any("a ended with code" in line for line in said)
    assert "a was started again" in said
    assert (tmp_path / "logs" / "a.log").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700


def test_a_part_that_never_answers_ends_the_group_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    module = _module(tmp_path, "refuser", "import sys; print('no key file'); sys.exit(2)", monkeypatch)
    said: list[str] = []
    with ProcessGroup(tmp_path / "logs") as group:
        group.start("refuser", module)
        with pytest.raises(ProcessDied, match="no key file"):
            group.run_until(_after(30), said.append)
    assert len([line for line in said if "is started again in" in line]) == processes.STARTS_MAX - 1


def test_pauses_grow_and_begin_anew_after_a_steady_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = ProcessGroup(tmp_path / "logs")
    group.start("part", "this_module_is_nowhere")
    part = group._parts[0]
    part.process.wait()
    said: list[str] = []
    monkeypatch.setattr(processes, "_launch", lambda command, log: part.process)
    pauses = []
    now = 1_000.0
    for _ in range(8):
        part.is_ready = True
        part.started_at = now
        group._look_after(part, now, said.append)
        assert part.start_at is not None
        pauses.append(part.start_at - now)
        now = part.start_at
        group._look_after(part, now, said.append)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    part.is_ready, part.started_at = True, now - processes.STEADY_S - 1
    group._look_after(part, now, said.append)
    assert part.start_at == now + 1
    assert sys.executable in part.command
