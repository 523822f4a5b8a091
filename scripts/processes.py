"""One machine's process group: parts that start together, are waited for, watched, and stopped together.

Every process writes to its own log file. While a group is being started, one that dies ends it: the group says which,
with its last lines. Once it runs, a part that dies is started again after a pause that grows, and begins where its own
store left off; the others go on. Only a part that dies again and again before it answers ends the group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.back_off import BackOff
from chain.errors import TongguanError

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.05
LOG_LINES_SHOWN = 12
FIRST_PAUSE_S = 1.0
PAUSE_S_MAX = 60.0
"""Between a part's end and its next start: twice as long each time."""
STEADY_S = 60.0
"""A part that ran for so long begins with the first pause again."""
STARTS_MAX = 5
"""So many starts in a row that never led to an answer, and the part cannot start."""
READY_EVERY_S = 1.0
ALIVE_S = 5.0
"""A part that answers nobody counts as started after so long."""
_PR_SET_PDEATHSIG = 1


class ProcessDied(TongguanError):
    """A part ended that should have gone on; the message holds the last lines of its log."""

    def __init__(self, name: str, code: int | None, log: Path) -> None:
        self.name = name
        self.code = code
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]) if log.exists() else ""
        super().__init__(f"{name} ended with code {code}; the end of {log}:\n{tail}")


class NotReady(TongguanError):
    """A part started but did not answer in time."""


@dataclass
class _Part:
    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes]
    started_at: float
    """On the monotonic clock, like all times here."""
    ready: Callable[[], bool] | None = None
    is_ready: bool = False
    """Whether this life of it has answered."""
    asked_at: float = 0.0
    restarts: int = 0
    """In a row, without a steady time between."""
    failed_starts: int = 0
    """In a row."""
    start_at: float | None = None
    """When it is started again; None while it runs."""


class ProcessGroup:
    """Parts of the system on this machine, each a process of its own."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._parts: list[_Part] = []
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Starts `python -m module arguments`, its output appended to the log `name`.log."""
        log = self._logs / f"{name}.log"
        command = (sys.executable, "-m", module, *arguments)
        self._parts.append(_Part(name, command, log, _launch(command, log), time.monotonic()))

    def wait_ready(self, name: str, ready: Callable[[], bool], timeout_s: float = READY_TIMEOUT_S) -> None:
        """Returns once `ready` says so; raises ProcessDied or NotReady."""
        deadline = time.monotonic() + timeout_s
        for part in self._parts:
            if part.name == name:
                part.ready = ready
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise NotReady(f"{name} did not answer within {timeout_s:.0f} s; its log: {self._logs / name}.log")
            time.sleep(POLL_S)

    def kill(self, name: str) -> None:
        """Kills a part outright, as a power cut does; it is not started again. Raises KeyError."""
        part = {part.name: part for part in self._parts}[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(part.process.pid, signal.SIGKILL)
        part.process.wait()
        self._parts.remove(part)

    def check(self) -> None:
        """Raises ProcessDied where a part has ended."""
        for part in self._parts:
            if (code := part.process.poll()) is not None:
                raise ProcessDied(part.name, code, part.log)

    def run_until(self, stopped: Callable[[], bool], say: Callable[[str], None] | None = None) -> None:
        """Watches the parts until `stopped` says so, and starts again what ends; `say` (else `tell_line`) hears of it.

        Raises ProcessDied where a part cannot start.
        """
        while not stopped():
            for part in self._parts:
                self._look_after(part, time.monotonic(), say or tell_line)
            time.sleep(0.2)

    def _look_after(self, part: _Part, now: float, say: Callable[[str], None]) -> None:
        if part.start_at is not None:
            if now >= part.start_at:
                self._start_again(part, now, say)
            return
        if (code := part.process.poll()) is None:
            self._note_answer(part, now)
            return
        part.failed_starts = 0 if part.is_ready else part.failed_starts + 1
        if part.failed_starts >= STARTS_MAX:
            raise ProcessDied(part.name, code, part.log)
        part.restarts = 0 if now - part.started_at > STEADY_S else part.restarts
        part.restarts += 1
        pause_s = BackOff(FIRST_PAUSE_S, PAUSE_S_MAX).pause_s(part.restarts)
        part.start_at = now + pause_s
        say(f"{part.name} ended with code {code} and is started again in {pause_s:.0f} s; its log: {part.log}")

    def _start_again(self, part: _Part, now: float, say: Callable[[str], None]) -> None:
        try:
            part.process = _launch(part.command, part.log)
        except OSError as error:
            # No room for its log, or no process left: that passes, and the other parts run on.
            part.start_at = now + PAUSE_S_MAX
            say(f"{part.name} cannot be started now and is tried again in {PAUSE_S_MAX:.0f} s: {error}")
            return
        part.started_at, part.is_ready, part.start_at = now, False, None
        say(f"{part.name} was started again")

    def _note_answer(self, part: _Part, now: float) -> None:
        if part.is_ready or now - part.asked_at < READY_EVERY_S:
            return
        part.asked_at = now
        part.is_ready = part.ready() if part.ready is not None else now - part.started_at > ALIVE_S

    def stop(self) -> None:
        """Asks every part to end, last started first; kills what does not within `STOP_TIMEOUT_S`."""
        for part in reversed(self._parts):
            if part.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(part.process.pid, signal.SIGTERM)
                try:
                    part.process.wait(STOP_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(part.process.pid, signal.SIGKILL)
                    part.process.wait()
        self._parts.clear()


def tell_line(text: str, *, error: bool = False) -> None:
    """Prints a line of a process that runs on; where its log finds no room on the disk, the line alone is lost."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr if error else sys.stdout, flush=True)


def _launch(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """A process of its own group, its output appended to the log, which is its owner's alone."""
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab") as out:
        return subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            # A group of its own: an interrupt at the terminal reaches only us, and we stop the parts in order.
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )


def answers(url: str) -> Callable[[], bool]:
    """Whether an HTTP GET of `url` on this machine is answered with a status below 400."""

    def ask() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
                return bool(answer.status < 400)
        except (urllib.error.URLError, OSError):
            return False

    return ask


def free_ports(wanted: Sequence[int]) -> list[int]:
    """For each wanted loopback port: itself where it is free, else (and for 0) one that the system picks."""
    return [port if port and _is_free(port) else _picked() for port in wanted]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _picked() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_with_parent() -> None:
    """In the child, before it runs: where the parent is killed outright, the kernel asks the child to end too."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class StopSignal:
    """Turns SIGINT and SIGTERM into a flag, so that a loop can end in order."""

    def __init__(self) -> None:
        self.stopped = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def __call__(self) -> bool:
        """Whether a signal came."""
        return self.stopped

    def _on_signal(self, number: int, frame: object) -> None:
        self.stopped = True
