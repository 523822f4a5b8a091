"""Lines of a UBL invoice or credit note, and the amounts in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from adapters.formats.ubl_invoice import tables
from adapters.mapping.logistics import NAME, NOTE, PIECES, SHORT, TOKEN, rounded
from adapters.mapping.ubl import CAC, CBC, COUNTRY
from adapters.parsing.forms import Form, decimal
from adapters.parsing.xml_fields import Fields
from chain.identifiers import HsCode
from chain.records.base import Remark
from chain.records.scalars import Amount, SignedQuantity, amount, fixed
from chain.records.sections import InvoiceLine
from chain.records.tax import InvoiceHead

_CURRENCY: Final = Form("3 capital letters (ISO 4217)", re.compile("[A-Z]{3}"))
_PRECISE: Final = decimal(38, 20, signed=True)
"""Prices and quantities: EN 16931 sets no limit to their decimals (§6.5.2)."""


def build_line(line: Fields, ordinal: int, document: tables.Document, remarks: list[Remark]) -> InvoiceLine:
    """One line."""
    where = f"goods_items.{ordinal - 1}"
    item = line.child(f"{CAC}Item", required=True)
    seller_item = item.child(f"{CAC}SellersItemIdentification") if item is not None else None
    return InvoiceLine(
        ordinal=ordinal,
        hs=_hs(item, remarks, where) if item is not None else None,
        name=_name(item) if item is not None else None,
        number=seller_item.maybe(f"{CBC}ID", NAME) if seller_item is not None else None,
        quantity=_quantity(line, document.quantity, remarks, where),
        unit_price=_unit_price(line, remarks, where),
        total=money(line, "LineExtensionAmount", required=True),
        origin=_origin(item) if item is not None else None,
        note=_line_note(line),
    )


def money(fields: Fields, name: str, *, required: bool = False) -> Amount | None:
    """The amount of that name with its currency; None where it is absent or wrong, which is noted."""
    found = fields.child(f"{CBC}{name}", required=required)
    if found is None:
        return None
    said, currency = found.own(_PRECISE), found.attribute("currencyID", _CURRENCY, required=True)
    if said is None or currency is None:
        return None
    return amount(rounded(said, 5, fields.faults.notes, name), currency, field=found.where)


def check_lines(head: InvoiceHead, items: Sequence[InvoiceLine], remarks: list[Remark]) -> None:
    """Remarks where the lines do not add up to the total that the document says."""
    if head.lines_total is None:
        return
    added = sum((Decimal(item.total.value) for item in items if item.total), Decimal(0))
    if added != Decimal(head.lines_total.value):
        text = f"the lines add up to {added}, the invoice says {head.lines_total.value}"
        remarks.append(Remark(rule="line-total", text=text, field="invoice.lines_total"))


def _name(item: Fields) -> str | None:
    for name in tables.NAMES:
        for found in item.each(f"{CBC}{name}"):
            if (text := found.own(NOTE)) is not None:
                return text
    return None


def _line_note(line: Fields) -> str | None:
    notes = [text for note in line.each(f"{CBC}Note") if (text := note.own(NOTE))]
    return "\n".join(notes)[:4_000] or None


def _origin(item: Fields) -> str | None:
    for path in tables.ORIGINS:
        holder = item.at(*(f"{CAC}{name}" for name in path[:-1]))
        if holder is not None and (code := holder.maybe(f"{CBC}{path[-1]}", COUNTRY)) is not None:
            return code
    return None


def _hs(item: Fields, remarks: list[Remark], where: str) -> HsCode | None:
    for classification in item.each(f"{CAC}CommodityClassification"):
        code = classification.child(f"{CBC}ItemClassificationCode")
        if code is None or code.element.get("listID") not in tables.HS_LISTS:
            continue
        said = code.own(SHORT)
        if said is not None and HsCode.is_valid(said):
            return HsCode.parse(said)
        if said is not None:
            remarks.append(Remark(rule="hs-code", text=f"{said} is no tariff code", field=f"{where}.hs"))
    return None


def _quantity(line: Fields, name: str, remarks: list[Remark], where: str) -> SignedQuantity | None:
    counted = line.child(f"{CBC}{name}")
    said = counted.own(_PRECISE) if counted is not None else None
    if counted is None or said is None:
        return None
    unit = counted.attribute("unitCode", TOKEN)
    known = unit if unit and re.fullmatch("[A-Z0-9]{2,3}", unit) else f"ubl-unit:{(unit or 'none')[:32]}"
    return SignedQuantity(value=fixed(rounded(said, 5, remarks, f"{where}.quantity"), 5, signed=True), unit=known)


def _unit_price(line: Fields, remarks: list[Remark], where: str) -> Amount | None:
    """The price of one unit: BT-146 for so many units as BT-149 says (PEPPOL-EN16931-R120)."""
    price = line.child(f"{CAC}Price")
    said = price.child(f"{CBC}PriceAmount") if price is not None else None
    text = said.own(_PRECISE) if said is not None else None
    currency = said.attribute("currencyID", _CURRENCY, required=True) if said is not None else None
    if price is None or text is None or currency is None:
        return None
    base = price.maybe(f"{CBC}BaseQuantity", _PRECISE)
    if base is None:
        return amount(rounded(text, 5, remarks, f"{where}.unit_price"), currency)
    if Decimal(base) <= 0:
        price.faults.add(f"{price.where}/BaseQuantity", "is above zero (BT-149, PEPPOL-EN16931-R121)", value=base)
        return None
    if (other := _other_unit(price, line)) is not None:
        sentence = f"the price {text} {currency} is for {base} {other}, not for the unit that is billed; it is not kept"
        remarks.append(Remark(rule="price-base", text=sentence, field=f"{where}.unit_price"))
        return None
    exact = Decimal(text) / Decimal(base)
    if Decimal(base) != 1:
        said_as = f"the price is {text} {currency} for {base}, so {exact.normalize():f} for one"
        remarks.append(Remark(rule="price-base", text=said_as, field=f"{where}.unit_price"))
    return amount(rounded(f"{exact:f}", 5, remarks, f"{where}.unit_price"), currency)


def _other_unit(price: Fields, line: Fields) -> str | None:
    """The unit that the price is for (BT-150), where it is another than the one that is billed (BT-130)."""
    base = price.child(f"{CBC}BaseQuantity")
    billed = (line.child(f"{CBC}{document.quantity}") for document in tables.DOCUMENTS)
    counted = next((holder for holder in billed if holder is not None), None)
    units = [holder.element.get("unitCode") for holder in (base, counted) if holder is not None]
    same = len(units) < 2 or None in units or units[0] == units[1] or PIECES.issuperset(map(str, units))
    return None if same else units[0]
