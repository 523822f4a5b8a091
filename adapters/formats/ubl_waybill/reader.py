"""UBL Waybill (2.0 to 2.4) as a transport document, and UBL WeightStatement (2.2 on) as one weight a container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from adapters.mapping.logistics import NAME, NOTE, SHORT, TOKEN, box_number, day, imo, moment, noted, unlocode
from adapters.mapping.ubl import CAC, CBC, COUNTRY, UBL_DAY, counted, each_in, first, measure, party, priced
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields, Form, whole
from chain.identifiers import AirWaybillNumber, HsCode
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsWeight, TransportDocument, TransportDocumentHead, WeightHead
from chain.records.scalars import Code
from chain.records.sections import GoodsItem, Party, PartyRole
from chain.records.transport import Container, Conveyance, Package, Place, Seal, Transport

WAYBILL: Final = "UBL-Waybill"
WEIGHT: Final = "UBL-WeightStatement"
EQUIPMENT_MAX = 1000
GOODS_MAX = 999
_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_TIME: Final = Form("a time hh:mm:ss with a zone", re.compile(r"\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})"))
_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("ConsignorParty", "consignor"),
    ("CarrierParty", "carrier"),
    ("FreightForwarderParty", "agent"),
)
_WEIGHING_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("ResponsibleParty", "responsible"),
    ("WeighingParty", "operator"),
)
_INNER_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (("ConsigneeParty", "consignee"), ("NotifyParty", "notify"))
_Kind = Literal["sea_waybill", "rail", "road", "air_waybill", "other"]
_BY_MODE: Final[dict[str, _Kind]] = {
    "1": "sea_waybill",
    "2": "rail",
    "3": "road",
    "4": "air_waybill",
}
"""Main mode of transport (UN/ECE Recommendation 19) -> kind of document."""


class UblWaybillReader:
    """UBL Waybill."""

    kind = WAYBILL

    def recognises(self, message: bytes) -> bool:
        """Whether the root is UBL's Waybill."""
        return peek_root(message).namespace == f"{_NAMESPACE}Waybill-2"

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        record: TransportDocument | None = None
        with noted(root.where, faults):
            record = _waybill(root, Source(kind=WAYBILL, sha256=message_digest(message)))
        faults.refuse(WAYBILL)
        entity = Entity(0, record, lookup=record.references[:1] if record else ())
        return ReadMessage(WAYBILL, root.maybe(f"{CBC}UUID", NAME), None, (entity,))


class UblWeightReader:
    """UBL WeightStatement."""

    kind = WEIGHT

    def recognises(self, message: bytes) -> bool:
        """Whether the root is UBL's WeightStatement."""
        return peek_root(message).namespace == f"{_NAMESPACE}WeightStatement-2"

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        number = root.text(f"{CBC}ID", NAME)
        digest = message_digest(message)
        units = list(each_in(root, "Shipment", "TransportHandlingUnit"))
        if not units:
            faults.add(
                f"{root.where}/Shipment/TransportHandlingUnit", "must be there", fix="Name the container weighed"
            )
        entities: list[Entity] = []
        for ordinal, unit in enumerate(units[: EQUIPMENT_MAX + 1]):
            with noted(unit.where, faults):
                source = Source(kind=WEIGHT, sha256=digest, message_id=number, ordinal=ordinal)
                record = _weight(root, unit, source)
                entities.append(Entity(ordinal, record, lookup=record.references if record else ()))
        if len(units) > EQUIPMENT_MAX:
            faults.add(root.where, f"names at most {EQUIPMENT_MAX} containers", value=len(units))
        faults.refuse(WEIGHT)
        return ReadMessage(WEIGHT, number, None, tuple(entities))


READERS = (UblWaybillReader(), UblWeightReader())


def _waybill(root: Fields, source: Source) -> TransportDocument | None:
    remarks: list[Remark] = []
    number = root.text(f"{CBC}ID", SHORT)
    issued = day(root.maybe(f"{CBC}IssueDate", UBL_DAY), f"{root.where}/IssueDate", root.faults)
    shipment = root.child(f"{CAC}Shipment", required=True)
    if number is None or shipment is None:
        return None
    stage = _main_stage(shipment)
    mode = stage.maybe(f"{CBC}TransportModeCode", TOKEN) if stage is not None else None
    kind: _Kind = _BY_MODE.get(mode or "", "other")
    if kind == "air_waybill" and AirWaybillNumber.is_valid(number):
        number = AirWaybillNumber.parse(number)
    consignment = first(shipment, "Consignment")
    boxes = tuple(_boxes(shipment, remarks))
    count = shipment.maybe(f"{CBC}TotalTransportHandlingUnitQuantity", whole(8))
    return TransportDocument(
        references=(
            Reference(kind="transport_document", value=number),
            *(Reference(kind="container", value=box.number, on=issued or "") for box in boxes),
        ),
        source=source,
        remarks=tuple(remarks),
        transport_document=TransportDocumentHead(
            kind=kind,
            number=number,
            issued_on=issued,
            own_number=root.maybe(f"{CBC}CarrierAssignedID", NAME),
            declared_value=priced(root, "DeclaredCarriageValueAmount"),
        ),
        parties=tuple(_named(root, _PARTIES)) + tuple(_named(consignment, _INNER_PARTIES)),
        goods_items=tuple(_goods(shipment)),
        transport=Transport(
            mode=Code(system="uncefact-rec-19", value=mode) if mode else None,
            conveyance=_conveyance(stage, remarks) if stage is not None else None,
            bill=number,
            loading=_port(stage, "LoadingPortLocation", remarks),
            discharge=_port(stage, "UnloadingPortLocation", remarks),
            country_departure=_country(consignment, "OriginalDepartureCountry"),
            country_destination=_country(consignment, "FinalDestinationCountry"),
            gross=measure(shipment, "GrossWeightMeasure"),
            net=measure(shipment, "NetWeightMeasure"),
            volume=counted(shipment, "GrossVolumeMeasure", "MTQ"),
            packages=Package(count=int(count)) if count else None,
            containers=boxes,
        ),
    )


def _main_stage(shipment: Fields) -> Fields | None:
    """The stage that is neither pre-carriage nor on-carriage, or the first."""
    stages = list(shipment.each(f"{CAC}ShipmentStage"))
    main = [stage for stage in stages if stage.maybe(f"{CBC}PreCarriageIndicator", SHORT) != "true"]
    return next(iter(main or stages), None)


def _named(element: Fields | None, roles: tuple[tuple[str, PartyRole], ...]) -> Iterator[Party]:
    if element is None:
        return
    for name, role in roles:
        for found in element.each(f"{CAC}{name}"):
            yield party(role, found)


def _conveyance(stage: Fields, remarks: list[Remark]) -> Conveyance | None:
    means = first(stage, "TransportMeans")
    if means is None:
        return None
    sea, air, road = (first(means, name) for name in ("MaritimeTransport", "AirTransport", "RoadTransport"))
    name = sea.maybe(f"{CBC}VesselName", NAME) if sea is not None else None
    if air is not None:
        name = air.maybe(f"{CBC}AircraftID", NAME)
    if road is not None:
        name = road.maybe(f"{CBC}LicensePlateID", NAME)
    return Conveyance(
        name=name,
        imo=imo(sea.maybe(f"{CBC}VesselID", TOKEN), remarks) if sea is not None else None,
        voyage=means.maybe(f"{CBC}JourneyID", NAME),
    )


def _port(stage: Fields | None, name: str, remarks: list[Remark]) -> Place | None:
    location = first(stage, name)
    return unlocode(location.maybe(f"{CBC}ID", TOKEN), remarks) if location is not None else None


def _country(holder: Fields | None, name: str) -> str | None:
    found = first(holder, name)
    return found.maybe(f"{CBC}IdentificationCode", COUNTRY) if found is not None else None


def _goods(shipment: Fields) -> Iterator[GoodsItem]:
    for n, item in enumerate(shipment.each(f"{CAC}GoodsItem"), 1):
        if n > GOODS_MAX:
            shipment.faults.add(shipment.where, f"names at most {GOODS_MAX} goods items")
            return
        name = next((said for one in item.each(f"{CBC}Description") if (said := one.own(NOTE))), None)
        inner = first(item, "Item")
        if name is None and inner is not None:
            name = next((said for one in inner.each(f"{CBC}Description") if (said := one.own(NOTE))), None)
            name = name or inner.maybe(f"{CBC}Name", NOTE)
        code = item.maybe(f"{CBC}RequiredCustomsID", SHORT)
        hs = HsCode.parse(code) if code and HsCode.is_valid(code) else None
        if name is not None:
            yield GoodsItem(
                ordinal=n,
                hs=hs,
                name=name,
                quantity=counted(item, "Quantity", "H87"),
                total=priced(item, "ValueAmount"),
                customs_value=priced(item, "DeclaredCustomsValueAmount"),
                statistical_value=priced(item, "DeclaredStatisticsValueAmount"),
                origin=_country(inner, "OriginCountry"),
                gross=measure(item, "GrossWeightMeasure"),
                net=measure(item, "NetWeightMeasure"),
            )


def _boxes(shipment: Fields, remarks: list[Remark]) -> Iterator[Container]:
    for n, equipment in enumerate(each_in(shipment, "TransportHandlingUnit", "TransportEquipment"), 1):
        if n > EQUIPMENT_MAX:
            shipment.faults.add(shipment.where, f"names at most {EQUIPMENT_MAX} containers")
            return
        box = _box(equipment, remarks)
        if box is not None:
            yield box


def _box(equipment: Fields, remarks: list[Remark]) -> Container | None:
    said = equipment.text(f"{CBC}ID", TOKEN)
    if said is None:
        return None
    number, known = box_number(said, remarks)
    size = equipment.maybe(f"{CBC}SizeTypeCode", TOKEN)
    full = equipment.maybe(f"{CBC}FullnessIndicationCode", TOKEN)
    seals = [n for one in equipment.each(f"{CAC}TransportEquipmentSeal") if (n := one.maybe(f"{CBC}ID", SHORT))]
    return Container(
        number=number,
        known=known,
        size_type=Code(system="iso-6346-type", value=size) if size else None,
        gross=measure(equipment, "GrossWeightMeasure"),
        tare=measure(equipment, "TareWeightMeasure"),
        # UN/ECE 8169: 4 empty, 5 full.
        laden={"4": False, "5": True}.get(full or ""),
        seals=tuple(Seal(number=n) for n in seals),
    )


def _weight(root: Fields, unit: Fields, source: Source) -> LogisticsWeight | None:
    remarks: list[Remark] = []
    equipment = unit.child(f"{CAC}TransportEquipment", required=True)
    mass = equipment.child(f"{CAC}VerifiedGrossMass", required=True) if equipment is not None else None
    if equipment is None or mass is None:
        return None
    box, gross = _box(equipment, remarks), measure(mass, "GrossMassMeasure")
    if gross is None:
        mass.faults.add(f"{mass.where}/GrossMassMeasure", "must be there", fix="Give the verified weight")
    if box is None or gross is None:
        return None
    method = mass.maybe(f"{CBC}WeighingMethodCode", TOKEN)
    date, time = mass.maybe(f"{CBC}WeighingDate", UBL_DAY), mass.maybe(f"{CBC}WeighingTime", _TIME)
    at = moment(f"{date[:10]}T{time}", f"{mass.where}/WeighingTime", mass.faults) if date and time else None
    certificate = first(mass, "DocumentReference")
    booking = _booking(unit)
    return LogisticsWeight(
        references=(
            *((Reference(kind="cop", scope="carrier-booking", value=booking),) if booking else ()),
            Reference(kind="container", value=box.number, on=at.utc[:10] if at else (date or "")[:10]),
        ),
        source=source,
        remarks=tuple(remarks),
        weight=WeightHead(
            gross=gross,
            method=Code(system="solas-vgm-method", value=method) if method else None,
            at=at,
            id=mass.maybe(f"{CBC}ID", NAME) or root.maybe(f"{CBC}ID", NAME),
            container=box,
            booking=booking,
            certificate=certificate.maybe(f"{CBC}ID", NAME) if certificate is not None else None,
        ),
        parties=tuple(_named(root, _WEIGHING_PARTIES)),
    )


def _booking(unit: Fields) -> str | None:
    for document in unit.each(f"{CAC}ShipmentDocumentReference"):
        if document.maybe(f"{CBC}DocumentTypeCode", TOKEN) == "BN":
            return document.maybe(f"{CBC}ID", NAME)
    return None
