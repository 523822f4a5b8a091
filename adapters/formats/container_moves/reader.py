"""EDIFACT COARRI and CODECO (D.95B): containers discharged, loaded, gated in and out. Each container is a
`logistics.event`.

COARRI names by its document code (BGM) what happened at the quay: 44 discharge, 46 loading; CODECO at the gate: 34
in, 36 out. `tables.py` says in which groups each field may stand. Times have no zone in most messages: they are the
terminal's local time, so they are read in the zone of the place, with a remark, or as UTC where no place is known.

A cancelled or changed move amends the event that was said of it: by the number of the message (RFF ACW, else BGM 1004)
and the container, else by the same move of that container.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.formats.container_moves import tables
from adapters.formats.container_moves.groups import Move, moves
from adapters.formats.dcsa_tnt.reader import BOOKING_SCOPE
from adapters.mapping.edifact import FUNCTION_NAMES, FUNCTIONS, LADEN, moment_of
from adapters.mapping.logistics import ANY_DECIMAL, MASS_UNITS, box_number, imo, noted, unlocode, weight
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import RULE
from adapters.parsing.edifact import EdifactMessage, Segment, parse_interchange
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.identifiers import Ucr
from chain.records.base import Reference, ReferenceKind, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Direction, Instant, Weight
from chain.records.transport import Container, Conveyance, Event, Place, Seal, Transport

_LLOYDS: Final = "146"
"""Code list (1131) of vessels named by their IMO number."""
_LOCODES: Final = ("", "139")
"""Code list (1131) of places by UN/LOCODE."""
TYPES: Final = frozenset({"COARRI", "CODECO"})
DOCUMENT_SCOPE: Final = "edifact-document"
MOVE_SCOPE: Final = "edifact-move"
CONTAINERS_MAX = 10_000
_KINDS: Final[dict[str, tuple[ReferenceKind, str]]] = {
    "BM": ("transport_document", ""),
    "MB": ("master_bill", ""),
    "ABT": ("declaration", ""),
    "AAE": ("declaration", ""),
    "BN": ("cop", BOOKING_SCOPE),
}
"""RFF 1153 -> kind and scope of the reference."""


class ContainerMovesReader:
    """COARRI and CODECO."""

    kind = "EDIFACT-container-moves"

    def recognises(self, message: bytes) -> bool:
        """Whether a message header names one of the two."""
        return re.search(rb"UNH.{1,20}(?:COARRI|CODECO)", message[:4096], re.DOTALL) is not None

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        control, messages = parse_interchange(message, faults)
        digest = message_digest(message)
        entities: list[Entity] = []
        for part in messages:
            if part.type not in TYPES:
                raise MalformedMessage(f"UNH {part.reference}", "is COARRI or CODECO", value=part.type)
            for move in _known_moves(part, faults):
                if len(entities) >= CONTAINERS_MAX:
                    raise MalformedMessage("EQD", f"at most {CONTAINERS_MAX} containers")
                with noted(move.equipment.where, faults):
                    source = Source(
                        kind=_kind(part), sha256=digest, message_id=part.reference or None, ordinal=len(entities)
                    )
                    entities.append(_entity(_Reading(move, faults), source))
        faults.refuse("EDIFACT message")
        if not entities:
            raise MalformedMessage("EQD", "names at least one container")
        return ReadMessage(_kind(messages[0]), control or None, None, tuple(entities))


READERS = (ContainerMovesReader(),)


def _kind(part: EdifactMessage) -> str:
    return f"{part.type}-{part.directory.replace(':', '.')}"


def _known_moves(message: EdifactMessage, faults: Faults) -> Iterator[Move]:
    """The moves of a message; none, and a fault, where its document code or its function is not known."""
    begin = next((segment for segment in message.segments if segment.tag == "BGM"), None)
    document, function = (begin.get(0), begin.get(2)) if begin is not None else ("", "")
    where = f"UNH {message.reference}/BGM"
    if document not in tables.MOVES:
        faults.add(where, f"is one of {', '.join(tables.MOVES)}", value=document)
    elif function not in FUNCTIONS:
        known = ", ".join(code for code in FUNCTIONS if code)
        faults.add(f"{where} (1225)", f"is a message function that is acted on: {known}", value=function)
    else:
        yield from moves(message)


def _entity(reading: _Reading, source: Source) -> Entity:
    record = reading.record(source)
    if record is None:
        return Entity(source.ordinal, None, note="not read")
    lookup = tuple(found for found in record.references if found.scope not in (DOCUMENT_SCOPE, MOVE_SCOPE))
    amends = reading.amended(record) if record.event.function != "new" else None
    return Entity(source.ordinal, record, lookup=lookup, amends=amends)


class _Reading:
    """One move while it is read."""

    def __init__(self, move: Move, faults: Faults) -> None:
        self.move = move
        self.faults = faults
        self.code = tables.MOVES[move.begin.get(0)]
        self.function = FUNCTIONS[move.begin.get(2)]
        self.remarks: list[Remark] = []

    def record(self, source: Source) -> LogisticsEvent | None:
        """The event; faults are noted."""
        equipment = self.move.equipment
        number = equipment.get(1)
        if not re.fullmatch(r"[A-Z0-9 -]{1,17}", number):
            self.faults.add(equipment.where, "names a container", value=number)
            return None
        number, known = box_number(number, self.remarks)
        place = self._place()
        # All that may be wrong is looked at before anything is given up, so that every fault is named.
        happened, tare, gross = self._time(place), self._weight(tables.TARE), self._weight(tables.GROSS)
        cargo_gross = self._cargo_gross(number)
        if happened is None:
            return None
        box = Container(
            number=number,
            known=known,
            size_type=Code(system="iso-6346-type", value=size) if (size := equipment.get(2)) else None,
            tare=tare,
            gross=gross,
            cargo_gross=cargo_gross,
            laden=self._laden(),
            seals=tuple(self._seals()),
        )
        references = tuple(self._references(number, happened))
        self._note_function()
        event = Event(
            code=Code(system="dcsa-equipment-event", value=self.code),
            function=self.function,
            happened=happened,
            place=place,
            container=box,
            gross=box.gross,
            conveyance=self._conveyance(),
            direction=self._direction(),
            bill=next((found.value for found in references if found.kind == "transport_document"), None),
            id=f"{self._document() or self.code}:{number}",
            retracts=f"{self._document() or self.code}:{number}" if self.function == "delete" else None,
        )
        transport = self._transport()
        return LogisticsEvent(
            ucr=self._ucrs(),
            references=references,
            source=source,
            transport=transport,
            event=event,
            remarks=(*self.remarks, *self.faults.take_notes(), *self.move.unread()),
        )

    def amended(self, record: LogisticsEvent) -> Reference:
        """What a change or cancellation is about: the earlier message's word on this container."""
        box = record.event.container
        number = box.number if box is not None else ""
        previous = next((s.get(0, 1) for s in self.move.find("RFF", tables.BILLS, tables.PREVIOUS)), "")
        document = previous or self._document()
        if document:
            return Reference(kind="cop", scope=DOCUMENT_SCOPE, value=f"{document}:{number}")
        return Reference(kind="cop", scope=MOVE_SCOPE, value=f"{self.code}:{number}")

    def _document(self) -> str:
        return self.move.begin.get(1)

    def _note_function(self) -> None:
        name = FUNCTION_NAMES.get(self.move.begin.get(2))
        if name is not None:
            text = f"message function {self.move.begin.get(2)}: a {name} of what was said before"
            self.remarks.append(Remark(rule="message-function", text=text, field="event.function"))

    def _references(self, number: str, happened: Instant) -> Iterator[Reference]:
        # A number that is said of this container counts before one that is said of all.
        own: dict[str, set[str]] = {}
        for group in tables.BILLS:
            for segment in self.move.find("RFF", (group,), *tables.REFERENCES):
                qualifier, value = segment.get(0), segment.get(0, 1)
                if value and (group == "container" or qualifier not in own):
                    kind, scope = _KINDS[qualifier]
                    yield Reference(kind=kind, scope=scope, value=value)
                elif value and value not in own[qualifier]:
                    self.remarks.append(Remark(rule=RULE, text=segment.text[:500]))
                if group == "container":
                    own.setdefault(qualifier, set()).add(value)
        yield Reference(kind="container", value=number, on=happened.utc[:10])
        if self._document():
            yield Reference(kind="cop", scope=DOCUMENT_SCOPE, value=f"{self._document()}:{number}")
        yield Reference(kind="cop", scope=MOVE_SCOPE, value=f"{self.code}:{number}")

    def _ucrs(self) -> tuple[Ucr, ...]:
        found: dict[Ucr, None] = {}
        for segment in self.move.find("RFF", ("container", "head", "goods"), tables.UCR):
            if Ucr.is_valid(segment.get(0, 1)):
                found[Ucr.parse(segment.get(0, 1))] = None
            else:
                self.remarks.append(Remark(rule="ucr", text=f"{segment.get(0, 1)} is no UCR"))
        return tuple(found)

    def _time(self, place: Place | None) -> Instant | None:
        for code, group in tables.TIME:
            for segment in self.move.find("DTM", (group,), code):
                return moment_of(segment, place, self.remarks, self.faults, "event.happened")
        self.faults.add(self.move.equipment.where, "has the time of the move (DTM 203 or 7)", fix="Add a DTM segment")
        return None

    def _place(self) -> Place | None:
        """Where it happened, by the places at which a move of this code may say it."""
        for code, group in tables.PLACE[self.code]:
            for segment in self.move.find("LOC", (group,), code):
                if segment.get(1) or segment.get(1, 3):
                    return self._named_place(segment)
        port = tables.GATE_PORT.get(self._direction() or "") if self.code in ("GTIN", "GTOT") else None
        for segment in self.move.find("LOC", ("head", "vessel", "container"), port) if port else ():
            return self._named_place(segment)
        return None

    def _named_place(self, segment: Segment) -> Place:
        """C517: code, its list (139 is UN/LOCODE), its agency, name; C519: the terminal in it."""
        code, name, terminal = segment.get(1), segment.get(1, 3) or None, segment.get(2)
        place = Place(name=name)
        if code and segment.get(1, 1) in _LOCODES:
            place = unlocode(code, self.remarks) or place
        elif code:
            place = Place(code=Code(system="edifact-place", value=code, name=segment.get(1, 1) or None))
        if terminal and place.code is None:
            place = place.model_copy(update={"code": Code(system="edifact-facility", value=terminal)})
        return place.model_copy(update={"name": name}) if name else place

    def _conveyance(self) -> Conveyance | None:
        for segment in self.move.find("TDT", ("vessel", "container"), "20"):
            return self._means(segment)
        return None

    def _means(self, segment: Segment) -> Conveyance:
        mode = segment.get(2)
        return Conveyance(
            mode=Code(system="uncefact-rec-19", value=mode) if mode else None,
            name=segment.get(7, 3) or segment.get(7) or None,
            imo=imo(segment.get(7), self.remarks) if segment.get(7, 1) == _LLOYDS else None,
            voyage=segment.get(1) or None,
            carrier=Code(system="carrier", value=carrier) if (carrier := segment.get(4)) else None,
        )

    def _inland(self) -> Conveyance | None:
        """The truck, train or barge that brings it (1) or takes it on (30, 10)."""
        for segment in self.move.find("TDT", ("container", "vessel"), "1", "30", "10"):
            means = self._means(segment)
            return means if means != Conveyance() else None
        return None

    def _direction(self) -> Direction | None:
        return tables.DIRECTIONS.get(self.move.equipment.get(4))

    def _laden(self) -> bool | None:
        said = self.move.equipment.get(5)
        if said and said not in LADEN:
            self.remarks.append(Remark(rule="unknown-code", text=f"full or empty is {said}", field="event.container"))
        return LADEN.get(said)

    def _transport(self) -> Transport | None:
        """Ports of loading (LOC 9), discharge (LOC 11), destination (8, 7) of this container, else of the vessel."""
        loading, discharge = self._port("9"), self._port("11")
        destination, inland = self._port("8") or self._port("7"), self._inland()
        if not (loading or discharge or destination or inland):
            return None
        return Transport(loading=loading, discharge=discharge, destination=destination, inland=inland)

    def _port(self, qualifier: str) -> Place | None:
        for segment in self.move.find("LOC", ("container",), qualifier):
            if segment.get(1) or segment.get(1, 3):
                return self._named_place(segment)
        return None

    def _weight(self, dimensions: tuple[str, ...]) -> Weight | None:
        """The weight of the first of these dimensions that is said, whichever segment comes first."""
        measured = [found for found in self.move.find("MEA", ("container",)) if found.get(0) in tables.MEASURED]
        for dimension in dimensions:
            for segment in measured:
                if segment.get(1) == dimension and segment.get(2) in MASS_UNITS:
                    self.move.note_read(segment)
                    return self._mass(segment)
        return None

    def _cargo_gross(self, number: str) -> Weight | None:
        """Weight of the goods: in the container's own group, or where the goods say what of them it holds (SGP)."""
        if (own := self._weight(tables.NET)) is not None:
            return own
        for segment in self.move.goods_in(number):
            if segment.tag == "MEA" and segment.get(0) in tables.MEASURED and segment.get(2) in MASS_UNITS:
                self.move.note_read(segment)
                return self._mass(segment)
        return None

    def _mass(self, segment: Segment) -> Weight | None:
        value = segment.number(2, 1)
        if not ANY_DECIMAL.fits(value):
            self.faults.add(segment.where, ANY_DECIMAL.rule, value=value)
            return None
        return weight(value, segment.get(2), segment.where, self.faults)

    def _seals(self) -> Iterator[Seal]:
        for segment in self.move.find("SEL", ("container",)):
            number, by = segment.get(0), segment.get(1)
            if number and number != "SI":  # a terminal's word for yes: there is a seal, and no number is said
                yield Seal(number=number[:35], by=Code(system="edifact-seal-issuer", value=by) if by else None)
