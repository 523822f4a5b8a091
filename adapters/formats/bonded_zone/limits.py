"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "text(64)": "codes and numbers: VARCHAR2(64) and less in the interface's field list",
    "text(256)": "names: VARCHAR2(256) in the interface's field list",
    "text(4000)": "notes: VARCHAR2(4000) in the interface's field list",
    "decimal(19, 5)": "NUMBER(19,5) in the interface's field list",
    "whole(3, least=1)": "a record counts 999 goods items",
}
"""The form as the code writes it -> who sets it."""
