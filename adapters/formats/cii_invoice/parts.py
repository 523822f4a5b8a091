"""Parts of a Cross Industry Invoice: amounts, parties, taxes, cited documents."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Final, cast

from adapters.formats.cii_invoice import tables
from adapters.formats.cii_invoice.tables import QDT, RAM
from adapters.mapping.logistics import ANY_DECIMAL, LABEL, NAME, SHORT, rounded
from adapters.mapping.ubl import COUNTRY
from adapters.parsing.forms import DATE, Form, decimal
from adapters.parsing.xml_fields import Fields
from chain.identifiers import Uscc
from chain.records.base import Document, Remark
from chain.records.scalars import Amount, Code, amount, fixed
from chain.records.sections import Party, PartyRole
from chain.records.value import TaxKind, TaxLine

DOCUMENTS_MAX: Final = 200
PRECISE: Final = decimal(38, 20, signed=True)
"""Prices and quantities: EN 16931-1 sets no limit to their decimals (6.5.2)."""
_CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
_ADDRESS: Final = ("LineOne", "LineTwo", "LineThree", "CityName", "PostcodeCode", "CountrySubDivisionName")


def money(fields: Fields, name: str, currency: str | None, *, required: bool = False) -> Amount | None:
    """The amount of that name, in its own `currencyID` or the invoice's currency; None where absent or wrong."""
    holder = fields.child(f"{RAM}{name}", required=required)
    if holder is None:
        return None
    text, own = holder.own(PRECISE), holder.attribute("currencyID", _CURRENCY)
    unit = own or currency
    if text is None or unit is None:
        return None
    return amount(rounded(text, 5, fields.faults.notes, name), unit, field=holder.where)


def summed(fields: Fields, name: str, currency: str | None) -> Amount | None:
    """The amount in the invoice's currency (BT-110); a second one (BT-111) is in the currency of the accounts."""
    holders = list(fields.each(f"{RAM}{name}"))
    chosen = next((holder for holder in holders if holder.element.get("currencyID") in (None, currency)), None)
    if chosen is None or currency is None:
        return None
    text = chosen.own(PRECISE)
    return amount(rounded(text, 5, fields.faults.notes, name), currency, field=chosen.where) if text else None


def invoice_party(role: PartyRole, holder: Fields) -> Party:
    """A party: its USCC where one of its ids is one, its other ids kept as said."""
    legal = holder.child(f"{RAM}SpecifiedLegalOrganization")
    numbers = [legal.maybe(f"{RAM}ID", NAME)] if legal is not None else []
    numbers += [found.own(NAME) for found in holder.each(f"{RAM}ID")]
    numbers += [found.own(NAME) for found in holder.each(f"{RAM}GlobalID")]
    numbers += [found.maybe(f"{RAM}ID", NAME) for found in holder.each(f"{RAM}SpecifiedTaxRegistration")]
    ids = list(dict.fromkeys(number for number in numbers if number))
    uscc = next((Uscc.parse(number) for number in ids if Uscc.is_valid(number)), None)
    trading_name = legal.maybe(f"{RAM}TradingBusinessName", LABEL) if legal is not None else None
    postal = holder.child(f"{RAM}PostalTradeAddress")
    contact = next(holder.each(f"{RAM}DefinedTradeContact"), None)
    phone = contact.child(f"{RAM}TelephoneUniversalCommunication") if contact is not None else None
    return Party(
        role=role,
        name=holder.maybe(f"{RAM}Name", LABEL) or trading_name,
        uscc=uscc,
        other_ids=tuple(Code(system="cii-party-id", value=number) for number in ids if number != uscc),
        country=postal.maybe(f"{RAM}CountryID", COUNTRY) if postal is not None else None,
        address=_address(postal) if postal is not None else None,
        phone=phone.maybe(f"{RAM}CompleteNumber", NAME) if phone is not None else None,
    )


def _address(postal: Fields) -> str | None:
    parts = [postal.maybe(f"{RAM}{name}", LABEL) for name in _ADDRESS]
    return ", ".join(part for part in parts if part)[:4_000] or None


def taxes(settlement: Fields, currency: str | None, remarks: list[Remark]) -> tuple[TaxLine, ...]:
    """The tax totals by category and rate (BG-23)."""
    lines: list[TaxLine] = []
    for tax in settlement.each(f"{RAM}ApplicableTradeTax"):
        kind = tax.maybe(f"{RAM}TypeCode", SHORT) or "VAT"
        if kind not in tables.TAX_KINDS:
            remarks.append(Remark(rule="unknown-code", text=f"the tax is {kind}", field="taxes.lines"))
        category = tax.maybe(f"{RAM}CategoryCode", SHORT)
        percent = tax.maybe(f"{RAM}RateApplicablePercent", ANY_DECIMAL)
        lines.append(
            TaxLine(
                kind=cast(TaxKind, tables.TAX_KINDS.get(kind, "other")),
                code=Code(system="uncl-5305", value=category) if category else None,
                base=money(tax, "BasisAmount", currency),
                rate=_fraction(percent, remarks) if percent else None,
                amount=money(tax, "CalculatedAmount", currency),
            )
        )
    return tuple(lines)


def _fraction(percent: str, remarks: list[Remark]) -> str:
    fraction = Decimal(percent) / 100
    cut = fraction.quantize(Decimal("0.000001"))
    if cut != fraction:
        remarks.append(Remark(rule="rounded", text=f"{percent} % is kept as {cut}", field="taxes.lines"))
    return fixed(f"{cut:f}", 6)


def cited_documents(trade: Fields) -> Iterator[Document]:
    """Every document that the invoice cites; one with an embedded file (BT-125) with its SHA-256."""
    count = 0
    for group, name in tables.CITED:
        holder = trade.child(f"{RAM}{group}")
        for cited in holder.each(f"{RAM}{name}") if holder is not None else ():
            count += 1
            if count > DOCUMENTS_MAX:
                trade.faults.add(trade.where, f"cites at most {DOCUMENTS_MAX} documents")
                return
            kind = cited.maybe(f"{RAM}TypeCode", SHORT)
            digest, file_name = _attached(cited)
            yield Document(
                kind=Code(system="uncl-1001", value=kind) if kind else Code(system="cii-reference", value=name),
                name=file_name or cited.maybe(f"{RAM}Name", LABEL),
                number=cited.maybe(f"{RAM}IssuerAssignedID", NAME),
                sha256=digest,
                issued=_issued(cited),
            )


def _issued(cited: Fields) -> str | None:
    stamp = cited.at(f"{RAM}FormattedIssueDateTime", f"{QDT}DateTimeString")
    digits = stamp.own(DATE) if stamp is not None else None
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else None


def _attached(cited: Fields) -> tuple[str | None, str | None]:
    """SHA-256 and file name of the embedded file; None where there is none."""
    embedded = next(cited.each(f"{RAM}AttachmentBinaryObject"), None)
    if embedded is None:
        return None, None
    name = embedded.attribute("filename", NAME)
    embedded.faults.read.add(embedded.element)
    try:
        content = base64.b64decode("".join((embedded.element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        embedded.faults.add(embedded.where, "is Base64", code="0001")
        return None, name
    return sha256(content).hexdigest(), name
