"""C06 to C10: what a declaration says of its goods, against itself and the tariff."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from chain.rules.answers import Answer, Missing, finding
from chain.rules.declarations import Declaration
from chain.rules.facts import Charge, Record
from chain.rules.frame import Case, agrees, no_table, not_run, rule
from chain.rules.identity_rules import declared_on, is_chinese
from chain.rules.replayable import replay

TERMS: Final = {"1": "CIF", "2": "C&F", "3": "FOB", "4": "C&I", "7": "EXW", "CFR": "C&F", "CPT": "C&F", "CIP": "CIF"}
"""Code of terms (`cn-trans-mode`, Incoterms) to the terms that the valuation knows."""
FREIGHT_OUTSIDE: Final = frozenset({"FOB", "EXW", "FCA", "FAS"})
FREIGHT_INSIDE: Final = frozenset({"CIF"})
LICENCE_LISTS: Final = frozenset({"cn-licence", "cn-licence-document", "cn-goods-limit"})
"""Code lists in which readers keep licences (随附单证, 许可证类别)."""


def terms_of(record: Record) -> str:
    """The terms of delivery by one name; empty where none are said."""
    said = record.valuation.terms.value.upper() if record.valuation and record.valuation.terms else ""
    return TERMS.get(said, said)


def says_charge(charge: Charge | None) -> bool:
    """Whether a charge other than zero is said."""
    if charge is None:
        return False
    value = charge.rate if charge.rate is not None else charge.amount.value if charge.amount else Decimal(0)
    return value != 0


@rule(
    "C06",
    "H",
    en="Gross weight is not below net weight, net is above zero, and the items' net weights sum to the head's.",
    zh="毛重不小于净重，净重大于零，各项净重之和等于总净重。",
    needs=("customs.declaration/transport",),
    replayable=True,
)
def check_weights(case: Case) -> Iterator[Answer]:
    """In the data form."""
    return replay("C06", case)


@rule(
    "C07",
    "H",
    en="Lines sum to the total, and price times quantity is the line's total.",
    zh="各项合计等于总价，单价乘数量等于该项总价。",
    needs=("customs.declaration/goods_items",),
    replayable=True,
)
def check_totals(case: Case) -> Iterator[Answer]:
    """In the data form."""
    return replay("C07", case)


@rule(
    "C08",
    "M",
    en="Legal units are the tariff's; quantities in kilograms agree with net weights.",
    zh="法定单位与税则一致，以千克计的法定数量与净重一致。",
    needs=("customs.declaration/goods_items",),
)
def check_legal_units(case: Case) -> Iterator[Answer]:
    """The first legal unit by the tariff; kilograms item by item, else in sum against the head."""
    for declaration in case.consignment.declarations:
        yield from _check_units(declaration, case)
        yield from _check_kilograms(declaration.current, case)


def _check_units(declaration: Declaration, case: Case) -> Iterator[Answer]:
    record, day, tariff = declaration.current, declared_on(declaration), case.tables.tariff
    for item in record.items:
        line = tariff.find(item.hs, day, item.origin) if tariff and item.hs else None
        if item.first is None or line is None or not line.first_unit or tariff is None:
            continue
        if line.first_unit == item.first.unit:
            yield agrees("C08", record.id)
            continue
        yield finding(
            "C08-unit",
            "M",
            f"The first legal unit of item {item.ordinal} is {item.first.unit}, the tariff's is {line.first_unit}.",
            f"第 {item.ordinal} 项法定第一单位为 {item.first.unit}，税则为 {line.first_unit}。",
            [(record.id, f"goods_items.{item.place}.first_quantity", item.first.unit)],
            declared=item.first.unit,
            computed=line.first_unit,
            tables=(tariff.table.root,),
        )


def _check_kilograms(record: Record, case: Case) -> Iterator[Answer]:
    share = case.parameters.legal_weight_share
    compared = False
    for item in record.items:
        if item.first is None or item.first.unit != "KGM" or not item.net_kg:
            continue
        compared = True
        if abs(item.first.value - item.net_kg) <= item.net_kg * share:
            yield agrees("C08", record.id)
            continue
        yield finding(
            "C08-kilograms",
            "M",
            f"The quantity in kilograms of item {item.ordinal} is not its net weight.",
            f"第 {item.ordinal} 项以千克计的法定数量与净重不符。",
            [(record.id, f"goods_items.{item.place}.first_quantity", item.first.value)],
            declared=item.first.value,
            computed=item.net_kg,
            tolerance="1 %",
        )
    kilograms = [item.first.value for item in record.items if item.first and item.first.unit == "KGM"]
    net = record.transport.net_kg if record.transport else None
    if compared or not kilograms or len(kilograms) != len(record.items) or not net:
        return
    total = sum(kilograms, Decimal(0))
    if abs(total - net) <= net * share:
        yield agrees("C08", record.id)
        return
    yield finding(
        "C08-kilograms",
        "M",
        f"The items' quantities in kilograms sum to {total:f}, the net weight is {net:f}.",
        f"各项以千克计的法定数量合计 {total:f}，净重为 {net:f}。",
        [(record.id, "transport.net", net), (record.id, "goods_items", total)],
        declared=net,
        computed=total,
        tolerance="1 %",
    )


@rule(
    "C09",
    "H",
    en="An import under FOB or EXW says its freight; one under CIF does not say it again.",
    zh="FOB、EXW 进口须申报运费，CIF 进口不重复申报运费。",
    needs=("customs.declaration/valuation",),
)
def check_terms(case: Case) -> Iterator[Answer]:
    """Terms of delivery against the charges declared."""
    for declaration in case.consignment.declarations:
        record, terms = declaration.current, terms_of(declaration.current)
        if declaration.direction != "I" or record.valuation is None or not terms or not is_chinese(declaration):
            continue
        inputs = [(record.id, "valuation.terms", terms), (record.id, "valuation.freight", None)]
        has_freight = says_charge(record.valuation.freight)
        if terms in FREIGHT_OUTSIDE and not has_freight:
            yield finding(
                "C09-freight-missing",
                "H",
                f"Under {terms} the price holds no freight, yet none is declared.",
                f"成交方式 {terms} 的价格不含运费，却未申报运费。",
                inputs,
                declared=terms,
            )
        elif terms in FREIGHT_INSIDE and has_freight:
            yield finding(
                "C09-freight-twice",
                "H",
                f"Under {terms} the price holds the freight, yet it is declared again.",
                f"成交方式 {terms} 的价格已含运费，却重复申报运费。",
                inputs,
                declared=terms,
            )
        elif terms in FREIGHT_OUTSIDE | FREIGHT_INSIDE:
            yield agrees("C09", record.id)


@rule(
    "C10",
    "H",
    en="Every licence that the tariff requires is among the documents.",
    zh="税则监管条件所需证件齐全。",
    needs=("customs.declaration/goods_items",),
)
def check_licences(case: Case) -> Iterator[Answer]:
    """监管条件 of each code against licences and permits of the declaration."""
    tariff = case.tables.tariff
    for declaration in case.consignment.declarations:
        record, day = declaration.current, declared_on(declaration)
        if not record.items or not is_chinese(declaration):
            continue
        if tariff is None or not tariff.covers(day):
            yield no_table("C10", "the tariff", "税则", day=day if tariff else "")
            continue
        if "documents" in record.withheld:
            yield not_run("C10", Missing.RIGHT, "documents of customs.declaration is withheld", "随附单证未向您披露")
            continue
        present = {paper.kind.value for paper in record.papers if paper.kind and paper.kind.system in LICENCE_LISTS}
        for item in record.items:
            line = tariff.find(item.hs, day, item.origin)
            missing = sorted(line.licences - present) if line else []
            for licence in missing:
                yield finding(
                    "C10-licence",
                    "H",
                    f"Item {item.ordinal} requires licence document {licence}, which is not there.",
                    f"第 {item.ordinal} 项需要监管证件 {licence}，未见提供。",
                    [(record.id, f"goods_items.{item.place}.hs", item.hs)],
                    declared=", ".join(sorted(present)) or None,
                    computed=licence,
                    tables=(tariff.table.root,),
                )
            if line and not missing:
                yield agrees("C10", record.id)
