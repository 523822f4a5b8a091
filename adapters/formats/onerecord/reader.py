"""IATA ONE Record (air, JSON-LD): Waybill and Shipment become transport documents, LogisticsEvent becomes an event.

Read as JSON, not as linked data: names of the cargo and API ontologies are taken with the prefix `cargo:` or
`api:` or with their full address; nothing is fetched. `CustomsInformation` on its own names no goods, so it is
acknowledged and not recorded; inside a waybill or shipment it becomes a document of that record. An event may know
only the address of the object that it is about, so waybills are referenced by their objects' addresses too (kind
`transport_document`, scope
`onerecord`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, Literal

from adapters.formats.onerecord.goods import amount_of, goods_of, gross_of, packages_of
from adapters.formats.onerecord.graph import embed
from adapters.formats.onerecord.values import (
    KINDS,
    code_of,
    coded,
    flag_of,
    kind_of,
    object_of,
    objects_of,
    own_code,
    time_of,
    type_of,
    without_prefixes,
)
from adapters.mapping.logistics import LABEL, NAME, SHORT, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_members
from adapters.parsing.forms import Form
from adapters.parsing.json_fields import JsonFields, Value, parse_json
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.identifiers import AirWaybillNumber, Uscc
from chain.records.base import Document, Reference, Remark, Source
from chain.records.logistics import LogisticsEvent, TransportDocument, TransportDocumentHead
from chain.records.scalars import Code
from chain.records.sections import Party, PartyRole
from chain.records.transport import Event, Place, Transport

OBJECTS_MAX = 1000
"""Objects of one collection; an airline's whole departure has some hundred."""
SCOPE: Final = "onerecord"
"""Scope of a reference whose value is the address of a logistics object."""
AIR: Final = Code(system="uncefact-rec-19", value="4", name="Air transport")
IRI: Final = Form("the address of an object, at most 256 characters", re.compile(r"\S{1,256}"))
_PREFIX: Final = Form("3 digits", re.compile(r"\d{3}"))
_ROLES: Final[dict[str, PartyRole]] = {
    "SHP": "consignor",
    "CNE": "consignee",
    "AGT": "agent",
    "NFY": "notify",
    "CAR": "carrier",
    "FFW": "agent",
}
DocumentKind = Literal["air_waybill", "house_air_waybill", "other"]
Classifier = Literal["ACT", "PLN", "EST", "REQ", "UNKNOWN"]
TIME_TYPES: Final[dict[str, Classifier]] = {
    "ACTUAL": "ACT",
    "ESTIMATED": "EST",
    "EXPECTED": "EST",
    "PLANNED": "PLN",
    "SCHEDULED": "PLN",
    "REQUESTED": "REQ",
}
"""EventTimeType, in whatever case it is written (`Actual` in older data models) -> classifier; any other is unknown."""
STATUSES: Final = frozenset(
    {"BKD", "FOH", "RCS", "DOC", "PRE", "MAN", "DEP", "TRM", "TFD", "TGC", "ARR", "RCF", "AWR", "NFD", "AWD", "CCD"}
    | {"CRC", "RCT", "DPU", "FIW", "FOW", "DLV", "DDL", "OCI", "OSI", "DIS"}
    | {f"DIS_{code}" for code in ("DFLD", "FDAV", "FDAW", "FDCA", "FDMB", "MSAV", "MSAW", "MSCA", "MSMB", "OFLD")}
    | {"DIS_OVCD", "DIS_SSPD"}
)
"""StatusCode of IATA's core code lists (2026-07), and DIS without what is amiss, as Cargo-IMP writes it."""
IGNORED: Final = {
    "@context": "says how names are written, not what was said",
    "@type": "read as the kind of object",
    "pieces/@id": "the address of a piece; the pieces are counted",
    "eventTimeType/@id": "read as the time type",
    "hasTotalItems": "a count of what the collection itself holds",
    "hasRevision": "how often the object was written",
    "hasLatestRevision": "how often the object was written",
    "totalDimensions": "lengths and heights are of no use to customs beside weight and volume",
    "dimensions": "lengths and heights are of no use to customs beside weight and volume",
}


class OneRecordReader:
    """One logistics object, a list of them, or an API collection."""

    kind = "ONE-Record"

    def recognises(self, message: bytes) -> bool:
        """Whether the ontology's address stands in the JSON."""
        return b"onerecord.iata.org/ns/" in message

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        value = without_prefixes(parse_json(message))
        entities: list[Entity] = []
        digest = message_digest(message)
        kinds: list[str] = []
        for place, found in enumerate(_objects(value)):
            fields = JsonFields.root(found, faults, f"object[{place + 1}]")
            kind = type_of(fields)
            kinds.append(kind)
            with noted(fields.where, faults):
                entities.append(_with_unread(_entity(kind, place, fields, digest), fields))
        faults.refuse("ONE Record message")
        if not entities:
            raise MalformedMessage("ONE Record message", "holds at least one object")
        message_id = value.get("@id") if isinstance(value, dict) else None
        named = message_id if isinstance(message_id, str) and IRI.fits(message_id) else None
        return ReadMessage(f"ONE-Record-{kinds[0]}", named, None, tuple(entities))


READERS = (OneRecordReader(),)


def _objects(value: Value) -> list[Value]:
    if isinstance(value, list):
        found = value
    elif isinstance(value, dict) and str(value.get("@type")) == "Collection":
        items = value.get("hasItem", [])
        found = items if isinstance(items, list) else [items]
    elif isinstance(value, dict) and isinstance(value.get("@graph"), list):
        graph = value["@graph"]
        objects = embed(graph) if isinstance(graph, list) else []
        # Pieces, places and companies stand inside those that name them; alone they are no statement.
        found = [item for item in objects if not isinstance(item, dict) or kind_of(item) in KINDS] or objects
    else:
        found = [value]
    if len(found) > OBJECTS_MAX:
        raise MalformedMessage("ONE Record message", f"holds at most {OBJECTS_MAX} objects", value=len(found))
    return found


def _entity(kind: str, ordinal: int, fields: JsonFields, digest: str) -> Entity:
    source = Source(kind=f"ONE-Record-{kind}"[:64], sha256=digest, message_id=fields.maybe("@id", IRI), ordinal=ordinal)
    if kind == "LogisticsEvent":
        event = _event(fields, source)
        return Entity(ordinal, event, lookup=event.references if event else ())
    if kind in ("Waybill", "Shipment"):
        document = _document(kind, fields, source)
        return Entity(ordinal, document, lookup=document.references if document else ())
    if kind == "CustomsInformation":
        return Entity(ordinal, None, note="customs information that names no waybill and no shipment")
    fields.faults.add(
        f"{fields.where}/@type", "is Waybill, Shipment, LogisticsEvent or CustomsInformation", value=kind or None
    )
    return Entity(ordinal, None, note="not read")


def _with_unread(entity: Entity, fields: JsonFields) -> Entity:
    if entity.record is None:
        return entity
    unread = unread_members(fields.value, fields.faults, IGNORED)
    return replace(entity, record=entity.record.with_remarks(*unread)) if unread else entity


def _event(fields: JsonFields, source: Source) -> LogisticsEvent | None:
    code = coded(fields, "eventCode", "iata-cargo-status", required=True)
    remarks: list[Remark] = []
    if code is not None and code.value not in STATUSES:
        remarks.append(Remark(rule="unknown-code", text=f"eventCode {code.value} is in no list", field="event.code"))
        code = code.model_copy(update={"known": False})
    place = _place(fields, "eventLocation") or _place(fields, "recordedAtLocation")
    happened = time_of(fields, "eventDate", remarks, place, required=True)
    reported = time_of(fields, "creationDate", remarks, place)
    references = _about(fields)
    # One that was posted to its object's own address need not repeat what it is about: it waits until that is told.
    if code is None or happened is None:
        return None
    classifier, time_type = _classifier(fields, remarks)
    name = fields.maybe("eventName", LABEL)
    # The data model of 2026-07 calls it an actor.
    organisation = object_of(fields, "recordingOrganization") or object_of(fields, "recordingActor")
    party = _company("responsible", organisation) if organisation is not None else None
    bill = next((r.value for r in references if not r.scope), None)
    return LogisticsEvent(
        references=references,
        source=source,
        event=Event(
            id=source.message_id,
            code=code if name is None else code.model_copy(update={"name": name}),
            classifier=classifier,
            time_type=time_type,
            happened=happened,
            reported=reported,
            place=place,
            bill=bill,
            part=flag_of(fields, "partialEventIndicator"),
        ),
        parties=(party,) if party else (),
        remarks=tuple(remarks),
    )


def _classifier(fields: JsonFields, remarks: list[Remark]) -> tuple[Classifier, Code | None]:
    """The classifier, and the source's own word where that says more; without a word an event has happened."""
    word = code_of(fields, "eventTimeType")
    if word is None:
        return "ACT", None
    classifier = TIME_TYPES.get(word.upper(), "UNKNOWN")
    known = classifier != "UNKNOWN"
    if not known:
        remarks.append(Remark(rule="unknown-code", text=f"eventTimeType {word} is in no list", field="event.time_type"))
    elif word.upper() in ("ACTUAL", "ESTIMATED", "PLANNED", "REQUESTED"):
        return classifier, None
    return classifier, Code(system="iata-event-time-type", value=word[:256], known=known)


def _document(kind: str, fields: JsonFields, source: Source) -> TransportDocument | None:
    waybill = fields if kind == "Waybill" else object_of(fields, "waybill")
    shipment = object_of(fields, "shipment") if kind == "Waybill" else fields
    remarks: list[Remark] = []
    number = _number(waybill, remarks) if waybill is not None else None
    if number is None and kind == "Waybill":
        fields.faults.add(
            f"{fields.where}/waybillNumber", "must be there", fix="Fill in waybillPrefix and waybillNumber"
        )
        return None
    ids = [ref for part in (waybill, shipment) if part is not None for ref in _address(part.maybe("@id", IRI))]
    if number is None and not ids:
        fields.faults.add(f"{fields.where}/@id", "must be there where no waybill is", fix="Name the shipment's address")
        return None
    head = _head(waybill, number or ids[0].value.rstrip("/").rpartition("/")[2][:64], remarks)
    # Each forwarder counts its own houses: with its master a number is one of all.
    bill = f"{head.master}_{number}" if number and head.master and head.kind == "house_air_waybill" else number
    known = (Reference(kind="transport_document", value=bill),) if bill else ()
    gross, packages = gross_of(shipment, waybill, remarks), packages_of(shipment, waybill)
    masters = (Reference(kind="master_bill", value=head.master),) if head.master else ()
    holders = [part for part in (waybill, shipment) if part is not None]
    return TransportDocument(
        references=(*known, *ids, *masters),
        source=source,
        remarks=tuple(remarks),
        documents=tuple(document for part in holders for document in _customs_information(part)),
        transport_document=head,
        parties=tuple(party for part in holders for party in _parties(part)),
        goods_items=goods_of(shipment),
        transport=Transport(
            mode=AIR,
            bill=bill,
            loading=_place(waybill, "departureLocation") if waybill is not None else None,
            discharge=_place(waybill, "arrivalLocation") if waybill is not None else None,
            gross=gross,
            packages=packages,
        ),
    )


def _head(waybill: JsonFields | None, number: str, remarks: list[Remark]) -> TransportDocumentHead:
    if waybill is None:
        return TransportDocumentHead(kind="other", number=number)
    master = object_of(waybill, "masterWaybill")
    kind = (code_of(waybill, "waybillType") or "").upper()
    if kind not in ("", "HOUSE", "MASTER", "DIRECT"):
        text = f"waybillType {kind} is in no list"
        remarks.append(Remark(rule="unknown-code", text=text, field="transport_document.kind"))
    house_number = _number(master, []) if master is not None else None
    if not kind and house_number is None and not waybill.value.get("waybillPrefix"):
        text = f"{number} has no prefix of an airline, and no type is said: it may be a house waybill's"
        remarks.append(Remark(rule="waybill-type", text=text, field="transport_document.kind"))
    value = object_of(waybill, "declaredValueForCustoms") or object_of(waybill, "declaredValueForCarriage")
    return TransportDocumentHead(
        kind=_document_kind(kind, has_master=house_number is not None, prefix=waybill.value.get("waybillPrefix")),
        number=number,
        master=house_number,
        houses=tuple(n for house in objects_of(waybill, "houseWaybills") if (n := _number(house, [])) is not None),
        issued=time_of(waybill, "carrierDeclarationDate", remarks, _place(waybill, "carrierDeclarationPlace")),
        declared_value=amount_of(value) if value is not None else None,
    )


def _document_kind(said: str, *, has_master: bool, prefix: object) -> DocumentKind:
    """The document by its type; without one a house waybill has a master, and any air waybill an airline's prefix."""
    if said == "HOUSE" or (not said and has_master):
        return "house_air_waybill"
    return "air_waybill" if said or prefix else "other"


def _number(waybill: JsonFields, remarks: list[Remark]) -> str | None:
    prefix, serial = waybill.maybe("waybillPrefix", _PREFIX), waybill.maybe("waybillNumber", SHORT)
    if serial is None:
        return None
    said = f"{prefix}-{serial}" if prefix else serial
    if prefix and AirWaybillNumber.is_valid(said):
        return AirWaybillNumber.parse(said)
    if prefix:
        remarks.append(Remark(rule="awb-check-digit", text=f"{said} is no valid air waybill number"))
    return said


def _about(fields: JsonFields) -> tuple[Reference, ...]:
    found: list[Reference] = []
    for name in ("eventFor", "linkedObject"):
        for target in objects_of(fields, name):
            number = _number(target, [])
            if number is not None:
                found.append(Reference(kind="transport_document", value=number))
            found += _address(target.maybe("@id", IRI))
    return tuple(dict.fromkeys(found))


def _address(address: str | None) -> tuple[Reference, ...]:
    return (Reference(kind="transport_document", scope=SCOPE, value=address),) if address else ()


def _parties(part: JsonFields) -> list[Party]:
    found: list[Party] = []
    for involved in objects_of(part, "involvedParties"):
        word = code_of(involved, "partyRole") or ""
        details = object_of(involved, "partyDetails")
        party = _company(_ROLES.get(word, "other"), details) if details is not None else None
        if party is not None:
            found.append(party)
        if word and (party is None or word not in _ROLES):
            part.faults.remark("not-read" if word in _ROLES else "unknown-code", f"partyRole {word}", "parties")
    return found


def _company(role: PartyRole, company: JsonFields) -> Party | None:
    name = company.maybe("name", LABEL)
    uscc: Uscc | None = None
    others: list[Code] = []
    for identifier in objects_of(company, "otherIdentifiers"):
        said = identifier.maybe("textualValue", SHORT)
        if said is not None and uscc is None and Uscc.is_valid(said):
            uscc = Uscc.parse(said)
        elif said is not None:
            others.append(Code(system="onerecord-identifier", value=said))
    address = company.maybe("@id", IRI)
    if name is None and uscc is None and not others:
        return Party(role=role, overseas_id=address) if address else None
    return Party(role=role, name=name, uscc=uscc, other_ids=tuple(others))


def _customs_information(part: JsonFields) -> list[Document]:
    found: list[Document] = []
    for one in objects_of(part, "customsInformation"):
        subject = coded(one, "subjectCode", "iata-oci-subject") or coded(one, "contentCode", "iata-oci-content")
        number = one.maybe("otherCustomsInformation", NAME)
        if subject is not None or number is not None:
            found.append(Document(kind=subject or Code(system="iata-oci-subject", value="none"), number=number))
    return found


def _place(fields: JsonFields, name: str) -> Place | None:
    place = fields.see(name)
    if isinstance(place, str):
        return Place(code=Code(system="iata-location", value=place)) if SHORT.fits(place) else None
    location = object_of(fields, name)
    if location is None:
        return None
    said = location.maybe("locationName", LABEL)
    codes = [code for item in objects_of(location, "locationCodes") if (code := own_code(item)) is not None]
    code = codes[0] if codes else code_of(location, "locationCodes") or code_of(location, "code")
    if code is None and said is None:
        return None
    return Place(code=Code(system="iata-location", value=code) if code else None, name=said)
