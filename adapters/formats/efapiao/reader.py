"""Fully digital e-invoices (数电票) in their XML form, root `EInvoice`: each becomes one `tax.invoice`.

Follows the published element names; not yet tried on files of real taxpayers. The 20-digit number is
`InvoiceNumber` under
`TaxSupervisionInfo`. Times without a zone are Beijing time.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from adapters.mapping.chinese_customs import zoned_time
from adapters.mapping.logistics import NAME, NOTE, SHORT, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields, decimal
from chain.identifiers import InvoiceNumber, Uscc
from chain.records.base import Reference, Remark, Source
from chain.records.scalars import Amount, Code, Quantity, amount, fixed
from chain.records.sections import GoodsItem, Party, PartyRole, Taxes
from chain.records.tax import InvoiceHead, TaxInvoice
from chain.records.value import TaxLine

KIND: Final = "cn-einvoice"
LINES_MAX = 999
CNY: Final = "CNY"
_MONEY: Final = decimal(19, 2, signed=True)
_LABELS: Final = {"01": "special VAT invoice", "02": "general invoice"}


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
            record = _invoice(root, Source(kind=KIND, sha256=message_digest(message)))
        faults.refuse(KIND)
        header = root.child("Header")
        message_id = header.maybe("EIid", NAME) if header is not None else None
        return ReadMessage(KIND, message_id, None, (Entity(0, record, lookup=record.references if record else ()),))


READERS = (EInvoiceReader(),)


def _invoice(root: Fields, source: Source) -> TaxInvoice | None:
    data, supervision = root.child("EInvoiceData", required=True), root.child("TaxSupervisionInfo", required=True)
    if data is None or supervision is None:
        return None
    said, issued = supervision.text("InvoiceNumber", SHORT), supervision.text("IssueTime", SHORT)
    basic = data.child("BasicInformation", required=True)
    seller, buyer = _party(data, "Seller", "seller"), _party(data, "Buyer", "buyer")
    lines = _lines(data)
    if said is None or issued is None or basic is None:
        return None
    number = InvoiceNumber.parse(said)
    net, tax = _money(basic, "TotalAmWithoutTax"), _money(basic, "TotalTaxAm")
    gross = _money(basic, "TotalTax-includedAmount")
    label = root.at("Header", "InherentLabel", "GeneralOrSpecialVAT")
    code = label.maybe("LabelCode", SHORT) if label is not None else None
    taxes = tuple(line for _, line in lines if line is not None)
    return TaxInvoice(
        references=(Reference(kind="invoice", value=number),),
        source=source,
        remarks=_remarks(net, tax, gross),
        invoice=InvoiceHead(
            number=number,
            kind=Code(system="cn-einvoice-label", value=code, name=_LABELS.get(code)) if code else None,
            issued=zoned_time(issued),
            currency=CNY,
            net=net,
            tax=tax,
            gross=gross,
            payable=gross,
            note=_note(root),
        ),
        parties=tuple(party for party in (seller, buyer) if party is not None),
        goods_items=tuple(item for item, _ in lines),
        taxes=Taxes(lines=taxes, total=tax) if taxes else None,
    )


def _party(data: Fields, who: str, role: PartyRole) -> Party | None:
    block = data.child(f"{who}Information", required=True)
    if block is None:
        return None
    name, number = block.text(f"{who}Name", NAME), block.maybe(f"{who}IdNum", SHORT)
    uscc = Uscc.parse(number) if number and Uscc.is_valid(number) else None
    others = (Code(system="cn-taxpayer-id", value=number, known=False),) if number and uscc is None else ()
    return Party(role=role, name=name, uscc=uscc, other_ids=others)


def _lines(data: Fields) -> list[tuple[GoodsItem, TaxLine | None]]:
    found: list[tuple[GoodsItem, TaxLine | None]] = []
    for n, row in enumerate(data.each("IssuItemInformation"), 1):
        if n > LINES_MAX:
            data.faults.add(data.where, f"holds at most {LINES_MAX} lines")
            break
        name, total = row.text("ItemName", NOTE), _money(row, "Amount")
        if name is None or total is None:
            continue
        quantity, unit = row.maybe("Quantity", decimal(25, 13)), row.maybe("MeaUnits", SHORT)
        tax, rate = _money(row, "ComTaxAm", required=False), row.maybe("TaxRate", decimal(8, 6))
        item = GoodsItem(
            ordinal=n,
            name=name,
            model=row.maybe("SpecMod", NOTE),
            quantity=Quantity(value=fixed(quantity, 5), unit=_unit(unit)) if quantity and unit else None,
            total=total,
        )
        line = TaxLine(kind="vat", item=n, base=total, rate=fixed(rate, 6) if rate else None, amount=tax)
        found.append((item, line if tax is not None else None))
    return found


def _unit(said: str) -> str:
    known = {"个": "H87", "件": "H87", "台": "H87", "套": "SET", "千克": "KGM", "公斤": "KGM", "吨": "TNE", "米": "MTR"}
    return known.get(
        said, "cn-unit-name:" + (said if said.isascii() and said.isprintable() else said.encode().hex())[:32]
    )


def _note(root: Fields) -> str | None:
    data = root.child("EInvoiceData")
    return data.maybe("Remark", NOTE) if data is not None else None


def _money(fields: Fields, name: str, *, required: bool = True) -> Amount | None:
    said = fields.text(name, _MONEY, required=required)
    return amount(said, CNY, field=f"{fields.where}/{name}") if said is not None else None


def _remarks(net: Amount | None, tax: Amount | None, gross: Amount | None) -> tuple[Remark, ...]:
    if net is None or tax is None or gross is None:
        return ()
    added = Decimal(net.value) + Decimal(tax.value)
    if added == Decimal(gross.value):
        return ()
    text = f"net and tax add up to {added}, the invoice says {gross.value}"
    return (Remark(rule="invoice-total", text=text, field="invoice.gross"),)
