"""What an `audit.finding` states, read strictly from its disclosed sections: the form is `docs/spec/findings.md`.

Two readers must take the same words from one finding, so nothing is converted: a number is a number, a text a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from chain.encoding import Json
from chain.errors import TongguanError
from chain.rules.table_rows import WORKING_DAYS, ShownRow
from chain.sdjwt import SignedRecord

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TAG: Final = re.compile(r"[0-9a-f]{32}")
_KIND: Final = re.compile(r"[a-z-]{1,64}")
_DAY_CELLS: Final = 2

T = TypeVar("T")
Object = Mapping[str, Json]
DifferenceKey = tuple[str, str, tuple[tuple[str, str, str], ...], str, str, str, str]
"""Name, severity, sorted inputs (record, field, value), declared, computed, delta, tolerance; empty where not said."""


class NotDisclosed(TongguanError):
    """A section of the finding is withheld."""

    def __init__(self, section: str) -> None:
        self.section = section
        super().__init__(f"its section {section} is not shown")


class MalformedFinding(TongguanError):
    """A section says something else than a finding does."""


@dataclass(frozen=True)
class FindingHead:
    """Which rule found differences, and by which pack."""

    rule: str
    is_withdrawn: bool
    differences: int
    """How many there are."""
    version: str
    pack: str
    table_roots: Mapping[str, str]
    """Kind of table to its root, 64 hex digits."""


def read_head(signed: SignedRecord) -> FindingHead:
    """The section `finding`."""
    head = _object(_value(signed, "finding"))
    tables = _list(head.get("tables"), lambda item: (_match(item, "kind", _KIND), _match(item, "root", _HASH)))
    if len(dict(tables)) != len(tables):
        raise MalformedFinding("it names a table twice")
    return FindingHead(
        rule=_text(head, "rule"),
        is_withdrawn=head.get("state", "standing") == "withdrawn",
        differences=_whole(head, "differences", 0),
        version=_text(head, "version"),
        pack=_match(head, "pack", _HASH),
        table_roots=dict(tables),
    )


def read_rows(signed: SignedRecord) -> list[ShownRow]:
    """The section `rows`; none where the finding has no such section."""
    return _list(_value(signed, "rows") if "rows" in signed.sections else None, _row)


def read_snapshot(signed: SignedRecord) -> dict[bytes, tuple[int, str]]:
    """The section `snapshot`: lane tag to count and head."""
    lanes = _list(
        _object(_value(signed, "snapshot")).get("lanes"),
        lambda item: (_match(item, "tag", _TAG), _whole(item, "count", 1), _match(item, "head", _HASH)),
    )
    tags = [tag for tag, *_ in lanes]
    if tags != sorted(set(tags)):
        raise MalformedFinding("its lanes do not ascend")
    return {bytes.fromhex(tag): (count, head) for tag, count, head in lanes}


def read_differences(signed: SignedRecord) -> list[DifferenceKey]:
    """The section `differences`; none where the finding has no such section."""
    return _list(_value(signed, "differences") if "differences" in signed.sections else None, _difference)


def _difference(item: Object) -> DifferenceKey:
    inputs = _list(
        item.get("inputs"), lambda field: (_text(field, "record"), _text(field, "field"), _optional(field, "value"))
    )
    declared, computed, delta, tolerance = (
        _optional(item, name) for name in ("declared", "computed", "delta", "tolerance")
    )
    name, severity = _text(item, "name"), _text(item, "severity")
    return name, severity, tuple(sorted(inputs)), declared, computed, delta, tolerance


def _row(item: Object) -> ShownRow:
    cells, path = item.get("cells"), item.get("path", [])
    if not isinstance(cells, list) or not isinstance(path, list):
        raise MalformedFinding("a row has no cells or no path")
    texts = [cell for cell in cells if isinstance(cell, str)]
    steps = [step for step in path if isinstance(step, str) and _HASH.fullmatch(step)]
    kind = _match(item, "kind", _KIND)
    if len(texts) != len(cells) or len(steps) != len(path) or (kind == WORKING_DAYS and len(texts) != _DAY_CELLS):
        raise MalformedFinding("a row has other cells or another path than a row")
    place, rows = _whole(item, "place", 0), _whole(item, "rows", 1)
    return ShownRow(kind, place, rows, tuple(texts), tuple(bytes.fromhex(step) for step in steps))


def _value(signed: SignedRecord, section: str) -> Json:
    """The one element of a section."""
    values = signed.section(section) if section in signed.sections else ()
    if not values:
        raise NotDisclosed(section)
    return values[0]


def _object(value: Json) -> Object:
    if not isinstance(value, dict):
        raise MalformedFinding("a section is no object")
    return value


def _list(value: Json, read: Callable[[Object], T]) -> list[T]:
    """The items; none where there is no list."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedFinding("a list is none")
    return [read(_object(item)) for item in value]


def _text(holder: Object, name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str):
        raise MalformedFinding(f"{name} is no text")
    return value


def _optional(holder: Object, name: str) -> str:
    """The text; empty where it is not said."""
    return "" if holder.get(name) is None else _text(holder, name)


def _match(holder: Object, name: str, pattern: re.Pattern[str]) -> str:
    value = _text(holder, name)
    if not pattern.fullmatch(value):
        raise MalformedFinding(f"{name} has another form")
    return value


def _whole(holder: Object, name: str, least: int) -> int:
    value = holder.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise MalformedFinding(f"{name} is no whole number from {least}")
    return value
