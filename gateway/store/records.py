"""Rows of accepted records: how they are written at intake, found again, and how far they have come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    LargeBinary,
    Row,
    Select,
    and_,
    column,
    delete,
    func,
    or_,
    select,
    text,
    update,
    values,
)

from chain.encoding import base64url
from chain.erasures import ErasureText
from chain.errors import NotFound
from chain.lifecycle import RecordState
from chain.mandates import MandateText
from chain.proof.hashes import sha256
from chain.sdjwt import SignedRecord
from gateway.store.lanes import NO_UCR
from gateway.store.look_ups import look_ups_of
from gateway.store.mandates import insert_sides
from gateway.store.model import documents, entries, erasures, payloads, records, references
from gateway.store.payloads import insert_payloads, whole_payload, with_keys
from gateway.store.rows import insert_rows
from gateway.store.vault import Vault


class Act(msgspec.Struct, frozen=True, array_like=True):
    """That a declaration acts for the company whose UCR it is."""

    ucr: str
    owner: str
    """USCC of the company."""
    tags: list[bytes]
    """The lanes of this UCR in which a mandate stands: the company's and the issuer's, in every epoch."""


class NewRecord(msgspec.Struct, frozen=True, array_like=True, tag="new"):
    """What one accepted record puts into the store, ready to be written."""

    record_id: str
    iss: str
    jti: str
    vct: str
    kid: str
    iat: int
    amends: str | None
    jwt: bytes
    """Compressed."""
    disclosures: bytes
    """Compressed and encrypted."""
    receipt: str
    accepted_at: int
    anchor_by: int
    entries: list[tuple[str, bytes, bytes]]
    """(UCR, tag, entry digest) in the record's order."""
    numbers: list[tuple[bytes, bytes]]
    """(tag, entry digest) of each number that it says as its issuer's own."""
    references: list[tuple[str, str, str, str]]
    """(kind, scope, value, day) in the record's order."""
    documents: list[bytes]
    """SHA-256 of each cited file, once."""
    facts: bytes
    """What it can be found by (`gateway.search_index.facts`), packed and sealed; empty where it is not searched for."""
    withdraws: bool = False
    """Whether it withdraws the record that `amends` names."""
    about: list[str] = []
    """Ids of the findings that it is about, of a disposition or an explanation."""
    mandate: MandateText | None = None
    """What it says as one side of a mandate."""
    acts: list[Act] = []
    """The companies that it acts for, of a declaration for others."""
    offices: list[str] = []
    goods: list[str] = []
    """Customs offices and HS codes that such a declaration says."""
    erasure: ErasureText | None = None
    """What it says as an erasure."""

    @property
    def size(self) -> int:
        """Bytes that its payload takes in the store."""
        return len(self.jwt) + len(self.disclosures)


@dataclass(frozen=True)
class RecordStatus:
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


def insert_records(connection: Connection, new: Sequence[NewRecord]) -> list[int | None]:
    """Writes records with their entries, references and documents; of each its sequence number.

    None where nothing was written because its id or its issuer's number is taken, also by one before it in `new`.
    """
    seqs = _fresh_seqs(connection, len(new))
    rows = [_row(seq, one) for seq, one in zip(seqs, new, strict=True)]
    written = insert_rows(connection, records, _RECORD, rows, free=True)
    there = set(seqs) if written == len(new) else _present(connection, seqs)
    kept = [(seq, one) for seq, one in zip(seqs, new, strict=True) if seq in there]
    _insert_parts(connection, kept)
    return [seq if seq in there else None for seq in seqs]


def _fresh_seqs(connection: Connection, count: int) -> list[int]:
    if connection.dialect.name == "postgresql":
        # Another gateway on this store may take numbers in between.
        asked = text("SELECT nextval(pg_get_serial_sequence('records', 'seq')) FROM generate_series(1, :count)")
        return [int(seq) for seq in connection.execute(asked, {"count": count}).scalars()]
    last = connection.exec_driver_sql("SELECT max(seq) FROM records").scalar_one() or 0
    return list(range(last + 1, last + 1 + count))


def _present(connection: Connection, seqs: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(seqs), IN_MAX):
        asked = select(records.c.seq).where(records.c.seq.in_(seqs[start : start + IN_MAX]))
        found.update(connection.execute(asked).scalars())
    return found


def _row(seq: int, new: NewRecord) -> tuple[Any, ...]:
    whose = (new.record_id, new.iss, new.jti, new.vct, new.kid, new.iat, new.amends)
    promised = (new.accepted_at, new.anchor_by, len(new.entries))
    return (seq, *whose, _ACCEPTED, *promised)


def _insert_parts(connection: Connection, kept: Sequence[tuple[int, NewRecord]]) -> None:
    insert_payloads(connection, [(seq, new.jwt, new.disclosures, new.receipt) for seq, new in kept])
    own = [(seq, place, ucr, tag, digest) for seq, new in kept for place, (ucr, tag, digest) in enumerate(new.entries)]
    own += [
        (seq, place, NO_UCR, tag, digest)
        for seq, new in kept
        if new.numbers
        for place, (tag, digest) in enumerate(new.numbers, start=len(new.entries))
    ]
    insert_rows(connection, entries, _ENTRY, own)
    insert_look_ups(connection, [(seq, new.references, new.documents) for seq, new in kept])
    sides = [(seq, new.mandate, new.withdraws) for seq, new in kept if new.mandate is not None]
    if sides:
        insert_sides(connection, sides)
    named = [(seq, record_id, False) for seq, new in kept if new.erasure for record_id, _ in new.erasure.erased]
    insert_rows(connection, erasures, ("record_seq", "record_id", "is_settled"), named, free=True)


def insert_look_ups(
    connection: Connection, rows: Sequence[tuple[int, Sequence[tuple[str, str, str, str]], Sequence[bytes]]]
) -> None:
    """Writes by which numbers and files records are found: (sequence number, references, SHA-256 of each file)."""
    key = look_ups_of(connection)
    numbers = [
        (seq, place, kind, scope, day, *key.of_reference(kind, value))
        for seq, numbers_of, _ in rows
        for place, (kind, scope, value, day) in enumerate(numbers_of)
    ]
    insert_rows(connection, references, _REFERENCE, numbers)
    cited = [(key.of_document(file), seq) for seq, _, files in rows for file in files]
    insert_rows(connection, documents, ("look_up", "record_seq"), cited)


def delete_look_ups(connection: Connection) -> None:
    """Empties the tables by which records are found by number and file, to be filled anew."""
    connection.execute(delete(references))
    connection.execute(delete(documents))


def source_look_up(issuer: str, digest: bytes) -> bytes:
    """Under what a record's native message is found among cited files: by its issuer alone.

    The plain digest would let anybody who may ask test guesses of a message, whose hash the `source` section hides.
    """
    return sha256(b"tongguan-source\0" + issuer.encode() + b"\0" + digest)


_RECORD = (
    *("seq", "record_id", "iss", "jti", "vct", "kid", "iat", "amends"),
    *("state", "accepted_at", "anchor_by", "entry_count"),
)
_ACCEPTED = RecordState.ACCEPTED.value
_ENTRY = ("record_seq", "ordinal", "ucr", "tag", "entry_digest")
_REFERENCE = ("record_seq", "ordinal", "kind", "scope", "said_on", "look_up", "look_up_rest")


def find_held_many(connection: Connection, record_ids: Sequence[str]) -> dict[str, RecordStatus]:
    """What is known of these records, by id; those never accepted here are left out."""
    found: dict[str, RecordStatus] = {}
    for start in range(0, len(record_ids), IN_MAX):
        asked = _held_rows().where(records.c.record_id.in_(record_ids[start : start + IN_MAX]))
        found.update((row.record_id, _held(row)) for row in connection.execute(asked))
    return found


def find_held(connection: Connection, record_id: str) -> RecordStatus | None:
    """What is known of a record; None where it was never accepted here."""
    row = connection.execute(_held_rows().where(records.c.record_id == record_id)).first()
    return None if row is None else _held(row)


def find_by_number(connection: Connection, iss: str, jti: str) -> str | None:
    """The id of the issuer's record that carries this `jti`; None where the number is free."""
    found = connection.execute(select(records.c.record_id).where(records.c.iss == iss, records.c.jti == jti))
    return found.scalar_one_or_none()


def get_signed(connection: Connection, vault: Vault, record_id: str) -> SignedRecord:
    """The record itself, fully disclosed unless erased; raises NotFound, UnopenedPayload."""
    asked = select(payloads.c.jwt, payloads.c.disclosures).join(records, records.c.seq == payloads.c.record_seq)
    row = connection.execute(with_keys(asked).where(records.c.record_id == record_id)).first()
    if row is None:
        raise NotFound("record", record_id)
    return open_signed(vault, record_id, row.jwt, whole_payload(row.disclosures, row.head))


def hidden_part(signed: SignedRecord, body: bytes) -> bytes:
    """What is kept, encrypted, of a record with this text: its disclosures.

    As lines of JSON, which compress a third better than their base64url, where that is how their issuer wrote them.
    """
    return b"\n".join(signed.plain_texts()) or body[len(signed.jwt) + 1 :]


def open_signed(vault: Vault, record_id: str, jwt: bytes, disclosures: bytes | None) -> SignedRecord:
    """The record of its two stored parts; raises UnopenedPayload."""
    hidden = b"" if disclosures is None else vault.unpack_secret(disclosures, record_id)
    if hidden[:1] == b"[":  # which no base64url has
        hidden = "".join([base64url(text) + "~" for text in hidden.split(b"\n")]).encode("ascii")
    return SignedRecord.parse(vault.unpack_public(jwt, record_id) + b"~" + hidden)


def own_records(
    connection: Connection, iss: str, state: RecordState | None, after: int, limit: int
) -> list[tuple[int, RecordStatus]]:
    """An issuer's records in order of acceptance, after a sequence number, each with its own."""
    question = _held_rows().add_columns(records.c.seq).where(records.c.iss == iss, records.c.seq > after)
    if state is not None:
        question = question.where(records.c.state == state)
    found = connection.execute(question.order_by(records.c.seq).limit(limit))
    return [(int(row.seq), _held(row)) for row in found]


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


def count_overdue(connection: Connection, now: int) -> int:
    """How many records wait for the chain past their promise."""
    is_overdue = (records.c.state == RecordState.ACCEPTED, records.c.anchor_by < now)
    return int(connection.execute(select(func.count()).select_from(records).where(*is_overdue)).scalar_one())


def mark_anchored(connection: Connection, batch: int, batch_index: int) -> int:
    """The records of a batch of ours stand on the chain at this index; how many were marked."""
    done = connection.execute(
        update(records)
        .where(records.c.batch == batch, records.c.state == RecordState.ACCEPTED)
        .values(state=RecordState.ANCHORED, batch_index=batch_index)
    )
    return done.rowcount


def count_late(connection: Connection, batch: int, timestamp: int) -> int:
    """How many records of a batch of ours were promised to be anchored before this time, that of their block."""
    question = select(func.count()).select_from(records)
    return int(
        connection.execute(question.where(records.c.batch == batch, records.c.anchor_by < timestamp)).scalar_one()
    )


def mark_anchored_elsewhere(connection: Connection, seqs: Sequence[int], batch_index: int) -> None:
    """These records were anchored by another gateway (or by a batch that this store no longer knows)."""
    for start in range(0, len(seqs), IN_MAX):
        connection.execute(
            update(records)
            .where(
                records.c.seq.in_(seqs[start : start + IN_MAX]),
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


def find_waiting_records(connection: Connection, placed: Sequence[tuple[bytes, bytes]]) -> list[int]:
    """Which records not yet known to be anchored have one of these (tag, entry digest): their sequence numbers."""
    is_waiting = or_(records.c.state == RecordState.ACCEPTED, records.c.state == RecordState.REFUSED)
    asked = select(records.c.seq).join(entries, entries.c.record_seq == records.c.seq).where(is_waiting)
    found: set[int] = set()
    for question in at_places(asked, placed):
        found.update(connection.execute(question).scalars())
    return sorted(found)


def at_places(asked: Select[Any], placed: Sequence[tuple[bytes, bytes]]) -> Iterator[Select[Any]]:
    """The question for those `entries` alone that are one of these (tag, entry digest), in as many as it takes."""
    for start in range(0, len(placed), IN_MAX):
        # As a table to join: SQLite looks pairs in a list up by going through all entries.
        parts = values(column("tag", LargeBinary), column("entry_digest", LargeBinary))
        some = parts.data([*placed[start : start + IN_MAX]]).cte("placed")
        same = (entries.c[name] == some.c[name] for name in ("tag", "entry_digest"))
        yield asked.join(some, and_(*same))


def count_in_lanes(connection: Connection, tags: Iterable[bytes]) -> dict[bytes, int]:
    """How many records this store holds in each of these lanes, refused ones aside; lanes without any are left out."""
    wanted = list(dict.fromkeys(tags))
    counts: dict[bytes, int] = {}
    for start in range(0, len(wanted), IN_MAX):
        portion = wanted[start : start + IN_MAX]
        question = select(entries.c.tag, func.count()).join(records, records.c.seq == entries.c.record_seq)
        question = question.where(entries.c.tag.in_(portion), records.c.state != RecordState.REFUSED)
        counts.update({bytes(tag): int(count) for tag, count in connection.execute(question.group_by(entries.c.tag))})
    return counts


IN_MAX = 500
"""Values in one question to the store; databases limit them."""
_HELD = (
    records.c.record_id,
    records.c.iss,
    records.c.vct,
    records.c.state,
    records.c.reason,
    payloads.c.receipt,
    records.c.accepted_at,
    records.c.anchor_by,
    records.c.batch_index,
)


def _held_rows() -> Select[Any]:
    return select(*_HELD).join(payloads, payloads.c.record_seq == records.c.seq)


def _held(row: Row[*tuple[Any, ...]]) -> RecordStatus:
    return RecordStatus(
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
