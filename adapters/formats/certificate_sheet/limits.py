"""Limits of this format's readers -> the clause that sets them, or the record that cannot hold more (ADR 0460)."""

from __future__ import annotations

from typing import Final

LIMITS: Final[dict[str, str]] = {}
"""The form as the code writes it -> who sets it; all of this template's forms are shared ones."""
