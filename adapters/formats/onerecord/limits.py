"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "whole(8)": "xsd:integer; a record counts 8 digits",
    "Form('the address of an object, at most 256 characters')": "a record's line (ADR 0460)",
    "Form('3 digits')": "waybillPrefix: IATA resolution 600a, 3 digits",
}
"""The form as the code writes it -> who sets it."""
