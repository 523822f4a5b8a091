"""A consignment's records as the rules take them: read once, joined once, and kept while the records stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from chain.lifecycle import RecordState
from chain.rules.consignment import Consignment, join_records
from chain.rules.facts import Record
from chain.rules.frame import NOWHERE, Elsewhere
from chain.rules.pack import Case, Evaluation, evaluate
from chain.rules.record_reader import read_record
from chain.rules.tables import NO_TABLES, Tables
from chain.sdjwt import SignedRecord
from gateway.access.records import CONTENTS_KEPT_MAX, HeldRecord, issued_text

CONSIGNMENTS_KEPT_MAX: Final = 2_048
"""Joined consignments that are kept: a reader asks for the same ones again and again, page by page."""

NOT_JUDGED: Final = frozenset({"audit.access", "audit.finding"})
"""Types that rules do not look at: reads, and findings themselves."""


def join_held(records: Sequence[HeldRecord], tables: Tables = NO_TABLES) -> Consignment:
    """The consignment of these records, in the chain's order, as far as they are disclosed."""
    ordered = sorted((one for one in records if one.signed.vct not in NOT_JUDGED), key=lambda record: record.order)
    return _joined(tuple([one.signed for one in ordered]), tables)


def evaluate_held(
    records: Sequence[HeldRecord], tables: Tables = NO_TABLES, elsewhere: Elsewhere = NOWHERE
) -> Evaluation:
    """The answers of all rules on these records."""
    ordered = sorted((one for one in records if one.signed.vct not in NOT_JUDGED), key=lambda record: record.order)
    return _evaluated(tuple([one.signed for one in ordered]), tables, elsewhere)


@lru_cache(maxsize=CONSIGNMENTS_KEPT_MAX)
def _joined(signed: tuple[SignedRecord, ...], tables: Tables) -> Consignment:
    return join_records(map(facts_of, signed), tables.offices)


@lru_cache(maxsize=CONSIGNMENTS_KEPT_MAX)
def _evaluated(signed: tuple[SignedRecord, ...], tables: Tables, elsewhere: Elsewhere) -> Evaluation:
    return evaluate(Case(_joined(signed, tables), tables, elsewhere=elsewhere))


@lru_cache(maxsize=CONTENTS_KEPT_MAX)
def facts_of(signed: SignedRecord) -> Record:
    """The record's words as rules take them."""
    record = HeldRecord(signed, RecordState.ACCEPTED)
    return read_record(
        signed.record_id,
        signed.vct,
        signed.iss,
        issued_text(signed),
        signed.amends,
        len(signed.sections["ucr"]),
        sorted(record.reference_keys),
        {name: values for name in signed.sections if (values := signed.section(name))},
        record.withheld,
    )
