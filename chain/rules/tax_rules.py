"""C27 and C28: taxes recomputed line by line, and joined to their declaration."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from chain.rules.answers import Answer, Missing, finding
from chain.rules.assessment import (
    LEVIED,
    ROUNDING,
    VAT_RATES,
    TaxSet,
    assessed_value,
    declared_value,
    explain_taxes,
    is_retail,
    tax_sets,
)
from chain.rules.declarations import Declaration
from chain.rules.duty import RETAIL_ORDER_LIMIT_CNY, RETAIL_SHARE, cents
from chain.rules.frame import Case, agrees, no_table, not_run, rule
from chain.rules.identity_rules import declared_on
from chain.rules.replayable import replay

GENERAL_TRADE: Final = "0110"
"""Procedure (监管方式) 一般贸易."""
FULL_LEVY: Final = frozenset({"", "101"})


@rule(
    "C27",
    "H",
    en="Taxes follow from value, rate and tariff, line by line, and the value from price, terms and rate of exchange.",
    zh="税款逐行符合计税价格、税率与税则，计税价格符合成交价格、成交方式与汇率。",
    needs=("customs.declaration/goods_items",),
    replayable=True,
)
def check_taxes(case: Case) -> Iterator[Answer]:
    """Lines and sums in the data form; bases, values and rates; the whole by the tariff where there is one."""
    yield from replay("C27", case)
    for declaration in case.consignment.declarations:
        if declaration.direction == "E":
            continue
        for taxes in tax_sets(case.consignment, declaration):
            yield from _check_vat_base(case, taxes)
            yield from _check_value(case, declaration, taxes)
            yield from _check_vat_rate(case, declaration, taxes)
            yield from _check_tariff(case, declaration, taxes)
        if is_retail(declaration):
            yield from _check_retail_limit(declaration, case)


def _check_vat_base(case: Case, taxes: TaxSet) -> Iterator[Answer]:
    """VAT base = value + duty + consumption tax, item by item, where all of them are told."""
    if not taxes.of("duty") or not taxes.of("vat") or any(one.rate is None for _, one in taxes.of("vat")):
        return
    for ordinal in taxes.items:
        duty, vat = taxes.of("duty", ordinal), taxes.of("vat", ordinal)
        if not duty or not vat or duty[0][1].base is None or vat[0][1].base is None:
            continue
        added = sum(
            (taxes.amount(kind, ordinal) for kind in ("duty", "consumption", "anti_dumping", "countervailing")),
            Decimal(0),
        )
        expected, base = duty[0][1].base.value + added, vat[0][1].base.value
        if abs(expected - base) <= case.parameters.tax_bill:
            yield agrees("C27", duty[0][0].id, vat[0][0].id)
            continue
        yield finding(
            "C27-vat-base",
            "H",
            f"Item {ordinal}: the VAT base is {base:f}; value, duty and consumption tax are {expected:f}.",
            f"第 {ordinal} 项：增值税计税价格 {base:f}，计税价格与关税、消费税之和为 {expected:f}。",
            [
                (vat[0][0].id, f"taxes.lines.{vat[0][1].place}.base", base),
                (duty[0][0].id, f"taxes.lines.{duty[0][1].place}.base", duty[0][1].base.value),
            ],
            declared=base,
            computed=expected,
            tolerance=case.parameters.tax_bill,
        )


def _check_value(case: Case, declaration: Declaration, taxes: TaxSet) -> Iterator[Answer]:
    """Σ values for duty = price by terms and rate of exchange."""
    said = assessed_value(taxes)
    if said is None:
        return
    assessed, lines = said
    value = declared_value(case, declaration, taxes)
    if value is None:
        yield not_run("C27", Missing.FACT, "the value for duty cannot be known from what is said", "无法推算计税价格")
        return
    tolerance = max(case.parameters.value_floor, case.parameters.value_share * value)
    records = list(dict.fromkeys(record.id for record, _ in lines))
    if abs(assessed - value) <= tolerance:
        yield agrees("C27", declaration.current.id, *records)
        return
    yield finding(
        "C27-value",
        "H",
        f"Taxes were assessed on {assessed:f} yuan; price, terms and rate of exchange give {cents(value):f}.",
        f"计税价格合计 {assessed:f} 元；按成交价格、成交方式与汇率为 {cents(value):f} 元。",
        [
            (declaration.current.id, "goods_items", None),
            *((record.id, f"taxes.lines.{line.place}.base", line.base and line.base.value) for record, line in lines),
        ],
        declared=assessed,
        computed=cents(value),
        tolerance=tolerance.quantize(Decimal("0.01")),
    )


def _check_vat_rate(case: Case, declaration: Declaration, taxes: TaxSet) -> Iterator[Answer]:
    """VAT at a rate that the law knows; in retail, 70 % of it. Relief and other duty modes are not judged."""
    modes = {item.ordinal: item.duty_mode for item in declaration.current.items}
    retail = is_retail(declaration)
    for record, line in taxes.of("vat"):
        if line.amount is None or line.base is None or line.deducted or modes.get(line.item or 0, "") not in LEVIED:
            continue
        if not retail and (line.rate is None or declaration.current.head.procedure != GENERAL_TRADE):
            continue
        if not retail and line.rate in VAT_RATES:
            yield agrees("C27", record.id)
            continue
        base, amount = line.base.value, line.amount.value
        if retail:
            base += taxes.amount("consumption", line.item or 0) / RETAIL_SHARE
            base += taxes.amount("duty", line.item or 0)
        possible = [rate * share for rate in VAT_RATES for share in ((RETAIL_SHARE, Decimal(1)) if retail else (1,))]
        if retail and any(abs(base * rate - amount) <= case.parameters.tax_retail_line for rate in possible):
            yield agrees("C27", record.id)
            continue
        if amount == 0 and max(base * rate for rate in possible) < case.parameters.exempt_below_cny:
            yield agrees("C27", record.id)
            continue
        yield finding(
            "C27-vat-rate",
            "H",
            f"Item {line.item}: VAT of {amount:f} on {line.base.value:f} is at no rate of the law.",
            f"第 {line.item} 项：计税价格 {line.base.value:f}，增值税 {amount:f}，不符合任何法定税率。",
            [
                (record.id, f"taxes.lines.{line.place}.amount", amount),
                (record.id, f"taxes.lines.{line.place}.base", base),
            ],
            declared=line.rate if line.rate is not None else amount,
            computed=" or ".join(f"{rate.normalize():f}" for rate in possible),
            tolerance=case.parameters.tax_retail_line if retail else None,
        )


def _check_tariff(case: Case, declaration: Declaration, taxes: TaxSet) -> Iterator[Answer]:
    """Every line by the tariff of the day, with its formula."""
    tariff, day = case.tables.tariff, declared_on(declaration)
    if tariff is None or not tariff.covers(day):
        yield no_table("C27", "the tariff", "税则", day=day if tariff else "")
        return
    for one in explain_taxes(case, declaration, taxes):
        exempt = one.assessed == 0 and one.computed < case.parameters.exempt_below_cny
        if one.agrees or exempt:
            yield agrees("C27", declaration.current.id, one.record)
            continue
        yield finding(
            "C27-tariff",
            "H",
            f"Item {one.item}: {one.kind} is {one.assessed:f}; {one.formula} at {one.rate.normalize():f} is "
            f"{one.computed:f} ({tariff.table.edition}; {ROUNDING}).",
            f"第 {one.item} 项：{one.kind} 为 {one.assessed:f}；{one.formula_zh}，税率 {one.rate.normalize():f}，应为 "
            f"{one.computed:f}（税则 {tariff.table.edition}）。",
            [(one.record, one.field, one.assessed), (declaration.current.id, "goods_items", one.item)],
            declared=one.assessed,
            computed=one.computed,
            tolerance=one.tolerance,
            tables=(one.table,),
        )


def _check_retail_limit(declaration: Declaration, case: Case) -> Iterator[Answer]:
    """An order above the limit is not taxed at 70 %; what a person may buy a year is not known here."""
    limit = (case.tables.retail or {}).get("order-limit-cny", RETAIL_ORDER_LIMIT_CNY)
    totals = [item.total.value for item in declaration.current.items if item.total and item.total.currency == "CNY"]
    if not totals or len(totals) != len(declaration.current.items):
        return
    total = sum(totals, Decimal(0))
    duties = [
        line.amount.value
        for taxes in tax_sets(case.consignment, declaration)
        for _, line in taxes.of("duty")
        if line.amount
    ]
    if total <= limit:
        yield agrees("C27", declaration.current.id)
    elif duties and not any(duties) and len(totals) > 1:
        yield finding(
            "C27-retail-limit",
            "H",
            f"The order of {total:f} yuan is above the limit of {limit:f} and was taxed as retail.",
            f"订单 {total:f} 元超过单次限值 {limit:f} 元，仍按跨境零售计税。",
            [(declaration.current.id, "goods_items", total)],
            declared=total,
            computed=limit,
        )


@rule(
    "C28",
    "H",
    en="A tax bill's number begins with the number of the declaration that it is for.",
    zh="税单号以其报关单号开头。",
    needs=("customs.declaration/declaration",),
    replayable=True,
)
def check_bill_numbers(case: Case) -> Iterator[Answer]:
    """In the data form; and bills of declarations that the consignment does not have."""
    yield from replay("C28", case)
    known = {number for one in case.consignment.declarations for number in one.numbers}
    if not known or any("references" in one.current.withheld for one in case.consignment.declarations):
        return
    for record in (*[bill.record for bill in case.consignment.bills], *case.consignment.payments):
        named = record.head.declaration
        if not named or named in known:
            continue
        yield finding(
            "C28-declaration",
            "H",
            f"The tax bill is for the declaration {named}, which this consignment does not have.",
            f"税单对应报关单 {named}，不属于本票货物。",
            [(record.id, "declaration", named)],
            declared=named,
            computed=", ".join(sorted(known)),
        )
