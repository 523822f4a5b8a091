"""Customs' answer codes as one vocabulary of states: `CHANNEL` of DEC_RESULT, `returnStatus` of CEB replies, WCO RES.

A code that stands here with None is known and keeps the state; a code that does not stand here is unknown, which is
remarked. Sources: GACC message specification 2022-05 (table 3-35 and the other replies), descriptions of DEC_RESULT,
HMRC's use of WCO Data Model 3.6.
"""

from __future__ import annotations

from typing import Final

from chain.records.sections import DeclarationState

CHANNELS: Final[dict[str, tuple[DeclarationState | None, str]]] = {
    "1": (None, "saved"),
    "2": (None, "modified"),
    "3": (None, "declared"),
    "7": (None, "stored by the e-port"),
    "Y": ("REJECTED", "rejected by the e-port"),
    "L": ("ACCEPTED", "stored by customs"),
    "E": ("REJECTED", "rejected, not stored"),
    "H": ("MANUAL_REVIEW", "suspended"),
    "M": (None, "re-review"),
    "G": (None, "papers to be handed in"),
    "B": (None, "guarantee accepted"),
    "W": ("ASSESSED", "paperless review passed"),
    "F": (None, "papers to be handed in for release"),
    "I": ("RELEASED", "paperless release"),
    "C": ("INSPECTION", "notice of inspection"),
    "P": ("RELEASED", "released"),
    "R": ("CLOSED", "closed"),
    "A": ("WITHDRAWN", "deleted before release"),
    "Z": ("WITHDRAWN", "deleted before release"),
    "D": ("WITHDRAWN", "deleted after release"),
    "9": (None, "unknown error"),
}
"""`CHANNEL` → state (None: kept) and meaning."""
TECHNICAL_CHANNELS: Final = frozenset({"1", "2", "3", "7", "9"})
"""Said by the e-port on the way, not by customs about the goods."""

RETURN_STATUSES: Final[dict[str, tuple[DeclarationState | None, str]]] = {
    "1": (None, "saved by the e-port"),
    "2": (None, "being declared"),
    "3": (None, "sent to customs"),
    "4": (None, "sending failed"),
    "100": ("REJECTED", "returned by customs"),
    "120": ("ACCEPTED", "stored by customs"),
    "300": ("MANUAL_REVIEW", "manual review"),
    "399": ("ASSESSED", "review passed"),
    "500": ("INSPECTION", "inspection"),
    "501": ("DETAINED", "detained, handed to clearance"),
    "502": ("DETAINED", "detained, handed to anti-smuggling"),
    "503": ("DETAINED", "detained, handed to legal affairs"),
    "505": ("DETAINED", "handed over"),
    "599": ("DETAINED", "detained otherwise"),
    "600": ("MANUAL_REVIEW", "suspended"),
    "700": ("RETURNED", "goods sent back"),
    "800": ("RELEASED", "released"),
    "899": ("CLOSED", "closed"),
}
"""`returnStatus` → state of a declaration (None: kept) and meaning; a number below 0 is a processing error."""

WCO_FUNCTIONS: Final[dict[str, tuple[DeclarationState | None, str]]] = {
    "01": ("ACCEPTED", "ACC accepted"),
    "02": (None, "RCV received"),
    "03": ("REJECTED", "REJ rejected"),
    "05": ("INSPECTION", "CTL control"),
    "06": (None, "DOC documents required"),
    "07": (None, "RES amendment result"),
    "08": (None, "ROG release of goods"),
    "09": ("RELEASED", "CLE cleared"),
    "10": ("WITHDRAWN", "INV invalidated"),
    "11": (None, "REQ request"),
    "13": ("ASSESSED", "TAX tax"),
    "14": (None, "CPI control pending"),
    "15": (None, "CPR control result"),
    "16": ("CLOSED", "EOG exit of goods"),
    "17": (None, "EXT exit"),
    "18": (None, "GER goods exit results"),
}
"""WCO RES `FunctionCode` → state (None: kept) and meaning as HMRC names it."""


def is_technical_status(status: str) -> bool:
    """Whether a `returnStatus` only tells how the message fared: 1 to 4, or below 0."""
    return status in ("1", "2", "3", "4") or status.startswith("-")
