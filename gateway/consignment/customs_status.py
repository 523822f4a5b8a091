"""Times of records as the view tells them, beside the status machine itself, which is `chain.rules.customs_status`."""

from __future__ import annotations

from datetime import datetime

from chain.encoding import Json
from chain.rules.customs_status import FINAL_STATES, Status, StatusStep
from gateway.access.records import HeldRecord, issued_text

__all__ = ["FINAL_STATES", "Status", "StatusStep", "hours_between", "issued_at", "lodged_at", "utc_of"]


def lodged_at(declaration: HeldRecord) -> str:
    """When a declaration was lodged by its own word, else when it was issued; UTC to the second."""
    return utc_of(declaration.one("declaration").get("lodged")) or issued_at(declaration)


def issued_at(record: HeldRecord) -> str:
    """The record's `iat` as UTC text."""
    return issued_text(record.signed)


def utc_of(instant: Json) -> str:
    """The UTC text of an `Instant` in JSON; empty for anything else."""
    return str(instant.get("utc", "")) if isinstance(instant, dict) else ""


def hours_between(first: str, second: str) -> str:
    """Hours from one UTC text to another, two decimals."""
    passed = datetime.fromisoformat(second) - datetime.fromisoformat(first)
    return f"{passed.total_seconds() / 3600:.2f}"
