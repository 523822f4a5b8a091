"""Cargo-IMP FHL: the house waybills under a master, each a `logistics.transport_document`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from adapters.formats.cargo_imp import tables
from adapters.formats.cargo_imp.parts import AIR, Reading, place, unread, waybill_number
from adapters.formats.cargo_imp.waybill import Segments, declared, group_segments, parties
from adapters.mapping.logistics import weight
from adapters.message import Entity
from adapters.parsing.cargo_imp import CargoLine, segments
from chain.identifiers import HsCode
from chain.records.base import Reference, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Amount
from chain.records.sections import GoodsItem
from chain.records.transport import Package, Transport

HOUSES_MAX: Final = 1_000
_NUMBER: Final = re.compile(r"[A-Z0-9-]{1,35}")
"""The manual has 12 characters; forwarders write longer ones."""
_PIECES: Final = re.compile(r"\d{1,4}")
_MASS: Final = re.compile(r"([KL])(\d{1,7}(?:\.\d{1,5})?)")
READ: Final = frozenset({"HBS", "TXT", "HTS", "OCI", "SHP", "CNE", "NFY", "CVD"})


def read_houses(lines: Sequence[CargoLine], source: Source, reading: Reading) -> Iterator[Entity]:
    """An entity for each house waybill (HBS) with what stands behind it."""
    match = tables.AWB.fullmatch(lines[0].text.removeprefix("MBI/")) if lines else None
    if match is None or not lines[0].text.startswith("MBI/"):
        where, value = (lines[0].where(), lines[0].text) if lines else ("message", None)
        reading.faults.add(where, "is the master waybill, such as MBI/999-12345675PEKFRA/T20K505", value=value)
        return
    blocks = list(_blocks(lines[1:], reading))
    said_of_master = f"MBI: {lines[0].text.removeprefix('MBI/')}"
    if len(blocks) > HOUSES_MAX:
        reading.faults.add("message", f"holds at most {HOUSES_MAX} house waybills", value=len(blocks))
        return
    if not blocks:
        reading.faults.add("message", "names a house waybill (HBS)", fix="Add its HBS line")
    for ordinal, block in enumerate(blocks):
        master = waybill_number(match[1], match[2], reading)
        own = source.model_copy(update={"ordinal": ordinal})
        reading.note("master", said_of_master, "transport_document.master")
        yield _entity(block, master, own, reading)


def _blocks(lines: Sequence[CargoLine], reading: Reading) -> Iterator[list[CargoLine]]:
    block: list[CargoLine] = []
    for segment in segments(lines):
        if segment[0].text.startswith("HBS/"):
            if block:
                yield block
            block = []
        elif not block:
            reading.faults.add(segment[0].where(), "is a house waybill (HBS)", value=segment[0].text)
            return
        block.extend(segment)
    if block:
        yield block


def _entity(block: Sequence[CargoLine], master: str, source: Source, reading: Reading) -> Entity:
    line = block[0]
    fields = [*line.fields[1:], *[""] * 6][:6]
    number, airports, pieces, mass, loaded, described = fields
    route, weighed = tables.AIRPORTS.fullmatch(airports), _MASS.fullmatch(mass)
    for count, (text, fits, rule) in enumerate(
        (
            (number, _NUMBER.fullmatch(number), "is a house waybill number of 1 to 35 letters, digits and hyphens"),
            (airports, route, "is two airports, such as PEKFRA"),
            (pieces, _PIECES.fullmatch(pieces), "is a number of pieces of 1 to 4 digits"),
            (mass, weighed, "is a weight, such as K505.5"),
        ),
        2,
    ):
        if not fits:
            reading.faults.add(line.where(count), rule, value=text)
    if route is None or weighed is None or reading.faults.found:
        return Entity(source.ordinal, None, note="not read")
    groups = group_segments(block[1:])
    head: dict[str, Amount] = {}
    for part in groups.get("CVD", [])[:1]:
        head = declared(part[0].fields[1:], part[0], reading)
        reading.note("not-read", part[0].text)
    if loaded:
        reading.note("not-read", f"pieces by shipper's load and count: {loaded}")
    gross = weight(weighed[2], weighed[1], line.where(5), reading.faults)
    packages = Package(count=int(pieces))
    record = TransportDocument(
        references=(
            # Not the house number alone: each forwarder counts its own.
            Reference(kind="transport_document", value=f"{master}_{number}"),
            Reference(kind="master_bill", value=master),
        ),
        source=source.model_copy(update={"message_id": number}),
        transport_document=TransportDocumentHead(kind="house_air_waybill", number=number, master=master).model_copy(
            update=head
        ),
        parties=tuple(parties(groups, reading)),
        goods_items=tuple(_items(groups, described, reading)),
        transport=Transport(
            mode=AIR,
            bill=f"{master}_{number}",
            master_bill=master,
            loading=place(route[1]),
            discharge=place(route[2]),
            packages=packages,
            gross=gross,
        ),
    )
    unread([more for code, parts in groups.items() if code not in READ for part in parts for more in part], reading)
    return Entity(source.ordinal, record.with_remarks(*reading.take_remarks()), lookup=record.references[:1])


def _items(groups: Segments, described: str, reading: Reading) -> Iterator[GoodsItem]:
    """The goods of the house: one item with the description; further tariff codes are items of their own."""
    texts = ["/".join(line.fields[1:]) for part in groups.get("TXT", []) for line in part]
    codes = [text for part in groups.get("HTS", []) for line in part for text in line.fields[1:] if text]
    valid = [code for code in dict.fromkeys(codes) if HsCode.is_valid(code)]
    for code in codes:
        if code not in valid:
            reading.note("hs-code", f"{code} is no tariff code")
    texts = [text for text in texts if text]
    if described and not (texts and texts[0].startswith(described)):
        texts.insert(0, described)  # some writers begin the description in HBS and go on in TXT, others repeat it
    name = "\n".join(texts)
    yield GoodsItem(ordinal=1, name=name[:4_000] or None, hs=HsCode.parse(valid[0]) if valid else None)
    for ordinal, code in enumerate(valid[1:], 2):
        yield GoodsItem(ordinal=ordinal, hs=HsCode.parse(code))
