"""Records that others name: the one that is amended, findings that are disposed of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from gateway.store.lanes import NO_UCR, bounds_of, is_in_group
from gateway.store.model import entries, records
from gateway.store.records import RecordStatus, find_held


def find_named(connection: Connection, record_id: str) -> tuple[RecordStatus, frozenset[str]] | None:
    """A record that another one names, and its consignments; None where it is not known here."""
    status = find_held(connection, record_id)
    if status is None:
        return None
    ucrs = connection.execute(
        select(entries.c.ucr)
        .join(records, records.c.seq == entries.c.record_seq)
        .where(records.c.record_id == record_id, entries.c.ucr != NO_UCR)
    )
    return status, frozenset(ucrs.scalars())


def is_spoken_of(connection: Connection, prefixes: Sequence[bytes]) -> bool:
    """Whether a record other than audit records stands in lanes with these prefixes."""
    spoken = (
        select(records.c.seq)
        .join(entries, entries.c.record_seq == records.c.seq)
        .where(is_in_group(len(prefixes)), records.c.vct.not_like("audit.%"))
        .limit(1)
    )
    return connection.execute(spoken, bounds_of(prefixes)).first() is not None
