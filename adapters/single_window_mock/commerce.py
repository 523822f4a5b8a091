"""Writers of trade and tax papers: the commercial invoice (UBL 2.4) and the duty payment certificate (our own JSON
form).

No public machine form of the duty payment certificate (海关专用缴款书) exists; ours is described in
`adapters/formats/duty_payment/reader.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from html import escape

from adapters.single_window_mock import numbers
from adapters.single_window_mock.declaration import Consignment, Item
from adapters.single_window_mock.script import Script

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_UNITS = {"001": "C62", "007": "C62", "011": "C62", "035": "KGM"}
"""Customs unit -> UN/ECE Recommendation 20."""


def ubl_invoice(script: Script, c: Consignment) -> bytes:
    """The commercial invoice that the trader files: the foreign seller's for an import, its own for an export."""
    trader = script.cast.trader
    seller, buyer = ((c.overseas, ""), (trader.name, trader.uscc))
    if not c.imported:
        seller, buyer = buyer, seller
    total = c.total
    lines = "".join(_line(item, c) for item in c.items)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Invoice xmlns="{_UBL}Invoice-2" xmlns:cac="{_UBL}CommonAggregateComponents-2"'
        f' xmlns:cbc="{_UBL}CommonBasicComponents-2">\n'
        "  <cbc:UBLVersionID>2.4</cbc:UBLVersionID>\n"
        f"  <cbc:ID>{c.invoice_no}</cbc:ID>\n"
        f"  <cbc:IssueDate>{script.local('%Y-%m-%d')}</cbc:IssueDate>\n"
        "  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>\n"
        f"  <cbc:DocumentCurrencyCode>{c.currency}</cbc:DocumentCurrencyCode>\n"
        f"  <cac:ContractDocumentReference><cbc:ID>{c.contract_no}</cbc:ID></cac:ContractDocumentReference>\n"
        f"{_party('AccountingSupplierParty', *seller)}{_party('AccountingCustomerParty', *buyer)}"
        f"  <cac:DeliveryTerms><cbc:ID>{'CIF' if c.imported else 'FOB'}</cbc:ID></cac:DeliveryTerms>\n"
        "  <cac:LegalMonetaryTotal>\n"
        f'    <cbc:LineExtensionAmount currencyID="{c.currency}">{total}</cbc:LineExtensionAmount>\n'
        f'    <cbc:TaxExclusiveAmount currencyID="{c.currency}">{total}</cbc:TaxExclusiveAmount>\n'
        f'    <cbc:PayableAmount currencyID="{c.currency}">{total}</cbc:PayableAmount>\n'
        f"  </cac:LegalMonetaryTotal>\n{lines}</Invoice>\n"
    ).encode()


def duty_certificates(script: Script, c: Consignment) -> bytes:
    """What the bank says when the duties are paid: one certificate a tax, of every item."""
    taxes = (
        ("A", "01", [(item.good.duty, item.value_cny, item.duty) for item in c.items]),
        ("L", "02", [(item.good.vat, item.value_cny + item.duty, item.vat) for item in c.items]),
    )
    certificates = [
        _certificate(script, c, letter, number, lines)
        for letter, number, lines in taxes
        if sum((tax for _, _, tax in lines), Decimal(0)) > 0
    ]
    message = {"format": "duty-payment-certificates/1", "certificates": certificates}
    return json.dumps(message, ensure_ascii=False, indent=1).encode()


def certificates_count(c: Consignment) -> int:
    """How many certificates `duty_certificates` holds."""
    return 1 + int(any(item.duty > 0 for item in c.items))


def _certificate(
    script: Script, c: Consignment, letter: str, number: str, lines: Sequence[tuple[Decimal, Decimal, Decimal]]
) -> dict[str, object]:
    trader = script.cast.trader
    return {
        "certificateNumber": f"{c.entry_id}-{letter}{number}",
        "declarationNumber": c.entry_id,
        "customsCode": c.customs,
        "taxType": letter,
        "filledOn": script.local("%Y-%m-%d"),
        "dueOn": script.local("%Y-%m-%d"),
        "taxpayer": {"uscc": trader.uscc, "name": trader.name},
        "currency": "CNY",
        "invoiceCurrency": c.currency,
        "exchangeRate": f"{c.fx:.6f}",
        "items": [
            {
                "number": item.number,
                "hsCode": item.good.hs,
                "name": item.good.name,
                "quantity": str(item.quantity),
                "unit": item.good.unit,
                "taxableValue": f"{base:.2f}",
                "rate": f"{rate:.5f}",
                "tax": f"{tax:.2f}",
            }
            for item, (rate, base, tax) in zip(c.items, lines, strict=True)
        ],
        "amount": f"{sum((tax for _, _, tax in lines), Decimal(0)):.2f}",
        "paidAt": script.local("%Y-%m-%dT%H:%M:%S+08:00"),
        "bankSerial": numbers.digits(script.random, 16),
        "status": "paid",
    }


def _party(role: str, name: str, uscc: str) -> str:
    identity = f"<cac:PartyIdentification><cbc:ID>{uscc}</cbc:ID></cac:PartyIdentification>" if uscc else ""
    legal = f"<cac:PartyLegalEntity><cbc:CompanyID>{uscc}</cbc:CompanyID></cac:PartyLegalEntity>" if uscc else ""
    named = f"<cac:PartyName><cbc:Name>{escape(name, quote=False)}</cbc:Name></cac:PartyName>"
    return f"  <cac:{role}><cac:Party>{identity}{named}{legal}</cac:Party></cac:{role}>\n"


def _line(item: Item, c: Consignment) -> str:
    return (
        "  <cac:InvoiceLine>\n"
        f"    <cbc:ID>{item.number}</cbc:ID>\n"
        f'    <cbc:InvoicedQuantity unitCode="{_UNITS[item.good.unit]}">{item.quantity}</cbc:InvoicedQuantity>\n'
        f'    <cbc:LineExtensionAmount currencyID="{c.currency}">{item.total}</cbc:LineExtensionAmount>\n'
        f"    <cac:Item><cbc:Name>{escape(item.good.name, quote=False)}</cbc:Name>"
        "<cac:CommodityClassification>"
        f'<cbc:ItemClassificationCode listID="HS">{item.good.hs[:6]}</cbc:ItemClassificationCode>'
        "</cac:CommodityClassification></cac:Item>\n"
        f'    <cac:Price><cbc:PriceAmount currencyID="{c.currency}">{item.good.price:.4f}</cbc:PriceAmount>'
        "</cac:Price>\n"
        "  </cac:InvoiceLine>\n"
    )
