"""Air import: waybill and events (IATA ONE Record, JSON-LD), invoice, declaration, replies, duty payment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from adapters.single_window_mock import commerce, numbers
from adapters.single_window_mock.declaration import (
    Carriage,
    Consignment,
    Good,
    attach_papers,
    dec_message,
    dec_result,
    draw,
)
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.script import Script, Story

CUSTOMS = "0101"
CONTEXT = {"cargo": "https://onerecord.iata.org/ns/cargo#"}
_CODES = "https://onerecord.iata.org/ns/code-lists/"
_DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
_HOST = "https://1r.carrier.example/logistics-objects/"

GOODS = (
    Good(
        "8542319000",
        "处理器集成电路",
        "用于工业控制|未封装否|型号TG-A7",
        Decimal("12.5000"),
        "007",
        Decimal("0.012"),
        Decimal(0),
    ),
    Good(
        "8481804090",
        "电磁阀",
        "控制流体|不锈钢制|型号VX2120",
        Decimal("18.2000"),
        "007",
        Decimal("0.450"),
        Decimal("0.05"),
    ),
    Good(
        "3926909090",
        "塑料密封件",
        "氟橡胶材质|工业用|型号OR-35",
        Decimal("0.8500"),
        "007",
        Decimal("0.020"),
        Decimal("0.065"),
    ),
    Good("9032899099", "温度控制器", "自动控制|型号E5CC", Decimal("64.0000"), "001", Decimal("0.260"), Decimal("0.05")),
)
EVENT_NAMES = {
    "DEP": "Consignment departed on a specific flight",
    "ARR": "Consignment arrived on a scheduled flight",
    "RCF": "Consignment received from a given flight",
    "NFD": "Consignee or agent notified of arrival",
    "CCD": "Consignment cleared by customs",
    "DLV": "Consignment delivered to the consignee or agent",
    "RCS": "Consignment received from shipper or agent",
}
"""StatusCode -> the name of the event."""


class AirConsignment:
    """All numbers of one consignment by air, in or out, and each message about it."""

    def __init__(
        self,
        script: Script,
        goods: Sequence[Good],
        *,
        imported: bool,
        foreign: str,
        country: str,
        airports: tuple[str, str],
    ) -> None:
        """Draws quantities, the waybill number and the flight from the script's generator."""
        random = script.random
        self.script = script
        self.airports = airports
        self.waybill_no = numbers.air_waybill(random)
        self.flight = f"CA{random.randint(930, 989)}"
        self.consignment: Consignment = draw(
            script,
            goods,
            imported=imported,
            customs=CUSTOMS,
            packs=random.randint(4, 20),
            overseas=foreign,
            country=country,
        )
        self.carriage = Carriage(
            "5",
            self.flight,
            script.local("%Y%m%d"),
            self.waybill_no.replace("-", ""),
            f"{country}003",
            "110101",
        )
        self.waybill_id = _HOST + numbers.guid(random).lower()
        self.shipment_id = _HOST + numbers.guid(random).lower()

    def waybill(self) -> bytes:
        """The air waybill, said by the carrier."""
        s, c = self.script, self.consignment
        prefix, number = self.waybill_no.split("-")
        return _json(
            {
                "@context": CONTEXT,
                "@id": self.waybill_id,
                "@type": "cargo:Waybill",
                "cargo:waybillType": {"@id": "cargo:MASTER"},
                "cargo:waybillPrefix": prefix,
                "cargo:waybillNumber": number,
                "cargo:departureLocation": _location(self.airports[0]),
                "cargo:arrivalLocation": _location(self.airports[1]),
                "cargo:carrierDeclarationDate": _instant(s.utc()),
                "cargo:declaredValueForCustoms": {
                    "@type": "cargo:CurrencyValue",
                    "cargo:numericalValue": f"{c.total:.2f}",
                    "cargo:currencyUnit": {"@id": f"{_CODES}CurrencyCode#{c.currency}"},
                },
                "cargo:involvedParties": [
                    _party("SHP" if c.imported else "CNE", c.overseas, ""),
                    _party("CNE" if c.imported else "SHP", s.cast.trader.name, s.cast.trader.uscc),
                ],
                "cargo:shipment": {
                    "@id": self.shipment_id,
                    "@type": "cargo:Shipment",
                    "cargo:goodsDescription": "ELECTRONIC AND MECHANICAL PARTS",
                    "cargo:totalGrossWeight": {
                        "@type": "cargo:Value",
                        "cargo:numericalValue": f"{c.gross_kg}",
                        "cargo:unit": {"@id": f"{_CODES}MeasurementUnitCode#KGM"},
                    },
                    "cargo:pieces": [
                        {"@type": "cargo:Piece", "@id": f"{self.shipment_id}/pieces/{n}"} for n in range(1, c.packs + 1)
                    ],
                },
            }
        )

    def event(self, code: str) -> bytes:
        """One milestone, said by the carrier: knows only the shipment's own address."""
        s = self.script
        return _json(
            {
                "@context": CONTEXT,
                "@id": f"{self.shipment_id}/logistics-events/{numbers.guid(s.random).lower()}",
                "@type": "cargo:LogisticsEvent",
                "cargo:creationDate": _instant(s.utc()),
                "cargo:eventDate": _instant(s.utc()),
                "cargo:eventCode": {"@id": f"{_CODES}StatusCode#{code}", "@type": "cargo:CodeListElement"},
                "cargo:eventName": EVENT_NAMES[code],
                "cargo:eventTimeType": {"@id": "cargo:ACTUAL", "@type": "cargo:EventTimeType"},
                "cargo:partialEventIndicator": False,
                "cargo:eventLocation": _location(self.airports[0 if code in ("RCS", "DEP") else 1]),
                "cargo:eventFor": {"@type": "cargo:Shipment", "@id": self.shipment_id},
                "cargo:recordingOrganization": {"@type": "cargo:Company", "cargo:name": s.cast.carrier.name},
            }
        )


def draw_import(script: Script) -> AirConsignment:
    """Two to four kinds of machine parts from Frankfurt."""
    goods = script.random.sample(GOODS, script.random.randint(2, len(GOODS)))
    return AirConsignment(
        script, goods, imported=True, foreign="RHEIN SENSORIK GMBH", country="DEU", airports=("FRA", "PEK")
    )


def happens(script: Script, goods: AirConsignment, code: str, *, hours: float) -> None:
    """The carrier's next event."""
    script.later(hours=hours)
    script.send(script.cast.carrier, "LogisticsEvent", goods.event(code), named=False)


def reply(script: Script, consignment: Consignment, channel: str, *, hours: float) -> None:
    """Customs' next word on the declaration."""
    script.later(hours=hours)
    script.send(script.cast.customs, "DEC_RESULT", dec_result(script, consignment, channel), named=False)


def lodge(script: Script, goods: AirConsignment) -> None:
    """The opening of every air story: waybill, departure, invoice, declaration, stored by customs, arrival."""
    cast = script.cast
    script.send(cast.carrier, "Waybill", goods.waybill())
    happens(script, goods, "DEP", hours=3)
    script.later(hours=1)
    invoice = commerce.ubl_invoice(script, goods.consignment)
    script.send(cast.trader, "UBL Invoice", invoice)
    attach_papers(script, goods.consignment, goods.carriage, invoice)
    script.later(hours=2)
    script.send(cast.broker, "DecMessage", dec_message(script, goods.consignment, goods.carriage))
    reply(script, goods.consignment, "L", hours=0.1)
    happens(script, goods, "ARR", hours=5)
    happens(script, goods, "RCF", hours=2)


def pay(script: Script, consignment: Consignment, *, hours: float) -> None:
    """The bank's word that duty and VAT are paid."""
    script.later(hours=hours)
    body = commerce.duty_certificates(script, consignment)
    script.send(script.cast.bank, "DutyPayment", body, named=False, entities=commerce.certificates_count(consignment))


def air_import(cast: Cast, seed: int, started_at: datetime) -> Story:
    """Machine parts by air: flown in, declared, assessed, duty and VAT paid, released, delivered, closed."""
    script = Script("air_import", "A", cast, seed, started_at)
    goods = draw_import(script)
    c = goods.consignment
    lodge(script, goods)
    reply(script, c, "G", hours=1)
    reply(script, c, "W", hours=1)
    pay(script, c, hours=2)
    reply(script, c, "P", hours=1)
    happens(script, goods, "CCD", hours=0.2)
    happens(script, goods, "DLV", hours=4)
    reply(script, c, "R", hours=20)
    return script.story()


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _instant(utc: str) -> dict[str, str]:
    return {"@type": _DATE_TIME, "@value": utc}


def _location(airport: str) -> dict[str, object]:
    return {
        "@type": "cargo:Location",
        "cargo:locationCodes": [{"@type": "cargo:CodeListElement", "cargo:code": airport}],
    }


def _party(role: str, name: str, uscc: str) -> dict[str, object]:
    party: dict[str, object] = {"@type": "cargo:Company", "cargo:name": name}
    if uscc:
        party["cargo:otherIdentifiers"] = [{"@type": "cargo:OtherIdentifier", "cargo:textualValue": uscc}]
    return {
        "@type": "cargo:Party",
        "cargo:partyRole": {"@id": f"{_CODES}ParticipantIdentifier#{role}"},
        "cargo:partyDetails": party,
    }
