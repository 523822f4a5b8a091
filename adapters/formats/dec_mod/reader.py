"""The form that asks to change or cancel a declaration (`DecModMessage`, 修撤单).

`DecModType` 1 (修改) becomes a customs.declaration that amends the declaration of that number and holds the changed
fields alone, as a WCO amendment does; 2 (撤销) asks to cancel, so it is a customs.request and changes nothing.

No official text of this form is public. It follows what the programs of those who send it say of it: one flat head
and `Items/Item`, one changed field each. What customs answers (`HzApprovalResult`) is named there without its codes
and is not read.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from lxml import etree
from pydantic import ValidationError

from adapters.formats.ceb.reader import note_problems
from adapters.formats.dec_message import tables
from adapters.mapping.chinese_customs import company, person, reference
from adapters.mapping.code_mapping import Coding
from adapters.message import Entity, Reader, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.field_table import table
from adapters.parsing.xml import local_name, namespace_of, parse_xml, peek_root
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults, Table
from chain.errors import Malformed, MalformedMessage
from chain.records.base import Record, Reference, Remark, Source
from chain.records.customs import CustomsDeclaration, CustomsRequest, DeclarationHead, FieldChange, RequestHead
from chain.records.scalars import Code
from chain.records.sections import Party

CHANGE: Final = "1"
CANCEL: Final = "2"
CHANGES_MAX: Final = 2_000
"""Changed fields of one form: every field of 50 items."""
_MARKS: Final = ("Version", "CheckMark", "OperType", "FeedDept", "SignTime")
"""Fields whose lists and forms nobody describes, kept as said. The signature and the card's number are not kept."""

IGNORED: Final = {
    "Sign": "the signature is in the message's bytes, whose hash the record keeps",
    "IcCode": "the number of the card that signed: personal",
    "No": "the place of a change, which is kept",
}
"""Element -> why it is left out. Whatever else is not read becomes a remark."""

Values = dict[str, str]


@lru_cache(maxsize=8)
def _table(rows: str, namespace: str) -> Table:
    return table(rows, namespace)


class DecModReader:
    """Reads one form."""

    kind = "DecModMessage"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is such a form."""
        try:
            return peek_root(message).name == self.kind
        except MalformedMessage:
            return False

    def read(self, message: bytes) -> ReadMessage:
        """The amendment or request as the message's one entity; raises `MalformedMessage` with all its faults."""
        faults = Faults()
        root = parse_xml(message)
        head, changes = _take_apart(root, faults)
        faults.refuse(self.kind)
        number = head.get("DecModSeqNo")
        source = Source(kind=self.kind, sha256=message_digest(message), message_id=number)
        entity: Entity | None = None
        try:
            entity = _entity(head, changes, source, unread_elements(root, faults, IGNORED))
        except Malformed as fault:
            faults.note(fault, f"{self.kind}/{fault.field}")
        except ValidationError as problem:
            note_problems(problem, self.kind, faults)
        faults.refuse(self.kind)
        return ReadMessage(self.kind, number, head.get("AgentCode"), (entity,) if entity else ())


def _take_apart(root: etree._Element, faults: Faults) -> tuple[Values, list[Values]]:
    namespace, kind = namespace_of(root), local_name(root)
    mark = f"{{{namespace}}}" if namespace else ""
    items = root.findall(f"{mark}Items/{mark}Item")
    if len(items) > CHANGES_MAX:
        faults.add(f"{kind}/Items/Item", f"appears at most {CHANGES_MAX} times", value=f"{len(items)} times")
    head = _read(tables.DEC_MOD, root, kind, faults)
    changes = [
        _read(tables.DEC_MOD_ITEM, item, f"{kind}/Items/Item[{count}]", faults)
        for count, item in enumerate(items[:CHANGES_MAX], 1)
    ]
    if head.get("DecModType") == CHANGE and not items:
        faults.add(f"{kind}/Items/Item", "must be there where a change is asked for", code=BUSINESS_CODE)
    return head, changes


def _read(rows: str, element: etree._Element, where: str, faults: Faults) -> Values:
    """The element's fields by their table; those that the table names count as read."""
    known = _table(rows, namespace_of(element))
    faults.read.update(known.known_in(element))
    return known.read(element, where, faults, [])


def _entity(head: Values, changes: list[Values], source: Source, unread: tuple[Remark, ...]) -> Entity:
    declared = reference("declaration", head["EntryId"])
    references = declared + reference("pre", head.get("DecSeqNo"))
    own = reference("cop", head.get("DecModSeqNo"), scope="cn-dec-mod")
    if head["DecModType"] == CANCEL:
        return Entity(0, _request(head, references + own, source).with_remarks(*unread), "", references)
    coding = Coding()
    record: Record = _amendment(head, changes, references + own, source, coding)
    text = "the form names what is to change alone: what it leaves out stands as the amended record says"
    coding.remark("partial-amendment", text)
    return Entity(0, record.with_remarks(*coding.remarks, *unread), "", references, amends=declared[0])


def _amendment(
    head: Values, changes: list[Values], references: tuple[Reference, ...], source: Source, coding: Coding
) -> CustomsDeclaration:
    return CustomsDeclaration(
        references=references,
        source=source,
        declaration=DeclarationHead(
            number=head["EntryId"],
            central_number=head.get("DecSeqNo"),
            own_number=head.get("DecModSeqNo"),
            function="change",
            direction="I" if head.get("IeFlag") == "I" else "E" if head.get("IeFlag") == "E" else None,
            office=coding.code("cn-customs-office", head.get("CustomsCode")),
            flags=_flags(head),
            changes=tuple(
                FieldChange(
                    field=change["FieldCode"],
                    name=change.get("FieldName"),
                    old=change.get("OldValue"),
                    new=change.get("NewValue"),
                    old_name=change.get("OldName"),
                    new_name=change.get("NewName"),
                )
                for change in changes
            ),
            reason=head.get("DecModNote"),
        ),
        parties=_parties(head),
    )


def _request(head: Values, references: tuple[Reference, ...], source: Source) -> CustomsRequest:
    return CustomsRequest(
        references=references,
        source=source,
        request=RequestHead(
            kind="cancel",
            own_number=head.get("DecModSeqNo"),
            about=(head["EntryId"],),
            direction="I" if head.get("IeFlag") == "I" else "E" if head.get("IeFlag") == "E" else None,
            office=Coding().code("cn-customs-office", head.get("CustomsCode")),
            reason=head.get("DecModNote"),
            flags=_flags(head),
        ),
        parties=_parties(head),
    )


def _flags(head: Values) -> tuple[Code, ...]:
    return tuple(Code(system=f"cn-dec-mod-{name}", value=head[name]) for name in _MARKS if name in head)


def _parties(head: Values) -> tuple[Party, ...]:
    contact = head.get("EntOpName")
    found = (
        company("trader", head.get("TradeCode"), head.get("TradeName"), uscc=head.get("TradeCreditCode")),
        company("agent", head.get("AgentCode"), head.get("AgentName"), uscc=head.get("AgentCreditCode")),
        person("operator", contact, phone=head.get("EntOpTele")) if contact else None,
    )
    return tuple(party for party in found if party is not None)


READERS: Final[tuple[Reader, ...]] = (DecModReader(),)
