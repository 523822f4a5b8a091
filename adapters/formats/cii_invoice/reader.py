"""Commercial invoices in the Cross Industry Invoice D16B of UN/CEFACT: each becomes one `tax.invoice`.

XRechnung (CII), Factur-X and ZUGFeRD send this XML; the PDF around a Factur-X is not read here. A line may take goods
back: its quantity and amount are below zero then. A credit note (UNTDID 1001: 381) says amounts above zero; its kind
says that they are taken off. What the record has no field for becomes a remark; `tables.py` says what is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from adapters.formats.cii_invoice import tables
from adapters.formats.cii_invoice.lines import build_line, check_lines
from adapters.formats.cii_invoice.parts import cited_documents, invoice_party, money, summed, taxes
from adapters.formats.cii_invoice.tables import RAM, RSM, UDT
from adapters.mapping.invoice_kinds import invoice_kind
from adapters.mapping.logistics import NAME, NOTE, SHORT, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.forms import DATE, Form
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.records.base import Reference, Remark, Source
from chain.records.scalars import Code
from chain.records.sections import InvoiceLine, Party, PartyRole, Taxes, Valuation
from chain.records.tax import InvoiceHead, TaxInvoice

KIND: Final = "CII-D16B"
LINES_MAX: Final = 999
"""Lines of one invoice; a record counts its items up to this."""
NOTES_MAX: Final = 100
_CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
_PARTIES: Final[tuple[tuple[str, str, PartyRole], ...]] = (
    (tables.AGREEMENT, "SellerTradeParty", "seller"),
    (tables.AGREEMENT, "BuyerTradeParty", "buyer"),
    (tables.AGREEMENT, "SellerTaxRepresentativeTradeParty", "agent"),
    (tables.SETTLEMENT, "PayeeTradeParty", "payee"),
    (tables.DELIVERY, "ShipToTradeParty", "consignee"),
)
"""BG-4, BG-7, BG-11, BG-10, BG-13."""


class CrossIndustryInvoiceReader:
    """Reads `CrossIndustryInvoice` D16B."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the root is the invoice of this version."""
        root = peek_root(message)
        return root.namespace == RSM.strip("{}") and root.name == "CrossIndustryInvoice"

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        record: TaxInvoice | None = None
        with noted(root.where, faults):
            record = _invoice(root, Source(kind=KIND, sha256=message_digest(message)))
        faults.refuse(KIND)
        entity = Entity(0, record, lookup=record.references if record else ())
        return ReadMessage(KIND, record.invoice.number if record else None, None, (entity,))


READERS = (CrossIndustryInvoiceReader(),)


def _invoice(root: Fields, source: Source) -> TaxInvoice | None:
    document = root.child(f"{RSM}ExchangedDocument", required=True)
    trade = root.child(f"{RSM}SupplyChainTradeTransaction", required=True)
    if document is None or trade is None:
        return None
    remarks: list[Remark] = []
    head = _head(document, trade)
    if head is None:
        return None
    items = tuple(_lines(trade, head.currency, remarks))
    check_lines(head, items, remarks)
    parties = tuple(_parties(trade))
    issuer = next((party.uscc for party in parties if party.role == "seller" and party.uscc), "")
    settlement = trade.child(f"{RAM}{tables.SETTLEMENT}")
    tax_lines = taxes(settlement, head.currency, remarks) if settlement is not None else ()
    record = TaxInvoice(
        references=(
            Reference(kind="invoice", scope=issuer, value=head.number, on=head.issued_on or ""),
            *((Reference(kind="order", value=head.order),) if head.order else ()),
        ),
        source=source,
        documents=tuple(cited_documents(trade)),
        invoice=head,
        parties=parties,
        goods_items=items,
        valuation=_valuation(trade),
        taxes=Taxes(lines=tax_lines) if tax_lines else None,
    )
    return record.with_remarks(*remarks, *unread_elements(root.element, root.faults, tables.IGNORED))


def _head(document: Fields, trade: Fields) -> InvoiceHead | None:
    number = document.text(f"{RAM}ID", NAME)
    kind = document.text(f"{RAM}TypeCode", SHORT)
    issued_on = _day(document.child(f"{RAM}IssueDateTime", required=True))
    settlement = trade.child(f"{RAM}{tables.SETTLEMENT}", required=True)
    if number is None or settlement is None:
        return None
    currency = settlement.text(f"{RAM}InvoiceCurrencyCode", _CURRENCY)
    sums = settlement.child(f"{RAM}SpecifiedTradeSettlementHeaderMonetarySummation", required=True)
    if sums is None:
        return None
    terms = next(settlement.each(f"{RAM}SpecifiedTradePaymentTerms"), None)
    return InvoiceHead(
        number=number,
        kind=invoice_kind(kind, document.faults.notes),
        issued_on=issued_on,
        due_on=_day(terms.child(f"{RAM}DueDateDateTime")) if terms is not None else None,
        order=_text_at(trade, tables.ORDER) or _line_order(trade),
        contract=_text_at(trade, tables.CONTRACT),
        corrects=tuple(_corrected(settlement)),
        currency=currency,
        lines_total=money(sums, "LineTotalAmount", currency),
        net=money(sums, "TaxBasisTotalAmount", currency),
        tax=summed(sums, "TaxTotalAmount", currency),
        gross=money(sums, "GrandTotalAmount", currency),
        payable=money(sums, "DuePayableAmount", currency, required=True),
        note=_notes(document),
    )


def _day(holder: Fields | None) -> str | None:
    """A `udt:DateTimeString` of format 102 as `YYYY-MM-DD`; None where it is absent or wrong, which is noted."""
    stamp = holder.child(f"{UDT}DateTimeString", required=True) if holder is not None else None
    if stamp is None:
        return None
    written = stamp.element.get("format")
    if written != tables.DATE_FORMAT:
        stamp.faults.add(f"{stamp.where}/@format", f"is {tables.DATE_FORMAT} (CCYYMMDD)", value=written)
        return None
    digits = stamp.own(DATE)
    if digits is None:
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d").date().isoformat()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        stamp.faults.add(stamp.where, "is a day of the calendar", value=digits)
        return None


def _text_at(trade: Fields, path: tuple[str, ...]) -> str | None:
    *steps, name = path
    holder = trade.at(*(f"{RAM}{step}" for step in steps))
    return holder.maybe(f"{RAM}{name}", NAME) if holder is not None else None


def _line_order(trade: Fields) -> str | None:
    for line in trade.each(f"{RAM}IncludedSupplyChainTradeLineItem"):
        if (order := _text_at(line, tables.LINE_ORDER)) is not None:
            return order
    return None


def _lines(trade: Fields, currency: str | None, remarks: list[Remark]) -> Iterator[InvoiceLine]:
    for ordinal, line in enumerate(trade.each(f"{RAM}IncludedSupplyChainTradeLineItem"), 1):
        if ordinal > LINES_MAX:
            trade.faults.add(f"{trade.where}/IncludedSupplyChainTradeLineItem", f"at most {LINES_MAX} lines")
            return
        yield build_line(line, ordinal, currency, remarks)


def _parties(trade: Fields) -> Iterator[Party]:
    for group, name, role in _PARTIES:
        holder = trade.at(f"{RAM}{group}", f"{RAM}{name}")
        if holder is not None and len(holder.element):
            yield invoice_party(role, holder)


def _valuation(trade: Fields) -> Valuation | None:
    term = _text_at(trade, tables.TERMS)
    return Valuation(terms=Code(system="incoterms", value=term)) if term is not None else None


def _corrected(settlement: Fields) -> Iterator[str]:
    """BT-25: the invoices that this one corrects or credits."""
    for cited in settlement.each(f"{RAM}InvoiceReferencedDocument"):
        if (number := cited.maybe(f"{RAM}IssuerAssignedID", NAME)) is not None:
            yield number


def _notes(document: Fields) -> str | None:
    texts: list[str] = []
    for count, note in enumerate(document.each(f"{RAM}IncludedNote"), 1):
        if count > NOTES_MAX:
            break
        if (text := note.maybe(f"{RAM}Content", NOTE)) is not None:
            texts.append(text)
    return "\n".join(texts)[:4_000] or None
