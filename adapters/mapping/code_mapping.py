"""Customs' codes as international ones, through the versioned tables of `chain.records.codes`, remembered by value.

A code that no table knows is kept as said and marked there: `cn-customs:999`, or `known` false.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final

from chain.records import codes
from chain.records.base import Remark
from chain.records.scalars import Amount, Code, Quantity, amount, fixed

CNY: Final = "CNY"
"""Yuan, ISO 4217."""
LINE_TOTAL_TOLERANCE: Final = Decimal("0.01")
"""By how much a line's total may differ from price times quantity without a remark: one rounding to 0.01."""
CODES_REMEMBERED_MAX: Final = 4_096
"""Different codes whose meaning is kept in memory; the same few come in every message."""

NUMBERS_REMEMBERED_MAX: Final = 16_384
"""Different quantities and amounts kept in memory: parcels hold one, two or three of a thing, at few prices."""

_country = lru_cache(CODES_REMEMBERED_MAX)(codes.country)
_currency = lru_cache(CODES_REMEMBERED_MAX)(codes.currency)
_unit = lru_cache(CODES_REMEMBERED_MAX)(codes.unit)
_code = lru_cache(CODES_REMEMBERED_MAX)(codes.code)


@lru_cache(NUMBERS_REMEMBERED_MAX)
def _quantity(said: str, unit: str) -> Quantity:
    international = _unit(unit)
    own = unit if codes.customs_unit(international) != unit else None
    return Quantity(value=fixed(said, 5), unit=international, unit_said=own)


_amount = lru_cache(NUMBERS_REMEMBERED_MAX)(amount)


@dataclass
class Coding:
    """Translates the codes of one record and collects what it has to remark."""

    remarks: list[Remark] = field(default_factory=list)

    def remark(self, rule: str, text: str, where: str | None = None) -> None:
        """Notes something that looks wrong and is kept; `where` is the record's field."""
        self.remarks.append(Remark(rule=rule, text=text, field=where))

    def country(self, said: str | None) -> str | None:
        """ISO 3166-1 alpha-2 of a customs (three digits), alpha-3 or alpha-2 code; None where nothing was said."""
        if not said:
            return None
        system = "cn-customs" if said.isdigit() else "iso-alpha-3" if len(said) == 3 else "iso-alpha-2"
        return self._checked(_country(said, system), "country", said)

    def currency(self, said: str) -> str:
        """ISO 4217 of a customs (three digits) or alphabetic code."""
        return self._checked(_currency(said, "cn-customs" if said.isdigit() else "iso-4217"), "currency", said)

    def unit(self, said: str) -> str:
        """UN/ECE Rec 20 of a customs unit."""
        return self._checked(_unit(said), "unit", said)

    def code(self, system: str, said: str | None) -> Code | None:
        """The code in its own list, with its name where a table has it; None where nothing was said."""
        return self.named(system, said) if said else None

    def named(self, system: str, said: str) -> Code:
        """The code in its own list, with its name where a table has it."""
        code = _code(system, said)
        if not code.known:
            self.remark("unknown-code", f"{system} has no code {said}")
        return code

    def _checked(self, code: str, what: str, said: str) -> str:
        """The international code; one that no table has stands in its own list (`cn-customs:999`), with a remark."""
        if ":" in code:
            self.remark("unknown-code", f"{what} {said} is in no list")
        return code

    def amount(self, said: str, currency: str, where: str) -> Amount:
        """An amount in a customs currency."""
        return amount(said, self.currency(currency), field=where)

    def priced(self, said: str, currency: str) -> Amount:
        """An amount in an international currency."""
        return _amount(said, currency)

    def quantity(self, said: str | None, unit: str | None) -> Quantity | None:
        """A quantity in a customs unit; None where either is not said."""
        if not said or not unit:
            return None
        counted = _quantity(said, unit)
        self._checked(counted.unit, "unit", unit)
        return counted

    def check_line(self, price: str, quantity: str, total: str, where: str) -> None:
        """Remarks a line whose total is not price times quantity; the issuer said so, and it is kept."""
        product = Decimal(price) * Decimal(quantity)
        if abs(product - Decimal(total)) > LINE_TOTAL_TOLERANCE:
            self.remark("line-total", f"{price} × {quantity} is {product.normalize():f}, not {total}", where)
