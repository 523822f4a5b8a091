"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "Form('a month YYYY-MM')": "ssq: the tax bureau's data dictionary",
    "Form('18 characters of a declaration, 0, and 2 digits of its item')": "ckbgdh (the tax bureau's data dictionary)",
    "whole(3, least=1)": "a record counts 999 lines",
    "decimal(19, 6, signed=True)": "cksl: 6 decimals (the tax bureau's data dictionary); below zero in a correction",
    "decimal(19, 2, signed=True)": "yuan and fen (the tax bureau's data dictionary), with a sign",
    "decimal(12, 6)": "hl, zssl, tsl: 6 decimals (the tax bureau's data dictionary)",
    "one_of(FORMAT)": "our own form",
}
"""The form as the code writes it -> who sets it."""
