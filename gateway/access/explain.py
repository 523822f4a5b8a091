"""Why a reader sees each section of a consignment's records or does not: the policy's own lines, section by section."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.access.participation import Participation, conditions_for, conditions_for_record
from gateway.access.policy import ViewPolicy
from gateway.access.records import Directory, HeldRecord, Reader
from gateway.runtime.answer import Answer


class SectionLine(Answer, frozen=True, kw_only=True):
    """Whether the reader sees one section of one record, and which lines of the policy say so."""

    record: str
    type: str
    issuer: str
    section: str
    seen: bool
    why: str


def explain(
    reader: Reader,
    records: Iterable[HeldRecord],
    participation: Participation,
    policy: ViewPolicy,
    directory: Directory,
) -> list[SectionLine]:
    """For every section of these records, in full, whether the reader sees it and which lines of the policy say so."""
    conditions = conditions_for(reader, participation, directory)
    lines: list[SectionLine] = []
    for record in sorted(records, key=lambda record: record.order):
        signed = record.signed
        met = conditions_for_record(reader, record, conditions, directory)
        for section in signed.sections:
            verdict = policy.verdict(reader.roles, met, signed.vct, section, sole=record.is_sole)
            lines.append(
                SectionLine(
                    record=signed.record_id,
                    type=signed.vct,
                    issuer=signed.iss,
                    section=section,
                    seen=verdict.seen,
                    why=verdict.reason(),
                )
            )
    return lines
