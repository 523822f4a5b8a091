"""Submitting one signed record to the gateway, and what the answer means for whoever holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import httpx

from adapters.sources.envelope import Envelope
from chain.claims import make_jti
from chain.errors import Malformed, NotFound, Refused, TongguanError
from chain.records import parse_record
from chain.sdjwt import SignedRecord
from gateway.client import LATER_SLUGS, WAITS_FOR_ANOTHER, TokenRefused

BULK_LEAST = 8
"""From so many records on, one upload costs less than single requests."""


class RecordSink(Protocol):
    """What submitting needs of `gateway.client.GatewayClient`."""

    def submit(self, record: SignedRecord) -> object:
        """The gateway's receipt; the same record again gives the same one."""


class Gateway(RecordSink, Protocol):
    """What adapters need of `gateway.client.GatewayClient`."""

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        """The UCRs that this reference belongs to; empty where none is known yet."""


class Outcome(Enum):
    """What became of a submission."""

    ACCEPTED = "accepted"
    """The gateway has it for good; the receipt says so."""
    REFUSED = "refused"
    """The gateway will not have it as it is; the same bytes again would be refused again."""
    WAIT = "wait"
    """This record cannot be taken yet (what it amends has not come), others can: the same bytes go again later."""
    LATER = "later"
    """The gateway could not be reached or cannot take it now; nothing is known, so the same bytes go again."""


@dataclass(frozen=True)
class Submission:
    """The outcome with its receipt, or with the gateway's code and reason."""

    outcome: Outcome
    receipt: str = ""
    code: str = ""
    reason: str = ""


def submit(gateway: RecordSink, record: SignedRecord) -> Submission:
    """Submits the record; never raises for what the gateway or the network does."""
    try:
        receipt = gateway.submit(record)
    except TokenRefused as error:
        # Nothing was said of the record: a wrong clock or a key that is not registered yet must not refuse it for good.
        return _later(error)
    except (Refused, Malformed, NotFound) as error:
        return Submission(Outcome.REFUSED, code=str(getattr(error, "code", "")), reason=str(error))
    except (TongguanError, httpx.HTTPError) as error:
        return _later(error)
    return Submission(Outcome.ACCEPTED, receipt=receipt_text(receipt))


def submit_many(gateway: RecordSink, records: Sequence[SignedRecord]) -> Iterator[Submission]:
    """Submits the records in one upload where the gateway can, giving each one's outcome in order.

    Stops after the first `LATER`: the records behind it were not looked at, or nothing is known of them.
    """
    bulk = getattr(gateway, "submit_bulk", None)
    if bulk is None or len(records) < BULK_LEAST:
        for record in records:
            answer = submit(gateway, record)
            yield answer
            if answer.outcome is Outcome.LATER:
                return
        return
    try:
        for verdict in bulk(records):
            answer = _verdict(verdict.receipt, verdict.problem)
            yield answer
            if answer.outcome is Outcome.LATER:
                return
    except (TongguanError, httpx.HTTPError) as error:
        yield Submission(Outcome.LATER, reason=str(error))


def _verdict(receipt: object, problem: Mapping[str, object] | None) -> Submission:
    if problem is None:
        return Submission(Outcome.ACCEPTED, receipt=receipt_text(receipt))
    slug, status = str(problem.get("type", "")).rpartition("/")[2], problem.get("status", 400)
    code, reason = str(problem.get("code", "")), str(problem.get("detail", "refused"))
    if slug in WAITS_FOR_ANOTHER:
        return Submission(Outcome.WAIT, code=code, reason=reason)
    later = slug in LATER_SLUGS or (
        isinstance(status, int) and (status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS)
    )
    return Submission(Outcome.LATER if later else Outcome.REFUSED, code=code, reason=reason)


def _later(error: Exception) -> Submission:
    problem = getattr(error, "problem", None)
    slug = str(problem.get("type", "")).rpartition("/")[2] if isinstance(problem, Mapping) else ""
    outcome = Outcome.WAIT if slug in WAITS_FOR_ANOTHER else Outcome.LATER
    return Submission(outcome, code=str(getattr(error, "code", "")), reason=str(error))


def receipt_text(receipt: object) -> str:
    """The receipt as it was given out."""
    said = getattr(receipt, "text", None)
    return said if isinstance(said, str) else str(receipt)


def record_jti(secret: bytes, envelope: Envelope, ordinal: int, sha256: str) -> str:
    """The `jti` of an entity's record: the same entity always gives the same one, on every machine of the member.

    An HMAC under the member's secret over sender, message id, ordinal and the message's SHA-256 (hex).
    """
    return make_jti(secret, envelope.sender, envelope.id, str(ordinal), sha256)


def record_ucrs(record: str) -> tuple[str, ...]:
    """The consignments that a signed record speaks of."""
    return tuple(map(str, parse_record(SignedRecord.parse(record)).ucr))
