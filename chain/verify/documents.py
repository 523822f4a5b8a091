"""Does a file that someone hands over belong to a record? Its SHA-256 stands in the record's `documents` section."""

from __future__ import annotations

from collections.abc import Sequence

from chain.encoding import Json
from chain.verify.results import Standing


def find_document(records: Sequence[Standing], sha256_hex: str) -> Standing | None:
    """The newest counted record whose shown `documents` name this SHA-256 (64 hex digits); None where none does.

    One that was replaced since (`amended_by`) only where no other names it.
    """
    named = [
        standing
        for standing in records
        if standing.not_counted is None
        and any(_names(value, sha256_hex) for value in standing.sections.get("documents", ()))
    ]
    standing_now = [standing for standing in named if standing.amended_by is None]
    return next(reversed(standing_now or named), None)


def _names(value: Json, sha256_hex: str) -> bool:
    if isinstance(value, list):
        return any(_names(one, sha256_hex) for one in value)
    return isinstance(value, dict) and value.get("sha256") == sha256_hex
