"""Where COARRI and CODECO may say what: UN/EDIFACT D.95B segment tables, ITIGG guidelines JM4/ITIGG/105 and 106.

The segments of a message stand in groups: *head* (up to the first EQD, without what belongs to TDT or GID), *vessel*
(TDT and what follows it in the head), *goods* (GID, with SGP for each container that holds some of them), *container*
(EQD and what follows). A field is looked for in the groups of its row, in that order.
"""

from __future__ import annotations

from typing import Final, Literal

Group = Literal["head", "vessel", "goods", "container", "beside"]

CARRIERS: Final = frozenset({"AGL", "BL", "CH", "RG"})
"""EQD 8053 of what carries or serves a container and is none (auxiliary equipment, blocks, chassis, reefer generator):
it makes no event of its own, what is said of it is a remark. Any other (CN, a trailer, a swap body) does."""

MOVES: Final = {"44": "DISC", "45": "DISC", "46": "LOAD", "34": "GTIN", "36": "GTOT"}
"""BGM 1001 document code -> DCSA's code of the same move."""

PLACE: Final[dict[str, tuple[tuple[str, Group], ...]]] = {
    "DISC": (("11", "head"), ("11", "vessel"), ("11", "container"), ("165", "container"), ("165", "head")),
    "LOAD": (("9", "head"), ("9", "vessel"), ("9", "container"), ("165", "container"), ("165", "head")),
    "GTIN": (("165", "container"), ("165", "head"), ("165", "vessel")),
    "GTOT": (("165", "container"), ("165", "head"), ("165", "vessel")),
}
"""Move -> LOC 3227 qualifier and group of the place where it happened, the first that is there."""

GATE_PORT: Final = {"E": "9", "I": "11"}
"""At the gate, where no LOC 165 is: an export passes the gate of its port of loading, an import that of discharge.
Without a direction (EQD 8249) the two ports of the vessel say nothing of which gate it was."""

TIME: Final[tuple[tuple[str, Group], ...]] = (
    ("203", "container"),
    ("7", "container"),
    ("203", "head"),
    ("7", "head"),
)
"""DTM 2005 qualifier and group: 203 execution, 7 effective. Those of the group TDT are the vessel's."""

MEASURED: Final = frozenset({"", "AAE", "AAI", "AAX", "AAY", "AAZ", "G", "PD", "VGM", "WT"})
"""MEA 6311 of what something weighs or measures; another (a limit, a weight for each metre) is kept as a remark."""
GROSS: Final = ("VGM", "G", "AET", "AAD", "AAB", "WT", "EGW", "AAE")
"""MEA 6313 dimensions of the gross weight of the packed container, the most certain first; EGW is an estimate."""
TARE: Final = ("T", "TAR")
NET: Final = ("AAF", "AAA", "AAC", "N", "ADZ")
"""Dimensions of the weight of the goods."""

BILLS: Final[tuple[Group, ...]] = ("container", "head", "goods")
"""Groups in which RFF may name the bill, the booking or the declaration; in that of TDT it names the voyage."""

REFERENCES: Final = ("BM", "BN", "MB", "ABT", "AAE")
"""RFF 1153: bill of lading, booking, master bill, customs declaration (ABT, AAE)."""
PREVIOUS: Final = "ACW"
"""RFF 1153: the message that this one changes or cancels; else BGM 1004 repeats its number."""
UCR: Final = "UCN"

DIRECTIONS: Final[dict[str, Literal["I", "E"]]] = {"2": "E", "3": "I"}
"""EQD 8249: 2 export, 3 import; a transhipment (6) or a container that stays (1, 4, 5) is neither."""

IGNORED: Final = {
    "CNT": "a count of what the message itself holds",
    "UNS": "divides sections",
    "TMD": "the terms of movement (door to door ...) are the carrier's contract, not the move",
}
"""Tags left out, with the reason; whatever else is not read becomes a remark."""
IGNORED_QUALIFIERS: Final = {
    ("DTM", "132"): "estimated arrival of the vessel, not the move",
    ("DTM", "133"): "estimated departure of the vessel, not the move",
    ("DTM", "137"): "when the message was written",
    ("FTX", "DAR"): "state of damage OK, coded by the terminal",
    ("LOC", "147"): "the cell in which the container stood on board",
    ("NAD", "CA"): "who carries stands in TDT",
    ("NAD", "CF"): "whose container it is, the number's own prefix says",
    ("NAD", "MR"): "to whom the message was sent",
    ("NAD", "MS"): "who sent the message is its issuer",
}
"""Tag and first component left out, with the reason."""
