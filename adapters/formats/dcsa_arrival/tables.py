"""What a DCSA arrival notice calls its parties and days, and what of it is left out.

Source: DCSA Arrival Notice 1.0.0 (`an-v1.0.0-openapi.yaml`, schema `ArrivalNotice`).
"""

from __future__ import annotations

from typing import Final, Literal

from chain.records.sections import PartyRole

PARTIES: Final[dict[str, PartyRole]] = {
    "OS": "consignor",
    "CN": "consignee",
    "END": "other",
    "RW": "carrier",
    "CG": "carrier",
    "N1": "notify",
    "N2": "notify",
    "NI": "notify",
    "DDR": "agent",
    "DDS": "agent",
}
"""`partyFunction` -> what the party is to the goods; any other keeps its code."""
CLASSIFIERS: Final[dict[str, Literal["ACT", "EST", "PLN"]]] = {"ACT": "ACT", "EST": "EST", "PLN": "PLN"}
"""`classifier` of the day of arrival; any other is kept as `UNKNOWN`, with a remark."""
CARRIER_LISTS: Final = {"SMDG": "smdg-liner", "NMFTA": "scac"}
"""`carrierCodeListProvider` -> our name of the list."""
STATEMENT_SCOPE: Final = "dcsa-arrival-notice"
"""Scope of what a notice says of a bill; a later one says it again, with its own time of issue."""
IGNORED: Final = {
    "partyContactDetails": "the person to ask: personal",
    "carrierContactInformation": "the person to ask: personal",
    "carrierInformationForCargoRelease": "the person to ask: personal",
    "termsAndConditions": "the carrier's conditions, which the file's hash covers",
    "carrierClauses": "the carrier's conditions, which the file's hash covers",
    "isElectronic": "how the bill is held, not what it says of the goods",
    "arrivalNoticeVisualization": "a picture of the notice, which the file's hash covers",
    "geoCoordinate": "where a place lies that is named beside it",
    "facilityCodeListProvider": "which list the facility's code is of, kept as dcsa-facility",
    "paymentRemittance": "how the carrier's charges are paid",
    "charges": "what the carriage costs, line by line",
}
"""Member, or the end of its path -> why it is left out. Whatever else is not read becomes a remark."""
