"""What the intake and ledger routes answer, as OpenAPI describes it. Hashes and addresses are 0x-hex."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from chain.lifecycle import RecordState


class AnswerModel(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(frozen=True)


class Problem(AnswerModel):
    """An RFC 9457 problem document with the Chinese gateway code."""

    type: str = Field(examples=["/problems/amends-unknown"])
    """A page that explains this kind of problem, in English and Chinese."""
    title: str
    title_zh: str
    status: int
    detail: str
    detail_zh: str
    """The same in Chinese; names of fields and values stay as they are."""
    code: str = Field(examples=["4003"])
    trace_id: str
    pointer: str | None = None
    rule: str | None = None
    rule_zh: str | None = None
    fix: str | None = None
    fix_zh: str | None = None
    retry_after_s: int | None = None
    """When to try again, where it is known; as the header `Retry-After`."""


class RecordSchemas(AnswerModel):
    """Record types and where their JSON Schemas are."""

    schemas: dict[str, str] = Field(examples=[{"customs.declaration": "/v1/schemas/customs.declaration"}])
    """Record type to the path of its schema."""


class AcceptanceRemark(AnswerModel):
    """What the issuer of a record that was kept should know."""

    kind: Literal["no-mandate"]
    """It acts for the company whose UCR it is without a mandate that covers it."""
    ucr: str
    text: str
    text_zh: str


class Accepted(AnswerModel):
    """That a record is kept, with the receipt that promises so."""

    record_id: str
    state: RecordState
    receipt: str
    """JWS of `typ` `tongguan-receipt+jwt`; where the record came in an upload, its part of what was signed for several:
    JWS, leaf, index and path divided by tildes (`docs/spec/receipts.md`)."""
    remarks: list[AcceptanceRemark] | None = None
    """Left out where there is nothing to remark."""


class BulkVerdict(AnswerModel):
    """One line of the answer to an upload: a receipt with status 200 or 202, else a problem with its own status."""

    line: int
    """Number of the line in the upload, from 0, blank ones left out."""
    status: int
    record_id: str | None = None
    receipt: str | None = None
    """The record's own; one signature may serve several (`docs/spec/receipts.md`)."""
    remarks: list[AcceptanceRemark] | None = None
    """Left out where there is nothing to remark."""
    problem: Problem | None = None


class OwnRecord(AnswerModel):
    """One of the asker's own records."""

    record_id: str
    type: str
    state: RecordState
    reason: str | None
    """Why it was refused."""
    accepted_at: int
    anchor_by: int
    batch: int | None
    """Index of the batch that it stands in."""
    receipt: str


class OwnRecords(AnswerModel):
    """A page of the asker's own records, in order of acceptance."""

    records: list[OwnRecord]
    next: str | None
    """Cursor of the next page; None on the last."""


class TokenAnswer(AnswerModel):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a kind of token
    expires_in: int


class BatchLine(AnswerModel):
    """A batch as the chain holds it."""

    index: int
    root: str
    count: int
    entries_hash: str
    gateway: str
    block: int
    timestamp: int
    void: bool
    """Its entries do not hash to its root: none of them counts."""


class BatchPage(AnswerModel):
    """Batches in chain order."""

    batches: list[BatchLine]
    next: str | None


class BatchWhole(BatchLine):
    """A batch with its entries."""

    entries: list[str]
    """48 bytes each: tag, then entry digest."""


class CheckpointLine(AnswerModel):
    """A checkpoint; votes and dissent may still grow."""

    index: int
    root: str
    batch_count: int
    votes: int
    dissent: int
    block: int


class CheckpointPage(AnswerModel):
    """Checkpoints in chain order."""

    checkpoints: list[CheckpointLine]
    next: str | None


class MemberLine(AnswerModel):
    """A member as it was in force for a block."""

    uscc: str
    state: str
    kind: str
    roles: list[str]
    sponsor: str | None
    customs_code: str | None
    since_block: int


class MemberPage(AnswerModel):
    """Members by USCC."""

    as_of: int
    members: list[MemberLine]
    next: str | None


class KeyLine(AnswerModel):
    """A signing key as it was in force for a block."""

    thumbprint: str
    member: str
    state: str
    algorithm: str
    added_by: str
    compromised_since: int | None
    contested: bool
    since_block: int
    jwk: dict[str, str]


class KeyPage(AnswerModel):
    """Keys by thumbprint."""

    as_of: int
    keys: list[KeyLine]
    next: str | None


class PartState(AnswerModel):
    """Whether one part of the gateway works."""

    ready: bool
    reason: str = ""


class Readiness(AnswerModel):
    """Whether the gateway takes and anchors records now, part by part."""

    ready: bool
    parts: dict[str, PartState]
