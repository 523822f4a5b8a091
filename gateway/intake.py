"""Intake: a record is examined, made durable, and only then promised by a receipt.

Crash order: the receipt is signed before the commit and stored with the record, so that a crash after the commit leaves
a record whose issuer asks again and gets that very receipt; a crash before it leaves nothing. The same record again is
answered from the store, also when its key was revoked meanwhile: what was promised stays promised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from chain.errors import StoreFault, TongguanError
from chain.index_store import IndexStore
from chain.keys import SigningKey
from chain.records import Record
from chain.sdjwt import SignedRecord
from gateway.examination import Examined, Examiner
from gateway.problems import GatewayRefusal
from gateway.quotas import Quotas
from gateway.receipts import sign_receipt
from gateway.registry import Registry
from gateway.settings import GatewaySettings
from gateway.store.model import RecordState
from gateway.store.records import (
    Held,
    NewRecord,
    count_waiting,
    find_amended,
    find_by_number,
    find_held,
    insert_record,
)
from gateway.store.store import Store

OUTBOX_LOOK_S = 1.0
"""How old the count of waiting records may be that the bound is held against."""
OUTBOX_RETRY_S = 5.0
AMENDS_RETRY_S = 2.0

Deriver = Callable[[Connection, int, SignedRecord, Record], None]
"""Writes what can be found by (search facts) in the record's own transaction: (connection, seq, signed, typed)."""


@dataclass(frozen=True)
class Acceptance:
    """That a record is kept, with its receipt; `is_new` is false where it was kept before."""

    record_id: str
    receipt: str
    state: RecordState
    is_new: bool


class Intake:
    """Takes records. Safe to call from many threads."""

    def __init__(
        self,
        settings: GatewaySettings,
        store: Store,
        registry: Registry,
        index: IndexStore,
        examiner: Examiner,
        signer: SigningKey,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._store = store
        self._registry = registry
        self._index = index
        self._examiner = examiner
        self._signer = signer
        self._clock = clock
        self._quotas = Quotas(settings.member_records_per_s, clock)
        self._outbox_lock = threading.Lock()
        self._outbox_count, self._outbox_seen_at = 0, float("-inf")
        self.accepted_count = self.refused_count = 0
        """Since start, for the metrics."""
        self.derivers: list[Deriver] = []
        """Each is called for every new record, inside its transaction."""

    def accept(self, body: bytes) -> Acceptance:
        """Takes one SD-JWT; raises Malformed, GatewayRefusal, StoreFault with why not. Then nothing was kept."""
        try:
            done = self._accept(body)
        except TongguanError:
            self.refused_count += 1
            raise
        self.accepted_count += done.is_new
        return done

    def _accept(self, body: bytes) -> Acceptance:
        found = self._look(body)
        if isinstance(found, Acceptance):
            return found
        try:
            with self._store.writing() as connection:
                return self._keep(connection, found)
        except IntegrityError:
            return self._lost_race(found.signed)

    def _look(self, body: bytes) -> Acceptance | Examined:
        """The acceptance of a record that is kept already, or the record examined; raises what speaks against it."""
        signed = SignedRecord.parse(body)
        with self._store.reading() as connection:
            if (known := find_held(connection, signed.record_id)) is not None:
                return _again(known)
        self._check_outbox()
        examined = self._examine(signed)
        self._quotas.take(signed.iss, 1)
        return examined

    def _keep_each(self, examined: Sequence[Examined]) -> list[Acceptance | TongguanError]:
        kept: list[Acceptance | TongguanError] = []
        if not examined:
            return kept
        with self._store.writing() as connection:
            for one in examined:
                try:
                    kept.append(self._keep(connection, one))
                except GatewayRefusal as refusal:  # raised before anything of this record was written
                    kept.append(refusal)
        return kept

    def _keep_alone(self, examined: Examined) -> Acceptance | TongguanError:
        try:
            with self._store.writing() as connection:
                return self._keep(connection, examined)
        except TongguanError as error:
            return error
        except IntegrityError:
            try:
                return self._lost_race(examined.signed)
            except TongguanError as error:
                return error

    def accept_each(self, bodies: Sequence[bytes]) -> list[Acceptance | TongguanError]:
        """Takes many in one transaction, so that one flush to disk serves all; a bad one spoils no other.

        For each, in order, its acceptance or what speaks against it. Where the store fails, nothing of them was kept.
        """
        verdicts: list[Acceptance | TongguanError | None] = [None] * len(bodies)
        examined: list[tuple[int, Examined]] = []
        for place, body in enumerate(bodies):
            try:
                found = self._look(body)
            except TongguanError as error:
                verdicts[place] = error
                continue
            if isinstance(found, Acceptance):
                verdicts[place] = found
            else:
                examined.append((place, found))
        try:
            kept = self._keep_each([one for _, one in examined])
        except (StoreFault, IntegrityError):
            # Another gateway on this store took one of these meanwhile, or the store failed: each on its own.
            kept = [self._keep_alone(one) for _, one in examined]
        for (place, _), verdict in zip(examined, kept, strict=True):
            verdicts[place] = verdict
        done = [one for one in verdicts if one is not None]
        self.refused_count += sum(isinstance(one, TongguanError) for one in done)
        self.accepted_count += sum(isinstance(one, Acceptance) and one.is_new for one in done)
        return done

    def waiting(self) -> int:
        """How many records wait for the chain, at most `OUTBOX_LOOK_S` old."""
        with self._outbox_lock:
            now = self._clock()
            if not 0 <= now - self._outbox_seen_at < OUTBOX_LOOK_S:
                with self._store.reading() as connection:
                    self._outbox_count = count_waiting(connection)
                self._outbox_seen_at = now
            return self._outbox_count

    def _check_outbox(self) -> None:
        if (waiting := self.waiting()) >= self._settings.outbox_records_max:
            raise GatewayRefusal(
                "outbox-full", f"{waiting} records wait for the chain already", retry_after_s=OUTBOX_RETRY_S
            )

    def _examine(self, signed: SignedRecord) -> Examined:
        batch_count = self._index.progress().batch_count
        return self._examiner.examine(signed, self._registry.snapshot(), batch_count, self._clock())

    def _keep(self, connection: Connection, examined: Examined) -> Acceptance:
        signed = examined.signed
        if (known := find_held(connection, signed.record_id)) is not None:
            return _again(known)
        if (other := find_by_number(connection, signed.iss, signed.jti)) is not None:
            raise GatewayRefusal("jti-taken", f"jti {signed.jti} is the number of record {other}", field="jti")
        self._check_amends(connection, examined)
        accepted_at = int(self._clock())
        anchor_by = accepted_at + self._settings.anchor_promise_s
        receipt = sign_receipt(
            gateway=self._settings.member,
            consortium=self._examiner.consortium,
            record_id=signed.record_id,
            entries=[(entry.tag, entry.digest) for entry in examined.entries],
            accepted_at=accepted_at,
            anchor_by=anchor_by,
            key=self._signer,
        )
        new = NewRecord(
            signed,
            examined.record,
            [(entry.ucr, entry.tag, entry.digest) for entry in examined.entries],
            receipt,
            accepted_at,
            anchor_by,
        )
        seq = insert_record(connection, self._store.vault, new)
        for derive in self.derivers:
            derive(connection, seq, signed, examined.record)
        return Acceptance(signed.record_id, receipt, RecordState.ACCEPTED, is_new=True)

    def _check_amends(self, connection: Connection, examined: Examined) -> None:
        amends = examined.signed.amends
        if amends is None:
            return
        found = find_amended(connection, amends)
        if found is None:
            raise GatewayRefusal(
                "amends-unknown", f"record {amends} is not known here yet", field="amends", retry_after_s=AMENDS_RETRY_S
            )
        amended, ucrs = found
        same = (amended.iss, amended.vct) == (examined.signed.iss, examined.signed.vct)
        if not same or not ucrs & {entry.ucr for entry in examined.entries} or amended.state is RecordState.REFUSED:
            raise GatewayRefusal(
                "amends-mismatch",
                f"record {amends} is of another issuer, type or consignment, or was refused",
                field="amends",
            )

    def _lost_race(self, signed: SignedRecord) -> Acceptance:
        """Another request (or another gateway on this store) kept the record or its number a moment before."""
        with self._store.reading() as connection:
            if (known := find_held(connection, signed.record_id)) is not None:
                return _again(known)
        raise GatewayRefusal("jti-taken", f"jti {signed.jti} is the number of another record", field="jti")


def _again(known: Held) -> Acceptance:
    return Acceptance(known.record_id, known.receipt, known.state, is_new=False)
