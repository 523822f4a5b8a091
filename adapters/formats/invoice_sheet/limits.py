"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "Form('a UN/ECE Rec 20 unit, such as KGM or H87')": "UN/ECE Recommendation 20",
    "decimal(19, 5, signed=True)": "our own template; a record has 5 decimals",
    "Form('3 capital letters (Incoterms)')": "Incoterms 2020",
}
"""The form as the code writes it -> who sets it."""
