"""Cargo-IMP FWB: the data of an air waybill as a `logistics.transport_document`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from adapters.formats.cargo_imp import tables
from adapters.formats.cargo_imp.parts import (
    AIR,
    Amounts,
    Reading,
    amounts,
    controls,
    flight,
    party,
    place,
    unread,
    waybill_number,
)
from adapters.mapping.logistics import weight
from adapters.mapping.missing_year import MONTHS
from adapters.message import Entity
from adapters.parsing.cargo_imp import CargoLine, segments
from chain.identifiers import HsCode
from chain.records.base import Reference, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Amount, amount
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Container, Package, Place, Transport

ITEMS_MAX: Final = 999
_ISSUED: Final = re.compile(r"(\d{2})([A-Z]{3})(\d{2}|\d{4})")
_MONEY: Final = re.compile(r"\d{1,12}(?:\.\d{1,5})?")
_CHARGE: Final = re.compile(r"CT(\d{1,12}(?:\.\d{1,5})?)")
_CURRENCY: Final = re.compile("[A-Z]{3}")
Segments = dict[str, list[list[CargoLine]]]
"""Line identifier -> its segments, each line with those that continue it."""
READ: Final = frozenset({"SHP", "CNE", "NFY", "AGT", "CVD", "RTD", "OCI", "RTG", "PPD", "COL"})
"""Segments that are read here line by line; the rest of the message is kept as remarks."""


def read_waybill(lines: Sequence[CargoLine], source: Source, reading: Reading) -> Iterator[Entity]:
    """The one entity of the message."""
    match = tables.AWB.fullmatch(lines[0].text) if lines else None
    if match is None or match[3] is None or match[5] is None:
        where = lines[0].where() if lines else "message"
        value = lines[0].text if lines else None
        reading.faults.add(where, "is a waybill with its quantity, such as 999-12345675PEKFRA/T20K505", value=value)
        return
    groups = group_segments(lines[1:])
    total = amounts(match[5], lines[0], 2, reading)
    number = waybill_number(match[1], match[2], reading)
    currency, head_values = _charges(groups, reading)
    items = tuple(_items(groups.get("RTD", []), reading))
    record = TransportDocument(
        references=(Reference(kind="transport_document", value=number),),
        source=source,
        transport_document=TransportDocumentHead(
            kind="air_waybill", number=number, issued_on=_issued_on(groups, reading)
        ).model_copy(update=head_values),
        parties=tuple(parties(groups, reading)),
        goods_items=items,
        transport=_transport(groups, match[3], match[4], total, number, reading),
    )
    if head_values and not currency:
        reading.note("currency", "amounts are given without their currency (CVD)")
    unread([line for code, parts in groups.items() if code not in READ for part in parts for line in part], reading)
    yield Entity(0, record.with_remarks(*reading.take_remarks()), lookup=record.references)


def group_segments(lines: Sequence[CargoLine]) -> Segments:
    """Segments by their line identifier; lines of a party's block (NAM, ADR, LOC) belong to the party before them."""
    groups: Segments = {}
    owner = ""
    for segment in segments(lines):
        code = segment[0].text[:3]
        if code in tables.PARTY_LINES and owner:
            groups[owner][-1].extend(segment)
            continue
        owner = code if code in tables.PARTY_CODES else ""
        groups.setdefault(code, []).append(segment)
    return groups


def parties(groups: Segments, reading: Reading) -> Iterator[Party]:
    """Shipper, consignee, whom to notify and the agent, with the trader's numbers that OCI gives for them."""
    numbers = controls([line for part in groups.get("OCI", []) for line in part], reading)
    for code, role in tables.PARTY_CODES.items():
        for part in groups.get(code, [])[:1]:
            values_by_name = party(role, part, numbers.get(code, ""), reading)
            if values_by_name is not None:
                yield values_by_name
    for part in groups.get("AGT", [])[:1]:
        texts = [line.fields[1:] for line in part if line.continues]
        account = "/".join(part[0].fields[1:])
        if account:
            reading.note("not-read", f"AGT/{account}")
        if texts:
            yield Party(
                role="agent", name="/".join(texts[0])[:256] or None, address="/".join(texts[1]) if texts[1:] else None
            )


def declared(fields: Sequence[str], line: CargoLine, reading: Reading) -> dict[str, Amount]:
    """Values declared in a line CVD: its last three fields are those for carriage, for customs and of the insurance.

    The value for customs counts before the one for carriage, which then stays a remark.
    """
    currency = fields[0] if fields and _CURRENCY.fullmatch(fields[0]) else ""
    values_by_name: dict[str, Amount] = {}
    values = list(fields[-3:]) if len(fields) >= 5 else []
    for name, text in zip(("carriage", "declared_value", "insurance"), values, strict=False):
        if text in tables.NO_VALUE:
            continue
        if not _MONEY.fullmatch(text) or not currency:
            reading.faults.add(
                line.where(), "has its currency, and amounts or their words for none (NVD, NCV)", value=text
            )
            continue
        values_by_name[name] = amount(text, currency)
    carriage = values_by_name.pop("carriage", None)
    if carriage is not None and "declared_value" in values_by_name:
        reading.note("not-read", f"declared value for carriage {carriage.value} {carriage.currency}")
    elif carriage is not None:
        values_by_name["declared_value"] = carriage
    return values_by_name


def _charges(groups: Segments, reading: Reading) -> tuple[str, dict[str, Amount]]:
    """The waybill's currency; declared values, insurance, and the total of charges prepaid and to be collected."""
    head: dict[str, Amount] = {}
    currency = ""
    for part in groups.get("CVD", [])[:1]:
        fields = part[0].fields[1:]
        currency = fields[0] if fields and _CURRENCY.fullmatch(fields[0]) else ""
        head = declared(fields, part[0], reading)
        reading.note("not-read", f"CVD/{'/'.join(fields)}")
    totals: list[Decimal] = []
    for code in ("PPD", "COL"):
        for part in groups.get(code, []):
            for line in part:
                totals.extend(Decimal(m[1]) for text in line.fields if (m := _CHARGE.fullmatch(text)) is not None)
                reading.note("not-read", f"{code}: {'/'.join(text for text in line.fields if text and text != code)}")
    if totals and currency and any(totals):
        head["charges"] = amount(f"{sum(totals, Decimal(0)):f}", currency)
    return currency, head


def _issued_on(groups: Segments, reading: Reading) -> str | None:
    """The day of issue (ISU), which has its year; with two digits, one of this century."""
    for part in groups.get("ISU", [])[:1]:
        text = part[0].fields[1] if len(part[0].fields) > 1 else ""
        match = _ISSUED.fullmatch(text)
        if match is None or match[2] not in MONTHS:
            reading.faults.add(part[0].where(2), "is a day DDMMMYY, such as 02MAR26", value=text)
            return None
        if len(part[0].fields) > 2 and part[0].fields[2]:
            reading.note("not-read", f"ISU: place {part[0].fields[2]}", "transport_document.issued_on")
        year = match[3] if len(match[3]) == 4 else f"20{match[3]}"
        return f"{year}-{MONTHS[match[2]]:02}-{match[1]}"
    return None


def _transport(
    groups: Segments, origin: str, destination: str, total: Amounts | None, number: str, reading: Reading
) -> Transport:
    flights = [line.fields[1:] for part in groups.get("FLT", []) for line in part]
    transit: list[Place] = []
    for part in groups.get("RTG", [])[:1]:
        stops = [text for line in part for text in line.fields[1:] if text]
        transit = [place(text[:3]) for text in stops if len(text) >= 5 and text[:3] != destination]
        reading.note("routing", f"RTG/{'/'.join(stops)}")
    return Transport(
        mode=AIR,
        bill=number,
        conveyance=flight(flights[0][0]) if flights and flights[0] else None,
        loading=place(origin),
        discharge=place(destination),
        transit=tuple(dict.fromkeys(transit)),
        packages=Package(count=total.pieces) if total else None,
        gross=total.gross if total else None,
        volume=total.volume if total else None,
        containers=tuple(_containers(groups.get("RTD", []))),
    )


def _containers(rates: Sequence[Sequence[CargoLine]]) -> Iterator[Container]:
    """Unit load devices named by goods data identifier U."""
    for part in rates:
        for line in part:
            name, text = _goods_data(line)
            if name == "U" and (match := tables.ULD.fullmatch(text)) is not None:
                yield Container(number=match[1], known=False)


def _goods_data(line: CargoLine) -> tuple[str, str]:
    """Goods data identifier and what it says, of a line `/3/NG/MACHINE PARTS`; the first one has no number."""
    fields = line.fields[1:]
    at = next((count for count, text in enumerate(fields) if len(text) == 2 and text.startswith("N")), None)
    return ("", "") if at is None or at > 1 else (fields[at][1], "/".join(fields[at + 1 :]))


def _items(rates: Sequence[Sequence[CargoLine]], reading: Reading) -> Iterator[GoodsItem]:
    """A goods item for each rate line with pieces; goods described behind it belong to it."""
    rows: list[list[CargoLine]] = []
    for part in rates:
        for line in part:
            if any(re.fullmatch(r"P\d{1,4}", text) for text in line.fields) or not rows:
                rows.append([])
            rows[-1].append(line)
    if len(rows) > ITEMS_MAX:
        reading.faults.add(rates[0][0].where(), f"has at most {ITEMS_MAX} rate lines", value=len(rows))
        return
    for ordinal, row in enumerate(rows, 1):
        yield _item(ordinal, row, reading)


def _item(ordinal: int, row: Sequence[CargoLine], reading: Reading) -> GoodsItem:
    names: list[str] = []
    codes: list[str] = []
    origin = count = mass = ""
    for line in row:
        name, text = _goods_data(line)
        if name in tables.GOODS_NAMES and text:
            names.append(text)
        elif name == "H":
            codes.append(text)
        elif name == "O" and tables.COUNTRY.fullmatch(text):
            origin = text
        elif name and name != "U":
            reading.note("not-read", f"RTD: N{name}/{text}")
        for text in line.fields[1:] if not name else ():
            if re.fullmatch(r"P\d{1,4}", text):
                count = text[1:]
            elif re.fullmatch(r"[KL]\d{1,7}(?:\.\d{1,5})?", text):
                mass = text
            elif text and not text.isdigit():
                reading.note("not-read", f"RTD: {text}")
    valid = [code for code in codes if HsCode.is_valid(code)]
    for code in codes:
        if code not in valid[:1]:
            reading.note("hs-code", f"tariff code {code} of rate line {ordinal} is not kept as its code")
    return GoodsItem(
        ordinal=ordinal,
        hs=HsCode.parse(valid[0]) if valid else None,
        name="\n".join(names)[:4_000] or None,
        gross=weight(mass[1:], mass[0], row[0].where(), reading.faults) if mass else None,
        packages=(Package(count=int(count)),) if count else (),
        origin=origin or None,
    )
