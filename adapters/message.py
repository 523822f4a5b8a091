"""A native message, read: which entities it holds and the record that each becomes. Every reader answers so.

A reader is a pure map: bytes in, `ReadMessage` out or one `MalformedMessage` that names every fault. It knows no
clock, no network and no gateway.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chain.records import Record, Reference

MESSAGE_BYTES_MAX = 10 * 1024 * 1024
"""The longest message that is read, of whatever form. The largest legal CEB621, 100 lists of 50 lines, is 6 MB."""


@dataclass(frozen=True)
class Entity:
    """One order, waybill, list, reply ... inside a message, and the record that it becomes."""

    ordinal: int
    """Place in the message, from 0; part of the key under which the runner knows the entity."""
    record: Record | None
    """The record, its `ucr` left empty for the runner to fill; None for what is acknowledged and not recorded."""
    note: str = ""
    """Why there is no record (a draft, a technical reply); empty where there is one."""
    lookup: tuple[Reference, ...] = ()
    """References by which the gateway can be asked for the UCR where the envelope gives none, the strongest first."""
    amends: Reference | None = None
    """What an amendment replaces, as the source knows it; the runner finds the record id. None where there is none."""
    is_draft: bool = False
    """Whether the record is a draft's: kept, and submitted when a reply proves that it was lodged."""
    many: bool = False
    """Whether each reference of `lookup` names another consignment (a departure, a manifest), so that the record is
    about all of them; else they are several names of one."""
    part: int = 0
    """Which part it is of an entity that is too long for one record, from 0."""
    part_of: int | None = None
    """Where it is a later part: the ordinal of the entity, under which the envelope knows all of it."""


@dataclass(frozen=True)
class ReadMessage:
    """A message with all its entities, in message order."""

    kind: str
    """The native kind, as in the record's `source` section: `CEB621`, `DecMessage`, `DCSA-TNT-2.2` ..."""
    message_id: str | None
    """The sender's own id of the message (a guid, a `ClientSeqNo`); None where the form has none."""
    sender: str | None
    """Who the message says wrote it, in whatever code it uses; the envelope, not this, says which member it was."""
    entities: tuple[Entity, ...]
    remarks: tuple[str, ...] = ()
    """What looks wrong about the message as a whole but does not make it unusable, one English sentence each."""


class Reader(Protocol):
    """Reads one kind of message."""

    kind: str

    def recognises(self, message: bytes) -> bool:
        """Whether the bytes are of this kind, by looking only (namespace, root, version); never raises."""

    def read(self, message: bytes) -> ReadMessage:
        """All entities of the message; raises `MalformedMessage` with all its faults."""


class DatedReader(Protocol):
    """Reads kinds of messages whose days have no year, so that it needs to be told when the message was sent."""

    def read_sent(self, message: bytes, sent_on: date | None) -> ReadMessage:
        """As `Reader.read`; a day takes the year in which it is nearest to the day of sending.

        Without a day of sending, what cannot do without a year is refused.
        """
        ...


def message_digest(message: bytes) -> str:
    """SHA-256 of the native bytes as 64 lowercase hex digits, as the `source` section keeps it."""
    return hashlib.sha256(message).hexdigest()
