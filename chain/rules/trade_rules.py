"""C31, C33, C35, C36, C39 and C40: invoices, orders, prices, preferences, chains of export, freight."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from chain.rules.answers import Answer, Missing, finding
from chain.rules.carriage_rules import LOADED, code_of
from chain.rules.declarations import Declaration
from chain.rules.facts import Money, Record
from chain.rules.frame import Case, agrees, days_between, no_table, not_run, rule
from chain.rules.goods_rules import terms_of
from chain.rules.groups import is_trade_invoice
from chain.rules.identity_rules import declared_on, is_chinese
from chain.rules.replayable import replay


@rule(
    "C31",
    "H",
    en="Invoices, orders and payments sum to the declared total, on the same terms.",
    zh="发票、订单、支付金额与申报总价一致，成交方式一致。",
    needs=("customs.declaration/goods_items", "tax.invoice/invoice"),
    replayable=True,
)
def check_invoices(case: Case) -> Iterator[Answer]:
    """Invoices in the data form; orders and payments of parcels; terms of delivery."""
    bases = {terms_of(one.current) for one in case.consignment.declarations} - {""}
    invoiced = {terms_of(one) for one in case.consignment.invoices if is_trade_invoice(one)} - {""}
    if len(bases) == 1 and invoiced and not invoiced & bases:
        yield from _other_terms(case, min(bases), min(invoiced))
    else:
        yield from replay("C31", case)
    for declaration in case.consignment.declarations:
        yield from _check_order(case, declaration)
    yield from _check_payment(case)


def _other_terms(case: Case, declared: str, invoiced: str) -> Iterator[Answer]:
    records = [(one.current.id, "valuation.terms", declared) for one in case.consignment.declarations]
    invoices = [one for one in case.consignment.invoices if is_trade_invoice(one) and terms_of(one)]
    yield finding(
        "C31-terms",
        "M",
        f"The goods are declared {declared}, the invoice is {invoiced}.",
        f"申报成交方式为 {declared}，发票为 {invoiced}。",
        [*records, *((one.id, "valuation.terms", invoiced) for one in invoices)],
        declared=declared,
        computed=invoiced,
    )


def _check_order(case: Case, declaration: Declaration) -> Iterator[Answer]:
    record = declaration.current
    orders = [
        one
        for one in case.consignment.of_type("trade.order")
        if record.head.order and one.head.number == record.head.order and one.head.total
    ]
    totals = [item.total for item in record.items if item.total]
    if len(orders) != 1 or not totals or len(totals) != len(record.items) or "goods_items" in record.withheld:
        return
    ordered, declared = orders[0].head.total, _sum_of(totals)
    if ordered is None or declared is None or ordered.currency != declared.currency:
        return
    if abs(ordered.value - declared.value) <= case.parameters.money:
        yield agrees("C31", record.id, orders[0].id)
        return
    yield finding(
        "C31-order",
        "H",
        f"{declared.value:f} {declared.currency} are declared, the order says {ordered.value:f}.",
        f"申报 {declared.value:f} {declared.currency}，订单商品价值 {ordered.value:f}。",
        [(record.id, "goods_items", declared.value), (orders[0].id, "order.goods_value", ordered.value)],
        declared=declared.value,
        computed=ordered.value,
        tolerance=case.parameters.money,
    )


def _check_payment(case: Case) -> Iterator[Answer]:
    paid_for = {one.head.number: one for one in case.consignment.of_type("trade.order") if one.head.number}
    for payment in case.consignment.of_type("trade.payment"):
        order = paid_for.get(payment.head.order)
        due = order.head.gross if order else None
        paid = payment.head.total
        if order is None or due is None or paid is None or due.currency != paid.currency:
            continue
        if abs(due.value - paid.value) <= case.parameters.money:
            yield agrees("C31", order.id, payment.id)
            continue
        yield finding(
            "C31-payment",
            "M",
            f"The order says that {due.value:f} were paid, the payment is {paid.value:f}.",
            f"订单实付 {due.value:f}，支付单金额 {paid.value:f}。",
            [(order.id, "order.paid", due.value), (payment.id, "payment.amount", paid.value)],
            declared=due.value,
            computed=paid.value,
            tolerance=case.parameters.money,
        )


def _sum_of(amounts: list[Money]) -> Money | None:
    currencies = {amount.currency for amount in amounts}
    if len(currencies) != 1:
        return None
    return Money(sum((amount.value for amount in amounts), Decimal(0)), currencies.pop())


@rule(
    "C33",
    "I",
    en="The invoice is not younger than the declaration, and not older than 180 days.",
    zh="发票日期不晚于申报日期，且不早于 180 天。",
    needs=("customs.declaration/declaration", "tax.invoice/invoice"),
)
def check_invoice_day(case: Case) -> Iterator[Answer]:
    """Days between; information only, since contracts differ."""
    days = [declared_on(one) for one in case.consignment.declarations if one.current.head.on or one.current.head.at]
    for invoice in filter(is_trade_invoice, case.consignment.invoices):
        issued = invoice.head.on or invoice.head.at[:10]
        if not days or not issued:
            continue
        age = days_between(issued, max(days))
        if 0 <= age <= case.parameters.invoice_days_max:
            yield agrees("C33", invoice.id)
            continue
        yield finding(
            "C33-invoice-day",
            "I",
            f"The invoice is of {issued}, the declaration of {max(days)}.",
            f"发票日期 {issued}，申报日期 {max(days)}。",
            [(invoice.id, "invoice.issued_on", issued)],
            declared=issued,
            computed=max(days),
            tolerance=f"0 to {case.parameters.invoice_days_max} d",
        )


@rule(
    "C35",
    "M",
    en="Unit prices lie in the reference band of their code and origin.",
    zh="单价处于该商品编码及原产国的参考区间内。",
    needs=("customs.declaration/goods_items",),
)
def check_prices(case: Case) -> Iterator[Answer]:
    """Median and deviation in USD by code, origin and unit; other currencies through the exchange rates."""
    prices = case.tables.prices
    if prices is None:
        yield no_table("C35", "reference prices", "参考价格")
        return
    for declaration in case.consignment.declarations:
        record, day = declaration.current, declared_on(declaration)
        for item in record.items:
            band = prices.get((item.hs, item.origin)) or prices.get((item.hs, ""))
            price, unit = item.unit_price, item.quantity.unit if item.quantity else ""
            if band is None or price is None or unit != band[0]:
                continue
            usd = _in_usd(case, price, day)
            if usd is None:
                yield no_table("C35", "exchange rates", "汇率", day=day)
                continue
            if abs(usd - band[1]) <= case.parameters.price_deviations * band[2]:
                yield agrees("C35", record.id)
                continue
            yield finding(
                "C35-price",
                "M",
                f"The unit price of item {item.ordinal} is {usd:.4f} USD, the reference {band[1]:f} USD.",
                f"第 {item.ordinal} 项单价折合 {usd:.4f} 美元，参考价 {band[1]:f} 美元。",
                [(record.id, f"goods_items.{item.place}.unit_price", price.value)],
                declared=usd.quantize(Decimal("0.0001")),
                computed=band[1],
                tolerance=f"{case.parameters.price_deviations} deviations of {band[2]:f}",
                tables=(case.tables.roots.get("prices", ""),),
            )


def _in_usd(case: Case, price: Money, day: str) -> Decimal | None:
    if price.currency == "USD":
        return price.value
    rates = case.tables.rates
    own, dollar = (rates.find(price.currency, day), rates.find("USD", day)) if rates else (None, None)
    return price.value * own / dollar if own and dollar else None


CERTIFICATE_KINDS: Final = frozenset({("cn-licence-document", "Y"), ("cn-licence", "Y"), ("cn-edoc", "00000005")})
"""Documents that prove origin (原产地证明), by code list and code (trade knowledge)."""


@rule(
    "C36",
    "H",
    en="Who claims a preference names a certificate of origin that is in force and of no other consignment.",
    zh="申请协定税率须提供有效的原产地证书，且证书未用于其他货物。",
    needs=("customs.declaration/goods_items",),
)
def check_preference(case: Case) -> Iterator[Answer]:
    """A preference without a certificate, with one that has run out, or with one that other goods were claimed by."""
    yield from _doubled_certificates(case)
    for declaration in case.consignment.declarations:
        record = declaration.current
        claiming = [item for item in record.items if item.preference]
        if not is_chinese(declaration):
            continue  # other customs write a code where no preference is claimed
        if not claiming or "documents" in record.withheld:
            continue
        kinds = [(one, (one.kind.system, one.kind.value)) for one in record.papers if one.kind]
        certificates = [one for one, kind in kinds if kind in CERTIFICATE_KINDS or "origin" in kind[0]]
        inputs = [(record.id, f"goods_items.{item.place}.preference", item.preference) for item in claiming]
        if not any(one.number for one in certificates):
            yield finding(
                "C36-no-certificate",
                "H",
                "A preferential rate is claimed without the number of a certificate of origin.",
                "申请协定税率但未提供原产地证书编号。",
                inputs,
                declared=", ".join(item.preference for item in claiming),
            )
            continue
        day, days_max = declared_on(declaration), case.parameters.certificate_days_max
        expired = [one for one in certificates if one.issued and days_between(one.issued, day) > days_max]
        if not expired:
            yield agrees("C36", record.id)
        for certificate in expired:
            yield finding(
                "C36-expired",
                "H",
                f"The certificate of origin {certificate.number} is of {certificate.issued}.",
                f"原产地证书 {certificate.number} 签发于 {certificate.issued}，已过期。",
                inputs,
                declared=certificate.issued,
                computed=day,
                tolerance=f"{days_max} d",
            )


def _doubled_certificates(case: Case) -> Iterator[Answer]:
    """One certificate is of one consignment, whether or not the other is closed (trade knowledge)."""
    for shared in case.elsewhere.of("origin_certificate"):
        yield finding(
            "C36-certificate-twice",
            "H",
            f"The certificate of origin {shared.value} stands in another consignment too.",
            f"原产地证书 {shared.value} 亦用于其他货物。",
            [(shared.record, "references", shared.value)],
            declared=shared.value,
            computed=shared.other,
        )


@rule(
    "C39",
    "M",
    en="The export chain (mode, chapter, district, port, destination) is not rare.",
    zh="出口链路（运输方式、章、货源地、口岸、目的国）并不罕见。",
    needs=("customs.declaration/goods_items", "customs.declaration/transport"),
)
def check_chain(case: Case) -> Iterator[Answer]:
    """The share of each chain by the table; a chain that the table lacks is not judged."""
    chains = case.tables.export_chains
    exports = [one for one in case.consignment.declarations if one.direction == "E"]
    if not exports:
        yield not_run("C39", Missing.FACT, "no export is declared", "没有出口申报")
        return
    if chains is None:
        yield no_table("C39", "export chains", "出口链路")
        return
    for declaration in exports:
        record, transport = declaration.current, declaration.current.transport
        if transport is None:
            continue
        mode = transport.mode.value if transport.mode else ""
        port = transport.entry.code.value if transport.entry and transport.entry.code else ""
        port = port or (transport.entry.port or transport.entry.unlocode if transport.entry else "")
        for item in record.items:
            key = (mode, item.hs[:2], item.district, port, transport.country_destination)
            share = chains.get(key)
            if share is None:
                yield no_table("C39", "export chains", "出口链路", day="/".join(key))
            elif share >= case.parameters.rarity_share:
                yield agrees("C39", record.id)
            else:
                yield finding(
                    "C39-rare",
                    "M",
                    f"Item {item.ordinal} takes a chain of which {share:f} of all exports are.",
                    f"第 {item.ordinal} 项所走出口链路占比仅 {share:f}。",
                    [(record.id, f"goods_items.{item.place}", "/".join(key))],
                    declared=share,
                    computed=case.parameters.rarity_share,
                    tables=(case.tables.roots.get("export-chains", ""),),
                )


@rule(
    "C40",
    "H",
    en="The carrier's freight is the declared freight within 2 %; goods moved where a rebate is claimed.",
    zh="承运人运费与申报运费相差不超过 2%；申请退税的货物确有运输。",
    needs=("logistics.transport_document/transport_document",),
)
def check_freight(case: Case) -> Iterator[Answer]:
    """Charges on the paper against the charge declared as a total; 空转 where nothing was loaded or carried."""
    for carriage in case.consignment.carriages:
        if len(carriage.declarations) == 1 and len(carriage.bills) == 1:
            yield from _compare_charges(case, carriage.declarations[0].current, carriage.bills[0])
    rebates = case.consignment.of_type("tax.rebate")
    moved = [one for one in case.consignment.events if code_of(one) in {*LOADED, "RCS", "GTIN"}]
    moved += case.consignment.papers
    for rebate in rebates:
        if moved:
            yield agrees("C40", rebate.id, moved[0].id)
            continue
        yield finding(
            "C40-no-movement",
            "H",
            "A rebate is claimed, and no carrier knows of the goods.",
            "申请出口退税，但没有任何承运记录（空转）。",
            [(rebate.id, "rebate", rebate.head.number)],
        )


def _compare_charges(case: Case, record: Record, papers: tuple[Record, ...]) -> Iterator[Answer]:
    if record.valuation is None:
        return
    for paper in papers:
        pairs = (
            ("freight", "运费", record.valuation.freight, paper.head.charges),
            ("insurance", "保费", record.valuation.insurance, paper.head.insurance),
        )
        for what, what_zh, charge, carried in pairs:
            declared = charge.amount if charge and charge.mark == "total" else None
            if declared is None or carried is None or declared.currency != carried.currency:
                continue
            if abs(declared.value - carried.value) <= case.parameters.charge_share * max(declared.value, carried.value):
                yield agrees("C40", record.id, paper.id)
                continue
            yield finding(
                f"C40-{what}",
                "M",
                f"The {what} declared is {declared.value:f}, the carrier's is {carried.value:f}.",
                f"申报{what_zh} {declared.value:f}，承运人{what_zh} {carried.value:f}。",
                [
                    (record.id, f"valuation.{what}", declared.value),
                    (paper.id, "transport_document.charges", carried.value),
                ],
                declared=declared.value,
                computed=carried.value,
                tolerance="2 %",
            )
