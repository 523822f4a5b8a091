"""The bonded systems' messages by the type in their envelope, plain or in a signature."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from adapters.formats.bonded_zone import tables
from adapters.formats.bonded_zone.lists import read_list, read_pass
from adapters.formats.bonded_zone.parts import NAME, ZoneReading
from adapters.formats.bonded_zone.replies import read_list_reply, read_pass_reply, read_technical
from adapters.mapping.logistics import noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.errors import MalformedMessage
from chain.records.base import Source

TECHNICAL: Final = "CommonResponeMessage"
PEEK_BYTES: Final = 8_192
_TYPE: Final = re.compile(rb"<(?:\w+:)?message_type>\s*([A-Z]{3}\d{3})\s*<")
_READERS: Final[dict[str, Callable[[Fields, Source, ZoneReading], Entity]]] = {
    "INV101": read_list,
    "INV201": read_list_reply,
    "INV211": read_list_reply,
    "SAS121": read_pass,
    "SAS221": read_pass_reply,
    "SAS223": read_pass_reply,
}
"""`message_type` -> what reads it."""
LODGED: Final = frozenset({"INV101", "SAS121"})
"""Messages whose business data stand plainly; answers have an element of their own name around them."""


class BondedReader:
    """INV101, INV201, INV211, SAS121, SAS221, SAS223 and the technical answer to what was lodged."""

    kind = "bonded"

    def recognises(self, message: bytes) -> bool:
        """Whether the envelope names one of the types, or the root is the technical answer."""
        named = _TYPE.search(message[:PEEK_BYTES])
        if named is not None:
            return named[1].decode() in _READERS
        try:
            return peek_root(message).name == TECHNICAL
        except MalformedMessage:
            return False

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        root = parse_xml(message)
        reading = ZoneReading(Faults())
        fields = Fields.root(root, reading.faults)
        package = fields if fields.where == "Package" else fields.at("Object", "Package")
        envelope = package.child("EnvelopInfo") if package else None
        kind = (envelope.maybe("message_type", NAME) or "") if envelope else TECHNICAL
        source = Source(
            kind=kind or TECHNICAL,
            sha256=message_digest(message),
            message_id=envelope.maybe("message_id", NAME) if envelope else None,
        )
        sender = envelope.maybe("sender_id", NAME) if envelope else None
        entity: Entity | None = None
        with noted(kind or self.kind, reading.faults):
            entity = _entity(kind, package or fields, source, reading)
        reading.faults.refuse(kind or self.kind)
        remarks = unread_elements(root, reading.faults, tables.IGNORED)
        if entity is not None and entity.record is not None:
            record = entity.record.with_remarks(*reading.coding.remarks, *remarks)
            entity = Entity(0, record, entity.note, entity.lookup, entity.amends)
        return ReadMessage(kind, source.message_id, sender, (entity,) if entity else ())


READERS = (BondedReader(),)


def _entity(kind: str, package: Fields, source: Source, reading: ZoneReading) -> Entity | None:
    if kind == TECHNICAL:
        return read_technical(package, source, reading)
    if kind not in _READERS:
        reading.faults.add("EnvelopInfo/message_type", f"is one of {', '.join(_READERS)}", value=kind)
        return None
    holder = package.child("DataInfo", required=True)
    data = holder.child("BussinessData", required=True) if holder else None
    if data is not None and kind not in LODGED:
        data = data.child(kind, required=True)
    return _READERS[kind](data, source, reading) if data is not None else None
