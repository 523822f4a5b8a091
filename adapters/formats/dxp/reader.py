"""The e-port's transport envelopes, `DxpMsg` (terminal node) and `DxpMsgSv` (transport node): a message in Base64.

Source: GACC message specification 2022-05, chapters 4 and 5: `DxpMsgSv(SvNo, DxpMsg(TransInfo(CopMsgId, SenderId,
ReceiverIds, CreatTime, MsgType), Data, AddInfo), Signature)`. The record's `source` section names the inner message's
kind and hashes the outer bytes, since those are what was handed over.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Final

from adapters.message import Reader, ReadMessage, message_digest
from adapters.parsing.forms import text
from adapters.parsing.xml import local_name, parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from adapters.registry import find_reader
from chain.errors import MalformedMessage

IGNORED: Final = {
    "ReceiverIds": "to whom the envelope was sent",
    "CreatTime": "when the envelope was written",
    "MsgType": "which message is inside; the message itself tells",
    "AddInfo": "how the e-port files the envelope",
}
"""Elements of the envelope that are left out -> why."""
_ROOTS: Final = frozenset({"DxpMsg", "DxpMsgSv"})


class DxpReader:
    """Opens the envelope and lets the inner message's own reader read it."""

    kind = "DxpMsg"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is one of the two envelopes."""
        try:
            return peek_root(message).name in _ROOTS
        except MalformedMessage:
            return False

    def read(self, message: bytes) -> ReadMessage:
        """The inner message's entities, each saying that its source is the whole envelope."""
        root = parse_xml(message)
        faults = Faults()
        outer = Fields.root(root, faults)
        envelope = outer.child("DxpMsg", required=True) if local_name(root) == "DxpMsgSv" else outer
        transport = envelope.child("TransInfo", required=True) if envelope else None
        copied = transport.maybe("CopMsgId", text(255)) if transport else None
        sender = transport.maybe("SenderId", text(16)) if transport else None
        inner = _data(envelope, faults) if envelope else b""
        faults.refuse(self.kind)
        reader = find_reader(inner)
        if isinstance(reader, DxpReader):
            faults.add("DxpMsg/Data", "holds a business message, not another envelope", code="0001")
            faults.refuse(self.kind)
        return _outward(reader.read(inner), message, copied, sender)


def _data(envelope: Fields, faults: Faults) -> bytes:
    found = envelope.child("Data", required=True)
    said = "".join((found.element.text or "").split()) if found else ""
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        faults.add(f"{envelope.where}/Data", "is Base64", value=said, code="0001")
        return b""


def _outward(read: ReadMessage, message: bytes, copied: str | None, sender: str | None) -> ReadMessage:
    digest = message_digest(message)
    entities = tuple(
        entity
        if entity.record is None or entity.record.source is None
        else replace(
            entity,
            record=entity.record.model_copy(
                update={"source": entity.record.source.model_copy(update={"sha256": digest})}
            ),
        )
        for entity in read.entities
    )
    return replace(read, message_id=copied or read.message_id, sender=read.sender or sender, entities=entities)


READERS: Final[tuple[Reader, ...]] = (DxpReader(),)
