"""What a desk says: an opinion as an `audit.finding`, and how to tell whether two statements say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chain.encoding import format_json
from chain.records import (
    AuditFinding,
    Difference,
    Finding,
    FindingInput,
    LaneSnapshot,
    TableRoot,
    TableRow,
    parse_record,
)
from chain.records.audit import DIFFERENCES_MAX
from chain.rules import answers
from chain.rules.opinions import Opinion, as_line
from chain.rules.parameters import RULES_VERSION
from chain.rules.table_rows import ShownRow
from chain.sdjwt import SignedRecord

INPUTS_MAX: Final = 1_000
"""Inputs that one statement lists; differences beyond are counted and not listed."""
NOTE_CHARS_MAX: Final = 4_000


@dataclass(frozen=True)
class AgreedPack:
    """The rule pack that the desk works by: the members agreed on its hash."""

    digest: bytes
    table_roots: Mapping[str, str]
    """Kind of table to its root, 64 hex digits."""


def find_statement(
    opinion: Opinion, snapshot: LaneSnapshot, pack: AgreedPack, rows: Sequence[ShownRow] = ()
) -> AuditFinding:
    """The statement that a rule found this."""
    listed = _listed(opinion.findings)
    return AuditFinding(
        finding=Finding(
            rule=opinion.rule,
            severity=opinion.severity,
            differences=len(opinion.findings),
            replayable=opinion.replayable,
            version=RULES_VERSION,
            pack=pack.digest.hex(),
            tables=_table_roots(pack),
        ),
        differences=tuple(map(_difference, listed)),
        snapshot=snapshot,
        rows=tuple(
            TableRow(
                kind=row.kind,
                place=row.place,
                rows=row.rows,
                cells=row.cells,
                path=tuple(step.hex() for step in row.path),
            )
            for row in rows
        ),
    )


def withdrawal(rule: str, severity: answers.Severity, snapshot: LaneSnapshot, pack: AgreedPack) -> AuditFinding:
    """The statement that the rule's finding no longer follows."""
    return AuditFinding(
        finding=Finding(
            rule=rule,
            state="withdrawn",
            severity=severity,
            differences=0,
            version=RULES_VERSION,
            pack=pack.digest.hex(),
            tables=_table_roots(pack),
        ),
        snapshot=snapshot,
    )


def content_digest(statement: AuditFinding) -> str:
    """What two statements have in common that say the same, whatever was looked at: 64 hex digits."""
    sections = statement.to_sections()
    return sha256(format_json([sections["finding"], sections.get("differences", [])]).encode()).hexdigest()


def parse_statement(signed: SignedRecord) -> AuditFinding | None:
    """The finding in a record; None where it is no finding, or not all of it is disclosed."""
    if signed.vct != AuditFinding.TYPE or not signed.is_fully_disclosed():
        return None
    record = parse_record(signed)
    return AuditFinding.model_validate(record.model_dump()) if isinstance(record, AuditFinding) else None


def _table_roots(pack: AgreedPack) -> tuple[TableRoot, ...]:
    return tuple(TableRoot(kind=kind, root=root) for kind, root in sorted(pack.table_roots.items()))


def _listed(findings: Sequence[answers.Finding]) -> list[answers.Finding]:
    listed: list[answers.Finding] = []
    count = 0
    for finding in findings[:DIFFERENCES_MAX]:
        count += len(finding.inputs)
        if listed and count > INPUTS_MAX:
            break
        listed.append(finding)
    return listed


def _difference(finding: answers.Finding) -> Difference:
    return Difference(
        name=finding.rule,
        severity=finding.severity,
        inputs=tuple(
            FindingInput(record=one.record, field=as_line(one.field) or "-", value=as_line(one.value))
            for one in finding.inputs
            if one.record
        ),
        declared=as_line(finding.declared),
        computed=as_line(finding.computed),
        delta=as_line(finding.delta),
        tolerance=as_line(finding.tolerance),
        explanation=as_line(finding.text, NOTE_CHARS_MAX) or finding.rule,
        explanation_zh=as_line(finding.text_zh, NOTE_CHARS_MAX),
    )
