"""Recomputes the taxes of one declaration, line by line, and explains every one.

Each line of tax is explained by what was assessed, what follows from base and rate, the formula, the table that the
rate is of, and the rounding. Where there is no tariff, only what needs none is computed. `duty` holds the formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chain.rules.consignment import Consignment
from chain.rules.declarations import Declaration
from chain.rules.duty import RETAIL_SHARE, Duties, Rates, customs_value, import_duties, retail_duties
from chain.rules.facts import Charge, Item, Record, TaxLine
from chain.rules.frame import Case
from chain.rules.goods_rules import terms_of
from chain.rules.identity_rules import declared_on
from chain.rules.tables import TariffLine

RETAIL_PROCEDURES: Final = frozenset({"9610", "1210", "1239"})
"""Procedures (监管方式) of cross-border retail import."""
VAT_RATES: Final = (Decimal("0.13"), Decimal("0.09"))
"""Rates of import VAT (VAT Law, in force since 2026-01-01)."""
ROUNDING: Final = "0.01 half up, each tax of each item"
LEVIED: Final = frozenset({"", "1"})
"""Duty modes (征减免税方式) under which taxes are levied as the tariff says: 1 照章征税."""
TAX_SETS_MAX: Final = 64
"""Sets of tax lines of one declaration that are looked at."""


@dataclass(frozen=True, eq=False)
class TaxSet:
    """Tax lines that one source says of one declaration: all payments together, or one bill or answer."""

    records: tuple[Record, ...]
    lines: tuple[tuple[Record, TaxLine], ...]

    def of(self, kind: str, item: int | None = None) -> list[tuple[Record, TaxLine]]:
        """Lines of a kind, of one item where one is given."""
        return [(r, one) for r, one in self.lines if one.kind == kind and (item is None or one.item == item)]

    def amount(self, kind: str, item: int) -> Decimal:
        """Sum of a tax on an item."""
        return sum((one.amount.value for _, one in self.of(kind, item) if one.amount), Decimal(0))

    @property
    def items(self) -> tuple[int, ...]:
        """Ordinals of the items that are taxed."""
        return tuple(sorted({one.item for _, one in self.lines if one.item is not None}))


@dataclass(frozen=True)
class TaxExplanation:
    """One tax on one item: what was said and what follows."""

    item: int
    kind: str
    record: str
    field: str
    assessed: Decimal
    computed: Decimal
    formula: str
    formula_zh: str
    rate: Decimal
    tolerance: Decimal
    table: str = ""
    """Root of the table that the rate is of; empty where the rate is the bill's own."""

    @property
    def agrees(self) -> bool:
        """Whether the difference is a rounding."""
        return abs(self.assessed - self.computed) <= self.tolerance


def is_retail(declaration: Declaration) -> bool:
    """Whether the goods come in as cross-border retail."""
    return declaration.current.head.procedure in RETAIL_PROCEDURES


def tax_sets(consignment: Consignment, declaration: Declaration) -> list[TaxSet]:
    """What is said of the declaration's taxes: bills each, answers of customs each, payments together."""
    groups: list[tuple[Record, ...]] = [
        (bill.record,) for bill in consignment.bills if bill.declaration is declaration and bill.record.taxes
    ]
    groups += [(answer,) for answer in declaration.answers if answer.taxes]
    payments = tuple(one for one in consignment.payments if consignment.declaration_of(one) is declaration)
    groups += [payments] if payments else []
    return [
        TaxSet(
            group, tuple((record, line) for record in group for line in (record.taxes.lines if record.taxes else ()))
        )
        for group in groups[:TAX_SETS_MAX]
    ]


def rate_of_exchange(case: Case, declaration: Declaration, taxes: TaxSet, currency: str) -> tuple[Decimal | None, str]:
    """Yuan for one unit of the currency, and the root of the table that it is of: the bill's own rate comes first."""
    if currency == "CNY":
        return Decimal(1), ""
    for record in taxes.records:
        if record.head.exchange_rate and record.head.exchange_currency == currency:
            return record.head.exchange_rate, ""
    for record in (declaration.current, *declaration.answers):
        if record.valuation and currency in record.valuation.rates:
            return record.valuation.rates[currency], ""
    rates = case.tables.rates
    found = rates.find(currency, declared_on(declaration)) if rates else None
    return found, rates.table.root if rates and found else ""


def declared_value(case: Case, declaration: Declaration, taxes: TaxSet) -> Decimal | None:
    """Value for duty of the whole in yuan, from price, terms and charges; None where a part cannot be known.

    Taxes that were assessed in another currency are another country's, whose rules these are not.
    """
    record = declaration.current
    if any(one.base and one.base.currency != "CNY" for _, one in taxes.lines):
        return None
    totals = [item.total for item in record.items if item.total]
    if not totals or len(totals) != len(record.items):
        return None
    prices = [_in_cny(case, declaration, taxes, total.value, total.currency) for total in totals]
    if None in prices:
        return None
    price = sum((value for value in prices if value is not None), Decimal(0))
    valuation = record.valuation
    freight, insurance, other = (
        _charge_cny(case, declaration, taxes, charge, price)
        for charge in ((valuation.freight, valuation.insurance, valuation.other) if valuation else (None, None, None))
    )
    if is_retail(declaration):
        return price + (freight or 0) + (insurance or 0)
    terms = terms_of(record)
    if terms not in ("CIF", "C&F", "C&I", "FOB", "EXW"):
        return None
    if terms in ("FOB", "EXW", "C&I") and freight is None:
        return None
    insurance_rate = valuation.insurance.rate if valuation and valuation.insurance else None
    return customs_value(
        terms,
        price,
        freight=freight or Decimal(0),
        insurance=None if insurance_rate is not None else insurance,
        insurance_rate=insurance_rate,
        other=other or Decimal(0),
    )


def _in_cny(case: Case, declaration: Declaration, taxes: TaxSet, value: Decimal, currency: str) -> Decimal | None:
    rate, _ = rate_of_exchange(case, declaration, taxes, currency)
    return value * rate if rate is not None else None


def _charge_cny(
    case: Case, declaration: Declaration, taxes: TaxSet, charge: Charge | None, price: Decimal
) -> Decimal | None:
    """The charge in yuan: a share of the price, an amount a tonne of gross weight, or in all."""
    if charge is None:
        return None
    if charge.rate is not None:
        return price * charge.rate
    if charge.amount is None:
        return None
    value = _in_cny(case, declaration, taxes, charge.amount.value, charge.amount.currency)
    if charge.mark != "unit" or value is None:
        return value
    gross = declaration.current.transport.gross_kg if declaration.current.transport else None
    return value * gross / 1000 if gross is not None else None


def explain_taxes(case: Case, declaration: Declaration, taxes: TaxSet) -> Iterator[TaxExplanation]:
    """Each tax of each item by the tariff of the day; nothing without a tariff that reaches it."""
    tariff, day = case.tables.tariff, declared_on(declaration)
    if tariff is None or not tariff.covers(day):
        return
    items = {item.ordinal: item for item in declaration.current.items}
    for ordinal in taxes.items:
        item = items.get(ordinal)
        line = tariff.find(item.hs, day, item.origin) if item else None
        base = _value_of(taxes, ordinal)
        if item is None or line is None or base is None or item.duty_mode not in LEVIED:
            continue
        yield from _explain_item(case, declaration, taxes, item, line, base, tariff.table.root)


def _explain_item(
    case: Case, declaration: Declaration, taxes: TaxSet, item: Item, line: TariffLine, base: Decimal, root: str
) -> Iterator[TaxExplanation]:
    rates = Rates(
        line.duty, line.duty_per_unit, line.anti_dumping, line.consumption, line.consumption_per_unit, line.vat
    )
    retail = is_retail(declaration)
    quantity = item.first.value if item.first else Decimal(0)
    due = (retail_duties if retail else import_duties)(base, rates, quantity=quantity)
    tolerance = case.parameters.tax_retail_line if retail else case.parameters.tax_line
    for kind, computed, rate, formula, formula_zh in _formulas(due, rates, retail=retail):
        found = taxes.of(kind, item.ordinal)
        if not found and computed == 0:
            continue
        record, said = found[0] if found else (taxes.records[0], None)
        yield TaxExplanation(
            item=item.ordinal,
            kind=kind,
            record=record.id,
            field=f"taxes.lines.{said.place}.amount" if said else "taxes.lines",
            assessed=taxes.amount(kind, item.ordinal),
            computed=computed,
            formula=formula.format(base=f"{base:f}"),
            formula_zh=formula_zh.format(base=f"{base:f}"),
            rate=rate,
            tolerance=tolerance,
            table=root,
        )


def _formulas(due: Duties, rates: Rates, *, retail: bool) -> tuple[tuple[str, Decimal, Decimal, str, str], ...]:
    share = f" x {RETAIL_SHARE}" if retail else ""
    return (
        (
            "duty",
            due.duty,
            rates.duty,
            "value {base} x rate + quantity x amount",
            "计税价格 {base} × 税率 + 数量 × 单位税额",
        ),
        ("anti_dumping", due.anti_dumping, rates.anti_dumping, "value {base} x rate", "计税价格 {base} × 税率"),
        (
            "consumption",
            due.consumption,
            rates.consumption,
            "(value {base} + duty) / (1 - rate) x rate" + share,
            "（计税价格 {base} + 关税）÷（1 − 税率）× 税率" + share,
        ),
        (
            "vat",
            due.vat,
            rates.vat,
            "(value {base} + duty + consumption tax) x rate" + share,
            "（计税价格 {base} + 关税 + 消费税）× 税率" + share,
        ),
    )


def _value_of(taxes: TaxSet, ordinal: int) -> Decimal | None:
    """Value for duty of an item as assessed: the base of its duty, else of its VAT less what the VAT's base adds."""
    duty = [one for _, one in taxes.of("duty", ordinal) if one.base]
    if duty and duty[0].base:
        return duty[0].base.value
    vat = [one for _, one in taxes.of("vat", ordinal) if one.base]
    if vat and vat[0].base:
        return vat[0].base.value - taxes.amount("duty", ordinal) - taxes.amount("consumption", ordinal)
    return None


def assessed_value(taxes: TaxSet) -> tuple[Decimal, Sequence[tuple[Record, TaxLine]]] | None:
    """Σ of the items' values for duty as assessed, with the lines that say them; None where only VAT is told."""
    lines = taxes.of("duty")
    if not lines or any(one.base is None for _, one in lines):
        return None
    return sum((one.base.value for _, one in lines if one.base), Decimal(0)), lines
