"""Where a Cross Industry Invoice says what, and what of it is left out.

Sources: CEN/TS 16931-3-3:2017 (syntax binding of EN 16931-1 to UN/CEFACT Cross Industry Invoice D16B), whose business
terms (BT, BG) are named beside each path; XRechnung 3.0 and Factur-X 1.0 are profiles of it. Paths are below the
element named in the comment, without their prefix `ram`; the first that has a text counts.
"""

from __future__ import annotations

from typing import Final

RSM: Final = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}"
RAM: Final = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
UDT: Final = "{urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100}"
QDT: Final = "{urn:un:unece:uncefact:data:standard:QualifiedDataType:100}"

AGREEMENT: Final = "ApplicableHeaderTradeAgreement"
DELIVERY: Final = "ApplicableHeaderTradeDelivery"
SETTLEMENT: Final = "ApplicableHeaderTradeSettlement"

DATE_FORMAT: Final = "102"
"""UNTDID 2379: CCYYMMDD, the only one that CEN/TS 16931-3-3 allows."""

ORDER: Final = (AGREEMENT, "BuyerOrderReferencedDocument", "IssuerAssignedID")
"""BT-13."""
LINE_ORDER: Final = ("SpecifiedLineTradeAgreement", "BuyerOrderReferencedDocument", "IssuerAssignedID")
"""The order that a line bills, in the extended profile of Factur-X: read where the head names none."""
CONTRACT: Final = (AGREEMENT, "ContractReferencedDocument", "IssuerAssignedID")
"""BT-12."""
TERMS: Final = (AGREEMENT, "ApplicableTradeDeliveryTerms", "DeliveryTypeCode")
"""Incoterms, in the extended profile of Factur-X (BT-X-145)."""

CITED: Final = (
    (AGREEMENT, "AdditionalReferencedDocument"),
    (DELIVERY, "DespatchAdviceReferencedDocument"),
    (DELIVERY, "ReceivingAdviceReferencedDocument"),
)
"""BG-24 with BT-122 to BT-125, BT-16, BT-15: documents that the invoice cites or holds."""

TAX_KINDS: Final = {"VAT": "vat"}
"""UNTDID 5153 -> kind of tax; any other is `other`, with a remark."""
HS_LISTS: Final = frozenset({"HS", "STH", "CN", "HSN", "TARIC"})
"""`listID` (UNTDID 7143) of a classification (BT-158) that is a tariff code."""

IGNORED: Final = {
    "ExchangedDocumentContext": "which process and profile the document follows",
    "IncludedNote/SubjectCode": "which kind of note it is; its text is kept",
    "AssociatedDocumentLineDocument/LineID": "the line's own number; its place is kept",
    "BuyerReference": "the buyer's book-keeping",
    "ReceivableSpecifiedTradeAccountingAccount": "the buyer's book-keeping",
    "URIUniversalCommunication": "where documents are sent to",
    "DefinedTradeContact/PersonName": "the person to ask: personal",
    "DefinedTradeContact/DepartmentName": "the person to ask: personal",
    "EmailURIUniversalCommunication": "the person to ask: personal",
    "SpecifiedTradeSettlementPaymentMeans": "how it is paid, not what was sold",
    "SpecifiedTradePaymentTerms/Description": "how it is paid, not what was sold",
    "PaymentReference": "how it is paid, not what was sold",
    "CreditorReferenceID": "how it is paid, not what was sold",
    "BillingSpecifiedPeriod": "for the seller's VAT return",
    "TaxPointDate": "for the seller's VAT return",
    "DueDateTypeCode": "for the seller's VAT return",
    "SpecifiedLineTradeSettlement/ApplicableTradeTax": "the line's tax, which the totals repeat",
    "AttachmentBinaryObject": "read as the hash of the attached file",
}
"""Element, or the end of its path -> why it is left out. Whatever else is not read becomes a remark."""
