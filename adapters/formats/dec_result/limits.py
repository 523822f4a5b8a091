"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "text(16)": "ResponseCode, as published programs declare it",
    "text(2000)": "ErrorMessage, as published programs declare it",
    "text(50)": "ClientSeqNo: String(50) of DecSign",
    "text(18)": "SeqNo and TrnPreId: String(18) of DecHead",
}
"""The form as the code writes it -> who sets it."""
