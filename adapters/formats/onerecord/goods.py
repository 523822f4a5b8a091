"""Goods, packages and weights of a ONE Record shipment, at whichever of its objects they are said."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from adapters.formats.onerecord.values import code_of, object_of, objects_of
from adapters.mapping.logistics import ANY_DECIMAL, NOTE, rounded, weight
from adapters.parsing.forms import whole
from adapters.parsing.json_fields import JsonFields
from chain.errors import Malformed
from chain.records.base import Remark
from chain.records.scalars import Amount, Weight, amount, fixed
from chain.records.sections import GoodsItem
from chain.records.transport import Package

GOODS_MAX: Final = 999
"""Pieces or lines that are looked at."""


def goods_of(shipment: JsonFields | None) -> tuple[GoodsItem, ...]:
    """The goods as the shipment describes them, else as its pieces do."""
    if shipment is None:
        return ()
    described = shipment.maybe("goodsDescription", NOTE)
    texts = (
        [described]
        if described
        else [piece.maybe("goodsDescription", NOTE) for piece in objects_of(shipment, "pieces")]
    )
    names = [text for text in dict.fromkeys(texts) if text]
    return tuple(GoodsItem(ordinal=n, name=name) for n, name in enumerate(names[:GOODS_MAX], 1))


def packages_of(shipment: JsonFields | None, waybill: JsonFields | None) -> Package | None:
    """The count that the shipment says, else that of its pieces, else that of the waybill's lines."""
    said = shipment.decimal("totalPieceCount", whole(8), required=False) if shipment is not None else None
    if said is None and shipment is not None and isinstance(pieces := shipment.value.get("pieces"), list) and pieces:
        return Package(count=len(pieces))
    if said is None and waybill is not None:
        lines = [line.decimal("pieceCountForRate", whole(8), required=False) for line in _lines(waybill)]
        counts = [int(count) for count in lines if count]
        return Package(count=sum(counts)) if counts and len(counts) == len(lines) else None
    return Package(count=int(said)) if said else None


def _lines(waybill: JsonFields) -> list[JsonFields]:
    return objects_of(waybill, "waybillLineItems")[:GOODS_MAX]


def gross_of(shipment: JsonFields | None, waybill: JsonFields | None, remarks: list[Remark]) -> Weight | None:
    """The weight that the shipment says, else the sum of its pieces', else of the waybill's lines'."""
    total = _mass(shipment, "totalGrossWeight") if shipment is not None else None
    if total is not None:
        return total
    for holders, name in (
        (objects_of(shipment, "pieces")[:GOODS_MAX] if shipment is not None else [], "grossWeight"),
        (_lines(waybill) if waybill is not None else [], "grossWeightForRate"),
    ):
        found = [mass for holder in holders if (mass := _mass(holder, name)) is not None]
        if found and len(found) == len(holders) and len({mass.unit for mass in found}) == 1:
            added = sum((Decimal(mass.value) for mass in found), Decimal(0))
            if len(found) > 1:
                text = f"no total is said; {name} of {len(found)} adds up to {added}"
                remarks.append(Remark(rule="added-up", text=text, field="transport.gross"))
            return Weight(value=fixed(f"{added}", 5), unit=found[0].unit)
    return None


def _mass(holder: JsonFields, name: str) -> Weight | None:
    value = object_of(holder, name)
    if value is None:
        return None
    member = "numericalValue" if "numericalValue" in value.value else "value"
    said = value.decimal(member, ANY_DECIMAL, required=True)
    return weight(said, code_of(value, "unit"), value.where, value.faults)


def amount_of(value: JsonFields) -> Amount | None:
    """The amount of a declared value; None where it is absent or wrong, which is noted."""
    said = value.decimal("numericalValue", ANY_DECIMAL, required=False)
    currency = code_of(value, "currencyUnit")
    if said is None or currency is None or not re.fullmatch("[A-Z]{3}", currency):
        return None
    try:
        return amount(rounded(said, 5, value.faults.notes, "declaredValue"), currency, field=value.where)
    except Malformed as fault:
        value.faults.note(fault, value.where)
        return None
