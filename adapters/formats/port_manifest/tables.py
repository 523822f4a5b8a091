"""Which field of which record says what in the platform file IFCSUM (舱单).

Records 00, 10 and 11 follow the field tables of the Ministry of Transport's EDI standard for manifests. For records 12
to 51 the tables' order was taken from published files of port EDI centres, whose writers agree on every field read
here; what stands behind these fields is kept as a remark, so that nothing is read as what it is not.
"""

from __future__ import annotations

from typing import Final

from chain.records.scalars import Function
from chain.records.sections import PartyRole

HEAD, VESSEL, LINE, BILL, PLACES = "00", "10", "11", "12", "13"
CARGO, MARKS, GOODS, CONTAINER, END = "41", "44", "47", "51", "99"

FILE_FUNCTION: Final = 4
SENDER: Final = 5

VESSEL_NAME: Final = 3
NATIONALITY: Final = 4
VOYAGE: Final = 5

LINE_CODE: Final = 2
LINE_NAME: Final = 3

BILL_NUMBER: Final = 2
LOADING_CODE: Final = 8
LOADING_NAME: Final = 9
LOADED_ON: Final = 12

DISCHARGE_CODE: Final = 2
DISCHARGE_NAME: Final = 3
DELIVERY_CODE: Final = 4
DELIVERY_NAME: Final = 5

PARTY_NAME: Final = 3
"""The fields behind it are lines of the address."""

CARGO_NUMBER: Final = 2
CARGO_PACKAGES: Final = 4
CARGO_PACKAGE_CODE: Final = 5
CARGO_PACKAGE_NAME: Final = 6
CARGO_GROSS: Final = 7

BOX_CARGO: Final = 2
BOX_NUMBER: Final = 3
BOX_SEAL: Final = 4
BOX_SIZE: Final = 5
BOX_STATE: Final = 6
BOX_PACKAGES: Final = 7
BOX_GROSS: Final = 8
BOX_TARE: Final = 9

FUNCTIONS: Final[dict[str, Function]] = {"9": "new", "2": "new", "3": "delete", "4": "change"}
"""File function: 9 original, 2 addition, 3 deletion, 4 change."""
PARTIES: Final[dict[str, PartyRole]] = {
    "16": "consignor",
    "17": "consignee",
    "18": "notify",
    "19": "notify",
    "20": "notify",
}
STATES: Final = {"F": (True, False), "E": (False, False), "L": (True, True)}
"""Container's state: full, empty, of several consignments -> (laden, shared)."""
NOTHING: Final = frozenset({"", "NONE", "N/A", "0"})
"""What writers put where a text is asked for and there is none."""

IGNORED: Final = {
    "00/3": "the file's kind in words, beside its code",
    "00/6": "to whom the file was sent",
    "00/7": "when the file was written",
    "41/2": "the number of a cargo in the file; goods items stand in their order",
    "99/2": "a count of what the file itself holds; where it is another, the message says so",
}
"""Record and field -> why it is left out. Whatever else is not read becomes a remark."""

READ: Final[dict[str, frozenset[int]]] = {
    HEAD: frozenset({1, 2, 3, 4, 5, 6, 7}),
    VESSEL: frozenset({1, VESSEL_NAME, NATIONALITY, VOYAGE}),
    LINE: frozenset({1, LINE_CODE, LINE_NAME}),
    BILL: frozenset({1, BILL_NUMBER, LOADING_CODE, LOADING_NAME, LOADED_ON}),
    PLACES: frozenset({1, DISCHARGE_CODE, DISCHARGE_NAME, DELIVERY_CODE, DELIVERY_NAME}),
    CARGO: frozenset({1, CARGO_NUMBER, CARGO_PACKAGES, CARGO_PACKAGE_CODE, CARGO_PACKAGE_NAME, CARGO_GROSS}),
    MARKS: frozenset(range(1, 20)),
    GOODS: frozenset(range(1, 20)),
    CONTAINER: frozenset(range(1, 10)),
    END: frozenset({1, 2}),
    **{number: frozenset(range(1, 20)) for number in PARTIES},
}
"""Record -> the fields that are read or that say nothing of the goods (receiver, time of writing). Others are kept as
remarks."""
