"""How fast each member may submit and ask: buckets, refilled steadily, that hold a minute's worth."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from gateway.runtime.refusals import GatewayRefusal

BURST_S = 60.0
"""How long a member that was silent may go at any speed, counted in seconds of its rate."""


class RateLimits:
    """Buckets in memory, one a member; lost at a restart, which only ever lets more in."""

    def __init__(
        self, records_per_s: float, clock: Callable[[], float], bytes_per_s: float = math.inf, what: str = "records"
    ) -> None:
        self._what = what
        self._rate = records_per_s
        self._byte_rate = bytes_per_s
        self._full = records_per_s * BURST_S
        self._full_bytes = bytes_per_s * BURST_S
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float, float]] = {}
        """Records and bytes left, and when that was so."""

    def take(self, member: str, count: int, size: int = 0) -> None:
        """Takes `count` records of `size` bytes from the member's buckets; raises GatewayRefusal (429) if too many."""
        with self._lock:
            now = self._clock()
            left, left_bytes, seen_at = self._buckets.get(member, (self._full, self._full_bytes, now))
            # A clock that steps back refills nothing.
            passed_s = max(0.0, now - seen_at)
            left = min(self._full, left + passed_s * self._rate)
            left_bytes = min(self._full_bytes, left_bytes + passed_s * self._byte_rate)
            wait_s = max((count - left) / self._rate, (size - left_bytes) / self._byte_rate if size else 0.0)
            if wait_s > 0:
                self._buckets[member] = (left, left_bytes, now)
                said = f"{self._rate:g} {self._what}/s" if left < count else f"{self._byte_rate:g} bytes/s"
                raise GatewayRefusal("quota", f"{member} may send {said}", retry_after_s=max(1.0, wait_s))
            self._buckets[member] = (left - count, left_bytes - size, now)

    def give_back(self, member: str, count: int, size: int = 0) -> None:
        """Puts records back that turned out to be known already."""
        with self._lock:
            left, left_bytes, seen_at = self._buckets.get(member, (self._full, self._full_bytes, self._clock()))
            self._buckets[member] = (min(self._full, left + count), min(self._full_bytes, left_bytes + size), seen_at)
