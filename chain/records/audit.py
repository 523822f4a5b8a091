"""Audit records: what the cross-checks found, and who looked at a consignment."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chain.identifiers import Ucr, Uscc
from chain.records.base import Record
from chain.records.scalars import Instant, Many, Note, Part, RecordId, Sha256Hex, Text, Token
from chain.sdjwt import ACCESS_TYPE, ACCESSES_MAX


class FindingInput(Part):
    """One field that a finding rests on."""

    record: RecordId
    """The record that said it."""
    field: Text
    """The field, as a dotted path with indexes from 0."""
    value: Note | None = None
    """What it said."""


class Finding(Part):
    """A disagreement between sources, or of one with itself."""

    rule: Token
    """Id of the rule, such as `C06-gross-net`."""
    version: Token
    """Version of the rule table."""
    severity: Literal["H", "M", "I"]
    """H block or hold, M review, I information."""
    inputs: Many[FindingInput] = ()
    """What it rests on."""
    declared: Text | None = None
    """The value as declared."""
    computed: Text | None = None
    """The value as it should be."""
    delta: Text | None = None
    """Their difference."""
    tolerance: Text | None = None
    """What the rule allows."""
    tables: Many[Sha256Hex] = ()
    """SHA-256 of each reference table used, so that the check can be run again years later."""
    explanation: Note
    """Why, in English."""
    explanation_zh: Note | None = None
    """Why, in Chinese."""


class AuditFinding(Record):
    """What a cross-check found, signed by a governor."""

    TYPE: ClassVar[str] = "audit.finding"

    finding: Finding
    """What was found."""


class Access(Part):
    """One read of one consignment."""

    ucr: Ucr
    """The consignment that was read."""
    reader: Uscc
    """The member that read."""
    reader_key: RecordId | None = None
    """Thumbprint of the key that the reader proved, in base64url."""
    purpose: Text | None = None
    """Why, as the reader said."""
    view: Literal["consignment", "record", "bundle", "document", "search", "references"]
    """What was read."""
    records: Many[RecordId] = ()
    """The records shown."""
    sections: Many[Annotated[Token, Field(max_length=64)]] = ()
    """Names of the sections shown."""
    at: Instant
    """When."""
    request: Token | None = None
    """The gateway's id of the request."""


class AuditAccess(Record):
    """That views were read, signed by the gateway's member: all reads of one moment, whoever read whatever."""

    TYPE: ClassVar[str] = ACCESS_TYPE

    access: Annotated[Many[Access], Field(max_length=ACCESSES_MAX)] = ()
    """The reads, each a disclosure of its own."""
