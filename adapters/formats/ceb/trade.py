"""Import orders, payments, waybills and delivery statuses: CEB311, 411, 511, 513."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.formats.ceb import tables
from adapters.formats.ceb.reader import FUNCTIONS, Built, CebReader, Job
from adapters.mapping.chinese_customs import beijing_time, company, kilograms, person
from adapters.mapping.code_mapping import LINE_TOTAL_TOLERANCE
from chain.records.base import Reference
from chain.records.logistics import LogisticsEvent, TransportDocument, TransportDocumentHead
from chain.records.scalars import Code
from chain.records.sections import GoodsItem, Party
from chain.records.trade import OrderHead, PaymentHead, TradeOrder, TradePayment
from chain.records.transport import Event, Package, Transport

Values = dict[str, str]


def present(*parties: Party | None) -> tuple[Party, ...]:
    """The parties that the message names."""
    return tuple(party for party in parties if party is not None)


def only_amends(head: Values, references: tuple[Reference, ...]) -> Reference | None:
    """What a change or deletion (`appType` 2, 3) replaces: the thing with this number; None for a first statement."""
    return references[0] if head.get("appType") in ("2", "3") and references else None


def build_order(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB311 becomes a trade.order."""
    coding, money = job.coding, head["currency"]
    _check_order(head, lines, job)
    order = job.reference("order", head["orderNo"], head["ebpCode"])
    payment = job.reference("payment", head.get("payTransactionId"), head.get("payCode"))
    if head["buyerIdType"] != "1":
        coding.remark("ceb-buyer-id", f"buyerIdType is 1 (identity card), not {head['buyerIdType']}", "parties")
    record = TradeOrder(
        references=order + payment,
        source=job.source,
        order=OrderHead(
            number=head["orderNo"],
            kind=Code(system="ceb-order-type", value=head["orderType"]),
            guid=job.guid,
            function=FUNCTIONS[head["appType"]],
            direction="I",
            placed=job.said,
            batch=head.get("batchNumbers"),
            goods_value=coding.amount(head["goodsValue"], money, "order.goods_value"),
            freight=coding.amount(head["freight"], money, "order.freight"),
            discount=coding.amount(head["discount"], money, "order.discount"),
            taxes=coding.amount(head["taxTotal"], money, "order.taxes"),
            paid=coding.amount(head["acturalPaid"], money, "order.paid"),
            note=head.get("note"),
        ),
        parties=present(
            company("platform", head["ebpCode"], head["ebpName"]),
            company("merchant", head["ebcCode"], head["ebcName"]),
            company("payment_company", head.get("payCode"), head.get("payName")),
            person(
                "buyer",
                head["buyerName"],
                id_kind=head["buyerIdType"],
                id_number=head["buyerIdNumber"],
                phone=head.get("buyerTelephone"),
                number=Code(system="platform-buyer", value=head["buyerRegNo"]),
            ),
            person(
                "consignee",
                head["consignee"],
                phone=head["consigneeTelephone"],
                address=head["consigneeAddress"],
                number=coding.code("cn-district", head.get("consigneeDistrict")),
            ),
        ),
        goods_items=tuple(_order_line(line, index, job) for index, line in enumerate(lines)),
    )
    return Built(record, order + payment, only_amends(head, order))


def _order_line(line: Values, index: int, job: Job) -> GoodsItem:
    coding, where = job.coding, f"goods_items.{index}"
    coding.check_line(line["price"], line["qty"], line["totalPrice"], f"{where}.total")
    money = coding.currency(line["currency"])
    return GoodsItem(
        ordinal=int(line["gnum"]),
        name=line["itemName"],
        model=line.get("gmodel"),
        number=line.get("itemNo"),
        barcode=line.get("barCode"),
        quantity=coding.quantity(line["qty"], line["unit"]),
        unit_price=coding.priced(line["price"], money),
        total=coding.priced(line["totalPrice"], money),
        origin=coding.country(line.get("country")),
        note=line.get("note") or line.get("itemDescribe"),
    )


def _check_order(head: Values, lines: tuple[Values, ...], job: Job) -> None:
    due = sum((Decimal(head[name]) for name in ("goodsValue", "freight", "taxTotal")), -Decimal(head["discount"]))
    if abs(due - Decimal(head["acturalPaid"])) > LINE_TOTAL_TOLERANCE:
        text = f"goodsValue + freight + taxTotal - discount is {due}, acturalPaid {head['acturalPaid']}"
        job.coding.remark("order-paid", text, "order.paid")
    total = sum((Decimal(line["totalPrice"]) for line in lines), Decimal(0))
    if abs(total - Decimal(head["goodsValue"])) > LINE_TOTAL_TOLERANCE:
        job.coding.remark(
            "order-total", f"the lines add up to {total}, goodsValue is {head['goodsValue']}", "order.goods_value"
        )


def build_payment(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB411 becomes a trade.payment."""
    payment = job.reference("payment", head["payTransactionId"], head["payCode"])
    order = job.reference("order", head["orderNo"], head["ebpCode"])
    record = TradePayment(
        references=payment + order,
        source=job.source,
        payment=PaymentHead(
            number=head["payTransactionId"],
            guid=job.guid,
            function=FUNCTIONS[head["appType"]],
            order=head["orderNo"],
            amount=job.coding.amount(head["amountPaid"], head["currency"], "payment.amount"),
            at=beijing_time(head["payTime"]),
            said=job.said,
            note=head.get("note"),
        ),
        parties=present(
            company("payment_company", head["payCode"], head["payName"]),
            company("platform", head["ebpCode"], head["ebpName"]),
            person(
                "payer",
                head["payerName"],
                id_kind=head["payerIdType"],
                id_number=head["payerIdNumber"],
                phone=head.get("telephone"),
            ),
        ),
    )
    return Built(record, order + payment, only_amends(head, payment))


def build_waybill(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB511 becomes a logistics.transport_document."""
    coding, money = job.coding, head["currency"]
    waybill = job.reference("transport_document", head["logisticsNo"], head["logisticsCode"])
    master = job.reference("master_bill", head.get("billNo"))
    # The order's platform is not named here, so its number is no reference: another platform may have the same.
    if head["packNo"].lstrip("0") != "1":
        coding.remark("ceb-one-package", f"packNo of a parcel is 1, not {head['packNo']}", "transport.packages")
    goods = head.get("goodsInfo")
    record = TransportDocument(
        references=waybill + master,
        source=job.source,
        transport_document=TransportDocumentHead(
            kind="parcel_waybill",
            number=head["logisticsNo"],
            master=head.get("billNo"),
            guid=job.guid,
            function=FUNCTIONS[head["appType"]],
            direction="I",
            issued=job.said,
            charges=coding.amount(head["freight"], money, "transport_document.charges"),
            insurance=coding.amount(head["insuredFee"], money, "transport_document.insurance"),
            orders=(head["orderNo"],) if "orderNo" in head else (),
            note=head.get("note"),
        ),
        parties=present(
            company("logistics_company", head["logisticsCode"], head["logisticsName"]),
            person("consignee", head["consingee"], phone=head["consigneeTelephone"], address=head["consigneeAddress"]),
        ),
        goods_items=(GoodsItem(ordinal=1, name=goods),) if goods else (),
        transport=Transport(
            bill=head["logisticsNo"],
            master_bill=head.get("billNo"),
            packages=Package(count=int(head["packNo"])),
            gross=kilograms(head["weight"]),
        ),
    )
    return Built(record, waybill, only_amends(head, waybill))


def build_delivery(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB513 becomes a logistics.event: the parcel was signed for (`S`, the only status that the document allows)."""
    waybill = job.reference("transport_document", head["logisticsNo"], head["logisticsCode"])
    if head["logisticsStatus"] != "S":
        text = f"logisticsStatus is S (signed for), not {head['logisticsStatus']}"
        job.coding.remark("ceb-logistics-status", text, "event.code")
    record = LogisticsEvent(
        references=waybill,
        source=job.source,
        event=Event(
            id=job.guid,
            code=Code(system="ceb-logistics", value=head["logisticsStatus"]),
            happened=beijing_time(head["logisticsTime"]),
            reported=job.said,
            bill=head["logisticsNo"],
            retracts=job.guid if head["appType"] == "3" else None,
            reason=head.get("note"),
        ),
        parties=present(company("logistics_company", head["logisticsCode"], head["logisticsName"])),
    )
    return Built(record, waybill, only_amends(head, waybill))


READERS: Final = (
    CebReader(tables.CEB311, build_order),
    CebReader(tables.CEB411, build_payment),
    CebReader(tables.CEB511, build_waybill),
    CebReader(tables.CEB513, build_delivery),
)
