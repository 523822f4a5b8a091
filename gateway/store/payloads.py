"""Payloads in their two places: what is sealed, and the head that holds the record's own key, which no copy has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, delete, update

from gateway.store.model import payload_keys, payloads
from gateway.store.rows import insert_rows
from gateway.store.vault import head_of


def insert_payloads(connection: Connection, rows: Iterable[tuple[int, bytes, bytes, str]]) -> None:
    """Writes (sequence number, packed JWT, sealed disclosures, receipt)."""
    long, keys = [], []
    for seq, jwt, sealed, receipt in rows:
        head = head_of(sealed)
        long.append((seq, jwt, sealed[len(head) :], receipt))
        if head:
            keys.append((seq, head))
    insert_rows(connection, payloads, ("record_seq", "jwt", "disclosures", "receipt"), long)
    insert_rows(connection, payload_keys, ("record_seq", "head"), keys)


def with_keys(asked: Select[Any]) -> Select[Any]:
    """A question about payloads that answers `head` too, as `whole_payload` wants it."""
    return asked.add_columns(payload_keys.c.head).outerjoin(
        payload_keys, payload_keys.c.record_seq == payloads.c.record_seq
    )


def whole_payload(disclosures: bytes | None, head: bytes | None) -> bytes | None:
    """What was sealed; None where it is erased, or its key is not here: it came from a copy made before."""
    if disclosures is None:
        return None
    return bytes(disclosures) if head is None else bytes(head) + bytes(disclosures)


def replace_payload(connection: Connection, seq: int, sealed: bytes | None) -> None:
    """Puts another payload in the place of one, under a key of its own; None: nothing is left. The old key is gone."""
    connection.execute(delete(payload_keys).where(payload_keys.c.record_seq == seq))
    head = b"" if sealed is None else head_of(sealed)
    left = None if sealed is None else sealed[len(head) :]
    connection.execute(update(payloads).where(payloads.c.record_seq == seq).values(disclosures=left))
    if head:
        insert_rows(connection, payload_keys, ("record_seq", "head"), [(seq, head)])
