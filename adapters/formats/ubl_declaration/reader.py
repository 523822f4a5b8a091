"""UBL ImportCustomsDeclaration 2.3 and 2.4 (OASIS): the declaration of an importer or its agent, with its documents.

`tables.py` says where each figure may stand. A customs office's `FunctionCode` in the document's extension is obeyed: a
changed or cancelled declaration amends the one of its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from adapters.formats.ceb.reader import note_problems
from adapters.formats.ubl_declaration import tables
from adapters.mapping.chinese_customs import reference
from adapters.mapping.code_mapping import Coding
from adapters.mapping.local_time import find_country_zone
from adapters.mapping.logistics import LABEL, NAME, NOTE, TOKEN, moment
from adapters.mapping.ubl import CAC, CBC, COUNTRY, UBL_DAY, each_in, first, measure, note_copy, priced
from adapters.mapping.ubl import party as ubl_party
from adapters.message import Entity, Reader, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.forms import whole
from adapters.parsing.xml import local_name, parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.errors import Malformed, MalformedMessage
from chain.identifiers import AirWaybillNumber, ContainerNumber, HsCode
from chain.records.base import Document, Reference, Source
from chain.records.customs import CustomsDeclaration, DeclarationHead
from chain.records.scalars import Amount, Code, Direction, Function, Instant
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Container, Conveyance, Package, Place, Transport
from chain.records.value import Valuation

NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:ImportCustomsDeclaration-2"
ITEMS_MAX: Final = 999
WAYBILL_TYPES: Final = frozenset({"703", "704", "705", "710", "714", "720", "730", "740", "741"})
"""UN/EDIFACT 1001 codes of waybills and bills of lading; a national list may put N before them."""
_COUNT: Final = whole(8)


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
        note_copy(root)
        number, function = root.text(CBC + "ID", NAME), _function(root)
        source = Source(kind=self.kind, sha256=message_digest(message), message_id=number)
        record: CustomsDeclaration | None = None
        try:
            record = _build(root, number, function, source, coding)
            unread = unread_elements(root.element, faults, tables.IGNORED)
            record = record.with_remarks(*coding.remarks, *unread)
        except Malformed as fault:
            faults.note(fault, f"{root.where}/{fault.field}")
        except ValidationError as problem:
            note_problems(problem, root.where, faults)
        faults.refuse(self.kind)
        if record is None:
            return ReadMessage(self.kind, number, None, ())
        lookup = tuple(cited for cited in record.references if cited.kind in ("declaration", "transport_document"))
        amends = None if function == "new" else record.references[0]
        return ReadMessage(self.kind, number, None, (Entity(0, record, "", lookup, amends=amends),))


READERS: Final[tuple[Reader, ...]] = (UblDeclarationReader(),)


def _function(root: Fields) -> Function:
    """What the message does; a function that is none of the table's is a fault."""
    extensions = [child for child in root.element if local_name(child) == "UBLExtensions"]
    codes = [element for holder in extensions for element in holder.iter(f"{{*}}{tables.FUNCTION}")]
    code = (codes[0].text or "").strip() if codes else ""
    root.faults.read.update(codes[:1])
    if code not in tables.FUNCTIONS:
        known = ", ".join(sorted(filter(None, tables.FUNCTIONS)))
        root.faults.add(
            f"{root.where}/{tables.FUNCTION}", f"is a message function that is acted on: {known}", value=code
        )
    return tables.FUNCTIONS.get(code, "new")


def _text(holder: Fields, paths: tables.Paths) -> str | None:
    """The text at the first of these paths that has one."""
    return next(_texts(holder, paths), None)


def _texts(holder: Fields, paths: tables.Paths) -> Iterator[str]:
    for *steps, name in paths:
        for inner in each_in(holder, *steps):
            for element in inner.each(CBC + name):
                if (text := element.own(NOTE)) is not None:
                    yield text


def _amount(holder: Fields, paths: tables.Paths) -> Amount | None:
    amounts = (priced(inner, name) for *steps, name in paths for inner in each_in(holder, *steps))
    return next((amount for amount in amounts if amount is not None), None)


def _country(holder: Fields | None, paths: tables.Paths) -> str | None:
    if holder is None:
        return None
    for *steps, name in paths:
        for inner in each_in(holder, *steps):
            if (code := inner.maybe(CBC + name, COUNTRY)) is not None:
                return code
    return None


def _build(root: Fields, number: str | None, function: Function, source: Source, coding: Coding) -> CustomsDeclaration:
    shipment = root.child(CAC + "Shipment", required=True)
    documents, cited = _documents(root, coding)
    items = [item for path in tables.GOODS for item in each_in(shipment, *path)] if shipment else []
    if len(items) > ITEMS_MAX:
        root.faults.add(f"{root.where}/Shipment/GoodsItem", f"appears at most {ITEMS_MAX} times", value=len(items))
    origin = _country(shipment, tables.ORIGIN)
    return CustomsDeclaration(
        references=reference("declaration", number) + cited,
        documents=documents,
        source=source,
        declaration=_head(root, number, function, len(items), coding),
        parties=tuple(_parties(root)),
        goods_items=tuple(_item(item, count, origin, coding) for count, item in enumerate(items[:ITEMS_MAX], 1)),
        transport=_transport(shipment, coding) if shipment else None,
        valuation=_valuation(shipment, coding) if shipment else None,
    )


def _head(root: Fields, number: str | None, function: Function, count: int, coding: Coding) -> DeclarationHead:
    subtype = root.maybe(CBC + "SubTypeCode", NAME) or ""
    directions: dict[str, Direction] = {"IM": "I", "EX": "E"}
    # The root itself says import where no subtype is told; an unknown one is kept in `form` and says no direction.
    direction = directions.get(subtype[:2]) if subtype else "I"
    if direction is None:
        coding.remark("unknown-code", f"SubTypeCode {subtype} begins with neither IM nor EX", "declaration.direction")
    previous, office = first(root, "PreviousCustomsDeclaration"), first(root, "CustomsParty")
    office_number = _text(office, (("PartyIdentification", "ID"),)) if office else None
    nature = root.maybe(CBC + "NatureOfTransactionCode", TOKEN)
    notes = [text for note in root.each(CBC + "Note") if (text := note.own(NOTE))]
    return DeclarationHead(
        number=number,
        function=function,
        direction=direction,
        kind=coding.code("ubl-declaration-type", root.maybe(CBC + "TypeCode", NAME)),
        form=coding.code("ubl-declaration-subtype", subtype or None),
        office=coding.code("ubl-customs-office", office_number),
        related_declaration=previous.maybe(CBC + "ID", NAME) if previous else None,
        lodged=_issued(root, coding),
        declared_on=_day(root, "IssueDate"),
        item_count=count or None,
        flags=(Code(system="ubl-transaction-nature", value=nature),) if nature else (),
        note="\n".join(notes)[:4_000] or None,
    )


def _day(fields: Fields, name: str) -> str | None:
    text = fields.maybe(CBC + name, UBL_DAY)
    if text is None:
        return None
    try:
        return datetime.strptime(text[:10], "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d")
    except ValueError:
        fields.faults.add(f"{fields.where}/{name}", "is a date YYYY-MM-DD", value=text)
        return None


def _issued(root: Fields, coding: Coding) -> Instant | None:
    """Date and time of issue; a time without its zone is that of the importer's country, with a remark."""
    day = _day(root, "IssueDate")
    clock = root.maybe(CBC + "IssueTime", NAME) if day is not None else None
    if day is None or clock is None:
        return None
    country = _country(first(root, "ImporterParty"), (("PostalAddress", "Country", "IdentificationCode"),))
    zone = find_country_zone(country) or UTC
    return moment(f"{day}T{clock}", f"{root.where}/IssueTime", root.faults, coding.remarks, otherwise=zone)


def _parties(root: Fields) -> Iterator[Party]:
    for name, role in tables.PARTIES:
        for holder in root.each(CAC + name):
            yield ubl_party(role, holder)
            if (agent := first(holder, "AgentParty")) is not None:
                yield ubl_party("agent", agent)


def _item(item: Fields, count: int, origin: str | None, coding: Coding) -> GoodsItem:
    code, number = _text(item, tables.ITEM_HS), _text(item, tables.ITEM_NUMBER)
    if code and not HsCode.is_valid(code):
        coding.remark("hs-code", f"{code[:64]} is no tariff code", f"goods_items.{count - 1}.hs")
    procedure = item.maybe(CBC + "CustomsProcedureCode", NAME)
    nets = (measure(item, path[-1]) for path in tables.ITEM_NET)
    return GoodsItem(
        ordinal=int(number) if number and number.isdigit() and 1 <= int(number) <= ITEMS_MAX else count,
        hs=HsCode.parse(code) if code and HsCode.is_valid(code) else None,
        name=_text(item, tables.ITEM_NAME),
        total=priced(item, "ValueAmount"),
        customs_value=priced(item, "DeclaredCustomsValueAmount"),
        statistical_value=priced(item, "DeclaredStatisticsValueAmount"),
        origin=_country(item, tables.ITEM_ORIGIN) or origin,
        procedure=(Code(system="ubl-procedure", value=procedure),) if procedure else (),
        preference=coding.code("ubl-preference", item.maybe(CBC + "PreferenceCriterionCode", NAME)),
        gross=measure(item, "GrossWeightMeasure"),
        net=next((net for net in nets if net is not None), None),
        packages=tuple(_package(package, coding) for package in item.each(CAC + "ContainingPackage")),
    )


def _package(package: Fields, coding: Coding) -> Package:
    count = package.maybe(CBC + "Quantity", _COUNT)
    return Package(
        count=int(count) if count else 0,
        kind=coding.code("uncefact-rec-21", package.maybe(CBC + "PackagingTypeCode", TOKEN)),
        marks=package.maybe(CBC + "ID", NAME),
    )


def _transport(shipment: Fields, coding: Coding) -> Transport:
    stages = [stage for path in tables.STAGES for stage in each_in(shipment, *path)]
    main = stages[-1] if stages else None
    count, port = _text(shipment, tables.PACKAGES), _text(shipment, tables.ENTRY)
    is_count = count is not None and _COUNT.fits(count)
    if count is not None and not is_count:
        shipment.faults.add(f"{shipment.where}/TotalPackagesQuantity", _COUNT.rule, value=count)
    gross, net = (
        next(
            (found for *steps, name in paths for at in each_in(shipment, *steps) if (found := measure(at, name))), None
        )
        for paths in (tables.GROSS, tables.NET)
    )
    return Transport(
        mode=coding.code("uncefact-rec-19", main.maybe(CBC + "TransportModeCode", TOKEN)) if main else None,
        conveyance=_conveyance(main) if main else None,
        entry=Place(code=Code(system="ubl-port", value=port[:64])) if port else None,
        country_departure=_country(shipment, tables.DEPARTURE),
        country_destination=_country(shipment, tables.DESTINATION),
        packages=Package(count=int(count)) if count and is_count else None,
        gross=gross,
        net=net,
        containers=tuple(_containers(shipment)),
    )


def _conveyance(stage: Fields) -> Conveyance | None:
    means = first(stage, "TransportMeans")
    if means is None:
        return None
    names = (
        (("AirTransport", "AircraftID"),),
        (("MaritimeTransport", "VesselName"),),
        (("MaritimeTransport", "VesselID"),),
        (("RoadTransport", "LicensePlateID"),),
        (("RailTransport", "TrainID"),),
    )
    conveyance = Conveyance(
        name=next((name for paths in names if (name := _text(means, paths))), None),
        voyage=means.maybe(CBC + "JourneyID", LABEL),
        nationality=means.maybe(CBC + "RegistrationNationalityID", COUNTRY),
    )
    return conveyance if conveyance != Conveyance() else None


def _containers(shipment: Fields) -> Iterator[Container]:
    numbers = (box.maybe(CBC + "ID", TOKEN) for path in tables.EQUIPMENT for box in each_in(shipment, *path))
    for number in dict.fromkeys(number for number in numbers if number):
        known = ContainerNumber.is_valid(number)
        yield Container(number=ContainerNumber.parse(number) if known else number[:17], known=known)


def _valuation(shipment: Fields, coding: Coding) -> Valuation | None:
    valuation = Valuation(
        terms=coding.code("incoterms", _text(shipment, tables.TERMS)),
        terms_place=_text(shipment, tables.TERMS_PLACE),
        invoice_total=_amount(shipment, tables.INVOICED),
        customs_value=_amount(shipment, tables.CUSTOMS_VALUE),
    )
    return valuation if valuation != Valuation() else None


def _documents(root: Fields, coding: Coding) -> tuple[tuple[Document, ...], tuple[Reference, ...]]:
    documents: list[Document] = []
    cited: tuple[Reference, ...] = ()
    for holder in root.each(CAC + "AdditionalDocumentReference"):
        number, kind = holder.text(CBC + "ID", NAME), holder.maybe(CBC + "DocumentTypeCode", NAME) or ""
        documents.append(
            Document(kind=coding.named("uncl-1001", kind or "?"), number=number, issued=_day(holder, "IssueDate"))
        )
        if number and kind.removeprefix("N") in WAYBILL_TYPES:
            spelled = AirWaybillNumber.parse(number) if AirWaybillNumber.is_valid(number) else number
            cited += reference("transport_document", spelled)
    return tuple(documents), cited
