"""A wall clock that is compared with the monotonic one, so that a jump is noticed before anything is dated by it.

A block's time and a receipt's promise cannot be taken back. So after a jump nothing is dated: until the clock is back
where it was, at once, or until it has stood for `settle_s` where it jumped to, when the new time is believed (a machine
whose clock was wrong was set right). A clock that is only slewed, as time servers do it, never jumps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

JUMP_S = 2.0
"""A change against the monotonic clock, between two looks, that is no slewing."""
SETTLE_S = 300.0


def uptime_s() -> float:
    """Seconds since the machine started, its sleep included where the system counts it: sleep is no jump."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class WatchedClock:
    """A wall clock in unix seconds. Any thread may ask it; look at it more often than once a minute."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = uptime_s,
        *,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._settle_s = settle_s
        self._lock = threading.Lock()
        self._offset_s = wall() - steady()
        self._jump: tuple[float, float] | None = None
        """Offset to which it jumped, and when on the steady clock."""

    def __call__(self) -> float:
        """The wall clock's time, right or wrong."""
        return self._wall()

    @property
    def jump_s(self) -> float:
        """By how much the clock jumped and is not believed yet; 0 while it is right."""
        with self._lock:
            now_s = self._steady()
            offset_s = self._wall() - now_s
            change_s = offset_s - self._offset_s
            if abs(change_s) <= JUMP_S:
                self._offset_s, self._jump = offset_s, None
                return 0.0
            if self._jump is None or abs(offset_s - self._jump[0]) > JUMP_S:
                self._jump = offset_s, now_s
            elif now_s - self._jump[1] >= self._settle_s:
                self._offset_s, self._jump = offset_s, None
                return 0.0
            return change_s

    @property
    def fault(self) -> str:
        """Why nothing is dated now, as a sentence; empty while the clock is right."""
        jump_s = self.jump_s
        if not jump_s:
            return ""
        return (
            f"the clock jumped by {jump_s:+.0f} s; nothing is dated by it until it is back, "
            f"or has stood there for {self._settle_s:.0f} s"
        )
