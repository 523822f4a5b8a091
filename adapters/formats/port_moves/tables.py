"""Which field of which record says what in the platform files CODECO and COARRI.

Both follow the Ministry of Transport's EDI standard (交通部EDI标准), whose text is sold; its successors are
GB/T 22430-2021 (gate) and GB/T 40708-2021 §6 (quay). The fields were taken from programs that terminals published: for
CODECO two, which agree on every field read here; for COARRI three, which agree on records 00, 10 (to field 11) and 52,
and on the container and its size in record 50. Behind these COARRI's writers differ: one leaves the bill out, one the
operator's name. So a state is read where field 6 holds one, and bill, seal and time only in the one layout that cannot
be taken for another: a state in field 6 and at least nine fields.
"""

from __future__ import annotations

from typing import Final, Literal

from chain.records.scalars import Direction, Function

HEAD, CALL, BOX, PORTS, END = "00", "10", "50", "52", "99"

TYPE: Final = 2
DESCRIPTION: Final = 3
FILE_FUNCTION: Final = 4
SENDER: Final = 5

VESSEL_NAME: Final = 3
VOYAGE: Final = 4

NATIONALITY: Final = 5
"""COARRI, record 10."""
DISCHARGED: Final = 10
LOADED: Final = 12
"""COARRI, record 10: when discharge ended, when loading ended; 8 and 11 are when they began."""

NUMBER: Final = 2
SIZE: Final = 3

GATE_STATE: Final = 4
GATE_PURPOSE: Final = 5
GATE_BILL: Final = 7
GATE_GROSS: Final = 8
GATE_SEAL: Final = 9
GATE_IN: Final = 10
GATE_OUT: Final = 11
"""CODECO, record 50; field 6 is the number of the interchange receipt (设备交接单), kept as a remark."""

TRUCK_MODE: Final = 2
TRUCK_PLATE: Final = 3
"""CODECO, record 52: how the container came or went."""

QUAY_STATE: Final = 6
QUAY_BILL: Final = 7
QUAY_SEAL: Final = 8
QUAY_CELL: Final = 9
QUAY_TIME: Final = 10
QUAY_FIELDS_MIN: Final = 9
"""COARRI, record 50: fields of the layout whose meaning is certain."""

DISCHARGE_CODE: Final = 2
DISCHARGE_NAME: Final = 3
LOADING_CODE: Final = 4
LOADING_NAME: Final = 5
DELIVERY_CODE: Final = 6
DELIVERY_NAME: Final = 7
QUAY_GROSS: Final = 8
"""COARRI, record 52: ports, and the weight of the packed container in kilograms."""

Move = Literal["GTIN", "GTOT", "DISC", "LOAD"]

GATE_DESCRIPTIONS: Final[dict[str, Move]] = {"GATEIN": "GTIN", "GATEOUT": "GTOT"}
QUAY_DESCRIPTIONS: Final[dict[str, Move]] = {
    "DISCHARGE": "DISC",
    "DISCHARGING": "DISC",
    "LOAD": "LOAD",
    "LOADING": "LOAD",
}
"""File description without REPORT, spaces and hyphens -> DCSA's code of the same move."""

FUNCTIONS: Final[dict[str, Function]] = {"9": "new", "2": "new", "3": "delete", "4": "change"}
"""File function: 9 original, 2 addition, 3 deletion, 4 change."""
FUNCTION_NAMES: Final = "9 (original), 2 (addition), 3 (deletion) or 4 (change)"
PURPOSES: Final[dict[str, Direction]] = {"I": "I", "E": "E"}
"""I import, E export; V (to be packed) and D (to be unpacked) say no direction and are kept as remarks."""
STATES: Final = {"F": (True, False), "E": (False, False), "L": (True, True)}
"""Container's state: full, empty, of several consignments -> (laden, shared)."""
MODES: Final = {"1": "1", "2": "2", "3": "3", "8": "8"}
"""Mode inland as UN/ECE Rec 19 has it: 1 sea, 2 rail, 3 road, 8 inland waterway."""
NOTHING: Final = frozenset({"", "NONE", "N/A", "0", "NULL"})
"""What writers put where there is nothing."""

IGNORED: Final = {
    "00/6": "to whom the file was sent",
    "00/7": "when the file was written",
    "99/2": "a count of what the file itself holds; where it is another, the message says so",
}
"""Record and field -> why it is left out. Whatever else is not read becomes a remark."""

READ: Final[dict[str, dict[str, frozenset[int]]]] = {
    "CODECO": {
        HEAD: frozenset(range(1, 8)),
        CALL: frozenset({1, VESSEL_NAME, VOYAGE}),
        BOX: frozenset({1, NUMBER, SIZE, GATE_STATE, GATE_BILL, GATE_GROSS, GATE_SEAL, GATE_IN, GATE_OUT}),
        PORTS: frozenset({1, TRUCK_PLATE}),
        END: frozenset({1, 2}),
    },
    "COARRI": {
        HEAD: frozenset(range(1, 8)),
        CALL: frozenset({1, VESSEL_NAME, VOYAGE, NATIONALITY}),
        BOX: frozenset({1, NUMBER, SIZE}),
        PORTS: frozenset(range(1, 9)),
        END: frozenset({1, 2}),
    },
}
"""File -> record -> the fields that are read or that say nothing of the goods (receiver, time of writing). What is read
only in some files (a direction, a mode, fields of the certain layout) is noted where it is read. Others are remarks."""
