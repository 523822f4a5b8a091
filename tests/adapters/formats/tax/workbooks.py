"""Workbooks (XLSX) for tests, and the template: `python -m tests.adapters.formats.tax.workbooks FILE` writes it."""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import resources
from pathlib import Path
from xml.sax.saxutils import escape

TEMPLATE = resources.files("adapters.formats.invoice_sheet").joinpath("samples", "invoice.csv")
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DAY_STYLE = 1
NUMBER_ROWS = ("payable",)
NUMBER_COLUMNS = ("quantity", "unit_price", "total")

PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}">'
    '<sheets><sheet name="发票" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f"<styleSheet {MAIN}><fonts><font/></fonts><fills><fill/></fills><borders><border/></borders>"
    '<cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>",
}


def rows_of_template() -> list[list[str]]:
    return list(csv.reader(io.StringIO(TEMPLATE.read_text(encoding="utf-8-sig"))))


def cell(place: str, text: str, *, number: bool = False, day: bool = False) -> str:
    if day:
        serial = (date.fromisoformat(text) - date(1899, 12, 30)).days
        return f'<c r="{place}" s="{DAY_STYLE}"><v>{serial}</v></c>'
    if number:
        return f'<c r="{place}"><v>{text}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def sheet_of(rows: Sequence[Sequence[str]]) -> str:
    """A worksheet: numbers and days where the template has them, else texts."""
    columns: Sequence[str] = ()
    lines: list[str] = []
    for place, row in enumerate(rows, 1):
        cells: list[str] = []
        for at, text in enumerate(row):
            name = columns[at] if at < len(columns) else ""
            head = row[0] if at == 1 and not columns else ""
            number = head in NUMBER_ROWS or name in NUMBER_COLUMNS
            if text:
                cells.append(cell(f"{chr(ord('A') + at)}{place}", text, number=number, day=head == "issued_on"))
        if row and row[0] == "line":
            columns = row
        lines.append(f'<row r="{place}">{"".join(cells)}</row>')
    return f"<worksheet {MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def workbook(sheet: str, changed: Mapping[str, str] | None = None) -> bytes:
    """The file; entries have one date, so that the same rows make the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**PARTS, "xl/worksheets/sheet1.xml": sheet, **(changed or {})}.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return buffer.getvalue()


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(workbook(sheet_of(rows_of_template())))
