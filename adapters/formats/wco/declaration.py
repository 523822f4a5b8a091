"""Declarations in WCO Data Model 3.6 (DEC) as HMRC profiles them, and the readers of both WCO messages.

`FunctionCode` 9 lodges; 13 amends (`TypeCode` COR), naming the declaration by its MRN, or asks to invalidate it (INV).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from adapters.formats.ceb.reader import note_problems
from adapters.formats.inventory_movement.reader import MASTER_SCOPE
from adapters.formats.wco import places
from adapters.formats.wco.goods import build_items, equipment_of, nature_of, statements, transport_of
from adapters.formats.wco.metadata import (
    CODE,
    COUNT,
    COUNTRY,
    CURRENCY,
    IGNORED,
    LABEL,
    NAME,
    duty_lines,
    first_money,
    holds,
    inner_elements,
    item_number,
    measured,
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
from adapters.parsing.forms import decimal
from adapters.parsing.xml import parse_xml
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults, Fields
from chain.errors import Malformed
from chain.identifiers import Ucr
from chain.records.base import Document, Reference, Source
from chain.records.customs import CustomsDeclaration, CustomsRequest, DeclarationHead, FieldChange, RequestHead
from chain.records.scalars import Code, Direction, fixed
from chain.records.sections import Party, PartyRole
from chain.records.value import Charge, ExchangeRate, Taxes, Valuation
from chain.sdjwt import UCRS_MAX

LODGE: Final = "9"
AMEND: Final = "13"
INVALIDATE: Final = "INV"
UCR_TYPES: Final = frozenset({"DCR", "DUCR"})
"""Previous documents that are the consignment's UCR (declaration UCR)."""
MASTER_UCR_TYPES: Final = frozenset({"MCR", "MUCR"})
OWN_UCR_SCOPE: Final = "wco-ucr"
TRANSPORT_TYPES: Final = frozenset({"703", "704", "705", "710", "714", "720", "730", "740", "741"})
"""Document types (UN/EDIFACT 1001) of waybills and bills of lading."""
ORIGIN_CERTIFICATE_TYPES: Final = frozenset({"861", "865", "954"})
"""Document types (UN/EDIFACT 1001) of certificates of origin: any, GSP form A, EUR.1."""
UNTYPED: Final = "none"
"""Kind of a document whose category and type an amendment, which needs only what it changes, leaves out."""
DOCUMENTS_MAX: Final = 999
CHANGES_MAX: Final = 2_000
"""Fields that one amendment points to."""
PARTIES_MAX: Final = 200
"""Different parties of one declaration, with those that its items name."""
_RATE: Final = decimal(38, 20)


class WcoDeclarationReader:
    """Reads WCO DEC messages."""

    kind = "WCO-DEC"

    def recognises(self, message: bytes) -> bool:
        """Whether what stands in the message first is a `Declaration`."""
        return holds(message, "Declaration")

    def read(self, message: bytes) -> ReadMessage:
        """The declaration as the message's one entity; raises `MalformedMessage` with all faults."""
        faults = Faults()
        found = inner_elements(parse_xml(message), "Declaration", faults)
        if len(found) > 1:
            faults.add("Declaration", "appears once", value=f"{len(found)} times")
        faults.refuse(self.kind)
        own = found[0].maybe("FunctionalReferenceID", NAME)
        if own is None and found[0].maybe("ID", NAME) is None:
            rule = "must be there, or ID is: without either no response can ever be matched"
            faults.add("Declaration/FunctionalReferenceID", rule, code=BUSINESS_CODE)
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
    kind = declaration.maybe("TypeCode", CODE)
    number = declaration.maybe("ID", NAME)
    if function not in (LODGE, AMEND):
        rule = f"is a function that is acted on: {LODGE} (lodges), {AMEND} (amends, or with TypeCode INV cancels)"
        declaration.faults.add(f"{declaration.where}/FunctionCode", rule, value=function)
        return None
    if kind is None and function == LODGE:
        declaration.faults.add(f"{declaration.where}/TypeCode", "must be there", fix="Fill in the element")
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
        ucr=_ucrs(declaration, shipment, items),
        references=own + cited + _other_ucrs(declaration, items, coding) + _containers(declaration),
        documents=documents,
        source=source,
        declaration=_head(declaration, items, coding),
        parties=_parties(declaration, items),
        goods_items=build_items(items, coding),
        transport=transport_of(declaration, items, coding),
        valuation=_valuation(declaration, coding),
        taxes=Taxes(lines=duties) if duties else None,
    )


def _head(declaration: Fields, items: list[Fields], coding: Coding) -> DeclarationHead:
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
        office=coding.code("wco-customs-office", declaration.first(places.OFFICE, NAME)),
        item_count=int(count) if count else None,
        guarantee=guarantee.maybe("ID", NAME) if guarantee else None,
        lodged=stamp(declaration, "IssueDateTime", coding.remarks),
        accepted=stamp(declaration, "AcceptanceDateTime", coding.remarks),
        flags=_flags(declaration, items),
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


def _flags(declaration: Fields, items: list[Fields]) -> tuple[Code, ...]:
    """How the agent represents, whether goods are in containers, the nature of the deal."""
    agent, consignment = declaration.child("Agent"), declaration.at("GoodsShipment", "Consignment")
    said = (
        ("wco-agent-function", agent.maybe("FunctionCode", CODE) if agent else None),
        ("wco-container", consignment.maybe("ContainerCode", CODE) if consignment else None),
        ("wco-transaction-nature", nature_of(declaration, items)),
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
        parties=_parties(declaration, []),
    )


def _parties(declaration: Fields, items: list[Fields]) -> tuple[Party, ...]:
    """Who takes part, as the head and the shipment say it, and the items where they name other traders."""
    parties = [_party(declaration.at(*path.split("/")), role) for path, role in places.PARTIES]
    parties += [_party(item.child(name), role) for item in items for name, role in places.ITEM_PARTIES]
    different = dict.fromkeys(party for party in parties if party is not None)
    if len(different) > PARTIES_MAX:
        declaration.faults.add(declaration.where, f"names at most {PARTIES_MAX} parties", value=len(different))
    return tuple(different)[:PARTIES_MAX]


def _party(fields: Fields | None, role: PartyRole) -> Party | None:
    if fields is None:
        return None
    name, number = fields.maybe("Name", LABEL), fields.maybe("ID", NAME)
    if not (name or number):
        return None
    place = fields.child("Address")
    lines = [place.maybe(part, LABEL) for part in ("Line", "CityName", "PostcodeID", "CountryCode")] if place else []
    return Party(
        role=role,
        name=name,
        overseas_id=number,
        address=", ".join(line for line in lines if line) or None,
        country=place.maybe("CountryCode", COUNTRY) if place else None,
    )


def _ucrs(declaration: Fields, shipment: Fields | None, items: list[Fields]) -> tuple[Ucr, ...]:
    """The declaration UCR that the trader cites, of the whole or of an item, where it is one."""
    numbers = [
        document.maybe("ID", NAME)
        for holder in [declaration, *([shipment] if shipment else []), *items]
        for document in holder.each("PreviousDocument")
        if document.maybe("TypeCode", CODE) in UCR_TYPES
    ]
    numbers.append(declaration.first(places.UCR, NAME))
    numbers += [item.first(places.ITEM_UCR, NAME) for item in items]
    ucrs = dict.fromkeys(Ucr.parse(number) for number in numbers if number and Ucr.is_valid(number))
    return tuple(ucrs)[:UCRS_MAX]


def _other_ucrs(declaration: Fields, items: list[Fields], coding: Coding) -> tuple[Reference, ...]:
    """Consignment numbers that have not the form of a UCR: references, with a remark."""
    numbers = [declaration.first(places.UCR, NAME), *(item.first(places.ITEM_UCR, NAME) for item in items)]
    others = dict.fromkeys(number for number in numbers if number and not Ucr.is_valid(number))
    for number in others:
        coding.remark("ucr", f"{number} has not the form of a UCR; kept as the trader's own number", "references")
    return tuple(found for number in others for found in reference("cop", number, scope=OWN_UCR_SCOPE))


def _containers(declaration: Fields) -> tuple[Reference, ...]:
    found: tuple[Reference, ...] = ()
    for box in equipment_of(declaration):
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
                if value or category + kind:
                    code = coding.named("wco-document", category + kind or UNTYPED)
                    documents.append(_document(document, code, value, number, coding))
                cited += _cited(kind, value)
    if shipment and (consignment := shipment.child("Consignment")):
        for contract in consignment.each("TransportContractDocument"):
            cited += reference("transport_document", contract.maybe("ID", NAME))
    return tuple(documents[:DOCUMENTS_MAX]), tuple(dict.fromkeys(cited))


def _document(document: Fields, kind: Code, value: str | None, item: int | None, coding: Coding) -> Document:
    status, submitter = document.maybe("LPCOExemptionCode", CODE), document.child("Submitter")
    off = document.child("WriteOff")
    return Document(
        kind=kind,
        number=value,
        item=item,
        name=document.maybe("Name", NAME),
        status=Code(system="wco-document-status", value=status) if status else None,
        issuer=submitter.maybe("Name", NAME) if submitter else None,
        valid_until=stamped_day(document, "EffectiveDateTime", coding.remarks),
        line=document.maybe("LineNumeric", CODE),
        written_off=measured(off, "QuantityQuantity", coding.remarks) if off else None,
        written_off_amount=money(off, "AmountAmount", coding.remarks) if off else None,
    )


def _cited(kind: str, value: str | None) -> tuple[Reference, ...]:
    # An invoice's number is its seller's, who is not named beside it, so it is a document and no reference.
    if kind in TRANSPORT_TYPES:
        return reference("transport_document", value)
    if kind in ORIGIN_CERTIFICATE_TYPES:
        return reference("origin_certificate", value)
    if kind in MASTER_UCR_TYPES:
        # The movements of a consolidation name it so (HMRC inventory linking, ucrType M).
        return reference("master_bill", value) + reference("cop", value, scope=MASTER_SCOPE)
    return ()


def _valuation(declaration: Fields, coding: Coding) -> Valuation | None:
    freight = first_money(declaration, places.FREIGHT, coding.remarks)
    valuation = Valuation(
        terms=coding.code("incoterms", declaration.first(places.TERMS, CODE)),
        terms_place=declaration.first(places.TERMS_PLACE, LABEL),
        freight=Charge(mark="total", amount=freight) if freight else None,
        invoice_total=first_money(declaration, places.INVOICED, coding.remarks),
        exchange=tuple(_exchange(declaration, coding)),
    )
    return valuation if valuation != Valuation() else None


def _exchange(declaration: Fields, coding: Coding) -> Iterator[ExchangeRate]:
    for exchange in declaration.each("CurrencyExchange"):
        # Either alone says nothing of what was counted: it stays unread, so that it is remarked on.
        if exchange.child("RateNumeric") is None or exchange.child("CurrencyTypeCode") is None:
            continue
        currency, rate = exchange.maybe("CurrencyTypeCode", CURRENCY), exchange.maybe("RateNumeric", _RATE)
        if currency and rate:
            cut = rounded(rate, 6, coding.remarks, "valuation.exchange")
            yield ExchangeRate(currency=currency, rate=fixed(cut, 6, digits=12))


READERS: Final[tuple[Reader, ...]] = (WcoDeclarationReader(), WcoResponseReader())
