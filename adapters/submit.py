"""Submitting one signed record to the gateway, and what the answer means for whoever holds it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import httpx

from adapters.envelope import Envelope
from chain.errors import Malformed, NotFound, Refused, TongguanError
from chain.sdjwt import SignedRecord


class Gateway(Protocol):
    """What adapters need of `gateway.client.GatewayClient`."""

    def submit(self, record: SignedRecord) -> object:
        """The gateway's receipt; the same record again gives the same one."""

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        """The UCRs that this reference belongs to; empty where none is known yet."""


class Outcome(Enum):
    """What became of a submission."""

    ACCEPTED = "accepted"
    """The gateway has it for good; the receipt says so."""
    REFUSED = "refused"
    """The gateway will not have it as it is; the same bytes again would be refused again."""
    LATER = "later"
    """The gateway could not be reached or cannot take it now; nothing is known, so the same bytes go again."""


@dataclass(frozen=True)
class Submission:
    """The outcome with its receipt, or with the gateway's code and reason."""

    outcome: Outcome
    receipt: str = ""
    code: str = ""
    reason: str = ""


def submit(gateway: Gateway, record: SignedRecord) -> Submission:
    """Submits the record; never raises for what the gateway or the network does."""
    try:
        receipt = gateway.submit(record)
    except (Refused, Malformed, NotFound) as error:
        return Submission(Outcome.REFUSED, code=str(getattr(error, "code", "")), reason=str(error))
    except (TongguanError, httpx.HTTPError) as error:
        return Submission(Outcome.LATER, reason=str(error))
    return Submission(Outcome.ACCEPTED, receipt=receipt_text(receipt))


def receipt_text(receipt: object) -> str:
    """The receipt as its compact JWS."""
    for name in ("jws", "jwt", "text"):
        said = getattr(receipt, name, None)
        if isinstance(said, str):
            return said
    return str(receipt)


def record_jti(envelope: Envelope, ordinal: int, sha256: str) -> str:
    """The `jti` of an entity's record: the same entity always gives the same one, on any machine.

    base64url of SHA-256 over sender, message id, ordinal and the message's SHA-256 (hex), joined by zero bytes.
    """
    parts = ("tongguan-jti", envelope.sender, envelope.id, str(ordinal), sha256)
    digest = hashlib.sha256(b"\x00".join(part.encode() for part in parts)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
