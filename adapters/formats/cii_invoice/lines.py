"""Lines of a Cross Industry Invoice (BG-25), and whether they add up to the total that it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from adapters.formats.cii_invoice import tables
from adapters.formats.cii_invoice.parts import PRECISE, money
from adapters.formats.cii_invoice.tables import RAM
from adapters.mapping.logistics import NAME, NOTE, PIECES, SHORT, TOKEN, rounded
from adapters.mapping.ubl import COUNTRY
from adapters.parsing.xml_fields import Fields
from chain.identifiers import HsCode
from chain.records.base import Remark
from chain.records.scalars import Amount, SignedQuantity, amount, fixed
from chain.records.sections import InvoiceLine
from chain.records.tax import InvoiceHead

_UNIT: Final = re.compile("[A-Z0-9]{2,3}")


def build_line(line: Fields, ordinal: int, currency: str | None, remarks: list[Remark]) -> InvoiceLine:
    """One line; its amounts are in the invoice's currency, which the line does not repeat."""
    where = f"goods_items.{ordinal - 1}"
    product = line.child(f"{RAM}SpecifiedTradeProduct", required=True)
    sums = line.at(f"{RAM}SpecifiedLineTradeSettlement", f"{RAM}SpecifiedTradeSettlementLineMonetarySummation")
    if sums is None:
        line.faults.add(f"{line.where}/SpecifiedLineTradeSettlement", "must say its LineTotalAmount (BT-131)")
    return InvoiceLine(
        ordinal=ordinal,
        hs=_tariff_code(product, remarks, where) if product is not None else None,
        name=_name(product) if product is not None else None,
        number=product.maybe(f"{RAM}SellerAssignedID", NAME) if product is not None else None,
        barcode=product.maybe(f"{RAM}GlobalID", NAME) if product is not None else None,
        quantity=_quantity(line, remarks, where),
        unit_price=_unit_price(line, currency, remarks, where),
        total=money(sums, "LineTotalAmount", currency, required=True) if sums is not None else None,
        origin=_origin(product) if product is not None else None,
        note=_note(line),
    )


def check_lines(head: InvoiceHead, items: Sequence[InvoiceLine], remarks: list[Remark]) -> None:
    """Remarks where the lines do not add up to the total that the invoice says (BT-106)."""
    if head.lines_total is None:
        return
    added = sum((Decimal(item.total.value) for item in items if item.total), Decimal(0))
    if added != Decimal(head.lines_total.value):
        text = f"the lines add up to {added}, the invoice says {head.lines_total.value}"
        remarks.append(Remark(rule="line-total", text=text, field="invoice.lines_total"))


def _name(product: Fields) -> str | None:
    return product.maybe(f"{RAM}Name", NOTE) or product.maybe(f"{RAM}Description", NOTE)


def _note(line: Fields) -> str | None:
    document = line.child(f"{RAM}AssociatedDocumentLineDocument")
    if document is None:
        return None
    texts = [text for note in document.each(f"{RAM}IncludedNote") if (text := note.maybe(f"{RAM}Content", NOTE))]
    return "\n".join(texts)[:4_000] or None


def _origin(product: Fields) -> str | None:
    country = product.child(f"{RAM}OriginTradeCountry")
    return country.maybe(f"{RAM}ID", COUNTRY) if country is not None else None


def _tariff_code(product: Fields, remarks: list[Remark], where: str) -> HsCode | None:
    for classification in product.each(f"{RAM}DesignatedProductClassification"):
        code = classification.child(f"{RAM}ClassCode")
        if code is None or code.element.get("listID") not in tables.HS_LISTS:
            continue
        text = code.own(SHORT)
        if text is not None and HsCode.is_valid(text):
            return HsCode.parse(text)
        if text is not None:
            remarks.append(Remark(rule="hs-code", text=f"{text} is no tariff code", field=f"{where}.hs"))
    return None


def _quantity(line: Fields, remarks: list[Remark], where: str) -> SignedQuantity | None:
    """BT-129 with the unit of BT-130."""
    billed = line.at(f"{RAM}SpecifiedLineTradeDelivery", f"{RAM}BilledQuantity")
    text = billed.own(PRECISE) if billed is not None else None
    if billed is None or text is None:
        return None
    unit = billed.attribute("unitCode", TOKEN) or "none"
    known = unit if _UNIT.fullmatch(unit) else f"cii-unit:{unit[:32]}"
    return SignedQuantity(value=fixed(rounded(text, 5, remarks, f"{where}.quantity"), 5, signed=True), unit=known)


def _unit_price(line: Fields, currency: str | None, remarks: list[Remark], where: str) -> Amount | None:
    """The net price of one unit: BT-146 for so many units as BT-149 says."""
    price = line.at(f"{RAM}SpecifiedLineTradeAgreement", f"{RAM}NetPriceProductTradePrice")
    text = price.maybe(f"{RAM}ChargeAmount", PRECISE) if price is not None else None
    if price is None or text is None or currency is None:
        return None
    base = price.maybe(f"{RAM}BasisQuantity", PRECISE)
    if base is None:
        return amount(rounded(text, 5, remarks, f"{where}.unit_price"), currency)
    if Decimal(base) <= 0:
        price.faults.add(f"{price.where}/BasisQuantity", "is above zero (BT-149, PEPPOL-EN16931-R121)", value=base)
        return None
    if (other := _other_unit(price, line)) is not None:
        sentence = f"the price {text} {currency} is for {base} {other}, not for the unit that is billed; it is not kept"
        remarks.append(Remark(rule="price-base", text=sentence, field=f"{where}.unit_price"))
        return None
    exact = Decimal(text) / Decimal(base)
    if Decimal(base) != 1:
        explained = f"the price is {text} {currency} for {base}, so {exact.normalize():f} for one"
        remarks.append(Remark(rule="price-base", text=explained, field=f"{where}.unit_price"))
    return amount(rounded(f"{exact:f}", 5, remarks, f"{where}.unit_price"), currency)


def _other_unit(price: Fields, line: Fields) -> str | None:
    """The unit that the price is for (BT-150), where it is another than the one that is billed (BT-130)."""
    base = price.child(f"{RAM}BasisQuantity")
    billed = line.at(f"{RAM}SpecifiedLineTradeDelivery", f"{RAM}BilledQuantity")
    units = [holder.element.get("unitCode") for holder in (base, billed) if holder is not None]
    same = len(units) < 2 or None in units or units[0] == units[1] or PIECES.issuperset(map(str, units))
    return None if same else units[0]
