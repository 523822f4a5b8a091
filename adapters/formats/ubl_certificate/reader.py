"""UBL CertificateOfOrigin (2.0 to 2.4) as a `trade.certificate`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.formats.ubl_certificate import tables
from adapters.mapping.logistics import LABEL, NAME, NOTE, SHORT, TOKEN, day, noted
from adapters.mapping.ubl import CAC, CBC, COUNTRY, UBL_DAY, counted, each_in, first, measure, note_copy, party, priced
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.identifiers import HsCode
from chain.records.base import Reference, Remark, Source
from chain.records.scalars import Code
from chain.records.sections import GoodsItem, Party
from chain.records.trade import CertificateHead, TradeCertificate
from chain.records.transport import Conveyance, Place, Transport

KIND: Final = "UBL-CertificateOfOrigin"
GOODS_MAX: Final = 999
_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:CertificateOfOrigin-2"


class UblCertificateReader:
    """UBL CertificateOfOrigin."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the root is UBL's CertificateOfOrigin."""
        return peek_root(message).namespace == _NAMESPACE

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        note_copy(root)
        record: TradeCertificate | None = None
        with noted(root.where, faults):
            record = _certificate(root, Source(kind=KIND, sha256=message_digest(message)))
        faults.refuse(KIND)
        entity = Entity(0, record, lookup=record.references if record else ())
        return ReadMessage(KIND, root.maybe(f"{CBC}UUID", NAME), None, (entity,))


READERS = (UblCertificateReader(),)


def _certificate(root: Fields, source: Source) -> TradeCertificate | None:
    remarks: list[Remark] = []
    number = root.text(f"{CBC}ID", NAME)
    issued = day(root.maybe(f"{CBC}IssueDate", UBL_DAY), f"{root.where}/IssueDate", root.faults)
    application = root.child(f"{CAC}CertificateOfOriginApplication", required=True)
    if number is None or application is None:
        return None
    kind = application.text(f"{CBC}CertificateType", NAME)
    shipment = application.child(f"{CAC}Shipment")
    goods = tuple(_goods(shipment, remarks)) if shipment is not None else ()
    supporting = list(application.each(f"{CAC}SupportingDocumentReference"))
    invoices = tuple(_numbers(supporting, tables.INVOICES))
    bills = tuple(_numbers(supporting, tables.BILLS))
    country = application.child(f"{CAC}IssuingCountry")
    origins = {item.origin for item in goods if item.origin}
    record = TradeCertificate(
        references=(
            Reference(kind="cop", scope=tables.SCOPE, value=number, on=issued or ""),
            *(Reference(kind="transport_document", value=bill) for bill in bills),
        ),
        source=source,
        certificate=CertificateHead(
            number=number,
            kind=Code(system="ubl-certificate-type", value=_token(kind), name=kind) if kind else None,
            issued_on=issued,
            issuing_country=country.maybe(f"{CBC}IdentificationCode", COUNTRY) if country is not None else None,
            origin=next(iter(origins)) if len(origins) == 1 and all(item.origin for item in goods) else None,
            state=_state(root, application),
            invoices=invoices,
            note=_note(root),
        ),
        parties=tuple(_parties(root, application)),
        goods_items=goods,
        transport=_transport(shipment, bills),
    )
    return record.with_remarks(*remarks, *unread_elements(root.element, root.faults, tables.IGNORED))


def _token(text: str) -> str:
    return re.sub("[^!-~]", "-", text)[:64]


def _state(root: Fields, application: Fields) -> Code | None:
    """How far it is: as its issuer endorsed it, else as it was applied for; other endorsements stay remarks."""
    endorsement = root.child(f"{CAC}{tables.ENDORSEMENTS[0]}")
    approval = endorsement.maybe(f"{CBC}ApprovalStatus", LABEL) if endorsement is not None else None
    if approval:
        return Code(system="ubl-approval-status", value=_token(approval), name=approval)
    status = application.maybe(f"{CBC}ApplicationStatusCode", TOKEN)
    return Code(system="ubl-application-status", value=status) if status else None


def _note(root: Fields) -> str | None:
    texts = [note.own(NOTE) for name in ("Description", "Note") for note in root.each(f"{CBC}{name}")]
    return "\n".join(text for text in texts if text)[:4_000] or None


def _numbers(documents: list[Fields], kinds: frozenset[str]) -> Iterator[str]:
    for document in documents:
        code = document.maybe(f"{CBC}DocumentTypeCode", TOKEN)
        if code in kinds and (number := document.maybe(f"{CBC}ID", SHORT)):
            yield number


def _parties(root: Fields, application: Fields) -> Iterator[Party]:
    for name, role, function in tables.PARTIES:
        holders = list(root.each(f"{CAC}{name}")) or list(application.each(f"{CAC}{name}"))
        for element in holders:
            named = party(role, element)
            coded = (Code(system="certificate-party", value=function),) if function else ()
            yield named.model_copy(update={"other_ids": (*named.other_ids, *coded)})


def _goods(shipment: Fields, remarks: list[Remark]) -> Iterator[GoodsItem]:
    elements = [*each_in(shipment, "GoodsItem"), *each_in(shipment, "Consignment", "GoodsItem")]
    if len(elements) > GOODS_MAX:
        shipment.faults.add(f"{shipment.where}/GoodsItem", f"at most {GOODS_MAX} items", value=len(elements))
        return
    for ordinal, element in enumerate(elements, 1):
        yield _item(element, ordinal, remarks)


def _item(element: Fields, ordinal: int, remarks: list[Remark]) -> GoodsItem:
    item = first(element, "Item")
    classification = first(item, "CommodityClassification")
    code = classification.maybe(f"{CBC}ItemClassificationCode", TOKEN) if classification is not None else None
    if code and not HsCode.is_valid(code):
        remarks.append(Remark(rule="hs-code", text=f"{code} is no tariff code", field=f"goods_items.{ordinal - 1}.hs"))
    origin = first(item, "OriginCountry")
    described = [text.own(NOTE) for text in element.each(f"{CBC}Description")]
    name = item.maybe(f"{CBC}Name", LABEL) if item is not None else None
    return GoodsItem(
        ordinal=ordinal,
        hs=HsCode.parse(code) if code and HsCode.is_valid(code) else None,
        name="\n".join(text for text in (*described, name) if text)[:4_000] or None,
        quantity=counted(element, "Quantity", "C62"),
        gross=measure(element, "GrossWeightMeasure"),
        net=measure(element, "NetWeightMeasure"),
        total=priced(element, "ValueAmount"),
        origin=origin.maybe(f"{CBC}IdentificationCode", COUNTRY) if origin is not None else None,
    )


def _transport(shipment: Fields | None, bills: tuple[str, ...]) -> Transport | None:
    """Bill, ship and ports, as far as the shipment says them."""
    if shipment is None:
        return Transport(bill=bills[0]) if bills else None
    stage = next(each_in(shipment, "ShipmentStage"), None)
    ship = next(each_in(stage, "TransportMeans", "MaritimeTransport"), None) if stage is not None else None
    mode = stage.maybe(f"{CBC}TransportModeCode", TOKEN) if stage is not None else None
    conveyance = Conveyance(
        name=ship.maybe(f"{CBC}VesselName", LABEL) if ship is not None else None,
        voyage=stage.maybe(f"{CBC}ID", SHORT) if stage is not None else None,
    )
    ports = [_port(first(stage, name)) for name in ("LoadingPortLocation", "UnloadingPortLocation")]
    transport = Transport(
        mode=Code(system="uncefact-rec-19", value=mode) if mode else None,
        conveyance=conveyance if conveyance != Conveyance() else None,
        bill=bills[0] if bills else None,
        loading=ports[0],
        discharge=ports[1],
        gross=measure(shipment, "GrossWeightMeasure"),
        net=measure(shipment, "NetWeightMeasure"),
    )
    return transport if transport != Transport() else None


def _port(location: Fields | None) -> Place | None:
    if location is None:
        return None
    code, name = location.maybe(f"{CBC}ID", SHORT), location.maybe(f"{CBC}Name", LABEL)
    place = Place(code=Code(system="ubl-location", value=_token(code)) if code else None, name=name)
    return place if place != Place() else None
