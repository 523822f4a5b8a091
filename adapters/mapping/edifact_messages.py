"""What readers of UN/EDIFACT messages share: finding the message, the source of its records, and their remarks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from adapters.mapping.logistics import noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.edifact import EdifactMessage, parse_interchange
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Remark, Source

PEEK_BYTES: Final = 4_096
"""How much of an interchange is looked at for its first message header."""


def names_message(interchange: bytes, kind: str) -> bool:
    """Whether the first message header names the kind."""
    return re.search(rb"UNH.{1,20}" + kind.encode(), interchange[:PEEK_BYTES], re.DOTALL) is not None


def message_kind(message: EdifactMessage) -> str:
    """Kind with its directory: `CUSCAR-D.95B`."""
    return f"{message.type}-{message.directory.replace(':', '.')}"


@dataclass(frozen=True)
class MessageSource:
    """Where a record comes from, but for its ordinal."""

    message: EdifactMessage
    digest: str
    first: int
    """Ordinal of the message's first record."""

    def at(self, count: int) -> Source:
        """The source of the message's record of that number, from 0."""
        reference = self.message.reference or None
        kind = message_kind(self.message)
        return Source(kind=kind, sha256=self.digest, message_id=reference, ordinal=self.first + count)


ReadOne = Callable[[EdifactMessage, MessageSource, Faults], Iterable[Entity]]


def read_interchange(interchange: bytes, kind: str, read: ReadOne, missing: str) -> ReadMessage:
    """All messages of an interchange, each read by `read`; `missing` is the rule that a message without a record broke.

    Raises `MalformedMessage` with every fault, each once.
    """
    faults = Faults()
    control, messages = parse_interchange(interchange, faults)
    digest = message_digest(interchange)
    entities: list[Entity] = []
    for message in messages:
        if message.type != kind:
            raise MalformedMessage(f"UNH {message.reference}", f"is {kind}", value=message.type)
        with noted(f"UNH {message.reference}", faults):
            entities.extend(read(message, MessageSource(message, digest, len(entities)), faults))
    faults.found[:] = {(fault.field, fault.rule, str(fault.value)): fault for fault in faults.found}.values()
    faults.refuse("EDIFACT message")
    if not entities:
        raise MalformedMessage(f"EDIFACT {kind}", missing)
    return ReadMessage(message_kind(messages[0]), control or None, None, tuple(entities))


def with_remarks(entities: Iterable[Entity], remarks: tuple[Remark, ...]) -> Iterator[Entity]:
    """The entities, each record with what was not read of the message as a whole."""
    for entity in entities:
        if entity.record is None or not remarks:
            yield entity
        else:
            yield replace(entity, record=entity.record.with_remarks(*remarks))
