"""The invoice sheet as a workbook (XLSX)."""

from __future__ import annotations

from importlib import resources

import pytest

from adapters.formats.invoice_sheet.workbook import READERS
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.tax import TaxInvoice
from tests.adapters.formats.tax.workbooks import MAIN, PARTS, TEMPLATE, cell, rows_of_template, sheet_of, workbook

SHEET = sheet_of(rows_of_template())
BOOK = PARTS["xl/workbook.xml"]
HIDDEN_COLUMN = '<cols><col min="3" max="3" hidden="1"/></cols>'


def invoice_of(message: bytes) -> TaxInvoice:
    (entity,) = read_message(message).entities
    assert isinstance(entity.record, TaxInvoice)
    return entity.record


def changed(old: str, new: str) -> str:
    assert SHEET.count(old) == 1, f"{old!r} must stand once in the sheet"
    return SHEET.replace(old, new)


def test_the_template_says_what_its_csv_says() -> None:
    workbook_of_template = resources.files("adapters.formats.invoice_sheet").joinpath("samples", "invoice.xlsx")
    record = invoice_of(workbook_of_template.read_bytes())
    assert record.model_dump(exclude={"source"}) == invoice_of(TEMPLATE.read_bytes()).model_dump(exclude={"source"})


def test_the_template_is_what_the_script_writes() -> None:
    kept = resources.files("adapters.formats.invoice_sheet").joinpath("samples", "invoice.xlsx").read_bytes()
    assert invoice_of(kept).invoice == invoice_of(workbook(SHEET)).invoice


def test_texts_of_several_runs_are_one_and_readings_are_left_out() -> None:
    shared = (
        f"<sst {MAIN}><si><r><t>Hanse </t></r><r><t>Pumpen AG</t></r></si>"
        "<si><t>廊坊</t><rPh sb='0' eb='2'><t>lang fang</t></rPh></si></sst>"
    )
    sheet = changed('t="inlineStr"><is><t>Hanse Pumpen GmbH</t></is>', 't="s"><v>0</v>')
    sheet = sheet.replace('t="inlineStr"><is><t>廊坊水务</t></is>', 't="s"><v>1</v>')
    record = invoice_of(workbook(sheet, {"xl/sharedStrings.xml": shared}))
    assert [party.name for party in record.parties] == ["Hanse Pumpen AG", "廊坊"]


def test_a_formula_counts_with_its_result_and_a_number_as_it_shows() -> None:
    sheet = changed("<v>4875.00</v>", "<f>SUM(G16:G17)</f><v>4875.0000000000009</v>")
    record = invoice_of(workbook(sheet))
    assert record.invoice.payable is not None
    assert record.invoice.payable.value == "4875.00"


@pytest.mark.parametrize(
    ("form", "properties", "serial"),
    [("yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;", "", 46079), ("d/m/yy", '<workbookPr date1904="1"/>', 44617)],
)
def test_days_are_read_in_the_sheets_own_format(form: str, properties: str, serial: int) -> None:
    styles = (
        f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="164" formatCode="{form}"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>'
    )
    book = PARTS["xl/workbook.xml"].replace("<sheets>", f"{properties}<sheets>")
    sheet = changed("<v>46079</v>", f"<v>{serial}</v>")
    record = invoice_of(workbook(sheet, {"xl/styles.xml": styles, "xl/workbook.xml": book}))
    assert record.invoice.issued_on == "2026-02-26"


@pytest.mark.parametrize(
    ("sheet", "changes", "rule"),
    [
        (SHEET.replace('<row r="16">', '<row r="16" hidden="1">'), {}, "has no hidden row"),
        (
            SHEET.replace("<sheetData>", '<cols><col min="3" max="3" hidden="1"/></cols><sheetData>'),
            {},
            "hidden column",
        ),
        (changed("<v>4875.00</v>", "<f>SUM(G16:G17)</f>"), {}, "has the result of each formula"),
        (SHEET.replace('<c r="B11"><v>4875.00</v>', '<c r="B11" t="e"><v>#REF!</v>'), {}, "has no error in a cell"),
        (changed("<v>4875.00</v>", "<v>1E+999</v>"), {}, "holds numbers that are none too large"),
        (SHEET.replace('t="inlineStr"><is><t>FOB</t></is>', 't="s"><v>7</v>'), {}, "names a text that the workbook"),
        (SHEET.replace('<row r="2">', '<row r="2">' + cell("A1", "again")), {}, "has its rows in their order"),
        (
            SHEET,
            {"xl/workbook.xml": PARTS["xl/workbook.xml"].replace("<sheet ", '<sheet state="hidden" ')},
            "not hidden",
        ),
        (
            SHEET,
            {"xl/_rels/workbook.xml.rels": PARTS["xl/_rels/workbook.xml.rels"].replace("sheet1", "sheet9")},
            "holds its first sheet",
        ),
        (
            SHEET.replace("</sheetData>", f'<row r="99999">{cell("A99999", "x")}</row></sheetData>'),
            {},
            "at most 5000 rows",
        ),
        (SHEET.replace("</sheetData>", f"<row>{cell('ZZ18', 'x')}</row></sheetData>"), {}, "at most 50 columns"),
    ],
)
def test_what_a_sheet_hides_or_lacks_is_refused_by_its_place(sheet: str, changes: dict[str, str], rule: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(workbook(sheet, changes))
    assert rule in str(refused.value)


def test_a_wrong_cell_is_named_by_its_row() -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(workbook(SHEET.replace("<t>EUR</t>", "<t>euro</t>")))
    assert "row 5 (currency)" in str(refused.value)


def test_any_other_workbook_is_named_and_refused() -> None:
    other = workbook(sheet_of([["price list", "2026"]]))
    with pytest.raises(MalformedMessage, match="XLSX"):
        read_message(other)


def test_a_sheet_with_the_mark_elsewhere_is_no_template() -> None:
    with pytest.raises(MalformedMessage, match="row 1"):
        read_message(workbook(sheet_of([["price list"], ["tongguan-invoice", "1"]])))


def test_a_packed_bomb_is_refused() -> None:
    message = workbook(SHEET, {"xl/styles.xml": "<a>" + " " * 20_000_000 + "</a>"})
    with pytest.raises(MalformedMessage, match="unpacks to at most"):
        READERS[0].read(message)
