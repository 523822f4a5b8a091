"""GS1 EPCIS 2.0 (JSON-LD): object, aggregation, transaction, association and transformation events as
`logistics.event`.

An event with an `errorDeclaration` amends the record of the event with its id (EPCIS repeats the event and says
that it was wrong). Events know business transactions: purchase orders (`po`), bills of lading (`bol`) and invoices
(`inv`) are references, the last part of their address being the number; an event with none of them is looked up by the
logistic units (SSCC) that it names.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from adapters.mapping.logistics import ISO_TIME, NAME, TOKEN, box_number, day_of, moment, noted, rounded
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_members
from adapters.parsing.forms import Form, decimal, one_of
from adapters.parsing.json_fields import JsonFields, Value, parse_json
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Document, Reference, ReferenceKind, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Quantity, fixed
from chain.records.sections import GoodsItem
from chain.records.transport import Container, Event, Place, Transport

KIND: Final = "EPCIS-2.0"
EVENT_SCOPE: Final = "epcis-event"
UNIT_SCOPE: Final = "epcis-unit"
EVENTS_MAX = 1000
GOODS_MAX = 200
"""Instances and classes of goods that one event names."""
TYPES: Final = ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")
_DOCUMENT: Final = re.compile(rb'"type"\s{0,64}:\s{0,64}"EPCIS(?:Query)?Document"')
HOLDERS: Final = (("queryResults", "resultsBody"), ("resultsBody",))
"""Where in `epcisBody` a query document holds its events (EPCIS 2.0 §8.2.7, §12); a capture document holds them
there itself."""
_OFFSET: Final = Form("an offset from UTC, such as +08:00", re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d"))
_URI: Final = Form("an address of at most 256 characters", re.compile(r"\S{1,256}"))
_TRANSACTIONS: Final[dict[str, ReferenceKind]] = {"po": "order", "bol": "transport_document", "inv": "invoice"}
IGNORED: Final = {
    "@context": "says how names are written, not what was said",
    "type": "read as the kind of event; in lists and places it repeats what the list is",
    "eventTimeZoneOffset": "read into the time",
}
_ACTIONS: Final = ("ADD", "OBSERVE", "DELETE")
_WITH_ACTION: Final = frozenset(TYPES) - {"TransformationEvent"}
_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITIES: Final = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")


class EpcisReader:
    """An EPCIS document, or one event."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the standard's context or document type stands in the JSON."""
        return _DOCUMENT.search(message) is not None or b"ref.gs1.org/standards/epcis" in message

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = JsonFields.root(parse_json(message), faults, KIND)
        found = _events(root)
        digest = message_digest(message)
        entities: list[Entity] = []
        for ordinal, value in enumerate(found):
            fields = JsonFields.root(value, faults, f"event[{ordinal + 1}]")
            with noted(fields.where, faults):
                entities.append(_entity(ordinal, fields, digest))
        faults.refuse(KIND)
        return ReadMessage(KIND, root.maybe("id", NAME), None, tuple(entities))


READERS = (EpcisReader(),)


def _events(root: JsonFields) -> list[Value]:
    if root.value.get("type") in TYPES:
        return [dict(root.value)]
    body = root.child("epcisBody", required=True)
    root.faults.refuse(KIND)
    holders = [holder for names in HOLDERS if body is not None and (holder := body.at(*names)) is not None]
    holder = holders[0] if holders else body
    listed = (holder.value.get("eventList") or holder.value.get("event")) if holder is not None else None
    events: Value = [listed] if isinstance(listed, dict) else listed
    if not isinstance(events, list) or not events:
        raise MalformedMessage(f"{KIND}/epcisBody/eventList", "holds at least one event")
    if len(events) > EVENTS_MAX:
        raise MalformedMessage(f"{KIND}/epcisBody/eventList", f"holds at most {EVENTS_MAX} events", value=len(events))
    return events


def _entity(ordinal: int, fields: JsonFields, digest: str) -> Entity:
    faults = fields.faults
    remarks: list[Remark] = []
    kind = fields.text("type", one_of(*TYPES))
    offset = fields.text("eventTimeZoneOffset", _OFFSET)
    # The standard's own rule for a time without a zone: the offset that stands beside it.
    zone = datetime.strptime(offset, "%z").tzinfo if offset else None
    said = fields.text("eventTime", ISO_TIME)
    happened = moment(said, f"{fields.where}/eventTime", faults, remarks, otherwise=zone or UTC)
    recorded = fields.maybe("recordTime", ISO_TIME)
    reported = moment(recorded, f"{fields.where}/recordTime", faults, remarks, otherwise=zone or UTC)
    if happened is not None and offset is not None and not happened.said.endswith(offset):
        # Where it happened the clock showed this zone; the time itself may be written in another.
        happened = happened.model_copy(update={"said": f"{happened.said} ({offset})"})
    step = fields.maybe("bizStep", _URI)
    event_id = fields.maybe("eventID", _URI)
    error = fields.child("errorDeclaration")
    goods = _goods(fields, remarks)
    box = _container(fields, remarks)
    references = _references(fields, box)
    if kind is None or happened is None:
        return Entity(ordinal, None, note="not read")
    if not references:
        rule = "names a business transaction, a container or a logistic unit"
        faults.add(fields.where, rule, fix="Add a bizTransactionList")
    own = (Reference(kind="cop", scope=EVENT_SCOPE, value=event_id),) if event_id else ()
    if error is not None and not own:
        faults.add(f"{fields.where}/eventID", "must be there where an error is declared", fix="Name the wrong event")
    reason = error.maybe("reason", _URI) if error is not None else None
    action = fields.text("action", one_of(*_ACTIONS), required=kind in _WITH_ACTION)
    disposition = fields.maybe("disposition", _URI)
    location = _place(fields, "bizLocation")
    record = LogisticsEvent(
        references=(*references, *own),
        source=Source(kind=KIND, sha256=digest, message_id=event_id, ordinal=ordinal),
        event=Event(
            id=event_id,
            code=Code(system="cbv-biz-step", value=_last(step)) if step else Code(system="epcis-type", value=kind),
            happened=happened,
            reported=reported,
            function="delete" if error is not None else "new",
            place=_place(fields, "readPoint") or location,
            container=box,
            retracts=event_id if error is not None else None,
            reason=reason,
            action=next((known for known in _ACTIONS if known == action), None),
            disposition=Code(system="cbv-disposition", value=_last(disposition)) if disposition else None,
            corrected_by=_corrections(error) if error is not None else (),
        ),
        goods_items=goods,
        documents=_documents(fields),
        transport=Transport(goods_place=location) if location is not None else None,
    )
    record = record.with_remarks(*remarks, *unread_members(fields.value, faults, IGNORED))
    return Entity(ordinal, record, lookup=references, amends=own[0] if own and error is not None else None)


def _references(fields: JsonFields, box: Container | None) -> tuple[Reference, ...]:
    on = day_of(fields.value.get("eventTime"))
    found: list[Reference] = []
    for one in fields.each("bizTransactionList"):
        kind = _TRANSACTIONS.get(_last(one.maybe("type", _URI) or ""))
        number = one.text("bizTransaction", _URI)
        if kind is not None and number is not None:
            found.append(Reference(kind=kind, value=_last(number), on=on))
    if box is not None:
        found.append(Reference(kind="container", value=box.number, on=on))
    parent = fields.maybe("parentID", _URI)
    for unit in [parent, *_instances(fields)]:
        if unit and (":sscc:" in unit or "/00/" in unit):
            found.append(Reference(kind="cop", scope=UNIT_SCOPE, value=unit, on=on))
    if not found:
        found = [Reference(kind="cop", scope=UNIT_SCOPE, value=unit, on=on) for unit in _instances(fields)[:1]]
    return tuple(dict.fromkeys(found))


def _container(fields: JsonFields, remarks: list[Remark]) -> Container | None:
    """The first container that the event names, as parent or among its things (EPC scheme `bic`, TDS §6.3.16)."""
    parent = fields.maybe("parentID", _URI)
    for unit in [parent, *_instances(fields)]:
        if unit and ":bic:" in unit:
            number, known = box_number(_last(unit)[:17], remarks)
            return Container(number=number, known=known)
    return None


def _instances(fields: JsonFields) -> list[str]:
    found: list[str] = []
    for name in _LISTS:
        listed = fields.see(name) or []
        fields.faults.note_read(listed, "")
        if not isinstance(listed, list):
            fields.faults.add(f"{fields.where}/{name}", "is a list", value=listed)
            continue
        found += [one for one in listed if isinstance(one, str) and _URI.fits(one)]
    if len(found) > GOODS_MAX:
        fields.faults.add(fields.where, f"names at most {GOODS_MAX} things", value=len(found))
    return found[:GOODS_MAX]


def _goods(fields: JsonFields, remarks: list[Remark]) -> tuple[GoodsItem, ...]:
    items = [GoodsItem(ordinal=n, name=epc) for n, epc in enumerate(_instances(fields), 1)]
    for name in _QUANTITIES:
        for listed in fields.each(name):
            epc_class = listed.text("epcClass", _URI)
            quantity = listed.decimal("quantity", decimal(40, 20), required=False)
            unit = listed.maybe("uom", TOKEN) or "H87"
            if epc_class is None or len(items) >= GOODS_MAX:
                continue
            value = rounded(quantity, 5, remarks, "goods_items.quantity") if quantity else None
            counted = Quantity(value=fixed(value, 5), unit=unit) if value else None
            items.append(GoodsItem(ordinal=len(items) + 1, name=epc_class, quantity=counted))
    return tuple(items)


def _documents(fields: JsonFields) -> tuple[Document, ...]:
    """Business transactions that are no reference of a consignment: despatch advices, ..."""
    found: list[Document] = []
    for one in fields.each("bizTransactionList"):
        kind, number = one.maybe("type", _URI), one.maybe("bizTransaction", _URI)
        if number is not None and _TRANSACTIONS.get(_last(kind or "")) is None:
            found.append(Document(kind=Code(system="cbv-btt", value=_last(kind or "unsaid")), number=number))
    return tuple(found[:GOODS_MAX])


def _corrections(error: JsonFields) -> tuple[str, ...]:
    listed = error.see("correctiveEventIDs") or []
    error.faults.note_read(listed, "")
    if not isinstance(listed, list) or not all(isinstance(one, str) and _URI.fits(one) for one in listed):
        error.faults.add(f"{error.where}/correctiveEventIDs", "is a list of event ids", value=listed)
        return ()
    return tuple(str(one) for one in listed[:GOODS_MAX])


def _place(fields: JsonFields, name: str) -> Place | None:
    point = fields.child(name)
    said = point.maybe("id", _URI) if point is not None else None
    return Place(code=Code(system="gs1-sgln", value=said)) if said else None


def _last(address: str) -> str:
    return re.split("[/:#]", address.rstrip("/"))[-1] or address
