"""Cargo-XML XFSU: what happened to a shipment by air, each reported status and flight a `logistics.event`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from adapters.formats.cargo_imp.tables import LATER_STATUSES, PLANNED, STATUSES
from adapters.formats.cargo_xml import tables
from adapters.formats.cargo_xml.parts import AIR, DEVICE_CHARS, WaybillReading, device_number, inner, trader_numbers
from adapters.mapping.airports import airport
from adapters.mapping.logistics import ISO_TIME, LABEL, NAME, SHORT, moment
from adapters.message import Entity
from adapters.parsing.xml_fields import Fields
from chain.records.base import Reference, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Instant
from chain.records.sections import Party, PartyRole
from chain.records.transport import Container, Conveyance, Event, Place, Transport

STATUSES_MAX: Final = 1_000
Classifier = Literal["ACT", "EST", "PLN", "UNKNOWN"]
_CLASSIFIERS: Final[dict[str, Classifier]] = {"A": "ACT", "E": "EST", "S": "PLN"}
"""Type of time (Cargo-IMP code list 1.96): actual, estimated, scheduled."""
_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("NotifiedParty", "notify"),
    ("DeliveryParty", "consignee"),
    ("AssociatedReceivedFromParty", "other"),
    ("AssociatedTransferredFromParty", "carrier"),
)


def read_statuses(root: Fields, source: Source, reading: WaybillReading) -> Iterator[Entity]:
    """An entity for each movement of each status; one without a time leaves no record."""
    head = inner(root.child("BusinessHeaderDocument", required=True))
    consignment = inner(root.child("MasterConsignment", required=True))
    said = head.text("ID", SHORT) if head is not None else None
    if said is not None and tables.AWB.fullmatch(said) is None:
        reading.faults.add("BusinessHeaderDocument/ID", "is a waybill number such as 999-12345675", value=said)
    if consignment is None or said is None or reading.faults.found:
        return
    number = reading.number(said)
    contract = consignment.child("TransportContractDocument")
    if contract is not None and (again := contract.maybe("ID", SHORT)) and reading.number(again) != number:
        reading.note("waybill-number", f"the consignment says {again}", "event.bill")
    statuses = list(consignment.each("ReportedStatus"))
    if not statuses:
        reading.faults.add("MasterConsignment/ReportedStatus", "must be there", fix="Name the status")
    ordinal = 0
    for status in statuses:
        code = status.text("ReasonCode", SHORT)
        for part in list(status.each("AssociatedStatusConsignment")) or [status]:
            for movement in list(part.each("SpecifiedLogisticsTransportMovement")) or [part]:
                if ordinal >= STATUSES_MAX:
                    reading.faults.add(status.where, f"at most {STATUSES_MAX} statuses")
                    return
                if code is not None:
                    own = source.model_copy(update={"ordinal": ordinal})
                    yield _entity(code, number, consignment, part, movement, own, reading)
                ordinal += 1


def _entity(
    code: str,
    number: str,
    consignment: Fields,
    part: Fields,
    movement: Fields,
    source: Source,
    reading: WaybillReading,
) -> Entity:
    discrepancy = part.maybe("DiscrepancyDescriptionCode", SHORT)
    place = _place(movement, consignment, reading)
    happened, classifier = _happened(movement, place, reading)
    if happened is None:
        return Entity(source.ordinal, None, note=f"{code} names no time: not recorded")
    known = code in STATUSES or code in LATER_STATUSES
    if not known:
        reading.note("unknown-code", f"status {code} is in no list", "event.code")
    pieces = reading.pieces(part, "PieceQuantity")
    split = part.maybe("TransportSplitDescription", SHORT)
    trader_numbers(part, reading)
    record = LogisticsEvent(
        references=(Reference(kind="transport_document", value=number),),
        source=source,
        event=Event(
            code=Code(system="iata-cargo-status", value=f"{code}_{discrepancy}" if discrepancy else code, known=known),
            classifier="PLN" if code in PLANNED else classifier,
            happened=happened,
            place=place,
            pieces=pieces.count if pieces else None,
            gross=reading.mass(part, "GrossWeightMeasure"),
            part=tables.SPLITS.get(split or ""),
            conveyance=_flight(movement),
            bill=number,
        ),
        parties=tuple(_parties(part)),
        transport=Transport(
            mode=AIR,
            bill=number,
            departure=reading.airport(consignment, "OriginLocation"),
            destination=reading.airport(consignment, "FinalDestinationLocation"),
            packages=reading.pieces(consignment, "TotalPieceQuantity") or reading.pieces(consignment, "PieceQuantity"),
            gross=reading.mass(consignment, "TotalGrossWeightMeasure")
            or reading.mass(consignment, "GrossWeightMeasure"),
            volume=reading.volume(part, "GrossVolumeMeasure"),
            containers=tuple(_devices(part)),
        ),
    )
    if split and split not in tables.SPLITS:
        reading.note("unknown-code", f"shipment description {split} is in no list", "event.part")
    return Entity(source.ordinal, record, lookup=record.references)


def _place(movement: Fields, consignment: Fields, reading: WaybillReading) -> Place | None:
    """The location of the movement, else the one place that the consignment was routed to."""
    for location in movement.each("SpecifiedLocation"):
        code = location.maybe("ID", SHORT)
        if code is not None:
            name = location.maybe("Name", LABEL)
            return airport(code).model_copy(update={"name": name}) if name else airport(code)
    return reading.airport(consignment, "RoutingLocation")


def _happened(movement: Fields, place: Place | None, reading: WaybillReading) -> tuple[Instant | None, Classifier]:
    """The first time that the movement says, of the event itself, its departure or its arrival, and which it is."""
    for group, name, kind in tables.STATUS_TIMES:
        event = movement.child(group)
        written = event.maybe(name, ISO_TIME) if event is not None else None
        if event is None or written is None:
            continue
        word = event.maybe(kind, SHORT) if kind else "S"
        # A status's own time has happened; that of a flight may as well be expected.
        classifier = _CLASSIFIERS.get((word or "").upper()[:1], "UNKNOWN")
        if not word and group == tables.STATUS_TIMES[0][0]:
            classifier = "ACT"
        elif classifier == "UNKNOWN":
            reading.note("unknown-code", f"type of time {word or 'unsaid'} is in no list", "event.classifier")
        return moment(written, f"{event.where}/{name}", reading.faults, reading.remarks, place=place), classifier
    return None, "UNKNOWN"


def _flight(movement: Fields) -> Conveyance | None:
    number, carrier = movement.maybe("ID", SHORT), movement.child("CarrierParty")
    airline = carrier.maybe("PrimaryID", SHORT) if carrier is not None else None
    if not (number or airline):
        return None
    return Conveyance(mode=AIR, voyage=number, carrier=Code(system="iata-airline", value=airline) if airline else None)


def _parties(part: Fields) -> Iterator[Party]:
    for name, role in _PARTIES:
        element = part.child(name)
        called = element.maybe("Name", LABEL) if element is not None else None
        own = element.maybe("PrimaryID", NAME) if element is not None else None
        if called or own:
            yield Party(role=role, name=called, other_ids=(Code(system="party-id", value=own),) if own else ())


def _devices(part: Fields) -> Iterator[Container]:
    for element in part.each("UtilizedUnitLoadTransportEquipment"):
        number = device_number(element)
        if number:
            yield Container(number=number[:DEVICE_CHARS], known=False)
