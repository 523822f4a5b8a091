"""Customs duty payment certificates (海关专用缴款书) as the bank or customs says them: each becomes a `tax.payment`.

No public machine form of this paper exists, so the form is ours. It holds the paper's fields, under the names
below, one message for any number of certificates::

    {"format": "duty-payment-certificates/1",
     "certificates": [
       {"certificateNumber": "010120261000000017-L02",   22 characters, embeds the declaration number; the letter
       is the tax:
                                                          A duty, L VAT, Y consumption tax, I anti-dumping
        "declarationNumber": "010120261000000017",
        "customsCode": "0101",                            customs office
        "taxType": "L",
        "filledOn": "2026-03-02", "dueOn": "2026-03-17",  days
        "taxpayer": {"uscc": "...", "name": "..."},
        "currency": "CNY",                                of every amount
        "invoiceCurrency": "USD", "exchangeRate": "7.082500",
        "items": [{"number": 1, "hsCode": "8481804090", "name": "...", "quantity": "20", "unit": "007" (customs table),
                   "taxableValue": "100000.00", "rate": "0.13000", "tax": "13000.00"}],
        "amount": "13000.00",
        "paidAt": "2026-03-02T18:00:00+08:00",            with zone
        "bankSerial": "...",
        "status": "paid"}]}                                paid, refunded or void

Numbers are texts or JSON numbers. Refused: a number that does not embed its declaration, or whose letter is not
`taxType`. Kept with a remark: items whose taxes do not add up to `amount`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, Literal

from adapters.mapping.chinese_customs import BEIJING
from adapters.mapping.code_mapping import Coding
from adapters.mapping.logistics import ISO_DAY, ISO_TIME, LABEL, NOTE, SHORT, TOKEN, day, moment, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import RULE, unread_members
from adapters.parsing.forms import Form, decimal, digits, one_of, whole
from adapters.parsing.json_fields import JsonFields, parse_json
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults
from chain.errors import MalformedMessage
from chain.identifiers import DeclarationNumber, DutyCertificateNumber, HsCode, Uscc
from chain.records.base import Reference, Remark, Source
from chain.records.scalars import Code, amount, fixed
from chain.records.sections import GoodsItem, Party, Taxes
from chain.records.tax import TaxPayment, TaxPaymentHead
from chain.records.value import ExchangeRate, TaxKind, TaxLine

FORMAT: Final = "duty-payment-certificates/1"
KIND: Final = "duty-payment-certificate"
CERTIFICATES_MAX = 100
IGNORED: Final[dict[str, str]] = {}
"""Members that are left out: none, this form is our own."""
ITEMS_MAX = 50
"""A declaration has at most 50 items."""
TAX_KINDS: Final[dict[str, TaxKind]] = {"A": "duty", "L": "vat", "Y": "consumption", "I": "anti_dumping"}
"""Letter in the certificate number -> kind of tax."""
_CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
_STATES: Final[tuple[Literal["paid", "refunded", "void"], ...]] = ("paid", "refunded", "void")


class DutyPaymentReader:
    """The form above."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the message names this format."""
        return b'"duty-payment-certificates/' in message

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = JsonFields.root(parse_json(message), faults, KIND)
        root.text("format", one_of(FORMAT))
        digest = message_digest(message)
        certificates = list(root.each("certificates", required=True))
        if len(certificates) > CERTIFICATES_MAX:
            raise MalformedMessage(KIND, f"holds at most {CERTIFICATES_MAX} certificates", value=len(certificates))
        entities: list[Entity] = []
        for ordinal, fields in enumerate(certificates):
            with noted(fields.where, faults):
                record = _certificate(fields, Source(kind=KIND, sha256=digest, ordinal=ordinal))
                if record is not None:
                    record = record.with_remarks(*unread_members(fields.value, faults, IGNORED))
                entities.append(Entity(ordinal, record, lookup=record.references if record else ()))
        faults.refuse(KIND)
        beside = {name: value for name, value in root.value.items() if name != "certificates"}
        remarks = tuple(
            remark.text for remark in unread_members(beside, Faults(), {**IGNORED, "format": "names this form"})
        )
        return ReadMessage(KIND, None, None, tuple(entities), remarks)


READERS = (DutyPaymentReader(),)


def _certificate(fields: JsonFields, source: Source) -> TaxPayment | None:
    faults = fields.faults
    numbers = _numbers(fields)
    currency = fields.text("currency", _CURRENCY)
    total = fields.decimal("amount", decimal(19, 2))
    remarks: list[Remark] = []
    paid_at = moment(fields.text("paidAt", ISO_TIME), f"{fields.where}/paidAt", faults, remarks, otherwise=BEIJING)
    due_on = day(fields.maybe("dueOn", ISO_DAY), f"{fields.where}/dueOn", faults)
    filled_on = day(fields.maybe("filledOn", ISO_DAY), f"{fields.where}/filledOn", faults)
    invoiced = fields.maybe("invoiceCurrency", _CURRENCY)
    exchange = fields.decimal("exchangeRate", decimal(12, 6), required=False)
    state = fields.text("status", one_of(*_STATES))
    items = list(fields.each("items", required=True))
    if len(items) > ITEMS_MAX:
        faults.add(f"{fields.where}/items", f"holds at most {ITEMS_MAX} items", value=len(items))
        return None
    if numbers is None or currency is None or total is None or paid_at is None or state is None:
        return None
    certificate, declaration = numbers
    kind = TAX_KINDS.get(certificate.tax_letter, "other")
    lines = [line for item in items if (line := _line(item, kind, currency)) is not None]
    alone = [
        *_alone({"invoiceCurrency": invoiced, "exchangeRate": exchange}, "tax_payment.exchange"),
        *(remark for item in items for remark in _quantity_alone(item)),
    ]
    office = fields.maybe("customsCode", digits(4))
    taxpayer = _taxpayer(fields.child("taxpayer", required=True))
    return TaxPayment(
        references=(
            Reference(kind="declaration", value=declaration),
            Reference(kind="tax_bill", value=certificate),
        ),
        source=source,
        remarks=(*remarks, *alone, *_remarks(lines, total)),
        tax_payment=TaxPaymentHead(
            certificate=certificate,
            declaration=declaration,
            office=Code(system="cn-customs-office", value=office) if office else None,
            state=next(known for known in _STATES if known == state),
            filled_on=filled_on,
            exchange=ExchangeRate(currency=invoiced, rate=fixed(exchange, 6)) if invoiced and exchange else None,
        ),
        taxes=Taxes(
            lines=tuple(line for _, line in lines),
            total=amount(total, currency),
            certificate=certificate,
            due_on=due_on,
            paid=paid_at,
            paid_amount=amount(total, currency),
            bank_serial=fields.maybe("bankSerial", SHORT),
        ),
        parties=(taxpayer,) if taxpayer else (),
        goods_items=tuple(item for item, _ in lines),
    )


def _alone(values: dict[str, str | None], field: str) -> list[Remark]:
    """A remark on a value that says something only beside another, which is not there."""
    texts = [f"{name}: {value}" for name, value in values.items() if value]
    return [Remark(rule=RULE, text=text, field=field) for text in texts] if len(texts) < len(values) else []


def _quantity_alone(item: JsonFields) -> list[Remark]:
    pair = {name: str(item.value[name]) if item.value.get(name) else None for name in ("quantity", "unit")}
    return _alone(pair, "goods_items.quantity")


def _numbers(fields: JsonFields) -> tuple[DutyCertificateNumber, DeclarationNumber] | None:
    said, declared = fields.text("certificateNumber", SHORT), fields.text("declarationNumber", SHORT)
    tax_type = fields.text("taxType", one_of(*"ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    if said is None or declared is None or tax_type is None:
        return None
    with noted(fields.where, fields.faults):
        certificate, declaration = DutyCertificateNumber.parse(said), DeclarationNumber.parse(declared)
        if certificate.declaration != declaration:
            rule = "embeds the number of its declaration"
            fields.faults.add(f"{fields.where}/certificateNumber", rule, value=said, code=BUSINESS_CODE)
        elif certificate.tax_letter != tax_type:
            rule = f"has the letter of its tax, {certificate.tax_letter}"
            fields.faults.add(f"{fields.where}/taxType", rule, value=tax_type, code=BUSINESS_CODE)
        else:
            return certificate, declaration
    return None


def _line(fields: JsonFields, kind: TaxKind, currency: str) -> tuple[GoodsItem, TaxLine] | None:
    number = fields.decimal("number", whole(3, least=1))
    name = fields.text("name", NOTE)
    hs = fields.text("hsCode", SHORT)
    tax = fields.decimal("tax", decimal(19, 2))
    base = fields.decimal("taxableValue", decimal(19, 2))
    rate = fields.decimal("rate", decimal(12, 6), required=False)
    quantity = fields.decimal("quantity", decimal(), required=False)
    unit = fields.maybe("unit", TOKEN)
    if number is None or name is None or hs is None or tax is None or base is None:
        return None
    code = HsCode.parse(hs)
    item = GoodsItem(
        ordinal=int(number),
        hs=code,
        name=name,
        quantity=Coding().quantity(quantity, unit),
        customs_value=amount(base, currency),
    )
    line = TaxLine(
        kind=kind,
        item=int(number),
        hs=code,
        base=amount(base, currency),
        rate=fixed(rate, 6) if rate else None,
        amount=amount(tax, currency),
    )
    return item, line


def _taxpayer(fields: JsonFields | None) -> Party | None:
    if fields is None:
        return None
    said = fields.text("uscc", SHORT)
    return None if said is None else Party(role="taxpayer", uscc=Uscc.parse(said), name=fields.maybe("name", LABEL))


def _remarks(lines: list[tuple[GoodsItem, TaxLine]], total: str) -> tuple[Remark, ...]:
    added = sum((Decimal(line.amount.value) for _, line in lines if line.amount), Decimal(0))
    if added == Decimal(total):
        return ()
    text = f"the items' taxes add up to {added}, the certificate says {total}"
    return (Remark(rule="tax-total", text=text, field="taxes.total"),)
