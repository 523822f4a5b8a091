"""How many bytes of requests and answers a process holds at once: for each client, and for all of them together.

A bound on one request's size says nothing of a thousand that are held open. What is taken here is given back once the
bytes are let go; whoever would hold more than its share is refused, and nobody else.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class ByteShares:
    """Bytes in hand by client. Safe to share between threads."""

    def __init__(self, per_client_max: int, total_max: int) -> None:
        self._per_client_max = per_client_max
        self._total_max = total_max
        self._lock = threading.Lock()
        self._by_client: Counter[str] = Counter()
        self._total = 0

    @property
    def total(self) -> int:
        """Bytes that are held now."""
        return self._total

    def take(self, client: str, count: int) -> bool:
        """Whether the client may hold so many bytes more; then they are counted."""
        with self._lock:
            if self._by_client[client] + count > self._per_client_max or self._total + count > self._total_max:
                if not self._by_client[client]:
                    del self._by_client[client]
                return False
            self._by_client[client] += count
            self._total += count
            return True

    def give_back(self, client: str, count: int) -> None:
        """So many of the client's bytes are held no more."""
        with self._lock:
            self._total -= count
            self._by_client[client] -= count
            if self._by_client[client] <= 0:
                del self._by_client[client]

    @contextmanager
    def holding(self, client: str, free: int = 0) -> Iterator[Holding]:
        """Counts what one request holds beyond `free` bytes; all of it is given back when the block ends."""
        bytes_in_hand = Holding(self, client, free)
        try:
            yield bytes_in_hand
        finally:
            if bytes_in_hand.counted:
                self.give_back(client, bytes_in_hand.counted)


class Holding:
    """What one request holds."""

    def __init__(self, shares: ByteShares, client: str, free: int) -> None:
        self.counted = 0
        self._shares = shares
        self._client = client
        self._free = free
        self._size = 0

    def grow(self, count: int) -> bool:
        """Whether it may hold so many bytes more."""
        self._size += count
        more = max(0, self._size - self._free) - self.counted
        if more and not self._shares.take(self._client, more):
            return False
        self.counted += more
        return True
