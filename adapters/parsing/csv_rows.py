"""CSV from strangers (RFC 4180) becomes rows of text, or one clear error within a tenth of a second and 100 MB.

Spreadsheets of China save CSV in GB18030 where nobody says otherwise, so a text that is no UTF-8 is read as that.
Spaces around a cell and empty cells and rows at the end are dropped; control and bidirectional characters are refused.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from adapters.parsing.encodings import decode_text
from adapters.parsing.xml import FORMAT_CODE, UNSEEN
from chain.errors import MalformedMessage

ROWS_MAX: Final = 5_000
COLUMNS_MAX: Final = 50
CELL_CHARS_MAX: Final = 4_000


def parse_csv(message: bytes) -> list[list[str]]:
    """The rows, each a list of stripped cells; raises `MalformedMessage` with the rule that the text breaks."""
    text = decode_text(message)
    if (unseen := UNSEEN.search(text)) is not None:
        raise _malformed("holds no control or direction characters", f"U+{ord(unseen.group()[0]):04X}")
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            if len(rows) >= ROWS_MAX:
                raise _malformed(f"at most {ROWS_MAX} rows")
            if len(row) > COLUMNS_MAX:
                raise _malformed(f"at most {COLUMNS_MAX} columns", f"{len(row)} in row {len(rows) + 1}")
            cells = [cell.strip() for cell in row]
            if any(len(cell) > CELL_CHARS_MAX for cell in cells):
                raise _malformed(f"at most {CELL_CHARS_MAX} characters a cell", f"row {len(rows) + 1}")
            while cells and not cells[-1]:
                cells.pop()
            rows.append(cells)
    except csv.Error as error:
        raise _malformed(f"is CSV as RFC 4180 has it ({error})", f"row {len(rows) + 1}") from None
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _malformed(rule: str, value: str | None = None) -> MalformedMessage:
    return MalformedMessage("message", rule, value=value, fix="Save the sheet as CSV again", code=FORMAT_CODE)
