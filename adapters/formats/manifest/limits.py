"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "Form('a day yyyyMMdd or a time yyyyMMddHHmmss, or one of ISO 8601')": "the interface's times; XML Schema 2 §3.2.7",
    "one_of(*_FUNCTIONS)": "UNTDID 1225, as the interface lists it",
    "whole(8)": "n..8 in the interface; a record counts 8 digits",
}
"""The form as the code writes it -> who sets it."""
