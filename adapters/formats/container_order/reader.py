"""EDIFACT COPARN: each container that is to be released or accepted is a `logistics.event`, asked for or planned.

Nothing has happened yet: the classifier is `REQ` for an order and `PLN` for an advice, so that no rule takes the order
for the move that CODECO reports later. An order of some containers of a size, without their numbers, is one event of
its booking or bill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.formats.container_order import tables
from adapters.formats.dcsa_tnt.reader import BOOKING_SCOPE
from adapters.mapping.edifact import (
    container_of,
    function_of,
    function_remark,
    means_of,
    moment_of,
    place_of,
    ucrs_of,
)
from adapters.mapping.edifact_messages import MessageSource, names_message, read_interchange, with_remarks
from adapters.message import Entity, ReadMessage
from adapters.parsing.coverage import RULE
from adapters.parsing.edifact import EdifactMessage, Segment
from adapters.parsing.edifact_groups import SegmentGroup, grouped, limited, unread_segments
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Function, Instant
from chain.records.transport import Container, Event, Place, Transport

KIND: Final = "COPARN"
CONTAINERS_MAX: Final = 10_000
HEAD_MAX: Final = 200
"""Segments before the containers; each container's record keeps what is not read of them."""


class ContainerOrderReader:
    """COPARN."""

    kind = "EDIFACT-COPARN"

    def recognises(self, message: bytes) -> bool:
        """Whether the first message header names it."""
        return names_message(message, KIND)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return read_interchange(message, KIND, _read, "names at least one container (EQD)")


READERS = (ContainerOrderReader(),)


def _read(message: EdifactMessage, source: MessageSource, faults: Faults) -> Iterator[Entity]:
    root = grouped(message.segments, tables.TABLE)
    begin = root.first("BGM")
    function = function_of(begin, f"UNH {message.reference}", faults)
    containers = list(root.each("container"))
    if len(containers) > CONTAINERS_MAX:
        raise MalformedMessage("EQD", f"at most {CONTAINERS_MAX} containers", value=len(containers))
    if begin is None or function is None:
        return
    head = limited(root.all_segments(apart=("container",)), HEAD_MAX, "before the containers")
    order = _Order(root, begin, function, faults)
    entities = [order.entity(group, source.at(count)) for count, group in enumerate(containers)]
    yield from with_remarks(entities, (*order.remarks, *unread_segments(head, root.read, tables.IGNORED)))


class _Order:
    """One message while it is read."""

    def __init__(self, root: SegmentGroup, begin: Segment, function: Function, faults: Faults) -> None:
        self.root = root
        self.begin = begin
        self.function = function
        self.faults = faults
        self.remarks: list[Remark] = [*function_remark(begin, "event.function")]
        document = begin.get(0)
        self.move, self.asked, self.name = tables.ORDERS.get(document, ("", "REQ", ""))
        self.code = Code(system="dcsa-equipment-event", value=self.move) if self.move else _own_code(document)
        if not self.move:
            text = f"document code {document or 'none'} is of no order that we know"
            self.remarks.append(Remark(rule="unknown-code", text=text, field="event.code"))

    def entity(self, group: SegmentGroup, source: Source) -> Entity:
        """The event of one container; faults are noted."""
        remarks: list[Remark] = []
        if group.segments[0].qualifier not in tables.EQUIPMENT:
            return Entity(source.ordinal, None, note=f"{group.segments[0].text[:100]} is no container: not recorded")
        box = container_of(group, remarks, self.faults)
        place = self._place(group, remarks)
        transport = self._transport(group, remarks)
        happened = self._time(group, place or self._gate(group, transport), remarks)
        references = tuple(self._references(group, remarks))
        if happened is None:
            return Entity(source.ordinal, None, note="not read")
        if box is None and not references:
            rule = "names a container (EQD 8260), a booking (RFF BN) or a bill (RFF BM)"
            self.faults.add(group.segments[0].where, rule, fix="Add RFF BN")
            return Entity(source.ordinal, None, note="not read")
        boxed = (Reference(kind="container", value=box.number, on=happened.utc[:10]),) if box is not None else ()
        about = box.number if box is not None else f"{references[0].value}:{source.ordinal}"
        own_id = f"{self.begin.get(1) or self.code.value}:{about}"[:256]
        record = LogisticsEvent(
            ucr=ucrs_of((s for g in (group, *self.root.each("reference")) for s in g.find("RFF", tables.UCR)), remarks),
            references=(*references, *boxed, Reference(kind="cop", scope=tables.STATEMENT_SCOPE, value=own_id)),
            source=source,
            transport=transport,
            event=self._event(group, box, place, happened, references, own_id, remarks),
        )
        unread = unread_segments(group.all_segments(), group.read, tables.IGNORED)
        record = record.with_remarks(*remarks, *self.faults.take_notes(), *unread)
        return Entity(source.ordinal, record, lookup=(*references, *boxed), amends=self._amended(group, about, own_id))

    def _event(
        self,
        group: SegmentGroup,
        box: Container | None,
        place: Place | None,
        happened: Instant,
        references: tuple[Reference, ...],
        own_id: str,
        remarks: list[Remark],
    ) -> Event:
        leg = next(iter((*group.each("leg"), *self.root.each("leg"))), None)
        return Event(
            id=own_id,
            code=self.code,
            function=self.function,
            classifier=self.asked,
            happened=happened,
            place=place,
            container=box,
            gross=box.gross if box is not None else None,
            conveyance=means_of(leg.first("TDT"), remarks) if leg is not None else None,
            direction=tables.DIRECTIONS.get(group.segments[0].get(4)),
            bill=next((known.value[:64] for known in references if known.kind == "transport_document"), None),
            retracts=own_id if self.function == "delete" else None,
            reason=f"container order: {self.name}" if self.name else None,
        )

    def _amended(self, group: SegmentGroup, about: str, own_id: str) -> Reference | None:
        """What a change is about: the order that it names (RFF ACW), else the one of its own number."""
        if self.function == "new":
            return None
        groups = (group, *self.root.each("reference"))
        previous = next((s.get(0, 1) for g in groups for s in g.find("RFF", tables.PREVIOUS)), "")
        value = f"{previous}:{about}"[:256] if previous else own_id
        return Reference(kind="cop", scope=tables.STATEMENT_SCOPE, value=value)

    def _references(self, group: SegmentGroup, remarks: list[Remark]) -> Iterator[Reference]:
        """The numbers said of the container; those of the head where the container has none of their kind."""
        of_head = tuple(self.root.each("reference"))
        for qualifier, kind in tables.REFERENCES.items():
            own = [s for s in group.find("RFF", qualifier) if s.get(0, 1)]
            shared = [s for reference in of_head for s in reference.find("RFF", qualifier) if s.get(0, 1)]
            values = dict.fromkeys(s.get(0, 1) for s in own or shared)
            scope = BOOKING_SCOPE if qualifier == tables.BOOKING else ""
            yield from (Reference(kind=kind, scope=scope, value=value) for value in values)
            other = [s for s in shared if own and s.get(0, 1) not in values]
            remarks.extend(Remark(rule=RULE, text=s.text[:500]) for s in other)

    def _time(self, group: SegmentGroup, place: Place | None, remarks: list[Remark]) -> Instant | None:
        for sayer in (group, self.root):
            if (segment := sayer.first("DTM", *tables.TIMES)) is not None:
                return moment_of(segment, place, remarks, self.faults, "event.happened")
        written = self.root.first("DTM", tables.WRITTEN)
        if written is None:
            known = ", ".join((*tables.TIMES, tables.WRITTEN))
            rule = f"has the time of the order (DTM {known})"
            self.faults.add(group.segments[0].where, rule, fix="Add a DTM segment")
            return None
        text = "the order names no time of the move; that of its writing is kept"
        remarks.append(Remark(rule="no-time", text=text, field="event.happened"))
        return moment_of(written, place, remarks, self.faults, "event.happened")

    def _place(self, group: SegmentGroup, remarks: list[Remark]) -> Place | None:
        qualifiers = tables.PLACES.get(self.move, ("165",))
        for sayer in (group, self.root, *self.root.each("leg")):
            if (segment := sayer.first("LOC", *qualifiers)) is not None:
                return place_of(segment, remarks)
        return None

    def _gate(self, group: SegmentGroup, transport: Transport | None) -> Place | None:
        """The port whose gate the container is to pass, for its time."""
        direction = tables.DIRECTIONS.get(group.segments[0].get(4))
        if transport is None or direction is None:
            return None
        return transport.loading if direction == "E" else transport.discharge

    def _transport(self, group: SegmentGroup, remarks: list[Remark]) -> Transport | None:
        """Ports of loading (LOC 9), discharge (11) and destination (8, 7) of the container, else of the voyage."""
        sayers = (group, *group.each("leg"), *self.root.each("leg"), self.root)
        places: list[Place | None] = []
        for qualifiers in (("9",), ("11",), ("8", "7", "83")):
            segment = next((s for sayer in sayers if (s := sayer.first("LOC", *qualifiers)) is not None), None)
            places.append(place_of(segment, remarks))
        if not any(places):
            return None
        return Transport(loading=places[0], discharge=places[1], destination=places[2])


def _own_code(document: str) -> Code:
    return Code(system="uncl-1001", value=re.sub("[^!-~]", "-", document)[:64] or "unsaid", known=False)
