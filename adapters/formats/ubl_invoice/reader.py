"""Commercial invoices and credit notes in UBL 2.1 to 2.4 (OASIS `Invoice-2`, `CreditNote-2`): each becomes one
`tax.invoice`.

The namespaces are the same in all four versions, and elements that a later one added are read where they stand. A line
may take goods back: its quantity and amount are below zero then. A credit note's amounts stand as said, which is above
zero; its kind (UNTDID 1001, 381 ...) says that they are taken off. What the record has no field for (allowances,
prepaid amounts) is kept as remarks; `tables.py` says what is left out and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from adapters.formats.ubl_invoice import tables
from adapters.formats.ubl_invoice.attachments import cited_documents
from adapters.formats.ubl_invoice.lines import build_line, check_lines, money
from adapters.mapping.invoice_kinds import invoice_kind
from adapters.mapping.logistics import ANY_DECIMAL, NAME, NOTE, SHORT, day, noted
from adapters.mapping.ubl import CAC, CBC, IGNORED, UBL_DAY, first, note_copy
from adapters.mapping.ubl import party as ubl_party
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.forms import Form
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.records.base import Reference, Remark, Source
from chain.records.scalars import Amount, Code, fixed
from chain.records.sections import Party, PartyRole, Taxes, Valuation
from chain.records.tax import InvoiceHead, TaxInvoice
from chain.records.value import TaxKind, TaxLine

LINES_MAX = 999
"""Lines of one invoice; a record counts its items up to this."""
NOTES_MAX: Final = 100
_CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
_TAX_KINDS: Final[dict[str, TaxKind]] = {"VAT": "vat"}
"""`TaxScheme/ID` -> kind of tax; any other (GST, sales tax, duty) is `other`, with its code."""
_PARTIES: Final[tuple[tuple[str, str, PartyRole], ...]] = (
    ("AccountingSupplierParty", "Party", "seller"),
    ("AccountingCustomerParty", "Party", "buyer"),
    ("BuyerCustomerParty", "Party", "purchaser"),
    ("SellerSupplierParty", "Party", "other"),
    ("PayeeParty", "", "payee"),
    ("TaxRepresentativeParty", "", "agent"),
)
IGNORED_HERE: Final = {**IGNORED, **tables.IGNORED}


class UblInvoiceReader:
    """UBL Invoice, or UBL CreditNote."""

    def __init__(self, document: tables.Document) -> None:
        self.kind = f"UBL-{document.root}"
        self._document = document

    def recognises(self, message: bytes) -> bool:
        """Whether the root is this document."""
        root = peek_root(message)
        return root.namespace == self._document.namespace and root.name == self._document.root

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        note_copy(root)
        record: TaxInvoice | None = None
        with noted(root.where, faults):
            record = _invoice(root, self._document, Source(kind=self.kind, sha256=message_digest(message)))
        faults.refuse(self.kind)
        message_id = root.maybe(f"{CBC}UUID", NAME)
        entity = Entity(0, record, lookup=record.references if record else ())
        return ReadMessage(self.kind, message_id, None, (entity,))


READERS = tuple(map(UblInvoiceReader, tables.DOCUMENTS))


def _invoice(root: Fields, document: tables.Document, source: Source) -> TaxInvoice | None:
    remarks: list[Remark] = []
    number = root.text(f"{CBC}ID", NAME)
    issued = root.text(f"{CBC}IssueDate", UBL_DAY)
    parties = tuple(_parties(root))
    lines = list(_lines(root, document))
    items = tuple(build_line(line, n, document, remarks) for n, line in enumerate(lines, 1))
    totals = root.child(f"{CAC}LegalMonetaryTotal", required=True)
    if number is None or issued is None or totals is None:
        return None
    head = _head(root, document, lines, totals, number, issued)
    check_lines(head, items, remarks)
    issuer = next((party.uscc for party in parties if party.role == "seller" and party.uscc), "")
    taxes = _taxes(root, remarks)
    record = TaxInvoice(
        references=(
            Reference(kind="invoice", scope=issuer, value=number, on=head.issued_on or ""),
            *((Reference(kind="order", value=head.order),) if head.order else ()),
        ),
        source=source,
        documents=tuple(cited_documents(root)),
        invoice=head,
        parties=parties,
        goods_items=items,
        valuation=_valuation(root),
        taxes=Taxes(lines=taxes) if taxes else None,
    )
    return record.with_remarks(*remarks, *unread_elements(root.element, root.faults, IGNORED_HERE))


def _head(
    root: Fields, document: tables.Document, lines: Sequence[Fields], totals: Fields, number: str, issued: str
) -> InvoiceHead:
    kind = root.maybe(f"{CBC}{document.type_code}", SHORT)
    if kind is None and document.root == "CreditNote":
        kind = tables.CREDIT_NOTE
    currency = root.maybe(f"{CBC}DocumentCurrencyCode", _CURRENCY)
    return InvoiceHead(
        number=number,
        kind=invoice_kind(kind, root.faults.notes),
        issued_on=day(issued, f"{root.where}/IssueDate", root.faults),
        due_on=day(root.maybe(f"{CBC}DueDate", UBL_DAY), f"{root.where}/DueDate", root.faults),
        order=_at(root, lines, tables.ORDER),
        contract=_at(root, lines, tables.CONTRACT),
        corrects=tuple(_corrected(root)),
        currency=currency,
        lines_total=money(totals, "LineExtensionAmount"),
        net=money(totals, "TaxExclusiveAmount"),
        tax=_tax_total(root, currency),
        gross=money(totals, "TaxInclusiveAmount"),
        payable=money(totals, "PayableAmount", required=True),
        note=_note(root),
    )


def _at(root: Fields, lines: Sequence[Fields], paths: tuple[tuple[str, ...], ...]) -> str | None:
    """The text at the first of these paths that has one; `LINE` stands for each line of the document."""
    for path in paths:
        for holder in lines if path[0] == "LINE" else [root]:
            if (found := _descend(holder, path[1:] if path[0] == "LINE" else path)) is not None:
                return found
    return None


def _descend(holder: Fields | None, path: Sequence[str]) -> str | None:
    *steps, name = path
    for step in steps:
        holder = first(holder, step)
    return holder.maybe(f"{CBC}{name}", NAME) if holder is not None else None


def _note(root: Fields) -> str | None:
    notes: list[str] = []
    for count, note in enumerate(root.each(f"{CBC}Note"), 1):
        if count > NOTES_MAX:
            break
        if (text := note.own(NOTE)) is not None:
            notes.append(text)
    return "\n".join(notes)[:4_000] or None


def _lines(root: Fields, document: tables.Document) -> Iterator[Fields]:
    for n, line in enumerate(root.each(f"{CAC}{document.line}"), 1):
        if n > LINES_MAX:
            root.faults.add(f"{root.where}/{document.line}", f"at most {LINES_MAX} lines")
            return
        yield line


def _parties(root: Fields) -> Iterator[Party]:
    for name, inner, role in _PARTIES:
        holder = root.child(f"{CAC}{name}")
        party = holder.child(f"{CAC}{inner}") if holder is not None and inner else holder
        if party is not None and len(party.element):
            yield ubl_party(role, party)


def _valuation(root: Fields) -> Valuation | None:
    term = _at(root, (), tables.TERMS)
    if term is None:
        return None
    return Valuation(terms=Code(system="incoterms", value=term), terms_place=_at(root, (), tables.TERMS_PLACE))


def _corrected(root: Fields) -> Iterator[str]:
    for billing in root.each(f"{CAC}BillingReference"):
        for name in tables.CORRECTED:
            reference = billing.child(f"{CAC}{name}")
            number = reference.maybe(f"{CBC}ID", NAME) if reference is not None else None
            if number:
                yield number


def _tax_total(root: Fields, currency: str | None) -> Amount | None:
    """The total in the document's currency (BT-110); one in the currency of the accounts (BT-111) is kept as unread."""
    totals = list(root.each(f"{CAC}TaxTotal"))
    for total in totals:
        element = total.element.find(f"{CBC}TaxAmount")
        if currency is None or element is None or element.get("currencyID") == currency:
            return money(total, "TaxAmount")
    return money(totals[0], "TaxAmount") if totals else None


def _taxes(root: Fields, remarks: list[Remark]) -> tuple[TaxLine, ...]:
    lines: list[TaxLine] = []
    for total in root.each(f"{CAC}TaxTotal"):
        for part in total.each(f"{CAC}TaxSubtotal"):
            category = part.child(f"{CAC}TaxCategory")
            percent = category.maybe(f"{CBC}Percent", ANY_DECIMAL) if category is not None else None
            percent = percent or part.maybe(f"{CBC}Percent", ANY_DECIMAL)
            code = category.maybe(f"{CBC}ID", SHORT) if category is not None else None
            scheme = category.child(f"{CAC}TaxScheme") if category is not None else None
            tax = scheme.maybe(f"{CBC}ID", SHORT) if scheme is not None else None
            if tax and tax not in _TAX_KINDS:
                remarks.append(Remark(rule="unknown-code", text=f"the tax is {tax}", field="taxes.lines"))
            lines.append(
                TaxLine(
                    kind=_TAX_KINDS.get(tax or "VAT", "other"),
                    code=Code(system="uncl-5305", value=code) if code else None,
                    base=money(part, "TaxableAmount"),
                    rate=_fraction(percent, remarks) if percent else None,
                    amount=money(part, "TaxAmount"),
                )
            )
    return tuple(lines)


def _fraction(percent: str, remarks: list[Remark]) -> str:
    fraction = Decimal(percent) / 100
    cut = fraction.quantize(Decimal("0.000001"))
    if cut != fraction:
        remarks.append(Remark(rule="rounded", text=f"{percent} % is kept as {cut}", field="taxes.lines"))
    return fixed(f"{cut:f}", 6)
