"""The sealer's outbox: batches written before they are sent, and the lease under which one sealer writes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chain.errors import StoreFault
from chain.lifecycle import RecordState
from gateway.store.model import BatchState, batches, entries, leases, marks, records

TAGS_PER_QUESTION = 500
"""Values in one question to the store; databases limit them."""


class LeaseLost(StoreFault):
    """Another gateway on this store seals now; what this one was about to write was not written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the lease {name!r} went to another gateway on this store")


@dataclass(frozen=True)
class WaitingRecord:
    """A record that waits to be sealed, with its entries as they go into the batch."""

    seq: int
    record_id: str
    iss: str
    kid: str
    accepted_at: int
    entries: tuple[bytes, ...]
    """48 bytes each."""


@dataclass(frozen=True)
class NewBatch:
    """A batch as it is made of waiting records."""

    batch_id: bytes
    root: bytes
    count: int
    entries: bytes
    gateway: str
    created_at: int


@dataclass(frozen=True)
class OutboxBatch(NewBatch):
    """A batch that was written to the outbox."""

    id: int
    nonce: int | None
    """NULL, as the bytes, until a transaction was signed for it."""
    raw_tx: bytes | None


@dataclass(frozen=True)
class Lease:
    """The right to seal, until its time; `fence` grows with every new holder."""

    name: str
    holder: str
    fence: int


def take_lease(connection: Connection, name: str, holder: str, now: int, lifetime_s: int) -> Lease | None:
    """The lease, taken or renewed; None while another holds it. In a writing transaction."""
    row = connection.execute(select(leases).where(leases.c.name == name).with_for_update()).first()
    until = now + lifetime_s
    if row is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(leases), {"name": name, "holder": holder, "fence": 1, "until": until})
        except IntegrityError:
            return None  # another gateway took it in this very moment
        return Lease(name, holder, 1)
    # A holder whose clock ran ahead may not keep the lease for ever: no lease lasts longer than its lifetime from now.
    if row.holder != holder and now <= row.until <= until:
        return None
    fence = row.fence if row.holder == holder else row.fence + 1
    connection.execute(update(leases).where(leases.c.name == name).values(holder=holder, fence=fence, until=until))
    return Lease(name, holder, fence)


def check_lease(connection: Connection, lease: Lease) -> None:
    """That nobody took the lease since; raises LeaseLost. Holds it still until this transaction ends."""
    row = connection.execute(select(leases.c.fence).where(leases.c.name == lease.name).with_for_update()).first()
    if row is None or row.fence != lease.fence:
        raise LeaseLost(lease.name)


def drop_lease(connection: Connection, lease: Lease) -> None:
    """Gives the lease back, so that another need not wait for its end."""
    connection.execute(
        update(leases).where(leases.c.name == lease.name, leases.c.fence == lease.fence).values(until=0, holder="")
    )


def waiting_records(connection: Connection, entries_max: int) -> list[WaitingRecord]:
    """The oldest records that wait and are in no batch yet, as many whole ones as fit into `entries_max` entries."""
    rows = connection.execute(
        select(records.c.seq, records.c.record_id, records.c.iss, records.c.kid, records.c.accepted_at)
        .where(records.c.state == RecordState.ACCEPTED, records.c.batch.is_(None))
        .order_by(records.c.seq)
        .limit(entries_max)
    ).all()
    if not rows:
        return []
    said: dict[int, list[bytes]] = {}
    found = connection.execute(
        select(entries.c.record_seq, entries.c.tag, entries.c.entry_digest)
        .join(records, records.c.seq == entries.c.record_seq)
        .where(
            records.c.seq.between(rows[0].seq, rows[-1].seq),
            records.c.state == RecordState.ACCEPTED,
            records.c.batch.is_(None),
        )
        .order_by(entries.c.record_seq, entries.c.ordinal)
    )
    for record_seq, tag, digest in found:
        said.setdefault(record_seq, []).append(bytes(tag) + bytes(digest))
    chosen: list[WaitingRecord] = []
    total = 0
    for seq, record_id, iss, kid, accepted_at in rows:
        own = tuple(said[seq])
        if total + len(own) > entries_max:
            break
        total += len(own)
        chosen.append(WaitingRecord(seq, record_id, iss, kid, accepted_at, own))
    return chosen


def others_wait(connection: Connection, member: str) -> bool:
    """Whether a record of anybody but this member waits and is in no batch yet."""
    is_waiting = (records.c.state == RecordState.ACCEPTED, records.c.batch.is_(None))
    found = connection.execute(select(records.c.seq).where(*is_waiting, records.c.iss != member).limit(1))
    return found.first() is not None


def write_batch(connection: Connection, batch: NewBatch, seqs: Sequence[int], nonce: int, raw_tx: bytes) -> OutboxBatch:
    """Writes a batch with the bytes that will be sent for it and puts these records into it; as it stands there."""
    said = {**asdict(batch), "state": BatchState.OPEN, "nonce": nonce, "raw_tx": raw_tx}
    made = connection.execute(insert(batches).returning(batches.c.id), said).scalar_one()
    for first, last in _runs(seqs):
        connection.execute(update(records).where(records.c.seq.between(first, last)).values(batch=made))
    return OutboxBatch(**asdict(batch), id=int(made), nonce=nonce, raw_tx=raw_tx)


def refuse_record(connection: Connection, seq: int, reason: str) -> None:
    """The record ends here, with the reason that its issuer reads."""
    connection.execute(
        update(records)
        .where(records.c.seq == seq, records.c.state == RecordState.ACCEPTED)
        .values(state=RecordState.REFUSED, reason=reason)
    )


def open_batches(connection: Connection) -> list[OutboxBatch]:
    """Every batch that is not known to be anchored, oldest first."""
    rows = connection.execute(select(batches).where(batches.c.state == BatchState.OPEN).order_by(batches.c.id))
    return [_batch(row) for row in rows]


def note_transaction(connection: Connection, batch: int, nonce: int | None, raw_tx: bytes | None) -> None:
    """The bytes that will be sent for the batch from now on: written before they are sent. None: sign it anew."""
    connection.execute(update(batches).where(batches.c.id == batch).values(nonce=nonce, raw_tx=raw_tx))


def dissolve_batch(connection: Connection, batch: int) -> None:
    """The batch will never be sent: its records wait again."""
    connection.execute(update(records).where(records.c.batch == batch).values(batch=None))
    connection.execute(delete(batches).where(batches.c.id == batch))


def close_batch(connection: Connection, batch: int, batch_index: int) -> None:
    """The batch stands on the chain."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch)
        .values(state=BatchState.ANCHORED, batch_index=batch_index, raw_tx=None, entries=b"")
    )


def own_batches(connection: Connection, batch_ids: Sequence[bytes]) -> set[bytes]:
    """Those of the batches that stand in this outbox: its sealer marks them with all their records, or has done so."""
    asked = select(batches.c.batch_id).where(batches.c.batch_id.in_(batch_ids))
    return {bytes(batch_id) for batch_id in connection.execute(asked).scalars()}


def count_anchored_batches(connection: Connection) -> int:
    """How many batches of this outbox stand on the chain."""
    asked = select(func.count()).select_from(batches).where(batches.c.batch_index.is_not(None))
    return int(connection.execute(asked).scalar_one())


def find_in_lanes(connection: Connection, tags: Collection[bytes], batch_count: int) -> list[int]:
    """Which records stand in one of the first `batch_count` batches and have an entry in these lanes: their numbers."""
    wanted, seqs = sorted(tags), set[int]()
    for start in range(0, len(wanted), TAGS_PER_QUESTION):
        asked = (
            select(entries.c.record_seq)
            .join(records, records.c.seq == entries.c.record_seq)
            .where(entries.c.tag.in_(wanted[start : start + TAGS_PER_QUESTION]))
            .where(records.c.state.in_((RecordState.ANCHORED, RecordState.COVERED)))
            .where(records.c.batch_index < batch_count)
        )
        seqs.update(connection.execute(asked).scalars())
    return sorted(seqs)


def accept_again(connection: Connection, seqs: Sequence[int], anchor_by: int) -> None:
    """These records wait to be anchored anew, until that time: entries of theirs were dropped."""
    for first, last in _runs(seqs):
        connection.execute(
            update(records)
            .where(records.c.seq.between(first, last))
            .values(state=RecordState.ACCEPTED, batch=None, batch_index=None, anchor_by=anchor_by)
        )


class FiledEntry(NamedTuple):
    """An entry of a record with what its tag is made of."""

    ordinal: int
    ucr: str
    """`NO_UCR` of a number's entry."""
    tag: bytes
    digest: bytes
    iss: str
    vct: str


def filed_entries(connection: Connection, seq: int) -> list[FiledEntry]:
    """A record's entries, in order."""
    columns = (entries.c.ordinal, entries.c.ucr, entries.c.tag, entries.c.entry_digest, records.c.iss, records.c.vct)
    asked = select(*columns).join(records, records.c.seq == entries.c.record_seq).where(entries.c.record_seq == seq)
    return [
        FiledEntry(int(ordinal), ucr, bytes(tag), bytes(digest), iss, vct)
        for ordinal, ucr, tag, digest, iss, vct in connection.execute(asked.order_by(entries.c.ordinal))
    ]


def refile_entry(connection: Connection, seq: int, ordinal: int, tag: bytes) -> None:
    """The entry will be anchored under another tag."""
    is_entry = (entries.c.record_seq == seq, entries.c.ordinal == ordinal)
    connection.execute(update(entries).where(*is_entry).values(tag=tag))


def read_mark(connection: Connection, name: str) -> int:
    """A counter; 0 where it was never set."""
    found = connection.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one_or_none()
    return 0 if found is None else int(found)


def set_mark(connection: Connection, name: str, value: int) -> None:
    """Sets a counter."""
    changed = connection.execute(update(marks).where(marks.c.name == name).values(value=value))
    if changed.rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(insert(marks), {"name": name, "value": value})
    except IntegrityError:
        # Another gateway on this store set it in this very moment, to what it saw on the same chain.
        return


def _runs(seqs: Sequence[int]) -> list[tuple[int, int]]:
    """The numbers, ascending, as runs without gaps, (first, last): what waits mostly came one after another."""
    runs: list[tuple[int, int]] = []
    for seq in seqs:
        if runs and seq == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], seq)
        else:
            runs.append((seq, seq))
    return runs


def _batch(row: Row[*tuple[Any, ...]]) -> OutboxBatch:
    said = row._mapping
    return OutboxBatch(
        id=int(said["id"]),
        batch_id=bytes(said["batch_id"]),
        root=bytes(said["root"]),
        count=int(said["count"]),
        entries=bytes(said["entries"]),
        gateway=said["gateway"],
        nonce=None if said["nonce"] is None else int(said["nonce"]),
        raw_tx=None if said["raw_tx"] is None else bytes(said["raw_tx"]),
        created_at=int(said["created_at"]),
    )
