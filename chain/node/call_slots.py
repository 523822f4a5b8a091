"""Slots for calls without a transaction: so many run side by side, and nobody keeps others out of them for long.

One client never takes all of them. Where several have taken all, and a client waits that runs nothing, those that run
have little time left, and the one that waits is next: few hostile clients hold nobody up longer than that.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from chain.node.errors import LIMIT_EXCEEDED, RpcError

CLIENT: ContextVar[str] = ContextVar("client", default="")
"""Address of the client whose request is being answered; empty in process."""


class Deadline:
    """When one running call must end. Another thread may bring it forward."""

    def __init__(self, limit_s: float) -> None:
        """So long from now."""
        self.limit_s = limit_s
        self._began_s = monotonic()
        self.until_s = self._began_s + limit_s
        """By the monotonic clock."""

    def shorten(self, limit_s: float) -> None:
        """Gives the call so long from its beginning, where it had longer."""
        if limit_s < self.limit_s:
            self.limit_s = limit_s
            self.until_s = self._began_s + limit_s


class CallSlots:
    """The slots of one node. Safe to share between threads."""

    def __init__(self, total_max: int, per_client_max: int, call_s: float, crowded_call_s: float) -> None:
        """A call runs for `call_s` at most, and for `crowded_call_s` while a client waits that runs nothing."""
        self._total_max = total_max
        self._per_client_max = per_client_max
        self._call_s = call_s
        self._crowded_call_s = crowded_call_s
        self._changed = threading.Condition()
        self._by_client: Counter[str] = Counter()
        self._running: set[Deadline] = set()
        self._waiting_idle: Counter[str] = Counter()
        """Clients that run nothing and wait, with how many calls."""

    @contextmanager
    def slot(self, client: str) -> Iterator[Deadline]:
        """Runs one call of this client until its deadline, once it is its turn.

        Raises `RpcError` where no slot comes free in time.
        """
        with self._changed:
            self._wait(client)
            deadline = Deadline(self._crowded_call_s if self._waiting_idle else self._call_s)
            self._by_client[client] += 1
            self._running.add(deadline)
        try:
            yield deadline
        finally:
            with self._changed:
                self._running.discard(deadline)
                _count_down(self._by_client, client)
                self._changed.notify_all()

    def _wait(self, client: str) -> None:
        if self._has_room(client):
            return
        is_idle = not self._by_client[client]
        if is_idle:
            self._waiting_idle[client] += 1
            for deadline in self._running:
                deadline.shorten(self._crowded_call_s)
        try:
            if not self._changed.wait_for(lambda: self._has_room(client), self._call_s):
                raise RpcError(LIMIT_EXCEEDED, f"more than {self._total_max} calls run at once; try later")
        finally:
            if is_idle:
                _count_down(self._waiting_idle, client)

    def _has_room(self, client: str) -> bool:
        running = self._by_client[client]
        is_next = not running or not self._waiting_idle
        return is_next and self._by_client.total() < self._total_max and running < self._per_client_max


def _count_down(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if not counts[name]:
        del counts[name]
