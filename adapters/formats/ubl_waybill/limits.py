"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "whole(8)": "a record counts 8 digits of packages",
    "Form('a time hh:mm:ss')": "xs:time (XML Schema 2 §3.2.8)",
}
"""The form as the code writes it -> who sets it."""
