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
from typing import Final

from adapters.mapping.logistics import ISO_TIME, NAME, NOTE, SHORT, WEIGHT_UNITS, moment, noted, weight
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.json_fields import JsonFields, Number, Value, parse_json
from adapters.parsing.xml_fields import Faults, Form, decimal
from chain.errors import Malformed, MalformedMessage
from chain.identifiers import AirWaybillNumber, Uscc
from chain.records.base import Document, Reference, Remark, Source
from chain.records.logistics import LogisticsEvent, TransportDocument, TransportDocumentHead
from chain.records.scalars import Amount, Code, Instant, Weight, amount
from chain.records.sections import GoodsItem, Party, PartyRole
from chain.records.transport import Event, Package, Place, Transport

OBJECTS_MAX = 1000
"""Objects of one collection; an airline's whole departure has some hundred."""
SCOPE: Final = "onerecord"
"""Scope of a reference whose value is the address of a logistics object."""
AIR: Final = Code(system="uncefact-rec-19", value="4", name="Air transport")
CARGO: Final = ("cargo:", "https://onerecord.iata.org/ns/cargo#", "api:", "https://onerecord.iata.org/ns/api#")
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
_TIME_TYPES: Final = {"ACTUAL": "ACT", "ESTIMATED": "EST", "EXPECTED": "EST"}
"""EventTimeType -> classifier; PLANNED, REQUESTED and SCHEDULED are planned."""


class OneRecordReader:
    """One logistics object, a list of them, or an API collection."""

    kind = "ONE-Record"

    def recognises(self, message: bytes) -> bool:
        """Whether the ontology's address stands in the JSON."""
        return b"onerecord.iata.org/ns/" in message

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        value = _plain(parse_json(message))
        entities: list[Entity] = []
        digest = message_digest(message)
        kinds: list[str] = []
        for place, found in enumerate(_objects(value)):
            fields = JsonFields.root(found, faults, f"object[{place + 1}]")
            kind = _type(fields)
            kinds.append(kind)
            with noted(fields.where, faults):
                entities.append(_entity(kind, place, fields, digest))
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
        found = graph if isinstance(graph, list) else []
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


def _event(fields: JsonFields, source: Source) -> LogisticsEvent | None:
    faults = fields.faults
    code = _code(fields, "eventCode", "iata-cargo-status", required=True)
    happened = _time(fields, "eventDate", required=True)
    references = _about(fields)
    if not references:
        faults.add(f"{fields.where}/eventFor", "names the object that the event is about", fix="Fill in eventFor")
    if code is None or happened is None or not references:
        return None
    time_type = _local(fields.value.get("eventTimeType"))
    name = fields.maybe("eventName", NAME)
    organisation = fields.child("recordingOrganization")
    party = _company("responsible", organisation) if organisation is not None else None
    bill = next((r.value for r in references if not r.scope), None)
    return LogisticsEvent(
        references=references,
        source=source,
        event=Event(
            id=source.message_id,
            code=code if name is None else code.model_copy(update={"name": name}),
            classifier="ACT" if time_type in (None, "ACTUAL") else "EST" if time_type in _TIME_TYPES else "PLN",
            happened=happened,
            reported=_time(fields, "creationDate"),
            place=_place(fields, "eventLocation"),
            bill=bill,
            part=_flag(fields, "partialEventIndicator"),
        ),
        parties=(party,) if party else (),
    )


def _document(kind: str, fields: JsonFields, source: Source) -> TransportDocument | None:
    waybill = fields if kind == "Waybill" else _object(fields, "waybill")
    shipment = _object(fields, "shipment") if kind == "Waybill" else fields
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
    known = (Reference(kind="transport_document", value=number),) if number else ()
    head = _head(waybill, number or ids[0].value.rstrip("/").rpartition("/")[2][:64])
    masters = (Reference(kind="master_bill", value=head.master),) if head.master else ()
    holders = [part for part in (waybill, shipment) if part is not None]
    return TransportDocument(
        references=(*known, *ids, *masters),
        source=source,
        remarks=tuple(remarks),
        documents=tuple(document for part in holders for document in _customs_information(part)),
        transport_document=head,
        parties=tuple(party for part in holders for party in _parties(part)),
        goods_items=_goods(shipment),
        transport=Transport(
            mode=AIR,
            bill=number,
            loading=_place(waybill, "departureLocation") if waybill is not None else None,
            discharge=_place(waybill, "arrivalLocation") if waybill is not None else None,
            gross=_gross(shipment),
            packages=_packages(shipment),
        ),
    )


def _head(waybill: JsonFields | None, number: str) -> TransportDocumentHead:
    if waybill is None:
        return TransportDocumentHead(kind="other", number=number)
    master = _object(waybill, "masterWaybill")
    house = _local(waybill.value.get("waybillType")) == "HOUSE"
    value = _object(waybill, "declaredValueForCustoms") or _object(waybill, "declaredValueForCarriage")
    return TransportDocumentHead(
        kind="house_air_waybill" if house else "air_waybill",
        number=number,
        master=_number(master, []) if master is not None else None,
        houses=tuple(n for house in _list(waybill, "houseWaybills") if (n := _number(house, [])) is not None),
        issued=_time(waybill, "carrierDeclarationDate"),
        declared_value=_amount(value) if value is not None else None,
    )


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
        for target in _list(fields, name):
            number = _number(target, [])
            if number is not None:
                found.append(Reference(kind="transport_document", value=number))
            found += _address(target.maybe("@id", IRI))
    return tuple(dict.fromkeys(found))


def _address(address: str | None) -> tuple[Reference, ...]:
    return (Reference(kind="transport_document", scope=SCOPE, value=address),) if address else ()


def _parties(part: JsonFields) -> list[Party]:
    found: list[Party] = []
    for involved in _list(part, "involvedParties"):
        role = _ROLES.get(_local(involved.value.get("partyRole")) or "", "other")
        details = _object(involved, "partyDetails")
        party = _company(role, details) if details is not None else None
        if party is not None:
            found.append(party)
    return found


def _company(role: PartyRole, company: JsonFields) -> Party | None:
    name = company.maybe("name", NAME)
    uscc: Uscc | None = None
    others: list[Code] = []
    for identifier in _list(company, "otherIdentifiers"):
        said = identifier.maybe("textualValue", SHORT)
        if said is not None and uscc is None and Uscc.is_valid(said):
            uscc = Uscc.parse(said)
        elif said is not None:
            others.append(Code(system="onerecord-identifier", value=said))
    address = company.maybe("@id", IRI)
    if name is None and uscc is None and not others:
        return Party(role=role, overseas_id=address) if address else None
    return Party(role=role, name=name, uscc=uscc, other_ids=tuple(others))


def _goods(shipment: JsonFields | None) -> tuple[GoodsItem, ...]:
    described = shipment.maybe("goodsDescription", NOTE) if shipment is not None else None
    return (GoodsItem(ordinal=1, name=described),) if described else ()


def _packages(shipment: JsonFields | None) -> Package | None:
    pieces = shipment.value.get("pieces") if shipment is not None else None
    return Package(count=len(pieces)) if isinstance(pieces, list) and pieces else None


def _gross(shipment: JsonFields | None) -> Weight | None:
    value = _object(shipment, "totalGrossWeight") if shipment is not None else None
    if value is None:
        return None
    name = "numericalValue" if "numericalValue" in value.value else "value"
    unit = (_local(value.value.get("unit")) or "KGM").upper()
    said = value.decimal(name, decimal(), required=True)
    return weight(said, unit if unit in WEIGHT_UNITS else unit[:16], value.where, value.faults)


def _amount(value: JsonFields) -> Amount | None:
    said = value.decimal("numericalValue", decimal(), required=False)
    currency = _local(value.value.get("currencyUnit"))
    if said is None or currency is None or not re.fullmatch("[A-Z]{3}", currency):
        return None
    try:
        return amount(said, currency, field=value.where)
    except Malformed as fault:
        value.faults.note(fault, value.where)
        return None


def _customs_information(part: JsonFields) -> list[Document]:
    found: list[Document] = []
    for one in _list(part, "customsInformation"):
        subject = _code(one, "subjectCode", "iata-oci-subject") or _code(one, "contentCode", "iata-oci-content")
        number = one.maybe("otherCustomsInformation", NAME)
        if subject is not None:
            found.append(Document(kind=subject, number=number))
    return found


def _place(fields: JsonFields, name: str) -> Place | None:
    place = fields.value.get(name)
    if isinstance(place, str):
        return Place(code=Code(system="iata-location", value=place)) if SHORT.fits(place) else None
    location = _object(fields, name)
    if location is None:
        return None
    said = location.maybe("locationName", NAME)
    codes = [code for item in _list(location, "locationCodes") if (code := _local(dict(item.value))) is not None]
    code = codes[0] if codes else _local(location.value.get("code"))
    if code is None and said is None:
        return None
    return Place(code=Code(system="iata-location", value=code) if code else None, name=said)


def _time(fields: JsonFields, name: str, *, required: bool = False) -> Instant | None:
    inner = fields.value.get(name)
    if isinstance(inner, dict):
        value = JsonFields(inner, f"{fields.where}/{name}", fields.faults)
        return moment(value.text("@value", ISO_TIME, required=required), value.where, fields.faults)
    return moment(fields.text(name, ISO_TIME, required=required), f"{fields.where}/{name}", fields.faults)


def _flag(fields: JsonFields, name: str) -> bool | None:
    found = fields.value.get(name)
    if isinstance(found, dict):
        found = found.get("@value")
    if isinstance(found, str) and found in ("true", "false"):
        return found == "true"
    return found if isinstance(found, bool) else None


def _code(fields: JsonFields, name: str, system: str, *, required: bool = False) -> Code | None:
    said = _local(fields.value.get(name))
    if said is None or not SHORT.fits(said):
        if required:
            fields.faults.add(f"{fields.where}/{name}", "is a code of its list", value=said, fix="Fill in the member")
        return None
    return Code(system=system, value=said)


def _object(fields: JsonFields, name: str) -> JsonFields | None:
    """The one object of that name; a list is read by its first, as older data models wrote it."""
    return next(iter(_list(fields, name)), None)


def _list(fields: JsonFields, name: str) -> list[JsonFields]:
    found = fields.value.get(name)
    return list(fields.each(name)) if isinstance(found, dict | list) else []


def _type(fields: JsonFields) -> str:
    found = fields.value.get("@type")
    kinds = found if isinstance(found, list) else [found]
    return next((kind for kind in kinds if isinstance(kind, str) and kind in _KINDS), str(kinds[0]) if kinds else "")


_KINDS = ("Waybill", "Shipment", "LogisticsEvent", "CustomsInformation")


def _local(value: Value) -> str | None:
    """The code at the end of a code list address (`...StatusCode#DEP`, `cargo:ACTUAL`), or in a CodeListElement."""
    if isinstance(value, dict):
        value = value.get("code") or value.get("@id") or value.get("@value")
    if not isinstance(value, str) or isinstance(value, Number) or not value:
        return None
    return re.split("[#/:]", value.strip())[-1] or None


def _plain(value: Value) -> Value:
    """The value with the ontologies' prefixes taken off names and types; raises where two names become one."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain: dict[str, Value] = {}
    for name, inner in value.items():
        short = _unprefixed(name)
        if short in plain:
            raise MalformedMessage(name, "is said once, with or without its prefix")
        plain[short] = _types(inner) if name == "@type" else _plain(inner)
    return plain


def _types(value: Value) -> Value:
    if isinstance(value, list):
        return [_types(item) for item in value]
    return _unprefixed(value) if isinstance(value, str) else value


def _unprefixed(name: str) -> str:
    for prefix in CARGO:
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name
