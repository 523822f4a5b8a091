"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "text(255)": "CopMsgId: C..255 (GACC 2022-05, chapter 4)",
    "text(16)": "SenderId: C..16 (GACC 2022-05, chapter 4)",
}
"""The form as the code writes it -> who sets it."""
