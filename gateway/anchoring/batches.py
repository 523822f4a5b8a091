"""Which waiting records go into which batch, and what a batch is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chain.errors import TongguanError
from chain.proof.batch import BATCH_ENTRIES_MAX, batch_id, entries_root
from chain.proof.hashes import keccak256
from gateway.membership.registry import Snapshot
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.outbox import NewBatch, WaitingRecord, own_batches
from gateway.store.store import Store


def grouped(waiting: Sequence[WaitingRecord], entries_max: int) -> list[list[WaitingRecord]]:
    """The records in batches of as many whole ones as fit into `entries_max` entries, in order."""
    groups: list[list[WaitingRecord]] = []
    left = 0
    for record in waiting:
        if not groups or len(record.entries) > left:
            groups.append([])
            left = entries_max
        groups[-1].append(record)
        left -= len(record.entries)
    return groups


def count_entries(group: Sequence[WaitingRecord]) -> int:
    """How many entries the records have."""
    return sum(len(record.entries) for record in group)


def make_batch(
    group: Sequence[WaitingRecord], account: str, now_s: int, is_used: Callable[[bytes], bool] = lambda batch_id: False
) -> NewBatch:
    """The batch of these records, as that account (0x-hex) anchors it; its id is one that is not used yet.

    Where the governors dropped entries, the very records of an older batch may come again, and the ledger takes no id
    twice. Then they stand in another order, and a record alone has its first entry twice: the repetition adds no leaf.
    """
    records = [record.entries for record in group]
    for turn in range(len(records)):
        batch = _batch_of([entry for own in (*records[turn:], *records[:turn]) for entry in own], account, now_s)
        if not is_used(batch.batch_id):
            return batch
    entries = [entry for own in records for entry in own]
    while is_used(batch.batch_id):
        if len(entries) == BATCH_ENTRIES_MAX:
            raise TongguanError(f"every order of these {len(entries)} entries was anchored before")
        entries.append(entries[0])
        batch = _batch_of(entries, account, now_s)
    return batch


def used_ids(store: Store) -> Callable[[bytes], bool]:
    """Tells of a batch id whether a batch of this outbox has it."""

    def is_used(batch_id: bytes) -> bool:
        with store.reading() as connection:
            return bool(own_batches(connection, [batch_id]))

    return is_used


def _batch_of(own: Sequence[bytes], account: str, now_s: int) -> NewBatch:
    joined = b"".join(own)
    root = entries_root(own)
    return NewBatch(
        batch_id=batch_id(root, len(own), keccak256(joined), bytes.fromhex(account[2:])),
        root=root,
        count=len(own),
        entries=joined,
        gateway=account.lower(),
        created_at=now_s,
    )


def unfit(waiting: Sequence[WaitingRecord], snapshot: Snapshot) -> Mapping[int, str]:
    """By sequence number, why a record may not be anchored now: its key or its member stopped counting."""
    against = {who: _why_not(*who, snapshot) for who in {(record.kid, record.iss) for record in waiting}}
    return {record.seq: reason for record in waiting if (reason := against[record.kid, record.iss])}


def _why_not(kid: str, iss: str, snapshot: Snapshot) -> str:
    """Why what `iss` signed with that key may not be anchored now; empty where nothing speaks against it."""
    try:
        signer = snapshot.get_signer(kid)
    except GatewayRefusal as refusal:
        return str(refusal)
    return "" if signer.member == iss else f"key {kid} belongs to {signer.member} now"
