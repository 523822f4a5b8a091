"""Sea import: two containers, their verified gross mass and events (DCSA), a bill of lading (UBL Waybill), the
declaration."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from html import escape

from adapters.single_window_mock import air, commerce, numbers
from adapters.single_window_mock.declaration import Carriage, Good, attach_papers, dec_message, draw
from adapters.single_window_mock.roles import Cast, Party
from adapters.single_window_mock.script import Script, Story, split

CUSTOMS = "0202"
"""Customs of Tianjin Xingang."""
GOODS = (
    Good("8708299000", "车身覆盖件", "汽车用|钢制", Decimal("42.0000"), "007", Decimal("9.500"), Decimal("0.06")),
    Good("8483409000", "减速齿轮箱", "工业用|型号R77", Decimal("310.0000"), "001", Decimal("58.000"), Decimal("0.08")),
    Good("7318159001", "钢制螺栓", "高强度|M12", Decimal("0.3200"), "007", Decimal("0.110"), Decimal("0.08")),
)
TARES_KG = (Decimal(3700), Decimal(3680))
SIZE_CUSTOMS, SIZE_ISO = "L", "45G1"
"""One forty-foot high cube in customs' code and in ISO 6346's."""
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_PORTS = {"loading": ("DEHAM", "DEU003"), "discharge": ("CNTXG", "120201")}


class SeaImport:
    """All numbers of one sea import, and each message about it."""

    def __init__(self, script: Script) -> None:
        """Draws goods, bill, vessel and containers from the script's generator."""
        random = script.random
        self.script = script
        self.consignment = draw(
            script, GOODS, imported=True, customs=CUSTOMS, packs=60, overseas="HANSE MASCHINENBAU AG", country="DEU"
        )
        self.bill = f"COSU{numbers.digits(random, 10)}"
        self.imo = numbers.imo_number(random)
        self.vessel, self.voyage = "COSCO TAURUS", f"{random.randint(10, 99):03d}E"
        self.boxes = tuple(numbers.container(random) for _ in TARES_KG)
        self.seals = tuple(f"CN{numbers.digits(random, 7)}" for _ in TARES_KG)
        self.cargo_kg = split(self.consignment.gross_kg, [Decimal(1)] * len(TARES_KG))
        self.carriage = Carriage(
            "2",
            self.vessel,
            self.voyage,
            self.bill,
            _PORTS["loading"][1],
            _PORTS["discharge"][1],
            tuple((box, SIZE_CUSTOMS, tare) for box, tare in zip(self.boxes, TARES_KG, strict=True)),
        )

    def bill_of_lading(self) -> bytes:
        """The sea waybill, said by the carrier."""
        s, c = self.script, self.consignment
        units = "".join(self._unit(n) for n in range(len(self.boxes)))
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Waybill xmlns="{_UBL}Waybill-2" xmlns:cac="{_UBL}CommonAggregateComponents-2"'
            f' xmlns:cbc="{_UBL}CommonBasicComponents-2">\n'
            f"  <cbc:UBLVersionID>2.4</cbc:UBLVersionID>\n  <cbc:ID>{self.bill}</cbc:ID>\n"
            f"  <cbc:IssueDate>{s.local('%Y-%m-%d')}</cbc:IssueDate>\n  <cbc:Name>Sea Waybill</cbc:Name>\n"
            f"{_party('ConsignorParty', c.overseas)}{_party('CarrierParty', s.cast.carrier.name)}"
            "  <cac:Shipment>\n"
            f"    <cbc:ID>{self.bill}</cbc:ID>\n"
            f'    <cbc:GrossWeightMeasure unitCode="KGM">{c.gross_kg}</cbc:GrossWeightMeasure>\n'
            f"    <cbc:TotalTransportHandlingUnitQuantity>{c.packs}</cbc:TotalTransportHandlingUnitQuantity>\n"
            f"    <cac:Consignment>\n      <cbc:ID>{self.bill}</cbc:ID>\n{_party('ConsigneeParty', s.cast.trader.name)}"
            "    </cac:Consignment>\n"
            "    <cac:ShipmentStage><cbc:ID>1</cbc:ID><cbc:TransportModeCode>1</cbc:TransportModeCode>"
            "<cac:TransportMeans>"
            f"<cbc:JourneyID>{self.voyage}</cbc:JourneyID><cac:MaritimeTransport><cbc:VesselID>{self.imo}</cbc:VesselID>"
            f"<cbc:VesselName>{self.vessel}</cbc:VesselName></cac:MaritimeTransport></cac:TransportMeans>"
            f"<cac:LoadingPortLocation><cbc:ID>{_PORTS['loading'][0]}</cbc:ID></cac:LoadingPortLocation>"
            f"<cac:UnloadingPortLocation><cbc:ID>{_PORTS['discharge'][0]}</cbc:ID></cac:UnloadingPortLocation>"
            f"</cac:ShipmentStage>\n{units}  </cac:Shipment>\n</Waybill>\n"
        ).encode()

    def vgm(self) -> bytes:
        """The verified gross mass of both containers (DCSA VGM 1.0), said by the terminal."""
        s = self.script
        declarations = [
            {
                "declarationReference": f"VGM{numbers.digits(s.random, 10)}",
                "VGM": {
                    "weight": {"value": float(cargo + tare), "unit": "KGM"},
                    "method": "SM1",
                    "dateTime": s.utc(),
                },
                "equipmentDetails": {
                    "equipmentReference": box,
                    "ISOEquipmentCode": SIZE_ISO,
                    "tareWeight": {"value": float(tare), "unit": "KGM"},
                    "cargoGrossWeight": {"value": float(cargo), "unit": "KGM"},
                    "seals": [{"number": seal}],
                },
                "shipmentDetails": {"transportDocumentReference": self.bill},
                "responsibleParty": {"partyName": self.consignment.overseas},
                "authorizedPersonSignatory": "H. MEYER",
                "isRetracted": False,
            }
            for box, tare, cargo, seal in zip(self.boxes, TARES_KG, self.cargo_kg, self.seals, strict=True)
        ]
        return json.dumps({"VGMDeclarations": declarations}, indent=1).encode()

    def vessel_event(self, code: str) -> bytes:
        """Departure or arrival of the vessel (DCSA Track & Trace 2.2), said by the carrier."""
        way = "loading" if code == "DEPA" else "discharge"
        call = {
            **self._event("TRANSPORT", way),
            "transportEventTypeCode": code,
            "transportCall": self._call(),
            "documentReferences": [{"documentReferenceType": "TRD", "documentReferenceValue": self.bill}],
        }
        return json.dumps([call], indent=1).encode()

    def box_events(self, code: str) -> bytes:
        """Both containers loaded, discharged or gated out (DCSA Track & Trace 2.2): one event each."""
        way = "loading" if code == "LOAD" else "discharge"
        events = [
            {
                **self._event("EQUIPMENT", way),
                "equipmentEventTypeCode": code,
                "equipmentReference": box,
                "ISOEquipmentCode": SIZE_ISO,
                "emptyIndicatorCode": "LADEN",
                "transportCall": self._call(),
                "documentReferences": [{"documentReferenceType": "TRD", "documentReferenceValue": self.bill}],
                "seals": [{"sealNumber": seal, "sealSource": "SHI"}],
            }
            for box, seal in zip(self.boxes, self.seals, strict=True)
        ]
        return json.dumps(events, indent=1).encode()

    def _event(self, kind: str, way: str) -> dict[str, object]:
        s = self.script
        return {
            "eventID": numbers.guid(s.random).lower(),
            "eventCreatedDateTime": s.utc(),
            "eventType": kind,
            "eventClassifierCode": "ACT",
            "eventDateTime": s.utc(),
            "eventLocation": {"UNLocationCode": _PORTS[way][0]},
        }

    def _call(self) -> dict[str, object]:
        return {
            "transportCallID": f"{self.vessel.replace(' ', '')}{self.voyage}",
            "exportVoyageNumber": self.voyage,
            "modeOfTransport": "VESSEL",
            "vessel": {"vesselIMONumber": self.imo, "vesselName": self.vessel},
        }

    def _unit(self, n: int) -> str:
        return (
            "    <cac:TransportHandlingUnit><cac:TransportEquipment>"
            f"<cbc:ID>{self.boxes[n]}</cbc:ID><cbc:SizeTypeCode>{SIZE_ISO}</cbc:SizeTypeCode>"
            f'<cbc:GrossWeightMeasure unitCode="KGM">{self.cargo_kg[n] + TARES_KG[n]}</cbc:GrossWeightMeasure>'
            f"<cac:TransportEquipmentSeal><cbc:ID>{self.seals[n]}</cbc:ID></cac:TransportEquipmentSeal>"
            "</cac:TransportEquipment></cac:TransportHandlingUnit>\n"
        )


def sea_import(cast: Cast, seed: int, started_at: datetime) -> Story:
    """Car parts in two containers: weighed, loaded, shipped, declared, discharged, paid, released, gated out,
    closed."""
    script = Script("sea_import", "S", cast, seed, started_at)
    goods = SeaImport(script)
    c = goods.consignment
    carrier: Party = cast.carrier
    script.send(carrier, "UBL Waybill", goods.bill_of_lading())
    script.later(hours=5)
    script.send(cast.terminal, "DCSA VGM", goods.vgm(), named=False)
    script.later(hours=8)
    script.send(carrier, "DCSA TNT", goods.box_events("LOAD"), named=False)
    script.later(hours=6)
    script.send(carrier, "DCSA TNT", goods.vessel_event("DEPA"), named=False)
    script.later(hours=3)
    invoice = commerce.ubl_invoice(script, c)
    script.send(cast.trader, "UBL Invoice", invoice)
    attach_papers(script, c, goods.carriage, invoice)
    script.later(days=24)
    script.send(cast.broker, "DecMessage", dec_message(script, c, goods.carriage))
    air.reply(script, c, "L", hours=0.1)
    script.later(days=1)
    script.send(carrier, "DCSA TNT", goods.vessel_event("ARRI"), named=False)
    script.later(hours=7)
    script.send(cast.terminal, "DCSA TNT", goods.box_events("DISC"), named=False)
    air.reply(script, c, "W", hours=2)
    air.pay(script, c, hours=2)
    air.reply(script, c, "P", hours=1)
    script.later(hours=9)
    script.send(cast.terminal, "DCSA TNT", goods.box_events("GTOT"), named=False)
    air.reply(script, c, "R", hours=20)
    return script.story()


def _party(role: str, name: str) -> str:
    return (
        f"  <cac:{role}><cac:PartyName><cbc:Name>{escape(name, quote=False)}</cbc:Name></cac:PartyName></cac:{role}>\n"
    )
