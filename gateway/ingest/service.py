"""Intake: a record is examined, made durable, and only then promised by a receipt.

Crash order: the receipt is signed before the commit and stored with the record, so that a crash after the commit leaves
a record whose issuer asks again and gets that very receipt; a crash before it leaves nothing. The same record again is
answered from the store, also when its key was revoked meanwhile: what was promised stays promised.

One record or an upload go the same way: prepared (`preparation.py`; uploads in processes of their own), then kept
(`group_commit.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from contextvars import Context

from chain.errors import TongguanError
from chain.index_store import IndexStore
from chain.keys import SigningKey
from gateway.access.rate_limits import RateLimits
from gateway.access.retention import RetentionPolicy
from gateway.ingest.erasures import ErasureJudge, ErasureKeeper
from gateway.ingest.group_commit import Acceptance, GroupCommit, PendingCommit, SubmissionResult
from gateway.ingest.pipeline import Candidate, Preparer, ReceiptTerms, ValidationContext
from gateway.ingest.validation import RecordValidator
from gateway.ingest.worker_pool import WorkerPool
from gateway.membership.registry import Registry
from gateway.runtime.record_memory import forget_records
from gateway.runtime.refusals import GatewayRefusal
from gateway.runtime.tracing import Tracing
from gateway.settings import GatewaySettings
from gateway.store.records import NewRecord, count_waiting
from gateway.store.store import Store

OUTBOX_LOOK_S = 1.0
"""How old the count of waiting records may be that the bound is held against."""
OUTBOX_RETRY_S = 5.0
CLOCK_RETRY_S = 30.0
QUIET_S = 1.0
"""Uploads, or single records, are under way until nothing came of one for so long."""


class Intake:
    """Takes records. Safe to call from many threads."""

    def __init__(
        self,
        settings: GatewaySettings,
        store: Store,
        registry: Registry,
        index: IndexStore,
        examiner: RecordValidator,
        signer: SigningKey,
        clock: Callable[[], float],
        tracing: Tracing | None = None,
    ) -> None:
        self._tracing = tracing or Tracing()
        self._settings = settings
        self._store = store
        self._registry = registry
        self._index = index
        self._clock = clock
        promise = ReceiptTerms(settings.member, examiner.consortium, settings.anchor_promise_s)
        self.preparer = Preparer(examiner, store.vault, signer, promise)
        self.verifiers: WorkerPool | None = None
        """Processes that prepare uploads; None: prepared here."""
        self.clock_fault: Callable[[], str] = lambda: ""
        """Why nothing may be promised by the clock now, as a sentence; empty while it is right."""
        self._uploaded_at = self._posted_at = float("-inf")
        retention = settings.retention_policy_file
        judge = ErasureJudge(() if retention is None else (RetentionPolicy.load(retention),))
        self.erasures = ErasureKeeper(store, index, registry, judge, clock, forget_records)
        quotas = RateLimits(settings.member_records_per_s, clock, settings.member_bytes_per_s)
        self._keeper = GroupCommit(
            store,
            registry,
            examiner,
            quotas,
            settings.lane_records_max,
            clock,
            settings.declarations_without_mandate == "refuse",
            self.erasures.judge,
        )
        self._outbox_lock = threading.Lock()
        self._outbox_count, self._outbox_seen_at = 0, float("-inf")
        self._count_lock = threading.Lock()
        self.accepted_count = self.refused_count = 0
        """Since start, for the metrics."""

    def accept(self, body: bytes) -> Acceptance:
        """Takes one SD-JWT; raises Malformed, GatewayRefusal, StoreFault with why not. Then nothing was kept."""
        offer = self._examined(body, self._against())
        (verdict,) = self.verdicts(self._offer_single(offer))
        if isinstance(verdict, TongguanError):
            raise verdict
        return verdict

    def accept_each(self, bodies: Sequence[tuple[bytes, Context]]) -> list[SubmissionResult]:
        """Takes single records that wait together, each with the context of its request; of each what became of it."""
        self._posted_at = time.monotonic()
        against = self._against()
        offers = [who.run(self._examined, body, against) for body, who in bodies]
        tickets = [who.run(self._offer_single, offer) for offer, (_, who) in zip(offers, bodies, strict=True)]
        with ExitStack() as ends:
            for _, who in bodies:
                step = ExitStack()
                who.run(step.enter_context, self._tracing.step("durable commit", records=1))
                ends.callback(who.run, step.close)
            verdicts = [self._keeper.verdicts(ticket)[0] for ticket in tickets]
        return self._counted(verdicts)

    def _examined(self, body: bytes, against: ValidationContext | TongguanError) -> Candidate:
        with self._tracing.step("examination", records=1):
            return self.preparer.prepare(body, against)

    def accept_lines(self, lines: Sequence[bytes]) -> list[SubmissionResult]:
        """Takes the lines of an upload at once; of each, in order, its acceptance or what speaks against it."""
        return self.verdicts(self.offer(self.prepare_lines(lines)))

    def prepare_lines(self, lines: Sequence[bytes]) -> list[Candidate]:
        """The offers of an upload's lines, each a JSON string that holds an SD-JWT; a bad line spoils no other."""
        self._uploaded_at = time.monotonic()
        with self._tracing.step("examination", records=len(lines)), self._keeper.expecting(len(lines)):
            against = self._against()
            if self.verifiers is None:
                return self.preparer.prepare_lines(lines, against)
            return self.verifiers.prepare(lines, against)

    def offer(self, offers: Sequence[Candidate]) -> PendingCommit:
        """Puts offers in line to be kept, at once, in order; `verdicts` tells what became of them."""
        self._brought(offers)
        return self._keeper.offer(offers)

    def _offer_single(self, offer: Candidate) -> PendingCommit:
        self._brought([offer])
        return self._keeper.offer([offer], single=True)

    def _brought(self, offers: Sequence[Candidate]) -> None:
        # Before they are kept: a full batch may be sealed before their verdicts are read.
        self._tracing.brought(one.record_id for one in offers if isinstance(one, NewRecord))

    def verdicts(self, ticket: PendingCommit) -> list[SubmissionResult]:
        """Of each offer, in order, what became of it, once that is durable."""
        with self._tracing.step("durable commit", records=len(ticket.offers)):
            verdicts = self._keeper.verdicts(ticket)
        return self._counted(verdicts)

    def is_uploading(self) -> bool:
        """Whether uploads are under way, so that what can wait should."""
        return time.monotonic() - self._uploaded_at < QUIET_S

    def is_posting(self) -> bool:
        """Whether single records are coming, so that nobody else should hold the store up for long."""
        return time.monotonic() - self._posted_at < QUIET_S

    def close(self) -> None:
        """Ends the verifier processes."""
        if self.verifiers is not None:
            self.verifiers.stop()

    def waiting(self) -> int:
        """How many records wait for the chain, at most `OUTBOX_LOOK_S` old."""
        with self._outbox_lock:
            now = self._clock()
            if not 0 <= now - self._outbox_seen_at < OUTBOX_LOOK_S:
                with self._store.reading() as connection:
                    self._outbox_count = count_waiting(connection)
                self._outbox_seen_at = now
            return self._outbox_count

    def _against(self) -> ValidationContext | TongguanError:
        """What records are examined against now, or why none is taken."""
        if clock_fault := self.clock_fault():
            # A receipt's time of anchoring is dated by the clock; a chain whose head lies ahead of it makes no block.
            return GatewayRefusal("ledger", clock_fault, retry_after_s=CLOCK_RETRY_S)
        try:
            if (waiting := self.waiting()) >= self._settings.outbox_records_max:
                return GatewayRefusal(
                    "outbox-full", f"{waiting} records wait for the chain already", retry_after_s=OUTBOX_RETRY_S
                )
            snapshot = self._registry.snapshot()
            return ValidationContext(snapshot, self._index.progress().batch_count, self._clock())
        except TongguanError as fault:
            return fault

    def _counted(self, verdicts: list[SubmissionResult]) -> list[SubmissionResult]:
        refused = sum(isinstance(one, TongguanError) for one in verdicts)
        accepted = sum(isinstance(one, Acceptance) and one.is_new for one in verdicts)
        with self._count_lock:
            self.refused_count += refused
            self.accepted_count += accepted
        return verdicts
