"""Where IFTMIN may say what: segment table of UN/EDIFACT D.21A, read with what D.95B to D.20B have at other places.

Data elements are named by their numbers; codes are those of the same directory.
"""

from __future__ import annotations

from typing import Final

from adapters.parsing.edifact_groups import group
from chain.records.base import ReferenceKind

_CONTACT = group("contact", "CTA", "COM")
_GOODS = group(
    "goods",
    "GID",
    "HAN TMP RNG TMD LOC MOA PIA FTX PCD GDS CST GIN DIM EQN RFF DOC DTM GOR SEL TPL",
    group("party", "NAD", "DTM LOC"),
    group("measure", "MEA", "EQN"),
    group("marks", "PCI", "RFF DTM GIN"),
    group("placement", "SGP", "MEA EQN"),
    group("charge", "TCC", "CUX PRI EQN PCD MOA QTY LOC"),
    group("dangerous", "DGS", "FTX MEA EQN SGP", _CONTACT),
)
_CONTAINER = group(
    "container",
    "EQD",
    "EQN TMD MEA DIM SEL TPL HAN TMP RNG FTX RFF EQA",
    group("charge", "TCC", "CUX PRI EQN PCD MOA QTY"),
    group("party", "NAD", "DTM", _CONTACT),
    group("dangerous", "DGS", "FTX", _CONTACT),
)
TABLE: Final = group(
    "head",
    "",
    "BGM CTA COM DTM TSR CUX MOA FTX CNT DOC GDS",
    group("place", "LOC", "DTM"),
    group("terms", "TOD", "LOC"),
    group("reference", "RFF", "DTM"),
    group("control", "GOR", "DTM LOC SEL FTX DOC"),
    group("payment", "CPI", "RFF CUX LOC MOA"),
    group("charge", "TCC", "LOC FTX CUX PRI EQN PCD MOA QTY"),
    group("leg", "TDT", "DTM TSR SCC", group("place", "LOC", "DTM"), group("reference", "RFF", "DTM")),
    group("party", "NAD", "LOC MOA DOC DTM RFF CPI CUX TSR TPL FTX TCC PRI EQN PCD QTY", _CONTACT),
    group("equipment", "EFI", "CED COM RFF DTM QTY"),
    _GOODS,
    _CONTAINER,
)
"""Groups SG1 to SG45 by what they are about."""
DOCUMENTS: Final = {
    "335": "booking request",
    "340": "shipping instructions",
    "341": "shipper's letter of instructions (air)",
    "610": "forwarding instructions",
    "705": "bill of lading",
    "710": "sea waybill",
    "740": "air waybill",
}
"""BGM 1001 -> what the message says that it is; any other is kept as its code, with a remark."""
BILLS: Final = ("BM", "AWB", "HWB", "AAM", "AAS", "MWB")
"""RFF 1153: bill of lading, air and house waybill, waybill, transport contract document; the first that is there."""
BOOKING: Final = "BN"
REFERENCES: Final[dict[str, ReferenceKind]] = {
    "MB": "master_bill",
    "ABT": "declaration",
    "AAE": "declaration",
    "IV": "invoice",
}
"""RFF 1153 -> kind of the reference."""
UCR: Final = "UCN"
STATEMENT_SCOPE: Final = "edifact-instruction"
"""Scope of an instruction's own number, for a later one that changes it."""
PREVIOUS: Final = "ACW"
LOADING: Final = ("9",)
DISCHARGE: Final = ("11",)
DEPARTURE: Final = ("88", "5", "10", "80")
DESTINATION: Final = ("7", "8", "20", "83")
"""LOC 3227: loading, discharge, receipt or departure, delivery or destination."""
DEPARTED: Final = ("136", "186", "133", "189")
ARRIVED: Final = ("178", "132", "232")
"""DTM 2005 of the means of transport: actual, estimated, scheduled; the first that is there."""
MAIN: Final = "20"
"""TDT 8051: main carriage; where no leg says so, the first counts."""
TOTAL_GROSS: Final = "7"
TOTAL_PACKAGES: Final = "11"
"""CNT 6069: total gross weight, total number of packages; where the goods items do not say it."""
IGNORED: Final = {
    ("DTM", "137"): "when the message was written",
    ("NAD", "MR"): "to whom the message was sent",
    ("NAD", "MS"): "who sent the message is its issuer",
}
"""Tag and first component left out, with the reason; whatever else is not read becomes a remark."""
