"""Where threads run: the one that listens and those that serve views keep to one processor, where there are several.

A view is handed from the thread that listens to one that reads and back, and both need the interpreter, which one
thread has at a time. Spread over processors, each hand-over wakes a sleeping one: a fifth of what a view costs. What
works without the interpreter (the store's commits, uploads, sealer, follower) gains by running beside them,
anywhere. Other answers are made where their thread was last.

Each gateway of a machine claims a processor of its own; with none left, with a single one, and on systems that cannot
do it, threads run where the system puts them.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

P = ParamSpec("P")
R = TypeVar("R")

_CLAIM = "\0tongguan-gateway-processor-{}"
"""An abstract Unix socket's name (unix(7)): gone with the process that holds it, however that ends."""


class Placement:
    """The placement of one process's threads; nothing is placed before `claim`."""

    def __init__(self) -> None:
        self._everywhere: frozenset[int] = frozenset()
        self._one: frozenset[int] = frozenset()
        self._claim: socket.socket | None = None
        self._here = threading.local()

    def claim(self) -> int | None:
        """Claims a processor, to which this thread and those that it starts keep; its number, or None."""
        if not hasattr(os, "sched_setaffinity"):
            return None
        self._everywhere = frozenset(os.sched_getaffinity(0))
        if len(self._everywhere) < 2:
            return None
        # Interrupts mostly go to the first.
        for processor in sorted(self._everywhere, reverse=True):
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                claim.bind(_CLAIM.format(processor))
            except OSError:
                claim.close()
                continue
            self._claim, self._one = claim, frozenset({processor})
            self.together()
            return processor
        return None

    def give_back(self) -> None:
        """Gives the claimed processor back; this thread, and each that is told to run anywhere, does so again."""
        self.anywhere()
        self._one = frozenset()
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def together(self) -> None:
        """This thread keeps to the claimed processor from now on."""
        self._move(self._one)

    def anywhere(self) -> None:
        """This thread, and the processes that it starts, run on any processor from now on."""
        self._move(self._everywhere)

    def _move(self, processors: frozenset[int]) -> None:
        if self._one and getattr(self._here, "processors", None) != processors:
            os.sched_setaffinity(0, processors)
            self._here.processors = processors


PLACEMENT = Placement()
"""Of this process."""


async def run_together(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs work that needs the interpreter most of the time in a thread beside the one that listens."""

    def placed() -> R:
        PLACEMENT.together()
        return work(*args, **kwargs)

    return await run_in_threadpool(placed)


async def run_anywhere(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs work that writes, waits or examines in a thread on any processor."""

    def placed() -> R:
        PLACEMENT.anywhere()
        return work(*args, **kwargs)

    return await run_in_threadpool(placed)
