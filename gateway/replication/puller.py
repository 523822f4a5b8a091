"""Pulling others' records in chain order: from whoever anchored the batch, else from any other gateway.

`step` looks at the next batches after the mark, asks for what is missing of each, proves it and writes it in one
transaction with the mark; what nobody gave becomes a gap that is tried again with growing pauses. A crash anywhere
leaves the mark behind what is there, and what is there is not asked for again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chain.back_off import BackOff
from chain.index_store import IndexedBatch, IndexStore
from chain.members import MemberKind, PolicyName
from chain.proof.batch import TAG_BYTES, split_entries
from chain.sdjwt import SignedRecord
from gateway.ingest.pipeline import Preparer
from gateway.membership.registry import Registry
from gateway.membership.tag_keys import TagKeys
from gateway.replication.erasures import TombstonePuller
from gateway.replication.peer import BatchSource, PeerFault
from gateway.replication.policy import ReplicationPolicy
from gateway.replication.proof import NotOfBatch, Placed, Replica, ReplicaProver
from gateway.replication.unopened_entries import UnopenedEntries
from gateway.search_index.erasure import erase
from gateway.store.outbox import own_batches, read_mark, set_mark
from gateway.store.records import NewRecord
from gateway.store.replicas import (
    ReplicationGap,
    clear_gaps,
    find_due_gaps,
    find_held_entries,
    insert_replicas,
    set_gap,
)
from gateway.store.store import Store
from gateway.store.tombstones import find_erasures

REPLICATED = "replicated_batches"
BATCHES_PER_STEP_MAX = 32
GAPS_PER_STEP_MAX = 4
STRANGE_RECORDS_MAX = 8
"""Records that are not of the batch, after which a peer is not listened to any more for it."""
REASON_CHARS_MAX = 500
GAP_BACK_OFF = BackOff(first_s=0.5, max_s=600.0)
"""Begins short: whoever anchored a batch may see it on the chain a moment after we do."""

_log = logging.getLogger("gateway.replication")


@dataclass
class PeerHealth:
    """How a peer behaved since the start."""

    url: str
    records: int = 0
    last_fault: str = ""
    last_fault_at: float = 0.0
    """Unix seconds."""


@dataclass
class Puller:
    """The pulling side of one gateway; one thread calls `step`."""

    store: Store
    index: IndexStore
    registry: Registry
    tag_keys: TagKeys
    preparer: Preparer
    peers: Sequence[BatchSource]
    member: str
    """The member that runs this gateway."""
    policy: ReplicationPolicy
    find_gateway_member: Callable[[str], str | None]
    """The member whose gateway account (0x-hex) anchored a batch."""
    clock: Callable[[], float]
    unopened: UnopenedEntries
    tombstones: TombstonePuller | None = None
    """Takes over what was erased elsewhere, before any batch."""
    health: dict[str, PeerHealth] = field(default_factory=dict)
    """By USCC."""
    _anchored_by: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.health = {peer.member: PeerHealth(peer.url) for peer in self.peers}

    def step(self) -> bool:
        """Does what can be done now; whether there is more to do at once. Raises StoreFault, GatewayRefusal."""
        if self.registry.snapshot().find_policy(PolicyName.REPLICATION) != self.policy.digest:
            return False  # nobody gives anything while the members have not agreed on this file
        self._pull_tombstones()
        with self.store.reading() as connection:
            first = read_mark(connection, REPLICATED)
            gaps = find_due_gaps(connection, int(self.clock()), GAPS_PER_STEP_MAX)
        for gap in gaps:
            if (batch := self.index.find_batch(gap.batch_index)) is not None:
                self._pull(batch, gap.attempts)
        batches = self.index.batches(first, BATCHES_PER_STEP_MAX)
        if not batches:
            return bool(gaps)
        with self.store.reading() as connection:
            own = own_batches(connection, [batch.facts.batch_id() for batch in batches])
        for batch in batches:
            if batch.void or batch.facts.batch_id() in own:
                continue
            self._pull(batch, 0)
        with self.store.writing(derived=True) as connection:
            set_mark(connection, REPLICATED, batches[-1].facts.index + 1)
        return True

    def _pull(self, batch: IndexedBatch, attempts: int) -> None:
        """Asks for what is missing of a batch and writes what was proved; what is missing still becomes a gap."""
        missing = self._missing(batch)
        reasons: dict[str, str] = {}
        replicas: list[Replica] = []
        for peer in self._in_order(batch):
            if not missing:
                break
            try:
                for replica in self._ask(peer, batch, missing):
                    replicas.append(replica)
                    missing -= set(replica.placed)
                self.health[peer.member].last_fault = ""
            except PeerFault as fault:
                reasons[peer.member] = str(fault)
                self._note_fault(peer, f"batch {batch.facts.index}", str(fault))
            if missing and peer.member not in reasons:
                reasons[peer.member] = f"it does not give {len(missing)} entries"
        self._write(batch, replicas, missing, attempts, reasons)

    def _pull_tombstones(self) -> None:
        if (tombstones := self.tombstones) is None:
            return
        for peer in self.peers:
            try:
                tombstones.pull(peer)
            except PeerFault as fault:
                self._note_fault(peer, "tombstones", str(fault))

    def _erased(self, records: Sequence[SignedRecord]) -> dict[str, dict[bytes, str]]:
        """Of records that a peer sends what is erased: each digest with the id of its erasure."""
        with self.store.reading() as connection:
            erased = find_erasures(connection, [signed.record_id for signed in records])
        if self.tombstones is None:
            return erased
        for signed in records:
            if remembered := self.tombstones.remembered_of(signed):
                erased[signed.record_id] = remembered | erased.get(signed.record_id, {})
        return erased

    def _missing(self, batch: IndexedBatch) -> set[Placed]:
        raw = self.index.find_entries(batch.facts.index) or b""
        placed = [(entry[:TAG_BYTES], entry[TAG_BYTES:]) for entry in split_entries(raw)]
        with self.store.reading() as connection:
            absent = set(placed) - find_held_entries(connection, placed)
        # What was dropped here, or stood before in another batch, is not missing of this one.
        index = batch.facts.index
        return {entry for at, entry in enumerate(placed) if entry in absent and self.index.stands_in(index, at, *entry)}

    def _ask(self, peer: BatchSource, batch: IndexedBatch, missing: set[Placed]) -> Iterator[Replica]:
        """What the peer gives of what is missing, each proved; raises PeerFault, also after some."""
        snapshot = self.registry.snapshot()
        prover = ReplicaProver(
            consortium=self.preparer.examiner.consortium,
            tag_keys=self.tag_keys,
            snapshot=snapshot,
            block=batch.facts.block,
            placed=missing,
            policy=self.policy,
            gateway=self.member,
            governs=snapshot.get_active_member(self.member).kind is MemberKind.GOVERNOR,
            erased=lambda signed: self._erased([signed]).get(signed.record_id, ()),
        )
        strange = 0
        known = len(batch_entries(self.index, batch)) - len(missing)
        for text in peer.records(batch.facts.index):
            try:
                replica = prover.prove(text)
            except NotOfBatch as fault:
                # It may also be a record that is here already, which is not missing: only many are a fault.
                strange += 1
                if strange > STRANGE_RECORDS_MAX + known:
                    raise PeerFault(f"it sends what is not of the batch: {fault}") from fault
                continue
            self.health[peer.member].records += 1
            yield replica

    def _write(
        self,
        batch: IndexedBatch,
        replicas: Sequence[Replica],
        missing: set[Placed],
        attempts: int,
        reasons: Mapping[str, str],
    ) -> None:
        index, timestamp = batch.facts.index, batch.facts.timestamp
        erased = self._erased([replica.signed for replica in replicas])
        rows = [self._row(replica, timestamp, erased) for replica in replicas]
        with self.store.writing(derived=True) as connection:
            refused = insert_replicas(connection, rows, index)
            for record_id, gone in erased.items():
                for erasure_id in sorted(set(gone.values())):
                    digests = [digest for digest, by in gone.items() if by == erasure_id]
                    # What is left of it can be searched for all the same.
                    erase(connection, self.store.vault, record_id, digests, erasure=erasure_id, at=timestamp)
            if self.tombstones is not None:
                self.tombstones.forget(erased)
            left = len(missing) + sum(len(row.entries) + len(row.numbers) for row in refused)
            if not left:
                clear_gaps(connection, [index])
                self.unopened.clear(index)
                return
            if refused:
                reasons = {**reasons, "here": f"{len(refused)} records have a number that another record has here"}
            reason = "; ".join(f"{who}: {why}" for who, why in reasons.items()) or "no other gateway is known here"
            next_at = int(self.clock() + GAP_BACK_OFF.pause_s(attempts + 1))
            set_gap(connection, ReplicationGap(index, left, attempts + 1, next_at, reason[:REASON_CHARS_MAX]))
        # A record that cannot be kept here was opened all the same.
        self.unopened.note(index, missing)

    def _row(self, replica: Replica, timestamp: int, erased: Mapping[str, Mapping[bytes, str]]) -> NewRecord:
        signed, record = replica.signed, replica.record
        if gone := erased.get(signed.record_id):
            shown = {disclosure.digest for disclosure in signed.disclosures}
            signed, record = signed.with_elements(shown - gone.keys()), None
        return self.preparer.prepare_replica(signed, record, replica.entries, replica.numbers, timestamp)

    def _in_order(self, batch: IndexedBatch) -> list[BatchSource]:
        """Whoever anchored it first, then those who gave most, those who failed last at the end."""
        account = "0x" + batch.facts.gateway.hex()
        if account not in self._anchored_by:
            self._anchored_by[account] = self.find_gateway_member(account)
        anchored_by = self._anchored_by[account]
        return sorted(
            self.peers, key=lambda peer: (peer.member != anchored_by, bool(self.health[peer.member].last_fault))
        )

    def _note_fault(self, peer: BatchSource, what: str, fault: str) -> None:
        health = self.health[peer.member]
        if health.last_fault != fault:
            _log.warning("replication: %s from %s (%s): %s", what, peer.member, peer.url, fault)
        health.last_fault, health.last_fault_at = fault, self.clock()


def batch_entries(index: IndexStore, batch: IndexedBatch) -> list[bytes]:
    """The entries of a batch, 48 bytes each."""
    return list(split_entries(index.find_entries(batch.facts.index) or b""))
