"""Rows of accepted records: how they are written at intake, found again, and how far they have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from chain.errors import NotFound
from chain.records import Record
from chain.sdjwt import SignedRecord
from gateway.store.model import RecordState, documents, entries, records, references
from gateway.store.vault import Vault


@dataclass(frozen=True)
class NewRecord:
    """What one accepted record puts into the store."""

    signed: SignedRecord
    record: Record
    entries: Sequence[tuple[str, bytes, bytes]]
    """(UCR, tag, entry digest) in the record's order."""
    receipt: str
    accepted_at: int
    anchor_by: int


@dataclass(frozen=True)
class Held:
    """What the store says of one record, without its payload."""

    record_id: str
    iss: str
    vct: str
    state: RecordState
    reason: str | None
    receipt: str
    accepted_at: int
    anchor_by: int
    batch_index: int | None


def insert_record(connection: Connection, vault: Vault, new: NewRecord) -> int:
    """Writes the record with its entries, references and documents; its sequence number. IntegrityError if known."""
    signed = new.signed
    jwt, _, disclosures = signed.serialize().partition("~")
    seq = connection.execute(
        insert(records).returning(records.c.seq),
        {
            "record_id": signed.record_id,
            "iss": signed.iss,
            "jti": signed.jti,
            "vct": signed.vct,
            "kid": signed.kid,
            "iat": signed.iat,
            "amends": signed.amends,
            "state": RecordState.ACCEPTED,
            "jwt": vault.pack_public(jwt.encode()),
            "disclosures": vault.pack_secret(disclosures.encode(), signed.record_id),
            "receipt": new.receipt,
            "accepted_at": new.accepted_at,
            "anchor_by": new.anchor_by,
            "entry_count": len(new.entries),
        },
    ).scalar_one()
    _insert_parts(connection, int(seq), new)
    return int(seq)


def _insert_parts(connection: Connection, seq: int, new: NewRecord) -> None:
    connection.execute(
        insert(entries),
        [
            {"record_seq": seq, "ordinal": place, "ucr": ucr, "tag": tag, "entry_digest": digest}
            for place, (ucr, tag, digest) in enumerate(new.entries)
        ],
    )
    said: list[dict[str, Any]] = []
    for place, reference in enumerate(new.record.references):
        kind, scope, value = reference.key
        said.append(
            {"record_seq": seq, "ordinal": place, "kind": kind, "scope": scope, "value": value, "said_on": reference.on}
        )
    if said:
        connection.execute(insert(references), said)
    cited = sorted({document.sha256 for document in new.record.documents if document.sha256 is not None})
    if cited:
        connection.execute(insert(documents), [{"sha256": bytes.fromhex(one), "record_seq": seq} for one in cited])


def find_held(connection: Connection, record_id: str) -> Held | None:
    """What is known of a record; None where it was never accepted here."""
    row = connection.execute(select(*_HELD).where(records.c.record_id == record_id)).first()
    return None if row is None else _held(row)


def find_by_number(connection: Connection, iss: str, jti: str) -> str | None:
    """The id of the issuer's record that carries this `jti`; None where the number is free."""
    found = connection.execute(select(records.c.record_id).where(records.c.iss == iss, records.c.jti == jti))
    return found.scalar_one_or_none()


def get_signed(connection: Connection, vault: Vault, record_id: str) -> SignedRecord:
    """The record itself, fully disclosed unless erased; raises NotFound, UnopenedPayload."""
    row = connection.execute(
        select(records.c.jwt, records.c.disclosures).where(records.c.record_id == record_id)
    ).first()
    if row is None:
        raise NotFound("record", record_id)
    return open_signed(vault, record_id, row.jwt, row.disclosures)


def open_signed(vault: Vault, record_id: str, jwt: bytes, disclosures: bytes | None) -> SignedRecord:
    """The record of its two stored parts; raises UnopenedPayload."""
    hidden = b"" if disclosures is None else vault.unpack_secret(disclosures, record_id)
    return SignedRecord.parse(vault.unpack_public(jwt, record_id) + b"~" + hidden)


def own_records(
    connection: Connection, iss: str, state: RecordState | None, after: int, limit: int
) -> list[tuple[int, Held]]:
    """An issuer's records in order of acceptance, after a sequence number, each with its own."""
    question = select(records.c.seq, *_HELD).where(records.c.iss == iss, records.c.seq > after)
    if state is not None:
        question = question.where(records.c.state == state)
    found = connection.execute(question.order_by(records.c.seq).limit(limit))
    return [(int(row.seq), _held(row)) for row in found]


def find_amended(connection: Connection, record_id: str) -> tuple[Held, frozenset[str]] | None:
    """The record to amend and its consignments; None where it is not known here."""
    held = find_held(connection, record_id)
    if held is None:
        return None
    found = connection.execute(
        select(entries.c.ucr)
        .join(records, records.c.seq == entries.c.record_seq)
        .where(records.c.record_id == record_id)
    )
    return held, frozenset(found.scalars())


def count_waiting(connection: Connection) -> int:
    """How many records wait for the chain."""
    return int(
        connection.execute(
            select(func.count()).select_from(records).where(records.c.state == RecordState.ACCEPTED)
        ).scalar_one()
    )


def oldest_waiting(connection: Connection) -> int | None:
    """When the oldest record that waits for the chain was accepted; None where none waits."""
    found = connection.execute(
        select(records.c.accepted_at).where(records.c.state == RecordState.ACCEPTED).order_by(records.c.seq).limit(1)
    )
    return found.scalar_one_or_none()


def mark_anchored(connection: Connection, batch: int, batch_index: int) -> int:
    """The records of a batch of ours stand on the chain at this index; how many were marked."""
    done = connection.execute(
        update(records)
        .where(records.c.batch == batch, records.c.state == RecordState.ACCEPTED)
        .values(state=RecordState.ANCHORED, batch_index=batch_index)
    )
    return done.rowcount


def mark_anchored_elsewhere(connection: Connection, seqs: Sequence[int], batch_index: int) -> None:
    """These records were anchored by another gateway (or by a batch that this store no longer knows)."""
    for start in range(0, len(seqs), _IN_MAX):
        connection.execute(
            update(records)
            .where(
                records.c.seq.in_(seqs[start : start + _IN_MAX]),
                or_(records.c.state == RecordState.ACCEPTED, records.c.state == RecordState.REFUSED),
            )
            .values(state=RecordState.ANCHORED, batch_index=batch_index)
        )


def mark_covered(connection: Connection, batch_count: int) -> int:
    """Every record anchored in the first `batch_count` batches is covered; how many became so."""
    done = connection.execute(
        update(records)
        .where(records.c.state == RecordState.ANCHORED, records.c.batch_index < batch_count)
        .values(state=RecordState.COVERED)
    )
    return done.rowcount


def find_waiting_entries(connection: Connection, digests: Sequence[bytes]) -> dict[int, set[bytes]]:
    """Which records not yet known to be anchored have these entries: sequence number to the digests found."""
    found: dict[int, set[bytes]] = {}
    for start in range(0, len(digests), _IN_MAX):
        rows = connection.execute(
            select(entries.c.record_seq, entries.c.entry_digest)
            .join(records, records.c.seq == entries.c.record_seq)
            .where(
                entries.c.entry_digest.in_(digests[start : start + _IN_MAX]),
                or_(records.c.state == RecordState.ACCEPTED, records.c.state == RecordState.REFUSED),
            )
        )
        for row in rows:
            found.setdefault(int(row.record_seq), set()).add(bytes(row.entry_digest))
    return found


def entries_of(connection: Connection, seq: int) -> list[tuple[bytes, bytes]]:
    """A record's (tag, entry digest) pairs in order."""
    rows = connection.execute(
        select(entries.c.tag, entries.c.entry_digest).where(entries.c.record_seq == seq).order_by(entries.c.ordinal)
    )
    return [(bytes(row.tag), bytes(row.entry_digest)) for row in rows]


_IN_MAX = 500
_HELD = (
    records.c.record_id,
    records.c.iss,
    records.c.vct,
    records.c.state,
    records.c.reason,
    records.c.receipt,
    records.c.accepted_at,
    records.c.anchor_by,
    records.c.batch_index,
)


def _held(row: Row[*tuple[Any, ...]]) -> Held:
    return Held(
        row.record_id,
        row.iss,
        row.vct,
        RecordState(row.state),
        row.reason,
        row.receipt,
        int(row.accepted_at),
        int(row.anchor_by),
        None if row.batch_index is None else int(row.batch_index),
    )
