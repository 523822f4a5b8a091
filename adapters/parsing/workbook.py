"""The first sheet of a workbook (XLSX, ECMA-376) becomes rows of text, or one clear error within 0.1 s and 100 MB.

A cell is what the sheet shows of it: text as it is, a number with at most 15 digits, a day as `YYYY-MM-DD`, and of a
formula the result that was saved with it. What people do not see is not sent: hidden sheets, rows and columns are
refused, as are errors (`#REF!`) and links to other files. Macros, drawings and other sheets are never opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Final

from lxml import etree

from adapters.parsing.archive import Archive
from adapters.parsing.csv_rows import CELL_CHARS_MAX, COLUMNS_MAX, ROWS_MAX
from adapters.parsing.xml import parse_xml
from chain.errors import MalformedMessage

WORKBOOK: Final = "xl/workbook.xml"
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL: Final = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)
_ROW: Final = re.compile(r"[1-9]\d{0,6}", re.ASCII)
_LETTERS: Final = 26
_DAYS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Number formats (ECMA-376 part 1 §18.8.30) of days and times, those of Chinese sheets among them."""
_QUOTED: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')
_EPOCH: Final = datetime(1899, 12, 30, tzinfo=UTC)
_EPOCH_1904: Final = datetime(1904, 1, 1, tzinfo=UTC)
_FIFTEEN: Final = Context(prec=15)
"""Digits of a number that a sheet keeps and shows."""
_FIX: Final = "Save the sheet again from the template, or as CSV"


def is_workbook(archive: Archive) -> bool:
    """Whether the archive is a workbook."""
    return WORKBOOK in archive.names()


def parse_workbook(archive: Archive) -> list[list[str]]:
    """The rows of the first sheet by their place in it, each a list of stripped cells."""
    book = parse_xml(archive.read(WORKBOOK))
    sheet = parse_xml(archive.read(_first_sheet(archive, book)))
    texts, styles = _shared_texts(archive), _day_styles(archive)
    properties = book.find(f"{_MAIN}workbookPr")
    epoch = _EPOCH_1904 if properties is not None and properties.get("date1904") in ("1", "true") else _EPOCH
    for column in sheet.iterfind(f"{_MAIN}cols/{_MAIN}col"):
        if column.get("hidden") in ("1", "true"):
            raise _malformed("has no hidden column", f"column {column.get('min')}")
    rows: list[list[str]] = []
    for element in sheet.iterfind(f"{_MAIN}sheetData/{_MAIN}row"):
        cells = dict(_cells(element, len(rows) + 1, texts, styles, epoch))
        if not cells:
            continue
        place = min(at for _, at in cells)
        if element.get("hidden") in ("1", "true"):
            raise _malformed("has no hidden row", f"row {place}")
        if place <= len(rows) or any(at != place for _, at in cells):
            raise _malformed("has its rows in their order", f"row {place}")
        rows.extend([] for _ in range(place - len(rows)))
        last = max(column for column, _ in cells)
        row = [cells.get((column, place), "") for column in range(1, last + 1)]
        while row and not row[-1]:
            row.pop()
        rows[place - 1] = row
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _first_sheet(archive: Archive, book: etree._Element) -> str:
    """The name of the first sheet's file."""
    first = book.find(f"{_MAIN}sheets/{_MAIN}sheet")
    if first is None or first.get("state", "visible") != "visible":
        raise _malformed("has a first sheet that is not hidden")
    relations = "xl/_rels/workbook.xml.rels"
    if relations not in archive.names():
        raise _malformed("says where its sheets are")
    for relation in parse_xml(archive.read(relations)):
        if relation.get("Id") == first.get(_RELATION) and relation.get("TargetMode") != "External":
            target = str(relation.get("Target", ""))
            name = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            if name in archive.names():
                return name
    raise _malformed("holds its first sheet", str(first.get("name", ""))[:64])


def _shared_texts(archive: Archive) -> list[str]:
    name = "xl/sharedStrings.xml"
    if name not in archive.names():
        return []
    return [_text_of(item) for item in parse_xml(archive.read(name)).iterfind(f"{_MAIN}si")]


def _text_of(item: etree._Element) -> str:
    """The text of an item, in one run or several; readings of characters (`rPh`) are no part of it."""
    runs = [item.findtext(f"{_MAIN}t") or "", *(run.findtext(f"{_MAIN}t") or "" for run in item.iterfind(f"{_MAIN}r"))]
    return "".join(runs)


def _day_styles(archive: Archive) -> frozenset[str]:
    """The cell formats that show a number as a day."""
    name = "xl/styles.xml"
    if name not in archive.names():
        return frozenset()
    root = parse_xml(archive.read(name))
    own = {
        element.get("numFmtId")
        for element in root.iterfind(f"{_MAIN}numFmts/{_MAIN}numFmt")
        if re.search("[ydYD]", _QUOTED.sub("", str(element.get("formatCode", ""))))
    }
    formats = (str(element.get("numFmtId", "0")) for element in root.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf"))
    return frozenset(
        str(place) for place, form in enumerate(formats) if form in own or (form.isdecimal() and int(form[:5]) in _DAYS)
    )


def _cells(
    row: etree._Element, expected: int, texts: list[str], styles: frozenset[str], epoch: datetime
) -> Iterator[tuple[tuple[int, int], str]]:
    """Column and row of each cell that says something, and what it says."""
    numbered = _ROW.fullmatch(str(row.get("r", "")))
    column, place = 0, int(numbered[0]) if numbered else expected
    for cell in row.iterfind(f"{_MAIN}c"):
        column += 1
        if (named := cell.get("r")) is not None:
            match = _CELL.fullmatch(str(named))
            if match is None:
                raise _malformed("names its cells by column and row", str(named)[:16])
            column, place = _column(match[1]), int(match[2])
        text = _shown(cell, f"{_letters(column)}{place}", texts, styles, epoch).strip()
        if not text:
            continue
        if place > ROWS_MAX:
            raise _malformed(f"at most {ROWS_MAX} rows", f"row {place}")
        if column > COLUMNS_MAX:
            raise _malformed(f"at most {COLUMNS_MAX} columns", f"column {_letters(column)}")
        if len(text) > CELL_CHARS_MAX:
            raise _malformed(f"at most {CELL_CHARS_MAX} characters a cell", f"{_letters(column)}{place}")
        yield (column, place), text


def _shown(cell: etree._Element, where: str, texts: list[str], styles: frozenset[str], epoch: datetime) -> str:
    """What the sheet shows of a cell."""
    kind, value = cell.get("t", "n"), (cell.findtext(f"{_MAIN}v") or "").strip()
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return _text_of(inline) if inline is not None else ""
    if not value:
        if cell.find(f"{_MAIN}f") is not None:
            raise _malformed("has the result of each formula", where)
        return ""
    if kind == "s":
        if not (value.isascii() and value.isdecimal() and int(value[:9]) < len(texts)):
            raise _malformed("names a text that the workbook holds", where)
        return texts[int(value[:9])]
    if kind == "e":
        raise _malformed("has no error in a cell", f"{where} {value[:16]}")
    if kind in ("str", "d"):
        return value
    if kind == "b":
        return "TRUE" if value == "1" else "FALSE"
    return _number(value, where, epoch if cell.get("s", "0") in styles else None)


def _number(value: str, where: str, epoch: datetime | None) -> str:
    try:
        number = _FIFTEEN.create_decimal(value)
        if not number.is_finite() or abs(number.adjusted()) > 30:
            raise InvalidOperation
        if epoch is None:
            return f"{number:f}" if number else "0"
        moment = epoch + timedelta(seconds=round(number * Decimal(86_400)))
    except (InvalidOperation, ValueError, OverflowError):
        raise _malformed("holds numbers that are none too large", where) from None
    is_day = moment.time() == datetime.min.time()
    return f"{moment:%Y-%m-%d}" if is_day else f"{moment:%Y-%m-%d %H:%M:%S}"


def _column(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * _LETTERS + ord(letter) - ord("A") + 1
    return place


def _letters(column: int) -> str:
    text = ""
    while column > 0:
        column, rest = divmod(column - 1, _LETTERS)
        text = chr(ord("A") + rest) + text
    return text


def _malformed(rule: str, value: str | None = None) -> MalformedMessage:
    return MalformedMessage("workbook", rule, value=value, fix=_FIX, code="0001")
