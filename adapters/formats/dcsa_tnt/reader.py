"""DCSA Track & Trace 2.2 (a list of events, or one) and 3.0 (`events`): each event becomes a `logistics.event`.

Version 2.2 calls the same things `eventType` and `documentReferences` that 3.0 keeps in `eventClassification` and
`shipmentDetails`. The event itself tells which it is, not what it is wrapped in: carriers answer with 2.2 events in
`{"events": [...]}` too. A code that the standard's list does not have is kept as said and marked. A retracted event
(3.0, `isRetracted`) amends the record of the event with that id. Events know transport documents, bookings and
containers; a booking number is the carrier's own (kind `cop`, scope `carrier-booking`), an event's id likewise (scope
`dcsa-event`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from adapters.mapping.logistics import (
    ISO_TIME,
    LABEL,
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
from adapters.parsing.coverage import unread_members
from adapters.parsing.json_fields import JsonFields, Value, first_of, parse_json
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Direction, Instant
from chain.records.transport import Container, Conveyance, Event, Place, Seal

EVENTS_MAX = 1000
EVENT_SCOPE: Final = "dcsa-event"
BOOKING_SCOPE: Final = "carrier-booking"
CLASSIFIERS: Final[tuple[Literal["ACT", "PLN", "EST", "REQ"], ...]] = ("ACT", "PLN", "EST", "REQ")
"""Event classifiers of DCSA's standards; any other is kept as said, as `UNKNOWN`."""
LISTS: Final = ("events", "data", "items", "results", "event", "payload", "content")
"""Members of a wrapper in which carriers hand over their events."""
IGNORED: Final = {
    "transportCallID": "the carrier's own id of the call",
    "transportCallReference": "the carrier's own id of the call",
    "transportCallSequenceNumber": "which call of the vessel it is there, the carrier's own count",
    "facilityTypeCode": "what kind of place a terminal is",
    "facilityCodeListProvider": "which list the facility's code is of, kept as dcsa-facility",
    "vesselOperatorCarrierCodeListProvider": "which list the operator's code is of",
    "carrierServiceCode": "the carrier's schedule, not the goods",
    "universalServiceReference": "the carrier's schedule, not the goods",
    "eventRouting": "who passed the message on",
    "eventLocation/address": "the postal address of a place that is named beside it",
    "location/address": "the postal address of a place that is named beside it",
    "sealType": "of what the seal is made",
    "seals/type": "of what the seal is made",
    "metadata": "who wrote the message and when, not what happened",
    "links": "addresses of the carrier's interface",
}
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


KNOWN_DOCUMENTS: Final = _TRANSPORT_DOCUMENTS | {"BKG", "CBR"}
"""Document types whose number becomes a reference."""


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
        events, wrapped = _events(value)
        digest = message_digest(message)
        entities: list[Entity] = []
        version = _version(events[0], wrapped=wrapped)
        for ordinal, event in enumerate(events):
            fields = JsonFields.root(event, faults, f"event[{ordinal + 1}]")
            reading = _Reading(fields, _version(event, wrapped=wrapped))
            with noted(fields.where, faults):
                entities.append(reading.entity(ordinal, digest))
        faults.refuse(f"DCSA Track & Trace {version}")
        return ReadMessage(f"DCSA-TNT-{version}", None, None, tuple(entities))


READERS = (TrackAndTraceReader(),)


def _events(value: Value) -> tuple[list[Value], bool]:
    """The events, and whether they stand in a wrapper."""
    events: list[Value] = value if isinstance(value, list) else [value]
    wrapped = False
    for _ in range(2):  # a wrapper in a wrapper: {"data": {"events": [...]}}
        inside = events[0] if len(events) == 1 else None
        name = next((name for name in LISTS if isinstance(inside, dict) and name in inside), None)
        if not isinstance(inside, dict) or name is None or "eventDateTime" in inside:
            break
        held = inside[name]
        events, wrapped = held if isinstance(held, list) else [held], True
    if not events or events == [None]:
        raise MalformedMessage("events", "is a list of at least one event")
    if len(events) > EVENTS_MAX:
        raise MalformedMessage("events", f"holds at most {EVENTS_MAX} events", value=len(events))
    return events, wrapped


def _version(event: Value, *, wrapped: bool) -> str:
    """The version by the event's own members; by the wrapper only where it has neither version's."""
    if isinstance(event, dict) and "eventClassification" in event:
        return "3.0"
    flat = isinstance(event, dict) and ("eventType" in event or "eventClassifierCode" in event)
    return "3.0" if wrapped and not flat else "2.2"


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
        kind = head.text(type_member, TOKEN)
        classifier = head.text("eventClassifierCode", TOKEN)
        place = self._place()
        happened = self._time("eventDateTime", place)
        reported = self._time(reported_member, place, required=self.version == "2.2")
        code = self._code(head, kind)
        references = self._references()
        retracted = fields.flag("isRetracted") or False
        if kind is None or classifier is None or happened is None or code is None:
            return Entity(ordinal, None, note="not read")
        # A vessel's call names no document and no container: it waits until its consignments are told.
        own = (Reference(kind="cop", scope=EVENT_SCOPE, value=event_id),) if event_id else ()
        record = LogisticsEvent(
            references=(*references, *own),
            source=Source(kind=f"DCSA-TNT-{self.version}", sha256=digest, message_id=event_id, ordinal=ordinal),
            event=Event(
                id=event_id,
                code=code,
                classifier=next((known for known in CLASSIFIERS if known == classifier), "UNKNOWN"),
                time_type=self._time_type(classifier),
                function="delete" if retracted else "new",
                happened=happened,
                reported=reported,
                place=place,
                container=self._container(),
                conveyance=self._conveyance(),
                bill=next((r.value for r in references if r.kind == "transport_document"), None),
                document=self._document(),
                retracts=event_id if retracted else None,
                reason=self._reason(),
                direction=self._direction(),
            ),
            remarks=(*self.remarks, *unread_members(fields.value, fields.faults, IGNORED)),
        )
        if retracted and not own:
            fields.faults.add(f"{fields.where}/eventID", "must be there where an event is retracted")
        return Entity(ordinal, record, lookup=references, amends=own[0] if own and retracted else None)

    def _time_type(self, classifier: str) -> Code | None:
        if classifier in CLASSIFIERS:
            return None
        text = f"eventClassifierCode {classifier} is in no list"
        self.remarks.append(Remark(rule="unknown-code", text=text, field="event.classifier"))
        return Code(system="dcsa-event-classifier", value=classifier, known=False)

    def _reason(self) -> str | None:
        said = self.fields.maybe("changeRemark", NOTE) or self.fields.maybe("reason", NOTE)
        delay = self.fields.maybe("delayReasonCode", TOKEN)
        return said if delay is None else f"delay {delay}; {said}"[:4_000] if said else f"delay {delay}"

    def _direction(self) -> Direction | None:
        details = self.fields.child("equipmentDetails")
        moved = details.maybe("movementType", TOKEN) if details else None
        if moved not in (None, "IMPORT", "EXPORT"):
            # A transhipment is neither; any other word is in no list.
            self._remark(Remark(rule="not-read", text=f"movementType: {moved}", field="event.direction"))
        return "I" if moved == "IMPORT" else "E" if moved == "EXPORT" else None

    def _time(self, name: str, place: Place | None, *, required: bool = True) -> Instant | None:
        text = self.fields.text(name, ISO_TIME, required=required)
        return moment(text, f"{self.fields.where}/{name}", self.fields.faults, self.remarks, place=place)

    def _code(self, head: JsonFields, kind: str | None) -> Code | None:
        if kind is None:
            return None
        lower = re.sub("[^a-z]", "", kind.lower()) or "other"
        member, system, known = CODES.get(kind, (f"{lower}EventTypeCode", f"dcsa-{lower}-event", ()))
        value = head.text(member, TOKEN)
        if value is None or value in known:
            return Code(system=system, value=value) if value else None
        self.remarks.append(Remark(rule="unknown-code", text=f"{member} {value} is in no list", field="event.code"))
        return Code(system=system, value=value, known=False)

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
        for kind, number in found:
            if number and (not kind or kind not in KNOWN_DOCUMENTS):
                # No reference of ours is of this kind: the number is kept, so that people can follow it.
                text = f"document {kind or 'of no type'}: {number}"
                self._remark(Remark(rule="not-read", text=text, field="event.document"))
        return [(kind, number) for kind, number in found if kind and number]

    def _remark(self, remark: Remark) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)

    def _boxes(self) -> list[str]:
        fields = self.fields
        details = fields.child("equipmentDetails")
        numbers = [holder.maybe("equipmentReference", TOKEN) for holder in (fields, details) if holder is not None]
        for holder in (fields, details, fields.child("shipmentDetails")):
            for reference in holder.each("references") if holder is not None else ():
                if reference.value.get("referenceType") == "EQ":
                    reference.see("referenceType")
                    numbers.append(reference.maybe("referenceValue", TOKEN))
        return [number for number in dict.fromkeys(numbers) if number]

    def _container(self) -> Container | None:
        numbers = self._boxes()
        if not numbers:
            return None
        number, known = box_number(numbers[0], self.remarks)
        details = self.fields.child("equipmentDetails")
        holders = [holder for holder in (details, self.fields) if holder is not None]
        size = first_of(holders, "ISOEquipmentCode", TOKEN)
        empty = first_of(holders, "emptyIndicatorCode", TOKEN)
        if empty not in (None, "EMPTY", "LADEN"):
            text = f"emptyIndicatorCode {empty} is in no list"
            self.remarks.append(Remark(rule="unknown-code", text=text, field="event.container.laden"))
        return Container(
            number=number,
            known=known,
            size_type=Code(system="iso-6346-type", value=size) if size else None,
            laden={"EMPTY": False, "LADEN": True}.get(empty or ""),
            seals=tuple(seal for holder in holders for seal in _seals(holder)),
        )

    def _call(self) -> JsonFields | None:
        for names in (("transportCall",), ("transportDetails", "transportCall"), ("equipmentDetails", "transportCall")):
            if (call := self.fields.at(*names)) is not None:
                return call
        return None

    def _conveyance(self) -> Conveyance | None:
        call = self._call()
        if call is None:
            return None
        mode = call.maybe("modeOfTransport", TOKEN)
        vessel = call.child("vessel") or call.child("vesselTransport") or call
        flag = vessel.maybe("vesselFlag", TOKEN)
        operator = vessel.maybe("vesselOperatorCarrierCode", TOKEN)
        conveyance = Conveyance(
            mode=Code(system="dcsa-mode", value=mode, means=TRANSPORT_MODES.get(mode)) if mode else None,
            name=vessel.maybe("vesselName", LABEL),
            imo=imo(vessel.maybe("vesselIMONumber", TOKEN), self.remarks),
            voyage=_voyage(call, "import") or _voyage(call, "export") or call.maybe("carrierVoyageNumber", SHORT),
            export_voyage=_voyage(call, "export"),
            nationality=flag if flag and len(flag) == 2 and flag.isupper() else None,
            carrier=Code(system="dcsa-carrier", value=operator) if operator else None,
        )
        return conveyance if conveyance != Conveyance() else None

    def _place(self) -> Place | None:
        """Where it happened: the event's own location; what that leaves out, its transport call says."""
        call = self._call()
        locations = [
            location
            for location in (self.fields.child("eventLocation"), call, call.child("location") if call else None)
            if location is not None
        ]
        facilities = [at.child("facility") for at in locations if isinstance(at.value.get("facility"), dict)]
        name, code = first_of(locations, "locationName", LABEL), first_of(locations, "UNLocationCode", TOKEN)
        facility = first_of([*locations, *filter(None, facilities)], "facilityCode", TOKEN)
        place = unlocode(code, self.remarks) or Place()
        if facility and place.code is None:
            place = place.model_copy(update={"code": Code(system="dcsa-facility", value=facility)})
        place = place.model_copy(update={"name": name}) if name else place
        return place if place != Place() else None

    def _document(self) -> Code | None:
        said = self.fields.maybe("documentTypeCode", TOKEN)
        if said is None:
            details = self.fields.child("shipmentDetails")
            main = details.child("documentReference") if details else None
            said = main.maybe("typeCode", TOKEN) if main else None
        return Code(system="dcsa-document", value=said) if said else None


def _seals(holder: JsonFields) -> list[Seal]:
    seals: list[Seal] = []
    for listed in holder.each("seals"):
        number = listed.maybe("sealNumber", SHORT) or listed.maybe("number", SHORT)
        if number:
            by = listed.maybe("sealSource", TOKEN) or listed.maybe("source", TOKEN)
            seals.append(Seal(number=number[:35], by=Code(system="dcsa-seal-source", value=by) if by else None))
    return seals


def _voyage(call: JsonFields, way: str) -> str | None:
    said = call.maybe(f"{way}VoyageNumber", SHORT)
    if said is not None:
        return said
    either = call.child(f"{way}VoyageNumberOrReference")
    return either.maybe("carrierVoyageNumber", SHORT) if either else None
