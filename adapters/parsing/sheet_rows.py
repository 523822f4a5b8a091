"""Sheets by a template of ours: a mark, rows of a head, rows of parties, a header, and goods lines.

Every fault is named by its row; nothing is guessed, so that who misspells a row's name learns of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.parsing.forms import Form
from adapters.parsing.xml_fields import Faults

Row = Sequence[str]
Numbered = tuple[int, Row]
"""A row with its number in the sheet, from 1."""
Columns = Mapping[str, tuple[Form, bool]]
"""Name of a row or a column -> the form of its value, and whether it must be there."""
START: str = "Start from the template"


class Sheet:
    """One sheet while it is read; faults are collected."""

    def __init__(self, rows: Sequence[Row], faults: Faults) -> None:
        self.rows = [(number, row) for number, row in enumerate(rows, 1) if row]
        self.faults = faults

    def divide(
        self, mark: str, edition: str, line: str
    ) -> tuple[Sequence[Numbered], Numbered, Sequence[Numbered]] | None:
        """The head's rows, the header of the lines, and the lines; None, and a fault, where it is no such sheet."""
        first = [cell_of(self.rows[0][1], place) for place in (0, 1)] if self.rows else []
        if first != [mark, edition]:
            self.faults.add("row 1", f"is {mark},{edition}", value=",".join(first), fix=START)
            return None
        start = next((place for place, (_, row) in enumerate(self.rows) if row[0] == line), None)
        if start is None:
            self.faults.add("sheet", f"has a row that begins with {line}", fix=START)
            return None
        return self.rows[1:start], self.rows[start], self.rows[start + 1 :]

    def values(self, head: Sequence[Numbered], known: Columns, parties: Mapping[str, object]) -> dict[str, str]:
        """Name -> value of the head's rows that have one."""
        values: dict[str, str] = {}
        for number, row in head:
            name, value = row[0], cell_of(row, 1)
            if name in parties:
                continue
            if name not in known:
                self.faults.add(f"row {number}", f"is one of {', '.join((*known, *parties))}", value=name)
            elif name in values:
                self.faults.add(f"row {number}", "appears once", value=name)
            elif value and self._fits(value, known[name][0], f"row {number} ({name})"):
                values[name] = value
        for name, (_, required) in known.items():
            if required and name not in values and not any(f"({name})" in found.field for found in self.faults.found):
                self.faults.add(name, "must be there", fix=f"Fill in the row {name}")
        return values

    def parties(
        self, head: Sequence[Numbered], known: Mapping[str, object], country_form: Form
    ) -> Iterator[tuple[str, tuple[str, str, str, str]]]:
        """Name of a party's row, with the company's name, number, country and address."""
        seen: set[str] = set()
        for number, row in head:
            if row[0] not in known:
                continue
            name, company, code, country, address = (cell_of(row, column) for column in range(5))
            if name in seen:
                self.faults.add(f"row {number}", "appears once", value=name)
            elif not company and (code or country or address):
                self.faults.add(f"row {number} ({name})", "names the company", fix="Fill in the second cell")
            elif company and (not country or self._fits(country, country_form, f"row {number} (country)")):
                yield name, (company, code, country, address)
            seen.add(name)

    def lines(self, header: Numbered, rows: Sequence[Numbered], known: Columns, most: int) -> Iterator[dict[str, str]]:
        """The cells of each line that have a value, by the name of their column."""
        places = self._places(header, known)
        if len(rows) > most:
            self.faults.add("sheet", f"has at most {most} lines", value=len(rows))
            return
        if not rows:
            self.faults.add("sheet", "has a line", fix="Add the goods")
        for number, row in rows:
            cells: dict[str, str] = {}
            for name, (form, required) in known.items():
                cell = cell_of(row, places[name]) if name in places else ""
                if cell and self._fits(cell, form, f"row {number} ({name})"):
                    cells[name] = cell
                elif not cell and required:
                    self.faults.add(f"row {number} ({name})", "must be there", fix="Fill in the cell")
            yield cells

    def _places(self, header: Numbered, known: Columns) -> dict[str, int]:
        number, row = header
        places: dict[str, int] = {}
        for place, name in enumerate(row[1:], 1):
            if name not in known:
                self.faults.add(f"row {number}", f"has the columns {', '.join(known)}", value=name)
            elif name in places:
                self.faults.add(f"row {number}", "has each column once", value=name)
            places[name] = place
        for name, (_, required) in known.items():
            if required and name not in places:
                self.faults.add(f"row {number}", f"has the column {name}", fix=START)
        return places

    def _fits(self, text: str, form: Form, where: str) -> bool:
        if form.fits(text):
            return True
        self.faults.add(where, form.rule, value=text)
        return False


def cell_of(row: Row, place: int) -> str:
    """The cell at that place, from 0; empty where the row ends before it."""
    return row[place] if place < len(row) else ""
