"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final = {
    "decimal(19, 2)": "our own form: yuan and fen",
    "decimal(12, 6)": "our own form: rates of six decimals, as customs publishes them",
    "one_of(*_STATES)": "our own form",
    "digits(4)": "a customs office: 4 digits (关区代码表)",
    "one_of(*'ABCDEFGHIJKLMNOPQRSTUVWXYZ')": "the letter in the certificate's number",
    "whole(3, least=1)": "a declaration has at most 50 items",
    "decimal()": "our own form: quantities N19,5 as in the declaration",
    "one_of(FORMAT)": "our own form",
}
"""The form as the code writes it -> who sets it."""
