"""Audit records: what the cross-checks found, what became of it, what was erased, and who looked at a consignment."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, StringConstraints

from chain.erasures import ERASED_MAX, ERASURE_TYPE, SECTIONS_MAX, ErasureRule
from chain.identifiers import Ucr, Uscc
from chain.records.base import Record
from chain.records.scalars import Instant, Many, Note, Part, RecordId, Sha256Hex, Text, Token
from chain.sdjwt import ACCESS_TYPE, ACCESSES_MAX

DIFFERENCES_MAX: Final = 200
"""Differences of one rule in one consignment: more say nothing new."""
LANES_MAX: Final = 1_024
"""Lanes of one consignment that a snapshot names."""
TABLES_MAX: Final = 16
"""Reference tables of one pack."""
ROWS_MAX: Final = 200_000
"""Rows of one table."""
ROWS_SHOWN_MAX: Final = 256
"""Table rows that one finding shows."""
DISPOSED_MAX: Final = 32
"""Findings that one disposition or explanation is about: one a desk, and its older versions."""


class FindingInput(Part):
    """One field that a finding rests on."""

    record: RecordId
    """The record that said it."""
    field: Text
    """The field, as a dotted path with indexes from 0; its first word is the section."""
    value: Note | None = None
    """What it said."""


class Difference(Part):
    """One disagreement between sources, or of one with itself."""

    name: Token
    """What was found, such as `C06-gross-net`."""
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
    explanation: Note
    """Why, in English."""
    explanation_zh: Note | None = None
    """Why, in Chinese."""


class TableRoot(Part):
    """One reference table of a rule pack."""

    kind: Token
    """Its kind, such as `working-days`."""
    root: Sha256Hex
    """RFC 9162 root over its sorted rows."""


class TableRow(Part):
    """A row of a reference table that a finding rests on, with its path to the table's root."""

    kind: Token
    """The table's kind."""
    place: Annotated[int, Field(ge=0, lt=ROWS_MAX)]
    """Its place among the sorted rows, from 0."""
    rows: Annotated[int, Field(ge=1, le=ROWS_MAX)]
    """How many rows the table has."""
    cells: Annotated[Many[Annotated[str, Field(max_length=256)]], Field(max_length=32)]
    """The row's cells."""
    path: Annotated[Many[Sha256Hex], Field(max_length=20)] = ()
    """RFC 9162 inclusion path, from the leaf up."""


class Finding(Part):
    """Which rule found differences in a consignment, without any value: those stand in `differences`."""

    rule: Token
    """Id of the rule, such as `C06`."""
    state: Literal["standing", "withdrawn"] = "standing"
    """Withdrawn: facts changed, and it no longer follows. Only an amendment withdraws."""
    severity: Literal["H", "M", "I"]
    """The gravest of its differences; of a withdrawn one, what it was."""
    differences: Annotated[int, Field(ge=0, le=DIFFERENCES_MAX)]
    """How many there are; those that do not fit into a record are counted and not listed."""
    version: Token
    """Version of the rule pack."""
    pack: Sha256Hex
    """SHA-256 of the rule pack, which names rules, parameters and tables; the registry holds it by block."""
    tables: Annotated[Many[TableRoot], Field(max_length=TABLES_MAX)] = ()
    """The pack's reference tables, by kind: with the version they make the pack's hash."""
    replayable: bool = False
    """Whether the rule has the data form, so that whoever sees the snapshot can run it again."""


class LaneHead(Part):
    """One lane as it stood."""

    tag: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    """The lane's tag, 32 lowercase hex digits."""
    count: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many leaves it had."""
    head: Sha256Hex
    """RFC 9162 root over those leaves."""


class LaneSnapshot(Part):
    """What of a consignment was looked at: every lane of its set, up to a place."""

    batches: Annotated[int, Field(ge=0)]
    """How many batches of the ledger had been read."""
    lanes: Annotated[Many[LaneHead], Field(max_length=LANES_MAX)] = ()
    """Ascending by tag. Audit leaves stand in the heads; the rules skip them."""


class AuditFinding(Record):
    """What one rule found in one consignment, signed by a governor.

    Amended when the facts change, withdrawn by an amendment when it no longer follows.
    """

    TYPE: ClassVar[str] = "audit.finding"

    finding: Finding
    """Which rule, and how grave."""
    differences: Annotated[Many[Difference], Field(max_length=DIFFERENCES_MAX)] = ()
    """What does not agree. Seen by whoever sees every field that it rests on."""
    snapshot: LaneSnapshot | None = None
    """What was looked at."""
    rows: Annotated[Many[TableRow], Field(max_length=ROWS_SHOWN_MAX)] = ()
    """The table rows that a replayable rule used."""


class Disposition(Part):
    """What became of a finding."""

    rule: Token
    """The rule whose findings it closes."""
    findings: Annotated[Many[RecordId], Field(min_length=1, max_length=DISPOSED_MAX)]
    """The findings that were looked at, of every desk. One that is amended afterwards is open again."""
    outcome: Literal["confirmed", "cleared", "ignored"]
    """Confirmed: it is so. Cleared: it was explained. Ignored: not worth looking into."""
    reason: Note
    """Why."""
    operator: Token | None = None
    """Pseudonym of the one of the issuer's people who decided; only the issuer itself knows the name."""


class AuditDisposition(Record):
    """What an officer of customs or tax decided about findings; it closes them and deletes nothing."""

    TYPE: ClassVar[str] = "audit.disposition"

    disposition: Disposition
    """What was decided."""


class ErasedRecord(Part):
    """A record and its sections that are erased."""

    record: RecordId
    """The record; the erasure names every consignment that it speaks of."""
    sections: Annotated[Many[Annotated[Token, Field(max_length=32)]], Field(min_length=1, max_length=SECTIONS_MAX)]
    """Names of its sections; never `ucr`, `names`, `mandate`, on which proofs rest."""


class Erasure(Part):
    """What is erased, under which rule, and why."""

    rule: ErasureRule
    """By which its issuer may: it issued the records, it is the company of their UCRs, or it governs."""
    erased: Annotated[Many[ErasedRecord], Field(min_length=1, max_length=ERASED_MAX)]
    """The records, each once."""
    reason: Note
    """Why, without naming a person: it is kept for good."""
    policy: Sha256Hex | None = None
    """SHA-256 of the retention policy by which it is erased, where that is the ground; governors always name it."""
    operator: Token | None = None
    """Pseudonym of the one of the issuer's people who had it erased; only the issuer itself knows the name."""


class AuditErasure(Record):
    """That disclosures are erased: by whom, under which rule, and why. The signed texts of the records stay."""

    TYPE: ClassVar[str] = ERASURE_TYPE

    erasure: Erasure
    """What is erased."""


class Access(Part):
    """One read of one consignment."""

    ucr: Ucr
    """The consignment that was read."""
    reader: Uscc
    """The member that read."""
    reader_key: RecordId | None = None
    """Thumbprint of the key that the reader proved, in base64url."""
    operator: Token | None = None
    """Pseudonym of the one of the reader's people who read; only the reader itself knows the name."""
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
