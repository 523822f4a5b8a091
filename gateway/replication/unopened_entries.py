"""Entries of others' batches that nobody could open: what governors' attesters vote out, from a day of their age on.

A replica is proved before it is kept, so an entry that opens to another tag is not opened by that record either. Kept
in memory: a gateway that was started anew asks every peer again before it says that nobody has a record.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from chain.index_drops import bitmap_of
from chain.index_store import IndexStore
from chain.proof.batch import TAG_BYTES, split_entries
from gateway.replication.proof import Placed

BATCHES_NOTED_MAX = 10_000
"""Batches with entries that nobody opened; further ones are noted once some of these are dropped."""


@dataclass(frozen=True)
class UnopenedBatch:
    """Entries of one batch that nobody could open."""

    batch: int
    bitmap: bytes
    """One bit an entry, the first in the highest bit of byte 0; no longer than the last one asks for."""
    tries: int
    """How often all peers were asked since this gateway started."""


@dataclass
class _Noted:
    tries: int
    placed: frozenset[Placed]


@dataclass
class UnopenedEntries:
    """What no peer gave a record for. Shared between threads."""

    index: IndexStore
    after_s: int
    """Age of a batch, by its block's time, from which on its entries are told."""
    tries_min: int
    """How often all peers must have been asked."""
    _noted: dict[int, _Noted] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, batch: int, placed: Collection[Placed]) -> None:
        """All peers were asked for these entries of a batch, and none gave a record that opens them."""
        with self._lock:
            known = self._noted.get(batch)
            if known is None and len(self._noted) >= BATCHES_NOTED_MAX:
                return
            self._noted[batch] = _Noted(1 if known is None else known.tries + 1, frozenset(placed))

    def clear(self, batch: int) -> None:
        """Every entry of the batch is opened, or dropped."""
        with self._lock:
            self._noted.pop(batch, None)

    def find(self, head_time_s: int, after: int, limit: int) -> list[UnopenedBatch]:
        """The batches after one of that index, by index, that hold such entries and are old enough by the chain's time.

        Entries that were dropped since, or that stood before in another batch, are left out.
        """
        with self._lock:
            noted = sorted((batch, known) for batch, known in self._noted.items() if batch > after)
        listed: list[UnopenedBatch] = []
        for batch, known in noted:
            if len(listed) == limit:
                break
            facts = self.index.find_batch(batch)
            if facts is None or known.tries < self.tries_min or facts.facts.timestamp > head_time_s - self.after_s:
                continue
            if places := self._places(batch, known.placed):
                listed.append(UnopenedBatch(batch, bitmap_of(places), known.tries))
        return listed

    def _places(self, batch: int, placed: Collection[Placed]) -> Sequence[int]:
        raw = self.index.find_entries(batch) or b""
        split = [(entry[:TAG_BYTES], entry[TAG_BYTES:]) for entry in split_entries(raw)]
        return [
            place for place, entry in enumerate(split) if entry in placed and self.index.stands_in(batch, place, *entry)
        ]
