"""Cargo-IMP FSU and FSA: what happened to a shipment by air, each status a `logistics.event`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from adapters.formats.cargo_imp import tables
from adapters.formats.cargo_imp.parts import (
    AIR,
    Amounts,
    Reading,
    airline,
    amounts,
    controls,
    flight,
    moment,
    place,
    ulds,
    unread,
    waybill_number,
)
from adapters.message import Entity
from adapters.parsing.cargo_imp import CargoLine, segments
from chain.records.base import Reference, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Instant
from chain.records.sections import Party
from chain.records.transport import Event, Package, Transport

STATUSES_MAX = 1_000
Values = dict[tables.Field, list[str]]


@dataclass
class Status:
    """A status line with its continuations, the consignment it is about, and the lines that belong to it."""

    consignment: CargoLine
    lines: list[CargoLine]
    extras: list[CargoLine] = field(default_factory=list)


def read_statuses(lines: Sequence[CargoLine], source: Source, reading: Reading) -> Iterator[Entity]:
    """An entity for each status; one without a record where the message holds none (no record found)."""
    statuses, loose = _statuses(lines, reading)
    if len(statuses) > STATUSES_MAX:
        reading.faults.add("message", f"holds at most {STATUSES_MAX} statuses", value=len(statuses))
        return
    for ordinal, status in enumerate(statuses):
        own = source.model_copy(update={"ordinal": ordinal})
        yield _entity(status, loose.get(status.consignment.place, []), own, reading)
    if not statuses and not reading.faults.found:
        texts = "; ".join(line.text for match in loose.values() for line in match)[:300]
        yield Entity(0, None, note=f"no status: {texts}" if texts else "no status")


def _statuses(lines: Sequence[CargoLine], reading: Reading) -> tuple[list[Status], dict[int, list[CargoLine]]]:
    """The statuses, and by the place of each consignment's line what is said of it before any status."""
    statuses: list[Status] = []
    loose: dict[int, list[CargoLine]] = {}
    consignment: CargoLine | None = None
    current: Status | None = None
    for segment in segments(lines):
        first = segment[0]
        if tables.AWB.fullmatch(first.text):
            consignment, current = first, None
            loose[first.place] = segment[1:]
        elif consignment is None:
            reading.faults.add(first.where(), "is a waybill, such as 999-12345675PEKFRA/T20", value=first.text)
            return [], {}
        elif first.text[:3] in tables.EXTRAS:
            (current.extras if current is not None else loose[consignment.place]).extend(segment)
        else:
            current = Status(consignment, segment)
            statuses.append(current)
    if consignment is None and not lines:
        reading.faults.add("message", "names a waybill in its second line", fix="The message was cut off")
    return statuses, loose


def _entity(status: Status, loose: Sequence[CargoLine], source: Source, reading: Reading) -> Entity:
    line = status.lines[0]
    code = line.text[:3]
    texts = [*line.fields[1:], *(text for more in status.lines[1:] for text in more.fields[1:])]
    values, rest = _match(code, texts)
    if values is None:
        reading.faults.add(
            line.where(), f"is a status {code} laid out as the manual has it", value=line.text, fix=_layout_of(code)
        )
        return Entity(source.ordinal, None, note="not read")
    number, total = _consignment(status.consignment, reading)
    part = amounts(values["quantity"][0], line, 0, reading) if values.get("quantity") else None
    happened = _happened(code, values, line, reading)
    if happened is None:
        reading.take_remarks()
        return Entity(source.ordinal, None, note=f"{code} names no day: not recorded")
    for text in rest:
        reading.note("not-read", f"{code}: {text}")
    containers = tuple(c for extra in status.extras if extra.text[:3] == "ULD" for c in ulds(extra, reading))
    extras = _extras([*loose, *status.extras], reading)
    record = LogisticsEvent(
        references=(Reference(kind="transport_document", value=number),),
        source=source,
        event=_event(code, values, number, part, happened, reading),
        parties=tuple(_parties(code, values)),
        transport=_transport(status.consignment, number, total).model_copy(update={"containers": containers}),
    )
    unread(extras, reading)
    return Entity(source.ordinal, record.with_remarks(*reading.take_remarks()), lookup=record.references)


def _match(code: str, texts: Sequence[str]) -> tuple[Values | None, list[str]]:
    layouts = (tables.STATUSES[code],) if code in tables.STATUSES else tables.SHAPES
    for layout in layouts:
        values, rest = _match_layout(layout, texts)
        if values is not None:
            return values, rest
    return None, []


def _match_layout(layout: tables.Layout, texts: Sequence[str]) -> tuple[Values | None, list[str]]:
    """The fields' texts in the layout's order, and what stands behind them; None where one that must be is missing."""
    values: Values = {}
    at = 0
    for name, required in layout:
        text = texts[at] if at < len(texts) else None
        if text is not None and tables.PATTERNS[name].fullmatch(text):
            values.setdefault(name, []).append(text)
            at += 1
        elif required:
            return None, []
        elif text == "":
            at += 1
    return values, [text for text in texts[at:] if text]


def _layout_of(code: str) -> str:
    layout = tables.STATUSES.get(code)
    if layout is None:
        return f"{code} is in no edition that we know"
    return f"{code}/" + "/".join(name if required else f"[{name}]" for name, required in layout)


def _consignment(line: CargoLine, reading: Reading) -> tuple[str, Amounts | None]:
    match = tables.AWB.fullmatch(line.text)
    prefix, serial, _, _, quantity = match.groups() if match else ("", "", None, None, None)
    return waybill_number(prefix, serial, reading), amounts(quantity, line, 2, reading) if quantity else None


def _happened(code: str, values: Values, line: CargoLine, reading: Reading) -> Instant | None:
    """When it happened: at the airport of the status, or when the flight is to depart."""
    if not values.get("day"):
        return None
    text = values["day"][0]
    match = tables.DAY.fullmatch(text)
    clock, change = (match[3] or "", match[4] or "") if match else ("", "")
    where = values["airport"][0] if values.get("airport") else values["airports"][0][:3]
    departs = tables.CLOCK.fullmatch(values["departs"][0]) if values.get("departs") else None
    if not values.get("airport") and departs is not None:
        clock, change = departs[2], departs[3] or ""
    if code in tables.PLANNED:
        reading.note("time-of-the-flight", "the time is the departure of the flight", "event.happened")
    return moment(text, clock, change, where, line, reading)


def _event(code: str, values: Values, number: str, part: Amounts | None, happened: Instant, reading: Reading) -> Event:
    known = code in tables.STATUSES or code in tables.LATER_STATUSES
    if not known:
        reading.note("unknown-code", f"status {code} is in no list", "event.code")
    discrepancy = values["discrepancy"][0] if values.get("discrepancy") else ""
    if discrepancy and discrepancy not in tables.DISCREPANCIES:
        reading.note("unknown-code", f"discrepancy {discrepancy} is in no list", "event.code")
    departs = tables.CLOCK.fullmatch(values["departs"][0]) if values.get("departs") else None
    is_leaving = bool(values.get("airports")) and not values.get("airport")
    kind, word = tables.CLOCKS[departs[1]] if departs and is_leaving else ("ACT", "")
    if code in tables.PLANNED:
        kind = "PLN"
    elif is_leaving and departs is None:
        kind = "EST"
    for name in ("departs", "arrives"):
        for text in values.get(name, []):
            if not (name == "departs" and is_leaving):
                reading.note("not-read", f"{code}: {name} {text}")
    airports = values["airports"][0] if values.get("airports") else ""
    return Event(
        code=Code(
            system="iata-cargo-status",
            value=f"{code}_{discrepancy}" if discrepancy else code,
            known=known and (not discrepancy or discrepancy in tables.DISCREPANCIES),
        ),
        classifier=kind,
        time_type=Code(system="iata-event-time-type", value=word) if word else None,
        happened=happened,
        place=place(values["airport"][0] if values.get("airport") else airports[:3]),
        pieces=part.pieces if part else None,
        gross=part.gross if part else None,
        part=part.is_part if part else None,
        conveyance=flight(values["flight"][0]) if values.get("flight") else None,
        bill=number,
        reason=f"to {airports[3:]}" if airports else None,
    )


def _parties(code: str, values: Values) -> Iterator[Party]:
    """Airlines that hand over or take, and who brought or fetched the goods."""
    for carrier in values.get("carrier", []):
        yield Party(role="carrier", other_ids=(airline(carrier),))
    for name in values.get("name", []):
        yield Party(role="other", name=name)


def _transport(line: CargoLine, number: str, total: Amounts | None) -> Transport:
    match = tables.AWB.fullmatch(line.text)
    origin, destination = (match[3], match[4]) if match else (None, None)
    pieces = total.total if total and total.total is not None else total.pieces if total else None
    return Transport(
        mode=AIR,
        bill=number,
        departure=place(origin) if origin else None,
        destination=place(destination) if destination else None,
        packages=Package(count=pieces) if pieces is not None else None,
        gross=total.gross if total and not total.is_part else None,
        volume=total.volume if total and not total.is_part else None,
    )


def _extras(lines: Sequence[CargoLine], reading: Reading) -> list[CargoLine]:
    """Notes what customs and security say; gives the other lines that are no ULD."""
    others: list[CargoLine] = []
    information: list[CargoLine] = []
    for segment in segments(lines):
        if segment[0].text[:3] == "OCI":
            information.extend(segment)
        elif segment[0].text[:3] != "ULD":
            others.extend(segment)
    controls(information, reading)
    return others
