"""Reference tables that rules take as arguments: versioned rows with their source and a root over all of them.

A table is rows of texts. Its root is the RFC 9162 tree root over its sorted rows (cells joined by U+001F), so that a
finding can name exactly what it rests on and one row can be proved later. Without a table, or beyond its data, a rule
is *not run*. Columns of each kind of table stand in `COLUMNS` and in `docs/spec/rules.md`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Final

from chain.errors import Malformed
from chain.proof.merkle import tree_root

ROWS_MAX: Final = 200_000
"""Rows of one table: the tariff has some 13,000 codes."""
CELL_SEPARATOR: Final = "\x1f"
DAY_CHARS: Final = len("2026-01-31")

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "tariff": (
        "hs", "from", "to", "origin", "duty", "duty_per_unit", "anti_dumping", "consumption", "consumption_per_unit",
        "vat", "first_unit", "second_unit", "licences",
    ),
    "exchange-rates": ("currency", "from", "to", "cny"),
    "working-days": ("day", "working"),
    "offices": ("office", "member", "name"),
    "ports": ("port", "unlocode", "country"),
    "retail": ("name", "value"),
    "prices": ("hs", "origin", "unit", "median_usd", "deviation_usd"),
    "export-chains": ("mode", "chapter", "district", "port", "destination", "share"),
}  # fmt: skip
"""Kind of table to its columns, in order."""
NUMBER_COLUMNS: Final = frozenset(
    {"duty", "duty_per_unit", "anti_dumping", "consumption", "consumption_per_unit", "vat", "cny", "value"}
    | {"median_usd", "deviation_usd", "share"}
)
"""Columns of decimal numbers; empty is 0."""
DAY_COLUMNS: Final = frozenset({"from", "to", "day"})
"""Columns of days, YYYY-MM-DD; only `to` may be empty."""


class MalformedTable(Malformed):
    """A table file that does not keep its form."""


@dataclass(frozen=True)
class Table:
    """One edition of one table."""

    kind: str
    edition: str
    source: str
    example: bool
    """True for an edition that only shows the form: its rows are no law."""
    rows: tuple[tuple[str, ...], ...]

    @cached_property
    def root(self) -> str:
        """RFC 9162 tree root over the sorted rows, 64 hex digits."""
        return tree_root(sorted(CELL_SEPARATOR.join(row).encode() for row in self.rows)).hex()


def parse_table(raw: bytes) -> Table:
    """The table in a JSON file `{table, edition, source, example, columns, rows}`; raises `MalformedTable`."""
    try:
        said = json.loads(raw)
        kind, columns, rows = said["table"], tuple(said["columns"]), said["rows"]
        edition, source, example = str(said["edition"]), str(said["source"]), said.get("example") is True
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedTable("table", "is a JSON object with table, edition, source, columns and rows") from error
    if kind not in COLUMNS or columns != COLUMNS[kind]:
        raise MalformedTable("columns", f"are {', '.join(COLUMNS.get(kind, ()))}", value=", ".join(map(str, columns)))
    if not isinstance(rows, list) or len(rows) > ROWS_MAX:
        raise MalformedTable("rows", f"is a list of at most {ROWS_MAX}")
    for place, row in enumerate(rows):
        if len(row) != len(columns) or not all(isinstance(cell, str) and CELL_SEPARATOR not in cell for cell in row):
            raise MalformedTable(f"rows.{place}", f"has {len(columns)} texts", value=str(row)[:80])
        for column, cell in zip(columns, row, strict=True):
            _require_cell(f"rows.{place}.{column}", column, cell)
    return Table(kind, edition, source, example, tuple(tuple(row) for row in rows))


def _require_cell(field: str, column: str, cell: str) -> None:
    if column in NUMBER_COLUMNS and not _is_number(cell):
        raise MalformedTable(field, "is a decimal number, such as 0.13", value=cell)
    if column in DAY_COLUMNS and not _is_day(cell) and (cell or column != "to"):
        raise MalformedTable(field, "is a day, such as 2026-01-31", value=cell)


def _is_number(cell: str) -> bool:
    try:
        return Decimal(cell or "0").is_finite()
    except InvalidOperation:
        return False


def _is_day(cell: str) -> bool:
    try:
        return len(cell) == DAY_CHARS and bool(date.fromisoformat(cell))
    except ValueError:
        return False


@dataclass(frozen=True)
class TariffLine:
    """What the tariff says of one code, one origin and one day. Rates are fractions, amounts CNY for one unit."""

    hs: str
    duty: Decimal
    duty_per_unit: Decimal
    anti_dumping: Decimal
    consumption: Decimal
    consumption_per_unit: Decimal
    vat: Decimal
    first_unit: str
    """First legal unit, UN/ECE Rec 20."""
    second_unit: str
    licences: frozenset[str]
    """Kinds of licence documents that the code requires (监管条件)."""


class Tariff:
    """The tariff by code, origin and day."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._spans = {(row[1], row[2]) for row in table.rows}
        self._by_code: dict[str, list[tuple[str, ...]]] = {}
        for row in table.rows:
            self._by_code.setdefault(row[0], []).append(row)

    def covers(self, day: str) -> bool:
        """Whether any row is in force on that day: beyond its data the tariff says nothing."""
        return any(first <= day and (not last or day <= last) for first, last in self._spans)

    def find(self, hs: str, day: str, origin: str = "") -> TariffLine | None:
        """The line in force on that day: the origin's own where there is one, else the one for every origin (MFN)."""
        in_force = [row for row in self._by_code.get(hs, ()) if row[1] <= day and (not row[2] or day <= row[2])]
        for wanted in dict.fromkeys((origin, "")):
            for row in in_force:
                if row[3] == wanted:
                    return _tariff_line(row)
        return None


def _tariff_line(row: tuple[str, ...]) -> TariffLine:
    duty, per_unit, anti_dumping, consumption, consumption_per_unit, vat = (_number(cell) for cell in row[4:10])
    licences = frozenset(row[12])
    return TariffLine(
        row[0], duty, per_unit, anti_dumping, consumption, consumption_per_unit, vat, row[10], row[11], licences
    )


def _number(cell: str) -> Decimal:
    try:
        return Decimal(cell or "0")
    except InvalidOperation:
        raise MalformedTable("cell", "is a decimal number", value=cell) from None


class ExchangeRates:
    """The customs rate of each currency by day, in yuan for one unit."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._by_currency: dict[str, list[tuple[str, ...]]] = {}
        for row in table.rows:
            self._by_currency.setdefault(row[0], []).append(row)

    def find(self, currency: str, day: str) -> Decimal | None:
        """Yuan for one unit on that day; None beyond the table's data."""
        if currency == "CNY":
            return Decimal(1)
        rows = self._by_currency.get(currency, ())
        return next((_number(row[3]) for row in rows if row[1] <= day <= (row[2] or day)), None)


class WorkingDays:
    """Which days are working days, as the state announces them year by year."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._days = {row[0]: row[1] == "1" for row in table.rows}
        self._years = {row[0][:4] for row in table.rows}

    def is_working(self, day: date) -> bool | None:
        """The announced exceptions, else Monday to Friday; None in a year that is not announced."""
        if f"{day.year}" not in self._years:
            return None
        return self._days.get(day.isoformat(), day.weekday() < 5)

    def on_or_after(self, day: date) -> date | None:
        """The day itself or the next working day; None beyond the table's data."""
        while (working := self.is_working(day)) is False:
            day += timedelta(days=1)
        return day if working else None


class Offices:
    """Which members speak for which customs office."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._members: dict[str, frozenset[str]] = {}
        for office, member, _ in table.rows:
            self._members[office] = self._members.get(office, frozenset()) | {member}

    def members_of(self, office: str) -> frozenset[str]:
        """The members that speak for the office; empty where the table does not know it."""
        return self._members.get(office, frozenset())


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables at hand, compared by identity; what is None makes the rules that need it *not run: no table*."""

    tariff: Tariff | None = None
    rates: ExchangeRates | None = None
    working_days: WorkingDays | None = None
    offices: Offices | None = None
    ports: Mapping[str, tuple[str, str]] | None = None
    """Customs port code to UN/LOCODE and country."""
    retail: Mapping[str, Decimal] | None = None
    """Retail limits and shares by name."""
    prices: Mapping[tuple[str, str], tuple[str, Decimal, Decimal]] | None = None
    """(HS, origin) to unit, median and deviation of the unit price in USD."""
    export_chains: Mapping[tuple[str, str, str, str, str], Decimal] | None = None
    """(mode, chapter, district, port, destination) to its share of all exports."""
    roots: Mapping[str, str] = field(default_factory=dict)
    """Kind of table to its root."""


def tables_of(*tables: Table) -> Tables:
    """The tables by kind; a later one of a kind replaces an earlier one."""
    by_kind = {table.kind: table for table in tables}
    tariff, rates = by_kind.get("tariff"), by_kind.get("exchange-rates")
    days, offices = by_kind.get("working-days"), by_kind.get("offices")
    ports, retail = by_kind.get("ports"), by_kind.get("retail")
    prices, chains = by_kind.get("prices"), by_kind.get("export-chains")
    return Tables(
        tariff=Tariff(tariff) if tariff else None,
        rates=ExchangeRates(rates) if rates else None,
        working_days=WorkingDays(days) if days else None,
        offices=Offices(offices) if offices else None,
        ports={row[0]: (row[1], row[2]) for row in ports.rows} if ports else None,
        retail={row[0]: _number(row[1]) for row in retail.rows} if retail else None,
        prices={(r[0], r[1]): (r[2], _number(r[3]), _number(r[4])) for r in prices.rows} if prices else None,
        export_chains={(r[0], r[1], r[2], r[3], r[4]): _number(r[5]) for r in chains.rows} if chains else None,
        roots={kind: table.root for kind, table in by_kind.items()},
    )


NO_TABLES: Final = Tables()
