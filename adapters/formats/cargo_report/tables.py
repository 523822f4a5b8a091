"""Where CUSCAR may say what: segment table of UN/EDIFACT D.21A, read with what D.95B to D.20B have at other places.

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
    "PAC HAN FTX MEA MOA DGS PCI CST LOC TMD PIA GEI GIS DTM DOC QTY",
    group("placement", "SGP", "MEA"),
)
TABLE: Final = group(
    "head",
    "",
    "BGM DTM LOC QTY FTX GEI GIS CNT AUT",
    group("reference", "RFF", "DTM"),
    group("party", "NAD", "DTM", _CONTACT),
    group("leg", "TDT", "LOC DTM RFF"),
    group("container", "EQD", "TSR MEA DIM SEL NAD GEI GIS LOC TMP RNG EQN"),
    group(
        "consignment",
        "CNI",
        "CNT",
        group(
            "bill",
            "RFF",
            "CNT MOA LOC GEI GIS CUX CPI DTM TSR FTX QTY",
            group("leg", "TDT", "LOC DTM MEA RFF TSR"),
            group("party", "NAD", "DTM RFF", _CONTACT),
            _GOODS,
        ),
    ),
)
"""Groups SG1 to SG17 by what they are about."""
DOCUMENTS: Final = frozenset({"85", "87", "785", "788", "833", "933", "418", "419", "421", "422"})
"""BGM 1001 of a manifest or cargo declaration: customs manifest, summary, cargo and freight manifest, cargo declaration
on departure and arrival, WCO cargo reports. Any other is kept, with a remark."""
BILLS: Final = ("BM", "HWB", "AWB", "AAM", "AAS", "MWB")
"""RFF 1153 that begins a bill: bill of lading, house and air waybill, waybill, transport contract document."""
REFERENCES: Final[dict[str, ReferenceKind]] = {
    "MB": "master_bill",
    "ABT": "declaration",
    "AAE": "declaration",
}
"""RFF 1153 beside the bill -> kind of the reference."""
UCR: Final = "UCN"
STATEMENT_SCOPE: Final = "edifact-cargo-report"
"""Scope of what a report said of a bill, for a later one that changes it."""
PREVIOUS: Final = "ACW"
LOADING: Final = ("9", "76")
DISCHARGE: Final = ("11", "170")
DEPARTURE: Final = ("5", "80")
DESTINATION: Final = ("8", "20", "7", "83")
ENTRY: Final = ("60",)
"""LOC 3227: loading, discharge, departure, destination, arrival."""
DEPARTED: Final = ("136", "186", "133", "189")
ARRIVED: Final = ("178", "132", "232")
"""DTM 2005 of the means of transport: actual, estimated, scheduled; the first that is there."""
TOTAL_GROSS: Final = "7"
TOTAL_PACKAGES: Final = "11"
"""CNT 6069: total gross weight, total number of packages; where the goods items do not say it."""
IGNORED: Final = {
    ("DTM", "137"): "when the message was written",
    ("NAD", "MR"): "to whom the message was sent",
    ("NAD", "MS"): "who sent the message is its issuer",
}
"""Tag and first component left out, with the reason; whatever else is not read becomes a remark."""
