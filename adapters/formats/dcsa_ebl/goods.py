"""Goods and containers of a DCSA transport document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from adapters.mapping.logistics import ABOVE_ZERO, NAME, NOTE, SHORT, TOKEN, box_number, weight
from adapters.mapping.totals import added
from adapters.parsing.forms import whole
from adapters.parsing.json_fields import JsonFields, Number
from chain.identifiers import ContainerNumber, HsCode
from chain.records.base import Remark
from chain.records.scalars import Code, Weight
from chain.records.sections import GoodsItem
from chain.records.transport import Container, Package, Seal

ITEMS_MAX: Final = 999
CARGO_MAX: Final = 1_000
"""Cargo items of one consignment item, one a container as a rule."""
BOXES_MAX: Final = 1_000


def build_items(document: JsonFields, remarks: list[Remark]) -> Iterator[GoodsItem]:
    """One goods item for each consignment item."""
    for ordinal, item in enumerate(document.each("consignmentItems", required=True), 1):
        if ordinal > ITEMS_MAX:
            document.faults.add(f"{document.where}/consignmentItems", f"at most {ITEMS_MAX} items")
            return
        yield _item(item, ordinal, remarks)


def _item(item: JsonFields, ordinal: int, remarks: list[Remark]) -> GoodsItem:
    where = f"goods_items.{ordinal - 1}"
    gross: list[Weight] = []
    net: list[Weight] = []
    packages: list[Package] = []
    for cargo in _cargo(item):
        if (weighed := weighed_in(cargo, "cargoGrossWeight")) is not None:
            gross.append(weighed)
        if (weighed := weighed_in(cargo, "cargoNetWeight")) is not None:
            net.append(weighed)
        packages += _packages(cargo)
    description = "\n".join(texts(item, "descriptionOfGoods"))[:4_000]
    marks = "\n".join(texts(item, "shippingMarks"))[:4_000]
    if marks and packages:
        packages[0] = packages[0].model_copy(update={"marks": marks})
    return GoodsItem(
        ordinal=ordinal,
        hs=_tariff_code(item, remarks, where),
        name=description or None,
        gross=added(gross, remarks, f"{where}.gross"),
        net=added(net, remarks, f"{where}.net"),
        packages=tuple(packages),
    )


def _cargo(item: JsonFields) -> Iterator[JsonFields]:
    for count, cargo in enumerate(item.each("cargoItems"), 1):
        if count > CARGO_MAX:
            item.faults.add(f"{item.where}/cargoItems", f"at most {CARGO_MAX} items")
            return
        yield cargo


def weighed_in(holder: JsonFields, name: str) -> Weight | None:
    """A weight with its unit; None where there is none or a wrong one, which is noted."""
    inner = holder.child(name)
    if inner is None:
        return None
    return weight(inner.decimal("value", ABOVE_ZERO), inner.maybe("unit", TOKEN), inner.where, inner.faults)


def _packages(cargo: JsonFields) -> list[Package]:
    outer = cargo.child("outerPackaging")
    count = outer.decimal("numberOfPackages", whole(9), required=False) if outer is not None else None
    if outer is None or count is None:
        return []
    code = outer.maybe("packageCode", TOKEN)
    name = outer.maybe("description", NAME)
    kind = Code(system="uncefact-rec-21", value=code, name=name) if code else None
    return [Package(count=int(count), kind=kind)]


def _tariff_code(item: JsonFields, remarks: list[Remark], where: str) -> HsCode | None:
    codes = texts(item, "HSCodes")
    for code in codes[1:]:
        remarks.append(Remark(rule="more-hs-codes", text=f"also HS {code[:16]}", field=f"{where}.hs"))
    if not codes:
        return None
    if HsCode.is_valid(codes[0]):
        return HsCode.parse(codes[0])
    remarks.append(Remark(rule="hs-code", text=f"{codes[0][:16]} is no tariff code", field=f"{where}.hs"))
    return None


def texts(holder: JsonFields, name: str) -> list[str]:
    """The texts of a list, or the one text that stands in its place; what is no text is a fault."""
    value = holder.see(name)
    listed = value if isinstance(value, list) else [value] if value is not None else []
    holder.faults.note_read(listed, "")
    found: list[str] = []
    for place, text in enumerate(listed, 1):
        if isinstance(text, str) and not isinstance(text, Number) and NOTE.fits(text.strip()):
            found.append(text.strip())
        elif text != "":
            holder.faults.add(f"{holder.where}/{name}[{place}]", "is a text", value=text)
    return found


def build_containers(document: JsonFields, remarks: list[Remark]) -> Iterator[Container]:
    """One container for each piece of equipment, with the goods that the consignment items put into it."""
    cargo, items = _by_container(document)
    listed: set[str] = set()
    for count, used in enumerate(document.each("utilizedTransportEquipments"), 1):
        if count > BOXES_MAX:
            document.faults.add(f"{document.where}/utilizedTransportEquipments", f"at most {BOXES_MAX} containers")
            return
        equipment = used.child("equipment", required=True)
        said = equipment.text("equipmentReference", TOKEN) if equipment is not None else None
        if equipment is None or said is None:
            continue
        number, known = box_number(said, remarks)
        size = equipment.maybe("ISOEquipmentCode", TOKEN)
        yield Container(
            number=number,
            known=known,
            size_type=Code(system="iso-6346-type", value=size) if size else None,
            tare=weighed_in(equipment, "tareWeight"),
            cargo_gross=added(cargo[number], remarks, f"transport.containers.{count - 1}"),
            seals=tuple(_seals(used)),
            items=tuple(items[number]),
        )
        listed.add(number)
    for number in sorted(set(items) - listed)[:BOXES_MAX]:
        # The goods name a container that the list of equipment leaves out.
        known = ContainerNumber.is_valid(number)
        gross = added(cargo[number], remarks, "transport.containers")
        yield Container(number=number, known=known, cargo_gross=gross, items=tuple(items[number]))


def _seals(used: JsonFields) -> Iterator[Seal]:
    for seal in used.each("seals"):
        number, by = seal.maybe("number", SHORT), seal.maybe("source", TOKEN)
        if number is not None:
            yield Seal(number=number[:35], by=Code(system="dcsa-seal-source", value=by) if by else None)


def _by_container(document: JsonFields) -> tuple[defaultdict[str, list[Weight]], defaultdict[str, list[int]]]:
    """Container number -> weights of the goods in it, and ordinals of the goods items in it."""
    weights: defaultdict[str, list[Weight]] = defaultdict(list)
    ordinals: defaultdict[str, list[int]] = defaultdict(list)
    unremarked: list[Remark] = []
    """A wrong number is remarked on once, where its container is built."""
    for ordinal, item in enumerate(document.each("consignmentItems"), 1):
        for cargo in _cargo(item):
            said = cargo.maybe("equipmentReference", TOKEN)
            if said is None:
                continue
            number, _ = box_number(said, unremarked)
            if (weighed := weighed_in(cargo, "cargoGrossWeight")) is not None:
                weights[number].append(weighed)
            if ordinal not in ordinals[number]:
                ordinals[number].append(ordinal)
    return weights, ordinals
