"""One machine's process group: parts that start together, are waited for, watched, and stopped together.

Every process writes to its own log file. Where one dies, the group says which, with its last lines, and ends the
others; a second start in the same folder begins where each part's own store left off.
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

from chain.errors import TongguanError

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.05
LOG_LINES_SHOWN = 12
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
    process: subprocess.Popen[bytes]
    log: Path


class ProcessGroup:
    """Parts of the system on this machine, each a process of its own."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._parts: list[_Part] = []
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Starts `python -m module arguments`, its output appended to the log `name`.log."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                # A group of its own: an interrupt at the terminal reaches only us, and we stop the parts in order.
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        self._parts.append(_Part(name, process, log))

    def wait_ready(self, name: str, ready: Callable[[], bool], timeout_s: float = READY_TIMEOUT_S) -> None:
        """Returns once `ready` says so; raises ProcessDied or NotReady."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise NotReady(f"{name} did not answer within {timeout_s:.0f} s; its log: {self._logs / name}.log")
            time.sleep(POLL_S)

    def check(self) -> None:
        """Raises ProcessDied where a part has ended."""
        for part in self._parts:
            if (code := part.process.poll()) is not None:
                raise ProcessDied(part.name, code, part.log)

    def run_until(self, stopped: Callable[[], bool]) -> None:
        """Watches the parts until `stopped` says so; raises ProcessDied where one ends before."""
        while not stopped():
            self.check()
            time.sleep(0.2)

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
