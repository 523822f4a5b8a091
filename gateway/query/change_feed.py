"""The change feed: what was anchored for consignments that a member sees, in the chain's order, as server-sent events.

A cursor is the index of the last batch told, so a feed is replayed from anywhere and every gateway tells the same.
Each event names record, type and issuer, and what customs said where the member sees it; it is logged as a read.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.concurrency import run_in_threadpool

from chain.errors import Malformed
from chain.proof.batch import TAG_BYTES, split_entries
from chain.records import RECORD_TYPES
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
ASK_AGAIN_S = 2.0
"""How often a feed that has nothing new asks whether its reader may still read."""
BATCHES_PER_LOOK_MAX = 64
KEEP_ALIVE_S = 15.0
FEEDS_PER_MEMBER_MAX = 8
FEEDS_MAX = 200
LOOKS_KEPT_MAX = 2 * BATCHES_PER_LOOK_MAX
"""Batches whose records are remembered: all feeds and webhooks share one look into the store."""
LOOK_KEPT_S = 10.0
"""No longer: records of other gateways' batches may come later, and who begins again is told them."""


class MalformedCursor(Malformed):
    """Not the index of a batch, or -1 for the beginning."""


class MalformedFilter(Malformed):
    """Not a list of rules or severities."""


FILTER_NAMES_MAX = 50
FILTER_NAME_CHARS_MAX = 64


class AnchoredChange(Answer, frozen=True, kw_only=True):
    """What a change feed and a webhook tell of one record that was anchored."""

    ucr: str
    record: str
    type: str
    issuer: str
    batch: int | None
    block: int | None
    state: str
    amends: str | None
    """Id of the record that it replaces by another statement."""
    withdraws: str | None
    """Id of the record that it withdraws; then it states nothing itself."""
    status: Section | None
    """What customs said, where the member sees it: `about`, `code`, `state`, `at`."""
    finding: Section | None
    """Of a finding: `rule`, `severity`, and `state` where it was withdrawn."""


@dataclass(frozen=True)
class ChangeFilter:
    """Which changes somebody wants to hear of; empty: all."""

    rules: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    """Record types."""

    @classmethod
    def parse(cls, rule: str, severity: str, types: str = "") -> ChangeFilter:
        """The filter in three comma-separated lists; raises MalformedFilter."""
        rules, severities = _names(rule), _names(severity)
        wanted_types = frozenset(name.strip() for name in types.split(",") if name.strip())
        if unknown := sorted(wanted_types - RECORD_TYPES.keys()):
            raise MalformedFilter("type", f"lists record types, of {', '.join(sorted(RECORD_TYPES))}", value=unknown[0])
        if len(rules) > FILTER_NAMES_MAX or any(len(name) > FILTER_NAME_CHARS_MAX for name in rules):
            raise MalformedFilter("rule", f"lists at most {FILTER_NAMES_MAX} rules", value=rule)
        if not severities <= {"H", "M", "I"}:
            raise MalformedFilter("severity", "lists H, M or I", value=severity)
        return cls(rules, severities, wanted_types)

    def wants(self, change: AnchoredChange) -> bool:
        """Whether the change is told: of the types asked for, and of findings those of the rules and severities.

        Where rules or severities are asked for and no types, findings alone.
        """
        if self.types and change.type not in self.types:
            return False
        if not (self.rules or self.severities):
            return True
        if change.finding is None:
            return bool(self.types)
        rule, severity = change.finding.get("rule"), change.finding.get("severity")
        return (not self.rules or rule in self.rules) and (not self.severities or severity in self.severities)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().upper() for name in text.split(",") if name.strip())


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


EVERYTHING = ChangeFilter()


class ChangeFeedService:
    """Answers what was anchored; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context
        self._looks = SharedLooks(LOOKS_KEPT_MAX)

    def newest(self) -> int:
        """The index of the newest batch that there may be something to tell of; -1 where there is none."""
        return self._context.batch_count - 1

    def changes(self, reader: Reader, after: int) -> list[BatchChanges]:
        """What was anchored after this batch for consignments that the reader sees, batch by batch."""
        services = self._context.services
        feed: list[BatchChanges] = []
        for batch in services.index.batches(after + 1, BATCHES_PER_LOOK_MAX):
            anchored = () if batch.void else self._looks.get(batch.facts.index, self._find_anchored)
            feed.append(BatchChanges(batch.facts.index, self._changes_in(reader, anchored)))
        return feed

    def _find_anchored(self, batch: int) -> Sequence[AnchoredEntry]:
        raw = self._context.services.index.find_entries(batch)
        if raw is None:
            return ()
        with self._context.services.store.reading() as connection:
            return find_anchored(connection, places_of(raw), without_type=ACCESS_TYPE)

    def _changes_in(self, reader: Reader, anchored: Sequence[AnchoredEntry]) -> list[AnchoredChange]:
        changes: list[AnchoredChange] = []
        for ucr in dict.fromkeys(entry.ucr for entry in anchored):
            sight = self._context.find_sight(reader, ucr)
            record_ids = [entry.record_id for entry in anchored if entry.ucr == ucr]
            seen = [change for record_id in record_ids if sight and (change := change_of(sight, record_id))]
            self._context.log.log(Read.of(reader, "consignment", {ucr: [record for _, record in seen]}))
            changes += [change for change, _ in seen]
        return changes


class SharedLooks:
    """What the store said of the newest batches, looked up once for all who ask. Shared between threads."""

    def __init__(self, count_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._count_max = count_max
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[int, tuple[float, Sequence[AnchoredEntry]]] = OrderedDict()
        """By batch, the one looked up longest ago first, each with when that was."""
        self._looking: dict[int, threading.Lock] = {}

    def get(self, batch: int, look: Callable[[int], Sequence[AnchoredEntry]]) -> Sequence[AnchoredEntry]:
        """What `look` gives of the batch; who comes while it is looked up waits for that answer."""
        with self._lock:
            if (answer := self._find(batch)) is not None:
                return answer
            turn = self._looking.setdefault(batch, threading.Lock())
        with turn:
            with self._lock:
                if (answer := self._find(batch)) is not None:
                    return answer
            try:
                answer = look(batch)
            finally:
                with self._lock:
                    self._looking.pop(batch, None)
            with self._lock:
                self._known[batch] = self._clock(), answer
                self._known.move_to_end(batch)
                while len(self._known) > self._count_max:
                    self._known.popitem(last=False)
            return answer

    def _find(self, batch: int) -> Sequence[AnchoredEntry] | None:
        looked_at, answer = self._known.get(batch, (float("-inf"), ()))
        return answer if self._clock() - looked_at < LOOK_KEPT_S else None


def places_of(raw_entries: bytes) -> list[tuple[bytes, bytes]]:
    """The (tag, entry digest) of each entry of a batch."""
    return [(entry[:TAG_BYTES], entry[TAG_BYTES:]) for entry in split_entries(raw_entries)]


def change_of(sight: Sight, record_id: str) -> tuple[AnchoredChange, HeldRecord] | None:
    """What the member is told of one record; None where it does not see it."""
    record = next((record for record in sight.records if record.signed.record_id == record_id), None)
    if record is None:
        return None
    status, finding = record.one("status"), record.one("finding")
    withdraws = record.signed.withdraws
    change = AnchoredChange(
        ucr=sight.ucr,
        record=record_id,
        type=record.signed.vct,
        issuer=record.signed.iss,
        batch=record.batch,
        block=record.block,
        state=record.state.value,
        amends=None if withdraws else record.signed.amends,
        withdraws=record.signed.amends if withdraws else None,
        status={name: status.get(name) for name in ("about", "code", "state", "at")}
        if status and not withdraws
        else None,
        finding={name: finding[name] for name in ("rule", "severity", "state") if name in finding} or None,
    )
    return change, record


async def events(
    look: Callable[[int], Sequence[BatchChanges]],
    after: int,
    newest: Callable[[], int],
    wanted: ChangeFilter = EVERYTHING,
) -> AsyncIterator[bytes]:
    """The feed as `text/event-stream`; `look` gives the changes of the batches after an index, empty ones too.

    While `newest` names no later batch, nothing is looked up but whether the reader may still read.
    """
    quiet_s, asked_at = 0.0, float("-inf")
    yield format_sse_event(comment="tongguan changes")
    while True:
        told: Sequence[BatchChanges] = ()
        if newest() > after or time.monotonic() - asked_at >= ASK_AGAIN_S:
            told = await run_in_threadpool(look, after)
            asked_at = time.monotonic()
        for one in told:
            after = one.batch
            for change in filter(wanted.wants, one.changes):
                yield format_sse_event(event="anchored", data_str=write_answer(change).decode(), id=str(one.batch))
                quiet_s = 0.0
        if not told:
            await asyncio.sleep(LOOK_S)
            quiet_s += LOOK_S
        if quiet_s >= KEEP_ALIVE_S:
            yield KEEPALIVE_COMMENT
            quiet_s = 0.0


class OpenFeeds:
    """The feeds that are open, counted by member and in all. For one event loop."""

    def __init__(self) -> None:
        self._by_member: Counter[str] = Counter()

    @contextmanager
    def open_feed(self, member: str) -> Iterator[None]:
        """One feed while somebody hears it; raises GatewayRefusal (429) where the member, or all, have enough.

        Room is looked for and taken at once: of many requests that come together no more get in.
        """
        self._require_room(member)
        self._by_member[member] += 1
        try:
            yield
        finally:
            self._by_member[member] -= 1
            if not self._by_member[member]:
                del self._by_member[member]

    def _require_room(self, member: str) -> None:
        if self._by_member[member] >= FEEDS_PER_MEMBER_MAX:
            raise GatewayRefusal(
                "quota", f"a member has at most {FEEDS_PER_MEMBER_MAX} feeds", retry_after_s=KEEP_ALIVE_S
            )
        if self._by_member.total() >= FEEDS_MAX:
            raise GatewayRefusal("quota", f"at most {FEEDS_MAX} feeds are open", retry_after_s=KEEP_ALIVE_S)
