"""What WCO declarations and responses share: the message around them, times, amounts, duty lines.

WCO Data Model 3.6 as HMRC profiles it: `MetaData` holds one `Declaration` (DEC) or `Response` elements (RES). HMRC's
documentation writes responses without a namespace, so the inner element's namespace is taken as it comes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from lxml import etree

from adapters.formats.ceb.declaration import percent
from adapters.mapping.code_mapping import Coding
from adapters.mapping.local_time import load_zone, zoned
from adapters.parsing.xml import local_name, namespace_of, peek_root
from adapters.parsing.xml_fields import Faults, Fields, Form, decimal, text
from chain.errors import Malformed, MalformedMessage
from chain.records.base import Remark
from chain.records.scalars import Amount, Instant, amount
from chain.records.value import TaxKind, TaxLine

METADATA_NAMESPACES: Final = frozenset({"", "urn:wco:datamodel:WCO:DocumentMetaData-DMS:2"})
CODE: Final = text(17)
NAME: Final = text(256)
NOTE: Final = text(4_000)
MONEY: Final = decimal(19, 5)
MASS: Final = decimal(19, 6)
"""WCO DM 3.6 counts masses in n..16,6; a record keeps five digits behind the point, and remarks on a sixth."""
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
}
"""Elements of WCO messages that are left out -> why. Whatever else is not read becomes a remark."""
COUNTRY: Final = Form("2 capital letters (ISO 3166-1)", re.compile("[A-Z]{2}"))
STAMP: Final = Form(
    "a time YYYYMMDDhhmmss (format 304), or a day YYYYMMDD (102)",
    re.compile(r"[0-9]{14}(?:Z|UTC|[+-][0-9]{2}:?(?:[0-9]{2})?)?|[0-9]{8}"),
)
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


def is_metadata(message: bytes, inner: bytes) -> bool:
    """Whether the root is WCO `MetaData` whose type name is the given one."""
    try:
        root = peek_root(message)
    except MalformedMessage:
        return False
    if root.name != "MetaData" or root.namespace not in METADATA_NAMESPACES:
        return False
    return re.search(rb"WCOTypeName>\s*" + inner + rb"\s*<", message[:65_536]) is not None


def inner_elements(root: etree._Element, name: str, faults: Faults) -> list[Fields]:
    """Every element of that name directly inside the message; children are asked for in its own namespace."""
    found = [child for child in root if local_name(child) == name]
    if not found:
        faults.add(f"MetaData/{name}", "must be there", fix="Send the whole message")
    return [
        Fields(child, f"{name}[{count}]" if len(found) > 1 else name, faults, namespace_of(child))
        for count, child in enumerate(found, 1)
    ]


def stamp(fields: Fields, name: str, remarks: list[Remark]) -> Instant | None:
    """The time in `name/DateTimeString`, format 304 or 102; None where it is absent or wrong, which is noted."""
    holder = fields.child(name)
    said = holder.maybe("DateTimeString", STAMP) if holder else None
    if not said or holder is None:
        return None
    try:
        return wco_time(said, remarks)
    except Malformed as fault:
        holder.faults.note(fault, f"{holder.where}/DateTimeString")
        return None


def stamped_day(fields: Fields, name: str, remarks: list[Remark]) -> str | None:
    """The day in `name/DateTimeString`; None where it is absent or wrong, which is noted."""
    holder = fields.child(name)
    said = holder.maybe("DateTimeString", STAMP) if holder else None
    if not said or holder is None:
        return None
    try:
        return datetime.strptime(said[:8], "%Y%m%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        holder.faults.add(f"{holder.where}/DateTimeString", STAMP.rule, value=said)
        return None


def wco_time(said: str, remarks: list[Remark]) -> Instant:
    """`YYYYMMDDhhmmss` and a zone (`Z`, `UTC`, `+01`, `+0100`, `+01:00`) as a moment; raises `Malformed`."""
    digits, zone = said[:14].ljust(14, "0"), said[14:]
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=_zone(zone))
    except ValueError:
        raise Malformed("time", STAMP.rule, value=said, code="0002") from None
    return zoned(said, moment, remarks, otherwise=load_zone(HOME_ZONE))


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


def money(fields: Fields, name: str) -> Amount | None:
    """The amount in the child `name` with its `currencyID`; None where it is absent or wrong, which is noted."""
    said = fields.maybe(name, MONEY)
    child = fields.child(name) if said else None
    currency = child.attribute("currencyID", CURRENCY, required=True) if child else None
    return amount(said, currency) if said and currency else None


def duty_lines(item: Fields, number: int, coding: Coding) -> tuple[TaxLine, ...]:
    """Every `DutyTaxFee` of a goods item; a declaration's has no amounts, only the way of payment."""
    commodity = item.child("Commodity")
    return tuple(_duty(fee, number, coding) for fee in commodity.each("DutyTaxFee")) if commodity else ()


def _duty(fee: Fields, number: int, coding: Coding) -> TaxLine:
    kind = fee.maybe("TypeCode", CODE)
    payment = fee.child("Payment")
    rate = fee.maybe("TaxRateNumeric", decimal(17, 4))
    assessed = money(payment, "TaxAssessedAmount") if payment else None
    payable = money(payment, "PaymentAmount") if payment else None
    return TaxLine(
        kind=DUTIES.get(kind or "", "other"),
        code=coding.code("wco-duty-type", kind),
        item=number,
        base=money(fee, "AdValoremTaxBaseAmount"),
        rate=percent(rate) if rate else None,
        amount=assessed,
        payable=payable if payable != assessed else None,
        deducted=money(fee, "DeductAmount"),
        payment=coding.code("wco-payment-method", payment.maybe("MethodCode", CODE)) if payment else None,
    )


def item_number(item: Fields) -> int:
    """The goods item's number; 1 to 999. A missing or wrong one is noted and counts as 1."""
    said = item.text("SequenceNumeric", Form("a whole number from 1 to 999", re.compile("[1-9][0-9]{0,2}")))
    return int(said) if said else 1
