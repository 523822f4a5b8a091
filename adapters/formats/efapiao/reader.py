"""Fully digital e-invoices (数电票) in their XML form, root `EInvoice`: each becomes one `tax.invoice`.

Follows the published element names; not yet tried on files of real taxpayers. A red-letter invoice (红字, `InIssuType`
N) takes an earlier one back: its quantity, amounts and tax are below zero, and it names the blue invoice that it
reverses and the confirmation sheet. `tables.py` says where each field may stand. Times without a zone are Beijing time.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from adapters.formats.efapiao import tables
from adapters.mapping.chinese_customs import zoned_time
from adapters.mapping.logistics import LABEL, NAME, NOTE, SHORT, noted, rounded
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.forms import Form, decimal
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.identifiers import DeclarationNumber, InvoiceNumber, Uscc
from chain.records.base import Document, Reference, Remark, Source
from chain.records.scalars import Amount, Code, Rate, SignedQuantity, amount, fixed
from chain.records.sections import InvoiceLine, Party, PartyRole, Taxes
from chain.records.tax import InvoiceHead, TaxInvoice
from chain.records.value import TaxLine

KIND: Final = "cn-einvoice"
LINES_MAX = 999
RED_MAX: Final = 100
"""Reversed invoices that one red invoice names; the form has one."""
CNY: Final = "CNY"
RED: Final = "N"
STAMP_CHARS: Final = 14
"""Characters of a time that is written in digits alone; a shorter text is a day."""
_MONEY: Final = decimal(19, 5, signed=True)
_TAX: Final = Form(f"{_MONEY.rule}, or *** where no tax is due", re.compile(rf"{_MONEY.pattern.pattern}|\*{{1,4}}"))
_TAXES: Final = frozenset({"TotalTaxAm", "ComTaxAm"})
"""Amounts of tax, for which goods that are exempt or not taxed (免税, 不征税) say `***`."""
_NUMBER: Final = decimal(38, 20, signed=True)
"""Quantities and prices: the standard allows 13 digits and more behind the point."""
_IN_NOTE: Final = re.compile(r"被红冲蓝字(?:数电)?(?:发票|票)号码[:： ]*(\d{20})")
_CONFIRMED_IN_NOTE: Final = re.compile(r"红字发票信息确认单编号[:： ]*(\d{20})")
_DECLARED_IN_NOTE: Final = re.compile(r"报关单号?码?[:： ]*([0-9IE]{18})")


class EInvoiceReader:
    """数电票 XML."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the root is EInvoice."""
        return peek_root(message).name == "EInvoice"

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        record: TaxInvoice | None = None
        with noted(root.where, faults):
            record = read_einvoice(root, Source(kind=KIND, sha256=message_digest(message)))
        faults.refuse(KIND)
        header = root.child("Header")
        message_id = header.maybe("EIid", NAME) if header is not None else None
        return ReadMessage(KIND, message_id, None, (Entity(0, record, lookup=_lookup(record)),))


READERS = (EInvoiceReader(),)


def _lookup(record: TaxInvoice | None) -> tuple[Reference, ...]:
    """The invoice's number, and a declaration that its note names: asked for, not stated."""
    if record is None:
        return ()
    numbers = _DECLARED_IN_NOTE.findall(record.invoice.note or "")
    declared = (Reference(kind="declaration", value=n) for n in numbers[:1] if DeclarationNumber.is_valid(n))
    return (*record.references, *declared)


def read_einvoice(root: Fields, source: Source, documents: tuple[Document, ...] = ()) -> TaxInvoice | None:
    """The record of an `EInvoice` element, with further documents that it cites; None where faults were noted."""
    remarks: list[Remark] = []
    data = root.child("EInvoiceData", required=True)
    if data is None:
        return None
    number, issued = _required(root, tables.NUMBER), _required(root, tables.ISSUED)
    basic = data.child("BasicInformation", required=True)
    seller, buyer = _party(data, "Seller", "seller"), _party(data, "Buyer", "buyer")
    lines = _lines(data, remarks)
    if number is None or issued is None or basic is None:
        return None
    number = InvoiceNumber.parse(number)
    net, tax = _money(basic, "TotalAmWithoutTax"), _money(basic, "TotalTaxAm")
    gross = _money(basic, "TotalTax-includedAmount")
    note = root.first(tables.NOTE, NOTE)
    issue = root.first(tables.ISSUE, SHORT)
    corrects, confirmations = _reversed(data, note)
    _check_sign(issue, gross, corrects, remarks)
    _check_total(net, tax, gross, remarks)
    taxes = tuple(line for _, line in lines if line is not None)
    record = TaxInvoice(
        references=(Reference(kind="invoice", value=number),),
        source=source,
        documents=(
            *documents,
            *(
                Document(kind=Code(system="cn-red-letter-confirmation", value="confirmation"), number=confirmation)
                for confirmation in confirmations
            ),
        ),
        invoice=InvoiceHead(
            number=number,
            kind=_label("cn-einvoice-label", root.first(tables.KIND, SHORT), tables.KINDS, remarks),
            flags=tuple(
                flag
                for flag in (
                    _label("cn-einvoice-issue", issue, tables.ISSUES, remarks),
                    _label("cn-einvoice-type", root.first(tables.TYPE, SHORT), {}, remarks),
                )
                if flag is not None
            ),
            corrects=corrects,
            issued=zoned_time(issued) if ":" in issued or len(issued) >= STAMP_CHARS else None,
            issued_on=None if ":" in issued or len(issued) >= STAMP_CHARS else _day(issued),
            currency=CNY,
            net=net,
            tax=tax,
            gross=gross,
            payable=gross,
            note=note,
        ),
        parties=tuple(party for party in (seller, buyer) if party is not None),
        goods_items=tuple(item for item, _ in lines),
        taxes=Taxes(lines=taxes, total=tax) if taxes else None,
    )
    return record.with_remarks(*remarks, *unread_elements(root.element, root.faults, tables.IGNORED))


def _day(written: str) -> str:
    """The day alone, where the invoice says no time; raises `Malformed`."""
    zoned_time(written)
    digits = [part.zfill(2) for part in re.findall(r"[0-9]+", written)]
    joined = "".join(digits)[:8]
    return f"{joined[:4]}-{joined[4:6]}-{joined[6:]}"


def _required(root: Fields, paths: tuple[str, ...]) -> str | None:
    found = root.first(paths, SHORT)
    if found is None and not any(fault.field.endswith(paths[0]) for fault in root.faults.found):
        root.faults.add(f"{root.where}/{paths[0]}", "must be there", fix="Fill in the element")
    return found


def _label(system: str, code: str | None, names: dict[str, str], remarks: list[Remark]) -> Code | None:
    """A label as said; one that its list does not have is marked."""
    if code is None:
        return None
    known = not names or code in names
    if not known:
        remarks.append(Remark(rule="unknown-code", text=f"{system} has no code {code}", field="invoice"))
    return Code(system=system, value=code, name=names.get(code), known=known)


def _reversed(data: Fields, note: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The blue invoices that a red one reverses and its confirmation sheets: its own elements, else its note."""
    corrects: list[str] = []
    confirmations: list[str] = []
    specific = data.child("SpecificInformation")
    for count, red in enumerate(specific.each("RedEInvoice") if specific is not None else (), 1):
        if count > RED_MAX:
            data.faults.add(red.where, f"appears at most {RED_MAX} times")
            break
        corrects.append(red.first(tables.CORRECTED, NAME) or "")
        confirmations.append(red.first(tables.CONFIRMATION, NAME) or "")
    found = tuple(dict.fromkeys(filter(None, corrects))) or tuple(_IN_NOTE.findall(note or ""))
    confirmed = tuple(dict.fromkeys(filter(None, confirmations))) or tuple(_CONFIRMED_IN_NOTE.findall(note or ""))
    return found, confirmed


def _check_sign(issue: str | None, gross: Amount | None, corrects: tuple[str, ...], remarks: list[Remark]) -> None:
    below_zero = gross is not None and gross.value.startswith("-")
    if issue == RED and not below_zero:
        text = f"a red-letter invoice is below zero, this one says {gross.value if gross else 'nothing'}"
        remarks.append(Remark(rule="red-letter-sign", text=text, field="invoice.gross"))
    if issue == RED and not corrects:
        text = "a red-letter invoice names the invoice that it reverses, this one names none"
        remarks.append(Remark(rule="red-letter-original", text=text, field="invoice.corrects"))
    if issue != RED and below_zero:
        text = f"an invoice below zero is a red-letter one (InIssuType N), this one says {issue or 'nothing'}"
        remarks.append(Remark(rule="red-letter-sign", text=text, field="invoice.flags"))


def _party(data: Fields, who: str, role: PartyRole) -> Party | None:
    block = data.child(f"{who}Information", required=True)
    if block is None:
        return None
    name, number = block.text(f"{who}Name", LABEL), block.maybe(f"{who}IdNum", SHORT)
    uscc = Uscc.parse(number) if number and Uscc.is_valid(number) else None
    others = (Code(system="cn-taxpayer-id", value=number, known=False),) if number and uscc is None else ()
    return Party(
        role=role,
        name=name,
        uscc=uscc,
        other_ids=others,
        address=block.maybe(f"{who}Addr", NOTE),
        phone=block.maybe(f"{who}TelNum", SHORT),
    )


def _lines(data: Fields, remarks: list[Remark]) -> list[tuple[InvoiceLine, TaxLine | None]]:
    found: list[tuple[InvoiceLine, TaxLine | None]] = []
    for n, row in enumerate(data.each("IssuItemInformation"), 1):
        if n > LINES_MAX:
            data.faults.add(data.where, f"holds at most {LINES_MAX} lines")
            break
        name, total = row.text("ItemName", NOTE), _money(row, "Amount")
        tax, (rate, rate_text) = _money(row, "ComTaxAm", required=False), _rate(row)
        where = f"goods_items.{n - 1}"
        quantity, price = _quantity(row, where, remarks), _price(row, where, remarks)
        if name is None or total is None:
            continue
        item = InvoiceLine(
            ordinal=n,
            name=name,
            model=row.maybe("SpecMod", NOTE),
            tax_class=row.maybe("TaxClassificationCode", SHORT),
            quantity=quantity,
            unit_price=price,
            total=total,
        )
        code = Code(system="cn-vat-rate", value=rate_text) if rate_text and rate is None else None
        line = TaxLine(kind="vat", code=code, item=n, base=total, rate=rate, amount=tax)
        found.append((item, line if tax is not None or code is not None else None))
    return found


def _quantity(row: Fields, where: str, remarks: list[Remark]) -> SignedQuantity | None:
    said, unit = row.maybe("Quantity", _NUMBER), row.maybe("MeaUnits", SHORT)
    if said is None:
        if unit is not None:
            remarks.append(Remark(rule="not-read", text=f"MeaUnits: {unit}", field=f"{where}.quantity"))
        return None
    value = rounded(said, 5, remarks, f"{where}.quantity")
    return SignedQuantity(value=fixed(value, 5, signed=True), unit=_unit(unit) if unit else "cn-unit-name:none")


def _price(row: Fields, where: str, remarks: list[Remark]) -> Amount | None:
    said = row.maybe("UnPrice", _NUMBER)
    return amount(rounded(said, 5, remarks, f"{where}.unit_price"), CNY) if said is not None else None


def _rate(row: Fields) -> tuple[Rate | None, str | None]:
    """The tax rate as a fraction, and its text: `0.13`, `13%`, or words such as 免税 and 不征税."""
    said = row.maybe("TaxRate", SHORT)
    if said is None:
        return None, None
    number = said.removesuffix("%").strip()
    if not decimal(12, 6).fits(number):
        return None, said
    fraction = Decimal(number) / 100 if said.endswith("%") else Decimal(number)
    return fixed(f"{fraction:f}", 6), said


_UNITS: Final = {
    "个": "H87",
    "件": "H87",
    "台": "H87",
    "套": "SET",
    "千克": "KGM",
    "公斤": "KGM",
    "吨": "TNE",
    "米": "MTR",
}


def _unit(said: str) -> str:
    plain = said.isascii() and said.isprintable() and " " not in said
    return _UNITS.get(said, "cn-unit-name:" + (said if plain else said.encode().hex())[:32])


def _money(fields: Fields, name: str, *, required: bool = True) -> Amount | None:
    said = fields.text(name, _TAX if name in _TAXES else _MONEY, required=required)
    return amount(said, CNY, field=f"{fields.where}/{name}") if said is not None and said.strip("*") else None


def _check_total(net: Amount | None, tax: Amount | None, gross: Amount | None, remarks: list[Remark]) -> None:
    if net is None or tax is None or gross is None:
        return
    added = Decimal(net.value) + Decimal(tax.value)
    if added != Decimal(gross.value):
        text = f"net and tax add up to {added}, the invoice says {gross.value}"
        remarks.append(Remark(rule="invoice-total", text=text, field="invoice.gross"))
