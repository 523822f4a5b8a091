"""Cargo-XML XFWB and XFZB: a waybill or a house waybill as a `logistics.transport_document`."""

from __future__ import annotations

from datetime import datetime

from adapters.formats.cargo_xml import tables
from adapters.formats.cargo_xml.parts import (
    AIR,
    HOUSE_NUMBER,
    Function,
    WaybillReading,
    added,
    goods,
    inner,
    parties,
    values_declared,
)
from adapters.mapping.airports import airport_zone
from adapters.mapping.logistics import ISO_TIME, NOTE, SHORT, day, moment
from adapters.message import Entity
from adapters.parsing.xml_fields import Fields
from chain.records.base import Reference, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Amount, Code, Instant
from chain.records.transport import Conveyance, Place, Transport


def read_waybill(root: Fields, function: Function, source: Source, reading: WaybillReading) -> Entity | None:
    """XFWB."""
    head = inner(root.child("BusinessHeaderDocument", required=True))
    consignment = inner(root.child("MasterConsignment", required=True))
    said = head.text("ID", SHORT) if head is not None else None
    if said is not None and tables.AWB.fullmatch(said) is None:
        reading.faults.add("BusinessHeaderDocument/ID", "is a waybill number such as 999-12345675", value=said)
    if head is None or consignment is None or said is None or reading.faults.found:
        return None
    number = reading.number(said)
    rating = next(consignment.each("ApplicableRating"), None)
    rows = list(rating.each("IncludedMasterConsignmentItem")) if rating is not None else []
    items, containers = goods(rows, reading)
    transport = _transport(consignment, reading)
    document = TransportDocumentHead(
        kind="air_waybill", number=number, function=function, issued_on=_issued_on(head, reading)
    )
    reference = Reference(kind="transport_document", value=number)
    record = TransportDocument(
        references=(reference,),
        source=source,
        transport_document=document.model_copy(update=_amounts(consignment, _total(consignment, reading), reading)),
        parties=tuple(parties(consignment, reading)),
        goods_items=tuple(items),
        transport=transport.model_copy(update={"bill": number, "containers": tuple(containers)}),
    )
    return _entity(record, function)


def read_house(root: Fields, function: Function, source: Source, reading: WaybillReading) -> Entity | None:
    """XFZB."""
    head = inner(root.child("BusinessHeaderDocument", required=True))
    master = inner(root.child("MasterConsignment", required=True))
    number = head.text("ID", HOUSE_NUMBER) if head is not None else None
    contract = master.child("TransportContractDocument", required=True) if master is not None else None
    above = contract.text("ID", SHORT) if contract is not None else None
    house = master.child("IncludedHouseConsignment", required=True) if master is not None else None
    if head is None or master is None or house is None or number is None or above is None:
        return None
    if tables.AWB.fullmatch(above) is None:
        reading.faults.add(
            "MasterConsignment/TransportContractDocument/ID", "is a waybill number such as 999-12345675", value=above
        )
        return None
    again = house.maybe("ID", HOUSE_NUMBER)
    if again and again != number:
        reading.note("house-number", f"the consignment says {again}, the head {number}", "transport_document.number")
    above = reading.number(above)
    items, containers = goods(list(house.each("IncludedHouseConsignmentItem")), reading)
    described = house.maybe("SummaryDescription", NOTE)
    if described and not any(item.name for item in items) and items:
        items[0] = items[0].model_copy(update={"name": described})
    elif described and not any(item.name == described for item in items):
        reading.note("description", described, "goods_items")
    charges = added(
        [reading.amount(house, name) for name in ("TotalPrepaidChargeAmount", "TotalCollectChargeAmount")], reading
    )
    document = TransportDocumentHead(
        kind="house_air_waybill",
        number=number,
        master=above,
        function=function,
        issued_on=_issued_on(head, reading),
    )
    record = TransportDocument(
        references=(
            # Not the house number alone: each forwarder counts its own.
            Reference(kind="transport_document", value=f"{above}_{number}"),
            Reference(kind="master_bill", value=above),
        ),
        source=source,
        transport_document=document.model_copy(update=_amounts(house, charges, reading)),
        parties=tuple(parties(house, reading)),
        goods_items=tuple(items),
        transport=_transport(house, reading).model_copy(
            update={"bill": f"{above}_{number}", "master_bill": above, "containers": tuple(containers)}
        ),
    )
    return _entity(record, function)


def _entity(record: TransportDocument, function: Function) -> Entity:
    reference = record.references[0]
    return Entity(0, record, lookup=(reference,), amends=reference if function != "new" else None)


def _amounts(consignment: Fields, charges: Amount | None, reading: WaybillReading) -> dict[str, Amount]:
    values = values_declared(consignment, reading)
    return {**values, "charges": charges} if charges is not None else values


def _total(consignment: Fields, reading: WaybillReading) -> Amount | None:
    """What is prepaid and to be collected in all, on the face of the waybill (the first rating)."""
    rating = next(consignment.each("ApplicableTotalRating"), None)
    rows = list(rating.each("ApplicablePrepaidCollectMonetarySummation")) if rating is not None else []
    return added([reading.amount(row, "GrandTotalAmount") for row in rows], reading)


def _issued_on(head: Fields, reading: WaybillReading) -> str | None:
    signed = head.child("SignatoryCarrierAuthentication")
    value = signed.maybe("ActualDateTime", ISO_TIME) if signed is not None else None
    return day(value, f"{head.where}/SignatoryCarrierAuthentication/ActualDateTime", reading.faults)


def _transport(consignment: Fields, reading: WaybillReading) -> Transport:
    legs = list(consignment.each("SpecifiedLogisticsTransportMovement"))
    landings = [_landing(leg, reading) for leg in legs]
    discharge = reading.airport(consignment, "FinalDestinationLocation")
    transit = [place for place in landings if place is not None and (discharge is None or place.code != discharge.code)]
    transport = Transport(
        mode=AIR,
        conveyance=_flight(legs[0]) if legs else None,
        loading=reading.airport(consignment, "OriginLocation"),
        transit=tuple(dict.fromkeys(transit)),
        discharge=discharge,
        packages=reading.pieces(consignment, "TotalPieceQuantity"),
        gross=reading.mass(consignment, "IncludedTareGrossWeightMeasure"),
        volume=reading.volume(consignment, "GrossVolumeMeasure"),
    )
    return transport.model_copy(update=_departure(legs[0], transport.loading, reading)) if legs else transport


def _flight(leg: Fields) -> Conveyance:
    number, means = leg.maybe("ID", SHORT), leg.child("UsedLogisticsTransportMeans")
    airline = means.maybe("Name", SHORT) if means is not None else None
    return Conveyance(mode=AIR, voyage=number, carrier=Code(system="iata-airline", value=airline) if airline else None)


def _landing(leg: Fields, reading: WaybillReading) -> Place | None:
    event = leg.child("ArrivalEvent")
    return reading.airport(event, "OccurrenceArrivalLocation") if event is not None else None


def _departure(leg: Fields, loading: Place | None, reading: WaybillReading) -> dict[str, str | Instant]:
    """When the first flight is to depart, at the airport that it departs from; midnight says the day only."""
    event = leg.child("DepartureEvent")
    value = event.maybe("ScheduledOccurrenceDateTime", ISO_TIME) if event is not None else None
    if event is None or value is None:
        return {}
    where = f"{event.where}/ScheduledOccurrenceDateTime"
    place = reading.airport(event, "OccurrenceDepartureLocation")
    if place is not None and place.code is not None and place != loading:
        reading.note("not-read", f"OccurrenceDepartureLocation: {place.code.value} {place.name or ''}".rstrip())
    if datetime.fromisoformat(value).time() == datetime.min.time():
        departed_on = day(value, where, reading.faults)
        return {"departed_on": departed_on} if departed_on else {}
    zone = airport_zone(place.code.value) if place is not None and place.code is not None else None
    if zone is None:
        departed = moment(value, where, reading.faults, reading.remarks, place=place)
    else:
        departed = moment(value, where, reading.faults, reading.remarks, place=place, otherwise=zone)
    return {"departed": departed} if departed is not None else {}
