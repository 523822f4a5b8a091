"""Following a gateway's change feed: which consignments changed since a batch, while the desk works on others."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import httpx

from chain.back_off import BackOff
from chain.errors import TongguanError
from gateway.client import Change

LOG = logging.getLogger("tongguan.risk_desk")
RECONNECT: Final = BackOff(first_s=0.25, max_s=30.0)
WAITING_MAX: Final = 10_000
"""Changes read ahead: beyond them the feed waits for the desk."""


class ChangeSource(Protocol):
    """What a feed needs of `gateway.client.GatewayClient`; one of its own, since a client is for one thread."""

    def changes(self, after: int | None = None) -> Iterator[Change]:
        """What is anchored after a batch, without end."""


@dataclass(frozen=True)
class ChangedConsignment:
    """A consignment of which something was anchored."""

    ucr: str
    batch: int


class Feed:
    """Reads changes in a thread of its own, from a batch on, and again from the last one where it breaks."""

    def __init__(self, source: ChangeSource, after: int, wants: Callable[[Change], bool]) -> None:
        self._source = source
        self._after = after
        self._wants = wants
        self._changes: queue.Queue[ChangedConsignment] = queue.Queue(WAITING_MAX)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="desk-feed", daemon=True)
        self.fault = ""
        """Why the feed is broken now; empty while it is heard."""

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def stop(self) -> None:
        """Reads no more; the connection ends with its next event or with the process."""
        self._stop.set()

    def take(self, timeout_s: float, most: int) -> list[ChangedConsignment]:
        """What changed meanwhile, oldest first, at most so many; waits for the first one."""
        taken: list[ChangedConsignment] = []
        try:
            taken.append(self._changes.get(timeout=timeout_s))
            while len(taken) < most:
                taken.append(self._changes.get_nowait())
        except queue.Empty:
            pass
        return taken

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                for change in self._source.changes(self._after):
                    failures, self.fault = 0, ""
                    if self._stop.is_set():
                        return
                    if self._wants(change):
                        self._changes.put(ChangedConsignment(change.ucr, change.batch))
                    # One batch is told in several events: after a break it is told from its first one again.
                    self._after = max(self._after, change.batch - 1)
            except (TongguanError, httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                self.fault = str(error) or type(error).__name__
                LOG.info("the change feed broke and is opened again: %s", self.fault)
            failures += 1
            self._stop.wait(RECONNECT.pause_s(failures))
