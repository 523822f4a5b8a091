"""Cargo-XML XFWB and XFZB by the namespace of their root."""

from __future__ import annotations

from adapters.formats.cargo_xml import tables
from adapters.formats.cargo_xml.parts import WaybillReading, inner
from adapters.formats.cargo_xml.waybill import read_house, read_waybill
from adapters.mapping.logistics import NAME, SHORT, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.records.base import Source

_NAMES = {tables.WAYBILL: ("XFWB", read_waybill), tables.HOUSE: ("XFZB", read_house)}
"""Namespace of the root -> the message's name and what reads it."""


class CargoXmlReader:
    """XFWB and XFZB."""

    kind = "Cargo-XML"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is one of the two."""
        return peek_root(message).namespace in _NAMES

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        element = parse_xml(message)
        reading = WaybillReading(Faults())
        root = Fields.root(element, reading.faults)
        kind, read = _NAMES[root.namespace]
        head = inner(root.child("MessageHeaderDocument", required=True))
        purpose = head.text("PurposeCode", SHORT) if head is not None else None
        if purpose is not None and purpose not in tables.PURPOSES:
            reading.faults.add(
                "MessageHeaderDocument/PurposeCode", f"is one of {', '.join(tables.PURPOSES)}", value=purpose
            )
        sent = head.maybe("ID", NAME) if head is not None else None
        sender = next(head.each("SenderParty"), None) if head is not None else None
        source = Source(kind=kind, sha256=message_digest(message), message_id=sent)
        entity: Entity | None = None
        with noted(kind, reading.faults):
            entity = read(root, tables.PURPOSES.get(purpose or "", "new"), source, reading)
        reading.faults.refuse(kind)
        remarks = unread_elements(element, reading.faults, tables.IGNORED)
        if entity is not None and entity.record is not None:
            record = entity.record.with_remarks(*dict.fromkeys((*reading.remarks, *remarks)))
            entity = Entity(0, record, entity.note, entity.lookup, entity.amends)
        by = sender.maybe("PrimaryID", NAME) if sender is not None else None
        return ReadMessage(kind, sent, by, (entity,) if entity else ())


READERS = (CargoXmlReader(),)
