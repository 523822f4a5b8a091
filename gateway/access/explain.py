"""Why a reader sees each section of a consignment's records or does not: the policy's own lines, section by section."""

from __future__ import annotations

from chain.encoding import Json
from gateway.access.participation import conditions_for, conditions_for_record, standing_of
from gateway.access.policy import ViewPolicy
from gateway.access.records import Directory, HeldRecord, Reader


def explain(
    reader: Reader,
    records: tuple[HeldRecord, ...],
    ucr: str,
    policy: ViewPolicy,
    directory: Directory,
    *,
    whole: tuple[HeldRecord, ...] = (),
) -> list[dict[str, Json]]:
    """For every section of these records, whether the reader sees it and which lines of the policy say so.

    `whole` is the consignment that the reader's standing follows from, where these are not all of it.
    """
    standing = standing_of(ucr, whole or records, directory)
    conditions = conditions_for(reader, standing, directory)
    lines: list[dict[str, Json]] = []
    for one in sorted(records, key=lambda one: one.order):
        met = conditions_for_record(reader, one, conditions, directory)
        for section in one.signed.sections:
            verdict = policy.verdict(reader.roles, met, one.signed.vct, section, sole=one.is_sole)
            lines.append(
                {
                    "record": one.signed.record_id,
                    "type": one.signed.vct,
                    "issuer": one.signed.iss,
                    "section": section,
                    "seen": verdict.seen,
                    "why": verdict.reason(),
                }
            )
    return lines
