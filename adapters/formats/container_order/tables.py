"""Where COPARN may say what: segment table of UN/EDIFACT D.21A, read with what D.95B to D.20B have at other places.

Document codes are those of list 1001 in D.21A; 11, 12, 27, 689, 690 and 695 are ITIGG's for the same orders in D.95B
(Principles and rules, transport equipment movements, cited in SMDG's user manual of COPARN).
"""

from __future__ import annotations

from typing import Final, Literal

from adapters.parsing.edifact_groups import group
from chain.records.base import ReferenceKind
from chain.records.scalars import Direction

_CONTACT = group("contact", "CTA", "COM")
_DANGEROUS = group("dangerous", "DGS", "ATT FTX MEA", _CONTACT)
TABLE: Final = group(
    "head",
    "",
    "BGM TMD DTM TSR FTX LOC CNT",
    group("reference", "RFF", "DTM"),
    group("leg", "TDT", "DTM RFF LOC"),
    group("party", "NAD", "RFF DTM", _CONTACT),
    group("goods", "GID", "HAN FTX RFF PIA MEA DIM SGP TMP RNG NAD DTM DOC LOC", _DANGEROUS),
    group(
        "container",
        "EQD",
        "RFF EQN TMD DTM TSR LOC MEA DIM TMP RNG SEL ATT FTX PCD MOA GOR EQA COD HAN DAM",
        _DANGEROUS,
        group("leg", "TDT", "DTM RFF LOC"),
        group("party", "NAD", "DTM CTA COM RFF"),
    ),
)
"""Groups SG1 to SG20 by what they are about."""
Asked = Literal["REQ", "PLN"]
ORDERS: Final[dict[str, tuple[str, Asked, str]]] = {
    "126": ("GTIN", "REQ", "acceptance order"),
    "11": ("GTIN", "REQ", "acceptance order"),
    "104": ("GTIN", "PLN", "impending arrival advice"),
    "27": ("GTIN", "PLN", "impending arrival advice"),
    "125": ("GTIN", "PLN", "empty equipment advice"),
    "689": ("GTIN", "PLN", "empty equipment advice"),
    "108": ("GTOT", "REQ", "empty release instruction"),
    "129": ("GTOT", "REQ", "release order"),
    "12": ("GTOT", "REQ", "release order"),
    "135": ("GTOT", "REQ", "on-hire order"),
    "690": ("GTOT", "REQ", "import container call down"),
}
"""BGM 1001 -> DCSA's code of the move that is asked for or advised, which of the two, and its name. Any other keeps its
own code (`uncl-1001`) as something that is asked for."""
EQUIPMENT: Final = ("CN", "")
"""EQD 8053 of containers; other equipment is kept as a remark."""
TIMES: Final = ("201", "392", "200", "395", "7", "203")
"""DTM 2005 of the container or the head: pick-up of the equipment, earliest pick-up, of the cargo, positioning,
effective, execution requested; the first that is there. Those of a leg are the vessel's."""
WRITTEN: Final = "137"
"""DTM 2005: when the message was written; the order's time where it says no other, with a remark."""
PLACES: Final[dict[str, tuple[str, ...]]] = {
    "GTIN": ("165", "99", "219", "18", "170"),
    "GTOT": ("165", "98", "219", "18", "117"),
}
"""LOC 3227 of the terminal or depot: ITIGG's place of the move; return or despatch of empties, depot, warehouse."""
BOOKING: Final = "BN"
REFERENCES: Final[dict[str, ReferenceKind]] = {
    "BM": "transport_document",
    "MB": "master_bill",
    "ABT": "declaration",
    "AAE": "declaration",
    BOOKING: "cop",
}
"""RFF 1153 -> kind of the reference."""
DIRECTIONS: Final[dict[str, Direction]] = {"2": "E", "3": "I"}
"""EQD 8249: 2 export, 3 import; any other is neither and is kept as a remark. Where an order names no place, an export
passes the gate of its port of loading, an import that of its port of discharge, whose time is then meant."""
UCR: Final = "UCN"
PREVIOUS: Final = "ACW"
STATEMENT_SCOPE: Final = "edifact-container-order"
"""Scope of what an order said of a container, for a later one that changes it."""
IGNORED: Final = {
    ("NAD", "MR"): "to whom the message was sent",
    ("NAD", "MS"): "who sent the message is its issuer",
    ("CNT", ""): "a count of what the message itself holds",
}
"""Tag and first component left out, with the reason (no component: all of that tag); the rest becomes a remark."""
