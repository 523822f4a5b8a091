"""The sealer: groups entries into batches and anchors them, each once, whatever crashes.

Crash order of one batch:

1. the batch is written to the outbox with its records (crash after: `step` finds it open and goes on)
2. the transaction is signed and its bytes are written (crash after: the same bytes are sent, on the same nonce)
3. it is sent (crash after: the chain knows the batch by its id)
4. the stored commitment is compared with our own derivation (a ledger that keeps another is not believed: we stop)
5. batch and records are marked, in one transaction

Anchoring the same batch twice reverts in the contract, so a lost answer, a second sealer or a restored backup costs a
transaction at most, never a double. One account, one nonce lane. A batch takes only as many records as it holds, and a
record whose key stopped counting is refused before its batch is made, so that it holds up nobody else.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from chain.errors import LedgerFault, TongguanError
from chain.ledger import Call, Receipt
from chain.ledger.calls import anchor
from chain.ledger.faults import NotInBlockYet, RpcRefused
from chain.ledger.reverts import AlreadyAnchored, ContractRefused
from chain.proof.batch import BatchFacts, batch_id, entries_root
from chain.proof.hashes import keccak256
from gateway.problems import GatewayRefusal
from gateway.registry import Registry, Snapshot
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
    refuse_record,
    take_lease,
    waiting_records,
    write_batch,
)
from gateway.store.records import count_late, mark_anchored
from gateway.store.store import Store
from gateway.tracing import Tracing

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

LEASE_NAME = "sealer"
BACK_OFF_S = 0.5
"""The first pause after the chain failed us; it doubles up to `BACK_OFF_S_MAX`."""
BACK_OFF_S_MAX = 15.0

_log = logging.getLogger("gateway.sealer")


class WrongCommitment(LedgerFault):
    """The ledger contract keeps another commitment than ours for a batch it says it anchored: nothing is marked."""

    def __init__(self, index: int) -> None:
        self.index = index
        super().__init__(f"the ledger keeps another commitment for batch {index} than the one derived here")


class AnchoringLedger(Protocol):
    """What the sealer asks of `chain.ledger.Ledger`."""

    @property
    def consortium(self) -> bytes: ...
    def next_nonce(self, account: str, *, pending: bool = False) -> int: ...
    def prepare(self, call: Call, sender: LocalAccount, nonce: int) -> bytes: ...
    def send_raw(self, raw: bytes) -> str: ...
    def wait(self, tx_hash: str, timeout_s: float | None = None) -> Receipt: ...
    def find_batch_index(self, batch_id: bytes, block: int | None = None) -> int | None: ...
    def commitment(self, index: int, block: int | None = None) -> bytes: ...
    def batches(self, first: int, *, from_block: int = 0, to_block: int | None = None) -> Iterator[AnchoredFacts]: ...


class AnchoredFacts(Protocol):
    """Where a batch was anchored."""

    @property
    def block(self) -> int: ...
    @property
    def timestamp(self) -> int: ...


@dataclass
class SealerStatus:
    """How the sealer fares, for `/readyz` and the metrics."""

    stalled_since: float | None = None
    """Since when the chain takes no batch (Unix seconds); None while it does."""
    reason: str = ""
    fault_name: str = ""
    """Class of the fault that stalls it, for `/readyz`: the reason may name an endpoint."""
    stopped: str = ""
    """Why it stopped for good; empty while it runs."""
    anchored_batches: int = 0
    anchored_records: int = 0
    refused_records: int = 0
    late_records: int = 0
    """Anchored after the time that their receipts promised."""
    pause_s: float = field(default=BACK_OFF_S)


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
        self._next_nonce: int | None = None
        self.status = SealerStatus()

    def step(self) -> bool:
        """Finishes open batches, then seals a due one; whether anything was anchored.

        Raises WrongCommitment where the chain cannot be believed. Every other fault of the chain is noted in `status`
        and met with a pause by the caller; nothing is lost by it.
        """
        if not self._hold_lease():
            return False
        try:
            with self._store.reading() as connection:
                unfinished = open_batches(connection)
            for batch in unfinished:
                self._finish(batch)
            sealed = self._seal()
            if sealed is not None:
                self._finish(sealed)
        except WrongCommitment as fault:
            self.status.stopped = str(fault)
            raise
        except (LedgerFault, GatewayRefusal) as fault:
            self._note_stall(fault)
            return False
        self.status.stalled_since, self.status.reason, self.status.pause_s = None, "", BACK_OFF_S
        self.status.fault_name = ""
        return bool(unfinished) or sealed is not None

    def close(self) -> None:
        """Gives the lease back; open batches are finished by whoever starts next."""
        if self._lease is not None:
            with self._store.writing() as connection:
                drop_lease(connection, self._lease)
            self._lease = None

    def _hold_lease(self) -> bool:
        with self._store.writing() as connection:
            lease = take_lease(connection, LEASE_NAME, self._holder, int(self._clock()), self._settings.lease_s)
        if lease is None or self._lease is None or lease.fence != self._lease.fence:
            # Whoever held it meanwhile may have used the account's nonces.
            self._next_nonce = None
        self._lease = lease
        return lease is not None

    def _held(self) -> Lease:
        if self._lease is None:
            raise TongguanError("the sealer writes only under its lease")
        return self._lease

    # -- step 1: the batch is written ------------------------------------------------------------------------------

    def _seal(self) -> OutboxBatch | None:
        snapshot = self._registry.snapshot()
        with self._store.reading() as connection:
            waiting = waiting_records(connection, self._settings.batch_entries_max)
        if not waiting or not self._is_due(waiting):
            return None
        began_ns = time.time_ns()
        against = {who: _why_not(*who, snapshot) for who in {(record.kid, record.iss) for record in waiting}}
        bad = {record.seq: reason for record in waiting if (reason := against[record.kid, record.iss])}
        good = [record for record in waiting if record.seq not in bad]
        with self._store.writing() as connection:
            check_lease(connection, self._held())
            for seq, reason in bad.items():
                refuse_record(connection, seq, reason)
            self.status.refused_records += len(bad)
            if not good:
                return None
            batch = write_batch(connection, self._made(good), [record.seq for record in good])
        self._tracing.sealed(batch.id, (record.record_id for record in good), began_ns, batch.count)
        return batch

    def _made(self, chosen: list[WaitingRecord]) -> NewBatch:
        own = [entry for record in chosen for entry in record.entries]
        joined = b"".join(own)
        root = entries_root(own)
        address = bytes.fromhex(self._account.address[2:])
        return NewBatch(
            batch_id=batch_id(root, len(own), keccak256(joined), address),
            root=root,
            count=len(own),
            entries=joined,
            gateway=self._account.address.lower(),
            created_at=int(self._clock()),
        )

    def _is_due(self, waiting: list[WaitingRecord]) -> bool:
        total = sum(len(record.entries) for record in waiting)
        if total >= self._settings.batch_entries_max:
            return True
        waited_s = self._clock() - waiting[0].accepted_at
        # A clock that stepped back must not hold a batch up.
        return waited_s >= self._settings.anchor_period_s or waited_s < 0

    # -- steps 2 to 5 ----------------------------------------------------------------------------------------------

    def _finish(self, batch: OutboxBatch) -> None:
        index = self._ledger.find_batch_index(batch.batch_id)
        block: int | None = None
        if index is None and batch.raw_tx is None and batch.gateway != self._account.address.lower():
            # Another gateway on this store made it and died before it signed: its id names that gateway's account.
            with self._store.writing() as connection:
                check_lease(connection, self._held())
                dissolve_batch(connection, batch.id)
            self._tracing.dissolved(batch.id)
            return
        if index is None:
            with self._tracing.batch_step(batch.id, "send"):
                index, block = self._send(batch)
        with self._tracing.batch_step(batch.id, "anchored"):
            timestamp = self._check_commitment(batch, index, block)
            with self._store.writing() as connection:
                check_lease(connection, self._held())
                close_batch(connection, batch.id, index)
                marked = mark_anchored(connection, batch.id, index)
                late = count_late(connection, batch.id, timestamp) if marked else 0
        self._tracing.anchored(batch.id, index, marked)
        self.status.anchored_batches += 1
        self.status.anchored_records += marked
        self.status.late_records += late

    def _send(self, batch: OutboxBatch) -> tuple[int, int | None]:
        """Sends the batch and waits; where it was anchored: (index, block where it is known)."""
        raw = self._signed(batch)
        try:
            receipt = self._ledger.wait(self._ledger.send_raw(raw), self._settings.receipt_wait_s)
        except AlreadyAnchored as known:
            self._next_nonce = None
            return known.index, None
        except ContractRefused:
            # The nonce is spent and the batch is not anchored (the account may not anchor): sign anew next time.
            self._forget(batch)
            raise
        except RpcRefused:
            # The engine will never take these bytes (nonce spent by another transaction of this account).
            self._forget(batch)
            raise
        index = self._ledger.find_batch_index(batch.batch_id)
        if index is None:
            raise NotInBlockYet(receipt.tx_hash, self._settings.receipt_wait_s)
        return index, receipt.block

    def _signed(self, batch: OutboxBatch) -> bytes:
        if batch.raw_tx is not None:
            return batch.raw_tx
        if self._next_nonce is None:
            self._next_nonce = self._ledger.next_nonce(self._account.address)
        nonce = self._next_nonce
        raw = self._ledger.prepare(anchor(batch.root, batch.count, batch.entries), self._account, nonce)
        with self._store.writing() as connection:
            check_lease(connection, self._held())
            note_transaction(connection, batch.id, nonce, raw)
        self._next_nonce = nonce + 1
        return raw

    def _forget(self, batch: OutboxBatch) -> None:
        self._next_nonce = None
        with self._store.writing() as connection:
            check_lease(connection, self._held())
            note_transaction(connection, batch.id, None, None)

    def _check_commitment(self, batch: OutboxBatch, index: int, block: int | None) -> int:
        """When the batch was anchored, by its block's time; raises WrongCommitment where another stands there."""
        found = next(self._ledger.batches(index, from_block=block or 0, to_block=block), None)
        if found is None:
            raise WrongCommitment(index)
        facts = BatchFacts(
            index,
            batch.root,
            batch.count,
            keccak256(batch.entries),
            bytes.fromhex(batch.gateway[2:]),
            found.block,
            found.timestamp,
        )
        if self._ledger.commitment(index) != facts.commitment(self._ledger.consortium):
            raise WrongCommitment(index)
        return found.timestamp

    def _note_stall(self, fault: TongguanError) -> None:
        if self.status.stalled_since is None:
            self.status.stalled_since = self._clock()
        else:
            self.status.pause_s = min(2 * self.status.pause_s, BACK_OFF_S_MAX)
        self.status.reason, self.status.fault_name = str(fault), type(fault).__name__
        _log.warning("no batch was anchored since %.0f: %s", self.status.stalled_since, fault)


def _why_not(kid: str, iss: str, snapshot: Snapshot) -> str:
    """Why what `iss` signed with that key may not be anchored now; empty where nothing speaks against it."""
    try:
        signer = snapshot.get_signer(kid)
    except GatewayRefusal as refusal:
        return str(refusal)
    return "" if signer.member == iss else f"key {kid} belongs to {signer.member} now"
