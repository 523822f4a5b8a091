"""From a record's text to the rows that it becomes: everything about intake that needs no other record and no store.

ValidatedRecord, compressed, encrypted and promised: what comes out only has to be written. Pure but for the salts of
encryption and signature, so it can be done in other processes (`verifiers.py`); one record or a thousand take the same
way. What speaks against a record comes out as a value beside the record's id, since a record that is kept already is
answered with its receipt whatever speaks against it now.

A group of records takes each step together before the next step begins: the code of one step stays in the processor's
cache, where that of all steps does not fit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chain.erasures import erasure_of
from chain.errors import MalformedRecord, TongguanError
from chain.keys import SigningKey
from chain.mandates import DECLARING_TYPES, mandate_of
from chain.records import Record
from chain.records.fastpath import parse_signed
from chain.sdjwt import RECORD_CHARS_MAX, SignedRecord
from gateway.ingest.mandates import acts_of, scope_of
from gateway.ingest.receipts import Promised, sign_receipts
from gateway.ingest.validation import SPEAKS_OF_FINDINGS, Entry, NumberEntry, RecordValidator, ValidatedRecord
from gateway.membership.registry import Snapshot
from gateway.search_index.extract import references_of
from gateway.search_index.facts import cited_by, findable, pack_findable
from gateway.store.look_ups import WAITING_FACTS
from gateway.store.records import NewRecord, hidden_part
from gateway.store.vault import Vault

LINE_BYTES_MAX = RECORD_CHARS_MAX + 8
RECORDS_TOGETHER = 64
"""Records that take each step together: a quarter faster than one by one."""
BYTES_TOGETHER_MAX = 1 << 20
"""What the records of one group hold at most, but for a single one."""

_log = logging.getLogger("gateway.ingest.pipeline")


@dataclass(frozen=True)
class ValidationContext:
    """What records are examined against at one moment."""

    snapshot: Snapshot
    batch_count: int
    now_s: float


@dataclass(frozen=True)
class Rejection:
    """What speaks against a record; its id is empty where the text is none."""

    record_id: str
    error: TongguanError


Candidate = NewRecord | Rejection
"""What is offered to the keeper: rows to write, or what speaks against them."""


@dataclass(frozen=True)
class ReceiptTerms:
    """Who promises, and how long anchoring may take."""

    gateway: str
    consortium: str
    anchor_promise_s: int


@dataclass(slots=True)
class _Draft:
    """One record on its way; each step fills in what the later ones need."""

    body: bytes
    signed: SignedRecord = field(init=False)
    examined: ValidatedRecord = field(init=False)
    references: list[tuple[str, str, str, str]] = field(init=False)
    """Key and day of each, in its order."""
    facts: bytes = field(init=False)
    scope: tuple[list[str], list[str]] = ([], [])
    """Customs offices and HS codes of a declaration for others."""
    receipt: str = field(init=False)
    offer: NewRecord = field(init=False)
    record_id: str = ""
    unfit: Rejection | None = None


@dataclass(frozen=True)
class Preparer:
    """Prepares records for one gateway. Safe to call from many threads."""

    examiner: RecordValidator
    vault: Vault
    signer: SigningKey
    promise: ReceiptTerms

    def prepare(self, body: bytes, against: ValidationContext | TongguanError) -> Candidate:
        """The offer of one SD-JWT. Where nothing is taken now, `against` says why; the record's id is told still."""
        (offer,) = self._prepared([_Draft(body)], against)
        return offer

    def prepare_lines(self, lines: Sequence[bytes], against: ValidationContext | TongguanError) -> list[Candidate]:
        """The offers of an upload's lines, each a JSON string that holds one SD-JWT; a bad line spoils no other."""
        offers: list[Candidate] = []
        group: list[_Draft] = []
        size = 0
        for line in lines:
            if len(group) == RECORDS_TOGETHER or (group and size + len(line) > BYTES_TOGETHER_MAX):
                offers += self._prepared(group, against)
                group, size = [], 0
            group.append(_draft(line))
            size += len(line)
        return offers + self._prepared(group, against)

    def prepare_replica(
        self,
        signed: SignedRecord,
        record: Record | None,
        entries: Sequence[Entry],
        numbers: Sequence[NumberEntry],
        accepted_at: int,
    ) -> NewRecord:
        """The rows of a record that another gateway accepted and that stands in a batch; it has no receipt of ours.

        `record` is what it says where it is disclosed whole, else None: then nothing of it is searched for.
        """
        draft = _Draft(signed.serialize().encode("ascii"))
        draft.signed, draft.record_id = signed, signed.record_id
        draft.receipt, draft.references, draft.facts = "", [], b""
        if record is not None:
            draft.examined = ValidatedRecord(signed, record, tuple(entries), tuple(numbers))
            self._find(draft)
        self._pack(draft, record, entries, numbers, accepted_at, accepted_at)
        return draft.offer

    def _prepared(self, drafts: Sequence[_Draft], against: ValidationContext | TongguanError) -> list[Candidate]:
        _each(drafts, _read)
        if isinstance(against, TongguanError):
            return [draft.unfit or Rejection(draft.record_id, against) for draft in drafts]
        _each(drafts, lambda draft: self.examiner.check(draft.signed, against.snapshot, against.now_s))
        _each(drafts, lambda draft: self._understand(draft, against.batch_count))
        _each(drafts, lambda draft: self.examiner.check_audit(draft.examined.record, against.snapshot))
        _each(drafts, self._find)
        accepted_at = int(against.now_s)
        self._promise([draft for draft in drafts if draft.unfit is None], accepted_at)
        anchor_by = accepted_at + self.promise.anchor_promise_s
        _each(
            drafts,
            lambda draft: self._pack(
                *(draft, draft.examined.record, draft.examined.entries, draft.examined.numbers),
                *(accepted_at, anchor_by),
            ),
        )
        return [draft.unfit or draft.offer for draft in drafts]

    def _understand(self, draft: _Draft, batch_count: int) -> None:
        draft.examined = self.examiner.understand(draft.signed, batch_count)

    def _find(self, draft: _Draft) -> None:
        """What the record can be found by."""
        draft.references = references_of(draft.signed, draft.examined.record)
        keys = frozenset([one[:3] for one in draft.references])
        facts = findable(draft.signed, draft.examined.record, keys)
        # Sealed: numbers stand among the facts, and they lie in the store until they are written under its key.
        if draft.signed.vct in DECLARING_TYPES:
            draft.scope = scope_of(facts)
        draft.facts = b"" if facts is None else self.vault.seal(pack_findable(facts), WAITING_FACTS)

    def _promise(self, drafts: Sequence[_Draft], accepted_at: int) -> None:
        receipts = sign_receipts(
            [Promised(draft.record_id, draft.examined.placed) for draft in drafts],
            gateway=self.promise.gateway,
            consortium=self.promise.consortium,
            accepted_at=accepted_at,
            anchor_by=accepted_at + self.promise.anchor_promise_s,
            key=self.signer,
        )
        for draft, receipt in zip(drafts, receipts, strict=True):
            draft.receipt = receipt

    def _pack(
        self,
        draft: _Draft,
        record: Record | None,
        entries: Sequence[Entry],
        numbers: Sequence[NumberEntry],
        accepted_at: int,
        anchor_by: int,
    ) -> None:
        signed = draft.signed
        draft.offer = NewRecord(
            record_id=signed.record_id,
            iss=signed.iss,
            jti=signed.jti,
            vct=signed.vct,
            kid=signed.kid,
            iat=signed.iat,
            amends=signed.amends,
            jwt=self.vault.pack_public(draft.body[: len(signed.jwt)]),
            disclosures=self.vault.pack_secret(hidden_part(signed, draft.body), signed.record_id),
            receipt=draft.receipt,
            accepted_at=accepted_at,
            anchor_by=anchor_by,
            entries=[(entry.ucr, entry.tag, entry.digest) for entry in entries],
            numbers=[(entry.tag, entry.digest) for entry in numbers],
            references=draft.references,
            documents=[] if record is None else cited_by(signed, record),
            facts=draft.facts,
            withdraws=signed.withdraws,
            about=[] if record is None else _findings_named(record),
            mandate=mandate_of(signed),
            acts=acts_of(signed.iss, signed.vct, entries, self.examiner.tag_keys),
            offices=draft.scope[0],
            goods=draft.scope[1],
            erasure=erasure_of(signed),
        )


def _findings_named(record: Record) -> list[str]:
    """The findings that a disposition or an explanation is about."""
    if record.TYPE not in SPEAKS_OF_FINDINGS:
        return []
    answer = getattr(record, "disposition", None) or getattr(record, "explanation", None)
    return [] if answer is None else [*map(str, answer.findings)]


def _each(drafts: Sequence[_Draft], step: Callable[[_Draft], None]) -> None:
    """Takes a step for every draft that nothing speaks against yet."""
    for draft in drafts:
        if draft.unfit is not None:
            continue
        try:
            step(draft)
        except TongguanError as error:
            draft.unfit = Rejection(draft.record_id, error)
        except Exception:  # noqa: BLE001 - ours, not the sender's: the other lines must not suffer
            _log.critical("a record could not be examined", exc_info=True)
            draft.unfit = Rejection(draft.record_id, TongguanError("a fault of the gateway"))


def _draft(line: bytes) -> _Draft:
    # An SD-JWT needs no escapes in JSON, so the string's content stands there as it is.
    draft = _Draft(line[1:-1])
    if len(line) > LINE_BYTES_MAX or line[:1] != b'"' or line[-1:] != b'"' or b'"' in draft.body or not draft.body:
        said = line[:40].decode(errors="replace")
        draft.unfit = Rejection("", MalformedRecord("line", "is a JSON string that holds one SD-JWT", value=said))
    return draft


def _read(draft: _Draft) -> None:
    draft.signed = parse_signed(draft.body)
    draft.record_id = draft.signed.record_id
