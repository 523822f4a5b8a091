"""Commercial invoices in UBL 2.1 to 2.4 (OASIS `Invoice-2`): each becomes one `tax.invoice`.

The namespace is the same in all four versions, and elements that a later one added are read where they stand. Of
parties, lines and totals all is kept that a customs desk compares; payment means, allowances and extensions are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from adapters.mapping.logistics import NAME, NOTE, SHORT, TOKEN, day, noted
from adapters.mapping.ubl import CAC, CBC, COUNTRY, UBL_DAY
from adapters.mapping.ubl import party as ubl_party
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields, Form, decimal
from chain.identifiers import HsCode
from chain.records.base import Reference, Remark, Source
from chain.records.scalars import Amount, Code, Quantity, amount, fixed
from chain.records.sections import GoodsItem, Party, PartyRole, Taxes, Valuation
from chain.records.tax import InvoiceHead, TaxInvoice
from chain.records.value import TaxLine

NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
KIND: Final = "UBL-Invoice"
LINES_MAX = 999
"""Lines of one invoice; a record counts its items up to this."""
_CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
_MONEY: Final = decimal(19, 5, signed=True)
_HS_LISTS: Final = frozenset({"HS", "STH", "CN", "HSN"})
"""`listID` of an item classification that is a tariff code."""


class UblInvoiceReader:
    """UBL Invoice."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the root is UBL's Invoice."""
        root = peek_root(message)
        return root.namespace == NAMESPACE and root.name == "Invoice"

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        record: TaxInvoice | None = None
        with noted(root.where, faults):
            record = _invoice(root, Source(kind=KIND, sha256=message_digest(message)))
        faults.refuse(KIND)
        entity = Entity(0, record, lookup=record.references if record else ())
        return ReadMessage(KIND, root.maybe(f"{CBC}UUID", NAME), None, (entity,))


READERS = (UblInvoiceReader(),)


def _invoice(root: Fields, source: Source) -> TaxInvoice | None:
    remarks: list[Remark] = []
    number = root.text(f"{CBC}ID", NAME)
    issued = root.text(f"{CBC}IssueDate", UBL_DAY)
    seller = _party(root, "AccountingSupplierParty", "seller")
    buyer = _party(root, "AccountingCustomerParty", "buyer")
    lines = list(_limited(root))
    items = tuple(item for n, line in lines if (item := _item(line, n)) is not None)
    totals = root.child(f"{CAC}LegalMonetaryTotal", required=True)
    if number is None or issued is None or totals is None:
        return None
    kind = root.maybe(f"{CBC}InvoiceTypeCode", SHORT)
    order, contract = _document(root, "OrderReference"), _document(root, "ContractDocumentReference")
    head = InvoiceHead(
        number=number,
        kind=Code(system="uncl-1001", value=kind) if kind else None,
        issued_on=day(issued, f"{root.where}/IssueDate", root.faults),
        due_on=day(root.maybe(f"{CBC}DueDate", UBL_DAY), f"{root.where}/DueDate", root.faults),
        order=order,
        contract=contract,
        corrects=tuple(_corrected(root)),
        currency=root.maybe(f"{CBC}DocumentCurrencyCode", _CURRENCY),
        lines_total=_amount(totals, "LineExtensionAmount"),
        net=_amount(totals, "TaxExclusiveAmount"),
        tax=_tax_total(root),
        gross=_amount(totals, "TaxInclusiveAmount"),
        payable=_amount(totals, "PayableAmount", required=True),
    )
    _check_sum(head, items, remarks)
    terms = root.at(f"{CAC}DeliveryTerms")
    term = terms.maybe(f"{CBC}ID", SHORT) if terms is not None else None
    issuer = seller.uscc if seller and seller.uscc else ""
    taxes = _taxes(root)
    return TaxInvoice(
        references=(
            Reference(kind="invoice", scope=issuer, value=number, on=head.issued_on or ""),
            *((Reference(kind="order", value=order),) if order else ()),
        ),
        source=source,
        remarks=tuple(remarks),
        invoice=head,
        parties=tuple(party for party in (seller, buyer) if party is not None),
        goods_items=items,
        valuation=Valuation(terms=Code(system="incoterms", value=term)) if term else None,
        taxes=Taxes(lines=taxes) if taxes else None,
    )


def _limited(root: Fields) -> Iterator[tuple[int, Fields]]:
    for n, line in enumerate(root.each(f"{CAC}InvoiceLine"), 1):
        if n > LINES_MAX:
            root.faults.add(f"{root.where}/InvoiceLine", f"at most {LINES_MAX} lines")
            return
        yield n, line


def _item(line: Fields, ordinal: int) -> GoodsItem | None:
    item = line.child(f"{CAC}Item", required=True)
    if item is None:
        return None
    name = item.maybe(f"{CBC}Name", NOTE) or next(
        (said for one in item.each(f"{CBC}Description") if (said := one.own(NOTE))), None
    )
    if name is None:
        line.faults.add(f"{item.where}/Name", "or Description must be there", fix="Name the goods")
        return None
    price = line.child(f"{CAC}Price")
    origin = item.at(f"{CAC}OriginCountry")
    country = origin.maybe(f"{CBC}IdentificationCode", COUNTRY) if origin else None
    seller_item = item.at(f"{CAC}SellersItemIdentification")
    return GoodsItem(
        ordinal=ordinal,
        hs=_hs(item),
        name=name,
        number=seller_item.maybe(f"{CBC}ID", NAME) if seller_item is not None else None,
        quantity=_quantity(line),
        unit_price=_amount(price, "PriceAmount") if price is not None else None,
        total=_amount(line, "LineExtensionAmount", required=True),
        origin=country,
    )


def _hs(item: Fields) -> HsCode | None:
    for classification in item.each(f"{CAC}CommodityClassification"):
        code = classification.child(f"{CBC}ItemClassificationCode")
        if code is None or code.element.get("listID", "HS") not in _HS_LISTS:
            continue
        said = code.own(SHORT)
        if said is not None and HsCode.is_valid(said):
            return HsCode.parse(said)
    return None


def _quantity(line: Fields) -> Quantity | None:
    invoiced = line.child(f"{CBC}InvoicedQuantity")
    if invoiced is None:
        return None
    said, unit = invoiced.own(decimal()), invoiced.attribute("unitCode", TOKEN)
    if said is None:
        return None
    known = unit if unit and re.fullmatch("[A-Z0-9]{2,3}", unit) else f"ubl-unit:{(unit or 'none')[:32]}"
    return Quantity(value=fixed(said, 5), unit=known)


def _party(root: Fields, name: str, role: PartyRole) -> Party | None:
    party = root.at(f"{CAC}{name}", f"{CAC}Party")
    if party is None:
        root.faults.add(f"{root.where}/{name}/Party", "must be there", fix="Name the party")
        return None
    return ubl_party(role, party)


def _document(root: Fields, name: str) -> str | None:
    found = next(iter(root.each(f"{CAC}{name}")), None)
    return found.maybe(f"{CBC}ID", NAME) if found is not None else None


def _corrected(root: Fields) -> Iterator[str]:
    for billing in root.each(f"{CAC}BillingReference"):
        reference = billing.at(f"{CAC}InvoiceDocumentReference")
        number = reference.maybe(f"{CBC}ID", NAME) if reference is not None else None
        if number:
            yield number


def _tax_total(root: Fields) -> Amount | None:
    first = next(iter(root.each(f"{CAC}TaxTotal")), None)
    return _amount(first, "TaxAmount") if first is not None else None


def _taxes(root: Fields) -> tuple[TaxLine, ...]:
    lines: list[TaxLine] = []
    for total in root.each(f"{CAC}TaxTotal"):
        for part in total.each(f"{CAC}TaxSubtotal"):
            category = part.child(f"{CAC}TaxCategory")
            percent = category.maybe(f"{CBC}Percent", decimal(8, 4)) if category is not None else None
            rate = fixed(f"{Decimal(percent) / 100:f}", 6) if percent else None
            base, tax = _amount(part, "TaxableAmount"), _amount(part, "TaxAmount")
            lines.append(TaxLine(kind="vat", base=base, rate=rate, amount=tax))
    return tuple(lines)


def _amount(fields: Fields, name: str, *, required: bool = False) -> Amount | None:
    found = fields.child(f"{CBC}{name}", required=required)
    if found is None:
        return None
    said, currency = found.own(_MONEY), found.attribute("currencyID", _CURRENCY, required=True)
    return amount(said, currency, field=found.where) if said is not None and currency is not None else None


def _check_sum(head: InvoiceHead, items: tuple[GoodsItem, ...], remarks: list[Remark]) -> None:
    if head.lines_total is None:
        return
    added = sum((Decimal(item.total.value) for item in items if item.total), Decimal(0))
    if added != Decimal(head.lines_total.value):
        text = f"the lines add up to {added}, the invoice says {head.lines_total.value}"
        remarks.append(Remark(rule="line-total", text=text, field="invoice.lines_total"))
