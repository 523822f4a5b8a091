"""Rows of the statistics: counts by cell, what each consignment adds to them, and how far batches were counted.

All of it is derived and may be emptied: it is then counted anew. One consignment's figures are kept so that they can be
taken out again; a count is changed in the database, never read, changed and written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, text, update

from chain.sdjwt import ACCESS_TYPE
from gateway.store.lanes import NO_UCR
from gateway.store.model import consignment_figures, entries, marks, records, statistics

TAGS_A_QUESTION = 500
_ADD = text(
    "INSERT INTO statistics (measure, dimension, value, month, bucket, count)"
    " VALUES (:measure, :dimension, :value, :month, :bucket, :count)"
    " ON CONFLICT (measure, dimension, value, month, bucket)"
    " DO UPDATE SET count = statistics.count + excluded.count"
)


class CellCount(NamedTuple):
    """How often one cell of a measure and dimension was counted."""

    value: str
    month: str
    bucket: str
    number: int


def add_counts(connection: Connection, counts: Mapping[tuple[str, str, str, str, str], int]) -> None:
    """Adds to the cells (measure, dimension, value, month, bucket); what is less than nothing takes away."""
    names = ("measure", "dimension", "value", "month", "bucket")
    # In one order, so that two gateways on one PostgreSQL do not wait for each other's rows.
    rows = [{**dict(zip(names, cell, strict=True)), "count": count} for cell, count in sorted(counts.items()) if count]
    if rows:
        connection.execute(_ADD, rows)


def find_counts(
    connection: Connection, measure: str, dimension: str, first_month: str, last_month: str, count_max: int
) -> list[CellCount]:
    """The cells of a measure and dimension in these months, those of most first, at most so many."""
    cell = statistics.c
    rows = connection.execute(
        select(cell.value, cell.month, cell.bucket, cell["count"].label("number"))
        .where(cell.measure == measure, cell.dimension == dimension, cell["count"] > 0)
        .where(cell.month >= first_month, cell.month <= last_month)
        .order_by(cell["count"].desc(), cell.value, cell.month, cell.bucket)
        .limit(count_max)
    )
    return [CellCount(row.value, row.month, row.bucket, int(row.number)) for row in rows]


def find_months(connection: Connection, measures: Sequence[str], dimension: str) -> tuple[str, str]:
    """The first and last month of which these measures count anything by this dimension; empty where they do not."""
    cell = statistics.c
    ends = select(func.min(cell.month), func.max(cell.month)).where(
        cell.measure.in_(measures), cell.dimension == dimension, cell.month != "", cell["count"] > 0
    )
    first, last = connection.execute(ends).one()
    return (str(first or ""), str(last or ""))


def find_figures(connection: Connection, ucrs: Collection[str]) -> dict[str, bytes]:
    """The packed figures that are kept of these consignments."""
    asked = select(consignment_figures).where(consignment_figures.c.ucr.in_(sorted(ucrs))).with_for_update()
    return {row.ucr: bytes(row.figures) for row in connection.execute(asked)}


def keep_figures(connection: Connection, changed: Collection[str], figures: Mapping[str, bytes]) -> None:
    """Keeps packed figures, by UCR, in the place of those that were kept of the changed consignments."""
    connection.execute(delete(consignment_figures).where(consignment_figures.c.ucr.in_(sorted(changed))))
    if figures:
        connection.execute(
            insert(consignment_figures), [{"ucr": ucr, "figures": figures[ucr]} for ucr in sorted(figures)]
        )


def empty_statistics(connection: Connection) -> None:
    """Empties counts and figures, to be counted anew."""
    connection.execute(delete(statistics))
    connection.execute(delete(consignment_figures))


def ucrs_of_tags(connection: Connection, tags: Sequence[bytes]) -> set[str]:
    """The consignments of which records in these lanes speak; reads are left out."""
    asked = (
        select(entries.c.ucr)
        .join(records, records.c.seq == entries.c.record_seq)
        .where(records.c.vct != ACCESS_TYPE, entries.c.ucr != NO_UCR)
        .distinct()
    )
    found = set[str]()
    for start in range(0, len(tags), TAGS_A_QUESTION):
        portion = asked.where(entries.c.tag.in_(tags[start : start + TAGS_A_QUESTION]))
        found.update(map(str, connection.execute(portion).scalars()))
    return found


def ucrs_of_late_records(connection: Connection, after: int, count_max: int) -> tuple[set[str], int]:
    """The consignments of the next records in order of arrival, and the number of the last of these.

    Of those alone that stand in a batch: what was accepted and waits is found with its batch.
    """
    seqs = [
        int(seq)
        for seq in connection.execute(
            select(records.c.seq).where(records.c.seq > after).order_by(records.c.seq).limit(count_max)
        ).scalars()
    ]
    if not seqs:
        return set(), after
    asked = (
        select(entries.c.ucr)
        .join(records, records.c.seq == entries.c.record_seq)
        .where(records.c.seq > after, records.c.seq <= seqs[-1])
        .where(records.c.vct != ACCESS_TYPE, records.c.batch_index.is_not(None), entries.c.ucr != NO_UCR)
        .distinct()
    )
    return {str(ucr) for ucr in connection.execute(asked).scalars()}, seqs[-1]


def move_mark(connection: Connection, name: str, before: int, after: int) -> bool:
    """Moves a counter from one value to another; False where another gateway moved it meanwhile."""
    if connection.execute(select(marks.c.value).where(marks.c.name == name)).first() is None:
        connection.execute(insert(marks).values(name=name, value=0))
    moved = connection.execute(update(marks).where(marks.c.name == name, marks.c.value == before).values(value=after))
    return bool(moved.rowcount)
