"""What WCO declarations and responses share: the message around them, times, amounts, duty lines.

WCO Data Model 3.6 as HMRC profiles it: `MetaData` holds one `Declaration` (DEC) or `Response` elements (RES). What is
inside tells the kind, not `WCOTypeName` and not what is around it: HMRC's queues hand `MetaData` over inside a
`submitDeclarationRequest`, and some systems leave it out. HMRC's documentation writes responses without a namespace, so
the inner element's namespace is taken as it comes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from lxml import etree

from adapters.formats.ceb.declaration import percent
from adapters.formats.wco import ROOTS
from adapters.mapping.code_mapping import Coding
from adapters.mapping.local_time import load_zone, zoned
from adapters.mapping.logistics import NOTE as NOTE
from adapters.mapping.logistics import rounded
from adapters.parsing.forms import Form, decimal, shortened, text
from adapters.parsing.xml import local_name, namespace_of, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.errors import Malformed, MalformedMessage
from chain.records.base import Remark
from chain.records.scalars import Amount, Instant, Quantity, amount, fixed
from chain.records.value import TaxKind, TaxLine

_OUTER: Final = frozenset({"submitDeclarationRequest", "cancelDeclarationRequest"})
WCO_NAMESPACES: Final = "urn:wco:datamodel:"
"""How the namespace of `MetaData`, `Declaration` and `Response` begins, in every profile and edition."""
_KIND: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,30}:)?(Declaration|Response)[\s>/]")
_KIND_BYTES_MAX: Final = 65_536
"""Where the declaration or response begins at the latest."""
CODE: Final = text(35)
"""Codes and identifiers: an..35 at most in HMRC's schema (documents and names are longer)."""
NAME: Final = text(256)
LABEL: Final = shortened(256)
MONEY: Final = decimal(38, 20, signed=True)
"""n..16,3 in HMRC's schema, xs:decimal in that of the United Nations; a record keeps five digits behind the point."""
MASS: Final = decimal(38, 20)
"""n..16,6 in HMRC's schema; a record keeps five digits behind the point, and remarks on a sixth."""
COUNT: Final = Form("a whole number of at most 8 digits", re.compile("[0-9]{1,8}"))
CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
IGNORED: Final = {
    "FunctionCode": "read as what the message does",
    "TypeCode": "read as the kind of what it stands in",
    "IdentificationTypeCode": "which list a number is of",
    "CategoryCode": "read as part of a document's kind",
    "RoleCode": "what a party does, which its place says",
    "GoodsItemQuantity": "a count of what the message itself holds",
    "AdditionalInformation/StatementTypeCode": "which list a statement is of",
    "Pointer": "read as the field that an amendment or error points to",
    "SequenceNumeric": "the place of an element, which is kept",
    "Authentication/Authentication": "the signature is in the message's bytes, whose hash the record keeps",
    "Contact/Name": "the person to ask: personal",
    "Authenticator/Name": "the person who signed: personal",
}
"""Elements of WCO messages that are left out -> why. Whatever else is not read becomes a remark."""
COUNTRY: Final = Form("2 capital letters (ISO 3166-1)", re.compile("[A-Z]{2}"))
STAMP: Final = Form(
    "a time YYYYMMDDhhmmss (format 304, 204), YYYYMMDDhhmm (303, 203) or ISO 8601, or a day YYYYMMDD (102)",
    re.compile(
        r"(?:[0-9]{14}|[0-9]{12})(?:Z|UTC|[+-][0-9]{2}:?(?:[0-9]{2})?)?|[0-9]{8}"
        r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]{5,20}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    ),
)
UNIT: Final = Form("a UN/ECE Rec 20 unit", re.compile("[A-Z0-9]{2,3}"))
_SAID_UNIT: Final = re.compile("[!-~]{1,32}")
UNIT_UNSAID: Final = "wco-unit:tariff"
"""A tariff quantity is in the unit that the tariff asks for, which the message does not name."""
HOME_ZONE: Final = "Europe/London"
"""HMRC's profile: a time without a zone is the United Kingdom's."""
DUTIES: Final[dict[str, TaxKind]] = {
    "A00": "duty",
    "A20": "duty",
    "A30": "anti_dumping",
    "A35": "anti_dumping",
    "A40": "countervailing",
    "A45": "countervailing",
    "B00": "vat",
    "B05": "vat",
}
"""UK and EU tax types → our kinds; any other is `other`, with its code."""


def holds(message: bytes, inner: str) -> bool:
    """Whether the message is WCO XML and what stands in it first is a `Declaration`, or a `Response`."""
    try:
        root = peek_root(message)
    except MalformedMessage:
        return False
    known = root.name in _OUTER or (root.namespace or WCO_NAMESPACES).startswith(WCO_NAMESPACES)
    if root.name not in ROOTS or not known:
        return False
    match = _KIND.search(message[:_KIND_BYTES_MAX])
    return match is not None and match[1].decode() == inner


def inner_elements(root: etree._Element, name: str, faults: Faults) -> list[Fields]:
    """Every element of that name that the message is about; children are asked for in its own namespace."""
    holder = root
    if local_name(root) in _OUTER:
        holder = next(root.iter("{*}MetaData"), root)
    elements = [root] if local_name(root) == name else [child for child in holder if local_name(child) == name]
    if not elements:
        faults.add(f"MetaData/{name}", "must be there", fix="Send the whole message")
    return [
        Fields(child, f"{name}[{count}]" if len(elements) > 1 else name, faults, namespace_of(child))
        for count, child in enumerate(elements, 1)
    ]


def stamp(fields: Fields, name: str, remarks: list[Remark]) -> Instant | None:
    """The time in `name/DateTimeString`; None where it is absent or wrong, which is noted."""
    holder = fields.child(name)
    text = _stamp_text(holder) if holder else None
    if not text or holder is None:
        return None
    try:
        return wco_time(text, remarks)
    except Malformed as fault:
        holder.faults.note(fault, f"{holder.where}/DateTimeString")
        return None


def stamped_day(fields: Fields, name: str, remarks: list[Remark]) -> str | None:
    """The day in `name/DateTimeString`; None where it is absent or wrong, which is noted."""
    holder = fields.child(name)
    text = _stamp_text(holder) if holder else None
    if not text or holder is None:
        return None
    try:
        return datetime.strptime(text[:10].replace("-", "")[:8], "%Y%m%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        holder.faults.add(f"{holder.where}/DateTimeString", STAMP.rule, value=text)
        return None


def _stamp_text(holder: Fields) -> str | None:
    """The text of the time: in a `DateTimeString` of whatever namespace (writers differ), or in the element itself."""
    inner = next((child for child in holder.element if local_name(child) in ("DateTimeString", "DateTime")), None)
    if inner is None:
        return holder.own(STAMP)
    return Fields(inner, f"{holder.where}/{local_name(inner)}", holder.faults, namespace_of(inner)).own(STAMP)


def wco_time(text: str, remarks: list[Remark]) -> Instant:
    """A time in one of the forms of `STAMP`, with a zone (`Z`, `UTC`, `+01`, `+0100`, `+01:00`) or without one, as a
    moment; raises `Malformed`."""
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    try:
        if "-" in text[:5]:
            moment = datetime.fromisoformat(text)
        else:
            at = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone comes next
            moment = at.replace(tzinfo=_zone(text[len(digits) :]))
    except ValueError:
        raise Malformed("time", STAMP.rule, value=text, code="0002") from None
    return zoned(text, moment, remarks, otherwise=load_zone(HOME_ZONE))


def pointed_field(holder: Fields) -> str | None:
    """The field that an error or an amendment points to, as section codes with their counts: `42A/67A[1]/68A[2]`."""
    steps: list[str] = []
    for pointer in holder.each("Pointer"):
        section = pointer.maybe("DocumentSectionCode", CODE) or "?"
        count, tag = pointer.maybe("SequenceNumeric", CODE), pointer.maybe("TagID", CODE)
        steps.append(section + (f"[{count}]" if count else "") + (f".{tag}" if tag else ""))
    return "/".join(steps)[:256] or None


def _zone(said: str) -> timezone | None:
    if not said:
        return None
    if said in ("Z", "UTC"):
        return UTC
    hours, minutes = int(said[1:3]), int(said[3:].lstrip(":") or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if said[0] == "-" else offset)


def money(fields: Fields, name: str, remarks: list[Remark]) -> Amount | None:
    """The amount in the child `name` with its `currencyID`; None where it is absent or wrong, which is noted.

    One without its currency, which the schema leaves optional, says no amount: it stays unread, so that it is
    remarked on.
    """
    child = fields.child(name)
    currency = child.attribute("currencyID", CURRENCY) if child else None
    if child is None or currency is None:
        return None
    text = child.own(MONEY)
    return amount(rounded(text, 5, remarks, name), currency) if text else None


def first_money(fields: Fields, paths: tuple[str, ...], remarks: list[Remark]) -> Amount | None:
    """The amount at the first of these paths that has one."""
    for path in paths:
        *steps, name = path.split("/")
        holder = fields.at(*steps)
        if holder is not None and (value := money(holder, name, remarks)) is not None:
            return value
    return None


def duty_lines(item: Fields, number: int, coding: Coding) -> tuple[TaxLine, ...]:
    """Every `DutyTaxFee` of a goods item; a declaration's has no amounts, only the way of payment."""
    commodity = item.child("Commodity")
    return tuple(_duty(fee, number, coding) for fee in commodity.each("DutyTaxFee")) if commodity else ()


def _duty(fee: Fields, number: int, coding: Coding) -> TaxLine:
    kind, remarks = fee.maybe("TypeCode", CODE), coding.remarks
    payment = fee.child("Payment")
    rate = fee.maybe("TaxRateNumeric", MASS)
    assessed = money(payment, "TaxAssessedAmount", remarks) if payment else None
    payable = money(payment, "PaymentAmount", remarks) if payment else None
    return TaxLine(
        kind=DUTIES.get(kind or "", "other"),
        code=coding.code("wco-duty-type", kind),
        item=number,
        base=money(fee, "AdValoremTaxBaseAmount", remarks),
        quantity=measured(fee, "SpecificTaxBaseQuantity", remarks),
        rate=percent(rounded(rate, 4, remarks, "taxes.lines")) if rate else None,
        amount=assessed,
        payable=payable if payable != assessed else None,
        deducted=money(fee, "DeductAmount", remarks),
        payment=coding.code("wco-payment-method", payment.maybe("MethodCode", CODE)) if payment else None,
    )


def measured(fields: Fields, name: str, remarks: list[Remark]) -> Quantity | None:
    """The quantity in the child `name` with its `unitCode`; one without a unit is that of the tariff."""
    child = fields.child(name)
    text = child.own(MASS) if child else None
    if child is None or text is None:
        return None
    unit = known_unit(child.element.get("unitCode"))
    return Quantity(value=fixed(rounded(text, 5, remarks, name), 5), unit=unit)


def known_unit(said: str | None) -> str:
    """The unit of a quantity as UN/ECE Recommendation 20 has it, one that it does not have as said."""
    unit = (said or "").strip()
    return unit if UNIT.fits(unit) else f"wco-unit:{unit}" if _SAID_UNIT.fullmatch(unit) else UNIT_UNSAID


def item_number(item: Fields) -> int:
    """The goods item's number; 1 to 999. A missing or wrong one is noted and counts as 1."""
    said = item.text("SequenceNumeric", Form("a whole number from 1 to 999", re.compile("[1-9][0-9]{0,2}")))
    return int(said) if said else 1
