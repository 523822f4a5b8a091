"""Slots for calls without a transaction: so many run side by side, and one client never takes all of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from chain.node.errors import LIMIT_EXCEEDED, RpcError

CLIENT: ContextVar[str] = ContextVar("client", default="")
"""Address of the client whose request is being answered; empty in process."""


class CallSlots:
    """The slots of one node. Safe to share between threads."""

    def __init__(self, total_max: int, per_client_max: int, wait_s: float) -> None:
        self._total_max = total_max
        self._per_client_max = per_client_max
        self._wait_s = wait_s
        self._changed = threading.Condition()
        self._by_client: Counter[str] = Counter()

    @contextmanager
    def slot(self, client: str) -> Iterator[None]:
        """Runs one call of this client, once it is its turn; raises `RpcError` where no slot comes free in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(client), self._wait_s):
                raise RpcError(LIMIT_EXCEEDED, f"more than {self._total_max} calls run at once; try later")
            self._by_client[client] += 1
        try:
            yield
        finally:
            with self._changed:
                self._by_client[client] -= 1
                if not self._by_client[client]:
                    del self._by_client[client]
                self._changed.notify_all()

    def _has_room(self, client: str) -> bool:
        return self._by_client.total() < self._total_max and self._by_client[client] < self._per_client_max
