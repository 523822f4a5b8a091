"""Declarations in WCO Data Model 3.6 (DEC) as HMRC profiles them, and the readers of both WCO messages.

`FunctionCode` 9 lodges; 13 amends (`TypeCode` COR), naming the declaration by its MRN, or asks to invalidate it (INV).
"""

from __future__ import annotations

import re
from typing import Final

from pydantic import ValidationError

from adapters.formats.ceb.reader import note_problems
from adapters.formats.inventory_movement.reader import MASTER_SCOPE
from adapters.formats.wco.goods import build_items, statements, transport_of
from adapters.formats.wco.metadata import (
    CODE,
    COUNT,
    COUNTRY,
    IGNORED,
    MASS,
    NAME,
    duty_lines,
    inner_elements,
    is_metadata,
    item_number,
    money,
    pointed_field,
    stamp,
    stamped_day,
)
from adapters.formats.wco.response import WcoResponseReader
from adapters.mapping.chinese_customs import reference
from adapters.mapping.code_mapping import Coding
from adapters.mapping.logistics import rounded
from adapters.message import Entity, Reader, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml import parse_xml
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults, Fields, Form
from chain.errors import Malformed
from chain.identifiers import Ucr
from chain.records.base import Document, Reference, Source
from chain.records.customs import CustomsDeclaration, CustomsRequest, DeclarationHead, FieldChange, RequestHead
from chain.records.scalars import Code, Direction, Quantity, fixed
from chain.records.sections import Party, PartyRole
from chain.records.value import Taxes, Valuation

LODGE: Final = "9"
AMEND: Final = "13"
INVALIDATE: Final = "INV"
UCR_TYPES: Final = frozenset({"DCR", "DUCR"})
"""Previous documents that are the consignment's UCR (declaration UCR)."""
MASTER_UCR_TYPES: Final = frozenset({"MCR", "MUCR"})
TRANSPORT_TYPES: Final = frozenset({"703", "704", "705", "710", "714", "720", "730", "740", "741"})
"""Document types (UN/EDIFACT 1001) of waybills and bills of lading."""
DOCUMENTS_MAX: Final = 999
CHANGES_MAX: Final = 2_000
"""Fields that one amendment points to."""
UNIT: Final = Form("a UN/ECE Rec 20 unit", re.compile("[A-Z0-9]{2,3}"))

_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("Declarant", "declarant"),
    ("Agent", "agent"),
    ("Exporter", "exporter"),
)
_SHIPMENT_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("Importer", "importer"),
    ("Consignor", "consignor"),
    ("Consignee", "consignee"),
    ("Seller", "seller"),
    ("Buyer", "purchaser"),
)


class WcoDeclarationReader:
    """Reads WCO DEC messages."""

    kind = "WCO-DEC"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is `MetaData` of type DEC."""
        return is_metadata(message, b"DEC")

    def read(self, message: bytes) -> ReadMessage:
        """The declaration as the message's one entity; raises `MalformedMessage` with all faults."""
        faults = Faults()
        found = inner_elements(parse_xml(message), "Declaration", faults)
        if len(found) > 1:
            faults.add("Declaration", "appears once", value=f"{len(found)} times")
        faults.refuse(self.kind)
        own = found[0].text("FunctionalReferenceID", NAME)
        source = Source(kind=self.kind, sha256=message_digest(message), message_id=own)
        entity: Entity | None = None
        try:
            entity = _entity(found[0], source, Coding())
        except Malformed as fault:
            faults.note(fault, f"Declaration/{fault.field}")
        except ValidationError as problem:
            note_problems(problem, "Declaration", faults)
        faults.refuse(self.kind)
        return ReadMessage(self.kind, own, None, (entity,) if entity else ())


def _entity(declaration: Fields, source: Source, coding: Coding) -> Entity | None:
    function = declaration.text("FunctionCode", CODE)
    kind = declaration.text("TypeCode", CODE)
    number = declaration.maybe("ID", NAME)
    if function not in (LODGE, AMEND):
        declaration.faults.add(f"{declaration.where}/FunctionCode", f"is {LODGE} or {AMEND}", value=function)
        return None
    if function == AMEND and number is None:
        rule = "names the declaration (MRN) that is amended"
        declaration.faults.add(f"{declaration.where}/ID", rule, code=BUSINESS_CODE)
    own = _own_references(declaration, number, source.message_id)
    if function == AMEND and kind == INVALIDATE:
        request = _invalidation(declaration, source, own, number, coding)
        return Entity(source.ordinal, request, "", own)
    record = _declaration(declaration, source, own, coding)
    if function == AMEND:
        text = "a WCO amendment names what changes alone: what it leaves out stands as the amended record says"
        coding.remark("partial-amendment", text)
    unread = unread_elements(declaration.element, declaration.faults, IGNORED)
    if coding.remarks or unread:
        record = record.with_remarks(*coding.remarks, *unread)
    amends = own[0] if function == AMEND and number else None
    return Entity(source.ordinal, record, "", own, amends=amends)


def _own_references(declaration: Fields, number: str | None, own: str | None) -> tuple[Reference, ...]:
    """MRN, and the LRN as its declarant's own number."""
    declarant = declaration.child("Declarant")
    scope = declarant.maybe("ID", NAME) if declarant else None
    return reference("declaration", number) + reference("cop", own, scope=scope)


def _declaration(declaration: Fields, source: Source, own: tuple[Reference, ...], coding: Coding) -> CustomsDeclaration:
    shipment = declaration.child("GoodsShipment")
    items = list(shipment.each("GovernmentAgencyGoodsItem")) if shipment else []
    duties = tuple(line for item in items for line in duty_lines(item, item_number(item), coding))
    documents, cited = _documents(declaration, shipment, items, coding)
    _check_items(declaration, items)
    return CustomsDeclaration(
        ucr=_ucrs(shipment),
        references=own + cited + _containers(shipment),
        documents=documents,
        source=source,
        declaration=_head(declaration, coding),
        parties=_parties(declaration, shipment),
        goods_items=build_items(items, coding),
        transport=transport_of(declaration, shipment, coding),
        valuation=_valuation(declaration, shipment, coding),
        taxes=Taxes(lines=duties) if duties else None,
    )


def _head(declaration: Fields, coding: Coding) -> DeclarationHead:
    kind = declaration.maybe("TypeCode", CODE) or ""
    directions: dict[str, Direction] = {"IM": "I", "EX": "E", "CO": "E"}
    count = declaration.maybe("GoodsItemQuantity", COUNT)
    guarantee = next(iter(declaration.each("ObligationGuarantee")), None)
    changes, reasons = _changes(declaration)
    return DeclarationHead(
        number=declaration.maybe("ID", NAME),
        own_number=declaration.maybe("FunctionalReferenceID", NAME),
        function="change" if declaration.maybe("FunctionCode", CODE) == AMEND else "new",
        direction=directions.get(kind[:2]) if kind != "COR" else None,
        kind=coding.code("wco-declaration-type", kind or None),
        item_count=int(count) if count else None,
        guarantee=guarantee.maybe("ID", NAME) if guarantee else None,
        lodged=stamp(declaration, "IssueDateTime", coding.remarks),
        accepted=stamp(declaration, "AcceptanceDateTime", coding.remarks),
        flags=_flags(declaration),
        changes=changes,
        reason=reasons,
        note=statements(declaration),
    )


def _changes(declaration: Fields) -> tuple[tuple[FieldChange, ...], str | None]:
    """The fields that an amendment points to, and the codes of its reasons."""
    changes: list[FieldChange] = []
    reasons: dict[str, None] = {}
    for count, change in enumerate(declaration.each("Amendment"), 1):
        if count > CHANGES_MAX:
            declaration.faults.add(change.where, f"appears at most {CHANGES_MAX} times")
            break
        code, pointed = change.maybe("ChangeReasonCode", CODE), pointed_field(change)
        if code:
            reasons[f"change reason {code}"] = None
        if pointed:
            changes.append(FieldChange(field=pointed))
    return tuple(changes), "; ".join(reasons)[:4_000] or None


def _flags(declaration: Fields) -> tuple[Code, ...]:
    """How the agent represents, whether goods are in containers, the nature of the deal."""
    agent, shipment = declaration.child("Agent"), declaration.child("GoodsShipment")
    consignment = shipment.child("Consignment") if shipment else None
    said = (
        ("wco-agent-function", agent.maybe("FunctionCode", CODE) if agent else None),
        ("wco-container", consignment.maybe("ContainerCode", CODE) if consignment else None),
        ("wco-transaction-nature", shipment.maybe("TransactionNatureCode", CODE) if shipment else None),
    )
    return tuple(Code(system=system, value=value) for system, value in said if value)


def _check_items(declaration: Fields, items: list[Fields]) -> None:
    said = declaration.maybe("GoodsItemQuantity", COUNT)
    if declaration.maybe("FunctionCode", CODE) == AMEND:
        return  # it holds the items that change, not all
    if said and items and int(said) != len(items):
        rule = f"is the number of goods items, {len(items)}"
        declaration.faults.add(f"{declaration.where}/GoodsItemQuantity", rule, value=said, code=BUSINESS_CODE)


def _invalidation(
    declaration: Fields, source: Source, own: tuple[Reference, ...], number: str | None, coding: Coding
) -> CustomsRequest:
    return CustomsRequest(
        references=own,
        source=source,
        request=RequestHead(
            kind="cancel",
            own_number=source.message_id,
            about=(number,) if number else (),
            lodged=stamp(declaration, "IssueDateTime", coding.remarks),
            reason=statements(declaration),
        ),
        parties=_parties(declaration, declaration.child("GoodsShipment")),
    )


def _parties(declaration: Fields, shipment: Fields | None) -> tuple[Party, ...]:
    found = [_party(declaration.child(name), role) for name, role in _PARTIES]
    if shipment:
        found.extend(_party(shipment.child(name), role) for name, role in _SHIPMENT_PARTIES)
    consignment = declaration.child("Consignment")
    found.append(_party(consignment.child("Carrier"), "carrier") if consignment else None)
    return tuple(party for party in found if party is not None)


def _party(fields: Fields | None, role: PartyRole) -> Party | None:
    if fields is None:
        return None
    name, number = fields.maybe("Name", NAME), fields.maybe("ID", NAME)
    if not (name or number):
        return None
    place = fields.child("Address")
    lines = [place.maybe(part, NAME) for part in ("Line", "CityName", "PostcodeID", "CountryCode")] if place else []
    return Party(
        role=role,
        name=name,
        overseas_id=number,
        address=", ".join(line for line in lines if line) or None,
        country=place.maybe("CountryCode", COUNTRY) if place else None,
    )


def _ucrs(shipment: Fields | None) -> tuple[Ucr, ...]:
    """The declaration UCR that the trader cites, where it is one."""
    found: list[Ucr] = []
    if shipment:
        said = [
            document.maybe("ID", NAME)
            for document in shipment.each("PreviousDocument")
            if document.maybe("TypeCode", CODE) in UCR_TYPES
        ]
        own = shipment.child("UCR")
        said.append(own.maybe("TraderAssignedReferenceID", NAME) if own else None)
        found.extend(Ucr.parse(number) for number in said if number and Ucr.is_valid(number))
    return tuple(dict.fromkeys(found))


def _containers(shipment: Fields | None) -> tuple[Reference, ...]:
    consignment = shipment.child("Consignment") if shipment else None
    found: tuple[Reference, ...] = ()
    for box in consignment.each("TransportEquipment") if consignment else ():
        found += reference("container", box.maybe("ID", NAME))
    return found


def _documents(
    declaration: Fields, shipment: Fields | None, items: list[Fields], coding: Coding
) -> tuple[tuple[Document, ...], tuple[Reference, ...]]:
    """Documents cited by head, shipment and items, and the references among them."""
    holders: list[tuple[Fields, int | None]] = [(declaration, None)]
    if shipment:
        holders.append((shipment, None))
    holders.extend((item, item_number(item)) for item in items)
    documents = [
        Document(kind=coding.named("wco-authorisation", kind), number=holder.maybe("ID", NAME))
        for holder in declaration.each("AuthorisationHolder")
        if (kind := holder.maybe("CategoryCode", CODE))
    ]
    cited: tuple[Reference, ...] = ()
    for holder, number in holders:
        for name in ("AdditionalDocument", "PreviousDocument"):
            for document in holder.each(name):
                value, kind = document.maybe("ID", NAME), document.maybe("TypeCode", CODE) or ""
                category = document.maybe("CategoryCode", CODE) or ""
                code = coding.named("wco-document", category + kind) if category + kind else None
                if code:
                    documents.append(_document(document, code, value, number, coding))
                cited += _cited(kind, value)
    if shipment and (consignment := shipment.child("Consignment")):
        for contract in consignment.each("TransportContractDocument"):
            cited += reference("transport_document", contract.maybe("ID", NAME))
    return tuple(documents[:DOCUMENTS_MAX]), tuple(dict.fromkeys(cited))


def _document(document: Fields, kind: Code, value: str | None, item: int | None, coding: Coding) -> Document:
    status, submitter = document.maybe("LPCOExemptionCode", CODE), document.child("Submitter")
    off = document.child("WriteOff")
    quantity = off.maybe("QuantityQuantity", MASS) if off else None
    counted = off.child("QuantityQuantity") if off else None
    unit = str(counted.element.get("unitCode") or "")[:32] if counted else ""
    known = unit if UNIT.fits(unit) else f"wco-unit:{unit or 'none'}"
    return Document(
        kind=kind,
        number=value,
        item=item,
        name=document.maybe("Name", NAME),
        status=Code(system="wco-document-status", value=status) if status else None,
        issuer=submitter.maybe("Name", NAME) if submitter else None,
        valid_until=stamped_day(document, "EffectiveDateTime", coding.remarks),
        line=document.maybe("LineNumeric", CODE),
        written_off=Quantity(value=fixed(rounded(quantity, 5, coding.remarks, "documents"), 5), unit=known)
        if quantity
        else None,
        written_off_amount=money(off, "AmountAmount") if off else None,
    )


def _cited(kind: str, value: str | None) -> tuple[Reference, ...]:
    # An invoice's number is its seller's, who is not named beside it, so it is a document and no reference.
    if kind in TRANSPORT_TYPES:
        return reference("transport_document", value)
    if kind in MASTER_UCR_TYPES:
        # The movements of a consolidation name it so (HMRC inventory linking, ucrType M).
        return reference("master_bill", value) + reference("cop", value, scope=MASTER_SCOPE)
    return ()


def _valuation(declaration: Fields, shipment: Fields | None, coding: Coding) -> Valuation | None:
    total = money(declaration, "InvoiceAmount")
    terms = shipment.child("TradeTerms") if shipment else None
    if total is None and terms is None:
        return None
    return Valuation(
        terms=coding.code("incoterms", terms.maybe("ConditionCode", CODE)) if terms else None,
        terms_place=(terms.maybe("LocationID", NAME) or terms.maybe("LocationName", NAME)) if terms else None,
        invoice_total=total,
    )


READERS: Final[tuple[Reader, ...]] = (WcoDeclarationReader(), WcoResponseReader())
