"""Where CUSRES may say what: segment table of UN/EDIFACT D.21A, read with what D.95B to D.20B have at other places.

The processing indicator is GIS (C529) to D.99B and GEI (C012) after; its codes are list 7365.
"""

from __future__ import annotations

from typing import Final

from adapters.parsing.edifact_groups import group
from chain.records.base import ReferenceKind
from chain.records.sections import DeclarationState, StatusSubject

_CONTACT = group("contact", "CTA", "COM")
_ERROR = group("error", "ERP", "RFF ERC FTX")
_TAX = group("tax", "TAX", "MOA GEI GIS MEA RFF")
TABLE: Final = group(
    "head",
    "",
    "BGM DTM FTX TDT LOC GIS GEI EQD CNT AUT",
    group("party", "NAD", "", _CONTACT),
    group("reference", "RFF", "DTM LOC"),
    _ERROR,
    _TAX,
    group(
        "document",
        "DOC",
        "PAC RFF PCI FTX TDT LOC DTM GIS GEI MEA EQD MOA CUX",
        group("party", "NAD", "", _CONTACT),
        _TAX,
        group("item", "CST", "FTX", _TAX),
        _ERROR,
    ),
)
"""Groups SG1 to SG15 by what they are about."""
INDICATORS: Final[dict[str, tuple[DeclarationState | None, str]]] = {
    "1": (None, "message content accepted"),
    "2": ("REJECTED", "message content rejected with comment"),
    "3": ("REJECTED", "message content rejected without comment"),
    "4": ("RELEASED", "goods released"),
    "5": ("INSPECTION", "goods required for examination"),
    "6": (None, "documents to be produced"),
    "7": ("DETAINED", "goods detained"),
    "8": (None, "goods may move under customs transfer"),
    "9": ("ACCEPTED", "declaration accepted awaiting goods arrival"),
    "10": (None, "declaration requested"),
    "14": (None, "error message"),
    "15": (None, "correction approved"),
    "16": (None, "correction not approved"),
    "17": (None, "message received"),
    "34": (None, "transaction awaiting processing"),
    "38": ("MANUAL_REVIEW", "manual procedures"),
    "66": (None, "message content accepted, with comments"),
    "67": (None, "message content partly accepted, with comments"),
}
"""7365 -> state of the declaration (None: kept) and meaning; those that are about other things than a declaration's
fate are kept as said, with a remark."""
TECHNICAL: Final = frozenset({"12", "13", "14", "17", "34", "44"})
"""7365 that only tells how the message fared."""
UN_LISTS: Final = ("", "7365")
UN_AGENCIES: Final = ("", "6", "UN")
"""1131 and 3055 of the UN's own list; indicators of another list keep the state."""
SUBJECTS: Final[tuple[tuple[str, StatusSubject, ReferenceKind], ...]] = (
    ("ABT", "declaration", "declaration"),
    ("AAE", "declaration", "declaration"),
    ("ABE", "declaration", "cop"),
    ("ABO", "declaration", "cop"),
    ("BM", "manifest", "transport_document"),
    ("AWB", "manifest", "transport_document"),
    ("AAM", "manifest", "transport_document"),
    ("AAS", "manifest", "transport_document"),
)
"""RFF 1153 -> what an answer that names it is about, and the kind of the reference; the first that is there decides."""
DOCUMENTS: Final[dict[str, ReferenceKind]] = {
    "705": "transport_document",
    "740": "transport_document",
    "741": "transport_document",
    "703": "transport_document",
    "929": "declaration",
    "830": "declaration",
    "960": "declaration",
}
"""DOC 1001 -> kind of the number of a document that is answered by itself."""
UCR: Final = "UCN"
ABOUT_LOADS: Final = frozenset({"785", "85", "87", "833", "933"})
"""BGM 1001 of a manifest, where an answer repeats the code of what it answers."""
OWN_TIMES: Final[dict[str, tuple[str, ...]]] = {"4": ("261", "58"), "9": ("148",)}
"""7365 -> DTM 2005 that says when just this happened: release and clearance of the goods, acceptance."""
TIMES: Final = ("9", "171", "137")
"""DTM 2005 for any answer: processing, reference, when it was written; the first that is there."""
OFFICES: Final = ("22", "41", "42", "114", "118", "43", "44")
"""LOC 3227 of a customs office."""
NOTES: Final = ("AHN", "AAO", "AAP", "ACB", "CUS", "AAI", "SIN", "")
"""FTX 4451 whose text is a note of the answer; others are kept as remarks."""
IGNORED: Final = {
    ("NAD", "MR"): "to whom the message was sent",
    ("NAD", "MS"): "who sent the message is its issuer",
    ("CNT", ""): "a count of what the message itself holds",
    ("AUT", ""): "the authentication of the answer, which its signature covers",
}
"""Tag and first component left out, with the reason (no component: all of that tag); the rest becomes a remark."""
