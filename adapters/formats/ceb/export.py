"""Trade and logistics of exports, and the supervised site's lists: CEB303, 403, 505, 507, 509, 215, 607, 711.

A list of an arrival, a departure, a manifest or an inbound list speaks of one consignment a line. Lists that are split
over messages (`msgCount`, `msgSeqNo`) are recorded part by part, each saying which part it is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.formats.ceb import tables, tables_export, tables_returns
from adapters.formats.ceb.layout import CebEntity
from adapters.formats.ceb.reader import FUNCTIONS, Built, CebReader, Job
from adapters.formats.ceb.trade import Values, only_amends, present
from adapters.mapping.chinese_customs import beijing_time, company, kilograms
from adapters.mapping.code_mapping import LINE_TOTAL_TOLERANCE
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults
from chain.records.base import Reference
from chain.records.logistics import LogisticsEvent, TransportDocument, TransportDocumentHead
from chain.records.scalars import Code, Instant
from chain.records.sections import GoodsItem, Party
from chain.records.trade import OrderHead, PaymentHead, TradeOrder, TradePayment
from chain.records.transport import Conveyance, Event, Package, Place, Transport


def _platform(head: Values) -> str:
    """Whose number an order's is: the platform's, or the merchant's where a foreign platform has no code (`无`)."""
    return head["ebpCode"] if head["ebpCode"] != "无" else head["ebcCode"]


def build_order(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB303 becomes a trade.order."""
    coding, money = job.coding, head["currency"]
    order = job.reference("order", head["orderNo"], _platform(head))
    total = sum((Decimal(line["totalPrice"]) for line in lines), Decimal(0))
    if abs(total - Decimal(head["goodsValue"])) > LINE_TOTAL_TOLERANCE:
        text = f"the lines add up to {total}, goodsValue is {head['goodsValue']}"
        coding.remark("order-total", text, "order.goods_value")
    record = TradeOrder(
        references=order,
        source=job.source,
        order=OrderHead(
            number=head["orderNo"],
            kind=Code(system="ceb-order-type", value=head["orderType"]),
            guid=job.guid,
            function=FUNCTIONS[head["appType"]],
            direction="E",
            placed=job.said,
            goods_value=coding.amount(head["goodsValue"], money, "order.goods_value"),
            freight=coding.amount(head["freight"], money, "order.freight"),
            note=head.get("note"),
        ),
        parties=present(
            company("platform", head["ebpCode"], head["ebpName"]),
            company("merchant", head["ebcCode"], head["ebcName"]),
        ),
        goods_items=tuple(_order_line(line, index, job) for index, line in enumerate(lines)),
    )
    return Built(record, order, only_amends(head, order))


def _order_line(line: Values, index: int, job: Job) -> GoodsItem:
    coding = job.coding
    coding.check_line(line["price"], line["qty"], line["totalPrice"], f"goods_items.{index}.total")
    money = coding.currency(line["currency"])
    return GoodsItem(
        ordinal=int(line["gnum"]),
        name=line["itemName"],
        number=line["itemNo"],
        barcode=line.get("barCode"),
        quantity=coding.quantity(line["qty"], line["unit"]),
        unit_price=coding.priced(line["price"], money),
        total=coding.priced(line["totalPrice"], money),
        note=line.get("note") or line.get("itemDescribe"),
    )


def build_receipt(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB403 becomes a trade.payment of kind receipt: money that came in for an export."""
    order = job.reference("order", head["orderNo"], _platform(head))
    # Its reply, CEB404, names only the merchant and the order.
    merchant = job.reference("order", head["orderNo"], head["ebcCode"]) if _platform(head) != head["ebcCode"] else ()
    payment = job.reference("payment", head.get("payNo"), head.get("payCode")) if "payCode" in head else ()
    record = TradePayment(
        references=payment + order + merchant,
        source=job.source,
        payment=PaymentHead(
            number=head.get("payNo") or head["orderNo"],
            kind="receipt",
            guid=job.guid,
            function=FUNCTIONS[head["appType"]],
            order=head["orderNo"],
            amount=job.coding.amount(head["charge"], head["currency"], "payment.amount"),
            at=beijing_time(head["accountingDate"]),
            said=job.said,
            note=head.get("note"),
        ),
        parties=present(
            company("platform", head["ebpCode"], head["ebpName"]),
            company("payee", head["ebcCode"], head["ebcName"]),
            company("payment_company", head.get("payCode"), head["payName"]),
        ),
    )
    return Built(record, order + payment, only_amends(head, payment + order))


def build_waybill(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB505 becomes a logistics.transport_document."""
    coding, money = job.coding, head["currency"]
    waybill = job.reference("transport_document", head["logisticsNo"], head["logisticsCode"])
    record = TransportDocument(
        references=waybill,
        source=job.source,
        transport_document=TransportDocumentHead(
            kind="parcel_waybill",
            number=head["logisticsNo"],
            guid=job.guid,
            function=FUNCTIONS[head["appType"]],
            direction="E",
            issued=job.said,
            charges=coding.amount(head["freight"], money, "transport_document.charges"),
            insurance=coding.amount(head["insuredFee"], money, "transport_document.insurance"),
            note=head.get("note"),
        ),
        parties=present(
            company("logistics_company", head["logisticsCode"], head["logisticsName"]),
            company("merchant", head.get("ebcCode"), head.get("ebcName"), phone=head.get("ebcTelephone")),
        ),
        goods_items=(GoodsItem(ordinal=1, name=head["goodsInfo"]),),
        transport=Transport(
            bill=head["logisticsNo"],
            packages=Package(count=int(head["packNo"])),
            gross=kilograms(head["grossWeight"]),
        ),
    )
    return Built(record, waybill, only_amends(head, waybill))


def _waybills(head: Values, lines: tuple[Values, ...], job: Job) -> tuple[Reference, ...]:
    numbers = dict.fromkeys(line["logisticsNo"] for line in lines)
    return tuple(
        found for number in numbers for found in job.reference("transport_document", number, head["logisticsCode"])
    )


def _own(head: Values, job: Job, scope: str) -> tuple[Reference, ...]:
    own = head.get("copNo") or head.get("coElNo")
    return job.reference("pre", head.get("preNo")) + job.reference("cop", own, head[scope])


def _parts(head: Values, job: Job) -> str | None:
    """Where a list is one part of several, the sentence that says so, before the note."""
    said = [f"part {head['msgSeqNo']} of {head['msgCount']}"] if head.get("msgCount", "1") != "1" else []
    return "; ".join([*said, head["note"]] if "note" in head else said) or None


def _event(head: Values, job: Job, what: str, name: str, happened: Instant | None, place: Place | None = None) -> Event:
    at = happened or job.said
    return Event(
        id=job.guid,
        code=Code(system="ceb-message", value=what, name=name),
        happened=at or beijing_time(head["appTime"]),
        reported=job.said,
        place=place,
        bill=head.get("billNo"),
        direction="E" if head.get("ieFlag") == "E" else "I" if head.get("ieFlag") == "I" else None,
        number=head.get("rkdNo"),
        retracts=job.guid if head["appType"] == "3" else None,
        reason=_parts(head, job),
    )


def _site(head: Values) -> Party | None:
    return company("supervised_site", head.get("operatorCode"), head.get("operatorName"))


def _carried(head: Values, job: Job) -> Transport:
    name, voyage = head.get("trafName") or head.get("trafNo"), head.get("voyageNo")
    vehicle, site = head.get("domesticTrafNo"), head.get("loctNo")
    return Transport(
        mode=job.coding.code("cn-transport-mode", head["trafMode"]),
        conveyance=Conveyance(name=name, voyage=voyage) if name or voyage else None,
        inland=Conveyance(name=vehicle) if vehicle else None,
        master_bill=head.get("billNo"),
        goods_place=Place(code=Code(system="cn-supervised-site", value=site)) if site else None,
        gross=kilograms(head["grossWeight"]) if "grossWeight" in head else None,
    )


def _office(head: Values, location: str | None = None) -> Place:
    return Place(code=Code(system="cn-customs-office", value=head["customsCode"]), name=location)


def _list_event(
    head: Values, lines: tuple[Values, ...], job: Job, event: Event, scope: str, waybills: tuple[Reference, ...]
) -> Built:
    own = _own(head, job, scope)
    master = job.reference("master_bill", head.get("billNo"))
    record = LogisticsEvent(
        references=own + master + waybills,
        source=job.source,
        event=event,
        parties=present(_site(head), company("logistics_company", head["logisticsCode"], head["logisticsName"])),
        transport=_carried(head, job),
    )
    return Built(record, waybills or own, only_amends(head, own or waybills))


def build_arrival(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB507 becomes a logistics.event: parcels have arrived at the supervised site. It gives no time but its own."""
    event = _event(head, job, "507", "运抵单", None, _office(head, head.get("loctNo")))
    return _list_event(head, lines, job, event, "operatorCode", _waybills(head, lines, job))


def build_departure(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB509 becomes a logistics.event: parcels have left the country."""
    event = _event(head, job, "509", "离境单", beijing_time(head["leaveTime"]), _office(head))
    return _list_event(head, lines, job, event, "logisticsCode", _waybills(head, lines, job))


def build_inbound(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB711 becomes a logistics.event: parcels were taken into the supervised site."""
    event = _event(head, job, "711", "入库明细单", None, _office(head, head.get("unloadLocation")))
    return _list_event(head, lines, job, event, "operatorCode", _waybills(head, lines, job))


def build_tally(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB215 becomes a logistics.event: a returned parcel was counted at the supervised site."""
    event = _event(head, job, "215", "退货理货明细单", None, _office(head, head.get("location")))
    waybill = job.reference("transport_document", head["logisticsNo"], head["logisticsCode"])
    declared = job.reference("declaration", head.get("invtNo"))
    return _list_event(head, lines, job, event, "operatorCode", declared + waybill)


def build_manifest(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB607 becomes a logistics.transport_document: which parcels and lists one master bill holds."""
    own = _own(head, job, "agentCode")
    waybills = _waybills(head, lines, job)
    lists = dict.fromkeys(line["invtNo"] for line in lines if "invtNo" in line)
    declared = tuple(found for number in lists for found in job.reference("declaration", number))
    record = TransportDocument(
        references=own + job.reference("master_bill", head["billNo"]) + waybills + declared,
        source=job.source,
        transport_document=TransportDocumentHead(
            kind="manifest",
            number=head["billNo"],
            houses=tuple(dict.fromkeys(line["logisticsNo"] for line in lines)),
            guid=job.guid,
            own_number=head["copNo"],
            function=FUNCTIONS[head["appType"]],
            direction="E",
            issued=job.said,
            office=Code(system="cn-customs-office", value=head["customsCode"]),
            part=int(head["msgSeqNo"]),
            parts=int(head["msgCount"]),
            note=head.get("note"),
        ),
        parties=present(
            company("agent", head["agentCode"], head["agentName"]),
            company("logistics_company", head["logisticsCode"], head["logisticsName"]),
        ),
        transport=_carried(head, job),
    )
    return Built(record, waybills, only_amends(head, own))


def check_parts(entity: CebEntity, faults: Faults) -> None:
    """A part's number above the count of parts makes a split list unusable."""
    count, number = entity.head.get("msgCount", ""), entity.head.get("msgSeqNo", "")
    if count.isdigit() and number.isdigit() and int(number) > int(count):
        faults.add(f"{entity.where}/msgSeqNo", f"is at most msgCount {count}", value=number, code=BUSINESS_CODE)


READERS: Final = (
    CebReader(tables_export.CEB303, build_order),
    CebReader(tables_export.CEB403, build_receipt),
    CebReader(tables_export.CEB505, build_waybill),
    CebReader(tables_export.CEB507, build_arrival, check_parts, many=True),
    CebReader(tables_export.CEB509, build_departure, check_parts, many=True),
    CebReader(tables_export.CEB607, build_manifest, check_parts, many=True),
    CebReader(tables_returns.CEB215, build_tally),
    CebReader(tables.CEB711, build_inbound, many=True),
)
