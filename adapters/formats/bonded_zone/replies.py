"""What customs answers: INV201 and INV211 about a list, SAS221 and SAS223 about a pass, and the technical answer."""

from __future__ import annotations

from typing import Final

from adapters.formats.bonded_zone import tables
from adapters.formats.bonded_zone.lists import pass_transport
from adapters.formats.bonded_zone.parts import NAME, NOTE, ZoneReading, related_numbers
from adapters.mapping.chinese_customs import reference
from adapters.message import Entity
from adapters.parsing.xml_fields import Fields
from chain.records.base import Reference, Source
from chain.records.customs import CustomsStatus
from chain.records.scalars import Code, Instant
from chain.records.sections import Status, StatusNote

_OF_LIST: Final = (*tables.LIST_FLAGS, *tables.LIST_REPEATED)
_OF_PASS: Final = (*tables.PASS_FLAGS, *tables.PASS_REPEATED)


def read_list_reply(answer: Fields, source: Source, reading: ZoneReading) -> Entity:
    """INV201, INV211: the state of a verification list."""
    result = answer.child("HdeApprResult")
    head = answer.child("BondInvtBsc")
    if head is None and result is None:
        reading.faults.add(answer.where, "holds HdeApprResult or BondInvtBsc", fix="Fill in the element")
        return Entity(0, None, note="not read")
    flags, at, note = _result(result, reading)
    decided = [reading.maybe(result, name) if result else None for name in ("businessId", "etpsPreentNo")]
    number = (reading.maybe(head, "bondInvtNo") if head else None) or decided[0]
    central = (reading.maybe(head, "invtPreentNo") if head else None) or decided[1]
    code = reading.maybe(head, "invtStucd") if head else None
    state, meaning = tables.LIST_STATES.get(code or "", (None, None))
    if code and meaning is None:
        reading.coding.remark("unknown-code", f"invtStucd has no code {code}; the state is kept", "status.code")
    own = reading.maybe(head, "etpsInnerInvtNo", NAME) if head else None
    references = (*reference("declaration", number), *reference("pre", central))
    related = [reading.maybe(head, name) for name in ("entryNo", "rltEntryNo", "rltInvtNo")] if head else []
    record = CustomsStatus(
        references=references,
        source=source,
        status=Status(
            about="declaration",
            code=Code(system="cn-bonded-list-state", value=code or "none", name=meaning, known=meaning is not None),
            state=state,
            at=at,
            number=number or central,
            notes=note,
            office=reading.coding.code("cn-customs-office", reading.maybe(head, "dclPlcCuscd")) if head else None,
            declared_on=reading.day(head, "invtDclTime") if head else None,
            effective=reading.time(head, "formalVrfdedTime") if head else None,
            flags=(*flags, *(reading.flags(head, _OF_LIST, "cn-bonded") if head else ())),
        ),
        parties=tuple(reading.parties(head, tables.LIST_PARTIES)) if head else (),
    )
    looked_up = tuple(Reference(kind="declaration", value=value) for value in related if value)
    operator = reading.maybe(head, "bizopEtpsSccd") if head else None
    return Entity(0, record, lookup=(*references, *reference("cop", own, scope=operator), *looked_up))


def read_pass_reply(answer: Fields, source: Source, reading: ZoneReading) -> Entity:
    """SAS221, SAS223: what became of a pass, and when the gate was passed."""
    result = answer.child("HdeApprResult")
    head = answer.child("SasPassportBsc", required=True)
    if head is None:
        return Entity(0, None, note="not read")
    flags, at, note = _result(result, reading)
    number = reading.required(head, "passportNo")
    central, code = reading.maybe(head, "sasPassportPreentNo"), reading.maybe(head, "stucd")
    meaning = tables.PASS_STATES.get(code or "")
    if code and meaning is None:
        reading.coding.remark("unknown-code", f"stucd has no code {code}", "status.code")
    passed = reading.time(head, "secdPassTime") or reading.time(head, "passTime")
    related = related_numbers(reading.maybe(head, "rltNo", NOTE))
    kind = reading.maybe(head, "rltTbTypecd")
    references = (*reference("cop", number, scope="cn-bonded-pass"), *reference("pre", central))
    record = CustomsStatus(
        references=references,
        source=source,
        status=Status(
            about="message",
            code=Code(system="cn-bonded-pass-state", value=code or "none", name=meaning, known=meaning is not None),
            at=at,
            effective=passed,
            declared_on=reading.day(head, "dclTime"),
            number=number or None,
            notes=note,
            office=reading.coding.code("cn-customs-office", reading.maybe(head, "masterCuscd")),
            flags=(
                *flags,
                *(Code(system="cn-bonded-related", value=value) for value in related),
                *reading.flags(head, _OF_PASS, "cn-bonded"),
            ),
        ),
        parties=tuple(reading.parties(head, tables.PASS_PARTIES)),
        transport=pass_transport(head, reading),
    )
    of_list = kind != tables.RELATED_BILL
    looked_up = tuple(
        Reference(kind="declaration" if of_list else "transport_document", value=value) for value in related
    )
    return Entity(0, record, lookup=(*references, *looked_up))


def read_technical(root: Fields, source: Source, reading: ZoneReading) -> Entity:
    """`CommonResponeMessage`: whether the single window took the message."""
    code = reading.required(root, "dealFlag")
    central, own = reading.maybe(root, "seqNo"), reading.maybe(root, "etpsPreentNo", NAME)
    note = reading.maybe(root, "checkInfo", NOTE)
    if central is None and own is None:
        reading.faults.add(f"{root.where}/SeqNo", "must be there, or EtpsPreentNo is", fix="Fill in the element")
    references = reference("pre", central)
    record = CustomsStatus(
        references=references,
        source=source.model_copy(update={"message_id": own}),
        status=Status(
            about="message",
            code=Code(system="cn-bonded-import-response", value=code or "none", name="taken" if code == "0" else None),
            technical=True,
            notes=(StatusNote(text=note),) if note else (),
            number=own or central,
        ),
    )
    return Entity(0, record, lookup=(*references, *reference("cop", own)))


def _result(
    result: Fields | None, reading: ZoneReading
) -> tuple[tuple[Code, ...], Instant | None, tuple[StatusNote, ...]]:
    """What was decided, as said; when; and the note to it."""
    if result is None:
        return (), None, ()
    flags = reading.flags(result, ("manageResult", "typecd", "tmsCnt", "businessId", "etpsPreentNo"), "cn-bonded")
    note = reading.maybe(result, "rmk", NOTE)
    return flags, reading.time(result, "manageDate"), (StatusNote(text=note),) if note else ()
