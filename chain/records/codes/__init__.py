"""Code systems as versioned tables: each JSON file names its edition and where its rows come from.

A value that no table knows is kept as said and marked, never dropped and never guessed: a country, currency or unit as
`system:value`, any other code as `Code(..., known=False)`. 142 is both a country and a currency: the caller says which
table it means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from chain.errors import NotFound
from chain.identifiers import PortCode, UnLocode
from chain.records.scalars import Code
from chain.records.transport import Place

FOLDER = Path(__file__).parent

_TABLE_OF = {
    "iso-alpha-2": "country",
    "iso-alpha-3": "country",
    "iso-4217": "currency",
    "cn-wrap": "packaging",
    "cn-transport-mode": "transport-mode",
    "uncefact-rec-19": "transport-mode",
    "uncefact-rec-20": "unit",
    "uncefact-rec-21": "packaging",
    "un-locode": "port",
    "iata": "port",
    "cn-port": "port",
}
_INTERNATIONAL = {"packaging": "uncefact-rec-21", "transport-mode": "uncefact-rec-19", "port": "un-locode"}


@dataclass(frozen=True)
class Table:
    """One code table. Columns are code systems, and names; an empty cell says that we know no such code."""

    name: str
    edition: str
    source: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    preferred: Mapping[str, str]
    """Where several rows share an international code, the row to take on the way back, by that code."""
    sha256: str
    """SHA-256 of the file, 64 hex digits: what a finding names that rests on this table."""

    def find(self, system: str, value: str) -> Mapping[str, str] | None:
        """The row whose cell in that column is the value; None where there is none."""
        row = _by_column(self.name, system).get(value) if value else None
        return None if row is None else dict(zip(self.columns, row, strict=True))


@lru_cache(maxsize=64)
def get_table(name: str) -> Table:
    """The table of that name; raises `NotFound`."""
    path = FOLDER / f"{name}.json"
    if not name.replace("-", "").isalnum() or not path.is_file():
        raise NotFound("code table", name)
    raw = path.read_bytes()
    said = json.loads(raw)
    return Table(
        name=said["table"],
        edition=said["edition"],
        source=said["source"],
        columns=tuple(said["columns"]),
        rows=tuple(tuple(row) for row in said["rows"]),
        preferred=said.get("back", {}),
        sha256=sha256(raw).hexdigest(),
    )


def table_names() -> tuple[str, ...]:
    """Names of all tables, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def country(value: str, system: str = "cn-customs") -> str:
    """ISO 3166-1 alpha-2 of a country said in `cn-customs`, `iso-alpha-3` or `iso-alpha-2`; else `system:value`."""
    return _international("country", "iso-alpha-2", value, system)


def currency(value: str, system: str = "cn-customs") -> str:
    """ISO 4217 letters of a currency said in `cn-customs` or `iso-4217`; else `system:value`."""
    return _international("currency", "iso-4217", value, system)


def unit(value: str, system: str = "cn-customs") -> str:
    """UN/ECE Rec 20 code of a unit said in `cn-customs`; else, also where Rec 20 has no such unit, `cn-customs:value`.

    A Rec 20 code stays as it is: the recommendation has 1,800 units and our table is of those that customs uses.
    """
    if system == "uncefact-rec-20":
        return value if _looks_like_rec_20(value) else f"{system}:{value}"
    return _international("unit", "uncefact-rec-20", value, system)


def customs_unit(rec_20: str) -> str | None:
    """The three digits of Chinese customs for a unit, the usual one where several fit; None where there is none."""
    if rec_20.startswith("cn-customs:"):
        return rec_20.partition(":")[2]
    return get_table("unit").preferred.get(rec_20) or _back("unit", "uncefact-rec-20", rec_20)


def code(system: str, value: str) -> Code:
    """The code as said, with its name and international meaning where a table has it, and `known` false where not.

    A system that has no table of ours is not looked up; its codes stay `known`.
    """
    name = _TABLE_OF.get(system, system)
    if name not in _names():
        return Code(system=system, value=value)
    table = get_table(name)
    row = table.find(system, value)
    if row is None:
        return Code(system=system, value=value, known=False)
    means = row.get(_INTERNATIONAL.get(name, ""), "")
    return Code(
        system=system, value=value, name=row.get("name_zh") or row.get("name") or None, means=_unless_same(means, value)
    )


def place(value: str, system: str) -> Place:
    """The place said as `un-locode`, `iata`, `cn-port` or in a list of no table of ours, as far as tables know it."""
    row = get_table("port").find(system, value) if system in ("un-locode", "iata", "cn-port") else None
    locode = row["un-locode"] if row else value if system == "un-locode" else ""
    port = value if system == "cn-port" else ""
    known_locode = UnLocode.parse(locode) if UnLocode.is_valid(locode) else None
    known_port = PortCode.parse(port) if PortCode.is_valid(port) else None
    return Place(
        unlocode=known_locode,
        port=known_port,
        code=None if system == "un-locode" and known_locode else None if known_port else code(system, value),
        name=(row["name"] or None) if row else None,
        country=known_locode[:2] if known_locode else None,
    )


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(table_names())


@lru_cache(maxsize=256)
def _by_column(table: str, column: str) -> Mapping[str, tuple[str, ...]]:
    found = get_table(table)
    if column not in found.columns:
        return {}
    at = found.columns.index(column)
    rows: dict[str, tuple[str, ...]] = {}
    for row in found.rows:
        rows.setdefault(row[at], row)
    return rows


def _international(table: str, column: str, value: str, system: str) -> str:
    row = get_table(table).find(system, value)
    return (row[column] if row else "") or f"{system}:{value}"


def _back(table: str, column: str, value: str) -> str | None:
    row = get_table(table).find(column, value)
    return (row["cn-customs"] or None) if row else None


def _looks_like_rec_20(value: str) -> bool:
    return 2 <= len(value) <= 3 and value.isascii() and value.isalnum() and value.isupper() | value.isdigit()


def _unless_same(means: str, value: str) -> str | None:
    return means if means and means != value else None
