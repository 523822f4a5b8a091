"""The certificate sheet: our template for a certificate of origin, filled in a spreadsheet, as workbook or as CSV.

The first row says what the file is (`tongguan-certificate,1`). Every fault is named by its row, an unknown row or
column refused. The record says what the paper says: who claims it is its issuer, and customs alone may confirm it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from adapters.formats.certificate_sheet import tables
from adapters.mapping.logistics import noted, rounded
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.csv_rows import parse_csv
from adapters.parsing.sheet_rows import Numbered, Sheet
from adapters.parsing.xml_fields import Faults
from chain.identifiers import HsCode, Uscc
from chain.records.base import Document, Reference, Remark, Source
from chain.records.scalars import Code, Quantity, Weight, amount, fixed
from chain.records.sections import GoodsItem, Party
from chain.records.trade import CertificateHead, TradeCertificate
from chain.records.transport import Conveyance, Place, Transport

KIND: Final = tables.MARK
SCOPE: Final = "origin-certificate"
LINES_MAX: Final = 999
"""Lines of one certificate; a record counts its items up to this."""
_FIRST_ROW: Final = (f"{tables.MARK},".encode(), f"\ufeff{tables.MARK},".encode(), f'"{tables.MARK}",'.encode())


class CertificateSheetReader:
    """`tongguan-certificate,1`."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the first cell is the template's mark."""
        return message.startswith(_FIRST_ROW)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return read_rows(parse_csv(message), message)


READERS = (CertificateSheetReader(),)


def read_rows(rows: Sequence[Sequence[str]], message: bytes) -> ReadMessage:
    """The certificate of a sheet's rows; `message` is the file that they stand in."""
    faults = Faults()
    record: TradeCertificate | None = None
    with noted("sheet", faults):
        record = _certificate(Sheet(rows, faults), Source(kind=KIND, sha256=message_digest(message)))
    faults.refuse(KIND)
    entity = Entity(0, record, lookup=record.references if record else ())
    return ReadMessage(KIND, record.certificate.number if record else None, None, (entity,))


def _certificate(sheet: Sheet, source: Source) -> TradeCertificate | None:
    sections = sheet.divide(tables.MARK, tables.EDITION, tables.LINE)
    if sections is None:
        return None
    head, header, lines = sections
    values = sheet.values(head, tables.HEAD, tables.PARTIES)
    parties = tuple(_parties(sheet, head))
    rows = list(sheet.lines(header, lines, tables.LINE_COLUMNS, LINES_MAX))
    if sheet.faults.found:
        return None
    remarks: list[Remark] = []
    items = tuple(_item(ordinal, cells, values, remarks) for ordinal, cells in enumerate(rows, 1))
    criteria = (
        Document(kind=Code(system="origin-criterion", value=cells["criterion"]), number=f"item {ordinal}")
        for ordinal, cells in enumerate(rows, 1)
        if "criterion" in cells
    )
    record = TradeCertificate(
        references=(
            Reference(kind="cop", scope=SCOPE, value=values["number"], on=values["issued_on"]),
            Reference(kind="origin_certificate", value=values["number"], on=values["issued_on"]),
            *((Reference(kind="transport_document", value=values["bill"]),) if "bill" in values else ()),
        ),
        source=source,
        documents=tuple(criteria),
        certificate=CertificateHead(
            number=values["number"],
            kind=Code(system="origin-agreement", value=values["agreement"]),
            issued_on=values["issued_on"],
            expires_on=values.get("expires_on"),
            issuing_country=values["issuing_country"],
            origin=values.get("origin"),
            invoices=(values["invoice"],) if "invoice" in values else (),
            shipped_on=values.get("shipped_on"),
            note=values.get("note"),
        ),
        parties=parties,
        goods_items=items,
        transport=_transport(values),
    )
    return record.with_remarks(*remarks)


def _parties(sheet: Sheet, head: Sequence[Numbered]) -> Iterator[Party]:
    for name, (company, number, country, address) in sheet.parties(head, tables.PARTIES, tables.COUNTRY):
        uscc = Uscc.parse(number) if Uscc.is_valid(number) else None
        function = (Code(system="certificate-party", value=name),) if name in ("producer", "issuing_body") else ()
        other = (Code(system="company-id", value=number[:64]),) if number and uscc is None else ()
        yield Party(
            role=tables.PARTIES[name],
            name=company[:256],
            uscc=uscc,
            other_ids=(*other, *function),
            country=country or None,
            address=address or None,
        )


def _item(ordinal: int, cells: Mapping[str, str], values: Mapping[str, str], remarks: list[Remark]) -> GoodsItem:
    where = f"goods_items.{ordinal - 1}"
    hs, quantity, mass, fob = (cells.get(name) for name in ("hs", "quantity", "gross_kg", "fob"))
    if hs and not HsCode.is_valid(hs):
        remarks.append(Remark(rule="hs-code", text=f"{hs} is no tariff code", field=f"{where}.hs"))
    if fob and "currency" not in values:
        remarks.append(Remark(rule="currency", text=f"the FOB value {fob} has no currency", field=f"{where}.total"))
    return GoodsItem(
        ordinal=ordinal,
        hs=HsCode.parse(hs) if hs and HsCode.is_valid(hs) else None,
        name=cells["name"],
        quantity=Quantity(
            value=fixed(rounded(quantity, 5, remarks, f"{where}.quantity"), 5),
            unit=cells.get("unit", "sheet-unit:none"),
        )
        if quantity
        else None,
        gross=Weight(value=fixed(rounded(mass, 5, remarks, f"{where}.gross"), 5), unit="KGM") if mass else None,
        total=amount(rounded(fob, 5, remarks, f"{where}.total"), values["currency"])
        if fob and "currency" in values
        else None,
        origin=cells.get("origin") or values.get("origin"),
    )


def _transport(values: Mapping[str, str]) -> Transport | None:
    conveyance = Conveyance(name=values.get("conveyance"), voyage=values.get("voyage"))
    port = values.get("port_of_discharge")
    transport = Transport(
        conveyance=conveyance if conveyance != Conveyance() else None,
        bill=values.get("bill"),
        discharge=Place(name=port) if port else None,
        departed_on=values.get("shipped_on"),
    )
    return transport if transport != Transport() else None
