"""A consignment's records as the rules take them: read once, joined once, and kept while the records stay the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from chain.rules.consignment import Consignment, join_records
from chain.rules.frame import NOWHERE, Elsewhere
from chain.rules.pack import Case, Evaluation, evaluate
from chain.rules.replacements import withdrawn_by
from chain.rules.signed_records import is_judged, read_signed
from chain.rules.tables import NO_TABLES, Tables
from chain.sdjwt import SignedRecord
from gateway.access.records import CONTENTS_KEPT_MAX, HeldRecord
from gateway.runtime.record_memory import holds_records

CONSIGNMENTS_KEPT_MAX: Final = 2_048
"""Joined consignments that are kept: a reader asks for the same ones again and again, page by page."""


def join_held(records: Sequence[HeldRecord], tables: Tables = NO_TABLES) -> Consignment:
    """The consignment of these records, in the chain's order, as far as they are disclosed."""
    ordered = sorted((one for one in records if is_judged(one.signed.vct)), key=lambda record: record.order)
    return _joined(tuple([one.signed for one in ordered]), tables)


def evaluate_held(
    records: Sequence[HeldRecord], tables: Tables = NO_TABLES, elsewhere: Elsewhere = NOWHERE
) -> Evaluation:
    """The answers of all rules on these records."""
    ordered = sorted((one for one in records if is_judged(one.signed.vct)), key=lambda record: record.order)
    return _evaluated(tuple([one.signed for one in ordered]), tables, elsewhere)


def withdrawals_in(records: Sequence[HeldRecord]) -> Mapping[str, str]:
    """Id of each record that its issuer withdrew to the id of the withdrawal, by what is seen of these records."""
    ordered = sorted(records, key=lambda record: record.order)
    return _withdrawals(tuple([one.signed for one in ordered]))


@holds_records
@lru_cache(maxsize=CONSIGNMENTS_KEPT_MAX)
def _withdrawals(signed: tuple[SignedRecord, ...]) -> Mapping[str, str]:
    if not any(one.withdraws for one in signed):
        return {}
    return withdrawn_by(map(facts_of, signed))


@holds_records
@lru_cache(maxsize=CONSIGNMENTS_KEPT_MAX)
def _joined(signed: tuple[SignedRecord, ...], tables: Tables) -> Consignment:
    return join_records(map(facts_of, signed), tables.offices)


@holds_records
@lru_cache(maxsize=CONSIGNMENTS_KEPT_MAX)
def _evaluated(signed: tuple[SignedRecord, ...], tables: Tables, elsewhere: Elsewhere) -> Evaluation:
    return evaluate(Case(_joined(signed, tables), tables, elsewhere=elsewhere))


facts_of = holds_records(lru_cache(maxsize=CONTENTS_KEPT_MAX)(read_signed))
"""The record's words as rules take them."""
