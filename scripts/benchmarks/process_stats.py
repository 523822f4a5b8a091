"""What the system says of processes that are measured: their memory and processor time (Linux's `/proc`)."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PROC = Path("/proc")


def can_watch() -> bool:
    """Whether this system tells; elsewhere those figures are left out."""
    return (_PROC / "self" / "status").exists()


def descendants(module: str, of: int | None = None) -> list[int]:
    """Ids of the processes below this one (or `of`) that run `python -m module`, and of all that these started."""
    top = os.getpid() if of is None else of
    parents = _parents()
    below = {child for child in parents if top in _line(child, parents)}
    started = {child for child in below if f"-m {module} " in _command(child)}
    return sorted(child for child in below if child in started or started & set(_line(child, parents)))


def private_mb(processes: list[int]) -> float:
    """Memory that is these processes' own, MB; mapped files (a database's pages) are left out: the system's cache."""
    return sum(_kilobytes(process, "RssAnon") for process in processes) / 1000


def cpu_s(processes: list[int]) -> float:
    """Processor time that these processes have used so far, seconds."""
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(sum(map(int, _stat(process)[11:13])) for process in processes) / ticks


def _parents() -> dict[int, int]:
    found = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (stat := _stat(int(folder.name))):
            found[int(folder.name)] = int(stat[1])
    return found


def _line(process: int, parents: dict[int, int]) -> list[int]:
    line = []
    while (process := parents.get(process, 0)) > 1:
        line.append(process)
    return line


def _stat(process: int) -> list[str]:
    """Fields of `/proc/N/stat` from the state on; empty where the process has ended."""
    try:
        return (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _command(process: int) -> str:
    try:
        return (_PROC / str(process) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _kilobytes(process: int, name: str) -> float:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", (_PROC / str(process) / "status").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found[1]) * 1.024 if found else 0.0
