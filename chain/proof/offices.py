"""Which customs offices a record says: by these it is told which customs member is competent for a consignment.

An office is 4 digits. It stands in `office` and `border_office` (`{"value": …}`) of the sections of `OFFICE_SECTIONS`,
and at the beginning of the number of each reference of kind `declaration`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chain.sdjwt import WITHHELD, SignedRecord

OFFICE_SECTIONS = ("assessment", "declaration", "request", "tax_payment", "transport_document")
_FIELDS = ("office", "border_office")
_OFFICE = re.compile(r"[0-9]{4}")

UNKNOWN_OFFICE = "?"
"""Stands for the offices that a withheld section may say."""


def offices_of(signed: SignedRecord) -> tuple[str, ...]:
    """The offices that the disclosed sections of a record say, ascending; with `UNKNOWN_OFFICE` where some are not."""
    offices: set[str] = set()
    disclosed = signed.disclosed()
    for name in (*OFFICE_SECTIONS, "references"):
        for _, value in disclosed.get(name, ()):
            if value is WITHHELD:
                offices.add(UNKNOWN_OFFICE)
            elif isinstance(value, dict):
                texts = (
                    _reference(value) if name == "references" else [_value_of(value.get(field)) for field in _FIELDS]
                )
                offices.update(office.group() for text in texts if (office := _OFFICE.match(text)))
    return tuple(sorted(offices))


def _reference(value: Mapping[str, object]) -> list[str]:
    number = value.get("value")
    return [number] if value.get("kind") == "declaration" and isinstance(number, str) else []


def _value_of(part: object) -> str:
    value = part.get("value") if isinstance(part, dict) else None
    return value if isinstance(value, str) else ""
