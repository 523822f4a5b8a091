"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "text(255)": "ClientSeqNo and certificates: the table of DecSign",
    "text(8)": "version attribute, as 3.1 to 5.0",
}
"""The form as the code writes it -> who sets it."""
