"""The gateway's follower: keeps registry and index at the head, and marks what of ours stands on the chain.

Crash order: the index moves first, the store's marks after it. A crash between them leaves batches in the index that
the store has not looked at: the mark `followed_batches` says from where to go on, and marking twice changes nothing. So
a store restored from an older backup catches up by itself, and no record is sealed before that (`caught_up`).
"""

from __future__ import annotations

import logging
import threading

from chain.follower import Follower
from chain.index_store import IndexedBatch, IndexStore
from chain.proof.batch import TAG_BYTES, split_entries
from gateway.membership.registry import Registry
from gateway.membership.tag_keys import TagKeys, purpose_for
from gateway.runtime.tracing import Tracing
from gateway.store.lanes import NO_UCR
from gateway.store.outbox import (
    FiledEntry,
    accept_again,
    filed_entries,
    find_in_lanes,
    own_batches,
    read_mark,
    refile_entry,
    set_mark,
)
from gateway.store.records import (
    find_waiting_records,
    mark_anchored_elsewhere,
    mark_covered,
)
from gateway.store.store import Store, Transaction

FOLLOWED = "followed_batches"
COVERED = "covered_batches"
DROPPED = "dropped_batches"
"""Drops that took effect when fewer batches stood were looked at."""
BATCHES_PER_STEP_MAX = 256
"""How many batches one transaction of marking looks at."""


_log = logging.getLogger("gateway.anchoring.anchor_tracker")


class AnchorTracker:
    """Follows the chain for one store. `step` does what can be done now; a thread calls it again and again."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        follower: Follower,
        index: IndexStore,
        tag_keys: TagKeys,
        tracing: Tracing | None = None,
        *,
        anchor_promise_s: int,
    ) -> None:
        self._anchor_promise_s = anchor_promise_s
        self._tracing = tracing or Tracing()
        self._store = store
        self._registry = registry
        self._follower = follower
        self._index = index
        self._tag_keys = tag_keys
        self.caught_up = threading.Event()
        """Set once the store knows of everything that stood on the chain when we started."""
        self.stopped = ""
        """Why it stopped for good (the chain cannot be believed); empty while it runs."""
        self.blocks_behind = 0
        self.covered_batches = 0
        self._done_block = -1
        """The newest block up to which everything was read and marked."""

    def step(self) -> bool:
        """Reads on and marks; whether there is more to do at once. Raises what the follower and the store raise."""
        block = self._registry.refresh().block
        if block == self._done_block:
            return False  # blocks are final, so nothing can have changed
        done = self._follower.step()
        self.blocks_behind = done.blocks_behind
        more = self._mark_anchored()
        self._accept_dropped()
        self._mark_covered()
        if not more and not done.blocks_behind:
            self.caught_up.set()
            self._done_block = block
        return more or not done.idle

    def _mark_anchored(self) -> bool:
        """Marks our records in batches that the store has not looked at; whether some are left."""
        with self._store.reading() as connection:
            first = read_mark(connection, FOLLOWED)
        found = self._index.batches(first, BATCHES_PER_STEP_MAX)
        if not found:
            return False
        with self._store.writing(derived=True) as connection:
            # What our own sealer anchors it marks itself, in the very transaction that closes its batch.
            own = own_batches(connection, [batch.facts.batch_id() for batch in found])
            for batch in found:
                if batch.void or batch.facts.batch_id() in own:
                    continue
                waiting = find_waiting_records(connection, self._placed(batch))
                whole = [seq for seq in waiting if self._stands_whole(filed_entries(connection, seq))]
                if whole:
                    mark_anchored_elsewhere(connection, whole, batch.facts.index)
            set_mark(connection, FOLLOWED, found[-1].facts.index + 1)
        return len(found) == BATCHES_PER_STEP_MAX

    def _accept_dropped(self) -> None:
        """Takes records of which the governors dropped an entry as accepted anew: the sealer anchors them again."""
        batch_count = self._index.progress().batch_count
        with self._store.reading() as connection:
            first = read_mark(connection, DROPPED)
        tags = self._index.lanes_dropped_from(first)
        if not tags:
            return
        with self._store.writing(derived=True) as connection:
            # One that stands in a batch not read yet was anchored again already.
            standing = find_in_lanes(connection, tags, batch_count)
            again = [seq for seq in standing if not self._stands_whole(filed_entries(connection, seq))]
            for seq in again:
                self._refile(connection, seq, batch_count)
            accept_again(connection, again, self._registry.head_timestamp + self._anchor_promise_s)
            set_mark(connection, DROPPED, batch_count)
        if again:
            _log.warning("the governors dropped entries of %d records: they are anchored again", len(again))

    def _refile(self, connection: Transaction, seq: int, batch_count: int) -> None:
        """Moves what was dropped of a record into the lane of today's tag key: an older one may count no more."""
        for entry in filed_entries(connection, seq):
            # An entry that still stands stays where it is; a number's counts under any key.
            if entry.ucr == NO_UCR or self._index.find_link(entry.tag, entry.digest) is not None:
                continue
            tag = self._tag_keys.lane_tag(entry.ucr, entry.iss, batch_count, purpose_for(entry.vct))
            if tag != entry.tag:
                refile_entry(connection, seq, entry.ordinal, tag)

    def _placed(self, batch: IndexedBatch) -> list[tuple[bytes, bytes]]:
        raw = self._index.find_entries(batch.facts.index) or b""
        return [(entry[:TAG_BYTES], entry[TAG_BYTES:]) for entry in split_entries(raw)]

    def _stands_whole(self, own: list[FiledEntry]) -> bool:
        """Whether every entry of a record counts on the chain."""
        return all(self._index.find_link(entry.tag, entry.digest) is not None for entry in own)

    def _mark_covered(self) -> None:
        checkpoint = self._follower.checkpoint
        if checkpoint is None or checkpoint.batch_count == self.covered_batches:
            return
        with self._store.writing(derived=True) as connection:
            mark_covered(connection, checkpoint.batch_count)
            set_mark(connection, COVERED, checkpoint.batch_count)
        self.covered_batches = checkpoint.batch_count
        self._tracing.covered(checkpoint.batch_count)
