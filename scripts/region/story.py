"""What is said in the region: a sea import that clears in Beijing by transit, an export of Hebei through Xingang.

Each statement is one member's, in the order of the trade. All happens on the day of the demonstration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from chain.identifiers import Uscc
from chain.records.base import Record, Reference
from chain.records.customs import CustomsDeclaration, CustomsStatus, DeclarationHead
from chain.records.logistics import LogisticsEvent, TransportDocument, TransportDocumentHead
from chain.records.scalars import Instant, Weight
from chain.records.sections import GoodsItem, Party, Status
from chain.records.trade import OrderHead, TradeOrder
from chain.records.transport import Event, Place, Transport
from scripts.region.foundation import member_of

XINGANG: Final = "0202"
BEIJING: Final = "0101"
SHIJIAZHUANG: Final = "0401"
IMPORT_NUMBER: Final = "010120261000000101"
EXPORT_NUMBER: Final = "040120260000000202"
IMPORT_BILL: Final = "COSU6402116301"
EXPORT_BILL: Final = "COSU6402118802"
Direction = Literal["I", "E"]


@dataclass(frozen=True)
class Speech:
    """One member's words, and what they are in a sentence."""

    slug: str
    record: Record
    words: str


@dataclass(frozen=True)
class Clock:
    """Times of the day of the story."""

    day: datetime

    def at(self, minutes: int) -> Instant:
        """So many minutes after eight in the morning, UTC."""
        moment = (self.day + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Instant(utc=moment, said=moment)


def morning(now: datetime) -> Clock:
    """The clock of a story that ended by now."""
    return Clock(now.astimezone(UTC) - timedelta(hours=12))


def sea_import(clock: Clock) -> Sequence[Speech]:
    """Enters at Xingang, goes under transit to Beijing, is cleared there; Hebei's word moves nothing."""
    named = [_uscc("broker"), _uscc("terminal")]
    order = TradeOrder(
        references=(Reference(kind="order", scope=_uscc("importer"), value="BJ-2026-17"),),
        order=OrderHead(number="BJ-2026-17"),
        goods_items=(GoodsItem(ordinal=1, name="便携式电脑"),),
    ).with_names(named)
    return (
        Speech("importer", order, "the importer orders, and names broker and terminal"),
        Speech("terminal", _bill(IMPORT_BILL, "1200.00000"), "Xingang's terminal holds the bill of lading"),
        Speech("terminal", _event("UNLO", IMPORT_BILL, clock.at(10)), "discharged at Xingang"),
        Speech("broker", _declaration(IMPORT_NUMBER, "I", BEIJING, clock.at(30), IMPORT_BILL), "declared in Beijing"),
        Speech("beijing", _status(IMPORT_NUMBER, "L", "ACCEPTED", BEIJING, clock.at(40)), "Beijing accepts"),
        Speech("tianjin", _transit("departure", XINGANG, clock.at(60)), "Xingang lets it leave under transit 转关"),
        Speech("terminal", _event("GTOT", IMPORT_BILL, clock.at(70)), "through the gate at Xingang"),
        Speech("beijing", _transit("arrival", BEIJING, clock.at(240)), "arrived under customs' seal in Beijing"),
        Speech("hebei", _status(IMPORT_NUMBER, "P", "RELEASED", SHIJIAZHUANG, clock.at(250)), "Hebei “releases” it"),
        Speech("beijing", _status(IMPORT_NUMBER, "P", "RELEASED", BEIJING, clock.at(300)), "Beijing releases"),
    )


def hebei_export(clock: Clock) -> Sequence[Speech]:
    """Declared in Shijiazhuang, leaves by sea from Xingang."""
    order = TradeOrder(
        references=(Reference(kind="order", scope=_uscc("mill"), value="HB-2026-4"),),
        order=OrderHead(number="HB-2026-4"),
        goods_items=(GoodsItem(ordinal=1, name="热轧钢卷"),),
    ).with_names([_uscc("terminal")])
    return (
        Speech("mill", order, "the mill sells, and names the terminal"),
        Speech(
            "mill",
            _declaration(EXPORT_NUMBER, "E", SHIJIAZHUANG, clock.at(20), EXPORT_BILL),
            "declared in Shijiazhuang",
        ),
        Speech("hebei", _status(EXPORT_NUMBER, "L", "ACCEPTED", SHIJIAZHUANG, clock.at(25)), "Hebei accepts"),
        Speech("terminal", _bill(EXPORT_BILL, "25000.00000"), "booked at Xingang"),
        Speech("hebei", _status(EXPORT_NUMBER, "P", "RELEASED", SHIJIAZHUANG, clock.at(90)), "Hebei releases"),
        Speech("terminal", _event("LOAD", EXPORT_BILL, clock.at(200)), "loaded at Xingang"),
        Speech("tianjin", _status(EXPORT_NUMBER, "R", "CLOSED", XINGANG, clock.at(260)), "Xingang closes: it left"),
    )


def late_event(clock: Clock) -> Speech:
    """What the terminal says while its own gateway is gone."""
    return Speech("terminal", _event("DEPA", EXPORT_BILL, clock.at(280)), "the ship left Xingang")


def _uscc(slug: str) -> Uscc:
    return Uscc(member_of(slug).profile.uscc)


def _declaration(number: str, direction: Direction, office: str, lodged: Instant, bill: str) -> CustomsDeclaration:
    head = {
        "number": number,
        "direction": direction,
        "office": _office(office),
        "border_office": _office(XINGANG),
        "lodged": lodged.model_dump(),
        "flags": [{"system": "cn-transit-relation", "value": "1" if office == BEIJING else "0"}],
    }
    goods = GoodsItem.model_validate(
        {"ordinal": 1, "hs": "8471300000", "name": "便携式电脑"}
        if direction == "I"
        else {"ordinal": 1, "hs": "7208390000", "name": "热轧钢卷"}
    )
    trader = "importer" if direction == "I" else "mill"
    gross = "1200.00000" if direction == "I" else "25000.00000"
    return CustomsDeclaration(
        references=(Reference(kind="declaration", value=number), Reference(kind="transport_document", value=bill)),
        declaration=DeclarationHead.model_validate(head),
        parties=(Party(role="trader", uscc=_uscc(trader)),),
        goods_items=(goods,),
        transport=Transport(gross=Weight(value=gross, unit="KGM"), bill=bill),
    )


def _status(number: str, code: str, state: str, office: str, at: Instant) -> CustomsStatus:
    return _answer("declaration", {"code": {"system": "cn-channel", "value": code}, "state": state}, number, office, at)


def _transit(about: str, office: str, at: Instant) -> CustomsStatus:
    return _answer(about, {"code": {"system": "cn-transit", "value": about}}, IMPORT_NUMBER, office, at)


def _answer(about: str, what: dict[str, object], number: str, office: str, at: Instant) -> CustomsStatus:
    status = {"about": about, "at": at.model_dump(), "office": _office(office), "number": number, **what}
    return CustomsStatus(
        references=(Reference(kind="declaration", value=number),), status=Status.model_validate(status)
    )


def _bill(number: str, gross: str) -> TransportDocument:
    return TransportDocument(
        references=(Reference(kind="transport_document", value=number),),
        transport_document=TransportDocumentHead(kind="bill_of_lading", number=number),
        transport=Transport(gross=Weight(value=gross, unit="KGM")),
    )


def _event(code: str, bill: str, at: Instant) -> LogisticsEvent:
    place = Place.model_validate({"unlocode": "CNTXG", "name": "天津新港"})
    event = Event.model_validate(
        {"code": {"system": "dcsa-event", "value": code}, "happened": at.model_dump(), "place": place.model_dump()}
    )
    return LogisticsEvent(references=(Reference(kind="transport_document", value=bill),), event=event)


def _office(value: str) -> dict[str, str]:
    return {"system": "cn-customs-office", "value": value}
