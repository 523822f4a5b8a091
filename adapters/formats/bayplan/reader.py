"""EDIFACT BAPLIE: each container that a bayplan has on board is a `logistics.event` of the plan's own code.

A plan is no loading report: it says where containers stand when the ship leaves, as planned or as it was. The
classifier follows the ship's departure: actual, estimated, scheduled, or unknown where only its own writing is dated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from adapters.formats.bayplan import tables
from adapters.formats.dcsa_tnt.reader import BOOKING_SCOPE
from adapters.mapping.edifact import (
    container_of,
    function_of,
    function_remark,
    means_of,
    moment_of,
    place_of,
)
from adapters.mapping.edifact_messages import MessageSource, names_message, read_interchange, with_remarks
from adapters.message import Entity, ReadMessage
from adapters.parsing.edifact import EdifactMessage, Segment
from adapters.parsing.edifact_groups import SegmentGroup, grouped, limited, unread_segments
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Function, Instant
from chain.records.transport import Conveyance, Event, Place, Transport

KIND: Final = "BAPLIE"
CONTAINERS_MAX: Final = 25_000
"""The largest ship carries 24,346 containers of 20 feet."""
CELL_SEGMENTS_MAX: Final = 500
HEAD_MAX: Final = 200


@dataclass
class Cell:
    """A cell, what is said of it before its equipment, and each piece of equipment with what stands behind it."""

    location: Segment
    shared: list[Segment] = field(default_factory=list)
    equipment: list[list[Segment]] = field(default_factory=list)


class BayplanReader:
    """BAPLIE."""

    kind = "EDIFACT-BAPLIE"

    def recognises(self, message: bytes) -> bool:
        """Whether the first message header names it."""
        return names_message(message, KIND)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return read_interchange(message, KIND, _read, "has at least one container on board (LOC 147, EQD)")


READERS = (BayplanReader(),)


def _read(message: EdifactMessage, source: MessageSource, faults: Faults) -> Iterator[Entity]:
    starts = [at for at, s in enumerate(message.segments) if s.tag == "LOC" and s.qualifier == tables.CELL]
    first = starts[0] if starts else len(message.segments)
    root = grouped(message.segments[:first], tables.HEAD)
    begin = root.first("BGM")
    function = function_of(begin, f"UNH {message.reference}", faults)
    if begin is None or function is None:
        return
    head = limited(root.all_segments(), HEAD_MAX, "before the first cell")
    plan = _Plan(root, begin, function, faults)
    entities: list[Entity] = []
    for start, end in zip(starts, [*starts[1:], len(message.segments)], strict=True):
        for entity in plan.entities(_cell(message.segments[start:end]), source, len(entities)):
            if len(entities) >= CONTAINERS_MAX:
                raise MalformedMessage("EQD", f"at most {CONTAINERS_MAX} containers")
            entities.append(entity)
    yield from with_remarks(entities, (*plan.remarks, *unread_segments(head, root.read, tables.IGNORED)))


def _cell(segments: Sequence[Segment]) -> Cell:
    limited(segments, CELL_SEGMENTS_MAX, "a cell")
    cell = Cell(segments[0])
    for segment in segments[1:]:
        if segment.tag == "EQD":
            cell.equipment.append([segment])
        elif cell.equipment:
            cell.equipment[-1].append(segment)
        else:
            cell.shared.append(segment)
    return cell


class _Plan:
    """One message while it is read."""

    def __init__(self, root: SegmentGroup, begin: Segment, function: Function, faults: Faults) -> None:
        self.root = root
        self.begin = begin
        self.function = function
        self.faults = faults
        self.remarks: list[Remark] = [*function_remark(begin, "event.function")]
        self.leg = next(root.each("leg"), None)
        self.ship: Conveyance | None = None
        self.port: Place | None = None
        if self.leg is not None:
            self.ship = means_of(self.leg.first("TDT"), self.remarks)
            self.port = place_of(self.leg.first("LOC", tables.DEPARTURE), self.remarks)
        self.happened, self.classifier = self._time()
        named = self._value("reference", tables.PREVIOUS)
        voyage = self.ship.voyage if self.ship is not None else None
        own = begin.get(1) or ":".join(filter(None, (voyage, self.port.unlocode if self.port is not None else None)))
        self.number = own or "bayplan"
        self.previous = named or self.number

    def entities(self, cell: Cell, source: MessageSource, count: int) -> Iterator[Entity]:
        """The events of the containers in the cell; a cell without one has none."""
        # What stands before the only container of a cell is said of it; of several, nobody knows of which.
        for segments in cell.equipment:
            own = [segments[0], *(cell.shared if len(cell.equipment) == 1 else []), *segments[1:]]
            group = SegmentGroup(tables.BOX, set(), own)
            yield self._entity(group, cell, source.at(count))
            count += 1

    def _entity(self, group: SegmentGroup, cell: Cell, source: Source) -> Entity:
        remarks: list[Remark] = []
        box = container_of(group, remarks, self.faults)
        if self.happened is None:
            return Entity(source.ordinal, None, note="not read")
        if box is None:
            return Entity(source.ordinal, None, note="a container without its number: not recorded")
        references = tuple(_references(group, remarks))
        boxed = Reference(kind="container", value=box.number, on=self.happened.utc[:10])
        own_id = f"{self.number}:{box.number}"[:256]
        system, value, name = tables.CODE
        event = Event(
            id=own_id,
            code=Code(system=system, value=value, name=name),
            function=self.function,
            classifier=self.classifier,
            happened=self.happened,
            place=self._cell_place(cell),
            container=box,
            gross=box.gross,
            conveyance=self.ship,
            bill=next((known.value[:64] for known in references if known.kind == "transport_document"), None),
            retracts=own_id if self.function == "delete" else None,
        )
        record = LogisticsEvent(
            references=(*references, boxed, Reference(kind="cop", scope=tables.STATEMENT_SCOPE, value=own_id)),
            source=source,
            transport=_transport(group, remarks),
            event=event,
        )
        beside = cell.shared if len(cell.equipment) > 1 else []
        cell.location.get(0)
        group.read.add(cell.location.place)
        unread = unread_segments((cell.location, *group.segments, *beside), group.read, tables.IGNORED)
        record = record.with_remarks(*remarks, *self.faults.take_notes(), *unread)
        amended = Reference(kind="cop", scope=tables.STATEMENT_SCOPE, value=f"{self.previous}:{box.number}"[:256])
        return Entity(
            source.ordinal,
            record,
            lookup=(*references, boxed),
            amends=amended if self.function != "new" else None,
        )

    def _cell_place(self, cell: Cell) -> Place | None:
        """The port that the ship leaves, with the cell in which the container stands."""
        number = cell.location.get(1)
        port = self.port or Place()
        coded = Code(system=tables.CELL_SCOPE, value=number[:64]) if number and " " not in number else port.code
        place = port.model_copy(update={"code": coded})
        return place if place != Place() else None

    def _time(self) -> tuple[Instant | None, tables.Classifier]:
        for qualifier, classifier in tables.TIMES.items():
            for group in (self.leg, self.root):
                segment = group.first("DTM", qualifier) if group is not None else None
                if segment is not None:
                    return moment_of(segment, self.port, self.remarks, self.faults, "event.happened"), classifier
        known = ", ".join(tables.TIMES)
        self.faults.add(f"{self.begin.where}", f"has the time of the plan (DTM {known})", fix="Add a DTM segment")
        return None, "UNKNOWN"

    def _value(self, name: str, qualifier: str) -> str:
        segments = (s for group in self.root.each(name) for s in group.find("RFF", qualifier))
        return next((s.get(0, 1) for s in segments), "")


def _references(group: SegmentGroup, remarks: list[Remark]) -> Iterator[Reference]:
    for qualifier, kind in tables.REFERENCES.items():
        for segment in group.find("RFF", qualifier):
            value = segment.get(0, 1)
            if value == tables.NO_NUMBER:
                text = f"RFF {qualifier} {value} stands for no number"
                remarks.append(Remark(rule="no-number", text=text, field="references"))
            elif value:
                scope = BOOKING_SCOPE if qualifier == tables.BOOKING else ""
                yield Reference(kind=kind, scope=scope, value=value)


def _transport(group: SegmentGroup, remarks: list[Remark]) -> Transport | None:
    """Ports of loading, discharge and destination of the container."""
    loading, discharge, destination = (
        place_of(group.first("LOC", *qualifiers), remarks)
        for qualifiers in (tables.LOADING, tables.DISCHARGE, tables.DESTINATION)
    )
    if not (loading or discharge or destination):
        return None
    return Transport(loading=loading, discharge=discharge, destination=destination)
