"""GS1 EPCIS 2.0 (JSON-LD): object, aggregation, transaction, association and transformation events as
`logistics.event`.

An event with an `errorDeclaration` amends the record of the event with its id (EPCIS repeats the event and says
that it was wrong). Events know business transactions: purchase orders (`po`), bills of lading (`bol`) and invoices
(`inv`) are references, the last part of their address being the number; an event with none of them is looked up by the
logistic units (SSCC) that it names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
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
_DOCUMENT: Final = re.compile(
    rb'"@?type"\s{0,64}:\s{0,64}"[A-Za-z0-9:/.#_-]{0,64}(?:EPCIS(?:Query)?Document'
    rb'|(?:Object|Aggregation|Transaction|Transformation|Association)Event)"'
)
"""The type of a document, or of an event that stands alone, with its vocabulary before it or not."""
LISTS: Final = ("eventList", "event", "events")
"""Members that hold events, wherever they stand in the body: in it, in `queryResults/resultsBody` (EPCIS 2.0 §8.2.7,
§12), in each of several results."""
BODY_DEPTH_MAX: Final = 6
CONTENT_SCOPE: Final = "epcis-content"
"""An event without an id is known by what it says: an error declaration repeats all of it (EPCIS 2.0 §7.4.1.4)."""
_OFFSET: Final = Form("an offset from UTC, such as +08:00", re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d"))
_URI: Final = Form("an address of at most 256 characters", re.compile(r"\S{1,256}"))
_TRANSACTIONS: Final[dict[str, ReferenceKind]] = {"po": "order", "bol": "transport_document", "inv": "invoice"}
IGNORED: Final = {
    "@context": "says how names are written, not what was said",
    "type": "read as the kind of event; in lists and places it repeats what the list is",
    "eventTimeZoneOffset": "read into the time",
}
BUSINESS_STEPS: Final = frozenset(
    {"accepting", "arriving", "assembling", "collecting", "commissioning", "consigning", "creating_class_instance"}
    | {"cycle_counting", "decommissioning", "departing", "destroying", "disassembling", "dispensing", "encoding"}
    | {"entering_exiting", "holding", "inspecting", "installing", "killing", "loading", "other", "packing", "picking"}
    | {"receiving", "removing", "repackaging", "repairing", "replacing", "reserving", "retail_selling", "sampling"}
    | {"sensor_reporting", "shipping", "staging_outbound", "stock_taking", "stocking", "storing", "transporting"}
    | {"unloading", "unpacking", "void_shipping"}
)
"""Business steps of CBV 2.0 §7.1.2."""
_ACTIONS: Final = ("ADD", "OBSERVE", "DELETE")
_WITH_ACTION: Final = frozenset(TYPES) - {"TransformationEvent"}
_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITIES: Final = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")


class EpcisReader:
    """An EPCIS document, or one event."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the standard's context or document type stands in the JSON."""
        return _DOCUMENT.search(message) is not None or (
            b"ref.gs1.org/standards/epcis" in message and b"epcisBody" in message
        )

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
    if _kind(root.value) in TYPES:
        return [dict(root.value)]
    body = root.see("epcisBody")
    if body is None:
        root.faults.add(f"{root.where}/epcisBody", "must be there", fix="Fill in the member")
        root.faults.refuse(KIND)
    events = list(_listed(body, BODY_DEPTH_MAX))
    if not events:
        raise MalformedMessage(f"{KIND}/epcisBody/eventList", "holds at least one event")
    if len(events) > EVENTS_MAX:
        raise MalformedMessage(f"{KIND}/epcisBody/eventList", f"holds at most {EVENTS_MAX} events", value=len(events))
    return events


def _listed(value: Value, depth: int) -> Iterator[Value]:
    """Every event of every list in the body, in its order."""
    if depth == 0 or not isinstance(value, dict | list):
        return
    if isinstance(value, list):
        for inner in value:
            yield from _listed(inner, depth - 1)
        return
    for name, inner in value.items():
        if name in LISTS:
            yield from inner if isinstance(inner, list) else [inner]
        else:
            yield from _listed(inner, depth - 1)


def _kind(event: Mapping[str, Value]) -> str | None:
    """The event's type without its vocabulary (`epcis:ObjectEvent`, an address)."""
    kind = event.get("type", event.get("@type"))
    return _last(kind) if isinstance(kind, str) else None


def _content(event: Mapping[str, Value]) -> str:
    """SHA-256 over what the event says, without what an error declaration adds to it."""
    same = {name: value for name, value in event.items() if name not in ("errorDeclaration", "recordTime", "@context")}
    return sha256(json.dumps(same, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _entity(ordinal: int, fields: JsonFields, digest: str) -> Entity:
    faults = fields.faults
    remarks: list[Remark] = []
    fields.see("type")
    fields.see("@type")
    kind = _kind(fields.value)
    if kind not in TYPES:
        faults.add(f"{fields.where}/type", f"is one of {', '.join(TYPES)}", value=kind)
    # The schema demands it; where a writer left it out, the time is read as any other, with a remark.
    offset = fields.maybe("eventTimeZoneOffset", _OFFSET)
    if offset is None and "eventTimeZoneOffset" not in fields.value:
        remarks.append(Remark(rule="no-time-zone", text="eventTimeZoneOffset is not there", field="event.happened"))
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
    if kind not in TYPES or happened is None:
        return Entity(ordinal, None, note="not read")
    # An event that names nothing by which its consignment can be asked for waits until it is told (it is parked).
    own = (
        Reference(kind="cop", scope=EVENT_SCOPE, value=event_id)
        if event_id
        else Reference(kind="cop", scope=CONTENT_SCOPE, value=_content(fields.value))
    )
    reason = error.maybe("reason", _URI) if error is not None else None
    action = fields.text("action", one_of(*_ACTIONS), required=kind in _WITH_ACTION)
    disposition = fields.maybe("disposition", _URI)
    location = _place(fields, "bizLocation")
    record = LogisticsEvent(
        references=(*references, own),
        source=Source(kind=KIND, sha256=digest, message_id=event_id, ordinal=ordinal),
        event=Event(
            id=event_id,
            code=_step(step, remarks) if step else Code(system="epcis-type", value=kind),
            happened=happened,
            reported=reported,
            function="delete" if error is not None else "new",
            place=_place(fields, "readPoint") or location,
            container=box,
            retracts=own.value if error is not None else None,
            reason=reason,
            action=next((known for known in _ACTIONS if known == action), None),
            disposition=Code(system="cbv-disposition", value=_last(disposition).removeprefix("Disp-"))
            if disposition
            else None,
            corrected_by=_corrections(error) if error is not None else (),
        ),
        goods_items=goods,
        documents=_documents(fields),
        transport=Transport(goods_place=location) if location is not None else None,
    )
    record = record.with_remarks(*remarks, *unread_members(fields.value, faults, IGNORED))
    return Entity(ordinal, record, lookup=references, amends=own if error is not None else None)


def _step(said: str, remarks: list[Remark]) -> Code:
    """The business step in whatever form it is written (bare, URN, web address); one of another vocabulary is kept
    whole and marked."""
    step = _last(said).removeprefix("BizStep-")
    if step in BUSINESS_STEPS:
        return Code(system="cbv-biz-step", value=step)
    remarks.append(Remark(rule="unknown-code", text=f"bizStep {said} is in no list", field="event.code"))
    return Code(system="cbv-biz-step", value=said, known=False)


def _references(fields: JsonFields, box: Container | None) -> tuple[Reference, ...]:
    on = day_of(fields.value.get("eventTime"))
    found: list[Reference] = []
    for one in fields.each("bizTransactionList"):
        kind = _TRANSACTIONS.get(_transaction_type(one))
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
        units = _instances(fields)[:1] or _classes(fields)[:1]
        found = [Reference(kind="cop", scope=UNIT_SCOPE, value=unit[:128], on=on) for unit in units]
    return tuple(dict.fromkeys(found))


def _transaction_type(listed: JsonFields) -> str:
    """The type of a business transaction in whatever form it is written; empty where none is said."""
    said = listed.maybe("type", _URI)
    return _last(said).removeprefix("BTT-") if said else ""


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


def _classes(fields: JsonFields) -> list[str]:
    """Lots and classes that the event counts, the parent's address where it names no unit of goods."""
    listed = [part for name in _QUANTITIES for part in fields.each(name)]
    classes = [text for part in listed if (text := part.maybe("epcClass", _URI)) is not None]
    parent = fields.maybe("parentID", _URI)
    return [*classes, *([parent] if parent else [])]


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
        number = one.maybe("bizTransaction", _URI)
        if number is not None and _TRANSACTIONS.get(_transaction_type(one)) is None:
            found.append(Document(kind=Code(system="cbv-btt", value=_transaction_type(one) or "unsaid"), number=number))
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
