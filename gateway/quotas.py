"""How fast each member may submit: a bucket a member, refilled steadily, that holds a minute's worth."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gateway.problems import GatewayRefusal

BURST_S = 60.0
"""How long a member that was silent may go at any speed, counted in seconds of its rate."""


class Quotas:
    """Buckets in memory, one a member; lost at a restart, which only ever lets more in."""

    def __init__(self, records_per_s: float, clock: Callable[[], float]) -> None:
        self._rate = records_per_s
        self._full = records_per_s * BURST_S
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, member: str, count: int) -> None:
        """Takes `count` records from the member's bucket; raises GatewayRefusal (429) where it does not hold them."""
        with self._lock:
            now = self._clock()
            left, seen_at = self._buckets.get(member, (self._full, now))
            # A clock that steps back refills nothing.
            left = min(self._full, left + max(0.0, now - seen_at) * self._rate)
            if left < count:
                wait_s = (count - left) / self._rate
                self._buckets[member] = (left, now)
                raise GatewayRefusal(
                    "quota", f"{member} may submit {self._rate:g} records/s", retry_after_s=max(1.0, wait_s)
                )
            self._buckets[member] = (left - count, now)

    def give_back(self, member: str, count: int) -> None:
        """Puts records back that turned out to be known already."""
        with self._lock:
            left, seen_at = self._buckets.get(member, (self._full, self._clock()))
            self._buckets[member] = (min(self._full, left + count), seen_at)
