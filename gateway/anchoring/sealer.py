"""The sealer: groups entries into batches and anchors them, each once, whatever crashes.

It never waits for a block with its hands full: what becomes due meanwhile is sent too, up to `batches_together_max`
batches at a time, so that one block anchors all that waits. Crash order of a batch:

1. it is signed, and written to the outbox with its bytes and its records, in one transaction (crash before: nothing
   happened; crash after: `step` finds it open and sends the same bytes, on the same nonce)
2. it is sent, after those with lower nonces (crash after: the chain knows the batch by its id)
3. once a block holds it, the stored commitment is compared with our own derivation (a ledger that keeps another is not
   believed: we stop)
4. batch and records are marked, in one transaction

Anchoring the same batch twice reverts in the contract, so a lost answer, a second sealer or a restored backup costs a
transaction at most, never a double. One account, one nonce lane. A batch takes only as many records as it holds, and a
record whose key stopped counting is refused before its batch is made, so that it holds up nobody else. After any fault
nothing that was remembered counts: the outbox and the chain say how things stand.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from chain.errors import LedgerFault, TongguanError
from chain.ledger.calls import anchor
from chain.ledger.faults import NotInBlockYet, RpcRefused
from chain.ledger.reverts import AlreadyAnchored, ContractRefused
from chain.proof.batch import BatchFacts
from chain.proof.hashes import keccak256
from gateway.anchoring.batches import count_entries, grouped, make_batch, unfit, used_ids
from gateway.anchoring.ledger_port import AnchoringLedger, SealerStatus, WrongCommitment
from gateway.membership.registry import Registry
from gateway.runtime.refusals import GatewayRefusal
from gateway.runtime.tracing import Tracing
from gateway.settings import GatewaySettings
from gateway.store.outbox import (
    Lease,
    NewBatch,
    OutboxBatch,
    WaitingRecord,
    check_lease,
    close_batch,
    dissolve_batch,
    drop_lease,
    note_transaction,
    open_batches,
    others_wait,
    refuse_record,
    take_lease,
    waiting_records,
    write_batch,
)
from gateway.store.records import count_late, mark_anchored
from gateway.store.store import Store

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

LEASE_NAME = "sealer"
READ_PERIODS = 8
"""Who read what is anchored after so many periods, so that reading does not fill the chain with small batches."""

_log = logging.getLogger("gateway.anchoring.sealer")


class _Flight(NamedTuple):
    """A batch that was sent and that no block is known to hold yet."""

    batch: OutboxBatch
    tx_hash: str
    since: float
    """Unix seconds."""


@dataclass(frozen=True)
class _Landed:
    """A batch that stands on the chain, at which index, and in which block where that is known."""

    batch: OutboxBatch
    index: int
    block: int | None


class Sealer:
    """One sealer. `step` does all that can be done now; a thread calls it again and again."""

    def __init__(
        self,
        settings: GatewaySettings,
        store: Store,
        ledger: AnchoringLedger,
        registry: Registry,
        account: LocalAccount,
        clock: Callable[[], float],
        tracing: Tracing | None = None,
    ) -> None:
        self._tracing = tracing or Tracing()
        self._settings = settings
        self._store = store
        self._ledger = ledger
        self._registry = registry
        self._account = account
        self._clock = clock
        self._holder = secrets.token_hex(16)
        self._lease: Lease | None = None
        self._leased_at = 0
        self._is_sure = False
        """Whether what is remembered of the outbox, the nonce too, is how things stand."""
        self._flying: list[_Flight] = []
        """In order of their nonces."""
        self._next_nonce: int | None = None
        self._sealed_at = float("-inf")
        self._quiet_until = 0.0  # only reads wait until then, as far as was seen
        self.status = SealerStatus()

    def step(self) -> bool:
        """Marks what is anchored by now, and sends what is due; whether anything was done.

        Raises WrongCommitment where the chain cannot be believed. Every other fault of the chain is noted in `status`
        and met with a pause by the caller; nothing is lost by it.
        """
        if not self._hold_lease():
            return False
        is_sure, self._is_sure = self._is_sure, False
        try:
            resumed = not is_sure and self._resume()
            sealed = self._seal()
            landed = self._land()
        except WrongCommitment as fault:
            self.status.stopped = str(fault)
            raise
        except (LedgerFault, GatewayRefusal) as fault:
            self._note_stall(fault)
            return False
        self._is_sure = True
        if landed or not self._flying:
            self.status.stalled_since, self.status.reason, self.status.stalls = None, "", 0
            self.status.fault_name = ""
        return resumed or sealed or landed

    @property
    def is_waiting(self) -> bool:
        """Whether a batch was sent that no block is known to hold yet."""
        return bool(self._flying)

    def close(self) -> None:
        """Gives the lease back; open batches are finished by whoever starts next."""
        if self._lease is not None:
            with self._store.writing() as connection:
                drop_lease(connection, self._lease)
            self._lease = None

    def _hold_lease(self) -> bool:
        now = int(self._clock())
        if self._lease is not None and 0 <= now - self._leased_at < self._settings.lease_s / 2:
            return True
        with self._store.writing() as connection:
            lease = take_lease(connection, LEASE_NAME, self._holder, now, self._settings.lease_s)
        if lease is None or self._lease is None or lease.fence != self._lease.fence:
            # Whoever held it meanwhile may have sealed, with this account too.
            self._is_sure = False
        self._lease, self._leased_at = lease, now
        return lease is not None

    def _held(self) -> Lease:
        if self._lease is None:
            raise TongguanError("the sealer writes only under its lease")
        return self._lease

    # -- step 1: batches are signed and written --------------------------------------------------------------------

    def _seal(self) -> bool:
        """Writes and sends the batches that are due, as many as may be under way; whether there were any."""
        room = self._settings.batches_together_max - len(self._flying)
        # Nothing but a full batch is due so soon after the last ones, and that can wait too: what waits is many rows.
        if room <= 0 or 0 <= self._clock() - self._sealed_at < self._settings.anchor_period_s:
            return False
        entries_max = self._settings.batch_entries_max
        snapshot = self._registry.snapshot()
        began_ns = time.time_ns()
        with self._store.reading() as connection:
            if self._is_quiet() and not others_wait(connection, self._settings.member):
                return False
            waiting = waiting_records(connection, entries_max * room)
        self._quiet_until = 0.0
        if not waiting:
            return False
        bad = unfit(waiting, snapshot)
        groups = grouped([record for record in waiting if record.seq not in bad], entries_max)[:room]
        if groups and not self._is_due(groups[-1]):
            self._note_quiet(groups.pop())
        now_s, is_used = int(self._clock()), used_ids(self._store)
        made = [make_batch(group, self._account.address, now_s, is_used) for group in groups]
        taken = {flight.batch.nonce for flight in self._flying if self._is_ours(flight.batch)}
        signed = [self._signed(batch, taken) for batch in made]
        if not signed and not bad:
            return False
        with self._store.writing() as connection:
            check_lease(connection, self._held())
            for seq, reason in bad.items():
                refuse_record(connection, seq, reason)
            written = [
                write_batch(connection, batch, [record.seq for record in group], nonce, raw)
                for group, batch, (nonce, raw) in zip(groups, made, signed, strict=True)
            ]
        self._sealed_at = self._clock()
        self.status.refused_records += len(bad)
        for one, group in zip(written, groups, strict=True):
            self._tracing.sealed(one.id, (record.record_id for record in group), began_ns, one.count)
        self._send(written)
        return True

    def _is_due(self, group: Sequence[WaitingRecord]) -> bool:
        if count_entries(group) >= self._settings.batch_entries_max:
            return True
        # Acceptance is known in whole seconds: what came after the last batch has waited since that at most.
        waited_s = self._clock() - max(group[0].accepted_at, self._sealed_at)
        # A clock that stepped back must not hold a batch up.
        return waited_s >= self._period_s(group) or waited_s < 0

    def _note_quiet(self, group: Sequence[WaitingRecord]) -> None:
        """Where only reads wait, which are not due for long, they need not be looked at every time."""
        if all(record.iss == self._settings.member for record in group):
            self._quiet_until = self._clock() + self._settings.anchor_period_s

    def _is_quiet(self) -> bool:  # a clock that stepped back ends it
        return 0 < self._quiet_until - self._clock() <= self._settings.anchor_period_s

    def _period_s(self, group: Sequence[WaitingRecord]) -> float:
        """How long the records may wait: where nobody but the gateway spoke, of reads, a few periods."""
        only_reads = all(record.iss == self._settings.member for record in group)
        return self._settings.anchor_period_s * (READ_PERIODS if only_reads else 1)

    def _signed(self, batch: NewBatch, taken: Collection[int | None]) -> tuple[int, bytes]:
        """The nonce, none of those `taken`, and the bytes to send."""
        if self._next_nonce is None:
            self._next_nonce = self._ledger.next_nonce(self._account.address)
        while self._next_nonce in taken:
            self._next_nonce += 1
        nonce = self._next_nonce
        raw = self._ledger.prepare(anchor(batch.root, batch.count, batch.entries), self._account, nonce)
        self._next_nonce = nonce + 1
        return nonce, raw

    # -- step 2: they are sent -------------------------------------------------------------------------------------

    def _resume(self) -> bool:
        """Takes up every open batch where the chain says that it stands; whether there were any."""
        self._flying, self._next_nonce = [], None
        with self._store.reading() as connection:
            unfinished = open_batches(connection)
        stands: list[_Landed] = []
        unsent: list[OutboxBatch] = []
        for batch in unfinished:
            index = self._ledger.find_batch_index(batch.batch_id)
            if index is not None:
                stands.append(_Landed(batch, index, None))
            elif batch.raw_tx is None and not self._is_ours(batch):
                # Another gateway on this store made it and died: its id names that gateway's account.
                with self._store.writing() as connection:
                    check_lease(connection, self._held())
                    dissolve_batch(connection, batch.id)
                self._tracing.dissolved(batch.id)
            else:
                unsent.append(batch)
        self._close(stands)
        self._send(self._lane(unsent))
        return bool(unfinished)

    def _lane(self, batches: Sequence[OutboxBatch]) -> list[OutboxBatch]:
        """The batches in order of their nonces; those that have none are signed first."""
        ready = [batch for batch in batches if batch.raw_tx is not None]
        unsigned = [batch for batch in batches if batch.raw_tx is None]
        own = sorted(_nonce(batch) for batch in ready if self._is_ours(batch))
        if own and not unsigned and own[0] > self._ledger.next_nonce(self._account.address):
            # A lower nonce was given to a batch that another transaction anchored: the last one takes its place.
            unsigned = [batch for batch in ready if _nonce(batch) == own[-1]]
        for batch in unsigned:
            nonce, raw = self._signed(batch, own)
            with self._store.writing() as connection:
                check_lease(connection, self._held())
                note_transaction(connection, batch.id, nonce, raw)
            ready = [one for one in ready if one.id != batch.id] + [replace(batch, nonce=nonce, raw_tx=raw)]
        return sorted(ready, key=_nonce)

    def _is_ours(self, batch: OutboxBatch) -> bool:
        """Whether this gateway's account anchors it, and not another's on this store."""
        return batch.gateway == self._account.address.lower()

    def _send(self, batches: Sequence[OutboxBatch]) -> None:
        for batch in batches:
            with self._tracing.batch_step(batch.id, "send"):
                try:
                    tx_hash = self._ledger.send_raw(batch.raw_tx or b"")
                except RpcRefused:
                    # The engine will never take these bytes (nonce spent by another transaction of this account).
                    self._forget(batch)
                    raise
            self._flying.append(_Flight(batch, tx_hash, self._clock()))

    def _forget(self, batch: OutboxBatch) -> None:
        with self._store.writing() as connection:
            check_lease(connection, self._held())
            note_transaction(connection, batch.id, None, None)

    # -- steps 3 and 4: they are compared and marked ---------------------------------------------------------------

    def _land(self) -> bool:
        """Marks the batches that stand in a block by now; whether there were any. Then raises what was met, if any."""
        landed: list[_Landed] = []
        fault: LedgerFault | None = None
        while self._flying and fault is None:
            flight = self._flying[0]
            try:
                found = self._arrived(flight)
            except LedgerFault as met:
                fault = met
            else:
                if found is None:
                    break
                landed.append(found)
                del self._flying[0]
        self._close(landed)
        if fault is not None:
            raise fault
        return bool(landed)

    def _arrived(self, flight: _Flight) -> _Landed | None:
        """Where a batch that was sent is anchored; None while it waits for its block, which may take its time."""
        batch = flight.batch
        try:
            receipt = self._ledger.wait(flight.tx_hash, 0)
        except NotInBlockYet:
            if 0 <= self._clock() - flight.since < self._settings.receipt_wait_s:
                return None
            raise NotInBlockYet(flight.tx_hash, self._settings.receipt_wait_s) from None
        except AlreadyAnchored as known:
            return _Landed(batch, known.index, None)
        except ContractRefused:
            # The nonce is spent and the batch is not anchored (the account may not anchor): sign anew next time.
            self._forget(batch)
            raise
        index = self._ledger.find_batch_index(batch.batch_id)
        if index is None:
            raise NotInBlockYet(receipt.tx_hash, self._settings.receipt_wait_s)
        return _Landed(batch, index, receipt.block)

    def _close(self, landed: Sequence[_Landed]) -> None:
        """Compares the commitments and marks batches and records as anchored."""
        if not landed:
            return
        seen = {one.block: self._ledger.block_timestamp(one.block) for one in landed if one.block is not None}
        times = [self._check_commitment(one, seen) for one in landed]
        marked: list[int] = []
        late = 0
        with self._store.writing(derived=True) as connection:
            check_lease(connection, self._held())
            for one, timestamp in zip(landed, times, strict=True):
                close_batch(connection, one.batch.id, one.index)
                marked.append(mark_anchored(connection, one.batch.id, one.index))
                late += count_late(connection, one.batch.id, timestamp) if marked[-1] else 0
        for one, count in zip(landed, marked, strict=True):
            self._tracing.anchored(one.batch.id, one.index, count)
        self.status.anchored_batches += len(landed)
        self.status.anchored_records += sum(marked)
        self.status.late_records += late

    def _check_commitment(self, landed: _Landed, seen: Mapping[int, int]) -> int:
        """When the batch was anchored, by its block's time; raises WrongCommitment where another stands there."""
        batch, index, block = landed.batch, landed.index, landed.block
        with self._tracing.batch_step(batch.id, "anchored"):
            if block is None:
                found = next(self._ledger.batches(index), None)
                if found is None:
                    raise WrongCommitment(index)
                block, timestamp = found.block, found.timestamp
            else:
                timestamp = seen[block]
            address = bytes.fromhex(batch.gateway[2:])
            entries_hash = keccak256(batch.entries)
            facts = BatchFacts(index, batch.root, batch.count, entries_hash, address, block, timestamp)
            if self._ledger.commitment(index) != facts.commitment(self._ledger.consortium):
                raise WrongCommitment(index)
            return timestamp

    def _note_stall(self, fault: TongguanError) -> None:
        if self.status.stalled_since is None:
            self.status.stalled_since = self._clock()
        self.status.stalls += 1
        self.status.reason, self.status.fault_name = str(fault), type(fault).__name__
        _log.warning("no batch was anchored since %.0f: %s", self.status.stalled_since, fault)


def _nonce(batch: OutboxBatch) -> int:
    """Of a batch that was signed."""
    return batch.nonce or 0
