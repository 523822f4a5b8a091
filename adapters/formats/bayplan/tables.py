"""Where BAPLIE may say what: segment tables of UN/EDIFACT D.95B (SMDG user manual 2.1.1) and D.21A.

A cell begins with LOC 147. To D.95B what is said of its container stands before EQD, later behind it; both are read.
"""

from __future__ import annotations

from typing import Final, Literal

from adapters.parsing.edifact_groups import group
from chain.records.base import ReferenceKind

HEAD: Final = group(
    "head",
    "",
    "BGM DTM UNS",
    group("reference", "RFF", "DTM"),
    group("party", "NAD", "CTA COM"),
    group("leg", "TDT", "LOC DTM RFF FTX"),
)
"""What stands before the first cell."""
CELL: Final = "147"
"""LOC 3227 of a cell of the ship (ISO 9711: bay, row, tier)."""
CELL_SCOPE: Final = "iso-9711-cell"
BOX: Final = group("container", "", "")
"""A container with what is said of it."""
CODE: Final = ("edifact-message", "BAPLIE", "on board by the bayplan")
"""Code of the event: its list, value and name. No list has one for standing on board."""
Classifier = Literal["ACT", "EST", "PLN", "UNKNOWN"]
TIMES: Final[dict[str, Classifier]] = {"136": "ACT", "186": "ACT", "133": "EST", "189": "PLN", "137": "UNKNOWN"}
"""DTM 2005 of the ship's departure, or of the writing of the plan -> what the plan is; the first that is there."""
DEPARTURE: Final = "5"
LOADING: Final = ("9", "76")
DISCHARGE: Final = ("11", "12")
DESTINATION: Final = ("8", "7", "83", "170")
"""LOC 3227 of the ship's departure, and of a container's loading, discharge, destination."""
BOOKING: Final = "BN"
REFERENCES: Final[dict[str, ReferenceKind]] = {"BM": "transport_document", "MB": "master_bill", BOOKING: "cop"}
"""RFF 1153 -> kind of the reference."""
NO_NUMBER: Final = "1"
"""RFF 1154 where a writer must say a number and has none (SMDG user manual 2.1.1): it is no number."""
STATEMENT_SCOPE: Final = "edifact-bayplan"
"""Scope of what a plan said of a container, for a later one that replaces it."""
PREVIOUS: Final = "ACW"
IGNORED: Final = {
    ("NAD", "MR"): "to whom the message was sent",
    ("NAD", "MS"): "who sent the message is its issuer",
    ("CNT", ""): "a count of what the message itself holds",
    ("UNS", ""): "divides sections",
}
"""Tag and first component left out, with the reason (no component: all of that tag); the rest becomes a remark."""
