"""What a DCSA transport document calls its parties, states and places, and what of it is left out.

Source: DCSA Bill of Lading 3.0.0 (`EBL_v3.0.0.yaml`, schema `TransportDocument`).
"""

from __future__ import annotations

from typing import Final, Literal

from chain.records.sections import PartyRole

DocumentKind = Literal["bill_of_lading", "sea_waybill", "other"]

KINDS: Final[dict[str, DocumentKind]] = {"BOL": "bill_of_lading", "SWB": "sea_waybill"}
"""`transportDocumentTypeCode` -> kind of document."""

NOT_ISSUED: Final = frozenset({"DRAFT", "APPROVED"})
"""`transportDocumentStatus` of a document that nobody holds yet: acknowledged, not recorded."""
VOIDED: Final = frozenset({"VOIDED", "VOID"})
"""A document that was taken back: it amends what was said of it."""
STATES: Final = (
    NOT_ISSUED
    | VOIDED
    | {
        "ISSUED",
        "PENDING_SURRENDER_FOR_AMENDMENT",
        "SURRENDERED_FOR_AMENDMENT",
        "PENDING_SURRENDER_FOR_DELIVERY",
        "SURRENDERED_FOR_DELIVERY",
    }
)
"""Every state that the standard lists; another is kept as said and marked."""

PARTIES: Final[dict[str, PartyRole]] = {
    "shipper": "consignor",
    "onBehalfOfShipper": "agent",
    "consignee": "consignee",
    "onBehalfOfConsignee": "agent",
    "endorsee": "other",
    "issuingParty": "carrier",
    "carriersAgentAtDestination": "logistics_company",
}
"""Member of `documentParties` that is one party -> what it is to the goods."""
NOTIFY: Final = "notifyParties"
OTHER: Final = "other"

CARRIER_LISTS: Final = {"SMDG": "smdg-liner", "NMFTA": "scac"}
"""`carrierCodeListProvider` -> our name of the list."""
BOOKING_SCOPE: Final = "carrier-booking"
"""Scope of a booking's number, as in the other DCSA formats."""

IGNORED: Final = {
    "taxLegalReferences/type": "which register the number is of: its name is kept with it; that of a USCC is China's",
    "taxLegalReferences/countryCode": "whose register the number is of, kept with it; that of a USCC is China's",
    "termsAndConditions": "the carrier's conditions, which the file's hash covers",
    "carrierClauses": "the carrier's conditions, which the file's hash covers",
    "partyContactDetails": "the person to ask: personal",
    "isElectronic": "how the document is held, not what it says of the goods",
    "isShippedOnBoardType": "which of two days counts; the days are read",
    "numberOfCopiesWithCharges": "how many sheets were printed",
    "numberOfCopiesWithoutCharges": "how many sheets were printed",
    "numberOfOriginalsWithCharges": "how many sheets were printed",
    "numberOfOriginalsWithoutCharges": "how many sheets were printed",
    "numberOfRiderPages": "how many sheets were printed",
    "displayedNameForPlaceOfReceipt": "how a place that is named beside it is printed",
    "displayedNameForPortOfLoad": "how a place that is named beside it is printed",
    "displayedNameForPortOfDischarge": "how a place that is named beside it is printed",
    "displayedNameForPlaceOfDelivery": "how a place that is named beside it is printed",
    "displayedShippedOnBoardReceivedForShipment": "how a day that is named beside it is printed",
    "displayedAddress": "how an address is printed",
    "facilityCodeListProvider": "which list the facility's code is of, kept as dcsa-facility",
    "codeListProvider": "which list a party's code is of, kept with it",
    "codeListName": "which list a party's code is of, kept with it",
    "isShipperOwned": "whose the container is, its number's prefix says",
    "geoCoordinate": "where a place lies that is named beside it",
    "invoicePayableAt": "where freight is paid",
    "charges": "what the carriage costs, line by line",
    "activeReeferSettings": "how a reefer is set",
    "woodDeclaration": "how wooden packing was treated",
}
"""Member, or the end of its path -> why it is left out. Whatever else is not read becomes a remark."""
