"""DCSA transport documents (Bill of Lading 3.0): each becomes a `logistics.transport_document`.

A draft or approved document is nobody's yet: it is acknowledged and not recorded. One that was voided amends what was
said of it. Weights are those of the goods with their packing, by container; goods items are the consignment items.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.formats.dcsa_ebl import tables
from adapters.formats.dcsa_ebl.goods import build_containers, build_items
from adapters.formats.dcsa_ebl.parties import document_parties
from adapters.mapping.logistics import ANY_DECIMAL, ISO_DAY, LABEL, NAME, SHORT, TOKEN, day, noted, rounded, unlocode
from adapters.mapping.totals import total_gross, total_packages
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_members
from adapters.parsing.json_fields import JsonFields, parse_json
from adapters.parsing.xml_fields import Faults
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Amount, Code, Function, amount
from chain.records.transport import Conveyance, Place, Transport

KIND: Final = "DCSA-EBL-3.0"


class TransportDocumentReader:
    """`TransportDocument` of DCSA Bill of Lading 3.0."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the members that every transport document has stand in the JSON."""
        return b'"transportDocumentTypeCode"' in message and b'"consignmentItems"' in message

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = JsonFields.root(parse_json(message), faults, KIND)
        inner = root.child("transportDocument") if "transportDocument" in root.value else None
        document = inner if inner is not None else root
        entity = Entity(0, None, note="not read")
        with noted(document.where, faults):
            entity = _entity(document, message_digest(message))
        faults.refuse(KIND)
        return ReadMessage(KIND, None, None, (entity,))


READERS = (TransportDocumentReader(),)


def _entity(document: JsonFields, digest: str) -> Entity:
    remarks: list[Remark] = []
    number = document.text("transportDocumentReference", SHORT)
    type_code = document.text("transportDocumentTypeCode", TOKEN)
    status = _status(document, remarks)
    if number is None or type_code is None or status is None:
        return Entity(0, None, note="not read")
    if status in tables.NOT_ISSUED:
        return Entity(0, None, note=f"a transport document with status {status}: acknowledged, not recorded")
    own = Reference(kind="transport_document", value=number)
    bookings = tuple(dict.fromkeys(_bookings(document)))
    items = tuple(build_items(document, remarks))
    function: Function = "delete" if status in tables.VOIDED else "new"
    record = TransportDocument(
        references=(own, *(Reference(kind="cop", scope=tables.BOOKING_SCOPE, value=text) for text in bookings)),
        source=Source(kind=KIND, sha256=digest, message_id=number, ordinal=0),
        transport_document=TransportDocumentHead(
            kind=_kind(type_code, remarks),
            number=number,
            own_number=document.maybe("shippingInstructionsReference", NAME),
            function=function,
            to_order=document.flag("isToOrder"),
            issued_on=_day(document, "issueDate", "shippedOnBoardDate", "receivedForShipmentDate"),
            declared_value=_declared(document),
            note=_note(document),
        ),
        parties=tuple(document_parties(document)),
        goods_items=items,
        transport=_transport(document, remarks).model_copy(
            update={"gross": total_gross(items), "packages": total_packages(items)}
        ),
    )
    record = record.with_remarks(*remarks, *unread_members(document.value, document.faults, tables.IGNORED))
    return Entity(0, record, lookup=record.references, amends=own if function == "delete" else None)


def _status(document: JsonFields, remarks: list[Remark]) -> str | None:
    status = document.text("transportDocumentStatus", NAME)
    canonical = status.upper().replace(" ", "_") if status else None
    if canonical is not None and canonical not in tables.STATES:
        remarks.append(Remark(rule="unknown-code", text=f"status {status} is in no list", field="transport_document"))
    elif canonical is not None and canonical != "ISSUED":
        remarks.append(Remark(rule="status", text=f"the document is {canonical}", field="transport_document"))
    return canonical


def _kind(code: str, remarks: list[Remark]) -> tables.DocumentKind:
    if code not in tables.KINDS:
        remarks.append(Remark(rule="unknown-code", text=f"type {code} is in no list", field="transport_document.kind"))
    return tables.KINDS.get(code, "other")


def _day(document: JsonFields, *names: str) -> str | None:
    """The first of these days that is said; one that says otherwise stays unread, so that it is remarked on."""
    chosen: str | None = None
    for name in names:
        if chosen is None:
            chosen = day(document.maybe(name, ISO_DAY), f"{document.where}/{name}", document.faults)
    return chosen


def _declared(document: JsonFields) -> Amount | None:
    value = document.decimal("declaredValue", ANY_DECIMAL, required=False)
    currency = document.maybe("declaredValueCurrency", TOKEN)
    if value is not None and currency is None:
        document.faults.add(f"{document.where}/declaredValueCurrency", "must be there beside declaredValue")
    if value is None or currency is None:
        return None
    return amount(rounded(value, 5, document.faults.notes, "declaredValue"), currency)


def _note(document: JsonFields) -> str | None:
    """Who pays the freight, in words: the record has no field for it."""
    term = document.maybe("freightPaymentTermCode", TOKEN)
    words = {"PRE": "freight prepaid", "COL": "freight collect"}
    return words.get(term, f"freight payment term {term}") if term else None


def _bookings(document: JsonFields) -> Iterator[str]:
    for item in document.each("consignmentItems"):
        if (booking := item.maybe("carrierBookingReference", SHORT)) is not None:
            yield booking


def _transport(document: JsonFields, remarks: list[Remark]) -> Transport:
    legs = document.child("transports", required=True)
    carrier = document.maybe("carrierCode", TOKEN)
    listed = document.maybe("carrierCodeListProvider", TOKEN) or "SMDG"
    coded = Code(system=tables.CARRIER_LISTS.get(listed, listed.lower()), value=carrier) if carrier else None
    containers = tuple(build_containers(document, remarks))
    if legs is None:
        return Transport(containers=containers)
    return Transport(
        mode=Code(system="uncefact-rec-19", value="1", name="Maritime transport"),
        conveyance=_conveyance(legs, coded),
        departure=_place(legs, "placeOfReceipt", remarks),
        loading=_place(legs, "portOfLoading", remarks),
        discharge=_place(legs, "portOfDischarge", remarks),
        destination=_place(legs, "placeOfDelivery", remarks),
        departed_on=_day(legs, "plannedDepartureDate"),
        arrived_on=_day(legs, "plannedArrivalDate"),
        containers=containers,
    )


def _conveyance(legs: JsonFields, carrier: Code | None) -> Conveyance | None:
    """Vessel and voyage of the first leg; further legs stay unread, so that they are remarked on."""
    first = next(legs.each("vesselVoyages", required=True), None)
    if first is None:
        return Conveyance(carrier=carrier) if carrier else None
    return Conveyance(
        name=first.maybe("vesselName", LABEL), voyage=first.maybe("carrierExportVoyageNumber", NAME), carrier=carrier
    )


def _place(legs: JsonFields, name: str, remarks: list[Remark]) -> Place | None:
    location = legs.child(name)
    if location is None:
        return None
    place = unlocode(location.maybe("UNLocationCode", TOKEN), remarks) or Place()
    facility, city = location.child("facility"), location.child("city")
    code = facility.maybe("facilityCode", SHORT) if facility is not None else None
    city_name = city.maybe("city", NAME) if city is not None else None
    found = place.model_copy(
        update={
            "code": Code(system="dcsa-facility", value=code) if code and place.code is None else place.code,
            "name": location.maybe("locationName", LABEL) or city_name,
            "country": city.maybe("countryCode", TOKEN) if city is not None else None,
        }
    )
    return found if found != Place() else None
