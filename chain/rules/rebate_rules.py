"""C38: an export rebate against the export that it is claimed for and the purchase that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from chain.rules.answers import Answer, Missing, finding
from chain.rules.declarations import Declaration
from chain.rules.duty import cents
from chain.rules.facts import RebateLine, Record
from chain.rules.frame import Case, agrees, not_run, rule
from chain.rules.goods_rules import terms_of
from chain.rules.groups import is_trade_invoice

CLAIM_DIGITS = 18
"""Digits of a claim that are the declaration's number; behind them stand 0 and the item."""


@rule(
    "C38",
    "H",
    en="A rebate is claimed for an item that was exported, as declared, released, at its rate, and bought before.",
    zh="退税申报项目确已出口，与报关单一致、已放行，退税率与金额相符，且有对应进项发票。",
    needs=("tax.rebate/rebate", "customs.declaration/goods_items"),
)
def check_rebate(case: Case) -> Iterator[Answer]:
    """Each line: declaration, item, code, quantity, FOB, status, rates, amount; then the purchased quantity."""
    declarations = {number: one for one in case.consignment.declarations for number in one.numbers}
    for rebate in case.consignment.of_type("tax.rebate"):
        for line in rebate.head.lines:
            yield from _check_rates(case, rebate, line)
            declaration = declarations.get(line.declaration[:CLAIM_DIGITS])
            if declaration is not None:
                yield from _check_export(case, rebate, line, declaration)
            elif declarations and case.consignment.declarations:
                yield _differs(rebate, line, "declaration", "报关单", line.declaration, ", ".join(sorted(declarations)))
            else:
                yield not_run("C38", Missing.FACT, "the export declaration is not seen", "未见出口报关单")
        yield from _check_claims(rebate, declarations)
        yield from _check_purchase(case, rebate)


def _differs(
    rebate: Record,
    line: RebateLine,
    what: str,
    what_zh: str,
    declared: object,
    computed: object,
    tolerance: object = None,
) -> Answer:
    return finding(
        f"C38-{what}",
        "H",
        f"Line {line.place + 1} of the rebate: {what} is {declared}, it should be {computed}.",
        f"退税第 {line.place + 1} 行：{what_zh}为 {declared}，应为 {computed}。",
        [(rebate.id, f"rebate.lines.{line.place}.{what}", declared)],
        declared=declared,
        computed=computed,
        tolerance=tolerance,
    )


def _check_export(case: Case, rebate: Record, line: RebateLine, declaration: Declaration) -> Iterator[Answer]:
    ordinal = int(line.declaration[-2:]) if line.declaration[-2:].isdigit() else 0
    item = next((one for one in declaration.current.items if one.ordinal == ordinal), None)
    if "goods_items" in declaration.current.withheld:
        return
    if item is None:
        yield _differs(rebate, line, "item", "项号", ordinal, len(declaration.current.items))
        return
    differences = []
    if item.hs and line.hs and item.hs != line.hs:
        differences.append(_differs(rebate, line, "hs", "商品代码", line.hs, item.hs))
    measures = [one for one in (item.quantity, item.first, item.second) if one]
    same_unit = [one.value for one in measures if line.quantity and one.unit == line.quantity.unit]
    if line.quantity and same_unit and not _is_claimable(line.quantity.value, same_unit):
        differences.append(_differs(rebate, line, "quantity", "出口数量", line.quantity.value, same_unit[0]))
    is_fob = terms_of(declaration.current) == "FOB"
    if is_fob and item.total and line.fob_usd and item.total.currency == "USD":
        allowed = case.parameters.rebate_fob_usd
        # A line below zero takes back a claim, or a part of it.
        over = -line.fob_usd.value - item.total.value if line.fob_usd.value < 0 else None
        if (over if over is not None else abs(item.total.value - line.fob_usd.value)) > allowed:
            differences.append(
                _differs(rebate, line, "fob_usd", "美元离岸价", line.fob_usd.value, item.total.value, allowed)
            )
    if declaration.direction == "I":
        differences.append(_differs(rebate, line, "direction", "进出口方向", "I", "E"))
    yield from differences
    yield from _check_state(rebate, line, declaration)
    if not differences:
        yield agrees("C38", rebate.id, declaration.current.id)


def _is_claimable(claimed: Decimal, exported: list[Decimal]) -> bool:
    """Whether a line claims what was exported; one below zero takes back a claim and no more than that."""
    return -claimed <= max(exported) if claimed < 0 else claimed in exported


def _check_claims(rebate: Record, declarations: dict[str, Declaration]) -> Iterator[Answer]:
    """Lines about one item together claim no more than was exported: each of two alike may be right by itself."""
    claims: dict[str, list[RebateLine]] = {}
    for line in rebate.head.lines:
        if line.quantity is not None:
            claims.setdefault(line.declaration, []).append(line)
    for number, lines in claims.items():
        declaration = declarations.get(number[:CLAIM_DIGITS])
        units = {line.quantity.unit for line in lines if line.quantity}
        if declaration is None or len(lines) < 2 or len(units) != 1 or not number[-2:].isdigit():
            continue
        item = next((known for known in declaration.current.items if known.ordinal == int(number[-2:])), None)
        measures = (item.quantity, item.first, item.second) if item is not None else ()
        exported = [measure.value for measure in measures if measure and measure.unit in units]
        claimed = sum((line.quantity.value for line in lines if line.quantity), Decimal(0))
        if exported and claimed > max(exported):
            yield _differs(rebate, lines[-1], "quantity", "出口数量", claimed, max(exported))


def _check_state(rebate: Record, line: RebateLine, declaration: Declaration) -> Iterator[Answer]:
    state = declaration.status.state
    if state == "CLOSED":
        return
    if state == "RELEASED":
        yield not_run("C38", Missing.TIME, "the export is released and not closed yet", "出口已放行，尚未结关")
        return
    if not declaration.answers:
        yield not_run("C38", Missing.FACT, "no answer of customs is seen", "未见海关回执")
        return
    yield _differs(rebate, line, "state", "报关单状态", state or "not lodged", "RELEASED, CLOSED")


def _check_rates(case: Case, rebate: Record, line: RebateLine) -> Iterator[Answer]:
    if line.levy_rate is not None and line.rebate_rate is not None and line.rebate_rate > line.levy_rate:
        yield _differs(rebate, line, "rebate_rate", "退税率", line.rebate_rate, line.levy_rate)
    tolerance = case.parameters.rebate_line
    if line.fob_cny and line.rebate and line.rebate_rate is not None:
        quota = cents(line.fob_cny.value * line.rebate_rate)
        if abs(quota - line.rebate.value) > tolerance:
            yield _differs(rebate, line, "rebate", "免抵退税额", line.rebate.value, quota, tolerance)
    if line.fob_cny and line.deal_total and line.exchange and line.fob_usd:
        is_fob = line.deal_total.currency == "USD" and line.deal_total.value == line.fob_usd.value
        value = cents(line.deal_total.value * line.exchange)
        if is_fob and abs(value - line.fob_cny.value) > max(Decimal(1), value * case.parameters.value_share):
            yield _differs(rebate, line, "fob_cny", "人民币离岸价", line.fob_cny.value, value, "0.1 %")


def _check_purchase(case: Case, rebate: Record) -> Iterator[Answer]:
    """Bought as much as exported, where both count in one unit."""
    bought: dict[str, Decimal] = {}
    invoices = [one for one in case.consignment.invoices if not is_trade_invoice(one) and not one.head.corrects]
    for invoice in invoices:
        for item in invoice.items:
            if item.quantity:
                bought[item.quantity.unit] = bought.get(item.quantity.unit, Decimal(0)) + item.quantity.value
    exported: dict[str, Decimal] = {}
    for line in rebate.head.lines:
        if line.quantity:
            exported[line.quantity.unit] = exported.get(line.quantity.unit, Decimal(0)) + line.quantity.value
    if not invoices or set(bought) != set(exported):
        yield not_run("C38", Missing.FACT, "purchase and export count in no common unit", "进项与出口数量单位无法换算")
        return
    for unit, quantity in exported.items():
        if bought[unit] >= quantity:
            yield agrees("C38", rebate.id, *(one.id for one in invoices))
            continue
        yield finding(
            "C38-purchase",
            "H",
            f"{quantity:f} {unit} are claimed, {bought[unit]:f} were bought.",
            f"申请退税 {quantity:f} {unit}，进项发票仅 {bought[unit]:f}。",
            [(rebate.id, "rebate.lines", quantity), *((one.id, "goods_items", None) for one in invoices)],
            declared=quantity,
            computed=bought[unit],
        )
