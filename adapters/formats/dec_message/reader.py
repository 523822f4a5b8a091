"""China's declaration (`DecMessage`, 报关单): 3.1, 4.8, 5.0, plain or inside an `ImportMessage` with `SWImpHead`.

Import and export are no mirror images: on an export declaration `OriginCountry` holds the country of destination and
`DestinationCountry` the origin; `DistinatePort` is a port on the way in the one, the port of destination in the other.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Final

from lxml import etree
from pydantic import ValidationError

from adapters.formats.ceb.reader import is_less, note_problems
from adapters.formats.dec_message import tables
from adapters.formats.dec_message.mapping import Parsed, build_declaration, lookup
from adapters.mapping.code_mapping import Coding
from adapters.message import Entity, Reader, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.field_table import table
from adapters.parsing.forms import text
from adapters.parsing.xml import local_name, namespace_of, parse_xml, peek_root
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults, Fields, Table
from chain.errors import Malformed, MalformedMessage
from chain.records.base import Source

ITEMS_MAX: Final = 50
"""Goods items of one declaration."""
CONTAINERS_MAX: Final = 200
DOCUMENTS_MAX: Final = 200
"""Licences, attachments: far above what a declaration has."""
VERSIONS: Final = ("3.1", "4.8", "5.0")
DRAFT_NOTE: Final = "a draft (OperType G): kept until a reply proves that it was lodged"
SAVED: Final = "G"
"""`DecSign/OperType` 暂存: a draft."""

_NUMBERS: Final = ("EntryId", "SeqNo", "PreEntryId")


@lru_cache(maxsize=16)
def _table(rows: str, namespace: str) -> Table:
    return table(rows, namespace)


class DecMessageReader:
    """Reads one declaration."""

    kind = "DecMessage"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is a declaration, or the wrapper that may hold one."""
        try:
            return peek_root(message).name in ("DecMessage", "ImportMessage")
        except MalformedMessage:
            return False

    def read(self, message: bytes) -> ReadMessage:
        """The declaration as the message's one entity; raises `MalformedMessage` with all its faults."""
        faults, remarks = Faults(), list[str]()
        root = parse_xml(message)
        found, copied = _unwrapped(root, faults)
        is_draft = _operation(found) == SAVED
        parsed = _take_apart(found, faults, remarks, is_draft=is_draft)
        faults.refuse(self.kind)
        message_id, sender = parsed.sign.get("ClientSeqNo") or copied, parsed.head.get("AgentCode")
        source = Source(kind=self.kind, sha256=message_digest(message), message_id=message_id)
        coding = Coding()
        entity: Entity | None = None
        try:
            record = build_declaration(parsed, source, coding)
            unread = unread_elements(found, faults, tables.IGNORED)
            if coding.remarks or unread:
                record = record.with_remarks(*coding.remarks, *unread)
            entity = Entity(0, record, DRAFT_NOTE if is_draft else "", lookup(parsed), is_draft=is_draft)
        except Malformed as fault:
            faults.note(fault, f"DecMessage/{fault.field}")
        except ValidationError as problem:
            note_problems(problem, "DecMessage", faults)
        faults.refuse(self.kind)
        return ReadMessage(self.kind, message_id, sender, (entity,) if entity else (), tuple(remarks))


def _unwrapped(root: etree._Element, faults: Faults) -> tuple[etree._Element, str | None]:
    """The `DecMessage` element, and the wrapper's message id where there is a wrapper."""
    if local_name(root) == "DecMessage":
        return root, None
    heads = [child for child in root if local_name(child) == "SWImpHead"]
    wrapper = Fields.root(heads[0], faults) if heads else None
    copied = wrapper.maybe("CopMsgId", text(255)) if wrapper else None
    compressed = wrapper.maybe("Compress", text(8)) if wrapper else None
    if compressed not in (None, "0"):
        faults.add("ImportMessage/SWImpHead/Compress", "is 0, not compressed", value=compressed)
    inside = [found for found in root.iter() if isinstance(found.tag, str) and local_name(found) == "DecMessage"]
    if len(inside) != 1:
        faults.add("ImportMessage/DecMessage", "appears once", value=f"{len(inside)} times", code="0001")
        faults.refuse("ImportMessage")
    return inside[0], copied


def _operation(root: etree._Element) -> str:
    mark = f"{{{namespace_of(root)}}}" if namespace_of(root) else ""
    return str(root.findtext(f"{mark}DecSign/{mark}OperType") or "").strip()


def _type_positions(root: etree._Element, namespace: str) -> str:
    """`DecHead/Type` with its leading blanks; layout around it (a line break before it) is none of its positions."""
    mark = f"{{{namespace}}}" if namespace else ""
    said = root.findtext(f"{mark}DecHead/{mark}Type") or ""
    return said.strip() if any(character in said.strip(" ") for character in "\r\n\t") else said.rstrip()


def _take_apart(root: etree._Element, faults: Faults, remarks: list[str], *, is_draft: bool) -> Parsed:
    namespace = namespace_of(root)
    if namespace not in ("", tables.DEC_NAMESPACE):
        faults.add("DecMessage", f"is in {tables.DEC_NAMESPACE}", value=namespace, code="0001")
    version = str(root.get("Version") or root.get("version") or "")
    if version not in VERSIONS:
        remarks.append(f"version {version or 'none'} is not one of {', '.join(VERSIONS)}; read by the same tables")
    message = Fields(root, "DecMessage", faults, namespace)
    positions = _type_positions(root, namespace)
    # A summary declaration and a draft need not say yet what the second step, or the single window's page, fills in.
    partial = is_draft or tables.STAGES.get(positions[2:3].strip()) == "summary"
    head_rows = _relaxed(tables.DEC_HEAD, tables.SUMMARY_NEEDS) if partial else tables.DEC_HEAD
    item_rows = _relaxed(tables.DEC_LIST, tables.SUMMARY_ITEM_NEEDS) if partial else tables.DEC_LIST

    def one(name: str, rows: str, *, required: bool = False) -> dict[str, str]:
        found = message.child(name, required=required)
        return _read(rows, namespace, found, faults) if found else {}

    def many(group: str, names: tuple[str, ...], rows: str, most: int) -> tuple[dict[str, str], ...]:
        inside = message.child(group) if group else message
        found = [each for name in names for each in inside.each(name)] if inside else []
        if len(found) > most:
            faults.add(f"DecMessage/{names[0]}", f"appears at most {most} times", value=f"{len(found)} times")
        return tuple(_read(rows, namespace, each, faults) for each in found[:most])

    parsed = Parsed(
        head=one("DecHead", head_rows, required=True),
        items=many("DecLists", ("DecList",), item_rows, ITEMS_MAX),
        containers=many("DecContainers", tables.CONTAINER_NAMES, tables.CONTAINER, CONTAINERS_MAX),
        licences=many("DecLicenseDocus", tables.LICENCE_NAMES, tables.LICENSE_DOCU, DOCUMENTS_MAX),
        attachments=tuple(
            file
            for group in tables.EDOC_GROUPS
            for file in many(group, ("EdocRealation",), tables.ATTACHMENT, DOCUMENTS_MAX)
        ),
        other_packing=many("DecOtherPacks", ("DecOtherPack",), tables.OTHER_PACK, DOCUMENTS_MAX),
        limits=_limits(message, namespace, faults),
        free_text=one("DecFreeTxt", tables.FREE_TEXT),
        access={key: value for name in tables.ACCESS_NAMES for key, value in one(name, tables.ACCESS).items()},
        sign=one("DecSign", tables.SIGN),
        type_positions=positions,
    )
    _check(parsed, faults, partial=partial)
    return parsed


def _limits(message: Fields, namespace: str, faults: Faults) -> tuple[tuple[str, dict[str, str]], ...]:
    """The permits of each item, with the item's number."""
    lists = message.child("DecLists")
    found: list[tuple[str, dict[str, str]]] = []
    for item in lists.each("DecList") if lists else ():
        number = (item.element.findtext(f"{{{namespace}}}GNo" if namespace else "GNo") or "").strip()
        for group in item.each("DecGoodsLimits"):
            for limit in group.each("DecGoodsLimit"):
                values = _read(tables.GOODS_LIMIT, namespace, limit, faults)
                found.append((number, values))
    return tuple(found[:DOCUMENTS_MAX])


def _read(rows: str, namespace: str, holder: Fields, faults: Faults) -> dict[str, str]:
    """The holder's fields by their table; those that the table names count as read."""
    known = _table(rows, namespace)
    faults.read.update(known.known_in(holder.element))
    return known.read(holder.element, holder.where, faults, [])


@lru_cache(maxsize=8)
def _relaxed(rows: str, needed: frozenset[str]) -> str:
    """The same table, in which no other field than the needed ones must be there."""
    split = [line.rsplit(" ", 1) for line in rows.strip().splitlines()]
    # A draft's figures may still be zero, and a summary's tariff code has six digits.
    tariff = [
        (row.replace("CodeTS/CodeTs hs10", "CodeTS/CodeTs d6..10").replace(">0", ""), required)
        for row, required in split
    ]
    return "\n".join(
        f"{row} {required if row.split()[0].split('/')[0] in needed else 'no'}" for row, required in tariff
    )


def _check(parsed: Parsed, faults: Faults, *, partial: bool) -> None:
    """Rules between fields; they look at whatever is there, so that all faults are named at once."""
    head = parsed.head
    if not parsed.items and not partial:
        faults.add("DecMessage/DecLists/DecList", f"appears 1 to {ITEMS_MAX} times", value="0 times")
    if not any(name in head for name in _NUMBERS) and "ClientSeqNo" not in parsed.sign:
        rule = "one of EntryId, SeqNo, PreEntryId or DecSign/ClientSeqNo is there, or no reply can ever be matched"
        faults.add("DecMessage/DecHead/EntryId", rule, code=BUSINESS_CODE)
    seen: set[str] = set()
    for item in parsed.items:
        number = item.get("GNo", "")
        if number in seen:
            faults.add("DecMessage/DecLists/DecList/GNo", "is no other item's number", value=number, code=BUSINESS_CODE)
        seen.add(number)
    if not partial:
        _check_figures(head, faults)


def _check_figures(head: dict[str, str], faults: Faults) -> None:
    """Weights and charges of a whole declaration; what a draft leaves open is filled in before it is lodged."""
    gross, net = head.get("GrossWet"), head.get("NetWt")
    if gross and net and is_less("0", gross) and is_less(gross, net):
        rule = f"is at least the net weight {net}"
        faults.add("DecMessage/DecHead/GrossWet", rule, value=gross, code=BUSINESS_CODE)
    for name in ("Fee", "Insur", "Other"):
        rate, mark = head.get(f"{name}Rate"), head.get(f"{name}Mark")
        if rate and Decimal(0) != _number(rate) and not mark:
            faults.add(f"DecMessage/DecHead/{name}Mark", f"must be there where {name}Rate is", code=BUSINESS_CODE)
        if rate and mark in ("2", "3") and f"{name}Curr" not in head:
            faults.add(f"DecMessage/DecHead/{name}Curr", "must be there where an amount is", code=BUSINESS_CODE)


def _number(said: str) -> Decimal:
    try:
        return Decimal(said)
    except ArithmeticError:
        return Decimal(0)


READERS: Final[tuple[Reader, ...]] = (DecMessageReader(),)
