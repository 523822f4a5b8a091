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
from adapters.parsing.forms import Form
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

Row = Sequence[str]
Numbered = tuple[int, Row]


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


def read_rows(sheet: Sequence[Row], message: bytes) -> ReadMessage:
    """The invoice of a sheet's rows; `message` is the file that they stand in."""
    faults = Faults()
    rows = [(number, row) for number, row in enumerate(sheet, 1) if row]
    record: TaxInvoice | None = None
    with noted("sheet", faults):
        record = _invoice(rows, Source(kind=KIND, sha256=message_digest(message)), faults)
    faults.refuse(KIND)
    entity = Entity(0, record, lookup=record.references if record else ())
    return ReadMessage(KIND, record.invoice.number if record else None, None, (entity,))


def _invoice(rows: Sequence[Numbered], source: Source, faults: Faults) -> TaxInvoice | None:
    if not rows or [_cell(rows[0][1], place) for place in (0, 1)] != [tables.MARK, tables.EDITION]:
        written = ",".join(rows[0][1][:2]) if rows else None
        faults.add("row 1", f"is {tables.MARK},{tables.EDITION}", value=written, fix="Start from the template")
        return None
    start = next((place for place, (_, row) in enumerate(rows) if row[0] == tables.LINE), None)
    if start is None:
        faults.add("sheet", f"has a row that begins with {tables.LINE}", fix="Start from the template")
        return None
    values = _head_values(rows[1:start], faults)
    parties = tuple(_parties(rows[1:start], faults))
    columns = _columns(rows[start], faults)
    if faults.found:
        return None
    remarks: list[Remark] = []
    currency = values["currency"]
    items = tuple(_lines(rows[start + 1 :], columns, currency, faults, remarks))
    if faults.found:
        return None
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


def _head_values(rows: Sequence[Numbered], faults: Faults) -> dict[str, str]:
    """Name -> value of the head's rows that have one."""
    values: dict[str, str] = {}
    for number, row in rows:
        name, value = row[0], _cell(row, 1)
        if name in tables.PARTIES:
            continue
        if name not in tables.HEAD:
            faults.add(f"row {number}", f"is one of {', '.join((*tables.HEAD, *tables.PARTIES))}", value=name)
        elif name in values:
            faults.add(f"row {number}", "appears once", value=name)
        elif value and _fits(value, tables.HEAD[name][0], f"row {number} ({name})", faults):
            values[name] = value
    for name, (_, required) in tables.HEAD.items():
        if required and name not in values and not any(f"({name})" in fault.field for fault in faults.found):
            faults.add(name, "must be there", fix=f"Fill in the row {name}")
    return values


def _parties(rows: Sequence[Numbered], faults: Faults) -> Iterator[Party]:
    seen: set[str] = set()
    for number, row in rows:
        if row[0] not in _ROLES:
            continue
        if row[0] in seen:
            faults.add(f"row {number}", "appears once", value=row[0])
            continue
        seen.add(row[0])
        name, code, country, address = (_cell(row, column) for column in range(1, 5))
        if not name:
            faults.add(f"row {number} ({row[0]})", "names the company", fix="Fill in the second cell")
            continue
        if country and not _fits(country, tables.COUNTRY, f"row {number} (country)", faults):
            continue
        yield Party(
            role=_ROLES[row[0]],
            name=name[:256],
            uscc=Uscc.parse(code) if Uscc.is_valid(code) else None,
            other_ids=(Code(system="company-id", value=code[:64]),) if code and not Uscc.is_valid(code) else (),
            country=country or None,
            address=address or None,
        )


def _columns(header: Numbered, faults: Faults) -> dict[str, int]:
    """Column of a line -> its place in the row."""
    number, row = header
    places: dict[str, int] = {}
    for place, name in enumerate(row[1:], 1):
        if name not in tables.LINE_COLUMNS:
            faults.add(f"row {number}", f"has the columns {', '.join(tables.LINE_COLUMNS)}", value=name)
        elif name in places:
            faults.add(f"row {number}", "has each column once", value=name)
        places[name] = place
    for name, (_, required) in tables.LINE_COLUMNS.items():
        if required and name not in places:
            faults.add(f"row {number}", f"has the column {name}", fix="Start from the template")
    return places


def _lines(
    rows: Sequence[Numbered], columns: Mapping[str, int], currency: str, faults: Faults, remarks: list[Remark]
) -> Iterator[InvoiceLine]:
    if len(rows) > LINES_MAX:
        faults.add("sheet", f"has at most {LINES_MAX} lines", value=len(rows))
        return
    for ordinal, (number, row) in enumerate(rows, 1):
        cells: dict[str, str] = {}
        for name, (form, required) in tables.LINE_COLUMNS.items():
            cell = _cell(row, columns[name]) if name in columns else ""
            if cell and _fits(cell, form, f"row {number} ({name})", faults):
                cells[name] = cell
            elif not cell and required:
                faults.add(f"row {number} ({name})", "must be there", fix="Fill in the cell")
        if not faults.found:
            yield _line(ordinal, cells, currency, remarks)


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


def _fits(text: str, form: Form, where: str, faults: Faults) -> bool:
    if form.fits(text):
        return True
    faults.add(where, form.rule, value=text)
    return False


def _cell(row: Row, place: int) -> str:
    return row[place] if place < len(row) else ""
