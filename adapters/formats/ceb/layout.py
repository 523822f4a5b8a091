"""How the cross-border e-commerce (CEB) messages are built, and how one becomes entities of checked text.

Source: GACC, 海关跨境电商统一版系统企业对接报文规范, edition 2022-05, chapters 2, 3. A message: a root with `guid` and
`version`, entities (one order, one waybill, one list ...), and `BaseTransfer`, which names who transmits. An entity is
either a head with lines or fields alone. Field tables are written in the document's notation (`notation.table`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from adapters.formats.ceb.plain_text import PlainMessage, learn_plain, read_plain
from adapters.parsing import field_table
from adapters.parsing.xml import local_name, parse_xml, peek_root
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults, Table, unknown_text
from chain.errors import MalformedMessage

CEB_NAMESPACE = "http://www.chinaport.gov.cn/ceb"
ENTITIES_MAX = 100
"""Entities in one message (both XSDs, 2022-05; CEB816 and 818 have no bound there and get this one)."""
DRAFT = "1"
"""`appStatus` 暂存: the enterprise keeps a draft at the e-port; it is acknowledged and not recorded."""


def table(rows: str) -> Table:
    """The field table that the rows print, in the CEB namespace."""
    return field_table.table(rows, CEB_NAMESPACE)


@dataclass(frozen=True)
class Layout:
    """How one kind of CEB message is built."""

    number: str
    """`311` for CEB311Message."""
    entity: str
    """Element that holds one entity; the document and the XSD may spell it differently, so alternatives by `/`."""
    fields: Table
    """The entity's own fields, or its head's where it has lines."""
    head: str = ""
    """Element with the head's fields; empty where the entity holds them itself."""
    line: str = ""
    """Element of one line; empty where there are none."""
    lines: Table | None = None
    lines_min: int = 1
    lines_max: int = 99
    numbered: bool = True
    """Whether a line's `gnum` is its own number, so that none may come twice."""
    drafts: bool = False
    """Whether the enterprise lodges it, with `appType` and `appStatus`; replies and tax bills have none."""
    signed: bool = False
    """Whether the document makes `Signature` mandatory."""

    @property
    def kind(self) -> str:
        """The native kind as the `source` section names it: `CEB311`."""
        return f"CEB{self.number}"


@dataclass(frozen=True)
class CebEntity:
    """One entity: checked texts by field name, lines in message order."""

    ordinal: int
    where: str
    """Its path in the message, for errors: `Order[2]`."""
    head: dict[str, str]
    lines: tuple[dict[str, str], ...] = ()
    draft: bool = False
    sound: bool = True
    """Whether every field is there and of its form, so that the entity can be mapped."""


@dataclass
class CebMessage:
    """One message, taken apart; `faults` is raised by the reader when it has mapped the entities and added its own."""

    layout: Layout
    guid: str | None
    sender: str | None
    entities: list[CebEntity]
    faults: Faults
    remarks: list[str] = field(default_factory=list)


def recognises(layout: Layout, message: bytes) -> bool:
    """Whether the bytes' root element is this layout's."""
    try:
        root = peek_root(message)
    except MalformedMessage:
        return False
    return root.name == f"{layout.kind}Message" and root.namespace == CEB_NAMESPACE


def take_apart(layout: Layout, message: bytes) -> CebMessage:
    """The message's entities with every field checked; raises where it is no XML or not of this kind."""
    plain = read_plain(layout, message, ENTITIES_MAX, DRAFT)
    root = parse_xml(message) if plain is None else plain.root
    faults = Faults()
    if root.tag != f"{{{CEB_NAMESPACE}}}{layout.kind}Message":
        faults.add(local_name(root), f"is the root {layout.kind}Message in {CEB_NAMESPACE}", code="0001")
        faults.refuse(layout.kind)
    guid = str(root.get("guid", "")).strip() or None
    if guid is None:
        faults.add(f"{layout.kind}Message/@guid", "must be there", fix="Fill in the attribute")
    strange: list[str] = []
    entities = _entities(layout, root, faults, strange) if plain is None else _plain_entities(plain)
    parsed = CebMessage(layout, guid, _sender(root), entities, faults)
    around = _around(layout, root)
    places = [*strange, *around][:20]
    parsed.remarks.extend(f"{place} is not in the field table of edition 2022-05; not read" for place in places)
    if layout.signed and next(root.iterchildren("{http://www.w3.org/2000/09/xmldsig#}Signature"), None) is None:
        parsed.remarks.append("has no Signature, which the specification demands of a lodged message")
    if plain is None and not faults.found and not strange and not all(entity.draft for entity in entities):
        learn_plain(layout, root, message)
    return parsed


_BESIDE: Final = frozenset({"BaseTransfer", "BaseSubscribe", "Signature", "ExtendMessage"})
"""What stands beside the entities: who transmits, who is answered, the signature, the sender's own extension."""
_TRANSFER: Final = frozenset({"copCode", "copName", "dxpMode", "dxpId", "note"})


def _around(layout: Layout, root: etree._Element) -> list[str]:
    """Places of elements that neither the message nor an entity has by the specification."""
    names, inside = layout.entity.split("/"), {layout.head, layout.line} - {""}
    found: list[str] = []
    for child in root:
        name = local_name(child)
        if name in names:
            if layout.head:
                found.extend(unknown_text(name, e) for e in child if local_name(e) not in inside)
        elif name not in _BESIDE:
            found.append(unknown_text(f"{layout.kind}Message", child))
        elif name == "BaseTransfer":
            found.extend(unknown_text(name, e) for e in child if local_name(e) not in _TRANSFER)
    return found


def _entities(layout: Layout, root: etree._Element, faults: Faults, strange: list[str]) -> list[CebEntity]:
    found = [child for child in root if local_name(child) in layout.entity.split("/")]
    if not 1 <= len(found) <= ENTITIES_MAX:
        faults.add(layout.entity, f"appears 1 to {ENTITIES_MAX} times", value=f"{len(found)} times")
    return [_entity(layout, child, ordinal, len(found), faults, strange) for ordinal, child in enumerate(found)]


def _plain_entities(plain: PlainMessage) -> list[CebEntity]:
    name, count = plain.name, len(plain.entities)
    return [
        CebEntity(ordinal, f"{name}[{ordinal + 1}]" if count > 1 else name, head, lines)
        for ordinal, (head, lines) in enumerate(plain.entities)
    ]


def _sender(root: etree._Element) -> str | None:
    for transfer in root.iterchildren(f"{{{CEB_NAMESPACE}}}BaseTransfer"):
        for code in transfer.iterchildren(f"{{{CEB_NAMESPACE}}}copCode"):
            return (code.text or "").strip()[:18] or None
    return None


def _entity(
    layout: Layout, element: etree._Element, ordinal: int, count: int, faults: Faults, strange: list[str]
) -> CebEntity:
    where = f"{local_name(element)}[{ordinal + 1}]" if count > 1 else local_name(element)
    head = element
    if layout.head:
        heads = element.findall(f"{{{CEB_NAMESPACE}}}{layout.head}")
        if len(heads) != 1:
            faults.add(f"{where}/{layout.head}", "appears once", value=f"{len(heads)} times")
            return CebEntity(ordinal, where, {}, sound=False)
        head = heads[0]
    place = f"{where}/{layout.head}" if layout.head else where
    if layout.drafts and _status(head) == DRAFT:
        return CebEntity(ordinal, where, {}, draft=True)
    before = len(faults.found)
    values = layout.fields.read(head, place, faults, strange)
    lines = _lines(layout, element, where, faults, strange)
    return CebEntity(ordinal, where, values, lines, sound=len(faults.found) == before)


def _status(head: etree._Element) -> str:
    return str(head.findtext(f"{{{CEB_NAMESPACE}}}appStatus", "")).strip()


def _lines(
    layout: Layout, element: etree._Element, where: str, faults: Faults, strange: list[str]
) -> tuple[dict[str, str], ...]:
    if layout.lines is None:
        return ()
    found = element.findall(f"{{{CEB_NAMESPACE}}}{layout.line}")
    if not layout.lines_min <= len(found) <= layout.lines_max:
        rule = f"appears {layout.lines_min} to {layout.lines_max} times"
        faults.add(f"{where}/{layout.line}", rule, value=f"{len(found)} times")
    read = layout.lines.read
    lines = tuple(
        read(child, f"{where}/{layout.line}[{count}]", faults, strange)
        for count, child in enumerate(found[: layout.lines_max], 1)
    )
    counted = Counter(line["gnum"] for line in lines if "gnum" in line) if layout.numbered else Counter()
    for number in (number for number, times in counted.items() if times > 1):
        faults.add(f"{where}/{layout.line}/gnum", "is no other line's number", value=number, code=BUSINESS_CODE)
    return lines
