"""Parcels that do not go straight: one returned, one whose list is changed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from adapters.single_window_mock import ceb, numbers
from adapters.single_window_mock.parcel import CUSTOMS, REPLIES, Parcel, coded, lodge, reply
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.script import Script, Story


def parcel_returned(cast: Cast, seed: int, started_at: datetime) -> Story:
    """A parcel that the buyer sends back: released, delivered, return requested, allowed, returned."""
    script = Script("parcel_returned", "R", cast, seed, started_at)
    goods = Parcel(script)
    lodge(script, goods)
    for status in ("120", "399", "800"):
        reply(script, goods, status, minutes=5)
    script.later(days=1)
    script.send(cast.carrier, "CEB513", goods.delivered(), named=False)
    script.later(days=4)
    script.send(cast.broker, "CEB625", return_request(script, goods))
    for status in ("120", "399"):
        script.later(minutes=30)
        script.send(cast.customs, "CEB626", return_reply(script, goods, status), named=False)
    reply(script, goods, "700", minutes=2000)
    return script.story()


def parcel_amended(cast: Cast, seed: int, started_at: datetime) -> Story:
    """A list with a wrong gross weight: accepted, put to manual review, changed by the broker, assessed, released."""
    script = Script("parcel_amended", "M", cast, seed, started_at)
    goods = Parcel(script)
    right_kg, goods.gross_kg = goods.gross_kg, goods.gross_kg + Decimal(5)
    lodge(script, goods)
    for status in ("120", "300"):
        reply(script, goods, status, minutes=10)
    goods.gross_kg = right_kg
    script.later(hours=2)
    script.send(cast.broker, "CEB621", goods.declaration(app_type=2))
    for status in ("120", "399", "800"):
        reply(script, goods, status, minutes=8)
    script.later(hours=1)
    script.send(cast.customs, "CEB816", goods.tax_bill(), named=False)
    return script.story()


def return_request(script: Script, parcel: Parcel) -> bytes:
    """CEB625, said by the broker: the buyer sends the goods back."""
    trader, carrier, broker = script.cast.trader, script.cast.carrier, script.cast.broker
    head = [
        *ceb.opening(script),
        ("customsCode", CUSTOMS),
        ("orderNo", parcel.order_no),
        *coded("ebp", trader),
        *coded("ebc", trader),
        ("logisticsNo", parcel.waybill_no),
        *coded("logistics", carrier),
        ("copNo", f"{parcel.cop_no}R"),
        ("preNo", parcel.pre_no),
        ("invtNo", parcel.invt_no),
        ("buyerIdType", 1),
        ("buyerIdNumber", parcel.buyer_id),
        ("buyerName", parcel.buyer),
        ("buyerTelephone", parcel.telephone),
        *coded("agent", broker),
        ("reason", "消费者七天无理由退货"),
    ]
    lines = [
        [("gnum", n), ("gcode", line.ware.hs), ("gname", line.ware.name), ("qty", line.count), ("unit", "007")]
        for n, line in enumerate(parcel.lines, 1)
    ]
    body = ceb.entity("InvtRefund", "InvtRefundHead", head, "InvtRefundList", lines)
    return ceb.message(script, "CEB625Message", [body], broker, signed=True)


def return_reply(script: Script, parcel: Parcel, status: str) -> bytes:
    """CEB626, said by customs about the return request."""
    trader = script.cast.trader
    fields = [
        ("guid", numbers.guid(script.random)),
        ("customsCode", CUSTOMS),
        ("agentCode", script.cast.broker.customs_code),
        ("ebpCode", trader.customs_code),
        ("ebcCode", trader.customs_code),
        ("copNo", f"{parcel.cop_no}R"),
        ("preNo", parcel.pre_no),
        ("invtNo", parcel.invt_no),
        ("returnStatus", status),
        ("returnTime", ceb.reply_time(script)),
        ("returnInfo", REPLIES[status]),
    ]
    return ceb.message(script, "CEB626Message", [ceb.flat("InvtRefundReturn", fields)])
