"""Where IFTSTA may say what: segment table of UN/EDIFACT D.00B (IFTSTA revision 10, 2000-06-28).

Segments stand in groups: *head* (up to the first CNI), *consignment* (CNI up to the first STS), *status* (STS and what
follows up to the first TDT or EQD), *leg* (TDT with its LOC and DTM), *container* (EQD and what follows).
"""

from __future__ import annotations

from typing import Final, Literal

from chain.records.base import ReferenceKind

StatusGroup = Literal["head", "consignment", "status", "leg", "container"]

GROUP_BEGINS: Final[dict[str, StatusGroup]] = {"CNI": "consignment", "STS": "status", "TDT": "leg", "EQD": "container"}
"""Tag -> the group that it begins."""
TIMES: Final[dict[str, Literal["ACT", "UNKNOWN"]]] = {"78": "ACT", "334": "UNKNOWN", "7": "UNKNOWN"}
"""DTM 2005 in the status group: actual time of the event, change of status, effective; the first that is there, and
whether it says that the event took place."""
PLACES: Final = ("175", "14")
"""LOC 3227 in the status group: where it took place, where the goods are."""
SAID_OF: Final[tuple[StatusGroup, ...]] = ("container", "status", "consignment", "head")
"""Groups in which references stand, the nearest first: a number said of the status counts before one of the head."""
BOOKING: Final = "BN"
REFERENCES: Final[dict[str, ReferenceKind]] = {
    "BM": "transport_document",
    "MB": "master_bill",
    "ABT": "declaration",
    "AAE": "declaration",
    BOOKING: "cop",
}
"""RFF 1153 -> kind of the reference."""
EQUIPMENT: Final = "EQ"
"""RFF 1153: the container, where no EQD names it."""
UCR: Final = "UCN"
UN_AGENCIES: Final = ("", "6")
"""STS 3055: the status code is of the UN's own list (9011), whose codes are numbers."""

IGNORED: Final = {
    ("DTM", "137"): "when the message was written",
    ("NAD", "MR"): "to whom the message was sent",
    ("NAD", "MS"): "who sent the message is its issuer",
    ("CNT", ""): "a count of what the message itself holds",
}
"""Tag and first component left out, with the reason (no component: all of that tag); the rest becomes a remark."""
PERSONAL: Final = frozenset({"CTA", "COM"})
"""Segments that name people; they are named, not repeated."""
