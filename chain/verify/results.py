"""What the verifier answers: one answer a check, one standing a record, one verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from chain.encoding import Json
from chain.members import AddedBy, Role

NO_ROLE: Final = Role(0)


class Outcome(StrEnum):
    """How one check came out. ERROR and SKIPPED are never a PASS."""

    PASS = "PASS"  # noqa: S105  an outcome, not a password
    FAIL = "FAIL"
    ERROR = "ERROR"
    """The verifier itself could not tell."""
    SKIPPED = "SKIPPED"
    """The bundle or the trust root does not hold what the question needs."""


class Verdict(IntEnum):
    """The answer to the whole bundle, or to one subject of it; its number is the verifier's exit code."""

    VALID = 0
    NO_VERDICT = 2
    """Not a bundle, a trust root of another consortium, or a fault of the verifier itself."""
    UNTRUSTED_CHAIN = 10
    INVALID = 11
    OTHER_SUBJECT = 12
    ENTRIES_MISSING = 20
    UNWITNESSED = 21
    NOT_COVERED = 22
    CANNOT_TELL = 23
    REUSED = 30
    UNPROVEN = 31
    CONTESTED = 32
    COMPROMISED = 33
    REVOKED_SINCE = 34
    AMENDED = 35
    WITHDRAWN = 36

    @property
    def is_refuted(self) -> bool:
        """Whether nothing that the bundle shows may be relied on."""
        return self in (Verdict.UNTRUSTED_CHAIN, Verdict.INVALID, Verdict.NO_VERDICT)


_GRAVEST_FIRST = (
    Verdict.UNTRUSTED_CHAIN,
    Verdict.INVALID,
    Verdict.NO_VERDICT,
    *(one for one in Verdict if one > Verdict.INVALID),
    Verdict.VALID,
)


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """The one verdict where several apply: that of the lowest exit code but 0; VALID where none applies."""
    return min(verdicts, key=_GRAVEST_FIRST.index, default=Verdict.VALID)


@dataclass(frozen=True)
class Said:
    """One sentence in both languages."""

    en: str
    zh: str


@dataclass(frozen=True)
class Answer:
    """How one check came out and why."""

    number: int
    name: str
    outcome: Outcome
    verdict: Verdict
    """What this answer alone makes of the bundle; VALID where it does not speak against it.

    Of a check that was SKIPPED, what that makes of a bundle for which it must be answered.
    """
    reasons: tuple[Said, ...] = ()
    is_of_subjects: bool = False
    """Whether it speaks of records that the bundle is about, and leaves every fact standing."""


class Fate(StrEnum):
    """What became of a gateway's promise."""

    KEPT = "kept"
    BROKEN = "broken"
    EXCUSED = "excused"
    """Not kept, and the issuer's key or membership had ended."""
    NOT_DUE = "not due"
    NOT_SHOWN = "not shown"
    """The bundle does not hold what the question needs."""
    FORGED = "forged"
    """No key of a gateway of this consortium signed it."""


@dataclass(frozen=True)
class ReceiptStanding:
    """What the bundle says of one receipt."""

    receipt: str
    """The compact JWS."""
    record_id: str
    fate: Fate
    why: Said


FINDING_TYPE: Final = "audit.finding"
"""The record type of findings."""


class ReplayOutcome(StrEnum):
    """What came of running a finding again."""

    FOLLOWS = "follows"
    DOES_NOT_FOLLOW = "does not follow"
    CANNOT_TELL = "cannot tell"
    OPINION = "signed opinion"
    """The rule has no data form: nobody can run it again, and who signed it answers for it."""
    AMENDED = "amended"
    """Its signer replaced it by another finding."""
    WITHDRAWN = "withdrawn"
    """Its signer took it back, by it or by a later record."""


@dataclass(frozen=True)
class FindingStanding:
    """What a finding is worth."""

    record: str
    """Its record id."""
    issuer: str
    rule: str
    """Empty where that is not shown."""
    outcome: ReplayOutcome
    why: Said
    follows_now: bool | None = None
    """Whether the rule gives the same on all that the bundle shows; None where it was not run or cannot tell."""


@dataclass(frozen=True)
class OutsideWord:
    """What one outsider said of the header's checkpoint."""

    name: str
    """Of a witness, or of a time-stamp authority."""
    time: int
    """By its own clock, Unix seconds."""


@dataclass(frozen=True)
class ErasedBy:
    """Who had a section erased."""

    record_id: str
    """The `audit.erasure` record that says so."""
    issuer: str
    at: int
    """Time of the block that anchored it, Unix seconds."""
    rule: str
    """`issuer`, `owner` or `governor`."""
    policy: str
    """SHA-256 of the retention policy that it names; empty where it names none."""
    reason: str


@dataclass
class Standing:
    """What the checks found out about one record; filled in as they go."""

    record_id: str
    record_type: str
    issuer: str
    issued_at: int
    """The issuer's own time, Unix seconds."""
    batch: int
    block: int
    anchored_at: int
    """Time of the block, Unix seconds."""
    gateway: str
    """Address of the account that anchored it."""
    gateway_member: str | None = None
    added_by: AddedBy | None = None
    """Who put the issuer's key into the registry."""
    allowed_by: Role = NO_ROLE
    """The issuer's roles in force for its block that may say this type by the rules of that block; none where it does
    not count."""
    is_governors: bool = False
    """Whether its issuer was a governor then."""
    not_counted: Said | None = None
    """Why the record does not count: its key or member was not in force, or it names another consignment."""
    verdict: Verdict = Verdict.VALID
    """What was found against this very record where the bundle is about it."""
    since: tuple[Said, ...] = ()
    """What became of the key and the member later."""
    amends: str | None = None
    amended_by: str | None = None
    """Record id of the newest record that replaces it."""
    withdrawn: bool = False
    """Whether that newest record withdraws it."""
    ucrs: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    """Names of sections of which some element is not shown."""
    erased: dict[str, ErasedBy] = field(default_factory=dict)
    """Those of them that are erased, by name."""
    unread: bool = False
    """Whether it withholds what its filing or standing rests on, so that its entries count as not opened."""
    sections: dict[str, list[Json]] = field(default_factory=dict)
    """The elements that are shown."""


@dataclass(frozen=True)
class Report:
    """The verifier's whole answer."""

    verdict: Verdict
    kind: str
    subject: tuple[str, ...]
    """The UCR, or the record ids."""
    verdicts: Mapping[str, Verdict]
    """The verdict over each subject; `verdict` is the gravest of them."""
    answers: tuple[Answer, ...]
    records: tuple[Standing, ...]
    """In chain order."""
    trust_root: str
    """The trust root's fingerprint, 64 hex digits."""
    receipts: tuple[ReceiptStanding, ...] = ()
    """In the bundle's order; empty where check 15 was not asked."""
    findings: tuple[FindingStanding, ...] = ()
    """What came of running findings again, in chain order; of a finding bundle, of its subject alone."""
    header_number: int | None = None
    header_time: int | None = None
    covered_until_block: int | None = None
    """The last block up to which everything anchored is shown to be covered by the newest checkpoint."""
    covered_batches: int | None = None
    """How many batches that checkpoint covers."""
    checkpoint_block: int | None = None
    """The block in which it was reached; what was anchored shortly before may not be covered."""
    is_complete: bool = False
    """Whether it is a consignment with nothing missing up to `covered_until_block`, under a right checkpoint."""
    pending: int = 0
    """How many entries of the set are without their records and younger than a day; they end `covered_until_block`."""
    cosigned_by: tuple[OutsideWord, ...] = ()
    """The trust root's witnesses who cosigned a log that holds the header's block, where that is proved."""
    stamped_by: tuple[OutsideWord, ...] = ()
    """Time-stamp authorities who saw that note with its cosignatures."""
    votes: int | None = None
    dissent: int | None = None
    remarks: tuple[Said, ...] = ()
    """What the reader must know whatever the verdict: dependence, dissent, misfiled entries, doubled numbers."""
