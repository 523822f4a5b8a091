"""Rows of a reference table with their paths to its root: what a replayable rule asked of a table, provable by itself.

A day that the table of working days does not name is proved by its neighbours in the sorted rows: they stand side by
side, one before it and one after it. The nearer of a year's rows is among them, so a year without rows is proved too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from chain.errors import TongguanError
from chain.proof.merkle import inclusion_paths, leaf_hash, verify_inclusion
from chain.rules.tables import CELL_SEPARATOR, Table, WorkingDays

WORKING_DAYS: Final = "working-days"
ROWS_SHOWN_MAX: Final = 256
"""Rows that one finding shows."""


class RowNotShown(TongguanError):
    """A table row that the rule needs is not among those shown."""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row with its place and path."""

    kind: str
    place: int
    """Among the sorted rows, from 0."""
    rows: int
    cells: tuple[str, ...]
    path: tuple[bytes, ...]
    """RFC 9162 inclusion path, from the leaf up."""

    def stands_under(self, root: bytes) -> bool:
        """Whether it is a row of the table of this root."""
        leaf = leaf_hash(CELL_SEPARATOR.join(self.cells).encode())
        return verify_inclusion(leaf, self.place, self.rows, self.path, root)


class AskedDays(WorkingDays):
    """The working days, noting which days are asked for."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.asked: set[str] = set()

    def is_working(self, day: date) -> bool | None:
        """As the table says."""
        self.asked.add(day.isoformat())
        return super().is_working(day)


class ShownDays(WorkingDays):
    """The working days as far as rows are shown, each of which stands under the table's root."""

    def __init__(self, rows: Sequence[ShownRow]) -> None:
        self._by_place = {row.place: row for row in rows}
        self._by_day = {row.cells[0]: row for row in rows}
        self._days_shown = sorted(self._by_day)

    def is_working(self, day: date) -> bool | None:
        """What the row says; by its neighbours where there is none; raises RowNotShown where these are not shown."""
        name = day.isoformat()
        if (row := self._by_day.get(name)) is not None:
            return row.cells[1] == "1"
        at = bisect_left(self._days_shown, name)
        before = self._by_day[self._days_shown[at - 1]] if at else None
        after = self._by_day[self._days_shown[at]] if at < len(self._days_shown) else None
        if not _are_neighbours(before, after):
            raise RowNotShown(f"the rows around {name} are not shown")
        is_announced = any(row is not None and row.cells[0][:4] == name[:4] for row in (before, after))
        return day.weekday() < 5 if is_announced else None


def _are_neighbours(before: ShownRow | None, after: ShownRow | None) -> bool:
    if before is None:
        return after is not None and after.place == 0
    if after is None:
        return before.place == before.rows - 1
    return after.place == before.place + 1


def show_days(table: Table, days: Iterable[str]) -> tuple[ShownRow, ...]:
    """The rows that prove what the table says of these days, `YYYY-MM-DD`; at most `ROWS_SHOWN_MAX`."""
    rows = sorted(table.rows, key=lambda row: CELL_SEPARATOR.join(row).encode())
    names = [row[0] for row in rows]
    places: set[int] = set()
    for day in sorted(days):
        at = bisect_left(names, day)
        around = {at} if at < len(names) and names[at] == day else {at - 1, at}
        places |= {place for place in around if 0 <= place < len(rows)}
    chosen = sorted(places)[:ROWS_SHOWN_MAX]
    paths = inclusion_paths([CELL_SEPARATOR.join(row).encode() for row in rows], chosen)
    return tuple(
        ShownRow(table.kind, place, len(rows), rows[place], path) for place, path in zip(chosen, paths, strict=True)
    )
