"""DCSA Track & Trace 2.2 (a list of events, or one) and 3.0 (`events`): each event becomes a `logistics.event`.

Version 2.2 calls the same things `eventType` and `documentReferences` that 3.0 keeps in `eventClassification` and
`shipmentDetails`. A retracted event (3.0, `isRetracted`) amends the record of the event with that id. Events know
transport documents, bookings and containers; a booking number is the carrier's own (kind `cop`, scope
`carrier-booking`), an event's id likewise (scope
`dcsa-event`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from adapters.mapping.logistics import (
    ISO_TIME,
    NAME,
    NOTE,
    SHORT,
    TOKEN,
    TRANSPORT_MODES,
    box_number,
    day_of,
    imo,
    moment,
    noted,
    unlocode,
)
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.json_fields import JsonFields, Value, parse_json
from adapters.parsing.xml_fields import Faults, one_of
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Direction, Instant
from chain.records.transport import Container, Conveyance, Event, Place, Seal

EVENTS_MAX = 1000
EVENT_SCOPE: Final = "dcsa-event"
BOOKING_SCOPE: Final = "carrier-booking"
CLASSIFIERS: Final[tuple[Literal["ACT", "PLN", "EST"], ...]] = ("ACT", "PLN", "EST")
CODES: Final = {
    "TRANSPORT": ("transportEventTypeCode", "dcsa-transport-event", ("ARRI", "DEPA")),
    "EQUIPMENT": (
        "equipmentEventTypeCode",
        "dcsa-equipment-event",
        ("LOAD", "DISC", "GTIN", "GTOT", "STUF", "STRP", "PICK", "DROP", "INSP", "RSEA", "RMVD"),
    ),
    "SHIPMENT": (
        "shipmentEventTypeCode",
        "dcsa-shipment-event",
        (
            "RECE",
            "DRFT",
            "PENA",
            "PENU",
            "PENC",
            "REJE",
            "APPR",
            "ISSU",
            "SURR",
            "SUBM",
            "VOID",
            "CONF",
            "REQS",
            "CMPL",
            "HOLD",
            "RELS",
            "CANC",
        ),
    ),
    "IOT": ("iotEventTypeCode", "dcsa-iot-event", ("DETC",)),
    "REEFER": ("reeferEventTypeCode", "dcsa-reefer-event", ("MEAS", "ADJU")),
}
"""Event type -> member that holds its code, our name of the code list, the codes of it."""
_TRANSPORT_DOCUMENTS: Final = frozenset({"TRD", "SHI", "BOL", "SWB", "MBL", "HBL"})
"""Document types whose number names a transport document or the instructions for it."""


class TrackAndTraceReader:
    """Both versions."""

    kind = "DCSA-TNT"

    def recognises(self, message: bytes) -> bool:
        """Whether the members that every event has stand in the JSON."""
        old = b'"eventType"' in message and b'"eventClassifierCode"' in message
        return old or b'"eventClassification"' in message

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        value = parse_json(message)
        events, version = _events(value)
        digest = message_digest(message)
        entities: list[Entity] = []
        for ordinal, found in enumerate(events):
            fields = JsonFields.root(found, faults, f"event[{ordinal + 1}]")
            reading = _Reading(fields, version)
            with noted(fields.where, faults):
                entities.append(reading.entity(ordinal, digest))
        faults.refuse(f"DCSA Track & Trace {version}")
        return ReadMessage(f"DCSA-TNT-{version}", None, None, tuple(entities))


READERS = (TrackAndTraceReader(),)


def _events(value: Value) -> tuple[list[Value], str]:
    if isinstance(value, dict) and "events" in value:
        found, version = value["events"], "3.0"
    else:
        found, version = (value if isinstance(value, list) else [value]), "2.2"
    if not isinstance(found, list) or not found:
        raise MalformedMessage("events", "is a list of at least one event")
    if len(found) > EVENTS_MAX:
        raise MalformedMessage("events", f"holds at most {EVENTS_MAX} events", value=len(found))
    return found, version


@dataclass
class _Reading:
    """One event while it is read."""

    fields: JsonFields
    version: str
    remarks: list[Remark] = field(default_factory=list)

    def entity(self, ordinal: int, digest: str) -> Entity:
        """The event's record; faults are noted."""
        fields = self.fields
        head = fields.child("eventClassification", required=True) if self.version == "3.0" else fields
        if head is None:
            return Entity(ordinal, None, note="not read")
        event_id = fields.maybe("eventID", NAME)
        type_member = "eventTypeCode" if self.version == "3.0" else "eventType"
        reported_member = "eventUpdatedDateTime" if self.version == "3.0" else "eventCreatedDateTime"
        kind = head.text(type_member, one_of(*CODES))
        classifier = head.text("eventClassifierCode", one_of(*CLASSIFIERS))
        happened = self._time("eventDateTime")
        reported = self._time(reported_member, required=self.version == "2.2")
        code = self._code(head, kind)
        references = self._references()
        retracted = fields.flag("isRetracted") or False
        if kind is None or classifier is None or happened is None or code is None:
            return Entity(ordinal, None, note="not read")
        if not references:
            fields.faults.add(
                fields.where, "names a transport document, a booking or a container", fix="Add a document reference"
            )
        own = (Reference(kind="cop", scope=EVENT_SCOPE, value=event_id),) if event_id else ()
        record = LogisticsEvent(
            references=(*references, *own),
            source=Source(kind=f"DCSA-TNT-{self.version}", sha256=digest, message_id=event_id, ordinal=ordinal),
            event=Event(
                id=event_id,
                code=code,
                classifier=next(known for known in CLASSIFIERS if known == classifier),
                happened=happened,
                reported=reported,
                place=self._place(),
                container=self._container(),
                conveyance=self._conveyance(),
                bill=next((r.value for r in references if r.kind == "transport_document"), None),
                document=self._document(),
                retracts=event_id if retracted else None,
                reason=self._reason(),
                direction=self._direction(),
            ),
            remarks=tuple(self.remarks),
        )
        return Entity(ordinal, record, lookup=references, amends=own[0] if own and retracted else None)

    def _reason(self) -> str | None:
        said = self.fields.maybe("changeRemark", NOTE) or self.fields.maybe("reason", NOTE)
        delay = self.fields.maybe("delayReasonCode", TOKEN)
        return said if delay is None else f"delay {delay}; {said}"[:4_000] if said else f"delay {delay}"

    def _direction(self) -> Direction | None:
        details = self.fields.child("equipmentDetails")
        moved = details.maybe("movementType", TOKEN) if details else None
        return "I" if moved == "IMPORT" else "E" if moved == "EXPORT" else None

    def _time(self, name: str, *, required: bool = True) -> Instant | None:
        said = self.fields.text(name, ISO_TIME, required=required)
        return moment(said, f"{self.fields.where}/{name}", self.fields.faults)

    def _code(self, head: JsonFields, kind: str | None) -> Code | None:
        if kind is None:
            return None
        member, system, known = CODES[kind]
        said = head.text(member, one_of(*known))
        return Code(system=system, value=said) if said else None

    def _references(self) -> tuple[Reference, ...]:
        found: list[Reference] = []
        for document, number in self._documents():
            if document in _TRANSPORT_DOCUMENTS:
                found.append(Reference(kind="transport_document", value=number))
            elif document in ("BKG", "CBR"):
                found.append(Reference(kind="cop", scope=BOOKING_SCOPE, value=number))
        on = day_of(self.fields.value.get("eventDateTime"))
        for said in self._boxes():
            number, _ = box_number(said, [])
            found.append(Reference(kind="container", value=number, on=on))
        order = ("transport_document", "cop", "container")
        return tuple(sorted(dict.fromkeys(found), key=lambda reference: order.index(reference.kind)))

    def _documents(self) -> list[tuple[str, str]]:
        fields = self.fields
        found: list[tuple[str | None, str | None]] = []
        if self.version == "2.2":
            found.append((fields.maybe("documentTypeCode", TOKEN), fields.maybe("documentID", NAME)))
            found += [
                (one.text("documentReferenceType", TOKEN), one.text("documentReferenceValue", NAME))
                for one in fields.each("documentReferences")
            ]
        for details in (fields.child("shipmentDetails"), fields.child("equipmentDetails")):
            if details is None:
                continue
            main = details.child("documentReference")
            found += [
                (one.text("typeCode", TOKEN), one.text("reference", NAME))
                for one in ([main] if main else []) + list(details.each("additionalDocumentReferences"))
            ]
        return [(kind, number) for kind, number in found if kind and number]

    def _boxes(self) -> list[str]:
        fields = self.fields
        details = fields.child("equipmentDetails")
        said = [(details or fields).maybe("equipmentReference", TOKEN)]
        said += [
            one.maybe("referenceValue", TOKEN)
            for one in fields.each("references")
            if self.version == "2.2" and one.value.get("referenceType") == "EQ"
        ]
        return [one for one in dict.fromkeys(said) if one]

    def _container(self) -> Container | None:
        details = self.fields.child("equipmentDetails") or self.fields
        said = details.maybe("equipmentReference", TOKEN)
        if said is None:
            return None
        number, known = box_number(said, self.remarks)
        size = details.maybe("ISOEquipmentCode", TOKEN)
        empty = details.maybe("emptyIndicatorCode", one_of("EMPTY", "LADEN"))
        seals = [
            Seal(number=n, by=Code(system="dcsa-seal-source", value=by) if by else None)
            for one in details.each("seals")
            if (n := one.maybe("sealNumber", SHORT) or one.maybe("number", SHORT))
            for by in (one.maybe("sealSource", TOKEN) or one.maybe("source", TOKEN),)
        ]
        return Container(
            number=number,
            known=known,
            size_type=Code(system="iso-6346-type", value=size) if size else None,
            laden=None if empty is None else empty == "LADEN",
            seals=tuple(seals),
        )

    def _call(self) -> JsonFields | None:
        return self.fields.child("transportCall") or self.fields.at("transportDetails", "transportCall")

    def _conveyance(self) -> Conveyance | None:
        call = self._call()
        if call is None:
            return None
        mode = call.maybe("modeOfTransport", TOKEN)
        vessel = call.child("vessel") or call.child("vesselTransport")
        flag = vessel.maybe("vesselFlag", TOKEN) if vessel else None
        return Conveyance(
            mode=Code(system="dcsa-mode", value=mode, means=TRANSPORT_MODES.get(mode)) if mode else None,
            name=vessel.maybe("vesselName", NAME) if vessel else None,
            imo=imo(vessel.maybe("vesselIMONumber", TOKEN), self.remarks) if vessel else None,
            voyage=_voyage(call, "import") or _voyage(call, "export"),
            export_voyage=_voyage(call, "export"),
            nationality=flag if flag and len(flag) == 2 and flag.isupper() else None,
        )

    def _place(self) -> Place | None:
        location = self.fields.child("eventLocation")
        if location is not None:
            name = location.maybe("locationName", NAME)
            place = unlocode(location.maybe("UNLocationCode", TOKEN), self.remarks)
            facility = location.maybe("facilityCode", TOKEN)
            if place is not None and place.unlocode is not None and facility:
                place = place.model_copy(update={"code": Code(system="dcsa-facility", value=facility)})
            if place is not None:
                return place.model_copy(update={"name": name}) if name else place
            return Place(name=name) if name else None
        call = self._call()
        place = unlocode(call.maybe("UNLocationCode", TOKEN), self.remarks) if call is not None else None
        facility = call.maybe("facilityCode", TOKEN) if call is not None else None
        if place is None or place.unlocode is None or facility is None:
            return place
        return place.model_copy(update={"code": Code(system="dcsa-facility", value=facility)})

    def _document(self) -> Code | None:
        said = self.fields.maybe("documentTypeCode", TOKEN)
        if said is None:
            details = self.fields.child("shipmentDetails")
            main = details.child("documentReference") if details else None
            said = main.maybe("typeCode", TOKEN) if main else None
        return Code(system="dcsa-document", value=said) if said else None


def _voyage(call: JsonFields, way: str) -> str | None:
    said = call.maybe(f"{way}VoyageNumber", SHORT)
    if said is not None:
        return said
    either = call.child(f"{way}VoyageNumberOrReference")
    return either.maybe("carrierVoyageNumber", SHORT) if either else None
