"""Where a UBL certificate of origin says what, and what of it is left out.

Source: OASIS UBL 2.4, UBL-CertificateOfOrigin-2.4.xsd and UBL-CommonAggregateComponents-2.4.xsd.
"""

from __future__ import annotations

from typing import Final

from adapters.mapping.ubl import IGNORED as IGNORED_ANYWHERE
from chain.records.sections import PartyRole

PARTIES: Final[tuple[tuple[str, PartyRole, str], ...]] = (
    ("ExporterParty", "exporter", ""),
    ("ImporterParty", "importer", ""),
    ("PreparationParty", "agent", ""),
    ("IssuerParty", "other", "issuing_body"),
    ("EndorserParty", "other", "endorser"),
)
"""Element of the document, else of its application -> role, and what the party is where no role says it."""
ENDORSEMENTS: Final = ("IssuerEndorsement", "EmbassyEndorsement", "InsuranceEndorsement")
INVOICES: Final = frozenset({"380", "325", "388"})
BILLS: Final = frozenset({"705", "704", "710", "740", "741", "730", "720"})
"""`DocumentTypeCode` (UN/EDIFACT 1001) of a supporting document: an invoice, a transport document."""
SCOPE: Final = "origin-certificate"
"""Scope of a certificate's number, as for the certificate sheet."""
IGNORED: Final = {
    **IGNORED_ANYWHERE,
    "DocumentDistribution": "who gets how many sheets",
    "OriginalJobID": "the application's number in the system that it was written in",
    "PreviousJobID": "the application's number in the system that it was written in",
}
"""Element, or end of a path -> why it is left out; whatever else is not read becomes a remark."""
