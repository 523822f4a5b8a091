"""The desk's key: an officer's decision about a finding, signed here for a member that has said so in the settings.

A browser never holds a key, and an officer has no shell. A member that runs a gateway may give its desk a registered
key of its own, which signs nothing but `audit.disposition` for operators with the right `dispose`; it is revoked
singly.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from chain.claims import JTI_SECRET_BYTES, make_jti
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.records import AuditDisposition, Disposition, sign_record
from chain.sdjwt import SignedRecord
from gateway.runtime.refusals import GatewayRefusal
from gateway.settings import GatewaySettings

Outcome = Literal["confirmed", "cleared", "ignored"]


@dataclass(frozen=True)
class DispositionDesk:
    """Signs decisions about findings; shared between threads."""

    keys: Mapping[str, SigningKey]
    """By USCC of the member that decides."""
    consortium: str
    clock: Callable[[], float]
    number_secret: bytes = field(default_factory=lambda: secrets.token_bytes(JTI_SECRET_BYTES), repr=False)
    """Numbers the desk's records. Drawn at each start: without it nobody can test a guess of what was decided."""

    @classmethod
    def open(cls, settings: GatewaySettings, consortium: str, clock: Callable[[], float]) -> DispositionDesk:
        """The desk with the keys that the settings name; raises MalformedKey, OSError."""
        passphrase = settings.passphrase_file.read_bytes().strip() if settings.desk_keys else b""
        keys = {
            str(member): SigningKey.load(file.read_bytes(), passphrase) for member, file in settings.desk_keys.items()
        }
        return cls(keys, consortium, clock)

    def sign(
        self, member: str, operator: str, ucr: str, rule: str, findings: Collection[str], outcome: Outcome, reason: str
    ) -> SignedRecord:
        """The member's decision; the same one again, until the next start, is the same record.

        Raises GatewayRefusal, Malformed.
        """
        key = self.keys.get(member)
        if key is None:
            raise GatewayRefusal(
                "role",
                "this gateway holds no desk key of your member",
                fix="Sign with `tongguan findings dispose`, or have the gateway's operator set `desk_keys`",
            )
        decision = Disposition(
            rule=rule, findings=tuple(sorted(findings)), outcome=outcome, reason=reason, operator=operator or None
        )
        return sign_record(
            AuditDisposition(ucr=(Ucr.parse(ucr),), disposition=decision),
            key=key,
            iss=member,
            consortium=self.consortium,
            iat=int(self.clock()),
            # A double click says the same thing of the same findings: one record, not two.
            jti=make_jti(self.number_secret, "desk", ucr, decision.model_dump_json()),
        )
