"""DCSA Verified Gross Mass 1.0 (`VGMDeclarations`): each declaration becomes a `logistics.weight` of one container.

A retracted declaration (`isRetracted`) amends the record of the declaration with that reference.
"""

from __future__ import annotations

from typing import Final

from adapters.formats.dcsa_tnt.reader import BOOKING_SCOPE
from adapters.mapping.logistics import (
    ABOVE_ZERO,
    ISO_TIME,
    LABEL,
    NAME,
    SHORT,
    TOKEN,
    box_number,
    imo,
    moment,
    noted,
    unlocode,
    weight,
)
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_members
from adapters.parsing.json_fields import JsonFields, Value, parse_json
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsWeight, WeightHead
from chain.records.scalars import Code, Weight
from chain.records.sections import Party, PartyRole
from chain.records.transport import Container, Conveyance, Place, Seal, Transport

KIND: Final = "DCSA-VGM-1.0"
VGM_SCOPE: Final = "dcsa-vgm"
DECLARATIONS_MAX = 1000
LISTS: Final = ("VGMDeclarations", "VGMDeclaration", "data", "items", "results")
"""Members in which a declaration, or a list of them, is handed over; one may also stand alone or in a bare list."""
WRAPPERS_MAX: Final = 3
METHODS: Final = ("SM1", "SM2")
"""SOLAS: weighed whole, or summed."""
IGNORED: Final = {
    "facilityCodeListProvider": "which list the facility's code is of, kept as dcsa-facility",
    "universalServiceReference": "the carrier's schedule, not the goods",
    "carrierServiceCode": "the carrier's schedule, not the goods",
    "routingDetails": "who passed the message on",
    "facilityTypeCode": "what kind of place a terminal is",
    "address": "the postal address of a place or party that is named beside it",
    "seals/type": "of what the seal is made",
    "isShipperOwned": "whose the container is, its number's prefix says",
}


class VerifiedGrossMassReader:
    """VGM 1.0."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the members that every declaration has stand in the JSON, whatever it is wrapped in."""
        return b'"VGMDeclarations"' in message or (b'"VGM"' in message and b'"declarationReference"' in message)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        declarations, beside = _declarations(parse_json(message))
        if len(declarations) > DECLARATIONS_MAX:
            raise MalformedMessage(KIND, f"holds at most {DECLARATIONS_MAX} declarations", value=len(declarations))
        digest = message_digest(message)
        entities: list[Entity] = []
        for ordinal, declaration in enumerate(declarations):
            fields = JsonFields.root(declaration, faults, f"{KIND}/VGMDeclarations[{ordinal + 1}]")
            with noted(fields.where, faults):
                entities.append(_entity(ordinal, fields, digest))
        faults.refuse(KIND)
        remarks = tuple(
            remark.text for remark in unread_members(beside, Faults(), {**IGNORED, "format": "names this form"})
        )
        return ReadMessage(KIND, None, None, tuple(entities), remarks)


READERS = (VerifiedGrossMassReader(),)


def _declarations(value: Value) -> tuple[list[Value], dict[str, Value]]:
    """The declarations, in whatever they are wrapped, and what stands beside them."""
    beside: dict[str, Value] = {}
    for _ in range(WRAPPERS_MAX):
        if not isinstance(value, dict) or "declarationReference" in value:
            break
        name = next((name for name in LISTS if isinstance(value.get(name), dict | list)), None)
        if name is None:
            break
        beside.update({other: inner for other, inner in value.items() if other != name})
        value = value[name]
    declarations: list[Value] = value if isinstance(value, list) else [value]
    if not declarations:
        raise MalformedMessage(f"{KIND}/{LISTS[0]}", "holds at least one object", fix="Fill in the member")
    return declarations, beside


def _entity(ordinal: int, fields: JsonFields, digest: str) -> Entity:
    remarks: list[Remark] = []
    reference = fields.text("declarationReference", NAME)
    vgm, equipment = fields.child("VGM", required=True), fields.child("equipmentDetails", required=True)
    retracted = fields.flag("isRetracted") or False
    if reference is None or vgm is None or equipment is None:
        return Entity(ordinal, None, note="not read")
    gross = _weight(vgm, "weight", required=True)
    method = vgm.text("method", TOKEN)
    place = _place(vgm, "location", remarks)
    transport = _transport(fields, remarks)
    zone_of = place if place is not None and place.unlocode else transport.loading if transport is not None else None
    at = moment(vgm.maybe("dateTime", ISO_TIME), f"{vgm.where}/dateTime", fields.faults, remarks, place=zone_of)
    container = _container(equipment, remarks)
    shipment = fields.child("shipmentDetails")
    bill = shipment.maybe("transportDocumentReference", SHORT) if shipment else None
    booking = shipment.maybe("carrierBookingReference", NAME) if shipment else None
    if gross is None or method is None or container is None:
        return Entity(ordinal, None, note="not read")
    lookup = (
        *((Reference(kind="transport_document", value=bill),) if bill else ()),
        *((Reference(kind="cop", scope=BOOKING_SCOPE, value=booking),) if booking else ()),
        Reference(kind="container", value=container.number, on=at.utc[:10] if at else ""),
    )
    own = Reference(kind="cop", scope=VGM_SCOPE, value=reference)
    record = LogisticsWeight(
        references=(*lookup, own),
        source=Source(kind=KIND, sha256=digest, message_id=reference, ordinal=ordinal),
        weight=WeightHead(
            gross=gross,
            kind="vgm",
            method=_method(method, remarks),
            at=at,
            id=reference,
            retracts=reference if retracted else None,
            container=container,
            cargo_gross=container.cargo_gross,
            bill=bill,
            booking=booking,
            certificate=vgm.maybe("certificationReference", NAME),
            place=place,
        ),
        parties=_parties(fields),
        transport=transport,
    )
    record = record.with_remarks(*remarks, *unread_members(fields.value, fields.faults, IGNORED))
    return Entity(ordinal, record, lookup=lookup, amends=own if retracted else None)


def _method(said: str, remarks: list[Remark]) -> Code:
    known = said in METHODS
    if not known:
        remarks.append(Remark(rule="unknown-code", text=f"method {said} is in no list", field="weight.method"))
    return Code(system="solas-vgm-method", value=said, known=known)


def _weight(fields: JsonFields, name: str, *, required: bool = False) -> Weight | None:
    inner = fields.child(name, required=required)
    if inner is None:
        return None
    return weight(inner.decimal("value", ABOVE_ZERO), inner.maybe("unit", TOKEN), inner.where, fields.faults)


def _container(equipment: JsonFields, remarks: list[Remark]) -> Container | None:
    said = equipment.text("equipmentReference", TOKEN)
    if said is None:
        return None
    number, known = box_number(said, remarks)
    size = equipment.maybe("ISOEquipmentCode", TOKEN)
    seals = [
        Seal(number=n, by=Code(system="dcsa-seal-source", value=by) if by else None)
        for one in equipment.each("seals")
        if (n := one.maybe("number", SHORT))
        for by in (one.maybe("source", TOKEN),)
    ]
    return Container(
        number=number,
        known=known,
        size_type=Code(system="iso-6346-type", value=size) if size else None,
        tare=_weight(equipment, "tareWeight"),
        cargo_gross=_weight(equipment, "cargoGrossWeight"),
        seals=tuple(seals),
    )


def _place(fields: JsonFields, name: str, remarks: list[Remark]) -> Place | None:
    """A location by its UN/LOCODE, facility and name, as far as it says them."""
    location = fields.child(name)
    if location is None:
        return None
    place = unlocode(location.maybe("UNLocationCode", TOKEN), remarks) or Place()
    facility = location.child("facility")
    code = facility.maybe("facilityCode", TOKEN) if facility else None
    said = {
        "code": Code(system="dcsa-facility", value=code) if code and place.code is None else place.code,
        "name": location.maybe("locationName", LABEL),
    }
    found = place.model_copy(update=said)
    return found if found != Place() else None


def _transport(fields: JsonFields, remarks: list[Remark]) -> Transport | None:
    """Vessel, voyage and ports that the container is weighed for."""
    voyage = fields.child("vesselVoyageDetails")
    if voyage is None:
        return None
    name, number = voyage.maybe("vesselName", LABEL), imo(voyage.maybe("vesselIMONumber", TOKEN), remarks)
    export, back = (_voyage(voyage, way) for way in ("export", "import"))
    conveyance = Conveyance(name=name, imo=number, voyage=export or back, export_voyage=export if back else None)
    return Transport(
        conveyance=conveyance if conveyance != Conveyance() else None,
        loading=_place(voyage, "portOfLoading", remarks),
        discharge=_place(voyage, "portOfDischarge", remarks),
    )


def _voyage(voyage: JsonFields, way: str) -> str | None:
    either = voyage.child(f"{way}VoyageNumberOrReference")
    return either.maybe("carrierVoyageNumber", SHORT) if either else None


def _parties(fields: JsonFields) -> tuple[Party, ...]:
    found: list[Party] = []
    roles: tuple[tuple[str, PartyRole], ...] = (("responsibleParty", "responsible"), ("weighingParty", "operator"))
    for member, role in roles:
        party = fields.child(member)
        name = party.maybe("partyName", LABEL) if party else None
        if name is not None:
            found.append(Party(role=role, name=name))
    signatory = fields.maybe("authorizedPersonSignatory", LABEL)
    if signatory is not None:
        found.append(Party(role="responsible", name=signatory))
    return tuple(found)
