"""How UBL's invoice and credit note call the same things, and where each may stand.

Sources: UBL 2.4 schemas (OASIS); EN 16931-1:2017 for what a business term (BT) means; Peppol BIS Billing 3.0. Paths are
below the document, without their prefixes; the first that has a text counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Document:
    """One of the two documents."""

    root: str
    namespace: str
    type_code: str
    """Element with the kind of document (BT-3, UNTDID 1001)."""
    line: str
    """Element of one line (BG-25)."""
    quantity: str
    """Quantity of a line (BT-129); no rule on its sign, BR-27 forbids a negative *price* alone."""


DOCUMENTS: Final = (
    Document(
        "Invoice",
        "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        "InvoiceTypeCode",
        "InvoiceLine",
        "InvoicedQuantity",
    ),
    Document(
        "CreditNote",
        "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
        "CreditNoteTypeCode",
        "CreditNoteLine",
        "CreditedQuantity",
    ),
)

CREDIT_NOTE: Final = "381"
"""UNTDID 1001: what a credit note without a type code is (the element is optional in UBL)."""

ORDER: Final = (("OrderReference", "ID"), ("LINE", "OrderLineReference", "OrderReference", "ID"))
"""BT-13; the lines may name it instead (`LINE`: the first line that has it)."""
CONTRACT: Final = (("ContractDocumentReference", "ID"), ("LINE", "DocumentReference", "ID"))
TERMS: Final = (("DeliveryTerms", "ID"), ("Delivery", "DeliveryTerms", "ID"))
TERMS_PLACE: Final = (
    ("DeliveryTerms", "DeliveryLocation", "ID"),
    ("DeliveryTerms", "DeliveryLocation", "Name"),
    ("Delivery", "DeliveryTerms", "DeliveryLocation", "ID"),
    ("Delivery", "DeliveryTerms", "DeliveryLocation", "Name"),
)
CORRECTED: Final = ("InvoiceDocumentReference", "CreditNoteDocumentReference", "SelfBilledInvoiceDocumentReference")
"""BG-3, inside `BillingReference`: documents that this one corrects or credits (BT-25)."""
ATTACHED: Final = (
    "AdditionalDocumentReference",
    "DespatchDocumentReference",
    "ReceiptDocumentReference",
    "OriginatorDocumentReference",
    "ProjectReference",
)
"""Documents that are cited (BG-24, BT-16, BT-15, BT-17, BT-11) -> a document of the record, with its file's hash."""
NAMES: Final = ("Name", "Description")
"""BT-153, BT-154 of an item; UBL itself demands neither."""
ORIGINS: Final = (("OriginCountry", "IdentificationCode"), ("OriginAddress", "Country", "IdentificationCode"))
HS_LISTS: Final = frozenset({"HS", "STH", "CN", "HSN", "TARIC"})
"""`listID` (UNTDID 7143) of an item classification that is a tariff code; without one it may be any list's."""

IGNORED: Final = {
    "LineCountNumeric": "a count of what the document itself holds",
    "TaxPointDate": "for the seller's VAT return",
    "InvoicePeriod": "for the seller's VAT return",
    "TaxCategory/TaxScheme/ID": "read as the kind of tax",
    "ClassifiedTaxCategory": "the line's tax, which the totals repeat",
    "AccountingCost": "the buyer's book-keeping",
    "AccountingCostCode": "the buyer's book-keeping",
    "BuyerReference": "the buyer's book-keeping",
    "InvoiceLine/ID": "the line's own number; its place is kept",
    "CreditNoteLine/ID": "the line's own number; its place is kept",
    "EmbeddedDocumentBinaryObject": "read as the hash of the attached file",
}
"""Element, or the end of its path -> why it is left out; besides those of all UBL documents."""
