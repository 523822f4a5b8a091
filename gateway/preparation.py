"""From a record's text to the rows that it becomes: everything about intake that needs no other record and no store.

Examined, compressed, encrypted and promised: what comes out only has to be written. Pure but for the salts of
encryption and signature, so it can be done in other processes (`verifiers.py`); one record or a thousand take the same
way. What speaks against a record comes out as a value beside the record's id, since a record that is kept already is
answered with its receipt whatever speaks against it now.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from chain.errors import MalformedRecord, TongguanError
from chain.keys import SigningKey
from chain.records.quick import parse_signed
from chain.sdjwt import RECORD_CHARS_MAX
from gateway.examination import Examined, Examiner
from gateway.receipts import sign_receipt
from gateway.registry import Snapshot
from gateway.search_facts import findable, pack_findable
from gateway.store.records import NewRecord
from gateway.store.vault import Vault

LINE_BYTES_MAX = RECORD_CHARS_MAX + 8

_log = logging.getLogger("gateway.preparation")


@dataclass(frozen=True)
class Against:
    """What records are examined against at one moment."""

    snapshot: Snapshot
    batch_count: int
    now_s: float


@dataclass(frozen=True)
class Unfit:
    """What speaks against a record; its id is empty where the text is none."""

    record_id: str
    error: TongguanError


Offer = NewRecord | Unfit
"""What is offered to the keeper: rows to write, or what speaks against them."""


@dataclass(frozen=True)
class Promise:
    """Who promises, and how long anchoring may take."""

    gateway: str
    consortium: str
    anchor_promise_s: int


@dataclass(frozen=True)
class Preparer:
    """Prepares records for one gateway. Safe to call from many threads."""

    examiner: Examiner
    vault: Vault
    signer: SigningKey
    promise: Promise

    def prepare(self, body: bytes, against: Against | TongguanError) -> Offer:
        """The offer of one SD-JWT. Where nothing is taken now, `against` says why; the record's id is told still."""
        record_id = ""
        try:
            signed = parse_signed(body)
            record_id = signed.record_id
            if isinstance(against, TongguanError):
                return Unfit(record_id, against)
            examined = self.examiner.examine(signed, against.snapshot, against.batch_count, against.now_s)
            return self._offer(examined, int(against.now_s))
        except TongguanError as error:
            return Unfit(record_id, error)
        except Exception:  # noqa: BLE001 - ours, not the sender's: the other lines must not suffer
            _log.critical("a record could not be examined", exc_info=True)
            return Unfit(record_id, TongguanError("a fault of the gateway"))

    def prepare_line(self, line: bytes, against: Against | TongguanError) -> Offer:
        """The offer of one line of a bulk upload: a JSON string that holds one SD-JWT."""
        # An SD-JWT needs no escapes in JSON, so the string's content stands there as it is.
        body = line[1:-1]
        if len(line) > LINE_BYTES_MAX or line[:1] != b'"' or line[-1:] != b'"' or b'"' in body or not body:
            said = line[:40].decode(errors="replace")
            return Unfit("", MalformedRecord("line", "is a JSON string that holds one SD-JWT", value=said))
        return self.prepare(body, against)

    def _offer(self, examined: Examined, accepted_at: int) -> NewRecord:
        signed, record = examined.signed, examined.record
        anchor_by = accepted_at + self.promise.anchor_promise_s
        receipt = sign_receipt(
            gateway=self.promise.gateway,
            consortium=self.promise.consortium,
            record_id=signed.record_id,
            entries=[(entry.tag, entry.digest) for entry in examined.entries],
            accepted_at=accepted_at,
            anchor_by=anchor_by,
            key=self.signer,
        )
        disclosures = "~".join((*(one.encoded for one in signed.disclosures), ""))
        found = findable(signed, record)
        cited = sorted({one.sha256 for one in record.documents if one.sha256 is not None})
        return NewRecord(
            record_id=signed.record_id,
            iss=signed.iss,
            jti=signed.jti,
            vct=signed.vct,
            kid=signed.kid,
            iat=signed.iat,
            amends=signed.amends,
            jwt=self.vault.pack_public(signed.jwt.encode()),
            disclosures=self.vault.pack_secret(disclosures.encode(), signed.record_id),
            receipt=receipt,
            accepted_at=accepted_at,
            anchor_by=anchor_by,
            entries=[(entry.ucr, entry.tag, entry.digest) for entry in examined.entries],
            references=[(*reference.key, reference.on) for reference in record.references],
            documents=[bytes.fromhex(one) for one in cited],
            facts=b"" if found is None else pack_findable(found),
        )
