"""Parties, goods and containers of one bill in a platform file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from adapters.formats.port_manifest import tables
from adapters.mapping.logistics import ANY_DECIMAL, box_number, weight
from adapters.mapping.totals import added
from adapters.parsing.forms import Form, whole
from adapters.parsing.numbered_records import NumberedRecord
from adapters.parsing.xml_fields import Faults
from chain.records.base import Remark
from chain.records.scalars import Code, Weight
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Container, Package, Seal

Bill = list[NumberedRecord]
ITEMS_MAX: Final = 999
BOXES_MAX: Final = 1_000
_COUNT: Final = whole(9)


def parties(bill: Bill) -> Iterator[Party]:
    """Shipper, consignee and those to notify."""
    for record in bill:
        role = tables.PARTIES.get(record.number)
        name = record.field(tables.PARTY_NAME)
        if role is None or name in tables.NOTHING:
            continue
        lines = [line for line in record.fields[tables.PARTY_NAME :] if line not in tables.NOTHING]
        code = record.field(2)
        yield Party(
            role=role,
            name=name[:256],
            other_ids=(Code(system="port-party", value=code[:64]),) if code not in tables.NOTHING else (),
            address=", ".join(lines)[:4_000] or None,
        )


def build_items(bill: Bill, faults: Faults) -> Iterator[GoodsItem]:
    """One goods item for each cargo record with what stands behind it; one for the whole bill where there is none."""
    starts = [place for place, record in enumerate(bill) if record.number == tables.CARGO]
    if len(starts) > ITEMS_MAX:
        faults.add(bill[0].where(1), f"has at most {ITEMS_MAX} goods items", value=len(starts))
        return
    for ordinal, (start, end) in enumerate(pairwise([*starts, len(bill)]), 1):
        cargo = bill[start]
        code, name = cargo.field(tables.CARGO_PACKAGE_CODE), cargo.field(tables.CARGO_PACKAGE_NAME)
        kind = Code(system="port-package", value=code[:64], name=name[:256] or None) if code else None
        count = _number(cargo, tables.CARGO_PACKAGES, _COUNT, faults)
        yield _item(ordinal, bill[start:end], _weight(cargo, tables.CARGO_GROSS, faults), count, kind)
    if not starts:
        # Without a cargo record what the containers hold is all that is said of weight and packages.
        boxes = [record for record in bill if record.number == tables.CONTAINER]
        weights = [mass for box in boxes if (mass := _weight(box, tables.BOX_GROSS, faults)) is not None]
        counts = [text for box in boxes if (text := _number(box, tables.BOX_PACKAGES, _COUNT, faults)) is not None]
        gross = added(weights, [], "") if len(weights) == len(boxes) else None
        total = str(sum(map(int, counts))) if counts and len(counts) == len(boxes) else None
        yield _item(1, bill, gross, total, None)


def _item(ordinal: int, records: Bill, gross: Weight | None, count: str | None, kind: Code | None) -> GoodsItem:
    described, marks = _texts(records, tables.GOODS), _texts(records, tables.MARKS)
    packages = Package(count=int(count), kind=kind, marks=marks) if count is not None else None
    return GoodsItem(ordinal=ordinal, name=described, gross=gross, packages=(packages,) if packages else ())


def _texts(records: Bill, number: str) -> str | None:
    """The texts of every record of that number, a line each."""
    lines = [
        text
        for record in records
        if record.number == number
        for text in record.fields[1:]
        if text not in tables.NOTHING
    ]
    return "\n".join(lines)[:4_000] or None


def build_containers(bill: Bill, faults: Faults, remarks: list[Remark]) -> Iterator[Container]:
    """Every container of the bill once, with the goods' weight in it."""
    seen: set[str] = set()
    cargoes = [record.field(tables.CARGO_NUMBER) for record in bill if record.number == tables.CARGO]
    for record in bill:
        if record.number != tables.CONTAINER or record.field(tables.BOX_NUMBER) in tables.NOTHING:
            continue
        number, known = box_number(record.field(tables.BOX_NUMBER)[:20], remarks)
        cargo, packages = record.field(tables.BOX_CARGO), record.field(tables.BOX_PACKAGES)
        if cargo not in tables.NOTHING and cargo not in cargoes:
            text = f"container {number} holds cargo {cargo[:20]}, which the bill does not list"
            remarks.append(Remark(rule="cargo-number", text=text, field="transport.containers"))
        if cargoes and packages not in tables.NOTHING:
            text = f"container {number} holds {packages[:20]} packages of cargo {cargo[:20]}"
            remarks.append(Remark(rule="not-read", text=text, field="transport.containers"))
        if number in seen:
            text = f"container {number} is listed again for cargo {record.field(tables.BOX_CARGO)}"
            remarks.append(Remark(rule="container-again", text=text, field="transport.containers"))
            continue
        seen.add(number)
        if len(seen) > BOXES_MAX:
            faults.add(record.where(tables.BOX_NUMBER), f"at most {BOXES_MAX} containers a bill")
            return
        state, size, seal = (record.field(count) for count in (tables.BOX_STATE, tables.BOX_SIZE, tables.BOX_SEAL))
        laden, shared = tables.STATES.get(state, (None, None))
        if state and laden is None:
            remarks.append(Remark(rule="unknown-code", text=f"state {state[:8]} of container {number} is in no list"))
        yield Container(
            number=number,
            known=known,
            size_type=Code(system="port-container-size", value=size[:64]) if size else None,
            tare=_weight(record, tables.BOX_TARE, faults),
            cargo_gross=_weight(record, tables.BOX_GROSS, faults),
            laden=laden,
            shared=shared,
            seals=(Seal(number=seal[:35]),) if seal not in tables.NOTHING else (),
            items=tuple(ordinal for ordinal, own in enumerate(cargoes, 1) if own == cargo),
        )


def _number(record: NumberedRecord, count: int, form: Form, faults: Faults) -> str | None:
    text = record.field(count)
    text = f"0{text}" if text.startswith(".") else text
    if text in tables.NOTHING:
        return None
    if not form.fits(text):
        faults.add(record.where(count), form.rule, value=text)
        return None
    return text


def _weight(record: NumberedRecord, count: int, faults: Faults) -> Weight | None:
    """Kilograms; None where the field is empty or zero, which writers put for "not said"."""
    text = _number(record, count, ANY_DECIMAL, faults)
    if text is None or not text.strip("0."):
        return None
    return weight(text, "KGM", record.where(count), faults)
