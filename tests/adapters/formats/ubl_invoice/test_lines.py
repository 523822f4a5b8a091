"""UBL invoices and credit notes: signs, prices for many, decimals, places, attachments."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest

from adapters.formats.ubl_invoice import tables
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import TaxInvoice

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def document(root: str = "Invoice", *, head: str = "", line: str = "", quantity: str = "2", price: str = "10") -> bytes:
    kind = next(found for found in tables.DOCUMENTS if found.root == root)
    party = "<cac:Party><cac:PartyName><cbc:Name>A</cbc:Name></cac:PartyName></cac:Party>"
    return (
        f'<{root} xmlns="{UBL}{root}-2" xmlns:cac="{UBL}CommonAggregateComponents-2" '
        f'xmlns:cbc="{UBL}CommonBasicComponents-2"><cbc:ID>D-7</cbc:ID><cbc:IssueDate>2026-04-01</cbc:IssueDate>'
        f"<cbc:DocumentCurrencyCode>USD</cbc:DocumentCurrencyCode>{head}"
        f"<cac:AccountingSupplierParty>{party}</cac:AccountingSupplierParty>"
        f"<cac:AccountingCustomerParty>{party}</cac:AccountingCustomerParty>"
        '<cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="USD">20.00</cbc:PayableAmount></cac:LegalMonetaryTotal>'
        f'<cac:{kind.line}><cbc:{kind.quantity} unitCode="C62">{quantity}</cbc:{kind.quantity}>'
        f'<cbc:LineExtensionAmount currencyID="USD">20.00</cbc:LineExtensionAmount>{line or ITEM}'
        f'<cac:Price><cbc:PriceAmount currencyID="USD">{price}</cbc:PriceAmount></cac:Price></cac:{kind.line}></{root}>'
    ).encode()


ITEM = "<cac:Item><cbc:Name>Bolt</cbc:Name></cac:Item>"


def invoice(body: bytes) -> TaxInvoice:
    record = read_message(body).entities[0].record
    assert isinstance(record, TaxInvoice)
    return record


def rules(record: TaxInvoice) -> set[str]:
    return {remark.rule for remark in record.remarks}


@pytest.mark.parametrize("root", ["Invoice", "CreditNote"])
@pytest.mark.parametrize(("said", "value"), [("-2", "-2.00000"), ("0", "0.00000"), ("-0.00", "0.00000")])
def test_a_line_may_take_goods_back(root: str, said: str, value: str) -> None:
    quantity = invoice(document(root, quantity=said)).goods_items[0].quantity
    assert quantity is not None
    assert quantity.value == value


@pytest.mark.parametrize(
    ("price", "base", "unit_price", "said"),
    [
        ("100.00", "1000", "0.10", {"price-base"}),
        ("100.00", "1", "100.00", set()),
        ("10", "3", "3.33333", {"price-base", "rounded"}),
        ("0.0000125", None, "0.00001", {"rounded"}),
    ],
)
def test_a_price_is_that_of_one_unit(price: str, base: str | None, unit_price: str, said: set[str]) -> None:
    body = document(price=price)
    if base is not None:
        close = b"</cbc:PriceAmount>"
        body = body.replace(close, close + f"<cbc:BaseQuantity>{base}</cbc:BaseQuantity>".encode())
    record = invoice(body)
    assert record.goods_items[0].unit_price is not None
    assert record.goods_items[0].unit_price.value == unit_price
    assert rules(record) == said


def test_a_price_for_nothing_is_refused() -> None:
    body = document().replace(b"</cbc:PriceAmount>", b"</cbc:PriceAmount><cbc:BaseQuantity>0</cbc:BaseQuantity>")
    with pytest.raises(MalformedMessage, match="BaseQuantity"):
        read_message(body)


@pytest.mark.parametrize(("code", "kind"), [("381", "381"), ("396", "396"), ("532", "532"), (None, "381")])
def test_a_credit_note_keeps_its_kind_and_what_it_credits(code: str | None, kind: str) -> None:
    head = f"<cbc:CreditNoteTypeCode>{code}</cbc:CreditNoteTypeCode>" if code else ""
    cited = "<cac:InvoiceDocumentReference><cbc:ID>INV-3</cbc:ID></cac:InvoiceDocumentReference>"
    record = invoice(document("CreditNote", head=f"{head}<cac:BillingReference>{cited}</cac:BillingReference>"))
    assert record.invoice.kind is not None
    assert (record.invoice.kind.value, record.invoice.corrects) == (kind, ("INV-3",))


def nested(*path: str, text: str) -> str:
    inner = f"<cbc:{path[-1]}>{text}</cbc:{path[-1]}>"
    for name in reversed(path[:-1]):
        inner = f"<cac:{name}>{inner}</cac:{name}>"
    return inner


@pytest.mark.parametrize("path", tables.TERMS)
def test_terms_of_delivery_are_read_at_each_place(path: tuple[str, ...]) -> None:
    valuation = invoice(document(head=nested(*path, text="CIF"))).valuation
    assert valuation is not None
    assert valuation.terms is not None
    assert valuation.terms.value == "CIF"


@pytest.mark.parametrize("path", [*tables.ORDER, *tables.CONTRACT])
def test_order_and_contract_are_read_of_the_document_or_its_lines(path: tuple[str, ...]) -> None:
    field = "order" if path in tables.ORDER else "contract"
    in_line = path[0] == "LINE"
    said = nested(*(path[1:] if in_line else path), text="N-1")
    record = invoice(document(**{"line" if in_line else "head": said + (ITEM if in_line else "")}))
    assert getattr(record.invoice, field) == "N-1"


@pytest.mark.parametrize(("list_id", "hs"), [("HS", "848340"), ("STH", "848340"), ("UNSPSC", None), (None, None)])
def test_only_a_code_of_a_tariff_list_is_a_tariff_code(list_id: str | None, hs: str | None) -> None:
    mark = f' listID="{list_id}"' if list_id else ""
    code = f"<cbc:ItemClassificationCode{mark}>848340</cbc:ItemClassificationCode>"
    item = ITEM.replace("</cac:Item>", f"<cac:CommodityClassification>{code}</cac:CommodityClassification></cac:Item>")
    record = invoice(document(line=item))
    assert record.goods_items[0].hs == hs
    assert ("not-read" in rules(record)) == (hs is None)


def test_an_embedded_file_is_known_by_its_hash() -> None:
    held = base64.b64encode(b"%PDF-1.7 packing list").decode()
    head = (
        "<cac:AdditionalDocumentReference><cbc:ID>PL-1</cbc:ID><cbc:DocumentTypeCode>271</cbc:DocumentTypeCode>"
        f'<cac:Attachment><cbc:EmbeddedDocumentBinaryObject filename="pl.pdf">{held}</cbc:EmbeddedDocumentBinaryObject>'
        "</cac:Attachment></cac:AdditionalDocumentReference>"
    )
    (cited,) = invoice(document(head=head)).documents
    assert (cited.number, cited.name, cited.kind.value) == ("PL-1", "pl.pdf", "271")
    assert cited.sha256 == sha256(b"%PDF-1.7 packing list").hexdigest()


def test_the_total_of_tax_is_that_in_the_documents_currency() -> None:
    totals = "".join(
        f'<cac:TaxTotal><cbc:TaxAmount currencyID="{currency}">{value}</cbc:TaxAmount></cac:TaxTotal>'
        for currency, value in (("EUR", "3.00"), ("USD", "4.00"))
    )
    record = invoice(document(head=totals))
    assert record.invoice.tax is not None
    assert (record.invoice.tax.value, record.invoice.tax.currency) == ("4.00", "USD")
    assert "TaxTotal/TaxAmount: 3.00 [currencyID=EUR]" in {remark.text for remark in record.remarks}


def test_notes_allowances_and_prepaid_amounts_are_not_lost() -> None:
    notes = "<cbc:Note>one</cbc:Note><cbc:Note>two</cbc:Note>"
    head = f"{notes}<cac:AllowanceCharge><cbc:Amount>5</cbc:Amount></cac:AllowanceCharge>"
    record = invoice(document(head=head))
    assert record.invoice.note == "one\ntwo"
    assert "AllowanceCharge/Amount: 5" in {remark.text for remark in record.remarks}


def test_what_identifies_a_person_is_not_repeated_in_a_remark() -> None:
    party = "<cac:PartyName><cbc:Name>J. Doe</cbc:Name></cac:PartyName>"
    head = f"<cac:Delivery><cac:DeliveryParty>{party}</cac:DeliveryParty></cac:Delivery>"
    record = invoice(document(head=head))
    assert "J. Doe" not in str(record.to_sections())
    assert any("Delivery/DeliveryParty" in remark.text for remark in record.remarks)
