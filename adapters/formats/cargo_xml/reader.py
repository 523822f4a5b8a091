"""Cargo-XML XFWB, XFZB and XFSU by the namespace of their root."""

from __future__ import annotations

from dataclasses import replace

from adapters.formats.cargo_xml import tables
from adapters.formats.cargo_xml.parts import WaybillReading, inner
from adapters.formats.cargo_xml.status import read_statuses
from adapters.formats.cargo_xml.waybill import read_house, read_waybill
from adapters.mapping.logistics import NAME, SHORT, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.records.base import Remark, Source

_NAMES = {tables.WAYBILL: ("XFWB", read_waybill), tables.HOUSE: ("XFZB", read_house)}
"""Namespace of the root -> the message's name and what reads it."""


class CargoXmlReader:
    """XFWB, XFZB and XFSU."""

    kind = "Cargo-XML"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is one of the three."""
        return peek_root(message).namespace in (*_NAMES, tables.STATUS)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        element = parse_xml(message)
        reading = WaybillReading(Faults())
        root = Fields.root(element, reading.faults)
        kind, read = _NAMES.get(root.namespace, ("XFSU", None))
        head = inner(root.child("MessageHeaderDocument", required=True))
        purpose = head.text("PurposeCode", SHORT) if head is not None else None
        if purpose is not None and purpose not in tables.PURPOSES:
            reading.faults.add(
                "MessageHeaderDocument/PurposeCode", f"is one of {', '.join(tables.PURPOSES)}", value=purpose
            )
        sent = head.maybe("ID", NAME) if head is not None else None
        sender = next(head.each("SenderParty"), None) if head is not None else None
        source = Source(kind=kind, sha256=message_digest(message), message_id=sent)
        entities: list[Entity] = []
        with noted(kind, reading.faults):
            if read is None:
                entities.extend(read_statuses(root, source, reading))
            elif (entity := read(root, tables.PURPOSES.get(purpose or "", "new"), source, reading)) is not None:
                entities.append(entity)
        if read is None and tables.PURPOSES.get(purpose or "new") == "delete":
            reading.faults.add("MessageHeaderDocument/PurposeCode", "is Creation or Update", value=purpose)
        reading.faults.refuse(kind)
        remarks = dict.fromkeys((*reading.remarks, *unread_elements(element, reading.faults, tables.IGNORED)))
        by = sender.maybe("PrimaryID", NAME) if sender is not None else None
        return ReadMessage(kind, sent, by, tuple(_with_remarks(entity, tuple(remarks)) for entity in entities))


READERS = (CargoXmlReader(),)


def _with_remarks(entity: Entity, remarks: tuple[Remark, ...]) -> Entity:
    if entity.record is None:
        return entity
    return replace(entity, record=entity.record.with_remarks(*remarks))
