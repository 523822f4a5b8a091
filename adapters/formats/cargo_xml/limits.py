"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "whole(5)": "SequenceNumeric: at most 5 digits (Cargo-XML toolkit, XFWB)",
    "text(35)": "house waybill number: at most 35 characters (Cargo-XML toolkit, XFZB BusinessHeaderDocument/ID, XFHL)",
    "Form('an airport or city of 3 capital letters (IATA)')": "IATA location identifiers, resolution 763",
    "Form('a whole number of at most 8 digits')": "PieceQuantity: at most 4 digits (XFWB); a record counts 8",
}
"""The form as the code writes it -> who sets it."""
