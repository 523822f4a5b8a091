"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "text(35)": "identifiers an..35 (WCO DM 3.6, data elements D014, D026); HMRC's schemas",
    "text(256)": "a record's line (ADR 0460)",
    "shortened(256)": "a record's line (ADR 0460)",
    "Form('a whole number of at most 8 digits')": "n..8 (WCO DM 3.6, data elements 144, 228)",
    "Form('a time YYYYMMDDhhmmss (format 304, 204), YYYYMMDDhhmm (303, 203) or ISO 8601, or a day YYYYMMDD (102)')": "UNTDID 2379, as WCO DM 3.6 uses it",  # noqa: E501
    "Form('a whole number from 1 to 999')": "at most 999 items (HMRC DE 1/9)",
}
"""The form as the code writes it -> who sets it."""
