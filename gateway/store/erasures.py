"""What `audit.erasure` records name: which of it is to be looked at yet, and the records that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, not_, select, update

from chain.lifecycle import RecordState
from chain.sdjwt import SignedRecord
from gateway.store.lanes import NO_UCR
from gateway.store.model import entries, erasures, payloads, records
from gateway.store.records import IN_MAX
from gateway.store.vault import Vault


class DueErasure(NamedTuple):
    """An erasure that stands on the chain, and a record here that it names."""

    erasure_id: str
    record_id: str
    batch: int
    """Index of the batch that anchored the erasure."""


class ErasureTarget(NamedTuple):
    """What of a record decides who may erase of it."""

    signed: SignedRecord
    """Without any disclosure."""
    ucrs: frozenset[str]


def find_due_erasures(connection: Connection, count_max: int) -> list[DueErasure]:
    """Erasures that stand on the chain, with the records here that were not looked at for them yet, oldest first."""
    erasing, named = records.alias("erasing"), records.alias("named")
    asked = (
        select(erasing.c.record_id.label("erasure_id"), named.c.record_id, erasing.c.batch_index)
        .select_from(erasures)
        .join(erasing, erasing.c.seq == erasures.c.record_seq)
        .join(named, named.c.record_id == erasures.c.record_id)
        .where(not_(erasures.c.is_settled), erasing.c.state.in_((RecordState.ANCHORED, RecordState.COVERED)))
        .order_by(erasures.c.record_seq, named.c.record_id)
        .limit(count_max)
    )
    return [DueErasure(row.erasure_id, row.record_id, int(row.batch_index)) for row in connection.execute(asked)]


def settle_erasures(connection: Connection, settled: Sequence[DueErasure]) -> None:
    """Notes that these were looked at: nothing more is to be done for them here."""
    for erasure in settled:
        seq = select(records.c.seq).where(records.c.record_id == erasure.erasure_id).scalar_subquery()
        row = (erasures.c.record_seq == seq, erasures.c.record_id == erasure.record_id)
        connection.execute(update(erasures).where(*row).values(is_settled=True))


def find_targets(connection: Connection, vault: Vault, record_ids: Sequence[str]) -> dict[str, ErasureTarget]:
    """Of these records, by id, those that are here."""
    targets: dict[str, ErasureTarget] = {}
    for start in range(0, len(record_ids), IN_MAX):
        asked = (
            select(records.c.seq, records.c.record_id, payloads.c.jwt)
            .join(payloads, payloads.c.record_seq == records.c.seq)
            .where(records.c.record_id.in_(record_ids[start : start + IN_MAX]))
        )
        for row in connection.execute(asked).all():
            signed = SignedRecord.parse(vault.unpack_public(bytes(row.jwt), row.record_id) + b"~")
            of_record = (entries.c.record_seq == row.seq, entries.c.ucr != NO_UCR)
            ucrs = connection.execute(select(entries.c.ucr).where(*of_record)).scalars()
            targets[row.record_id] = ErasureTarget(signed, frozenset(map(str, ucrs)))
    return targets
