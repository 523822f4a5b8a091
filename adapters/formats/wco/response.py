"""Customs' answers in WCO Data Model 3.6 (RES) as HMRC sends them: each `Response` becomes a customs.status."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from adapters.formats.ceb.reader import note_problems
from adapters.formats.wco.metadata import (
    CODE,
    IGNORED,
    NAME,
    NOTE,
    duty_lines,
    holds,
    inner_elements,
    item_number,
    money,
    pointed_field,
    stamp,
    stamped_day,
)
from adapters.mapping.chinese_customs import reference
from adapters.mapping.code_mapping import Coding
from adapters.mapping.customs_states import WCO_FUNCTIONS
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml import parse_xml
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults, Fields
from chain.errors import Malformed
from chain.records.base import Reference, Source
from chain.records.customs import CustomsStatus
from chain.records.scalars import Amount, Code, Instant, amount
from chain.records.sections import Status, StatusNote
from chain.records.value import Taxes, TaxLine

NOTES_MAX: Final = 200
"""Notes of one response: errors, statements, status codes."""
RESPONSES_MAX: Final = 100


class WcoResponseReader:
    """Reads WCO RES messages."""

    kind = "WCO-RES"

    def recognises(self, message: bytes) -> bool:
        """Whether what stands in the message first is a `Response`."""
        return holds(message, "Response")

    def read(self, message: bytes) -> ReadMessage:
        """Each response as an entity; raises `MalformedMessage` with all faults."""
        faults = Faults()
        responses = inner_elements(parse_xml(message), "Response", faults)
        if len(responses) > RESPONSES_MAX:
            faults.add("Response", f"appears at most {RESPONSES_MAX} times", value=f"{len(responses)} times")
        digest = message_digest(message)
        entities: list[Entity] = []
        for ordinal, response in enumerate(responses[:RESPONSES_MAX]):
            message_id = response.maybe("FunctionalReferenceID", NAME)
            source = Source(kind=self.kind, sha256=digest, message_id=message_id, ordinal=ordinal)
            entities.extend(_entity(response, source, faults))
        faults.refuse(self.kind)
        first = entities[0].record.source if entities and entities[0].record else None
        return ReadMessage(self.kind, first.message_id if first else None, None, tuple(entities))


def _entity(response: Fields, source: Source, faults: Faults) -> tuple[Entity, ...]:
    coding = Coding()
    try:
        record = _status(response, source, coding)
    except Malformed as fault:
        faults.note(fault, f"{response.where}/{fault.field}")
        return ()
    except ValidationError as problem:
        note_problems(problem, response.where, faults)
        return ()
    if record is None:
        return ()
    unread = unread_elements(response.element, faults, IGNORED)
    record = record.with_remarks(*coding.remarks, *unread) if coding.remarks or unread else record
    own = reference("cop", _own_number(response), on=record.references[0].on if record.references else "")
    return (Entity(source.ordinal, record, "", record.references + own),)


def _status(response: Fields, source: Source, coding: Coding) -> CustomsStatus | None:
    function = response.text("FunctionCode", CODE)
    at = stamp(response, "IssueDateTime", coding.remarks)
    # An amendment's result has two declarations: what was amended, and the numbers.
    declarations = list(response.each("Declaration"))
    number = next((said for each in declarations if (said := each.maybe("ID", NAME))), None)
    own = _own_number(response)
    if number is None and own is None:
        rule = "must be there, or FunctionalReferenceID is: without either nobody knows which declaration this is about"
        response.faults.add(f"{response.where}/Declaration/ID", rule, code=BUSINESS_CODE)
    if function is None or not (number or own):
        return None
    function = function.zfill(2)  # HMRC writes two digits, the data model (n..3) need not
    state, meaning = WCO_FUNCTIONS.get(function, (None, None))
    if meaning is None:
        coding.remark("unknown-code", f"wco-function-res has no code {function}; the state is kept", "status.code")
    return CustomsStatus(
        references=_references(number, at),
        source=source,
        status=Status(
            about="declaration",
            code=coding.named("wco-function-res", function),
            state=state,
            at=at,
            notes=_notes(response, coding),
            number=number or own,
            effective=_effective(response, declarations, coding),
            flags=tuple(
                coding.named("wco-declaration-version", version)
                for version in dict.fromkeys(each.maybe("VersionID", CODE) for each in declarations)
                if version
            )
            + ((Code(system="wco-functional-reference", value=own),) if own else ()),
        ),
        taxes=_taxes(declarations, coding),
        deadline=_deadline(response, coding),
    )


def _references(number: str | None, at: Instant | None) -> tuple[Reference, ...]:
    on = at.utc[:10] if at else ""
    return reference("declaration", number, on=on)


def _own_number(response: Fields) -> str | None:
    """The declarant's own number (LRN) that the response repeats. Whose it is, is not said, so it is only looked up."""
    return next(
        (said for each in response.each("Declaration") if (said := each.maybe("FunctionalReferenceID", NAME))), None
    )


def _notes(response: Fields, coding: Coding) -> tuple[StatusNote, ...]:
    found: list[StatusNote] = []
    for info in response.each("AdditionalInformation"):
        code = info.maybe("StatementCode", CODE) or info.maybe("StatementTypeCode", CODE)
        said = info.maybe("StatementDescription", NOTE) or code
        if said:
            found.append(StatusNote(code=coding.code("wco-statement", code), text=said))
    for error in response.each("Error"):
        code = error.maybe("ValidationCode", CODE)
        said = error.maybe("Description", NOTE) or code
        if said:
            found.append(StatusNote(code=coding.code("wco-error", code), text=said, field=pointed_field(error)))
    for status in response.each("Status"):
        if code := status.maybe("NameCode", CODE):
            found.append(StatusNote(code=coding.code("wco-status", code), text=f"status {code}"))
    for change in response.each("Amendment"):
        code = change.maybe("ChangeReasonCode", CODE)
        pointed = pointed_field(change)
        if code or pointed:
            text = f"changed for reason {code}" if code else "changed"
            found.append(StatusNote(code=coding.code("wco-change-reason", code), text=text, field=pointed))
    return tuple(found[:NOTES_MAX])


def _effective(response: Fields, declarations: list[Fields], coding: Coding) -> Instant | None:
    """When the declaration was accepted, or its status took effect (the goods' exit)."""
    said = [
        stamp(holder, name, coding.remarks)
        for name, holders in (
            ("AcceptanceDateTime", declarations),
            ("RejectionDateTime", declarations),
            ("CancellationDateTime", declarations),
            ("EffectiveDateTime", list(response.each("Status"))),
            ("ReleaseDateTime", list(response.each("Status"))),
        )
        for holder in holders
    ]
    return next((found for found in said if found), None)


def _deadline(response: Fields, coding: Coding) -> Instant | None:
    for info in response.each("AdditionalInformation"):
        if (limit := stamp(info, "LimitDateTime", coding.remarks)) is not None:
            return limit
    return None


def _taxes(declarations: list[Fields], coding: Coding) -> Taxes | None:
    lines: list[TaxLine] = []
    due_on: str | None = None
    for declaration in declarations:
        shipment = declaration.child("GoodsShipment")
        for item in shipment.each("GovernmentAgencyGoodsItem") if shipment else ():
            lines.extend(duty_lines(item, item_number(item), coding))
        for fee in declaration.each("DutyTaxFee"):
            lines.append(_whole(fee, coding))
            payment = fee.child("Payment")
            due_on = due_on or (stamped_day(payment, "DueDateTime", coding.remarks) if payment else None)
    found = tuple(lines)
    return Taxes(lines=found, total=_total(found), due_on=due_on) if found else None


def _whole(fee: Fields, coding: Coding) -> TaxLine:
    payment = fee.child("Payment")
    assessed = money(payment, "TaxAssessedAmount", coding.remarks) if payment else None
    payable = money(payment, "PaymentAmount", coding.remarks) if payment else None
    return TaxLine(
        kind="other",
        code=coding.code("wco-duty-type", fee.maybe("TypeCode", CODE)),
        amount=assessed or payable,
        payable=payable if assessed and payable != assessed else None,
    )


def _total(lines: tuple[TaxLine, ...]) -> Amount | None:
    """The sum of the lines' amounts where they share one currency."""
    amounts = [line.amount for line in lines if line.amount is not None and line.item is not None]
    if not amounts or len({found.currency for found in amounts}) != 1:
        return None
    return amount(f"{sum((Decimal(found.value) for found in amounts), Decimal(0)):f}", amounts[0].currency)
