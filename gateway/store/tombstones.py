"""What was erased: which disclosures of which records are gone from here and must not come back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from chain.sdjwt import SignedRecord
from gateway.store.look_ups import look_ups_of
from gateway.store.model import (
    documents,
    payloads,
    records,
    references,
    search_facts,
    search_waiting,
    search_waiting_lanes,
    tombstones,
)
from gateway.store.payloads import replace_payload, whole_payload, with_keys
from gateway.store.records import IN_MAX, open_signed
from gateway.store.rows import insert_rows
from gateway.store.search import insert_facts
from gateway.store.vault import Vault

Fact = tuple[str, str, str]
"""(kind, value, UCR) of what a record can be searched by."""


class Tombstone(NamedTuple):
    """One erased disclosure."""

    record_id: str
    digest: bytes
    """SHA-256 of the disclosure's text, as the record's section holds it."""
    erasure: str
    """Record id of the record that says who erased it, when and under which rule."""
    at: int
    """When it was erased here, Unix seconds."""


def insert_tombstones(connection: Connection, stones: Iterable[Tombstone]) -> None:
    """Notes erased disclosures; those that are noted already stay as they are."""
    insert_rows(connection, tombstones, Tombstone._fields, [tuple(stone) for stone in stones], free=True)


def find_erased(connection: Connection, record_ids: Sequence[str]) -> dict[str, frozenset[bytes]]:
    """Of these records the digests of what was erased; records of which nothing was are left out."""
    erased: dict[str, set[bytes]] = {}
    for start in range(0, len(record_ids), IN_MAX):
        asked = select(tombstones.c.record_id, tombstones.c.digest).where(
            tombstones.c.record_id.in_(record_ids[start : start + IN_MAX])
        )
        for row in connection.execute(asked):
            erased.setdefault(row.record_id, set()).add(bytes(row.digest))
    return {record_id: frozenset(digests) for record_id, digests in erased.items()}


def find_erasures(connection: Connection, record_ids: Sequence[str]) -> dict[str, dict[bytes, str]]:
    """Of these records what was erased: each digest with the id of the record that erased it."""
    erased: dict[str, dict[bytes, str]] = {}
    for start in range(0, len(record_ids), IN_MAX):
        asked = select(tombstones).where(tombstones.c.record_id.in_(record_ids[start : start + IN_MAX]))
        for row in connection.execute(asked):
            erased.setdefault(row.record_id, {})[bytes(row.digest)] = row.erasure
    return erased


def list_tombstones(connection: Connection, after: int, limit: int) -> list[tuple[int, Tombstone]]:
    """Erased disclosures in the order in which they were noted here, after a number, each with its own."""
    asked = select(tombstones).where(tombstones.c.number > after).order_by(tombstones.c.number).limit(limit)
    return [
        (int(row.number), Tombstone(row.record_id, bytes(row.digest), row.erasure, int(row.at)))
        for row in connection.execute(asked)
    ]


def erase_disclosures(
    connection: Connection, vault: Vault, record_id: str, digests: Collection[bytes], *, erasure: str, at: int
) -> SignedRecord | None:
    """Erases these disclosures of a record, here and for whatever comes later; the record as it was before.

    None where the record is not here: the tombstones stand all the same. The signed text stays, and with it every
    proof. What an erased section was found by is gone too, but for its facts in search, which
    `gateway.search_index.erasure` takes away: it knows which they were.
    """
    insert_tombstones(connection, [Tombstone(record_id, digest, erasure, at) for digest in sorted(digests)])
    asked: Any = select(records.c.seq, payloads.c.jwt, payloads.c.disclosures).join(
        payloads, payloads.c.record_seq == records.c.seq
    )
    row = connection.execute(with_keys(asked).where(records.c.record_id == record_id)).first()
    if row is None:
        return None
    hidden = whole_payload(row.disclosures, row.head)
    before = open_signed(vault, record_id, bytes(row.jwt), hidden)
    kept = {disclosure.digest for disclosure in before.disclosures}.difference(digests)
    packed = vault.pack_secret(_hidden_text(before.with_elements(kept)), record_id) if kept else None
    replace_payload(connection, row.seq, packed)
    for table in (search_waiting, search_waiting_lanes):
        connection.execute(delete(table).where(table.c.record_seq == row.seq))
    for names, table in ((("references",), references), (("documents", "source"), documents)):
        if not set(digests).isdisjoint(digest for name in names for digest in before.sections.get(name, ())):
            connection.execute(delete(table).where(table.c.record_seq == row.seq))
    return before


def replace_facts(connection: Connection, record_id: str, gone: Collection[Fact], left: Collection[Fact]) -> None:
    """Takes (kind, value, UCR) of one record out of search, and has these found instead."""
    seq = connection.execute(select(records.c.seq).where(records.c.record_id == record_id)).scalar_one()
    of_fact = look_ups_of(connection).of_fact
    for kind, value, ucr in gone:
        is_fact = (search_facts.c.kind == kind, search_facts.c.value == of_fact(kind, value), search_facts.c.ucr == ucr)
        connection.execute(delete(search_facts).where(*is_fact, search_facts.c.record_seq == seq))
    insert_facts(connection, [(*fact, int(seq)) for fact in left], set())


def _hidden_text(signed: SignedRecord) -> bytes:
    """The disclosures of a record as the store packs them."""
    return signed.serialize()[len(signed.jwt) + 1 :].encode("ascii")
