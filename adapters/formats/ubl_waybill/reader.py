"""UBL Waybill (2.0 to 2.4) as a transport document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from adapters.formats.ubl_waybill import tables
from adapters.mapping.logistics import LABEL, NAME, NOTE, SHORT, TOKEN, box_number, day, imo, noted, unlocode
from adapters.mapping.ubl import CAC, CBC, COUNTRY, UBL_DAY, counted, each_in, first, measure, note_copy, party, priced
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.forms import whole
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.identifiers import AirWaybillNumber, HsCode
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Code, Quantity, Weight
from chain.records.sections import GoodsItem, Party, PartyRole
from chain.records.transport import Container, Conveyance, Package, Place, Seal, Transport

WAYBILL: Final = "UBL-Waybill"
EQUIPMENT_MAX = 1000
GOODS_MAX = 999
_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
LADEN: Final = {"4": False, "5": True, "7": True, "8": True}
"""UN/ECE 8169: 4 empty, 5 full, 7 and 8 full with one or several consignments."""
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
        note_copy(root)
        record: TransportDocument | None = None
        with noted(root.where, faults):
            record = _waybill(root, Source(kind=WAYBILL, sha256=message_digest(message)))
        faults.refuse(WAYBILL)
        entity = Entity(0, record, lookup=record.references[:1] if record else ())
        return ReadMessage(WAYBILL, root.maybe(f"{CBC}UUID", NAME), None, (entity,))


READERS = (UblWaybillReader(),)


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
    if mode is not None and kind == "other":
        text = f"transport mode {mode} is that of no kind of document that we know"
        remarks.append(Remark(rule="unknown-code", text=text, field="transport_document.kind"))
    consignment = first(shipment, "Consignment")
    boxes = tuple(_boxes(shipment, remarks))
    count = next((said for at, name in find_all(shipment, tables.PACKAGES) if (said := at.maybe(name, whole(8)))), None)
    record = TransportDocument(
        references=(
            Reference(kind="transport_document", value=number),
            *(Reference(kind="container", value=box.number, on=issued or "") for box in boxes),
        ),
        source=source,
        transport_document=TransportDocumentHead(
            kind=kind,
            number=number,
            issued_on=issued,
            own_number=root.maybe(f"{CBC}CarrierAssignedID", NAME),
            declared_value=priced(root, "DeclaredCarriageValueAmount"),
        ),
        parties=tuple(named_parties(root)) + tuple(named_parties(consignment)),
        goods_items=tuple(_goods(shipment)),
        transport=Transport(
            mode=Code(system="uncefact-rec-19", value=mode) if mode else None,
            conveyance=_conveyance(stage, remarks) if stage is not None else None,
            bill=number,
            loading=_port(shipment, stage, tables.LOADING, remarks),
            discharge=_port(shipment, stage, tables.DISCHARGE, remarks),
            country_departure=_country(consignment, "OriginalDepartureCountry"),
            country_destination=_country(consignment, "FinalDestinationCountry"),
            gross=_weight(shipment, tables.GROSS),
            net=_weight(shipment, tables.NET),
            volume=_volume(shipment),
            packages=Package(count=int(count)) if count else None,
            containers=boxes,
        ),
    )
    return record.with_remarks(*remarks, *unread_elements(root.element, root.faults, tables.IGNORED))


def find_all(shipment: Fields, paths: tables.Paths) -> Iterator[tuple[Fields, str]]:
    """The holders of the last name of each path, in the order of the paths, with that name as it is asked for."""
    for *steps, name in paths:
        for holder in each_in(shipment, *steps):
            yield holder, f"{CBC}{name}"


def _weight(shipment: Fields, paths: tables.Paths) -> Weight | None:
    return next(
        (found for at, name in find_all(shipment, paths) if (found := measure(at, name.removeprefix(CBC))) is not None),
        None,
    )


def _volume(shipment: Fields) -> Quantity | None:
    for holder, name in find_all(shipment, tables.VOLUME):
        if (found := counted(holder, name.removeprefix(CBC), "MTQ")) is not None:
            return found
    return None


def _main_stage(shipment: Fields) -> Fields | None:
    """The stage that is neither pre-carriage nor on-carriage, or the first."""
    stages = [stage for path in tables.STAGES for stage in each_in(shipment, *path)]
    main = [stage for stage in stages if stage.maybe(f"{CBC}PreCarriageIndicator", SHORT) != "true"]
    return next(iter(main or stages), None)


def named_parties(element: Fields | None, roles: tuple[tuple[str, PartyRole], ...] = tables.PARTIES) -> Iterator[Party]:
    """The parties of these names directly inside the element."""
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
    name = sea.maybe(f"{CBC}VesselName", LABEL) if sea is not None else None
    if air is not None:
        name = air.maybe(f"{CBC}AircraftID", NAME)
    if road is not None:
        name = road.maybe(f"{CBC}LicensePlateID", NAME)
    return Conveyance(
        name=name,
        imo=imo(sea.maybe(f"{CBC}VesselID", TOKEN), remarks) if sea is not None else None,
        voyage=means.maybe(f"{CBC}JourneyID", NAME),
    )


def _port(shipment: Fields, stage: Fields | None, paths: tables.Paths, remarks: list[Remark]) -> Place | None:
    """The first of these places that says its code, else the first that says its name."""
    locations: list[Fields] = []
    for path in paths:
        if path[0] != "STAGE":
            locations.extend(each_in(shipment, *path))
        elif (found := first(stage, path[1])) is not None:
            locations.append(found)
    for location in locations:
        if (code := location.maybe(f"{CBC}ID", TOKEN)) is not None:
            return unlocode(code, remarks)
    for location in locations:
        if (name := location.maybe(f"{CBC}Name", LABEL)) is not None:
            return Place(name=name)
    return None


def _country(holder: Fields | None, name: str) -> str | None:
    found = first(holder, name)
    return found.maybe(f"{CBC}IdentificationCode", COUNTRY) if found is not None else None


def _goods(shipment: Fields) -> Iterator[GoodsItem]:
    goods = [item for path in tables.GOODS for item in each_in(shipment, *path)]
    consignment = first(shipment, "Consignment")
    # A tariff code of the whole consignment is that of its one item.
    whole_code = consignment.maybe(f"{CBC}TariffCode", SHORT) if consignment is not None and len(goods) == 1 else None
    for n, item in enumerate(goods, 1):
        if n > GOODS_MAX:
            shipment.faults.add(shipment.where, f"names at most {GOODS_MAX} goods items")
            return
        inner = first(item, "Item")
        name = _described(item) or (_described(inner) if inner is not None else None)
        name = name or (inner.maybe(f"{CBC}Name", NOTE) if inner is not None else None)
        code = item.maybe(f"{CBC}RequiredCustomsID", SHORT) or _classified(inner) or whole_code
        yield GoodsItem(
            ordinal=n,
            hs=HsCode.parse(code) if code and HsCode.is_valid(code) else None,
            name=name,
            quantity=counted(item, "Quantity", "H87"),
            total=priced(item, "ValueAmount"),
            customs_value=priced(item, "DeclaredCustomsValueAmount"),
            statistical_value=priced(item, "DeclaredStatisticsValueAmount"),
            origin=_country(inner, "OriginCountry"),
            gross=measure(item, "GrossWeightMeasure"),
            net=measure(item, "NetWeightMeasure"),
        )


def _classified(inner: Fields | None) -> str | None:
    classified = first(inner, "CommodityClassification")
    code = classified.child(f"{CBC}ItemClassificationCode") if classified is not None else None
    if code is None or code.element.get("listID") not in tables.HS_LISTS:
        return None
    return code.own(SHORT)


def _described(holder: Fields) -> str | None:
    return next((text for found in holder.each(f"{CBC}Description") if (text := found.own(NOTE))), None)


def _boxes(shipment: Fields, remarks: list[Remark]) -> Iterator[Container]:
    seen: set[str] = set()
    for n, equipment in enumerate((at for path in tables.EQUIPMENT for at in each_in(shipment, *path)), 1):
        if n > EQUIPMENT_MAX:
            shipment.faults.add(shipment.where, f"names at most {EQUIPMENT_MAX} containers")
            return
        box = read_box(equipment, remarks)
        if box is not None and box.number not in seen:
            seen.add(box.number)
            yield box


def read_box(equipment: Fields, remarks: list[Remark]) -> Container | None:
    """A container with its seals and weights; None where it has no number, which is noted."""
    said = equipment.text(f"{CBC}ID", TOKEN)
    if said is None:
        return None
    number, known = box_number(said, remarks)
    size = equipment.maybe(f"{CBC}SizeTypeCode", TOKEN)
    full = equipment.maybe(f"{CBC}FullnessIndicationCode", TOKEN)
    seals = [
        seal
        for found in equipment.each(f"{CAC}TransportEquipmentSeal")
        if (seal := found.maybe(f"{CBC}ID", SHORT) or found.maybe(f"{CBC}SealID", SHORT))
    ]
    if full and full not in LADEN:
        remarks.append(Remark(rule="unknown-code", text=f"fullness is {full}", field="transport.containers"))
    return Container(
        number=number,
        known=known,
        size_type=Code(system="iso-6346-type", value=size) if size else None,
        gross=measure(equipment, "GrossWeightMeasure"),
        tare=measure(equipment, "TareWeightMeasure"),
        laden=LADEN.get(full or ""),
        seals=tuple(Seal(number=seal[:35]) for seal in seals),
    )
