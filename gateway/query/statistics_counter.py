"""Keeps the statistics up to date: goes through batches as the follower reads them, and counts their consignments anew.

Nothing is counted twice: what a consignment adds is kept, and what it added before is taken out in the transaction that
adds what it does now. A kill in the middle of a portion leaves the marks where they were, and the portion is counted
again, to the same numbers. So are batches that two gateways on one PostgreSQL look at together.

Of each consignment everything that counts and stands on the chain is looked at, whoever may see it: what readers get
are the counts, by `gateway.query.statistics`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from chain.ledger.sender import anchor_gas
from chain.proof.batch import ENTRY_BYTES, TAG_BYTES, split_entries
from gateway.access.participation import competent_officers
from gateway.consignment.figures import (
    FIGURES_FORM,
    WHOLE,
    ConsignmentFigures,
    StatisticsCell,
    counts_of,
    figures_of,
    month_at,
    pack_figures,
    unpack_figures,
)
from gateway.query.loader import LoadedConsignment
from gateway.query.reader_context import LOADED_TOGETHER, ReaderContext
from gateway.store.outbox import read_mark, set_mark
from gateway.store.statistics import (
    add_counts,
    empty_statistics,
    find_figures,
    keep_figures,
    move_mark,
    ucrs_of_late_records,
    ucrs_of_tags,
)

BATCHES_A_PORTION: Final = 16
RECORDS_A_PORTION: Final = 2_000
COUNTED_BATCHES: Final = "statistics_batches"
COUNTED_RECORDS: Final = "statistics_records"
"""Up to which record, in order of arrival, those were looked for that came after their batch."""
FORM: Final = "statistics_form"
ANCHORING: Final = "anchoring"
"""The measure of what anchoring costs; its buckets are sums of their own."""
COSTS: Final = ("batches", "entries", "bytes", "gas")
"""Batches, their entries, the bytes of these, and the gas that gateways offer for them, which is never too little."""


class StatisticsCounter:
    """Counts for one gateway's store; one thread calls `step` again and again."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context
        self._store = context.services.store
        self._index = context.services.index
        self._ucrs: list[str] = []
        """Consignments of the portion in hand that are not counted yet."""
        self._ends = (0, 0)
        """Where the marks stand once the portion is counted."""
        self._begun: tuple[int, int] | None = None
        """Where they stood before; None where no portion is in hand."""

    def step(self) -> bool:
        """Counts some consignments; whether there is more to do at once. Raises StoreFault."""
        if self._begun is None and not self._begin():
            return False
        if ucrs := self._ucrs[:LOADED_TOGETHER]:
            self._count(ucrs)
            del self._ucrs[:LOADED_TOGETHER]
        if not self._ucrs:
            self._end()
        return True

    def _begin(self) -> bool:
        """Takes the next portion in hand; whether there is one."""
        with self._store.reading() as connection:
            is_current = read_mark(connection, FORM) == FIGURES_FORM
            batches, late = read_mark(connection, COUNTED_BATCHES), read_mark(connection, COUNTED_RECORDS)
        if not is_current:
            with self._store.writing(derived=True) as connection:
                empty_statistics(connection)
                set_mark(connection, COUNTED_BATCHES, 0)
                set_mark(connection, COUNTED_RECORDS, 0)
                set_mark(connection, FORM, FIGURES_FORM)
            batches = late = 0
        found = self._index.batches(batches, BATCHES_A_PORTION)
        tags = {entry[:TAG_BYTES] for batch in found for entry in self._entries(batch.facts.index)}
        with self._store.reading() as connection:
            ucrs = ucrs_of_tags(connection, sorted(tags))
            later, last = ucrs_of_late_records(connection, late, RECORDS_A_PORTION)
        if not found and last == late:
            return False
        self._ucrs = sorted(ucrs | later)
        self._begun, self._ends = (batches, late), (found[-1].facts.index + 1 if found else batches, last)
        return True

    def _entries(self, batch: int) -> Sequence[bytes]:
        return split_entries(self._index.find_entries(batch) or b"")

    def _count(self, ucrs: Sequence[str]) -> None:
        new = {
            consignment.ucr: figures
            for consignment in self._context.load_each(ucrs)
            if (figures := self._figures(consignment)) is not None
        }
        with self._store.writing(derived=True) as connection:
            old = {ucr: unpack_figures(packed) for ucr, packed in find_figures(connection, ucrs).items()}
            add_counts(connection, _change(old, new))
            changed = {ucr for ucr in ucrs if old.get(ucr) != new.get(ucr)}
            keep_figures(connection, changed, {ucr: pack_figures(new[ucr]) for ucr in changed & new.keys()})

    def _figures(self, consignment: LoadedConsignment) -> ConsignmentFigures | None:
        """What the consignment adds; None where nothing of it counts and stands on the chain."""
        participation, directory = consignment.participation, self._context.directory()
        records = [one for one in consignment.records if one.batch is not None and participation.counts(one)]
        if not records:
            return None
        competent = competent_officers(records, participation, directory)
        return figures_of(records, competent, directory.sponsor, self._context.tables)

    def _end(self) -> None:
        """Moves the marks; what anchoring the portion cost is counted with them, once."""
        (batches, late), (next_batch, last) = self._begun or self._ends, self._ends
        self._begun = None
        with self._store.writing(derived=True) as connection:
            if next_batch > batches and move_mark(connection, COUNTED_BATCHES, batches, next_batch):
                add_counts(connection, self._cost(batches, next_batch))
            if last > late:
                move_mark(connection, COUNTED_RECORDS, late, last)

    def _cost(self, first: int, end: int) -> dict[tuple[str, str, str, str, str], int]:
        costs: dict[tuple[str, str, str, str, str], int] = {}
        for batch in self._index.batches(first, end - first):
            month = month_at(batch.facts.timestamp)
            for bucket, count in zip(COSTS, _costs(batch.facts.count), strict=True):
                cell = StatisticsCell(ANCHORING, WHOLE, "", month, bucket)
                costs[cell] = costs.get(cell, 0) + count
        return costs


def _costs(entry_count: int) -> tuple[int, int, int, int]:
    size = entry_count * ENTRY_BYTES
    return 1, entry_count, size, anchor_gas(size)


def _change(
    old: Mapping[str, ConsignmentFigures], new: Mapping[str, ConsignmentFigures]
) -> dict[tuple[str, str, str, str, str], int]:
    """What is to be added to each cell."""
    change: dict[tuple[str, str, str, str, str], int] = {}
    _add(change, [figures for ucr, figures in new.items() if old.get(ucr) != figures], 1)
    _add(change, [figures for ucr, figures in old.items() if new.get(ucr) != figures], -1)
    return change


def _add(
    change: dict[tuple[str, str, str, str, str], int], all_figures: Collection[ConsignmentFigures], sign: int
) -> None:
    for figures in all_figures:
        for cell, count in counts_of(figures).items():
            change[cell] = change.get(cell, 0) + sign * count
