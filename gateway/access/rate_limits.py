"""How fast members and strangers may submit and ask: buckets, refilled steadily, that hold a minute's worth."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable

from chain.client_address import network_of
from gateway.runtime.refusals import GatewayRefusal

BURST_S = 60.0
"""How long a member that was silent may go at any speed, counted in seconds of its rate."""


ADDRESSES_MAX = 10_000
"""Addresses of strangers that are remembered."""


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

    def charge(self, member: str, count: int) -> None:
        """Takes `count` from the member's bucket, also more than it holds: see `require_room`."""
        with self._lock:
            now = self._clock()
            left, left_bytes, seen_at = self._buckets.get(member, (self._full, self._full_bytes, now))
            left = min(self._full, left + max(0.0, now - seen_at) * self._rate)
            self._buckets[member] = (left - count, left_bytes, now)

    def require_room(self, member: str) -> None:
        """Raises GatewayRefusal (429) while more was charged than the member's bucket held."""
        self.take(member, 0)

    def give_back(self, member: str, count: int, size: int = 0) -> None:
        """Puts records back that turned out to be known already."""
        with self._lock:
            left, left_bytes, seen_at = self._buckets.get(member, (self._full, self._full_bytes, self._clock()))
            self._buckets[member] = (min(self._full, left + count), min(self._full_bytes, left_bytes + size), seen_at)


class OpenShare:
    """What strangers may have of something whom nothing identifies: by address, and all of them together.

    Only so many addresses are remembered; who makes up more is held by the bound for all.
    """

    def __init__(
        self,
        per_address_s: float,
        total_s: float,
        clock: Callable[[], float],
        what: str = "requests",
    ) -> None:
        """So many units (requests, bytes) a second, over a minute's mean."""
        self._per_address_s = per_address_s
        self._clock = clock
        self._what = what
        self._lock = threading.Lock()
        self._all = RateLimits(total_s, clock, what=f"{what} without a token")
        self._addresses: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Units left, and when that was so; the one seen longest ago first."""

    def take(self, address: str) -> None:
        """Takes one unit of this address; raises GatewayRefusal (429) where its share, or all's, is used up."""
        left = self._change(address, 1, takes_at_least=1)
        if left < 1:
            wait_s = (1 - left) / self._per_address_s
            reason = f"an address may have {self._per_address_s:,.10g} {self._what}/s without a token"
            raise GatewayRefusal("quota", reason, retry_after_s=max(1.0, wait_s))
        self._all.take("everybody", 1)

    def charge(self, address: str, count: int) -> None:
        """Takes so many units, also more than there are: the next `take` waits until they are there again."""
        self._change(address, count)
        self._all.charge("everybody", count)

    def _change(self, address: str, count: int, takes_at_least: float = -math.inf) -> float:
        """Takes so many units where there are at least so many; what there were."""
        name = network_of(address)
        with self._lock:
            now, full = self._clock(), self._per_address_s * BURST_S
            left, seen_at = self._addresses.pop(name, (full, now))
            left = min(full, left + max(0.0, now - seen_at) * self._per_address_s)
            self._addresses[name] = (left - count if left >= takes_at_least else left, now)
            if len(self._addresses) > ADDRESSES_MAX:
                self._addresses.popitem(last=False)
        return left
