"""Cargo-IMP FFM: what a flight carries, a `logistics.transport_document` for each waybill and place of unloading.

A waybill that stands in several unit load devices of one place of unloading is one record: pieces, weights and volumes
are added. Parts of a consignment (S, P, D) are what this flight carries, not the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from adapters.formats.cargo_imp import tables
from adapters.formats.cargo_imp.parts import (
    AIR,
    Amounts,
    Reading,
    amounts,
    controls,
    day_of,
    flight,
    place,
    ulds,
    unread,
    waybill_number,
)
from adapters.mapping.totals import added
from adapters.message import Entity
from adapters.parsing.cargo_imp import CargoLine, segments
from chain.records.base import Reference, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Quantity, fixed
from chain.records.sections import GoodsItem
from chain.records.transport import Container, Conveyance, Package, Transport

WAYBILLS_MAX: Final = 5_000
_HEAD: Final = re.compile(r"(\d{1,2})/([A-Z0-9]{2}[A-Z]?\d{1,4}[A-Z]?)/(\d{2}[A-Z]{3})(\d{4})?/([A-Z]{3})(?:/(.*))?")
_UNLOADING: Final = re.compile(r"([A-Z]{3})(?:/(NIL))?(?:/.*)?")
_EXTRAS: Final = frozenset({"DIM", "OSI", "COR", "OCI", "SCI"})
_LAST: Final = frozenset({"LAST", "CONT"})


@dataclass
class Loaded:
    """A waybill at a place of unloading: its lines, and the unit load devices that it is in."""

    number: tuple[str, str]
    unloading: str
    lines: list[list[CargoLine]] = field(default_factory=list)
    extras: list[CargoLine] = field(default_factory=list)
    devices: list[CargoLine] = field(default_factory=list)


def read_manifest(lines: Sequence[CargoLine], source: Source, reading: Reading) -> Iterator[Entity]:
    """An entity for each waybill at each place of unloading; a nil manifest has one without a record."""
    head = _HEAD.fullmatch(lines[0].text) if lines else None
    if head is None:
        where, value = (lines[0].where(), lines[0].text) if lines else ("message", None)
        reading.faults.add(where, "is the flight, such as 1/CA1041/02MAR/PEK", value=value)
        return
    loaded = _loaded(lines[1:], reading)
    if len(loaded) > WAYBILLS_MAX:
        reading.faults.add("message", f"holds at most {WAYBILLS_MAX} waybills", value=len(loaded))
        return
    for ordinal, waybill in enumerate(loaded):
        yield _entity(waybill, head, lines[0], source.model_copy(update={"ordinal": ordinal}), reading)
    if not loaded and not reading.faults.found:
        yield Entity(0, None, note="nothing is loaded on the flight (NIL)")


def _loaded(lines: Sequence[CargoLine], reading: Reading) -> list[Loaded]:
    waybills: dict[tuple[str, str, str], Loaded] = {}
    unloading, current, device = "", None, None
    pending: list[CargoLine] = []  # said before a waybill, so kept with the next one
    for segment in segments(lines):
        first = segment[0]
        number = tables.AWB.fullmatch(first.text)
        if number is not None:
            key = (unloading, number[1], number[2])
            current = waybills.setdefault(key, Loaded((number[1], number[2]), unloading))
            current.lines.append(segment)
            current.extras.extend(pending)
            pending = []
            if device is not None and device not in current.devices:
                current.devices.append(device)
            if not unloading:
                reading.faults.add(first.where(), "stands behind a place of unloading", value=first.text)
                return []
        elif first.text.startswith("ULD/"):
            current, device = None, first
            pending.extend(segment[1:])
        elif first.text[:3] in _EXTRAS:
            (pending if current is None else current.extras).extend(segment)
        elif first.text in _LAST:
            break
        elif (point := _UNLOADING.fullmatch(first.text)) is not None:
            unloading, current, device = point[1], None, None
            pending.extend(line for line in segment if len(line.text) > 3)
        else:
            reading.faults.add(first.where(), "is a place of unloading, a ULD or a waybill", value=first.text)
            return []
    return list(waybills.values())


def _entity(waybill: Loaded, head: re.Match[str], line: CargoLine, source: Source, reading: Reading) -> Entity:
    number = waybill_number(*waybill.number, reading)
    details = [_detail(segment, reading) for segment in waybill.lines]
    parts = [part for part, _ in details if part is not None]
    day = day_of(head[3], line, reading, "transport.departed_on")
    if day is None:
        reading.note("not-read", f"day of departure {head[3]} without a year")
    if head[4]:
        reading.note("not-read", f"time of departure {head[4]}")
    containers = {c.number: c for device in waybill.devices for c in ulds(device, reading)}
    route = tables.AWB.fullmatch(waybill.lines[0][0].text)
    names = dict.fromkeys(name for _, name in details if name)
    record = TransportDocument(
        references=(Reference(kind="transport_document", value=number),),
        source=source.model_copy(update={"message_id": number}),
        transport_document=TransportDocumentHead(kind="manifest", number=number, part=int(head[1]) or None),
        goods_items=(GoodsItem(ordinal=1, name="\n".join(names)[:4_000]),) if names else (),
        transport=_transport(head, waybill.unloading, parts, tuple(containers.values())).model_copy(
            update={
                "bill": number,
                "departure": place(route[3]) if route and route[3] else None,
                "destination": place(route[4]) if route and route[4] else None,
                "departed_on": day.isoformat() if day else None,
            }
        ),
    )
    information = [extra for segment in segments(waybill.extras) if segment[0].text[:3] == "OCI" for extra in segment]
    controls(information, reading)
    unread([extra for extra in waybill.extras if extra not in information], reading)
    return Entity(source.ordinal, record.with_remarks(*reading.take_remarks()), lookup=record.references)


def _detail(segment: Sequence[CargoLine], reading: Reading) -> tuple[Amounts | None, str]:
    """Quantity and description of a consignment's line; handling codes and onward flights stay remarks."""
    first = segment[0]
    fields = first.fields
    part = amounts(fields[1], first, 2, reading) if len(fields) > 1 else None
    if len(fields) < 2:
        reading.faults.add(first.where(), "has its quantity, such as /T20K505", value=first.text)
    if part is not None and part.total is not None:
        reading.note("part", f"{part.pieces} of the consignment's {part.total} pieces ({part.code})")
    elif part is not None and part.is_part:
        reading.note("part", f"{part.pieces} pieces are a part of the consignment ({part.code})")
    for line in segment[1:]:
        reading.note("not-read", line.text)
    return part, "/".join(fields[2:])


def _volume(parts: Sequence[Amounts]) -> Quantity | None:
    """The volumes' sum; None where a part has none or units differ."""
    volumes = [part.volume for part in parts if part.volume is not None]
    if not volumes or len(volumes) < len(parts) or len({volume.unit for volume in volumes}) > 1:
        return None
    total = sum((Decimal(volume.value) for volume in volumes), Decimal(0))
    return Quantity(value=fixed(f"{total:f}", 5), unit=volumes[0].unit)


def _transport(
    head: re.Match[str], unloading: str, parts: Sequence[Amounts], containers: tuple[Container, ...]
) -> Transport:
    weights = [part.gross for part in parts if part.gross is not None]
    ship = flight(head[2]) or Conveyance(mode=AIR)
    registration = (head[6] or "").split("/")[0]
    return Transport(
        mode=AIR,
        conveyance=ship.model_copy(update={"name": registration or None}),
        loading=place(head[5]),
        discharge=place(unloading),
        packages=Package(count=sum(part.pieces for part in parts)) if parts else None,
        gross=added(weights, [], "") if len(weights) == len(parts) and weights else None,
        volume=_volume(parts),
        containers=containers,
    )
