"""What the routes that read answer, as OpenAPI describes it: the shapes that `gateway.consignment` and `query` make.

The routes write their JSON themselves (a view is made of plain values), so these models only describe. A test holds
real answers against them. What a record's section holds is described by the record types' own JSON Schemas.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from gateway.api.models.findings import Checks, FindingLine
from gateway.api.models.ingest import Answer
from gateway.api.models.times import TimedStep, WaitLine

Section = dict[str, Any]
"""One element of a record's section, as its issuer said it and as far as it is disclosed."""


class Strict(Answer):
    """Base of what is described here: nothing else stands in an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Logged(Strict):
    """Base of every answer that may show others' words."""

    read_receipt: str | None
    """The gateway's signed word that this read was logged (JWS); null where nothing of others was shown."""


class Said(Strict):
    """One value with the record that says it."""

    record: str
    type: str
    issuer: str
    value: Section


class WeightSaid(Said):
    """A weight as one source stated it."""

    what: str
    """gross, net, vgm, cargo_gross, container_tare and so on."""
    of: str | None
    """The container's number; null for the whole."""


class TaxSaid(Said):
    """Taxes as one source stated them."""

    head: Section
    amended_by: str | None
    """The record that replaces this bill."""


class TaxesSaid(Strict):
    """Taxes by who says them."""

    assessed: list[TaxSaid]
    paid: list[TaxSaid]
    told_by_customs: list[TaxSaid]
    declared: list[TaxSaid]


class ContainerSaid(Strict):
    """A container and what every source says of it."""

    number: str
    said: list[Said]


class ReferenceSaid(Strict):
    """A number by which the parties know the goods, with the records that say it."""

    kind: str
    scope: str
    value: str
    records: list[str]


class RecordLine(Strict):
    """A record's existence, issuer, type and anchoring, and which of its sections are seen."""

    record: str
    type: str
    issuer: str
    issued_at: int
    amends: str | None
    state: str
    batch: int | None
    position: int | None
    block: int | None
    anchored_at: int | None
    shown: list[str]
    withheld: list[str]


class RecordAnswer(RecordLine):
    """One record as its reader sees it."""

    sections: dict[str, list[Any]]
    sd_jwt: str
    """The record with the disclosures that the reader sees: its signature and digests can be checked."""
    reason: str | None = None
    """Why it was refused; told to its issuer alone."""
    read_receipt: str | None


class WhyWithheld(Strict):
    """Why one section is withheld."""

    section: str
    cause: Literal["no-grant", "condition", "other-consignments"]
    """No line of the policy shows it; one would, were its condition met; or the record is of others' goods too."""
    grants: list[str]
    """The lines of the policy that would show it, where a condition is all that lacks."""


class Withheld(Strict):
    """Sections of a record that its reader may not see, by name."""

    record: str
    type: str
    issuer: str
    sections: list[str]
    why: list[WhyWithheld]


class ReaderLine(Strict):
    """Who asked, and why it sees what it sees."""

    member: str
    conditions: list[str]
    takes_part_because: str
    own_records_only: bool


class CheckpointSeen(Strict):
    """The checkpoint that a picture is complete up to."""

    index: int
    batch_count: int
    root: str
    votes: int
    dissent: int
    block: int


class Completeness(Strict):
    """Up to where the picture is whole."""

    checkpoint: CheckpointSeen | None
    batches_read: int
    claim: str
    entries: int | None = None
    covered_entries: int | None = None
    not_anchored_yet: int | None = None
    missing: list[Any] | None = None


class Version(Strict):
    """One version of a declaration."""

    record: str
    amends: str | None
    function: str | None
    stage: str | None
    state: str


class Step(Strict):
    """One answer of customs about a declaration, and the state that it led to."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    record: str
    at: str
    code: Section | None
    before: str | None = Field(alias="from")
    after: str | None = Field(alias="to")
    moved: bool
    hours: str | None


class RequestSaid(Strict):
    """A request about a declaration."""

    record: str
    issuer: str
    request: Section | None


class DeclarationThread(Strict):
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


class Stretch(Strict):
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


class LastEvent(Strict):
    """The last logistics event."""

    record: str
    type: str
    issuer: str
    code: Section | None
    happened: Section | None


class TaxStanding(Strict):
    """How many bills stand and how many payments, with the last word on either."""

    record: str
    type: str
    issuer: str
    assessed: int
    paid: int


class Overview(Strict):
    """Customs, logistics and tax in a line each."""

    customs: list[Stretch]
    logistics: LastEvent | None
    tax: TaxStanding | None


class Moment(Strict):
    """Something that happened, by the time that its source says."""

    record: str
    type: str
    issuer: str
    at: str
    at_is: Literal["happened", "issued"]
    """Whether `at` is when it happened or, where that is not said or withheld, when the record was issued."""
    code: Section | None
    state: str | None = None


class DueLine(Strict):
    """What is due, by when, from which record."""

    what: str
    by: str
    record: str


class ConsignmentAnswer(Logged):
    """All that its reader may see of a consignment, joined into one picture; each value names its record."""

    ucr: str
    reader: ReaderLine
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
    checks: Checks
    due: list[DueLine]
    withheld: list[Withheld]
    records: list[RecordLine]


class SectionLine(Strict):
    """Whether the reader sees one section of one record, and which lines of the policy say so."""

    record: str
    type: str
    issuer: str
    section: str
    seen: bool
    why: str


class ExplanationAnswer(Logged):
    """Why each section of a consignment's records is seen or withheld."""

    ucr: str
    policy: str
    """SHA-256 of the view policy, as it stands on the chain."""
    roles: list[str]
    conditions: list[str]
    takes_part_because: str
    sections: list[SectionLine]


class AccessLine(Strict):
    """One read of a consignment."""

    record: str
    issuer: str
    state: str
    batch: int | None
    block: int | None
    access: Section | None = None
    sd_jwt: str | None = None
    withheld: list[str] | None = None
    """`access`, where the reader may not see who read."""


class AccessLogAnswer(Logged):
    """Who read what of a consignment, newest first."""

    ucr: str
    reads: list[AccessLine]


class Citation(Strict):
    """A record that cites a file."""

    ucr: str
    record: str
    type: str
    issuer: str
    state: str
    documents: list[Section]


class DocumentAnswer(Logged):
    """Which records cite the file of this SHA-256."""

    sha256: str
    cited_by: list[Citation]
