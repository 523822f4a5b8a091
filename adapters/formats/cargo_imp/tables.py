"""Forms and codes of Cargo-IMP: IATA/A4A Cargo-IMP Manual, 34th edition (2014).

Layouts of the status lines are those of the FSA specification, references 3 to 22 (FSU §5.2 takes them over), the
quantity detail is data elements 701, 703, 600, 601, 500, 604, 602, codes are the manual's code lists 1.15 (shipment
description), 1.18 (status) and 1.8 (discrepancy).
"""

from __future__ import annotations

import re
from typing import Final, Literal

from chain.records.sections import PartyRole

AWB: Final = re.compile(r"(\d{3})-(\d{8})(?:([A-Z]{3})([A-Z]{3}))?(?:/(.*))?")
QUANTITY: Final = re.compile(
    r"([A-Z])(\d{1,4})(?:([KL])(\d{1,7}(?:\.\d{1,5})?))?"
    r"(?:(MC|CF|CC|CI)(\d{1,9}(?:\.\d{1,5})?)|DG(\d{1,2}))?(?:T(\d{1,4}))?"
)
DAY: Final = re.compile(r"(\d{2})([A-Z]{3})(\d{4})?(?:-([A-Z]))?")
FLIGHT: Final = re.compile(r"(?=.{0,2}[A-Z])([A-Z0-9]{2}[A-Z]?)(\d{1,4}[A-Z]?)")
CARRIER: Final = re.compile(r"(?=.{0,2}[A-Z])[A-Z0-9]{2}[A-Z]?")
AIRPORT: Final = re.compile("[A-Z]{3}")
AIRPORTS: Final = re.compile("([A-Z]{3})([A-Z]{3})")
CLOCK: Final = re.compile(r"([SEA])(\d{4})(?:-([A-Z]))?")
VOLUME: Final = re.compile(r"(MC|CF|CC|CI)(\d{1,9}(?:\.\d{1,5})?)|DG\d{1,2}")
NAME: Final = re.compile(".{1,65}")
REFERENCE: Final = re.compile(r"\d{6}")
DISCREPANCY: Final = re.compile("[A-Z]{4}")
COUNTRY: Final = re.compile("[A-Z]{2}")
ULD: Final = re.compile(r"([A-Z][A-Z0-9]{2}[0-9A-Z]{3,6}[A-Z0-9]{2,3})(?:-[A-Z])?")

SHIPMENT_CODES: Final = {"T": False, "P": True, "S": True, "D": True, "M": None}
"""Shipment description (code list 1.15): total; part, split, divided consignment; several -> whether it is a part."""
VOLUME_UNITS: Final = {"MC": "MTQ", "CF": "FTQ", "CC": "CMQ", "CI": "INQ"}
"""Volume code -> UN/ECE Rec 20."""
DAY_CHANGES: Final = {"": 0, "P": -1, "N": 1, "S": 2, "T": 3}
"""Day change indicator -> days that are added."""
CLOCKS: Final[dict[str, tuple[Literal["ACT", "EST", "PLN"], str]]] = {
    "A": ("ACT", "ACTUAL"),
    "E": ("EST", "ESTIMATED"),
    "S": ("PLN", "SCHEDULED"),
}
"""Type of time indicator -> classifier and ONE Record's word for it."""

Field = Literal[
    "flight", "carrier", "day", "airport", "airports", "quantity", "departs", "arrives", "volume", "name", "reference",
    "discrepancy",
]  # fmt: skip
PATTERNS: Final[dict[Field, re.Pattern[str]]] = {
    "flight": FLIGHT,
    "carrier": CARRIER,
    "day": DAY,
    "airport": AIRPORT,
    "airports": AIRPORTS,
    "quantity": QUANTITY,
    "departs": CLOCK,
    "arrives": CLOCK,
    "volume": VOLUME,
    "name": NAME,
    "reference": REFERENCE,
    "discrepancy": DISCREPANCY,
}
Layout = tuple[tuple[Field, bool], ...]
"""Fields in order, each with whether it must be there; one that may be left out may also stand empty."""

_AT_PLACE: Final[Layout] = (("day", True), ("airport", True), ("quantity", False), ("name", False), ("volume", False))
_CLEARED: Final[Layout] = (("day", True), ("airport", True), ("quantity", False))
_ARRIVAL: Final[Layout] = (
    *(("flight", False), ("day", True), ("airport", True), ("quantity", False), ("departs", False), ("arrives", False)),
)
_DEPARTURE: Final[Layout] = (
    *(("flight", False), ("day", False), ("airports", True), ("quantity", False)),
    *(("departs", False), ("arrives", False), ("volume", False)),
)
_RECEIVED: Final[Layout] = (
    *(("carrier", True), ("day", True), ("airport", True), ("quantity", False), ("carrier", False), ("name", False)),
)
_TRANSFERRED: Final[Layout] = (
    *(("carrier", True), ("day", True), ("airport", True), ("quantity", False)),
    *(("reference", False), ("carrier", False), ("name", False)),
)
_TO_TRANSFER: Final[Layout] = (("carrier", True), ("airport", True), ("quantity", False))
_DISCREPANCY: Final[Layout] = (
    *(("flight", False), ("day", True), ("airport", True), ("discrepancy", True), ("quantity", False)),
)
_REPORTED: Final[Layout] = (
    *(("day", True), ("airport", True), ("quantity", False)),
    *(("flight", False), ("day", False), ("airports", False)),
)

STATUSES: Final[dict[str, Layout]] = {
    **dict.fromkeys(("RCS", "FOH", "NFD", "AWD", "DLV", "DDL"), _AT_PLACE),
    **dict.fromkeys(("CCD", "TGC"), _CLEARED),
    **dict.fromkeys(("RCF", "ARR", "AWR"), _ARRIVAL),
    **dict.fromkeys(("BKD", "MAN", "DEP", "PRE"), _DEPARTURE),
    "RCT": _RECEIVED,
    "TFD": _TRANSFERRED,
    "TRM": _TO_TRANSFER,
    "DIS": _DISCREPANCY,
    "CRC": _REPORTED,
}
"""Status code -> the layout of its line (FSA references 3 to 22)."""
LATER_STATUSES: Final = frozenset({"FIW", "FOW", "DPU", "DOC", "OCI"})
"""Codes of IATA's list after the 34th edition (ONE Record code lists, 2026-07); their layout is told by its shape."""
SHAPES: Final = (_ARRIVAL, _AT_PLACE, _DEPARTURE)
"""Layouts that are tried, in this order, on a status that the edition does not have."""
DISCREPANCIES: Final = frozenset(
    {"DFLD", "FDAV", "FDAW", "FDCA", "FDMB", "MSAV", "MSAW", "MSCA", "MSMB", "OFLD", "OVCD", "SSPD"}
)
PLANNED: Final = frozenset({"BKD", "MAN", "PRE"})
"""Statuses whose day and time are those of the flight's departure, not of the status."""
EXTRAS: Final = frozenset({"OCI", "ULD", "OSI"})
"""Lines that belong to the status before them."""

NAMED: Final = frozenset({"DLV", "AWD", "NFD", "DDL", "RCS", "FOH"})
"""Statuses whose line names who brought or fetched the goods."""
OPEN_CONTROLS: Final = frozenset(
    {"A", "AC", "AO", "C", "D", "E", "ED", "F", "I", "KC", "L", "M", "N", "P", "RA", "RC", "S", "SD", "SM", "SS", "ST"}
    | {"T", "U", "V"}
)
"""OCI control information identifiers whose supplement is a number or code of goods or companies (§8.8.1); what others
say (a contact person, a screener's name, telephones) may identify a person and is not repeated."""
TRADER_NUMBER: Final = "T"
"""OCI: trader identification number of the party that the information identifier names."""

PARTY_CODES: Final[dict[str, PartyRole]] = {"SHP": "consignor", "CNE": "consignee", "NFY": "notify"}
PARTY_LINES: Final = frozenset({"NAM", "ADR", "LOC"})
"""Lines of a party's block since FWB/17 and FHL/5; before, its lines stand in this order without a name."""
GOODS_NAMES: Final = frozenset({"G", "C"})
"""RTD goods data identifiers: G nature and quantity of goods, C consolidation."""
NO_VALUE: Final = frozenset({"", "NVD", "NCV", "X" * 3})
"""No value declared for carriage, for customs, no insurance."""
PERSONAL_LINES: Final = frozenset({"CER", "ISU"})
"""Lines that end in a signature."""

IGNORED: Final = {
    "CER": "the shipper's signature: personal",
    "ISU/3": "the carrier's signature: personal",
}
"""Line, or line and field -> why it is left out. Whatever else is not read becomes a remark."""
