"""The adapter: takes one member's messages, turns each entity into a signed record, submits it, and says so to the
source.

At least once in, exactly once out: a message is kept in the journal before anything is done about it, a record is
kept signed before it is submitted, and a message is acknowledged when nothing is left to do about any of its
entities. A crash at any point only repeats steps that change nothing the second time. One runner runs for one
member, with that member's key alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import httpx
from pydantic import ValidationError

from adapters.message import Entity, ReadMessage, message_digest
from adapters.registry import read_message
from adapters.runner.amendments import Amending, reference_key
from adapters.runner.attachment_hashes import AttachmentHashes
from adapters.runner.drafts import DraftFollower
from adapters.runner.journal import Journal, JournalEntity, JournalMessage
from adapters.runner.retry_policy import Progress, RunnerSettings, RunReport
from adapters.runner.settlement import Settlement
from adapters.runner.standing_names import StandingNames
from adapters.runner.submission import Gateway, Outcome, Submission, record_jti, submit_many
from adapters.runner.ucr_resolution import Assign, NotYet, Placing
from adapters.sources.envelope import Envelope
from adapters.sources.single_window import Message, SingleWindowFault, Source
from chain.back_off import BackOff
from chain.errors import Malformed, MalformedMessage, NotFound, StoreFault, TongguanError
from chain.keys import SigningKey
from chain.records import sign_record
from chain.records.base import malformed_record
from chain.sdjwt import SignedRecord

LOG = logging.getLogger("tongguan.adapters")
FOREIGN_SENDER_CODE = "4002"
"""Our code for words that this member may not say."""
UNPLACED_CODE = "4003"
"""Our code for what no known consignment or earlier record could be found for."""
ANSWERS_KEPT_AT_ONCE = 100


@dataclass(frozen=True)
class _Signed:
    entity: JournalEntity
    record: SignedRecord
    references: tuple[tuple[str, str, str], ...]
    lodged: str
    """When the single window says that its message was lodged."""


class AdapterRunner:
    """One member's adapter."""

    def __init__(
        self,
        member: str,
        key: SigningKey,
        consortium: str,
        *,
        jti_secret: bytes,
        source: Source,
        gateway: Gateway,
        journal: Journal,
        settings: RunnerSettings | None = None,
        assign: Assign | None = None,
        may_say: Callable[[str], bool] | None = None,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        """`member` is its USCC, `consortium` the 64 hex digits of the consortium id, `jti_secret` numbers its records.

        With `assign`, an entity whose UCR nobody gives is lodged as new goods; without, it waits for the gateway
        to know it. `may_say` tells which record types the member may issue (default: all): customs' replies that it
        may not say are read for its drafts alone.
        """
        self.member = member
        self.journal = journal
        self._key = key
        self._jti_secret = jti_secret
        self._consortium = consortium
        self._source = source
        self._gateway = gateway
        self._settings = settings or RunnerSettings()
        self._placing = Placing(gateway, assign)
        self._amending = Amending(journal, self._entity)
        self._drafts = DraftFollower(journal, may_say or (lambda record_type: True))
        self._names = StandingNames(gateway, clock)
        self._attachments = AttachmentHashes(journal, source)
        self._settlement = Settlement(journal, source)
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - jitter only
        self._after = 0
        self._rescanned_at = clock()
        self._told_faults: set[str] = set()
        self._read: dict[int, ReadMessage] = {}
        self.report = RunReport()

    def run_once(self) -> Progress:
        """One round: fetch, read, sign, submit, settle. Raises only `StoreFault`, where the journal itself fails."""
        faults: list[str] = []
        taken = self._take(faults)
        refused = self._read_taken(faults)
        signed, parked = self._sign_due(faults)
        submitted, more_parked = self._submit_due(faults)
        settled = self._settlement.settle(self._settings.batch_messages_max, faults)
        self._read.clear()
        self._placing.forget()
        progress = Progress(taken, refused, signed, submitted, parked + more_parked, settled, tuple(faults))
        if not progress.idle or faults:
            # Said once while it lasts: an adapter that waits for its gateway must not look merely idle.
            for fault in sorted(set(faults) - self._told_faults):
                LOG.warning("%s cannot go on yet: %s", self.member, fault)
            LOG.info("round", extra={"member": self.member, **{k: v for k, v in vars(progress).items() if v}})
        self._told_faults = set(faults)
        return progress

    def _try_once(self) -> Progress:
        try:
            return self.run_once()
        except StoreFault as fault:
            self._read.clear()
            if str(fault) not in self._told_faults:
                LOG.warning("%s cannot go on yet: %s", self.member, fault)
            self._told_faults = {str(fault)}
            return Progress(faults=(str(fault),))

    def name_of(self, envelope: Envelope) -> str:
        """What its source calls a message: the file that it came in, else its id."""
        find_name = getattr(self._source, "find_name", None)
        return (find_name(envelope) if find_name else None) or envelope.id

    def run_until_stopped(self, stop: threading.Event) -> None:
        """Rounds until the event is set; the round under way is finished.

        A journal that fails, as one on a full disk does, is told and tried again: nothing is acknowledged meanwhile.
        """
        failures = 0
        while not stop.is_set():
            progress = self._try_once()
            if progress.faults:
                failures += 1
                stop.wait(self._pause_s(failures))
                continue
            failures = 0
            if progress.idle:
                due = self.journal.next_due()
                until_due_s = self._settings.poll_s if due is None else max(0.02, due - self._clock())
                stop.wait(min(self._settings.poll_s, until_due_s))

    def run_until_settled(self, *, stop: threading.Event | None = None) -> Progress:
        """Rounds until the source has nothing more and nothing is left to try; for a folder of files. Raises
        `StoreFault`."""
        stop = stop or threading.Event()
        total, failures = Progress(), 0
        while not stop.is_set():
            progress = self.run_once()
            total = total.plus(progress)
            due = self.journal.next_due()
            failures = failures + 1 if progress.faults else 0
            if failures > self._settings.attempts_max or (progress.idle and due is None and not progress.faults):
                break
            if progress.idle or progress.faults:
                until_due_s = 0.0 if due is None else due - self._clock()
                stop.wait(max(0.02, self._pause_s(failures) if failures else until_due_s))
        return total

    # Taking: after this the message is in the journal, whatever happens to us.

    def _take(self, faults: list[str]) -> int:
        if self._clock() - self._rescanned_at >= self._settings.rescan_s:
            self._after, self._rescanned_at = 0, self._clock()
        taken = 0
        try:
            while taken < self._settings.batch_messages_max:
                page = self._source.fetch(self._after, self._settings.page_messages)
                if page.next == self._after:
                    break
                taken += self._keep(page.messages)
                self._after = page.next
        except (SingleWindowFault, NotFound) as error:
            faults.append(str(error))
        return taken

    def _keep(self, messages: Sequence[Message]) -> int:
        taken = 0
        with self.journal.transaction():
            for message in messages:
                if self.journal.take(message.envelope, message.body, message.name):
                    taken += 1
                else:
                    self._settle_again(message)
        return taken

    def _settle_again(self, message: Message) -> None:
        # Settled here but handed over again: our word was lost on the way. It is said once more by `settlement.py`.
        known = self.journal.find_message(message.envelope, message_digest(message.body))
        if known is not None and known.state == "settled":
            self.journal.set_message(known.place, "malformed" if known.code else "done")

    # Reading: a message that cannot be used becomes `malformed`, and nothing of it is ever submitted.

    def _read_taken(self, faults: list[str]) -> int:
        refused = 0
        with self.journal.transaction():
            for message in self.journal.messages("taken", self._settings.batch_messages_max):
                try:
                    refused += self._is_refused(message)
                except SingleWindowFault as error:
                    # An attached file cannot be had now: nothing was written, and the message is read again.
                    faults.append(str(error))
                    break
        return refused

    def _is_refused(self, message: JournalMessage) -> bool:
        try:
            if message.envelope.sender != self.member:
                raise MalformedMessage("sender", "is this adapter's member", code=FOREIGN_SENDER_CODE)
            read = self._reading(message)
        except (MalformedMessage, ValidationError) as problem:
            # A value that a reader let through and its record's model does not take: the message's fault all the same.
            error = problem if isinstance(problem, MalformedMessage) else malformed_record("message", problem)
            self.journal.set_message(message.place, "malformed", error.code, str(error))
            LOG.warning("%s: message %s is refused: %s %s", self.member, message.envelope.id, error.code, error)
            self.report.refused.append(message.place)
            return True
        entities = [(e.ordinal, e.record.TYPE if e.record else "", _first_state(e), e.note) for e in read.entities]
        self._attachments.keep(message.place, read.entities)  # first, since it may raise
        self.journal.begin_entities(message.place, entities)
        for draft in read.entities:
            if draft.is_draft:
                self._drafts.keep(message.place, draft)
        return False

    def _reading(self, message: JournalMessage) -> ReadMessage:
        if message.place not in self._read:
            self._read[message.place] = read_message(message.body, sent_on=message.envelope.sent_on)
        return self._read[message.place]

    # Signing: the signed bytes are in the journal before anyone else sees them.

    def _sign_due(self, faults: list[str]) -> tuple[int, int]:
        signed: list[_Signed] = []
        count = parked = 0
        messages: dict[int, JournalMessage] = {}
        due = self.journal.due("waiting", self._clock(), self._settings.batch_entities_max)
        for entity in due:
            if entity.place not in messages:
                messages[entity.place] = self.journal.get_message(entity.place)
        # In the order in which they were lodged, so that an amendment seldom comes before what it amends.
        for entity in sorted(due, key=lambda one: messages[one.place].envelope.sent_at):
            try:
                read = self._entity(messages[entity.place], entity.ordinal)
                if self._drafts.is_evidence(read.record):
                    note = self._drafts.follow(read)
                    self.journal.set_entity(entity, "unrecorded", reason=note, now=self._clock())
                    continue
                if read.amends is not None:
                    # The record that this one replaces may be among those not written yet.
                    count += self._keep_signed(signed)
                signed.append(self._sign(messages[entity.place], entity, read))
            except NotYet as reason:
                parked += self._wait(entity, str(reason))
            except Malformed as error:
                self.journal.set_entity(entity, "parked", code=error.code, reason=str(error), now=self._clock())
                self.report.parked.add((entity.place, entity.ordinal))
                parked += 1
            except (TongguanError, httpx.HTTPError) as error:
                faults.append(str(error))
                break
        return count + self._keep_signed(signed), parked

    def _entity(self, message: JournalMessage, ordinal: int) -> Entity:
        for entity in self._reading(message).entities:
            if entity.ordinal == ordinal:
                return entity
        raise MalformedMessage("message", f"has an entity {ordinal}, as it had when it was first read")

    def _sign(self, message: JournalMessage, known: JournalEntity, entity: Entity) -> _Signed:
        entity = self._drafts.proven(known, entity)
        if entity.record is None:
            raise MalformedMessage("message", f"has a record for entity {known.ordinal}, as it had when first read")
        amends = self._amending.find(message, entity, entity.record) or self._drafts.find_amended(entity)
        ucrs = self._placing.find_ucrs(message.envelope, entity, entity.record)
        if amends is not None:
            # An amendment that leaves one of its predecessor's consignments out does not count.
            ucrs = (*ucrs, *self._amending.find_ucrs(amends))
        record = self._attachments.fill(message.place, entity.record).for_ucrs(ucrs)
        record = record.with_names(self._names.find(record, self.member))
        signed = sign_record(
            record,
            key=self._key,
            iss=self.member,
            consortium=self._consortium,
            iat=int(self._clock()),
            jti=record_jti(self._jti_secret, message.envelope, entity.ordinal, message.sha256),
            amends=amends,
        )
        keys = tuple(reference_key(reference, entity.part) for reference in record.references)
        return _Signed(known, signed, keys, message.envelope.sent_at)

    def _keep_signed(self, signed: list[_Signed]) -> int:
        with self.journal.transaction():
            for one in signed:
                record = one.record
                self.journal.keep_signed(one.entity, record.serialize(), record.record_id, one.references, one.lodged)
        count = len(signed)
        signed.clear()
        return count

    # Submitting: the same bytes until the gateway has answered.

    def _submit_due(self, faults: list[str]) -> tuple[int, int]:
        submitted = parked = 0
        due = self.journal.due("signed", self._clock(), self._settings.batch_entities_max)
        records = [SignedRecord.parse(entity.record) for entity in due]
        answers: list[tuple[JournalEntity, Submission]] = []
        for answered in zip(due, submit_many(self._gateway, records), strict=False):
            answers.append(answered)
            if len(answers) >= ANSWERS_KEPT_AT_ONCE:
                submitted, parked = self._keep_answers(answers, faults, submitted, parked)
        return self._keep_answers(answers, faults, submitted, parked)

    def _keep_answers(
        self, answers: list[tuple[JournalEntity, Submission]], faults: list[str], submitted: int, parked: int
    ) -> tuple[int, int]:
        # A crash before this is written only means that the same bytes are submitted once more.
        now = self._clock()
        with self.journal.transaction():
            for entity, answer in answers:
                if answer.outcome is Outcome.ACCEPTED:
                    self.journal.set_entity(entity, "submitted", receipt=answer.receipt, now=now)
                    self.report.submitted.add((entity.place, entity.ordinal))
                    submitted += 1
                elif answer.outcome is Outcome.REFUSED:
                    self.journal.set_entity(entity, "parked", code=answer.code, reason=answer.reason, now=now)
                    self.report.parked.add((entity.place, entity.ordinal))
                    LOG.warning("%s: record %s is parked: %s", self.member, entity.record_id, answer.reason)
                    parked += 1
                elif answer.outcome is Outcome.WAIT:
                    parked += self._wait(entity, answer.reason)
                else:
                    faults.append(answer.reason)
        answers.clear()
        return submitted, parked

    def _wait(self, entity: JournalEntity, reason: str) -> int:
        now = self._clock()
        if entity.attempts + 1 >= self._settings.attempts_max:
            self.journal.set_entity(entity, "parked", code=UNPLACED_CODE, reason=reason, now=now)
            self.report.parked.add((entity.place, entity.ordinal))
            LOG.warning("%s: entity %s/%s is parked: %s", self.member, entity.place, entity.ordinal, reason)
            return 1
        pause_s = self._pause_s(entity.attempts + 1)
        self.journal.set_entity(entity, entity.state, reason=reason, now=now, next_try=now + pause_s)
        return 0

    def _pause_s(self, attempt: int) -> float:
        settings = self._settings
        back_off = BackOff(settings.retry_first_s, settings.retry_max_s, settings.retry_growth)
        return back_off.pause_s(attempt) * self._random.uniform(0.5, 1.5)


def _first_state(entity: Entity) -> str:
    """The state in which the journal begins with an entity."""
    if entity.is_draft:
        return "draft"
    return "waiting" if entity.record else "unrecorded"
