"""The invoice sheet: what a trader without a system fills in becomes an invoice, and each fault is named by its row."""

from __future__ import annotations

from importlib import resources

import pytest

from adapters.parsing.csv_rows import CELL_CHARS_MAX, COLUMNS_MAX, ROWS_MAX
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.tax import TaxInvoice

TEMPLATE = resources.files("adapters.formats.invoice_sheet").joinpath("samples/invoice.csv").read_text(encoding="utf-8")


def read(sheet: str | bytes) -> TaxInvoice:
    message = read_message(sheet.encode() if isinstance(sheet, str) else sheet)
    assert message.kind == "tongguan-invoice"
    (entity,) = message.entities
    assert isinstance(entity.record, TaxInvoice)
    return entity.record


def changed(old: str, new: str) -> str:
    assert TEMPLATE.count(old) == 1, f"{old!r} must stand once in the template"
    return TEMPLATE.replace(old, new)


def test_the_template_is_an_invoice_of_two_lines() -> None:
    record = read(TEMPLATE)
    head = record.invoice
    assert (head.number, head.issued_on, head.currency, head.order) == ("HH-2026-0417", "2026-02-26", "EUR", "LF-PO-88")
    assert [(party.role, party.name, party.uscc, party.country) for party in record.parties] == [
        ("seller", "Hanse Pumpen GmbH", None, "DE"),
        ("buyer", "廊坊水务", "91110000600037341L", "CN"),
    ]
    pump, returned = record.goods_items
    assert pump.quantity is not None
    assert pump.total is not None
    assert (pump.hs, pump.quantity.value, pump.total.value, pump.origin) == ("841370", "40.00000", "5000.00", "DE")
    assert returned.quantity is not None
    assert returned.quantity.value == "-1.00000"
    assert record.remarks == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_is_read_in_each_encoding_that_spreadsheets_save(encoding: str) -> None:
    record = read(TEMPLATE.encode(encoding))
    assert record.parties[1].name == "廊坊水务"


def test_lines_that_do_not_add_up_are_remarked_on() -> None:
    record = read(changed("payable,4875.00", "payable,4876.00"))
    assert [remark.rule for remark in record.remarks] == ["line-total"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("tongguan-invoice,1", "tongguan-invoice,2", "row 1"),
        ("number,HH-2026-0417", "number,", "number"),
        ("issued_on,2026-02-26", "issued_on,26.02.2026", "row 4 (issued_on)"),
        ("payable,4875.00", 'payable,"4,875.00"', "row 11 (payable)"),
        ("payable,4875.00", "payble,4875.00", "row 11"),
        ("currency,EUR", "currency,euro", "row 5 (currency)"),
        ("order,LF-PO-88", "number,LF-PO-88", "row 8"),
        ("seller,Hanse Pumpen GmbH", "seller,", "row 13 (seller)"),
        ("line,hs,", "line,tariff,", "row 15"),
        ("line,hs,name", "line,hs,hs", "row 15"),
        ("line,hs,name", "goods,hs,name", "sheet"),
        ("40,H87,125.00,5000.00", "forty,H87,125.00,5000.00", "row 16 (quantity)"),
        ("40,H87,125.00,5000.00", "40,H87,125.00,", "row 16 (total)"),
    ],
)
def test_a_fault_is_named_by_its_row(old: str, new: str, place: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read(changed(old, new))
    assert place in str(refusal.value)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read(changed("currency,EUR", "currency,euro").replace("issued_on,2026-02-26", "issued_on,soon"))
    assert len(refusal.value.faults) == 2


@pytest.mark.parametrize(
    "sheet",
    [
        "tongguan-invoice,1\n" + "note,x\n" * (ROWS_MAX + 1),
        "tongguan-invoice,1\nnote" + ",x" * (COLUMNS_MAX + 1),
        "tongguan-invoice,1\nnote," + "x" * (CELL_CHARS_MAX + 1),
        'tongguan-invoice,1\nnote,"open',
        "tongguan-invoice,1\nnote,a\u202eb",
        "tongguan-invoice,1\nnote,a\x00b",
    ],
    ids=["rows", "columns", "cell", "quote", "direction", "zero"],
)
def test_hostile_sheets_are_refused(sheet: str) -> None:
    with pytest.raises(MalformedMessage):
        read_message(sheet.encode())
