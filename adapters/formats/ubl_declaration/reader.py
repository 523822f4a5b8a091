"""UBL ImportCustomsDeclaration 2.3 and 2.4 (OASIS): the declaration of an importer or its agent, with its documents."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from adapters.formats.ceb.reader import note_problems
from adapters.formats.wco.metadata import CODE, COUNT, COUNTRY, CURRENCY, MASS, MONEY, NAME, NOTE
from adapters.mapping.chinese_customs import reference
from adapters.mapping.code_mapping import Coding
from adapters.message import Entity, Reader, ReadMessage, message_digest
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields, Form, exact
from chain.errors import Malformed, MalformedMessage
from chain.identifiers import AirWaybillNumber, HsCode
from chain.records.base import Document, Reference, Source
from chain.records.customs import CustomsDeclaration, DeclarationHead
from chain.records.scalars import Amount, Code, Direction, Instant, Weight, amount, fixed, instant
from chain.records.sections import GoodsItem, Party, PartyRole
from chain.records.transport import Conveyance, Package, Place, Transport
from chain.records.value import Valuation

NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:ImportCustomsDeclaration-2"
CAC: Final = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC: Final = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
ITEMS_MAX: Final = 999
WAYBILL_TYPES: Final = frozenset({"703", "704", "705", "710", "714", "720", "730", "740", "741"})
"""UN/EDIFACT 1001 codes of waybills and bills of lading; a national list may put N before them."""
UNIT: Final = Form("a UN/ECE Rec 20 unit", re.compile("[A-Z0-9]{2,3}"))
_DATE: Final = exact(10)
_ROLES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("ImporterParty", "importer"),
    ("ConsignorParty", "consignor"),
    ("ConsigneeParty", "consignee"),
    ("NotifierParty", "notify"),
)


class UblDeclarationReader:
    """Reads one UBL import declaration."""

    kind = "UBL-ImportCustomsDeclaration"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is UBL's import declaration."""
        try:
            return peek_root(message).namespace == NAMESPACE
        except MalformedMessage:
            return False

    def read(self, message: bytes) -> ReadMessage:
        """The declaration as the message's one entity; raises `MalformedMessage` with all faults."""
        faults, coding = Faults(), Coding()
        root = Fields.root(parse_xml(message), faults)
        number = root.text(CBC + "ID", NAME)
        source = Source(kind=self.kind, sha256=message_digest(message), message_id=number)
        record: CustomsDeclaration | None = None
        try:
            record = _build(root, number, source, coding)
            record = record.with_remarks(*coding.remarks)
        except Malformed as fault:
            faults.note(fault, f"{root.where}/{fault.field}")
        except ValidationError as problem:
            note_problems(problem, root.where, faults)
        faults.refuse(self.kind)
        if record is None:
            return ReadMessage(self.kind, number, None, ())
        lookup = tuple(found for found in record.references if found.kind in ("declaration", "transport_document"))
        return ReadMessage(self.kind, number, None, (Entity(0, record, "", lookup),))


def _build(root: Fields, number: str | None, source: Source, coding: Coding) -> CustomsDeclaration:
    shipment = root.child(CAC + "Shipment", required=True)
    documents, cited = _documents(root, coding)
    items = list(shipment.each(CAC + "GoodsItem")) if shipment else []
    if not 1 <= len(items) <= ITEMS_MAX:
        rule = f"appears 1 to {ITEMS_MAX} times"
        root.faults.add(f"{root.where}/Shipment/GoodsItem", rule, value=f"{len(items)} times")
    origin, exported = _countries(shipment)
    return CustomsDeclaration(
        references=reference("declaration", number) + cited,
        documents=documents,
        source=source,
        declaration=_head(root, number, len(items), coding),
        parties=_parties(root),
        goods_items=tuple(built for item in items[:ITEMS_MAX] if (built := _item(item, origin, coding)) is not None),
        transport=_transport(shipment, exported, coding) if shipment else None,
        valuation=_valuation(shipment, coding) if shipment else None,
    )


def _head(root: Fields, number: str | None, count: int, coding: Coding) -> DeclarationHead:
    subtype = root.maybe(CBC + "SubTypeCode", CODE) or ""
    directions: dict[str, Direction] = {"IM": "I", "EX": "E"}
    # The root itself says import where no subtype is told; an unknown one is kept in `form` and says no direction.
    direction = directions.get(subtype[:2]) if subtype else "I"
    if direction is None:
        coding.remark("unknown-code", f"SubTypeCode {subtype} begins with neither IM nor EX", "declaration.direction")
    previous = root.child(CAC + "PreviousCustomsDeclaration")
    return DeclarationHead(
        number=number,
        direction=direction,
        kind=coding.code("ubl-declaration-type", root.maybe(CBC + "TypeCode", CODE)),
        form=coding.code("ubl-declaration-subtype", subtype or None),
        related_declaration=previous.maybe(CBC + "ID", NAME) if previous else None,
        lodged=_issued(root),
        declared_on=_day(root, "IssueDate"),
        item_count=count,
    )


def _day(fields: Fields, name: str) -> str | None:
    said = fields.maybe(CBC + name, _DATE)
    if said is None:
        return None
    try:
        return datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d")
    except ValueError:
        fields.faults.add(f"{fields.where}/{name}", "is a date YYYY-MM-DD", value=said)
        return None


def _issued(root: Fields) -> Instant | None:
    """Date and time of issue; None where the time has no zone, since then the moment is not known."""
    said, clock = _day(root, "IssueDate"), root.maybe(CBC + "IssueTime", NAME)
    if said is None or clock is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{said}T{clock}")
    except ValueError:
        root.faults.add(f"{root.where}/IssueTime", "is a time hh:mm:ss with a zone", value=clock)
        return None
    return instant(f"{said}T{clock}", moment) if moment.tzinfo else None


def _parties(root: Fields) -> tuple[Party, ...]:
    found: list[Party | None] = []
    for name, role in _ROLES:
        holder = root.child(CAC + name)
        found.append(_party(holder, role))
        found.append(_party(holder.child(CAC + "AgentParty"), "agent") if holder else None)
    return tuple(party for party in found if party is not None)


def _party(holder: Fields | None, role: PartyRole) -> Party | None:
    if holder is None:
        return None
    identified, named = holder.child(CAC + "PartyIdentification"), holder.child(CAC + "PartyName")
    number = identified.maybe(CBC + "ID", NAME) if identified else None
    name = named.maybe(CBC + "Name", NAME) if named else None
    if not (number or name):
        return None
    place = holder.child(CAC + "PostalAddress")
    lines = [place.maybe(CBC + part, NAME) for part in ("StreetName", "CityName", "PostalZone")] if place else []
    country = place.child(CAC + "Country") if place else None
    contact = holder.child(CAC + "Contact")
    return Party(
        role=role,
        name=name,
        overseas_id=number,
        phone=contact.maybe(CBC + "Telephone", NAME) if contact else None,
        address=", ".join(line for line in lines if line) or None,
        country=country.maybe(CBC + "IdentificationCode", COUNTRY) if country else None,
    )


def _item(item: Fields, origin: str | None, coding: Coding) -> GoodsItem | None:
    goods = item.child(CAC + "Item", required=True)
    name = goods.text(CBC + "Description", NOTE) if goods else None
    ordinal = item.text(CBC + "SequenceNumberID", COUNT)
    if goods is None or name is None or ordinal is None:
        return None
    classified = next(iter(goods.each(CAC + "CommodityClassification")), None)
    said = classified.maybe(CBC + "ItemClassificationCode", CODE) if classified else None
    if said and not HsCode.is_valid(said):
        goods.faults.add(f"{goods.where}/CommodityClassification/ItemClassificationCode", HsCode.RULE, value=said)
        said = None
    procedure = item.maybe(CBC + "CustomsProcedureCode", CODE)
    return GoodsItem(
        ordinal=int(ordinal),
        hs=HsCode.parse(said) if said else None,
        name=name,
        total=_amount(item, "ValueAmount"),
        statistical_value=_amount(item, "DeclaredStatisticsValueAmount"),
        origin=origin,
        procedure=(Code(system="ubl-procedure", value=procedure),) if procedure else (),
        preference=coding.code("ubl-preference", item.maybe(CBC + "PreferenceCriterionCode", CODE)),
        gross=_weight(item, "GrossWeightMeasure"),
        net=_weight(item, "NetWeightMeasure"),
        packages=tuple(_package(found, coding) for found in item.each(CAC + "ContainingPackage")),
    )


def _package(found: Fields, coding: Coding) -> Package:
    count = found.maybe(CBC + "Quantity", COUNT)
    return Package(
        count=int(count) if count else 0,
        kind=coding.code("uncefact-rec-21", found.maybe(CBC + "PackagingTypeCode", CODE)),
        marks=found.maybe(CBC + "ID", NAME),
    )


def _amount(fields: Fields, name: str) -> Amount | None:
    said = fields.maybe(CBC + name, MONEY)
    holder = fields.child(CBC + name) if said else None
    currency = holder.attribute("currencyID", CURRENCY, required=True) if holder else None
    return amount(said, currency) if said and currency else None


def _weight(fields: Fields, name: str) -> Weight | None:
    said = fields.maybe(CBC + name, MASS)
    holder = fields.child(CBC + name) if said else None
    unit = holder.attribute("unitCode", UNIT, required=True) if holder else None
    return Weight(value=fixed(said, 5), unit=unit) if said and unit else None


def _countries(shipment: Fields | None) -> tuple[str | None, str | None]:
    """Country of origin and of export of the shipment."""
    if shipment is None:
        return None, None
    origin, exported = shipment.at(CAC + "OriginAddress", CAC + "Country"), shipment.child(CAC + "ExportCountry")
    return (
        origin.maybe(CBC + "IdentificationCode", COUNTRY) if origin else None,
        exported.maybe(CBC + "IdentificationCode", COUNTRY) if exported else None,
    )


def _transport(shipment: Fields, exported: str | None, coding: Coding) -> Transport:
    consignment = shipment.child(CAC + "Consignment")
    count = consignment.maybe(CBC + "TotalPackagesQuantity", COUNT) if consignment else None
    stage = list(shipment.each(CAC + "ShipmentStage"))
    means = stage[-1].child(CAC + "TransportMeans") if stage else None
    flight = means.child(CAC + "AirTransport") if means else None
    arrival = shipment.child(CAC + "FirstArrivalPortLocation")
    port = arrival.maybe(CBC + "ID", CODE) if arrival else None
    return Transport(
        mode=coding.code("uncefact-rec-19", stage[-1].maybe(CBC + "TransportModeCode", CODE)) if stage else None,
        conveyance=Conveyance(
            name=flight.maybe(CBC + "AircraftID", NAME) if flight else None,
            nationality=means.maybe(CBC + "RegistrationNationalityID", COUNTRY),
        )
        if means
        else None,
        entry=Place(code=Code(system="ubl-port", value=port)) if port else None,
        country_departure=exported,
        packages=Package(count=int(count)) if count else None,
        gross=_weight(shipment, "GrossWeightMeasure"),
    )


def _valuation(shipment: Fields, coding: Coding) -> Valuation | None:
    delivery = shipment.child(CAC + "Delivery")
    terms = delivery.child(CAC + "DeliveryTerms") if delivery else None
    place = terms.child(CAC + "DeliveryLocation") if terms else None
    if terms is None:
        return None
    return Valuation(
        terms=coding.code("incoterms", terms.maybe(CBC + "ID", CODE)),
        terms_place=place.maybe(CBC + "Name", NAME) if place else None,
    )


def _documents(root: Fields, coding: Coding) -> tuple[tuple[Document, ...], tuple[Reference, ...]]:
    documents: list[Document] = []
    cited: tuple[Reference, ...] = ()
    for found in root.each(CAC + "AdditionalDocumentReference"):
        number, kind = found.text(CBC + "ID", NAME), found.maybe(CBC + "DocumentTypeCode", CODE) or ""
        documents.append(
            Document(kind=coding.named("uncl-1001", kind or "?"), number=number, issued=_day(found, "IssueDate"))
        )
        bare = kind.removeprefix("N")
        if number and bare in WAYBILL_TYPES:
            spelled = AirWaybillNumber.parse(number) if AirWaybillNumber.is_valid(number) else number
            cited += reference("transport_document", spelled)
    return tuple(documents), cited


READERS: Final[tuple[Reader, ...]] = (UblDeclarationReader(),)
