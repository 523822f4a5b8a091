"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "Form('an offset from UTC, such as +08:00')": "EPCIS 2.0 §7.3.6: -14:00 to +14:00",
    "Form('an address of at most 256 characters')": "a record's line (ADR 0460)",
    "one_of(*_ACTIONS)": "EPCIS 2.0 §7.3.1.2: ADD, OBSERVE, DELETE",
    "decimal(40, 20)": "xs:decimal without a limit; a record rounds to 5 decimals",
}
"""The form as the code writes it -> who sets it."""
