"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "whole(9)": "numberOfPackages: up to 99999999 (DCSA BL 3.0.4, OuterPackaging); a record counts 8 digits",
}
"""The form as the code writes it -> who sets it."""
