"""The change feed: what was anchored for consignments that a member sees, in the chain's order, as server-sent events.

A cursor is the index of the last batch told, so a feed is replayed from anywhere and every gateway tells the same.
Each event names record, type and issuer, and what customs said where the member sees it; it is logged as a read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from starlette.concurrency import run_in_threadpool

from chain.encoding import Json, format_json
from chain.errors import Malformed
from chain.proof.batch import TAG_BYTES, split_entries
from gateway.consignment.records import HeldRecord
from gateway.consignment.view import Sight
from gateway.store.model import entries, records
from gateway.store.records import at_places

LOOK_S = 0.25
"""How often a feed looks for new batches: a release is told well within two seconds of its anchor."""
BATCHES_PER_LOOK_MAX = 64
KEEP_ALIVE_S = 15.0


class MalformedCursor(Malformed):
    """Not the index of a batch, or -1 for the beginning."""


@dataclass(frozen=True)
class Anchored:
    """A record's entry that was anchored: for which consignment."""

    ucr: str
    record_id: str


@dataclass(frozen=True)
class Told:
    """The changes of one batch for one member."""

    batch: int
    changes: Sequence[dict[str, Json]]


def parse_cursor(text: str, batch_count: int) -> int:
    """The batch to go on after: empty means from now on; raises MalformedCursor."""
    if not text:
        return batch_count - 1
    if text != "-1" and not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise MalformedCursor("after", "is the index of a batch, or -1 for the beginning", value=text)
    return int(text)


def find_anchored(connection: Connection, raw_entries: bytes) -> list[Anchored]:
    """The records of this store among a batch's entries, access records left out, in the batch's order."""
    placed = [(one[:TAG_BYTES], one[TAG_BYTES:]) for one in split_entries(raw_entries)]
    asked = (
        select(entries.c.tag, entries.c.entry_digest, entries.c.ucr, records.c.record_id)
        .join(records, records.c.seq == entries.c.record_seq)
        .where(records.c.vct != "audit.access")
    )
    found: dict[tuple[bytes, bytes], Anchored] = {}
    for question in at_places(asked, placed):
        for tag, digest, ucr, record_id in connection.execute(question):
            found[bytes(tag), bytes(digest)] = Anchored(ucr, record_id)
    return [found[place] for place in dict.fromkeys(placed) if place in found]


def change_of(sight: Sight, record_id: str) -> tuple[dict[str, Json], HeldRecord] | None:
    """What the member is told of one record; None where it does not see it."""
    one = next((held for held in sight.records if held.signed.record_id == record_id), None)
    if one is None:
        return None
    status = one.one("status")
    change: dict[str, Json] = {
        "ucr": sight.ucr,
        "record": record_id,
        "type": one.signed.vct,
        "issuer": one.signed.iss,
        "batch": one.batch,
        "block": one.block,
        "state": str(one.state),
        "status": {name: status.get(name) for name in ("about", "code", "state", "at")} if status else None,
    }
    return change, one


async def events(look: Callable[[int], Sequence[Told]], after: int) -> AsyncIterator[bytes]:
    """The feed as `text/event-stream`; `look` gives the changes of the batches after an index, empty ones too."""
    quiet_s = 0.0
    yield b": tongguan changes\n\n"
    while True:
        told = await run_in_threadpool(look, after)
        for one in told:
            after = one.batch
            for change in one.changes:
                yield f"id: {one.batch}\nevent: anchored\ndata: {format_json(change)}\n\n".encode()
                quiet_s = 0.0
        if not told:
            await asyncio.sleep(LOOK_S)
            quiet_s += LOOK_S
        if quiet_s >= KEEP_ALIVE_S:
            yield b": still here\n\n"
            quiet_s = 0.0
