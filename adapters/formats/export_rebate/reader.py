"""Export rebate declarations (出口退税) as the tax office confirms them: one `tax.rebate` for each export
declaration in them.

The tax bureau's form has no public machine schema; ours keeps the names of its data dictionary::

    {"format": "export-rebate-declarations/1",
     "nsrsbh": "91...", "nsrmc": "...",       taxpayer: USCC, name
     "ssq": "2026-03",                          period (所属期)
     "sbpc": "001",                             batch
     "sbsj": "2026-04-10T09:00:00+08:00",       lodged, with zone
     "mx": [{"sbxh": 1,                         serial number (序号)
             "ckfph": "...",                    export invoice (出口发票号)
             "ckbgdh": "010120260000000017001", declaration number (18), 0, item (2)
             "dlckhwzmhm": "",                  agency certificate
             "ckrq": "2026-03-02",              day of export
             "cksp_dm": "8481804090",           goods code
             "jldw": "007", "cksl": "20.000000",customs unit, quantity
             "cjbz": "USD", "cjzj": "1000.00",  currency and price of the deal
             "hl": "7.082500",                  exchange rate
             "rmblaj": "7082.50", "mylaj": "1000.00",   FOB in CNY, in USD
             "zssl": "0.13", "tsl": "0.13",     VAT rate, rebate rate, as fractions
             "mdtse": "920.73", "mdtsbdmzhdkse": "0.00"}]}   rebate, tax not creditable

Kept with a remark: a rebate that is not FOB × rebate rate to 0.01. One message's lines are sorted by the
declaration they claim for, since each such part speaks of another consignment.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from adapters.mapping.chinese_customs import BEIJING
from adapters.mapping.code_mapping import Coding
from adapters.mapping.logistics import ISO_DAY, ISO_TIME, NAME, SHORT, TOKEN, day, moment, noted, rounded
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_members
from adapters.parsing.forms import Form, decimal, one_of, whole
from adapters.parsing.json_fields import JsonFields, parse_json
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults
from chain.errors import MalformedMessage
from chain.identifiers import DeclarationNumber, HsCode, Uscc
from chain.records.base import Reference, Remark, Source
from chain.records.scalars import SignedQuantity, amount, fixed
from chain.records.sections import Party
from chain.records.tax import RebateHead, RebateLine, TaxRebate

FORMAT: Final = "export-rebate-declarations/1"
KIND: Final = "export-rebate-declaration"
LINES_MAX = 999
IGNORED: Final = {"format": "names this form", "nsrmc": "read into the taxpayer"}
TOLERANCE_CNY: Final = Decimal("0.01")
_PERIOD: Final = Form("a month YYYY-MM", re.compile(r"20\d{2}-(?:0[1-9]|1[0-2])"))
_CLAIM: Final = Form("18 characters of a declaration, 0, and 2 digits of its item", re.compile(r"[0-9IE]{18}0\d{2}"))
_CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))


class ExportRebateReader:
    """The form above."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the message names this format."""
        return b'"export-rebate-declarations/' in message

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = JsonFields.root(parse_json(message), faults, KIND)
        root.text("format", one_of(FORMAT))
        rows = list(root.each("mx", required=True))
        if len(rows) > LINES_MAX:
            raise MalformedMessage(KIND, f"holds at most {LINES_MAX} lines", value=len(rows))
        claims: dict[DeclarationNumber, list[RebateLine]] = {}
        for row in rows:
            with noted(row.where, faults):
                line = _line(row)
                if line is not None and line.declaration is not None:
                    claims.setdefault(DeclarationNumber.parse(line.declaration[:18]), []).append(line)
        digest = message_digest(message)
        entities: list[Entity] = []
        with noted(root.where, faults):
            for ordinal, (declaration, lines) in enumerate(claims.items()):
                source = Source(kind=KIND, sha256=digest, message_id=root.maybe("sbpc", SHORT), ordinal=ordinal)
                record = _rebate(root, declaration, lines, source)
                if record is not None:
                    record = record.with_remarks(*unread_members(root.value, faults, IGNORED))
                entities.append(Entity(ordinal, record, lookup=record.references[:1] if record else ()))
        faults.refuse(KIND)
        return ReadMessage(KIND, root.maybe("sbpc", SHORT), root.maybe("nsrsbh", SHORT), tuple(entities))


READERS = (ExportRebateReader(),)


def _rebate(
    root: JsonFields, declaration: DeclarationNumber, lines: list[RebateLine], source: Source
) -> TaxRebate | None:
    period, uscc = root.text("ssq", _PERIOD), root.text("nsrsbh", SHORT)
    remarks: list[Remark] = []
    lodged = moment(root.maybe("sbsj", ISO_TIME), f"{root.where}/sbsj", root.faults, remarks, otherwise=BEIJING)
    if period is None or uscc is None:
        return None
    total = sum((Decimal(line.rebate.value) for line in lines if line.rebate), Decimal(0))
    invoices = dict.fromkeys(line.export_invoice for line in lines if line.export_invoice)
    return TaxRebate(
        references=(
            Reference(kind="declaration", value=declaration),
            *(Reference(kind="invoice", scope=uscc, value=invoice) for invoice in invoices),
        ),
        source=source,
        remarks=(*remarks, *(remark for line in lines for remark in _remarks(line))),
        rebate=RebateHead(
            period=period,
            batch=root.maybe("sbpc", SHORT),
            lodged=lodged,
            lines=tuple(lines),
            total=amount(f"{total}", "CNY"),
        ),
        parties=(Party(role="taxpayer", uscc=Uscc.parse(uscc), name=root.maybe("nsrmc", NAME)),),
    )


def _line(row: JsonFields) -> RebateLine | None:
    number = row.decimal("sbxh", whole(3, least=1))
    claim = row.text("ckbgdh", _CLAIM)
    hs, unit = row.text("cksp_dm", SHORT), row.text("jldw", TOKEN)
    currency = row.text("cjbz", _CURRENCY)
    money = {
        name: row.decimal(name, decimal(19, 2, signed=True))
        for name in ("cjzj", "rmblaj", "mylaj", "mdtse", "mdtsbdmzhdkse")
    }
    rates = {name: row.decimal(name, decimal(12, 6)) for name in ("hl", "zssl", "tsl")}
    quantity = row.decimal("cksl", decimal(19, 6, signed=True))
    exported = day(row.maybe("ckrq", ISO_DAY), f"{row.where}/ckrq", row.faults)
    if number is None or claim is None or hs is None or unit is None or currency is None or quantity is None:
        return None
    if None in money.values() or None in rates.values():
        return None
    if Decimal(rates["tsl"] or 0) > Decimal(rates["zssl"] or 0):
        row.faults.add(f"{row.where}/tsl", "is at most zssl", value=rates["tsl"], code=BUSINESS_CODE)
    agency = row.maybe("dlckhwzmhm", NAME)
    return RebateLine(
        ordinal=int(number),
        export_invoice=row.maybe("ckfph", NAME),
        declaration=claim,
        agency_certificate=agency,
        exported_on=exported,
        hs=HsCode.parse(hs),
        quantity=_quantity(rounded(quantity, 5, row.faults.notes, "cksl"), unit),
        deal_total=amount(money["cjzj"] or "", currency),
        exchange=fixed(rates["hl"] or "", 6),
        fob_cny=amount(money["rmblaj"] or "", "CNY"),
        fob_usd=amount(money["mylaj"] or "", "USD"),
        levy_rate=fixed(rates["zssl"] or "", 6),
        rebate_rate=fixed(rates["tsl"] or "", 6),
        rebate=amount(money["mdtse"] or "", "CNY"),
        not_creditable=amount(money["mdtsbdmzhdkse"] or "", "CNY"),
    )


def _quantity(said: str, unit: str) -> SignedQuantity:
    """The quantity in an international unit; below zero where the line takes an earlier claim back."""
    return SignedQuantity(value=fixed(said, 5, signed=True), unit=Coding().unit(unit))


def _remarks(line: RebateLine) -> list[Remark]:
    if line.fob_cny is None or line.rebate is None or line.rebate_rate is None:
        return []
    product = Decimal(line.fob_cny.value) * Decimal(line.rebate_rate)
    due = product.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if abs(due - Decimal(line.rebate.value)) <= TOLERANCE_CNY:
        return []
    text = f"line {line.ordinal}: FOB × rate is {due}, the declaration says {line.rebate.value}"
    return [Remark(rule="rebate-amount", text=text, field="rebate.lines")]
