"""The types of the consignment view and of a record's view. Their fields stand in the order of the JSON.

What a record's section holds is described by the record types' own JSON Schemas.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType, field

from chain.rules.answers import Missing
from gateway.access.policy import Condition
from gateway.consignment.completeness_answers import Completeness
from gateway.consignment.finding_answers import CorroborationLine, OpinionLine
from gateway.consignment.mandates import MandateLine
from gateway.runtime.answer import Answer, Section


class Said(Answer, frozen=True, kw_only=True):
    """One value with the record that says it."""

    value: Section
    record: str
    type: str
    issuer: str


class WeightSaid(Answer, frozen=True, kw_only=True):
    """A weight as one source stated it."""

    what: str
    """gross, net, vgm, cargo_gross, container_tare and so on."""
    of: str | None
    """The container's number; null for the whole."""
    value: Section
    record: str
    type: str
    issuer: str


class TaxSaid(Answer, frozen=True, kw_only=True):
    """Taxes as one source stated them."""

    value: Section
    head: Section
    amended_by: str | None
    """The record that replaces this bill."""
    record: str
    type: str
    issuer: str


class TaxesSaid(Answer, frozen=True, kw_only=True):
    """Taxes by who says them."""

    assessed: list[TaxSaid]
    paid: list[TaxSaid]
    told_by_customs: list[TaxSaid]
    declared: list[TaxSaid]


class ContainerSaid(Answer, frozen=True, kw_only=True):
    """A container and what every source says of it."""

    number: str
    said: list[Said]


class ReferenceSaid(Answer, frozen=True, kw_only=True):
    """A number by which the parties know the goods, with the records that say it."""

    kind: str
    scope: str
    value: str
    records: list[str]


class RecordLine(Answer, frozen=True, kw_only=True):
    """A record's existence, issuer, type and anchoring, and which of its sections are seen."""

    record: str
    type: str
    issuer: str
    issued_at: int
    amends: str | None
    withdraws: str | None
    withdrawn_by: str | UnsetType = UNSET
    """By which record its issuer withdrew it; the view's parts leave out both."""
    state: str
    batch: int | None
    position: int | None
    block: int | None
    anchored_at: int | None
    shown: list[str]
    withheld: list[str]


class RecordAnswer(RecordLine, frozen=True, kw_only=True):
    """One record as its reader sees it."""

    sections: dict[str, list[Any]]
    sd_jwt: str
    """The record with the disclosures that the reader sees: its signature and digests can be checked."""
    reason: str | UnsetType = UNSET
    """Why it was refused; told to its issuer alone."""
    outside: str | UnsetType = UNSET
    """Why it enters no view: nobody who counts named its issuer, or it is beyond what one issuer may say."""
    read_receipt: str | None


class ErasureLine(Answer, frozen=True, kw_only=True):
    """That a section is erased: by whom, when, under which rule."""

    record: str
    """The `audit.erasure` record that says so."""
    by: str
    """USCC of its issuer."""
    at: int | None
    """When it was anchored, Unix seconds; null while it waits for the chain, and is not done yet."""
    rule: str
    """By which its issuer may: `issuer`, `owner` or `governor`."""
    reason: str


class WhyWithheld(Answer, frozen=True, kw_only=True):
    """Why one section is withheld."""

    section: str
    cause: Literal["no-grant", "condition", "other-consignments", "erased"]
    """No line of the policy shows it; one would, were its condition met; the record is of others' goods too; or it is
    erased."""
    grants: list[str]
    """The lines of the policy that would show it, where a condition is all that lacks."""
    erasure: ErasureLine | UnsetType = UNSET
    """Who had it erased, where it is."""


class Withheld(Answer, frozen=True, kw_only=True):
    """Sections of a record that its reader may not see, by name."""

    sections: list[str]
    why: list[WhyWithheld]
    record: str
    type: str
    issuer: str


class ReaderLine(Answer, frozen=True, kw_only=True):
    """Who asked, and why it sees what it sees."""

    member: str
    conditions: list[Condition]
    takes_part_because: str
    own_records_only: bool


class StandingLine(Answer, frozen=True, kw_only=True):
    """That a member belongs to the consignment: as its owner, or by a record that names it."""

    member: str
    named_as: str
    """By whom: owner, broker, customs, operator, or a member that is named itself; `owner` without a record: its UCR.
    """
    record: str | None
    """The record that names it first."""
    sees: bool
    """Whether it takes part, so that the view policy's `party` lines hold for it. Standing alone gives no sight."""
    remark: str
    """`named by operator only`, or empty."""


class Version(Answer, frozen=True, kw_only=True):
    """One version of a declaration."""

    record: str
    amends: str | None
    function: str | None
    stage: str | None
    state: str


class Step(Answer, frozen=True, kw_only=True):
    """One answer of customs about a declaration, and the state that it led to."""

    record: str
    at: str
    code: Section | None
    before: str | None = field(name="from")
    after: str | None = field(name="to")
    moved: bool
    hours: str | None


class RequestSaid(Answer, frozen=True, kw_only=True):
    """A request about a declaration."""

    record: str
    issuer: str
    request: Section | None


class DeclarationThread(Answer, frozen=True, kw_only=True):
    """A declaration with its versions, requests and what customs answered."""

    record: str
    issuer: str
    numbers: list[str]
    state: str | None
    flags: list[str]
    """What stands beside the state: release against guarantee, inspection called, conditional lift-off ..."""
    tax_paid: bool
    declaration: Section | None
    valuation: Section | None
    history: list[Version]
    requests: list[RequestSaid]
    steps: list[Step]


class TimedStep(Answer, frozen=True, kw_only=True):
    """When one thing happened, and the record that says it."""

    step: str
    """`arrival`, `discharge`, `lodging`, `acceptance`, `inspection`, `assessment`, `payment`, `release`, `gate_out`."""
    at: str
    """UTC."""
    record: str


class WaitLine(Answer, frozen=True, kw_only=True):
    """The time between two neighbouring steps."""

    since: str
    until: str
    hours: str
    cause: str
    cause_zh: str
    notes: list[str]
    """What customs wrote beside the answer that ended the wait."""


class Stretch(Answer, frozen=True, kw_only=True):
    """From lodging to release of one declaration."""

    record: str
    state: str | None
    tax_paid: bool
    lodged_at: str | None
    released_at: str | None
    hours_lodged_to_released: str | None
    early: bool
    """Whether it was lodged before the goods arrived (提前申报)."""
    hours_to_release: str | None
    """From arrival or lodging, whichever came later, to release."""
    hours_to_gate_out: str | None
    times: list[TimedStep]
    waits: list[WaitLine]


class LastEvent(Answer, frozen=True, kw_only=True):
    """The last logistics event."""

    code: Section | None
    happened: Section | None
    record: str
    type: str
    issuer: str


class TaxStanding(Answer, frozen=True, kw_only=True):
    """How many bills stand and how many payments, with the last word on either."""

    assessed: int
    paid: int
    record: str
    type: str
    issuer: str


class Overview(Answer, frozen=True, kw_only=True):
    """Customs, logistics and tax in a line each."""

    customs: list[Stretch]
    logistics: LastEvent | None
    tax: TaxStanding | None


class Moment(Answer, frozen=True, kw_only=True):
    """Something that happened, by the time that its source says."""

    at: str
    at_is: Literal["happened", "issued"]
    """Whether `at` is when it happened or, where that is not said or withheld, when the record was issued."""
    code: Section | None
    record: str
    type: str
    issuer: str
    state: str | UnsetType | None = UNSET
    """Of an answer of customs: the state that it led to."""


class FindingLine(Answer, frozen=True, kw_only=True):
    """A disagreement between sources: a governor's signed one, or the gateway's own."""

    by: str
    """USCC of who signed it, or `gateway`."""
    record: str | None
    rule: str | None
    severity: str | None
    records: list[str | None]
    text: str | None
    text_zh: str | UnsetType | None = UNSET
    version: str | UnsetType | None = UNSET
    declared: str | UnsetType | None = UNSET
    computed: str | UnsetType | None = UNSET
    delta: str | UnsetType | None = UNSET
    tolerance: str | UnsetType | None = UNSET
    tables: list[str] | UnsetType = UNSET
    """Root of each reference table used."""
    inputs: list[Section] | UnsetType | None = UNSET
    """Record, field and value of each statement that it rests on."""


class AgreementLine(Answer, frozen=True, kw_only=True):
    """A rule whose sources agree."""

    rule: str
    text: str
    text_zh: str
    records: list[str]
    """The records that agree; one where a record agrees with itself."""


class NotRunLine(Answer, frozen=True, kw_only=True):
    """A rule that could not be run, and why."""

    rule: str
    missing: Missing
    """What is missing: a fact, the reader's right to it, a table, how sums are shared out, or time to pass."""
    text: str
    text_zh: str | None
    in_part: bool
    """True where the rule gave an answer on a part of the consignment."""


class Checks(Answer, frozen=True, kw_only=True):
    """Rules of this gateway that agree or were not run; those that disagree stand under `findings`."""

    version: str
    """Version of the rule pack."""
    tables: dict[str, str]
    """Kind of each reference table at hand to the root over its rows (RFC 9162, 64 hex digits)."""
    agree: list[AgreementLine]
    not_run: list[NotRunLine]


class DueLine(Answer, frozen=True, kw_only=True):
    """What is due, by when, from which record."""

    what: str
    by: str
    record: str


class ConsignmentAnswer(Answer, frozen=True, kw_only=True):
    """All that its reader may see of a consignment, joined into one picture; each value names its record."""

    ucr: str
    reader: ReaderLine
    standing: list[StandingLine]
    """Who belongs to it; empty where the reader sees its own records alone."""
    mandates: list[MandateLine]
    """The owner's mandates, those that ended too."""
    without_mandate: list[str]
    """Declarations and requests that count, by another than the owner and without a mandate of it that covers them."""
    completeness: Completeness
    declarations: list[DeclarationThread]
    status: Overview
    timeline: list[Moment]
    parties: list[Said]
    goods_items: list[Said]
    transport: list[Said]
    containers: list[ContainerSaid]
    weights: list[WeightSaid]
    values: list[Said]
    taxes: TaxesSaid
    documents: list[Said]
    references: list[ReferenceSaid]
    remarks: list[Said]
    findings: list[FindingLine]
    opinions: list[OpinionLine]
    """Findings rule by rule: who signed, who disagrees, what officers decided."""
    corroboration: list[CorroborationLine]
    """Which facts rest on independent sources that agree, on one, or on sources that contradict."""
    checks: Checks
    due: list[DueLine]
    withheld: list[Withheld]
    records: list[RecordLine]
    read_receipt: str | None
    """The gateway's signed word that this read was logged (JWS); null where nothing of others was shown."""
