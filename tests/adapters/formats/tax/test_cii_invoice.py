"""Cross Industry Invoices: each value at its place, each fault by its name."""

from __future__ import annotations

import hashlib
from importlib import resources

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.tax import TaxInvoice

SAMPLE = resources.files("adapters.formats.cii_invoice").joinpath("samples/invoice.xml").read_text(encoding="utf-8")


def read(text: str) -> TaxInvoice:
    message = read_message(text.encode())
    assert message.kind == "CII-D16B"
    (entity,) = message.entities
    assert isinstance(entity.record, TaxInvoice)
    return entity.record


def changed(old: str, new: str) -> str:
    assert SAMPLE.count(old) == 1, f"{old!r} must stand once in the sample"
    return SAMPLE.replace(old, new)


def test_the_head_says_who_bills_whom_for_what_and_when() -> None:
    record = read(SAMPLE)
    head = record.invoice
    assert (head.number, head.issued_on, head.due_on, head.currency) == (
        "HH-2026-0417",
        "2026-02-26",
        "2026-03-28",
        "EUR",
    )
    assert head.kind is not None
    assert head.kind.value == "380"
    assert (head.order, head.contract) == ("LF-PO-88", "LF-C-12")
    assert head.payable is not None
    assert (head.payable.value, head.payable.currency) == ("4875.00", "EUR")
    assert [(party.role, party.name, party.uscc, party.country) for party in record.parties] == [
        ("seller", "Hanse Pumpen GmbH", None, "DE"),
        ("buyer", "Langfang Water Works", "91110000600037341L", "CN"),
    ]
    assert record.valuation is not None
    assert record.valuation.terms is not None
    assert record.valuation.terms.value == "FOB"


def test_a_price_for_ten_is_a_tenth_for_one_and_a_returned_line_is_below_zero() -> None:
    pump, returned = read(SAMPLE).goods_items
    assert pump.unit_price is not None
    assert (pump.hs, pump.origin, pump.unit_price.value) == ("841370", "DE", "125.00")
    assert pump.quantity is not None
    assert (pump.quantity.value, pump.quantity.unit) == ("40.00000", "H87")
    assert returned.quantity is not None
    assert returned.total is not None
    assert (returned.quantity.value, returned.total.value) == ("-1.00000", "-125.00")


def test_an_attached_file_is_known_by_its_hash() -> None:
    (document,) = read(SAMPLE).documents
    assert (document.number, document.name) == ("PL-1", "packing-list.csv")
    assert document.sha256 == hashlib.sha256(b"cartons,40\n").hexdigest()


def test_lines_that_do_not_add_up_are_remarked_on() -> None:
    record = read(
        changed(
            "<ram:LineTotalAmount>4875.00</ram:LineTotalAmount>", "<ram:LineTotalAmount>4876.00</ram:LineTotalAmount>"
        )
    )
    assert [remark.text for remark in record.remarks if remark.rule == "line-total"] == [
        "the lines add up to 4875.00, the invoice says 4876.00"
    ]


def test_what_is_not_read_is_kept_as_a_remark() -> None:
    delivered = (
        "<ram:ApplicableHeaderTradeDelivery><ram:ActualDeliverySupplyChainEvent><ram:OccurrenceDateTime>"
        '<udt:DateTimeString format="102">20260301</udt:DateTimeString>'
        "</ram:OccurrenceDateTime></ram:ActualDeliverySupplyChainEvent></ram:ApplicableHeaderTradeDelivery>"
    )
    record = read(changed("<ram:ApplicableHeaderTradeDelivery/>", delivered))
    assert any("OccurrenceDateTime" in remark.text and "20260301" in remark.text for remark in record.remarks)


def test_an_invoice_without_its_totals_is_refused_by_name() -> None:
    start = "<ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
    end = start.replace("<", "</")
    cut = SAMPLE[: SAMPLE.index(start)] + SAMPLE[SAMPLE.index(end) + len(end) :]
    with pytest.raises(MalformedMessage, match="SpecifiedTradeSettlementHeaderMonetarySummation"):
        read(cut)


def test_a_credit_note_names_the_invoice_that_it_credits() -> None:
    text = changed("<ram:TypeCode>380</ram:TypeCode>", "<ram:TypeCode>381</ram:TypeCode>").replace(
        "</ram:ApplicableHeaderTradeSettlement>",
        "<ram:InvoiceReferencedDocument><ram:IssuerAssignedID>HH-2026-0400</ram:IssuerAssignedID>"
        "</ram:InvoiceReferencedDocument></ram:ApplicableHeaderTradeSettlement>",
    )
    head = read(text).invoice
    assert head.kind is not None
    assert (head.kind.value, head.corrects) == ("381", ("HH-2026-0400",))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("<ram:ID>HH-2026-0417</ram:ID>", "", "ExchangedDocument/ID"),
        ('format="102">20260226', 'format="203">20260226', "@format"),
        ('format="102">20260226', 'format="102">20260231', "DateTimeString"),
        ("<ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>", "", "InvoiceCurrencyCode"),
        ("<ram:DuePayableAmount>4875.00</ram:DuePayableAmount>", "", "DuePayableAmount"),
        ("<ram:DuePayableAmount>4875.00", "<ram:DuePayableAmount>4,875.00", "DuePayableAmount"),
        ('<ram:BasisQuantity unitCode="H87">10', '<ram:BasisQuantity unitCode="H87">0', "BasisQuantity"),
        ("Y2FydG9ucyw0MAo=", "not base64!", "AttachmentBinaryObject"),
    ],
)
def test_a_fault_is_named_by_its_place(old: str, new: str, place: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read(changed(old, new))
    assert place in str(refusal.value)
