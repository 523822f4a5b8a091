"""Cargo-XML XFWB, XFZB, XFSU, XFFM and XFHL by the namespace of their root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from adapters.formats.cargo_xml import tables
from adapters.formats.cargo_xml.flight import read_flight
from adapters.formats.cargo_xml.houses import read_houses
from adapters.formats.cargo_xml.parts import Function, WaybillReading, inner
from adapters.formats.cargo_xml.status import read_statuses
from adapters.formats.cargo_xml.waybill import read_house, read_waybill
from adapters.mapping.logistics import NAME, SHORT, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.records.base import Remark, Source

_SINGLE: Final = {tables.WAYBILL: read_waybill, tables.HOUSE: read_house}
"""Namespace of the root -> what reads its one document."""
_LISTS: Final = {tables.FLIGHT: read_flight, tables.HOUSES: read_houses}
"""Namespace of the root -> what reads its documents, each of which keeps what was not read of itself."""
_NAMES: Final = {
    tables.WAYBILL: "XFWB",
    tables.HOUSE: "XFZB",
    tables.STATUS: "XFSU",
    tables.FLIGHT: "XFFM",
    tables.HOUSES: "XFHL",
}


class CargoXmlReader:
    """All five messages."""

    kind = "Cargo-XML"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is one of them."""
        return peek_root(message).namespace in _NAMES

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        element = parse_xml(message)
        reading = WaybillReading(Faults())
        root = Fields.root(element, reading.faults)
        kind = _NAMES[root.namespace]
        head = inner(root.child("MessageHeaderDocument", required=True))
        purpose = head.text("PurposeCode", SHORT) if head is not None else None
        if purpose is not None and purpose not in tables.PURPOSES:
            reading.faults.add(
                "MessageHeaderDocument/PurposeCode", f"is one of {', '.join(tables.PURPOSES)}", value=purpose
            )
        sent = head.maybe("ID", NAME) if head is not None else None
        sender = next(head.each("SenderParty"), None) if head is not None else None
        by = sender.maybe("PrimaryID", NAME) if sender is not None else None
        source = Source(kind=kind, sha256=message_digest(message), message_id=sent)
        function = tables.PURPOSES.get(purpose or "", "new")
        entities: list[Entity] = []
        with noted(kind, reading.faults):
            entities.extend(_entities(root, function, source, reading))
        if root.namespace == tables.STATUS and function == "delete":
            reading.faults.add("MessageHeaderDocument/PurposeCode", "is Creation or Update", value=purpose)
        reading.faults.refuse(kind)
        if root.namespace not in _LISTS:
            unread = unread_elements(element, reading.faults, tables.IGNORED)
            remarks = tuple(dict.fromkeys((*reading.remarks, *unread)))
            entities = [_with_remarks(entity, remarks) for entity in entities]
        return ReadMessage(kind, sent, by, tuple(entities))


READERS = (CargoXmlReader(),)


def _entities(root: Fields, function: Function, source: Source, reading: WaybillReading) -> Iterator[Entity]:
    if (read_list := _LISTS.get(root.namespace)) is not None:
        yield from read_list(root, function, source, reading)
    elif (read_document := _SINGLE.get(root.namespace)) is None:
        yield from read_statuses(root, source, reading)
    elif (entity := read_document(root, function, source, reading)) is not None:
        yield entity


def _with_remarks(entity: Entity, remarks: tuple[Remark, ...]) -> Entity:
    if entity.record is None:
        return entity
    return replace(entity, record=entity.record.with_remarks(*remarks))
