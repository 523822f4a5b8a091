"""Codes of Cargo-XML, version 3, and what is left out of its messages.

Elements are those of the schemas Waybill_1 and HouseWaybill_1 with `iata:datamodel:3`, which the published Java classes
of `cargoxml-jaxb` 8.1 (packages xfwb3, xfzb3) name one by one; those of FlightManifest_1 are in the classes that an
airline published (`afklm-onerecord/cgoml`, package xffm.v2), those of HouseManifest_1 as four published programs write
them, which agree. Content codes of customs notes are Cargo-IMP's (manual, 34th edition, §8.8.1).
"""

from __future__ import annotations

import re
from typing import Final, Literal

from adapters.parsing.forms import Form
from chain.records.sections import PartyRole

WAYBILL: Final = "iata:waybill:1"
HOUSE: Final = "iata:housewaybill:1"
STATUS: Final = "iata:statusmessage:1"
FLIGHT: Final = "iata:flightmanifest:1"
HOUSES: Final = "iata:housemanifest:1"
MODEL: Final = "iata:datamodel:3"
"""Namespace of everything below the root's children."""

PURPOSES: Final[dict[str, Literal["new", "change", "delete"]]] = {
    "Creation": "new",
    "Update": "change",
    "Deletion": "delete",
}
"""`PurposeCode` -> what the message does; any other is refused by its name."""
FLIGHT_SCOPE: Final = "cargo-xml-flight"
"""Scope of what a flight's manifest said of a waybill, for a later one that changes it."""
HOUSES_SCOPE: Final = "cargo-xml-houses"
COUNTRY: Final = Form("2 capital letters (ISO 3166)", re.compile("[A-Z]{2}"))
AWB: Final = re.compile(r"(\d{3})[- ]?(\d{8})")
VOLUME_UNITS: Final = frozenset({"MTQ", "FTQ", "CMQ", "INQ"})
NOTIFY: Final = frozenset({"NI", "N1", "N2"})
"""Party role codes (UN/EDIFACT 3035) of whom to notify."""
PARTIES: Final[tuple[tuple[str, PartyRole, str], ...]] = (
    ("ConsignorParty", "consignor", "SHP"),
    ("ConsigneeParty", "consignee", "CNE"),
    ("FreightForwarderParty", "agent", "AGT"),
)
"""Element -> role, and the subject code of customs notes about it."""
TRADER_NUMBER: Final = "T"
"""Content code of a customs note that gives the trader's number of the party in its subject code."""
OPEN_NOTES: Final = frozenset(
    {"A", "AC", "AO", "C", "D", "E", "ED", "F", "I", "KC", "L", "M", "N", "P", "RA", "RC", "S", "SD", "SM", "SS", "ST"}
    | {"T", "U", "V"}
)
"""Content codes whose content is a number or code of goods or companies; what others say may identify a person."""
NO_INFORMATION: Final = "NDA"
"""`Information` of an item without dimensions."""

SPLITS: Final[dict[str, bool]] = {"T": False, "P": True, "S": True, "D": True}
"""`TransportSplitDescription` of a status: total; part, split, divided -> whether it is a part of the shipment."""
STATUS_TIMES: Final = (
    ("SpecifiedEvent", "OccurrenceDateTime", "DateTimeTypeCode"),
    ("DepartureEvent", "DepartureOccurrenceDateTime", "DepartureDateTimeTypeCode"),
    ("ArrivalEvent", "ArrivalOccurrenceDateTime", "ArrivalDateTimeTypeCode"),
    ("ScheduledArrivalEvent", "ScheduledOccurrenceDateTime", ""),
)
"""Where a movement of a status says its time: element, its time, and what kind of time it is; the first counts."""
IGNORED: Final = {
    "SignatoryCarrierAuthentication/Signatory": "the carrier's signature: personal",
    "SignatoryConsignorAuthentication/Signatory": "the shipper's signature: personal",
    "MessageHeaderDocument": "addresses, number and time of the sending, not of the waybill",
    "NilCarriageValueIndicator": "says that the amount beside it is not there",
    "NilCustomsValueIndicator": "says that the amount beside it is not there",
    "NilInsuranceValueIndicator": "says that the amount beside it is not there",
    "ApplicableOriginCurrencyExchange/SourceCurrencyCode": "each amount says its own currency",
    "SpecifiedLogisticsTransportMovement/ModeCode": "the message is of air cargo",
    "SpecifiedLogisticsTransportMovement/Mode": "the message is of air cargo",
    "SpecifiedLogisticsTransportMovement/SequenceNumeric": "the flights stand in their order",
    "LogisticsTransportMovement/ModeCode": "the message is of air cargo",
    "LogisticsTransportMovement/Mode": "the message is of air cargo",
    "MasterResponsibleTransportPerson/Name": "the aircraft's master: personal",
    "SequenceNumeric": "the items stand in their order",
}
"""Element, or end of a path -> why it is left out; whatever else is not read becomes a remark."""
