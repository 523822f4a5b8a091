"""Whether a record may be taken: every check that needs only the record, the registry's snapshot and the time.

Pure: no store, no network, no clock. What depends on other records (`jti`, `amends`) is for `intake.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from chain.errors import MalformedRecord
from chain.keys import KeyAlgorithm
from chain.members import MemberKind, PolicyName, Role
from chain.proof.batch import entry_digest, number_digest
from chain.proof.own_number import INVOICE_KIND, own_numbers
from chain.records import GOVERNORS_ONLY, Record, TradeMandate, parse_record
from chain.rules.pack import RULES
from chain.sdjwt import SignedRecord
from gateway.access.rate_limits import RateLimits
from gateway.membership.registry import Signer, Snapshot
from gateway.membership.tag_keys import TagKeys, purpose_of
from gateway.runtime.refusals import GatewayRefusal

ENTRIES_MAX = 512
"""Most UCRs and invoice numbers of a record: each becomes an entry, and all entries of a record share a batch."""


MEMBER_SM2_RECORDS_PER_S = 50.0
"""Where no setting says another number."""

SPEAKS_OF_FINDINGS = frozenset({"audit.finding", "audit.disposition", "trade.explanation"})
"""Types about one consignment of which something must have been said."""


@dataclass(frozen=True)
class Entry:
    """One entry of a record: the consignment, the issuer's lane of it, and what binds the record to it."""

    ucr: str
    tag: bytes
    digest: bytes


class NumberEntry(NamedTuple):
    """The entry of a number that a record says as its issuer's own: nothing links it to a consignment."""

    tag: bytes
    digest: bytes


@dataclass(frozen=True)
class ValidatedRecord:
    """A record that nothing speaks against, as far as one can tell without other records."""

    signed: SignedRecord
    record: Record
    entries: tuple[Entry, ...]
    numbers: tuple[NumberEntry, ...]

    @property
    def placed(self) -> list[tuple[bytes, bytes]]:
        """(tag, entry digest) of all its entries, those of its numbers last."""
        return [*((one.tag, one.digest) for one in self.entries), *self.numbers]


class Sm2Limits:
    """How many signatures of SM2 each member may have verified a second: one costs a hundred times one of P-256.

    Each process that examines records counts by itself; a copy for another process begins with full buckets.
    """

    def __init__(self, records_per_s: float) -> None:
        self._records_per_s = records_per_s
        self._limits = RateLimits(records_per_s, time.monotonic, what="records signed with SM2")

    def take(self, member: str) -> None:
        """Takes one signature of the member's share; raises GatewayRefusal (429) where it is used up."""
        self._limits.take(member, 1)

    def __reduce__(self) -> tuple[type[Sm2Limits], tuple[float]]:
        return Sm2Limits, (self._records_per_s,)


@dataclass(frozen=True)
class RecordValidator:
    """What records are examined against."""

    consortium: str
    """64 lowercase hex digits."""
    rules: Mapping[str, Role]
    """Record type to the roles that may say it."""
    tag_keys: TagKeys
    clock_skew_s: int
    record_age_max_s: int
    rule_pack: bytes = b""
    """Hash of the rule pack that this gateway has itself; empty where it has none."""
    sm2_limits: Sm2Limits = field(default_factory=lambda: Sm2Limits(MEMBER_SM2_RECORDS_PER_S))

    def examine(self, signed: SignedRecord, snapshot: Snapshot, batch_count: int, now_s: float) -> ValidatedRecord:
        """The record with its entries; raises MalformedRecord or GatewayRefusal with the first thing against it."""
        self.check(signed, snapshot, now_s)
        examined = self.understand(signed, batch_count)
        self.check_audit(examined.record, snapshot)
        return examined

    def check_mandate(self, signed: SignedRecord, record: Record) -> None:
        """That one side of a mandate is said by that side, names both, and ends no earlier than it begins.

        Raises MalformedRecord.
        """
        if not isinstance(record, TradeMandate):
            return
        head = record.mandate
        if head.principal == head.agent or signed.iss not in (head.principal, head.agent):
            raise MalformedRecord(
                "mandate", "is said by its principal or its agent, two members", value=signed.iss,
                fix="Each side says its own record: the principal or the agent is the issuer",
            )  # fmt: skip
        if not {head.principal, head.agent} <= set(record.names):
            raise MalformedRecord(
                "names", "has principal and agent of the mandate", fix="Add both USCCs to the section names"
            )
        if head.ends < head.starts:
            raise MalformedRecord("mandate.ends", "is no earlier than mandate.starts", value=head.ends)

    def check_audit(self, record: Record, snapshot: Snapshot) -> None:
        """That a finding names one consignment, the agreed rule pack and a rule of it, and what follows of one, one.

        Raises GatewayRefusal, MalformedRecord.
        """
        if record.TYPE not in SPEAKS_OF_FINDINGS:
            return
        if len(record.ucr) != 1:
            raise MalformedRecord("ucr", f"names one consignment in {record.TYPE}", value=len(record.ucr))
        finding = getattr(record, "finding", None)
        if finding is None:
            return
        agreed = snapshot.find_policy(PolicyName.RULE_PACK)
        if agreed is None:
            raise GatewayRefusal(
                "rule-pack",
                "the members have agreed on no rule pack",
                field="finding.pack",
                fix="Have the governors agree on one: tongguan proposal propose policy rule-pack FILE",
            )
        if finding.pack != agreed.hex():
            raise GatewayRefusal(
                "rule-pack",
                f"pack {finding.pack} is not the agreed one, {agreed.hex()}",
                field="finding.pack",
                fix="Run the risk desk with the agreed rules and tables",
            )
        if self.rule_pack == agreed and finding.rule not in RULES:
            raise GatewayRefusal("rule-pack", f"{finding.rule} is no rule of the agreed pack", field="finding.rule")

    def check(self, signed: SignedRecord, snapshot: Snapshot, now_s: float) -> None:
        """That it is whole, in time, and signed by who may say its type; raises MalformedRecord, GatewayRefusal."""
        if signed.consortium != self.consortium:
            raise GatewayRefusal(
                "wrong-consortium", f"aud is {signed.consortium}, here is {self.consortium}", field="aud"
            )
        if not signed.is_fully_disclosed():
            raise GatewayRefusal(
                "withheld", "not every section is disclosed", fix="Send the record with all its disclosures"
            )
        self._check_time(signed.iat, now_s)
        signer = self.check_signer(signed.kid, signed.iss, signed.vct, snapshot)
        if signer.key.algorithm is KeyAlgorithm.SM2:
            self.sm2_limits.take(signer.member)
        if not signed.verify(signer.key):
            raise GatewayRefusal("bad-signature", "the signature is not this key's signature of the record")
        if not signed.has_low_s():
            # Last, so that it is said to the key's holder alone: the record is its own and needs the other twin.
            raise GatewayRefusal(
                "high-s",
                "s of the ES256 signature is above half the order of P-256",
                field="signature",
                fix="Put n - s in place of s; n is the order of P-256",
            )

    def understand(self, signed: SignedRecord, batch_count: int) -> ValidatedRecord:
        """The typed record of one that was checked, with its entries; raises MalformedRecord."""
        record = parse_record(signed)
        self.check_mandate(signed, record)
        if (count := len(record.ucr) + _count_invoices(signed, record)) > ENTRIES_MAX:
            raise MalformedRecord(
                "references",
                f"a record has at most {ENTRIES_MAX} UCRs and invoice numbers together",
                value=count,
                fix="Divide it into several records",
            )
        numbers = self._number_entries(signed, batch_count)
        return ValidatedRecord(signed, record, self._entries(signed, batch_count), numbers)

    def check_signer(self, kid: str, iss: str, vct: str, snapshot: Snapshot) -> Signer:
        """The key as it counts now; raises MalformedRecord or GatewayRefusal unless it may say this type for `iss`."""
        signer = snapshot.get_signer(kid)
        if signer.member != iss:
            raise GatewayRefusal("wrong-signer", f"key {kid} belongs to {signer.member}, not to {iss}", field="iss")
        self._check_role(vct, signer)
        return signer

    def _check_time(self, iat: int, now_s: float) -> None:
        if iat > now_s + self.clock_skew_s:
            raise GatewayRefusal("clock", f"iat lies {iat - now_s:.0f} s in the future", field="iat")
        if iat < now_s - self.record_age_max_s:
            raise GatewayRefusal("clock", f"iat lies {now_s - iat:.0f} s in the past", field="iat")

    def _check_role(self, vct: str, signer: Signer) -> None:
        allowed = self.rules.get(vct)
        if allowed is None:
            raise MalformedRecord("vct", "is a record type of the record rules", value=vct)
        if vct in GOVERNORS_ONLY and signer.member_version.kind is not MemberKind.GOVERNOR:
            raise GatewayRefusal("role", f"{vct} is for governors to say", field="vct")
        if not signer.member_version.roles & allowed:
            names = ", ".join(str(role.name) for role in Role if role in allowed)
            raise GatewayRefusal("role", f"{vct} is for members with a role of {names}", field="vct")

    def _entries(self, signed: SignedRecord, batch_count: int) -> tuple[Entry, ...]:
        purpose, tag = purpose_of(signed), self.tag_keys.lane_tag
        return tuple(
            Entry(str(ucr), tag(str(ucr), signed.iss, batch_count, purpose), entry_digest(signed, digest))
            for digest, ucr in signed.ucr_elements()
        )

    def _number_entries(self, signed: SignedRecord, batch_count: int) -> tuple[NumberEntry, ...]:
        return tuple(
            NumberEntry(self.tag_keys.number_tag(number, batch_count), number_digest(signed, digest))
            for digest, number in own_numbers(signed)
        )


def _count_invoices(signed: SignedRecord, record: Record) -> int:
    """How many invoice numbers the record says; its references are read where there may be too many alone."""
    if len(signed.sections["ucr"]) + len(signed.sections.get("references", ())) <= ENTRIES_MAX:
        return 0
    return sum(reference.kind == INVOICE_KIND for reference in record.references)
