"""The invoice sheet: our template for traders without a system, filled in a spreadsheet, saved as workbook or as CSV.

The first row says what the file is (`tongguan-invoice,1`), so that no other table is taken for it. Every fault is named
by its row; nothing is guessed: an unknown row or column is refused, since a trader who misspells `payable` should know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from adapters.formats.invoice_sheet import tables
from adapters.mapping.invoice_kinds import invoice_kind
from adapters.mapping.logistics import noted, rounded
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.csv_rows import parse_csv
from adapters.parsing.sheet_rows import Numbered, Sheet
from adapters.parsing.xml_fields import Faults
from chain.identifiers import HsCode, Uscc
from chain.records.base import Reference, Remark, Source
from chain.records.scalars import Amount, Code, SignedQuantity, amount, fixed
from chain.records.sections import InvoiceLine, Party, PartyRole, Valuation
from chain.records.tax import InvoiceHead, TaxInvoice

KIND: Final = "tongguan-invoice"
LINES_MAX: Final = 999
"""Lines of one invoice; a record counts its items up to this."""
_ROLES: Final[Mapping[str, PartyRole]] = {"seller": "seller", "buyer": "buyer"}
_FIRST_ROW: Final = (f"{tables.MARK},".encode(), f"\ufeff{tables.MARK},".encode(), f'"{tables.MARK}",'.encode())


class InvoiceSheetReader:
    """`tongguan-invoice,1`."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the first cell is the template's mark."""
        return message.startswith(_FIRST_ROW)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return read_rows(parse_csv(message), message)


READERS = (InvoiceSheetReader(),)


def read_rows(rows: Sequence[Sequence[str]], message: bytes) -> ReadMessage:
    """The invoice of a sheet's rows; `message` is the file that they stand in."""
    faults = Faults()
    record: TaxInvoice | None = None
    with noted("sheet", faults):
        record = _invoice(Sheet(rows, faults), Source(kind=KIND, sha256=message_digest(message)))
    faults.refuse(KIND)
    entity = Entity(0, record, lookup=record.references if record else ())
    return ReadMessage(KIND, record.invoice.number if record else None, None, (entity,))


def _invoice(sheet: Sheet, source: Source) -> TaxInvoice | None:
    sections = sheet.divide(tables.MARK, tables.EDITION, tables.LINE)
    if sections is None:
        return None
    head_rows, header, rows = sections
    values = sheet.values(head_rows, tables.HEAD, _ROLES)
    parties = tuple(_parties(sheet, head_rows))
    lines = list(sheet.lines(header, rows, tables.LINE_COLUMNS, LINES_MAX))
    if sheet.faults.found:
        return None
    remarks: list[Remark] = []
    currency = values["currency"]
    items = tuple(_line(ordinal, cells, currency, remarks) for ordinal, cells in enumerate(lines, 1))
    _check_total(values, items, remarks)
    issuer = next((party.uscc for party in parties if party.role == "seller" and party.uscc), "")
    head = InvoiceHead(
        number=values["number"],
        kind=invoice_kind(values.get("kind"), remarks),
        issued_on=values["issued_on"],
        order=values.get("order"),
        contract=values.get("contract"),
        corrects=(values["corrects"],) if "corrects" in values else (),
        currency=currency,
        payable=amount(values["payable"], currency),
        note=values.get("note"),
    )
    record = TaxInvoice(
        references=(
            Reference(kind="invoice", scope=issuer, value=head.number, on=values["issued_on"]),
            *((Reference(kind="order", value=head.order),) if head.order else ()),
        ),
        source=source,
        invoice=head,
        parties=parties,
        goods_items=items,
        valuation=_valuation(values),
    )
    return record.with_remarks(*remarks)


def _parties(sheet: Sheet, head: Sequence[Numbered]) -> Iterator[Party]:
    for role, (name, code, country, address) in sheet.parties(head, _ROLES, tables.COUNTRY):
        yield Party(
            role=_ROLES[role],
            name=name[:256],
            uscc=Uscc.parse(code) if Uscc.is_valid(code) else None,
            other_ids=(Code(system="company-id", value=code[:64]),) if code and not Uscc.is_valid(code) else (),
            country=country or None,
            address=address or None,
        )


def _line(ordinal: int, cells: Mapping[str, str], currency: str, remarks: list[Remark]) -> InvoiceLine:
    where = f"goods_items.{ordinal - 1}"
    hs = cells.get("hs")
    if hs and not HsCode.is_valid(hs):
        remarks.append(Remark(rule="hs-code", text=f"{hs} is no tariff code", field=f"{where}.hs"))
    quantity = cells.get("quantity")
    return InvoiceLine(
        ordinal=ordinal,
        hs=HsCode.parse(hs) if hs and HsCode.is_valid(hs) else None,
        name=cells["name"],
        quantity=SignedQuantity(
            value=fixed(rounded(quantity, 5, remarks, f"{where}.quantity"), 5, signed=True),
            unit=cells.get("unit", "sheet-unit:none"),
        )
        if quantity
        else None,
        unit_price=_money(cells.get("unit_price"), currency),
        total=_money(cells["total"], currency),
        origin=cells.get("origin"),
    )


def _money(text: str | None, currency: str) -> Amount | None:
    return amount(text, currency) if text else None


def _valuation(values: Mapping[str, str]) -> Valuation | None:
    if "terms" not in values:
        return None
    return Valuation(terms=Code(system="incoterms", value=values["terms"]), terms_place=values.get("terms_place"))


def _check_total(values: Mapping[str, str], items: Sequence[InvoiceLine], remarks: list[Remark]) -> None:
    added = sum((Decimal(item.total.value) for item in items if item.total), Decimal(0))
    if added != Decimal(values["payable"]):
        text = f"the lines add up to {added}, the sheet says {values['payable']} is payable"
        remarks.append(Remark(rule="line-total", text=text, field="invoice.payable"))
