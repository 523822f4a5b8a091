"""Showing less of a bundle: of all sections some, and of a bundle of today what an old one showed. Pure, offline."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from chain.errors import Malformed
from chain.proof.bundle import Bundle, Kind, ProvedRecord
from chain.standing import STANDING_SECTIONS

_ALWAYS = {Kind.RECORD: frozenset[str](), Kind.SINGLE_USE: frozenset[str](), Kind.CONSIGNMENT: STANDING_SECTIONS}
"""The sections that every record of a bundle shows."""


class UnlikeBundles(Malformed):
    """The bundle of today is not one that an old one can be refreshed by."""

    def __init__(self, rule: str) -> None:
        super().__init__("bundle", rule)


def as_shown_before(bundle: Bundle, old: Bundle) -> Bundle:
    """A bundle of today that shows what an old one about the same subject did: the old one *refreshed*.

    Proof, batches and checkpoint are today's. A record that the old one holds shows exactly what it did there, a later
    record of a consignment the sections that the old one shows of any. Raises UnlikeBundles where the two differ in
    more than what was said since.
    """
    if _subject(bundle) != _subject(old):
        raise UnlikeBundles("is about something else than the old one")
    if gone := set(old.record_by_id) - set(bundle.record_by_id):
        raise UnlikeBundles(f"does not hold record {min(gone)} of the old one")
    known = old.record_by_id
    if bundle.kind is Kind.SINGLE_USE:
        return bundle.with_records(tuple(_shown_before(one, known.get(one.signed.record_id)) for one in bundle.records))
    shown = {name for one in old.records for name in one.signed.sections if one.signed.section(name)}
    shown |= _ALWAYS[bundle.kind]
    records = tuple(_as_before(record, known.get(record.signed.record_id), shown) for record in bundle.records)
    if _batches_of(records) != _batches_of(bundle.records):
        raise UnlikeBundles("rests on batches of consignments that the old one withholds")
    named = {ucr for record in records for ucr in record.signed.section("ucr") if isinstance(ucr, str)}
    groups = tuple(one for one in bundle.groups if bundle.kind is Kind.CONSIGNMENT or one.name in named)
    return replace(bundle, records=records, groups=groups)


def redact(bundle: Bundle, sections: Collection[str]) -> Bundle:
    """The bundle with the disclosures of these sections alone.

    The `ucr` elements that entries rest on always stay, and in a consignment what standing rests on: without it the
    record's entry would count as not opened.
    """
    kept = {*sections, *_ALWAYS[bundle.kind]}
    return bundle.with_records(tuple(_redacted(record, kept) for record in bundle.records))


def _subject(bundle: Bundle) -> tuple[object, ...]:
    is_about = (bundle.subject_records, bundle.subject_ucr, bundle.subject_finding, bundle.subject_number)
    return (bundle.kind_text, bundle.consortium, *is_about)


def _shown_before(record: ProvedRecord, before: ProvedRecord | None) -> ProvedRecord:
    """A use of a number as it was shown; of a new one what its entry of the number rests on alone."""
    kept = {entry.ucr_digest for entry in record.entries if entry.is_number}
    kept |= set() if before is None else {one.digest for one in before.signed.disclosures}
    return replace(record, signed=record.signed.with_elements(kept))


def _batches_of(records: Iterable[ProvedRecord]) -> set[int]:
    return {entry.batch for record in records for entry in record.entries}


def _as_before(record: ProvedRecord, before: ProvedRecord | None, sections: Collection[str]) -> ProvedRecord:
    if before is None:
        return _redacted(record, sections)
    ucrs = {digest for digest, said in before.signed.ucr_elements() if said is not None}
    return ProvedRecord(before.signed, tuple(one for one in record.entries if one.ucr_digest in ucrs))


def _redacted(record: ProvedRecord, sections: Collection[str]) -> ProvedRecord:
    kept = {entry.ucr_digest for entry in record.entries}
    for name in sections:
        kept.update(record.signed.sections.get(name, ()))
    return replace(record, signed=record.signed.with_elements(kept))
