"""Cargo-XML XFFM: what a flight carries, a `logistics.transport_document` for each waybill and airport of arrival.

A waybill that stands in several unit load devices of one arrival is one record: pieces, weights and volumes are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from lxml import etree

from adapters.formats.cargo_xml import tables
from adapters.formats.cargo_xml.parts import (
    AIR,
    DEVICE_CHARS,
    Function,
    WaybillReading,
    device_number,
    inner,
    trader_numbers,
)
from adapters.mapping.airports import airport_zone
from adapters.mapping.logistics import ISO_TIME, LABEL, NAME, NOTE, SHORT, day, moment
from adapters.mapping.totals import added
from adapters.message import Entity
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml_fields import Fields
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Instant, Quantity, fixed
from chain.records.sections import GoodsItem
from chain.records.transport import Container, Conveyance, Package, Place, Transport

WAYBILLS_MAX: Final = 5_000
CARGO_MAX: Final = 2_000
"""Unit load devices and bulk loads of one flight."""
_EMPTY: Final = "NIL"
_LOADS: Final = frozenset({"BLK", "ULD", _EMPTY})
"""`AssociatedTransportCargo/TypeCode`: in bulk, in a unit load device, nothing for that airport."""


@dataclass
class FlightWaybill:
    """A waybill at an airport of arrival: its parts, each with the unit load device or bulk load that it is in."""

    number: str
    arrival: Fields
    parts: list[tuple[Fields, Fields]] = field(default_factory=list)
    """Cargo and consignment."""


def read_flight(root: Fields, function: Function, source: Source, reading: WaybillReading) -> Iterator[Entity]:
    """An entity for each waybill at each airport of arrival; a flight without cargo has one without a record."""
    head = inner(root.child("BusinessHeaderDocument", required=True))
    flight = inner(root.child("LogisticsTransportMovement", required=True))
    arrivals = [arrival for element in root.each("ArrivalEvent") if (arrival := inner(element)) is not None]
    if not arrivals:
        reading.faults.add(f"{root.where}/ArrivalEvent", "must be there", fix="Name the airport of arrival")
    number = flight.text("ID", SHORT) if flight is not None else None
    if head is None or flight is None or number is None or not arrivals:
        return
    for arrival in arrivals:
        if reading.airport(arrival, "OccurrenceArrivalLocation") is None:
            where = f"{arrival.where}/OccurrenceArrivalLocation/ID"
            reading.faults.add(where, "must be there", fix="Name the airport of arrival")
    loaded = _loaded(arrivals, reading)
    if loaded is None:
        return
    own_number = head.maybe("ID", NAME)
    shared = _flight_transport(flight, number, reading)
    common = _common_remarks(root, loaded, reading)
    of_cargo: dict[etree._Element, tuple[Remark, ...]] = {}
    for ordinal, waybill in enumerate(loaded):
        record = _record(waybill, shared, own_number, function, source.model_copy(update={"ordinal": ordinal}), reading)
        record = record.with_remarks(*common, *_own_remarks(waybill, of_cargo, reading))
        # The waybill itself names the same number: what is amended is what this flight's manifest said of it.
        amends = record.references[1] if function != "new" else None
        yield Entity(ordinal, record, lookup=record.references[:1], amends=amends)
    if not loaded and not reading.faults.found:
        yield Entity(0, None, note="nothing is loaded on the flight (NIL)")


def _loaded(arrivals: Sequence[Fields], reading: WaybillReading) -> list[FlightWaybill] | None:
    """The waybills by number and arrival; None, and a fault, where there are too many or one has no number."""
    waybills: dict[tuple[str, int], FlightWaybill] = {}
    loads = 0
    for count, arrival in enumerate(arrivals):
        for cargo in arrival.each("AssociatedTransportCargo"):
            loads += 1
            if loads > CARGO_MAX:
                reading.faults.add(cargo.where, f"at most {CARGO_MAX} loads on a flight")
                return None
            _note_load(cargo, reading)
            for consignment in cargo.each("IncludedMasterConsignment"):
                said = _waybill_number(consignment, reading)
                if said is None:
                    return None
                waybill = waybills.setdefault((said, count), FlightWaybill(said, arrival))
                waybill.parts.append((cargo, consignment))
                if len(waybills) > WAYBILLS_MAX:
                    reading.faults.add(consignment.where, f"at most {WAYBILLS_MAX} waybills on a flight")
                    return None
    return list(waybills.values())


def _note_load(cargo: Fields, reading: WaybillReading) -> None:
    """A remark where the kind of load is in no list, or says that nothing is loaded though something is."""
    kind = cargo.maybe("TypeCode", SHORT)
    if kind and kind not in _LOADS:
        reading.note("unknown-code", f"kind of load {kind} is in no list")
    elif kind == _EMPTY and next(cargo.each("IncludedMasterConsignment"), None) is not None:
        reading.note("load", "a load that is called empty (NIL) names waybills")


def _waybill_number(consignment: Fields, reading: WaybillReading) -> str | None:
    contract = consignment.child("TransportContractDocument", required=True)
    said = contract.text("ID", SHORT) if contract is not None else None
    if said is None:
        return None
    if tables.AWB.fullmatch(said) is None:
        where = f"{consignment.where}/TransportContractDocument/ID"
        reading.faults.add(where, "is a waybill number such as 999-12345675", value=said)
        return None
    return said


def _flight_transport(flight: Fields, number: str, reading: WaybillReading) -> Transport:
    """Flight, aircraft, airport and time of departure, which all waybills share."""
    means, event = flight.child("UsedLogisticsTransportMeans"), flight.child("DepartureEvent")
    country = means.child("RegistrationCountry") if means is not None else None
    place = reading.airport(event, "OccurrenceDepartureLocation") if event is not None else None
    if place is None:
        where = f"{flight.where}/DepartureEvent/OccurrenceDepartureLocation/ID"
        reading.faults.add(where, "must be there", fix="Name the airport of departure")
    departed, departed_on = _time(event, "Departure", place, reading)
    return Transport(
        mode=AIR,
        conveyance=Conveyance(
            mode=AIR,
            voyage=number,
            name=means.maybe("Name", LABEL) if means is not None else None,
            nationality=country.maybe("ID", tables.COUNTRY) if country is not None else None,
        ),
        loading=place,
        departed=departed,
        departed_on=departed_on,
    )


def _time(
    event: Fields | None, name: str, place: Place | None, reading: WaybillReading
) -> tuple[Instant | None, str | None]:
    """A time of the flight, or its day where midnight says no more; one that is not actual says so in a remark."""
    said = event.maybe(f"{name}OccurrenceDateTime", ISO_TIME) if event is not None else None
    if event is None or said is None:
        return None, None
    word = event.maybe(f"{name}DateTimeTypeCode", SHORT)
    if (word or "").upper()[:1] != "A":
        reading.note("time-type", f"{name.lower()} {said} is {word or 'of no type that is said'}, not actual")
    where = f"{event.where}/{name}OccurrenceDateTime"
    if datetime.fromisoformat(said).time() == datetime.min.time():
        return None, day(said, where, reading.faults)
    zone = airport_zone(place.code.value) if place is not None and place.code is not None else None
    if zone is None:
        return moment(said, where, reading.faults, reading.remarks, place=place), None
    return moment(said, where, reading.faults, reading.remarks, place=place, otherwise=zone), None


def _record(
    waybill: FlightWaybill,
    shared: Transport,
    own_number: str | None,
    function: Function,
    source: Source,
    reading: WaybillReading,
) -> TransportDocument:
    number = reading.number(waybill.number)
    consignments = [consignment for _, consignment in waybill.parts]
    first = consignments[0]
    discharge = reading.airport(waybill.arrival, "OccurrenceArrivalLocation")
    arrived, arrived_on = _time(waybill.arrival, "Arrival", discharge, reading)
    weights = [gross for part in consignments if (gross := reading.mass(part, "GrossWeightMeasure"))]
    counts = [pieces.count for part in consignments if (pieces := reading.pieces(part, "TotalPieceQuantity"))]
    names = dict.fromkeys(text for part in consignments if (text := part.maybe("SummaryDescription", NOTE)))
    for consignment in consignments:
        _note_part(consignment, reading)
        trader_numbers(consignment, reading)
    whole = len(consignments)
    return TransportDocument(
        references=(
            Reference(kind="transport_document", value=number),
            Reference(kind="cop", scope=tables.FLIGHT_SCOPE, value=_statement(shared, discharge, number)),
        ),
        source=source,
        transport_document=TransportDocumentHead(
            kind="manifest", number=number, function=function, own_number=own_number
        ),
        goods_items=(GoodsItem(ordinal=1, name="\n".join(names)[:4_000]),) if names else (),
        transport=shared.model_copy(
            update={
                "bill": number,
                "departure": reading.airport(first, "OriginLocation"),
                "discharge": discharge,
                "destination": reading.airport(first, "FinalDestinationLocation"),
                "arrived": arrived,
                "arrived_on": arrived_on,
                "packages": Package(count=sum(counts)) if len(counts) == whole else None,
                "gross": added(weights, reading.remarks, "transport.gross") if len(weights) == whole else None,
                "volume": _volume(consignments, reading),
                "containers": tuple(_devices(waybill, reading)),
            }
        ),
    )


def _statement(shared: Transport, discharge: Place | None, number: str) -> str:
    """What a changed manifest is about: the flight, its airports and day, and the waybill."""
    flight = shared.conveyance.voyage if shared.conveyance is not None else None
    airports = [place.code.value if place is not None and place.code else "" for place in (shared.loading, discharge)]
    on = shared.departed_on or (shared.departed.said[:10] if shared.departed is not None else "")
    return ":".join((flight or "", on, *airports, number))[:256]


def _volume(consignments: Sequence[Fields], reading: WaybillReading) -> Quantity | None:
    """The volumes' sum; None where a part has none or units differ."""
    volumes = [volume for part in consignments if (volume := reading.volume(part, "GrossVolumeMeasure"))]
    if not volumes or len(volumes) < len(consignments) or len({volume.unit for volume in volumes}) > 1:
        return None
    total = sum((Decimal(volume.value) for volume in volumes), Decimal(0))
    return Quantity(value=fixed(f"{total:f}", 5), unit=volumes[0].unit)


def _note_part(consignment: Fields, reading: WaybillReading) -> None:
    word = consignment.maybe("TransportSplitDescription", SHORT)
    if word is None:
        return
    if word not in tables.SPLITS:
        reading.note("unknown-code", f"split {word} is in no list", "transport.packages")
    elif tables.SPLITS[word]:
        reading.note("part", f"the flight carries a part of the consignment ({word})", "transport.packages")


def _devices(waybill: FlightWaybill, reading: WaybillReading) -> Iterator[Container]:
    """The unit load devices that the waybill is in; their weights are those of all that is in them, so remarks."""
    seen: set[str] = set()
    for cargo, _ in waybill.parts:
        device = cargo.child("UtilizedUnitLoadTransportEquipment")
        if device is None:
            continue
        number = device_number(device)
        if len(number) > DEVICE_CHARS:
            rule = f"is a unit load device of at most {DEVICE_CHARS} characters"
            reading.faults.add(device.where, rule, value=number)
        elif number and number not in seen:
            seen.add(number)
            yield Container(number=number, known=False)


def _common_remarks(root: Fields, loaded: Sequence[FlightWaybill], reading: WaybillReading) -> tuple[Remark, ...]:
    """What nobody read of the flight itself, for each of its waybills."""
    apart = [cargo.element for waybill in loaded for cargo, _ in waybill.parts]
    reading.remarks, remarks = [], reading.remarks
    return (*remarks, *unread_elements(root.element, reading.faults, tables.IGNORED, apart=apart))


def _own_remarks(
    waybill: FlightWaybill, of_cargo: dict[etree._Element, tuple[Remark, ...]], reading: WaybillReading
) -> tuple[Remark, ...]:
    """What nobody read of the waybill and of the loads that it is in; of a load it is looked for once."""
    reading.remarks, remarks = [], reading.remarks
    found = dict.fromkeys(remarks)
    for cargo, consignment in waybill.parts:
        element = cargo.element
        if element not in of_cargo:
            apart = element.findall(consignment.element.tag)
            of_cargo[element] = unread_elements(element, reading.faults, tables.IGNORED, apart=apart)
        own = unread_elements(consignment.element, reading.faults, tables.IGNORED)
        found.update(dict.fromkeys((*of_cargo[element], *own)))
    return tuple(found)
