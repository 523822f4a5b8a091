"""What views are made from: the stored records of a consignment, found by lanes, by id or by their place in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam, select

from chain.lifecycle import RecordState
from gateway.store.lanes import NO_UCR, bounds_of, is_in_group
from gateway.store.model import entries, payloads, records
from gateway.store.payloads import whole_payload, with_keys
from gateway.store.records import IN_MAX, at_places


class StoredEntry(NamedTuple):
    """A record in one lane of a consignment, with the two parts of its payload."""

    record_id: str
    jwt: bytes
    """Compressed."""
    disclosures: bytes | None
    """Compressed and encrypted; None once erased."""
    state: str
    tag: bytes
    entry_digest: bytes


class StoredRecord(NamedTuple):
    """A record with the two parts of its payload, and how far it has come."""

    record_id: str
    jwt: bytes
    disclosures: bytes | None
    state: RecordState
    reason: str | None
    """Why it was refused."""


class EntryLine(NamedTuple):
    """That a record stands in a lane, without its payload."""

    seq: int
    record_id: str
    iss: str
    vct: str
    iat: int
    state: str
    tag: bytes
    entry_digest: bytes


class AnchoredEntry(NamedTuple):
    """A record's entry in a batch: for which consignment."""

    ucr: str
    record_id: str


_ENTRY_COLUMNS = (
    records.c.record_id,
    payloads.c.jwt,
    payloads.c.disclosures,
    records.c.state,
    entries.c.tag,
    entries.c.entry_digest,
)
_ENTRIES: Select[Any] = with_keys(
    select(*_ENTRY_COLUMNS)
    .join(records, records.c.seq == entries.c.record_seq)
    .join(payloads, payloads.c.record_seq == entries.c.record_seq)
)
_IN_LANES = _ENTRIES.where(entries.c.tag.in_(bindparam("tags", expanding=True)))
"""Built once: writing the question anew for each view costs more than the store takes to answer it."""


@lru_cache(maxsize=16)
def _in_groups(count: int) -> Select[Any]:
    return _ENTRIES.where(is_in_group(count))


@lru_cache(maxsize=16)
def _newest_in_groups(count: int) -> Select[Any]:
    return _in_groups(count).order_by(records.c.seq.desc()).limit(bindparam("count_max"))


@lru_cache(maxsize=16)
def _lines_in_groups(count: int) -> Select[Any]:
    identity = (records.c.seq, records.c.record_id, records.c.iss, records.c.vct, records.c.iat, records.c.state)
    wanted: Select[Any] = select(*identity, entries.c.tag, entries.c.entry_digest).join(
        records, records.c.seq == entries.c.record_seq
    )
    return (
        wanted.where(is_in_group(count), records.c.seq > bindparam("after"))
        .order_by(records.c.seq)
        .limit(bindparam("count_max"))
    )


def find_entries(connection: Connection, tags: Sequence[bytes]) -> list[StoredEntry]:
    """All records in these lanes; intake bounds how many one issuer says of one consignment."""
    stored: list[StoredEntry] = []
    for start in range(0, len(tags), IN_MAX):
        stored += _entries(connection.execute(_IN_LANES, {"tags": tags[start : start + IN_MAX]}).all())
    return stored


def stands_with_owner(connection: Connection, tags: Sequence[bytes], owner: str) -> bool:
    """Whether a record that has an entry under one of these tags speaks of a consignment of that company's (USCC)."""
    others = entries.alias("others")
    wanted = (
        select(entries.c.record_seq)
        .join(others, others.c.record_seq == entries.c.record_seq)
        .where(entries.c.tag.in_(tags), others.c.ucr.like(f"_CN{owner}-%"))
        .limit(1)
    )
    return connection.execute(wanted).first() is not None


def find_group_entries(connection: Connection, prefixes: Sequence[bytes]) -> list[StoredEntry]:
    """All records in all lanes that begin with these prefixes, whoever issued them."""
    return _entries(connection.execute(_in_groups(len(prefixes)), bounds_of(prefixes)).all())


def find_group_lines(connection: Connection, prefixes: Sequence[bytes], after: int, count_max: int) -> list[EntryLine]:
    """Up to `count_max` records in lanes that begin with these prefixes, by sequence number after `after`."""
    asked = {**bounds_of(prefixes), "after": after, "count_max": count_max}
    rows = connection.execute(_lines_in_groups(len(prefixes)), asked)
    return [
        EntryLine(int(seq), record_id, iss, vct, iat, state, bytes(tag), bytes(digest))
        for seq, record_id, iss, vct, iat, state, tag, digest in rows
    ]


def find_newest_entries(connection: Connection, prefixes: Sequence[bytes], count_max: int) -> list[StoredEntry]:
    """The records in lanes that begin with these prefixes, newest first, at most `count_max`."""
    asked = {**bounds_of(prefixes), "count_max": count_max}
    return _entries(connection.execute(_newest_in_groups(len(prefixes)), asked).all())


def find_stored_record(connection: Connection, record_id: str) -> StoredRecord | None:
    """The record of that id; None where it was never accepted here."""
    columns = (records.c.record_id, payloads.c.jwt, payloads.c.disclosures, records.c.state, records.c.reason)
    wanted: Select[Any] = select(*columns).join(payloads, payloads.c.record_seq == records.c.seq)
    row = connection.execute(with_keys(wanted).where(records.c.record_id == record_id)).first()
    if row is None:
        return None
    payload = whole_payload(row.disclosures, row.head)
    return StoredRecord(row.record_id, bytes(row.jwt), payload, RecordState(row.state), row.reason)


def find_receipts(connection: Connection, record_ids: Sequence[str]) -> list[str]:
    """The receipts of these records, as they were first given; records of other gateways have none here."""
    receipts: list[str] = []
    for start in range(0, len(record_ids), IN_MAX):
        portion = record_ids[start : start + IN_MAX]
        wanted = select(payloads.c.receipt).join(records, records.c.seq == payloads.c.record_seq)
        is_promised = (records.c.record_id.in_(portion), payloads.c.receipt != "")
        receipts += connection.execute(wanted.where(*is_promised)).scalars()
    return receipts


def find_anchored(
    connection: Connection, places: Sequence[tuple[bytes, bytes]], without_type: str
) -> list[AnchoredEntry]:
    """The records at these (tag, entry digest), in the order of the places; those of one type are left out."""
    wanted = (
        select(entries.c.tag, entries.c.entry_digest, entries.c.ucr, records.c.record_id)
        .join(records, records.c.seq == entries.c.record_seq)
        .where(records.c.vct != without_type, entries.c.ucr != NO_UCR)
    )
    by_place: dict[tuple[bytes, bytes], AnchoredEntry] = {}
    for question in at_places(wanted, places):
        for tag, digest, ucr, record_id in connection.execute(question):
            by_place[bytes(tag), bytes(digest)] = AnchoredEntry(ucr, record_id)
    return [by_place[place] for place in dict.fromkeys(places) if place in by_place]


def _entries(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[StoredEntry]:
    return [
        StoredEntry(row[0], bytes(row[1]), whole_payload(row[2], row[6]), row[3], bytes(row[4]), bytes(row[5]))
        for row in rows
    ]
