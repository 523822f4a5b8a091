"""Requests to customs: cancel a list (CEB623, 605), send goods back (625, 213), summarise lists (701).

A request changes nothing: the reply decides.
"""

from __future__ import annotations

from typing import Final, Literal

from adapters.formats.ceb import tables, tables_export, tables_returns
from adapters.formats.ceb.declaration import parcel_references
from adapters.formats.ceb.export import check_parts
from adapters.formats.ceb.reader import FUNCTIONS, Built, CebReader, Job
from adapters.formats.ceb.trade import Values, present
from adapters.mapping.chinese_customs import company, person
from chain.identifiers import HsCode
from chain.records.base import Reference
from chain.records.customs import CustomsRequest, RequestHead
from chain.records.scalars import Code
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Conveyance, Place, Transport

Kind = Literal["cancel", "return", "summarise"]


def build_cancel(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB623 and CEB605 become a customs.request to cancel a list."""
    return _about_a_list("cancel", head, lines, job)


def build_return(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB625 and CEB213 become a customs.request to send goods back."""
    return _about_a_list("return", head, lines, job)


def _about_a_list(kind: Kind, head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    own_number = head.get("copNo") or head.get("coElNo")
    declared = job.reference("declaration", head["invtNo"])
    own = job.reference("pre", head.get("preNo")) + job.reference("cop", own_number, head["agentCode"])
    parcel = parcel_references(head, job) if "orderNo" in head else _waybill(head, job)
    direction = head.get("ieFlag")
    record = CustomsRequest(
        references=declared + own + parcel + job.reference("master_bill", head.get("billNo")),
        source=job.source,
        request=RequestHead(
            kind=kind,
            own_number=own_number,
            guid=job.guid,
            function=FUNCTIONS[head["appType"]],
            about=(head["invtNo"],),
            order=head.get("orderNo"),
            waybill=head.get("logisticsNo"),
            direction="E" if direction == "E" else "I" if direction == "I" else None,
            office=Code(system="cn-customs-office", value=head["customsCode"]),
            border_office=job.coding.code("cn-customs-office", head.get("portCode")),
            procedure=job.coding.code("cn-trade-mode", head.get("tradeMode")),
            lodged=job.said,
            reason=head["reason"],
            note=head.get("note"),
        ),
        parties=_parties(head),
        goods_items=tuple(_line(line, job) for line in lines),
        transport=_transport(head, job) if "trafMode" in head else None,
    )
    return Built(record, declared + parcel, _amended(head, own))


def _waybill(head: Values, job: Job) -> tuple[Reference, ...]:
    return job.reference("transport_document", head.get("logisticsNo"), head.get("logisticsCode"))


def _amended(head: Values, own: tuple[Reference, ...]) -> Reference | None:
    return own[0] if head["appType"] in ("2", "3") and own else None


def _parties(head: Values) -> tuple[Party, ...]:
    buyer = None
    if "buyerName" in head:
        buyer = person(
            "buyer",
            head["buyerName"],
            id_kind=head["buyerIdType"],
            id_number=head["buyerIdNumber"],
            phone=head["buyerTelephone"],
        )
    return present(
        company("platform", head.get("ebpCode"), head.get("ebpName")),
        company("merchant", head.get("ebcCode"), head.get("ebcName")),
        company("logistics_company", head.get("logisticsCode"), head.get("logisticsName")),
        company("agent", head["agentCode"], head.get("agentName") or head.get("agengName")),
        buyer,
    )


def _line(line: Values, job: Job) -> GoodsItem:
    return GoodsItem(
        ordinal=int(line["gnum"]),
        hs=HsCode.parse(line["gcode"]),
        name=line["gname"],
        model=line.get("gmodel"),
        quantity=job.coding.quantity(line["qty"], line["unit"]),
        first_quantity=job.coding.quantity(line.get("qty1"), line.get("unit1")),
        second_quantity=job.coding.quantity(line.get("qty2"), line.get("unit2")),
        note=line.get("note"),
    )


def _transport(head: Values, job: Job) -> Transport:
    return Transport(
        mode=job.coding.code("cn-transport-mode", head["trafMode"]),
        conveyance=Conveyance(name=head["trafName"], voyage=head["voyageNo"]),
        bill=head["billNo"],
        goods_place=_site(head),
        country_departure=job.coding.country(head["country"]),
    )


def _site(head: Values) -> Place | None:
    return Place(code=Code(system="cn-supervised-site", value=head["loctNo"])) if "loctNo" in head else None


def build_summary(head: Values, lines: tuple[Values, ...], job: Job) -> Built:
    """CEB701 becomes a customs.request to summarise lists; a period instead of lists is kept as a note."""
    numbers = tuple(dict.fromkeys(line["invtNo"] for line in lines))
    declared = tuple(found for number in numbers for found in job.reference("declaration", number))
    own = job.reference("pre", head.get("preNo")) + job.reference("cop", head["copNo"], head["agentCode"])
    period = (
        f"lists from {head.get('startTime', '')} to {head.get('endTime', '')}"
        if {"startTime", "endTime"} & set(head)
        else ""
    )
    note = "; ".join(part for part in (period, head.get("note", "")) if part)
    record = CustomsRequest(
        references=own + declared,
        source=job.source,
        request=RequestHead(
            kind="summarise",
            number=head.get("sumNo"),
            own_number=head["copNo"],
            guid=job.guid,
            function=FUNCTIONS[head["appType"]],
            about=numbers,
            direction="E",
            office=Code(system="cn-customs-office", value=head["customsCode"]),
            lodged=job.said,
            part=int(head["msgSeqNo"]),
            parts=int(head["msgCount"]),
            flags=tuple(
                Code(system=f"ceb-{name}", value=head[name]) for name in ("summaryFlag", "itemNameFlag") if name in head
            ),
            note=note or None,
        ),
        transport=Transport(goods_place=_site(head)) if "loctNo" in head else None,
        parties=present(
            company("agent", head["agentCode"], head["agentName"]),
            company("trader", head["ebcCode"], head["ebcName"]),
            company("declarant", head["declagAgentCode"], head["declAgentName"]),
        ),
    )
    return Built(record, declared or own, _amended(head, own))


READERS: Final = (
    CebReader(tables.CEB623, build_cancel),
    CebReader(tables_export.CEB605, build_cancel),
    CebReader(tables.CEB625, build_return),
    CebReader(tables_returns.CEB213, build_return),
    CebReader(tables_returns.CEB701, build_summary, check_parts, many=True),
)
