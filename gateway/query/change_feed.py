"""The change feed: what was anchored for consignments that a member sees, in the chain's order, as server-sent events.

A cursor is the index of the last batch told, so a feed is replayed from anywhere and every gateway tells the same.
Each event names record, type and issuer, and what customs said where the member sees it; it is logged as a read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from chain.errors import Malformed
from chain.proof.batch import TAG_BYTES, split_entries
from chain.sdjwt import ACCESS_TYPE
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.view import Sight
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.runtime.answer import Answer, Section, write_answer
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.consignments import AnchoredEntry, find_anchored

LOOK_S = 0.25
"""How often a feed looks for new batches: a release is told well within two seconds of its anchor."""
BATCHES_PER_LOOK_MAX = 64
KEEP_ALIVE_S = 15.0
FEEDS_PER_MEMBER_MAX = 8
FEEDS_MAX = 200
"""Each looks at the store four times a second."""


class MalformedCursor(Malformed):
    """Not the index of a batch, or -1 for the beginning."""


class AnchoredChange(Answer, frozen=True, kw_only=True):
    """What a change feed and a webhook tell of one record that was anchored."""

    ucr: str
    record: str
    type: str
    issuer: str
    batch: int | None
    block: int | None
    state: str
    status: Section | None
    """What customs said, where the member sees it: `about`, `code`, `state`, `at`."""


@dataclass(frozen=True)
class BatchChanges:
    """The changes of one batch for one member."""

    batch: int
    changes: Sequence[AnchoredChange]


def parse_cursor(text: str, batch_count: int) -> int:
    """The batch to go on after: empty means from now on; raises MalformedCursor."""
    if not text:
        return batch_count - 1
    if text != "-1" and not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise MalformedCursor("after", "is the index of a batch, or -1 for the beginning", value=text)
    return int(text)


class ChangeFeedService:
    """Answers what was anchored; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def changes(self, reader: Reader, after: int) -> list[BatchChanges]:
        """What was anchored after this batch for consignments that the reader sees, batch by batch."""
        services = self._context.services
        feed: list[BatchChanges] = []
        for batch in services.index.batches(after + 1, BATCHES_PER_LOOK_MAX):
            raw = services.index.find_entries(batch.facts.index)
            changes: list[AnchoredChange] = []
            if raw is not None and not batch.void:
                with services.store.reading() as connection:
                    anchored = find_anchored(connection, places_of(raw), without_type=ACCESS_TYPE)
                changes = self._changes_in(reader, anchored)
            feed.append(BatchChanges(batch.facts.index, changes))
        return feed

    def _changes_in(self, reader: Reader, anchored: Sequence[AnchoredEntry]) -> list[AnchoredChange]:
        changes: list[AnchoredChange] = []
        for ucr in dict.fromkeys(entry.ucr for entry in anchored):
            sight = self._context.find_sight(reader, ucr)
            record_ids = [entry.record_id for entry in anchored if entry.ucr == ucr]
            seen = [change for record_id in record_ids if sight and (change := change_of(sight, record_id))]
            self._context.log.log(Read.of(reader, "consignment", {ucr: [record for _, record in seen]}))
            changes += [change for change, _ in seen]
        return changes


def places_of(raw_entries: bytes) -> list[tuple[bytes, bytes]]:
    """The (tag, entry digest) of each entry of a batch."""
    return [(entry[:TAG_BYTES], entry[TAG_BYTES:]) for entry in split_entries(raw_entries)]


def change_of(sight: Sight, record_id: str) -> tuple[AnchoredChange, HeldRecord] | None:
    """What the member is told of one record; None where it does not see it."""
    record = next((record for record in sight.records if record.signed.record_id == record_id), None)
    if record is None:
        return None
    status = record.one("status")
    change = AnchoredChange(
        ucr=sight.ucr,
        record=record_id,
        type=record.signed.vct,
        issuer=record.signed.iss,
        batch=record.batch,
        block=record.block,
        state=record.state.value,
        status={name: status.get(name) for name in ("about", "code", "state", "at")} if status else None,
    )
    return change, record


async def events(look: Callable[[int], Sequence[BatchChanges]], after: int) -> AsyncIterator[bytes]:
    """The feed as `text/event-stream`; `look` gives the changes of the batches after an index, empty ones too."""
    quiet_s = 0.0
    yield b": tongguan changes\n\n"
    while True:
        told = await run_in_threadpool(look, after)
        for one in told:
            after = one.batch
            for change in one.changes:
                yield b"id: %d\nevent: anchored\ndata: %b\n\n" % (one.batch, write_answer(change))
                quiet_s = 0.0
        if not told:
            await asyncio.sleep(LOOK_S)
            quiet_s += LOOK_S
        if quiet_s >= KEEP_ALIVE_S:
            yield b": still here\n\n"
            quiet_s = 0.0


class OpenFeeds:
    """The feeds that are open, counted by member and in all. For one event loop."""

    def __init__(self) -> None:
        self._by_member: Counter[str] = Counter()

    def require_room(self, member: str) -> None:
        """Raises GatewayRefusal (429) where the member, or all together, have as many as they may."""
        if self._by_member[member] >= FEEDS_PER_MEMBER_MAX:
            raise GatewayRefusal(
                "quota", f"a member has at most {FEEDS_PER_MEMBER_MAX} feeds", retry_after_s=KEEP_ALIVE_S
            )
        if self._by_member.total() >= FEEDS_MAX:
            raise GatewayRefusal("quota", f"at most {FEEDS_MAX} feeds are open", retry_after_s=KEEP_ALIVE_S)

    async def count(self, member: str, feed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The feed, counted while somebody hears it."""
        self._by_member[member] += 1
        try:
            async for event in feed:
                yield event
        finally:
            self._by_member[member] -= 1
            if not self._by_member[member]:
                del self._by_member[member]
