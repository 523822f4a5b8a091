"""Which sections of a consignment's records are erased, as the erasures among its records say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chain.erasures import KEPT_SECTIONS, Target, erasure_of, may_erase
from chain.sdjwt import WITHHELD
from chain.standing import owner_of
from gateway.access.records import HeldRecord
from gateway.consignment.answers import ErasureLine, WhyWithheld

ErasedSections = Mapping[tuple[str, str], ErasureLine]
"""(record id, section) to who had it erased."""


def erased_sections(records: Sequence[HeldRecord], is_governor: Callable[[str, int | None], bool]) -> ErasedSections:
    """What erasures among these records erase of the others; the first in chain order where several do.

    `is_governor` says whether a member governed for a block (None: for the next one). One that may not by the rule that
    it names, or whose sections are disclosed still, erases nothing.
    """
    known = {record.signed.record_id: record for record in records}
    lines: dict[tuple[str, str], ErasureLine] = {}
    for record in sorted(records, key=lambda record: record.order):
        if (text := erasure_of(record.signed)) is None:
            continue
        issuer, block = record.signed.iss, record.block
        for record_id, names in text.erased:
            erased = known.get(record_id)
            if erased is None or not may_erase(text, issuer, _target(erased), is_governor=is_governor(issuer, block)):
                continue
            line = ErasureLine(
                record=record.signed.record_id, by=issuer, at=record.anchored_at, rule=text.rule, reason=text.reason
            )
            for name in names - KEPT_SECTIONS:
                if name in erased.signed.sections and not erased.signed.section(name):
                    lines.setdefault((record_id, name), line)
    return lines


def why_erased(erased: ErasedSections, record: HeldRecord, section: str) -> WhyWithheld | None:
    """That a section is withheld because it is erased; None where it is not."""
    line = erased.get((record.signed.record_id, section))
    return None if line is None else WhyWithheld(section=section, cause="erased", grants=[], erasure=line)


def _target(record: HeldRecord) -> Target:
    ucrs = [str(value) for _, value in record.signed.disclosed()["ucr"] if value is not WITHHELD]
    return Target.of(record.signed, map(owner_of, ucrs))
