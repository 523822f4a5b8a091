"""Import duties as the law computes them: value, duty, consumption tax, VAT, late fee, export rebate.

All in decimal arithmetic, rounded to 0.01 half up, tax by tax and item by item. Rates are fractions (13 % is 0.13).
Frame: Tariff Law in force since 2024-12-01, VAT Law since 2026-01-01. Rates themselves are versioned reference data and
come in as arguments; what rests on trade knowledge says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

CENT = Decimal("0.01")

INSURANCE_RATE_UNKNOWN = Decimal("0.003")
"""Insurance where it is unknown: 3 per mille of price and freight (trade knowledge)."""

RETAIL_ORDER_LIMIT_CNY = Decimal("5000")
"""Most that one cross-border retail order may be worth for the reduced taxes (trade knowledge)."""

RETAIL_SHARE = Decimal("0.7")
"""Share of VAT and consumption tax levied on cross-border retail within the limits."""

LATE_FEE_RATE_PER_DAY = Decimal("0.0005")

LATE_FEE_FLOOR_CNY = Decimal("50")
"""A late fee below this is not levied (trade knowledge)."""

DIGITS = 50
"""Precision of intermediate results: far beyond any N19,5 product."""


@dataclass(frozen=True)
class Rates:
    """Rates of one goods item on one day, as fractions and amounts in CNY for one unit."""

    duty: Decimal = Decimal(0)
    duty_per_unit: Decimal = Decimal(0)
    anti_dumping: Decimal = Decimal(0)
    consumption: Decimal = Decimal(0)
    consumption_per_unit: Decimal = Decimal(0)
    vat: Decimal = Decimal(0)


@dataclass(frozen=True)
class Duties:
    """Taxes on one goods item, CNY to 0.01."""

    duty: Decimal
    anti_dumping: Decimal
    consumption: Decimal
    vat: Decimal

    @property
    def total(self) -> Decimal:
        """Sum of all taxes."""
        return self.duty + self.anti_dumping + self.consumption + self.vat


def cents(value: Decimal) -> Decimal:
    """The value to 0.01, half up."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def import_duties(value: Decimal, rates: Rates, *, quantity: Decimal = Decimal(0)) -> Duties:
    """Taxes on an item of that value for duty (CNY) and that quantity in the unit of the specific rates.

    D = V·r_d + q·a; AD = V·r_ad; CT = (V + D + AD + q·t)/(1 − r_c)·r_c + q·t; VAT = (V + D + AD + CT)·r_v.
    """
    with localcontext() as context:
        context.prec = DIGITS
        duty = cents(value * rates.duty + quantity * rates.duty_per_unit)
        anti_dumping = cents(value * rates.anti_dumping)
        specific = quantity * rates.consumption_per_unit
        base = value + duty + anti_dumping + specific
        consumption = cents(base / (1 - rates.consumption) * rates.consumption + specific)
        vat = cents((value + duty + anti_dumping + consumption) * rates.vat)
    return Duties(duty, anti_dumping, consumption, vat)


def retail_duties(value: Decimal, rates: Rates, *, quantity: Decimal = Decimal(0)) -> Duties:
    """Taxes on cross-border retail goods (9610, 1210) within the limits: no duty, 70 % of consumption tax and VAT."""
    free = replace(rates, duty=Decimal(0), duty_per_unit=Decimal(0), anti_dumping=Decimal(0))
    full = import_duties(value, free, quantity=quantity)
    return Duties(
        Decimal("0.00"), Decimal("0.00"), cents(full.consumption * RETAIL_SHARE), cents(full.vat * RETAIL_SHARE)
    )


def customs_value(
    terms: str,
    price: Decimal,
    *,
    freight: Decimal = Decimal(0),
    insurance: Decimal | None = None,
    insurance_rate: Decimal | None = None,
    inland: Decimal = Decimal(0),
    other: Decimal = Decimal(0),
) -> Decimal:
    """Value for duty in the currency of the price, unrounded, from terms `CIF`, `C&F`, `C&I`, `FOB` or `EXW`.

    An insurance rate r makes the whole (price + freight)/(1 − r); without rate and amount it is 3 per mille of
    price and freight. Raises `ValueError` for other terms.
    """
    if terms not in ("CIF", "C&F", "C&I", "FOB", "EXW"):
        raise ValueError(f"no rule for terms {terms!r}")
    base = price
    if terms in ("FOB", "EXW", "C&I"):
        base += freight
    if terms == "EXW":
        base += inland
    with localcontext() as context:
        context.prec = DIGITS
        if terms not in ("CIF", "C&I"):
            if insurance is not None:
                base += insurance
            elif insurance_rate is not None:
                base = base / (1 - insurance_rate)
            else:
                base += base * INSURANCE_RATE_UNKNOWN
        return base + other


def split_by_value(whole: Decimal, values: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    """Freight, insurance or other charges of the whole, shared among items by value, to 0.01, summing to the whole.

    The last item takes what rounding leaves. Raises `ValueError` where the values sum to zero.
    """
    total = sum(values, Decimal(0))
    if total <= 0:
        raise ValueError("items without value share nothing")
    with localcontext() as context:
        context.prec = DIGITS
        shares = [cents(whole * value / total) for value in values[:-1]]
    return (*shares, whole - sum(shares, Decimal(0)))


def late_fee(unpaid: Decimal, last_day: date, paid: date) -> Decimal:
    """Late fee (滞纳金) in CNY on what was unpaid: 0.05 % a day from the day after the last one; nothing below 50."""
    days = max((paid - last_day).days, 0)
    fee = cents(unpaid * LATE_FEE_RATE_PER_DAY * days)
    return fee if fee >= LATE_FEE_FLOOR_CNY else Decimal("0.00")


def export_rebate(fob_cny: Decimal, levy_rate: Decimal, rebate_rate: Decimal) -> tuple[Decimal, Decimal]:
    """Rebate quota (免抵退税额) and tax that cannot be credited (不得免征抵扣税额), CNY; rates as fractions."""
    return cents(fob_cny * rebate_rate), cents(fob_cny * (levy_rate - rebate_rate))
