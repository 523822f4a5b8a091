"""The keeper: writes what was prepared, many offers in one transaction, and says of each what became of it.

Whoever comes first writes for all who wait behind (one flush to disk serves them); there is no thread that could die
and leave clients hanging. Single records go before uploads. Of each offer, in order, as if each had come alone: a
record that is kept already gets its receipt again, whatever speaks against it now; then what was found against it; its
signer as the registry stands at this moment; the room in its lanes; the member's quota; its number; what it amends.

While more records of uploads are being examined, those that are ready wait for them a moment: one transaction for many
writes the pages that they share once. Single records wait for nobody.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from chain.erasures import ErasureText
from chain.errors import MalformedRecord, StoreFault, TongguanError
from chain.lifecycle import RecordState
from chain.sdjwt import ACCESS_TYPE
from gateway.access.rate_limits import RateLimits
from gateway.ingest.erasures import ErasureJudge, check_erasure
from gateway.ingest.mandates import MandateRemark, find_unmandated, refusal_of
from gateway.ingest.named_records import check_amends, check_findings
from gateway.ingest.pipeline import Candidate, Rejection
from gateway.ingest.validation import SPEAKS_OF_FINDINGS, RecordValidator
from gateway.membership.registry import Registry
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.records import (
    NewRecord,
    RecordStatus,
    count_in_lanes,
    find_by_number,
    find_held,
    find_held_many,
    insert_records,
)
from gateway.store.replicas import set_receipt
from gateway.store.search import WaitingFacts, insert_waiting
from gateway.store.store import Store, Transaction

RECORDS_PER_COMMIT_MAX = 2_000
"""More records a transaction gain nothing and hold single records up for longer."""
GATHER_S = 0.25
"""How long records of uploads wait, at most, for others that are being examined."""


@dataclass(frozen=True)
class Acceptance:
    """That a record is kept, with its receipt; `is_new` is false where it was kept before."""

    record_id: str
    receipt: str
    state: RecordState
    is_new: bool
    remarks: tuple[MandateRemark, ...] = ()
    """What its issuer should know: whom it acts for without a mandate."""


SubmissionResult = Acceptance | TongguanError


@dataclass(eq=False)
class PendingCommit:
    """Offers that wait to be written together; read it only through `GroupCommit.verdicts`."""

    offers: Sequence[Candidate]
    offered_at: float
    """Monotonic seconds."""
    is_single: bool
    """Posted alone: it goes before uploads, of which even the last line keeps its place."""
    verdicts: list[SubmissionResult] | None = None
    fault: BaseException | None = None

    @property
    def is_done(self) -> bool:
        """Whether somebody wrote them, or failed to."""
        return self.verdicts is not None or self.fault is not None


@dataclass
class GroupCommit:
    """Keeps records for one gateway; shared between threads."""

    store: Store
    registry: Registry
    examiner: RecordValidator
    quotas: RateLimits
    lane_records_max: int
    """Most records of one issuer for one consignment, where the registry says nothing."""
    clock: Callable[[], float]
    refuses_unmandated: bool = False
    """Whether a declaration for a member without its mandate is refused; else it is kept and marked."""
    erasures: ErasureJudge = field(default_factory=ErasureJudge)
    _singles: deque[PendingCommit] = field(default_factory=deque)
    _uploads: deque[PendingCommit] = field(default_factory=deque)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _gathering: threading.Lock = field(default_factory=threading.Lock)
    _counts: threading.Lock = field(default_factory=threading.Lock)
    _queued = _expected = 0
    """Records of uploads that are ready, and that are being examined."""
    _enough: threading.Event = field(default_factory=threading.Event)
    """Set when whoever gathers need not wait for more."""

    @contextmanager
    def expecting(self, count: int) -> Iterator[None]:
        """So many records of an upload are being examined in the block, and will be offered if they can."""
        self._count(expected=count)
        try:
            yield
        finally:
            self._count(expected=-count)

    def offer(self, offers: Sequence[Candidate], *, single: bool = False) -> PendingCommit:
        """Puts offers in line, at once; lines are served in order."""
        ticket = PendingCommit(offers, time.monotonic(), single)
        if single:
            self._singles.append(ticket)
        else:
            self._uploads.append(ticket)
            self._count(queued=len(offers))
        return ticket

    def verdicts(self, ticket: PendingCommit) -> list[SubmissionResult]:
        """Of each offer what became of it, once that is durable; where the store fails, that is the verdict of each.

        Waits for the ticket's turn, or takes it: then writes for all who wait too.
        """
        while not ticket.is_done:
            # One upload gathers at a time, and nobody's single record waits behind it.
            with nullcontext() if ticket.is_single else self._gathering:
                if not ticket.is_done and not ticket.is_single:
                    self._gather()
                with self._turn:
                    if not ticket.is_done:
                        self._serve(self._drawn())
        if ticket.verdicts is None:
            raise ticket.fault or TongguanError("a fault of the gateway")
        return ticket.verdicts

    def _count(self, *, queued: int = 0, expected: int = 0) -> None:
        with self._counts:
            self._queued += queued
            self._expected += expected
        if self._is_enough():
            self._enough.set()

    def _is_enough(self) -> bool:
        return not self._expected or self._queued >= RECORDS_PER_COMMIT_MAX

    def _gather(self) -> None:
        """Waits for more records of uploads, unless enough wait, none is coming, or the first waited long."""
        self._enough.clear()
        if self._uploads and not self._is_enough():
            self._enough.wait(max(0.0, self._uploads[0].offered_at + GATHER_S - time.monotonic()))

    def _drawn(self) -> list[PendingCommit]:
        """Single records where any wait, else as many chunks of uploads as one transaction takes."""
        drawn: list[PendingCommit] = []
        queue = self._singles or self._uploads
        count = 0
        while queue and (not drawn or count + len(queue[0].offers) <= RECORDS_PER_COMMIT_MAX):
            drawn.append(queue.popleft())
            count += len(drawn[-1].offers)
        if queue is self._uploads:
            self._count(queued=-count)
        return drawn

    def _serve(self, tickets: list[PendingCommit]) -> None:
        """Answers every ticket, whatever happens: nobody waits for ever."""
        offers = [offer for ticket in tickets for offer in ticket.offers]
        try:
            try:
                verdicts = self._written(offers)
            except StoreFault as fault:
                if len(tickets) > 1:
                    # Two gateways on one store may have crossed; what is wrong with one must not be told of another.
                    for ticket in tickets:
                        self._serve([ticket])
                    return
                verdicts = [fault] * len(offers)
            at = 0
            for ticket in tickets:
                ticket.verdicts = verdicts[at : at + len(ticket.offers)]
                at += len(ticket.offers)
        except BaseException as fault:
            for ticket in tickets:
                ticket.fault = ticket.fault or fault
            raise

    def _written(self, offers: Sequence[Candidate]) -> list[SubmissionResult]:
        with self.store.writing() as connection:
            return _Group(connection, self, offers).kept()

    def check_erasure(self, connection: Transaction, new: NewRecord, text: ErasureText) -> None:
        """That an offered erasure may erase what it names; raises MalformedRecord, GatewayRefusal."""
        ucrs = frozenset(ucr for ucr, _, _ in new.entries)
        check_erasure(connection, self.store, self.erasures, self.registry.snapshot(), new.iss, ucrs, text)

    def lane_limit(self) -> int:
        """How many records one issuer may say of one UCR now."""
        try:
            return self.registry.snapshot().lane_records_max(self.lane_records_max)
        except GatewayRefusal:
            return self.lane_records_max  # the chain is silent, so every record is refused whatever its lane holds

    def is_member(self, uscc: str) -> bool:
        """Whether it is a member now, so that it could give a mandate."""
        try:
            return self.registry.snapshot().is_active_member(uscc)
        except GatewayRefusal:
            return False  # the chain is silent, so every record is refused whoever it acts for

    def standing(self) -> Callable[[NewRecord], TongguanError | None]:
        """What speaks against a record's signer now: a key revoked since the record was examined is not accepted."""
        known: dict[tuple[str, str, str], TongguanError | None] = {}
        try:
            snapshot = self.registry.snapshot()
        except GatewayRefusal as refusal:
            silent = refusal
            return lambda new: silent

        def asked(new: NewRecord) -> TongguanError | None:
            signer = (new.kid, new.iss, new.vct)
            if signer not in known:
                known[signer] = None
                try:
                    self.examiner.check_signer(*signer, snapshot)
                except TongguanError as error:
                    known[signer] = error
            return known[signer]

        return asked


class _Group:
    """The offers of one transaction."""

    def __init__(self, connection: Transaction, keeper: GroupCommit, offers: Sequence[Candidate]) -> None:
        self._connection = connection
        self._quotas = keeper.quotas
        self._lane_records_max = keeper.lane_limit()
        self._prefixes = keeper.examiner.tag_keys.prefixes
        self._lane_counts = self._count_lanes(offers)
        self._standing = keeper.standing()
        self._offers = offers
        self._verdicts: dict[int, SubmissionResult] = {}
        self._doubtful: dict[int, Rejection] = {}
        self._run: list[tuple[int, NewRecord]] = []
        self._run_ids: set[str] = set()
        self._new: dict[str, int] = {}
        """Record id to its place in the group."""
        self._facts: list[WaitingFacts] = []
        self._check_erasure = keeper.check_erasure
        self._refuses_unmandated, self._is_member = keeper.refuses_unmandated, keeper.is_member
        self._unmandated = find_unmandated(connection, offers, keeper.clock(), keeper.is_member)

    def kept(self) -> list[SubmissionResult]:
        """The verdicts, in order; everything is written when the transaction ends."""
        for place, offer in enumerate(self._offers):
            if isinstance(offer, Rejection):
                self._doubtful[place] = offer
            elif (error := self._refusal(offer, self._unmandated.get(place, ()))) is not None:
                self._doubtful[place] = Rejection(offer.record_id, error)
            else:
                self._add(place, offer)
        self._write_run()
        self._answer_doubtful()
        insert_waiting(self._connection, self._facts)
        return [self._marked(place) for place in range(len(self._offers))]

    def _marked(self, place: int) -> SubmissionResult:
        verdict, remarks = self._verdicts[place], self._unmandated.get(place, ())
        return replace(verdict, remarks=remarks) if remarks and isinstance(verdict, Acceptance) else verdict

    def _count_lanes(self, offers: Sequence[Candidate]) -> dict[bytes, int]:
        """How many records the lanes of these offers hold by now."""
        filed = (offer for offer in offers if isinstance(offer, NewRecord) and offer.vct != ACCESS_TYPE)
        return count_in_lanes(self._connection, (tag for offer in filed for _, tag, _ in offer.entries))

    def _lane_refusal(self, new: NewRecord) -> GatewayRefusal | None:
        """Why one of the record's lanes takes no more; else its places there are taken."""
        if new.vct == ACCESS_TYPE:
            return None
        for ucr, tag, _ in new.entries:
            if self._lane_counts.get(tag, 0) >= self._lane_records_max:
                return GatewayRefusal(
                    "lane-full",
                    f"{new.iss} has said {self._lane_records_max} records of {ucr} already, as many as one may",
                    field="ucr",
                )
        for _, tag, _ in new.entries:
            self._lane_counts[tag] = self._lane_counts.get(tag, 0) + 1
        return None

    def _refusal(self, new: NewRecord, remarks: Sequence[MandateRemark]) -> TongguanError | None:
        if self._refuses_unmandated and (wrong := refusal_of(remarks, self._is_member)) is not None:
            return wrong
        if (error := self._standing(new) or self._lane_refusal(new)) is not None:
            return error
        try:
            self._quotas.take(new.iss, 1, new.size)
        except GatewayRefusal as refusal:
            return refusal
        return None

    def _add(self, place: int, new: NewRecord) -> None:
        is_alone = new.vct in SPEAKS_OF_FINDINGS or new.erasure is not None
        if new.amends is not None or is_alone:
            if is_alone or new.amends in self._run_ids:
                self._write_run()
            try:
                if new.erasure is not None:
                    self._check_erasure(self._connection, new, new.erasure)
                if new.amends is not None:
                    check_amends(self._connection, new, new.amends)
                check_findings(self._connection, new, self._prefixes)
            except (GatewayRefusal, MalformedRecord) as refusal:
                self._verdicts[place] = self._taken(new) or refusal
                return
        self._run.append((place, new))
        self._run_ids.add(new.record_id)

    def _write_run(self) -> None:
        """Writes what was added; of what is there already, says what it is."""
        if not self._run:
            return
        seqs = insert_records(self._connection, [new for _, new in self._run])
        for (place, new), seq in zip(self._run, seqs, strict=True):
            if seq is None:
                continue
            self._new[new.record_id] = place
            if new.facts:
                self._facts.append(WaitingFacts(seq, new.facts, [tag for _, tag, _ in new.entries]))
            self._verdicts[place] = Acceptance(new.record_id, new.receipt, RecordState.ACCEPTED, is_new=True)
        for (place, new), seq in zip(self._run, seqs, strict=True):
            if seq is None:
                self._verdicts[place] = self._taken(new) or StoreFault(f"record {new.record_id} was not written")
        self._run, self._run_ids = [], set()

    def _taken(self, new: NewRecord) -> SubmissionResult | None:
        """The acceptance of a record that is kept, or whose number it has; None where it is new in both."""
        if (known := find_held(self._connection, new.record_id)) is not None:
            self._quotas.give_back(new.iss, 1, new.size)
            if not known.receipt:
                # It came from another gateway first; now that its issuer brings it here too, it gets our receipt.
                set_receipt(self._connection, new.record_id, new.receipt)
                return Acceptance(new.record_id, new.receipt, known.state, is_new=False)
            return _again(known)
        if (other := find_by_number(self._connection, new.iss, new.jti)) is not None:
            return GatewayRefusal("jti-taken", f"jti {new.jti} is the number of record {other}", field="jti")
        return None

    def _answer_doubtful(self) -> None:
        """A record that was kept before it came here is answered as such; the others hear what speaks against them."""
        known = find_held_many(self._connection, [one.record_id for one in self._doubtful.values() if one.record_id])
        for place, one in self._doubtful.items():
            held = known.get(one.record_id)
            came_later = self._new.get(one.record_id, -1) > place
            # What another gateway took was promised there, not here.
            is_promised = held is not None and held.receipt and not came_later
            self._verdicts[place] = _again(held) if held is not None and is_promised else one.error


def _again(known: RecordStatus) -> Acceptance:
    return Acceptance(known.record_id, known.receipt, known.state, is_new=False)
