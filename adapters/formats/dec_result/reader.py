"""Answers to a declaration: `DEC_RESULT`, alone or in the older `DEC_DATA`, and `DecImportResponse`.

Follows the descriptions of those who receive them; no stranger's real file was at hand. Times without a zone are
Beijing time. `CHANNEL` is the answer; 1, 2, 3, 7 and 9 are the e-port's own and marked technical.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from lxml import etree
from pydantic import ValidationError

from adapters.formats.ceb.reader import note_problems
from adapters.formats.dec_message import tables
from adapters.mapping.chinese_customs import beijing_time, company, day, kilograms, reference, zoned_time
from adapters.mapping.code_mapping import Coding
from adapters.mapping.customs_states import CHANNELS, TECHNICAL_CHANNELS
from adapters.message import Entity, Reader, ReadMessage, message_digest
from adapters.parsing.coverage import RULE, TEXT_CHARS_MAX, unread_elements
from adapters.parsing.field_table import table
from adapters.parsing.forms import text
from adapters.parsing.xml import local_name, namespace_of, parse_xml, peek_root
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults, Fields, Table
from chain.errors import Malformed, MalformedMessage
from chain.identifiers import DeclarationNumber
from chain.records.base import Remark, Source
from chain.records.customs import CustomsStatus
from chain.records.scalars import Code, Instant
from chain.records.sections import Status, StatusNote
from chain.records.transport import Conveyance, Package, Transport

Values = dict[str, str]
_OF_TRANSPORT: Final = ("BILL_NO", "TRAF_MODE", "VOYAGE_NO", "PACK_NO", "NET_WT", "GROSS_WT", "I_E_DATE")
IGNORED: Final[dict[str, str]] = {}
"""Elements that are left out: none."""
RESULTS_MAX: Final = 1_000
"""Results in one `DEC_DATA`."""


@lru_cache(maxsize=8)
def _table(namespace: str) -> Table:
    return table(tables.DEC_RESULT, namespace)


def _is_root(message: bytes, *names: str) -> bool:
    try:
        return peek_root(message).name in names
    except MalformedMessage:
        return False


class DecResultReader:
    """Reads the business reply to a declaration."""

    kind = "DEC_RESULT"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is `DEC_RESULT` or its older wrapper `DEC_DATA`."""
        return _is_root(message, "DEC_RESULT", "DEC_DATA")

    def read(self, message: bytes) -> ReadMessage:
        """Each result as an entity; raises `MalformedMessage` with all faults."""
        root = parse_xml(message)
        faults = Faults()
        results = [root] if local_name(root) == "DEC_RESULT" else list(root.iter("{*}DEC_RESULT"))
        beside: list[etree._Element] = []
        if local_name(root) == "DEC_DATA":
            # The older form says the facts of the goods beside the result, or all of it without an element of its own.
            beside = [child for child in root if not any(True for _ in child.iter("{*}DEC_RESULT"))]
            results = results or [root]
        if not 1 <= len(results) <= RESULTS_MAX:
            faults.add("DEC_DATA/DEC_RESULT", f"appears 1 to {RESULTS_MAX} times", value=f"{len(results)} times")
        digest = message_digest(message)
        entities: list[Entity] = []
        for ordinal, element in enumerate(results[:RESULTS_MAX]):
            where = f"DEC_RESULT[{ordinal + 1}]" if len(results) > 1 else "DEC_RESULT"
            source = Source(kind=self.kind, sha256=digest, ordinal=ordinal)
            entities.extend(_entity(element, where, source, faults, beside if element is not root else []))
        faults.refuse(self.kind)
        return ReadMessage(self.kind, None, None, tuple(entities))


def _entity(
    element: etree._Element, where: str, source: Source, faults: Faults, beside: Sequence[etree._Element]
) -> tuple[Entity, ...]:
    before = len(faults.found)
    known = _table(namespace_of(element))
    values = known.read(element, where, faults, [])
    faults.read.update(known.known_in(element))
    unread = _take_beside(values, beside)
    if "ENTRY_ID" not in values and "CUS_CIQ_NO" not in values:
        rule = "must be there, or CUS_CIQ_NO is: without either nobody knows which declaration this is about"
        faults.add(f"{where}/ENTRY_ID", rule, code=BUSINESS_CODE)
    if len(faults.found) > before:
        return ()
    coding = Coding()
    try:
        record = _build(values, source, coding)
    except Malformed as fault:
        faults.note(fault, f"{where}/{fault.field}")
        return ()
    except ValidationError as problem:
        note_problems(problem, where, faults)
        return ()
    unread += unread_elements(element, faults, IGNORED)
    record = record.with_remarks(*coding.remarks, *unread) if coding.remarks or unread else record
    return (Entity(source.ordinal, record, "", record.references),)


def _take_beside(values: Values, beside: Sequence[etree._Element]) -> tuple[Remark, ...]:
    """Adds to the values what stands beside the result and is of its form; the rest becomes remarks."""
    rows = {row.name: row.form for row in _table("").rows}
    unread: list[Remark] = []
    for element in beside:
        name, text = local_name(element), (element.text or "").strip()
        form = rows.get(name)
        if text and form is not None and form.fits(text) and values.get(name, text) == text:
            values[name] = text
        elif text:
            unread.append(Remark(rule=RULE, text=f"DEC_DATA/{name}: {text[:TEXT_CHARS_MAX]}"))
    return tuple(unread)


def _build(values: Values, source: Source, coding: Coding) -> CustomsStatus:
    channel = values["CHANNEL"]
    state, meaning = CHANNELS.get(channel, (None, None))
    if meaning is None:
        coding.remark("unknown-code", f"cn-channel has no code {channel}; the state is kept", "status.code")
    at = _time(values["NOTICE_DATE"]) if "NOTICE_DATE" in values else None
    on = _day(values.get("NOTICE_DATE")) or ""
    number = values.get("ENTRY_ID")
    is_declaration = DeclarationNumber.is_valid(number or "")
    if number and not is_declaration:
        text = f"ENTRY_ID {number} has not the form of a declaration number; kept as a pre-entry number"
        coding.remark("declaration-number", text, "status.number")
    return CustomsStatus(
        references=reference("declaration" if is_declaration else "pre", number, on=on)
        + reference("pre", values.get("CUS_CIQ_NO"), on=on)
        + reference("transport_document", values.get("BILL_NO"), on=on),
        source=source,
        status=Status(
            about="declaration",
            code=Code(system="cn-channel", value=channel, name=meaning, known=meaning is not None),
            state=state,
            technical=channel in TECHNICAL_CHANNELS,
            at=at,
            notes=(StatusNote(text=values["NOTE"]),) if "NOTE" in values else (),
            number=number or values["CUS_CIQ_NO"],
            office=coding.code("cn-customs-office", values.get("CUSTOM_MASTER") or values.get("DECL_PORT")),
            declared_on=_day(values.get("D_DATE")),
        ),
        parties=tuple(
            party
            for party in (
                company("agent", None, values.get("AGENT_NAME")),
                company("trader", values.get("TRADE_CO"), None),
            )
            if party
        ),
        transport=_transport(values, coding),
    )


def _transport(values: Values, coding: Coding) -> Transport | None:
    voyage = values.get("VOYAGE_NO")
    if not any(name in values for name in _OF_TRANSPORT):
        return None
    return Transport(
        mode=coding.code("cn-transport-mode", values.get("TRAF_MODE")),
        conveyance=Conveyance(voyage=voyage) if voyage else None,
        bill=values.get("BILL_NO"),
        packages=Package(count=int(values["PACK_NO"])) if "PACK_NO" in values else None,
        crossed_on=_day(values.get("I_E_DATE")),
        gross=kilograms(values["GROSS_WT"]) if "GROSS_WT" in values else None,
        net=kilograms(values["NET_WT"]) if "NET_WT" in values else None,
    )


def _day(said: str | None) -> str | None:
    """The day of a date or time, in Beijing; None where nothing was said."""
    if said is None:
        return None
    at = _time(said)
    return at.said[:10] if at.said[4:5] == "-" else day(at.said)


def _time(said: str) -> Instant:
    """ISO 8601, or digits alone: a day or a time."""
    if said.isdigit():
        return beijing_time(said.ljust(14, "0"))
    return zoned_time(said)


class DecImportResponseReader:
    """Reads the communication reply: that the single window took the message, or why not."""

    kind = "DecImportResponse"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is `DecImportResponse`."""
        return _is_root(message, "DecImportResponse")

    def read(self, message: bytes) -> ReadMessage:
        """One technical status; raises `MalformedMessage` with all faults."""
        faults = Faults()
        root = parse_xml(message)
        fields = Fields.root(root, faults)
        code = fields.text("ResponseCode", text(16))
        said = fields.maybe("ErrorMessage", text(2_000))
        own = fields.maybe("ClientSeqNo", text(50))
        central = fields.maybe("SeqNo", text(18))
        transit = fields.maybe("TrnPreId", text(18))
        if own is None and central is None:
            faults.add("DecImportResponse/ClientSeqNo", "must be there, or SeqNo is", code=BUSINESS_CODE)
        faults.refuse(self.kind)
        unread = unread_elements(root, faults, IGNORED)
        references = reference("pre", central)
        record = CustomsStatus(
            references=references,
            source=Source(kind=self.kind, sha256=message_digest(message), message_id=own),
            status=Status(
                about="message",
                code=Code(system="cn-import-response", value=code or "", name="taken" if code == "0" else None),
                technical=True,
                notes=(StatusNote(text=said),) if said else (),
                number=own or central,
                flags=(Code(system="cn-transit-pre-number", value=transit),) if transit else (),
            ),
        )
        record = record.with_remarks(*unread) if unread else record
        # Whose number ClientSeqNo is, is not said: it can be looked up, not stated.
        return ReadMessage(self.kind, own, None, (Entity(0, record, "", references + reference("cop", own)),))


READERS: Final[tuple[Reader, ...]] = (DecResultReader(), DecImportResponseReader())
