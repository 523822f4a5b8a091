"""A native message, read: which entities it holds and the record that each becomes. Every reader answers so.

A reader is a pure map: bytes in, `ReadMessage` out or one `MalformedMessage` that names every fault. It knows no
clock, no network and no gateway. `read_message` finds the reader by looking at the bytes; a reader's module is
imported when a message of its kind is first seen, so that reading one file does not pay for all formats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from chain.errors import MalformedMessage

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


class Form(Enum):
    """The outer form of a message, told by its first bytes."""

    XML = "XML"
    JSON = "JSON"
    EDIFACT = "EDIFACT"


@dataclass(frozen=True)
class ReaderModule:
    """Where readers are to be found: a module with a tuple `READERS`, and which messages are worth importing it for."""

    module: str
    form: Form
    roots: frozenset[str] = frozenset()
    """XML only: local names of root elements that this module reads."""


_CEB_IMPORT_TRADE = frozenset(f"CEB{n}Message" for n in (311, 411, 511, 513))
_CEB_EXPORT_TRADE = frozenset(f"CEB{n}Message" for n in (303, 403, 505, 507, 509, 607, 215, 711))
_CEB_DECLARATIONS = frozenset(f"CEB{n}Message" for n in (621, 603))
_CEB_REQUESTS = frozenset(f"CEB{n}Message" for n in (623, 625, 605, 213, 701))
_CEB_REPLIES = frozenset(
    f"CEB{n}Message"
    for n in (312, 412, 512, 514, 622, 624, 626, 712, 900, 304, 404, 506, 508, 510, 604, 606, 608, 214, 216, 702, 792)
)
_CEB_TAX = frozenset({"CEB816Message", "CEB818Message"})

READERS: tuple[ReaderModule, ...] = (
    ReaderModule("adapters.customs.ceb_trade", Form.XML, _CEB_IMPORT_TRADE),
    ReaderModule("adapters.customs.ceb_export", Form.XML, _CEB_EXPORT_TRADE),
    ReaderModule("adapters.customs.ceb_declaration", Form.XML, _CEB_DECLARATIONS),
    ReaderModule("adapters.customs.ceb_request", Form.XML, _CEB_REQUESTS),
    ReaderModule("adapters.customs.ceb_reply", Form.XML, _CEB_REPLIES),
    ReaderModule("adapters.customs.ceb_tax", Form.XML, _CEB_TAX),
    ReaderModule("adapters.customs.dec_message", Form.XML, frozenset({"DecMessage", "ImportMessage"})),
    ReaderModule("adapters.customs.dec_mod", Form.XML, frozenset({"DecModMessage"})),
    ReaderModule("adapters.customs.dec_result", Form.XML, frozenset({"DEC_RESULT", "DEC_DATA", "DecImportResponse"})),
    ReaderModule("adapters.customs.dxp", Form.XML, frozenset({"DxpMsg", "DxpMsgSv"})),
    ReaderModule("adapters.customs.wco", Form.XML, frozenset({"MetaData"})),
    ReaderModule("adapters.customs.ubl_declaration", Form.XML, frozenset({"ImportCustomsDeclaration"})),
    ReaderModule("adapters.logistics.onerecord", Form.JSON),
    ReaderModule("adapters.logistics.dcsa_tnt", Form.JSON),
    ReaderModule("adapters.logistics.dcsa_vgm", Form.JSON),
    ReaderModule("adapters.logistics.epcis", Form.JSON),
    ReaderModule("adapters.logistics.container_moves", Form.EDIFACT),
    ReaderModule("adapters.logistics.manifest", Form.XML, frozenset({"Manifest"})),
    ReaderModule("adapters.logistics.ubl_waybill", Form.XML, frozenset({"Waybill", "WeightStatement"})),
    ReaderModule("adapters.logistics.inventory_movement", Form.XML, frozenset({"inventoryLinkingMovementRequest"})),
    ReaderModule("adapters.tax.duty_payment", Form.JSON),
    ReaderModule("adapters.tax.export_rebate", Form.JSON),
    ReaderModule("adapters.tax.ubl_invoice", Form.XML, frozenset({"Invoice"})),
    ReaderModule("adapters.tax.efapiao", Form.XML, frozenset({"EInvoice"})),
)
"""Every module of readers that there is. A room adds its line when its module lands."""


def read_message(message: bytes) -> ReadMessage:
    """The message, read by the one reader that knows it; raises `MalformedMessage` where none does or it has faults."""
    return find_reader(message).read(message)


def find_reader(message: bytes) -> Reader:
    """The reader that recognises the bytes; raises `MalformedMessage` where none does."""
    if len(message) > MESSAGE_BYTES_MAX:
        rule = f"at most {MESSAGE_BYTES_MAX} bytes"
        raise MalformedMessage("message", rule, value=f"{len(message)} bytes", fix="Send it in parts", code="0001")
    form = find_form(message)
    if message.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MalformedMessage("message", "is in UTF-8", value="UTF-16", fix="Send it in UTF-8", code="0001")
    if form is None:
        raise MalformedMessage(
            "message", "begins as XML, JSON or EDIFACT", value=repr(message[:24]), fix="Check the file and its encoding"
        )
    for reader in _candidates(form, message):
        if reader.recognises(message):
            return reader
    named = f" with root {_root(message)}" if form is Form.XML else ""
    raise MalformedMessage(
        "message", f"is of a kind that is read; no reader knows this {form.value}{named}", code="0001"
    )


def find_form(message: bytes) -> Form | None:
    """The outer form of the bytes by their first characters, past a UTF-8 mark; None where it is no form we read."""
    start = message[:1024].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if start.startswith(b"<"):
        return Form.XML
    if start.startswith((b"{", b"[")):
        return Form.JSON
    if start.startswith((b"UNA", b"UNB", b"UNH")):
        return Form.EDIFACT
    return None


def message_digest(message: bytes) -> str:
    """SHA-256 of the native bytes as 64 lowercase hex digits, as the `source` section keeps it."""
    return hashlib.sha256(message).hexdigest()


def _candidates(form: Form, message: bytes) -> Iterator[Reader]:
    root = _root(message) if form is Form.XML else ""
    for entry in READERS:
        if entry.form is form and (form is not Form.XML or root in entry.roots):
            yield from _load(entry.module)


@lru_cache(maxsize=64)
def _load(module: str) -> tuple[Reader, ...]:
    return cast(tuple[Reader, ...], import_module(module).READERS)


def _root(message: bytes) -> str:
    from adapters.xml import peek_root  # only XML messages pay for lxml

    return peek_root(message).name
