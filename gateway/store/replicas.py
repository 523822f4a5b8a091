"""Records that another gateway accepted: which entries of a batch are held here, their rows, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from gateway.store.model import entries, payloads, records, replication_gaps
from gateway.store.payloads import whole_payload, with_keys
from gateway.store.records import (
    NewRecord,
    at_places,
    insert_records,
    mark_anchored_elsewhere,
)
from gateway.store.rows import insert_rows
from gateway.store.search import WaitingFacts, insert_waiting

Placed = tuple[bytes, bytes]
"""A tag and an entry digest."""


class HeldPayload(NamedTuple):
    """A record that has an entry in a batch, with the two parts of its payload."""

    record_id: str
    jwt: bytes
    disclosures: bytes | None


class ReplicationGap(NamedTuple):
    """A batch of which entries are not held here."""

    batch_index: int
    missing: int
    attempts: int
    next_at: int
    """Unix seconds."""
    reason: str


def find_held_entries(connection: Connection, placed: Sequence[Placed]) -> set[Placed]:
    """Those of these entries whose records are here."""
    present: set[Placed] = set()
    for question in at_places(select(entries.c.tag, entries.c.entry_digest), placed):
        present.update((bytes(row.tag), bytes(row.entry_digest)) for row in connection.execute(question))
    return present


def find_held_payloads(connection: Connection, placed: Sequence[Placed]) -> list[HeldPayload]:
    """The records here that have one of these entries, each once, in order of acceptance."""
    columns = (records.c.seq, records.c.record_id, payloads.c.jwt, payloads.c.disclosures)
    asked: Any = (
        select(*columns)
        .join(payloads, payloads.c.record_seq == records.c.seq)
        .join(entries, entries.c.record_seq == records.c.seq)
    )
    asked = with_keys(asked)
    payload_by_seq: dict[int, HeldPayload] = {}
    for question in at_places(asked, placed):
        for row in connection.execute(question):
            hidden = whole_payload(row.disclosures, row.head)
            payload_by_seq[int(row.seq)] = HeldPayload(row.record_id, bytes(row.jwt), hidden)
    return [payload for _, payload in sorted(payload_by_seq.items())]


def insert_replicas(connection: Connection, new: Sequence[NewRecord], batch_index: int) -> list[NewRecord]:
    """Writes records that stand in this batch, anchored; those that could not be: their id or number is taken here."""
    seqs = insert_records(connection, new)
    written = [(seq, record) for seq, record in zip(seqs, new, strict=True) if seq is not None]
    mark_anchored_elsewhere(connection, [seq for seq, _ in written], batch_index)
    insert_waiting(
        connection,
        [
            WaitingFacts(seq, record.facts, [tag for _, tag, _ in record.entries])
            for seq, record in written
            if record.facts
        ],
    )
    return [record for seq, record in zip(seqs, new, strict=True) if seq is None]


def set_gap(connection: Connection, gap: ReplicationGap) -> None:
    """Notes what is missing of a batch, in place of what was noted before."""
    clear_gaps(connection, [gap.batch_index])
    insert_rows(connection, replication_gaps, ReplicationGap._fields, [tuple(gap)])


def clear_gaps(connection: Connection, batch_indexes: Iterable[int]) -> None:
    """Nothing is missing of these batches any more."""
    connection.execute(delete(replication_gaps).where(replication_gaps.c.batch_index.in_(list(batch_indexes))))


def make_gaps_due(connection: Connection) -> None:
    """Has every gap tried again at once, however long its pause was to be."""
    connection.execute(update(replication_gaps).values(next_at=0))


def find_due_gaps(connection: Connection, now: int, limit: int) -> list[ReplicationGap]:
    """Gaps to be tried again by now, the longest due first."""
    asked = select(*_GAP).where(replication_gaps.c.next_at <= now).order_by(replication_gaps.c.next_at).limit(limit)
    return [_gap(row) for row in connection.execute(asked)]


def find_gaps(connection: Connection, after: int, limit: int) -> list[ReplicationGap]:
    """Every gap in chain order, after a batch."""
    asked = select(*_GAP).where(replication_gaps.c.batch_index > after).order_by(replication_gaps.c.batch_index)
    return [_gap(row) for row in connection.execute(asked.limit(limit))]


def count_gaps(connection: Connection) -> tuple[int, int]:
    """How many batches have gaps, and how many entries are missing in all."""
    asked = select(func.count(), func.coalesce(func.sum(replication_gaps.c.missing), 0))
    batches, missing = connection.execute(asked.select_from(replication_gaps)).one()
    return int(batches), int(missing)


def set_receipt(connection: Connection, record_id: str, receipt: str) -> None:
    """Keeps the receipt of a record that came by replication first, and then from its issuer."""
    seq = select(records.c.seq).where(records.c.record_id == record_id).scalar_subquery()
    connection.execute(update(payloads).where(payloads.c.record_seq == seq).values(receipt=receipt))


_GAP = tuple(replication_gaps.c[name] for name in ReplicationGap._fields)


def _gap(row: Any) -> ReplicationGap:
    return ReplicationGap(int(row.batch_index), int(row.missing), int(row.attempts), int(row.next_at), str(row.reason))
