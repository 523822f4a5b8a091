"""EDIFACT COARRI and CODECO (D.95B): containers discharged, loaded, gated in and out. Each container is a
`logistics.event`.

COARRI names by its document code (BGM) what happened at the quay: 44 discharge, 46 loading; CODECO at the gate: 34
in, 36 out. Times (DTM 203 of the container, 7 where it has none) have no zone in the message: they are the
terminal's local time. `utc_offset` of the place is not said either, so the record keeps the text and reads it as
Beijing time where the port is Chinese, else as UTC, with a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from adapters.formats.dcsa_tnt.reader import BOOKING_SCOPE
from adapters.mapping.logistics import WEIGHT_UNITS, box_number, imo, noted, unlocode, weight
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.edifact import EdifactMessage, Segment, parse_interchange
from adapters.parsing.xml_fields import Faults, decimal
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Direction, Instant, Weight, instant
from chain.records.transport import Container, Conveyance, Event, Place, Seal, Transport

MOVES: Final = {"44": "DISC", "45": "DISC", "46": "LOAD", "34": "GTIN", "36": "GTOT"}
"""BGM document code -> DCSA's code of the same move."""
_GROSS: Final = ("G", "EGW", "AAE", "VGM")
_TARE: Final = ("T",)
"""Dimensions (UN/ECE 6313) of MEA."""
_LLOYDS: Final = "146"
"""Code list (1131) of vessels named by their IMO number."""
TYPES: Final = frozenset({"COARRI", "CODECO"})
CONTAINERS_MAX = 10_000
BEIJING: Final = timezone(timedelta(hours=8))
_TIMES: Final = {"203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S", "102": "%Y%m%d"}


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
            for move in _moves(part, faults):
                if len(entities) >= CONTAINERS_MAX:
                    raise MalformedMessage("EQD", f"at most {CONTAINERS_MAX} containers")
                kind = f"{part.type}-{part.directory.replace(':', '.')}"
                with noted(move.equipment.where, faults):
                    source = Source(kind=kind, sha256=digest, message_id=part.reference or None, ordinal=len(entities))
                    record = move.record(source)
                    lookup = record.references if record else ()
                    entities.append(Entity(len(entities), record, lookup=lookup))
        faults.refuse("EDIFACT message")
        if not entities:
            raise MalformedMessage("EQD", "names at least one container")
        first = messages[0]
        return ReadMessage(f"{first.type}-{first.directory.replace(':', '.')}", control or None, None, tuple(entities))


READERS = (ContainerMovesReader(),)


@dataclass
class _Move:
    """One container's group of segments, with the vessel and port of the message before it."""

    code: str
    equipment: Segment
    faults: Faults
    head: list[Segment]
    group: list[Segment] = field(default_factory=list)

    def record(self, source: Source) -> LogisticsEvent | None:
        """The event; faults are noted."""
        remarks: list[Remark] = []
        said = self.equipment.get(1)
        if not re.fullmatch(r"[A-Z0-9 -]{1,17}", said):
            self.faults.add(self.equipment.where, "names a container", value=said)
            return None
        number, known = box_number(said, remarks)
        place = self._place(remarks)
        # All that may be wrong is looked at before anything is given up, so that every fault is named.
        happened, tare, gross = self._time(place, remarks), self._weight(_TARE), self._weight(_GROSS)
        if happened is None:
            return None
        box = Container(
            number=number,
            known=known,
            size_type=Code(system="iso-6346-type", value=size) if (size := self.equipment.get(2)) else None,
            tare=tare,
            gross=gross,
            laden={"4": False, "5": True}.get(self.equipment.get(5)),
            seals=tuple(self._seals()),
        )
        return LogisticsEvent(
            references=tuple(self._references(number, happened)),
            source=source,
            transport=self._ports(remarks),
            event=Event(
                code=Code(system="dcsa-equipment-event", value=self.code),
                happened=happened,
                place=place,
                container=box,
                gross=box.gross,
                conveyance=self._conveyance(remarks),
                direction=self._direction(),
                bill=next((segment.get(0, 1) for segment in self._all("RFF") if segment.get(0) == "BM"), None),
            ),
            remarks=tuple(remarks),
        )

    def _all(self, tag: str) -> Iterator[Segment]:
        return (segment for segment in self.group if segment.tag == tag)

    def _references(self, number: str, happened: Instant) -> Iterator[Reference]:
        for segment in self._all("RFF"):
            value = segment.get(0, 1)
            if value and segment.get(0) == "BM":
                yield Reference(kind="transport_document", value=value)
            elif value and segment.get(0) == "BN":
                yield Reference(kind="cop", scope=BOOKING_SCOPE, value=value)
        yield Reference(kind="container", value=number, on=happened.utc[:10])

    def _time(self, place: Place | None, remarks: list[Remark]) -> Instant | None:
        for code in ("203", "7"):
            for segment in self._all("DTM"):
                if segment.get(0) != code:
                    continue
                said, pattern = segment.get(0, 1), _TIMES.get(segment.get(0, 2), "")
                try:
                    local = datetime.strptime(said, pattern or "%Y%m%d%H%M")  # noqa: DTZ007 - the zone comes next
                except ValueError:
                    self.faults.add(segment.where, "is a time in format 203, 204 or 102", value=said)
                    return None
                chinese = place is not None and place.unlocode is not None and place.unlocode.startswith("CN")
                if not chinese:
                    remarks.append(Remark(rule="no-time-zone", text=f"{said} has no zone; read as UTC"))
                return instant(said, local.replace(tzinfo=BEIJING if chinese else UTC))
        self.faults.add(self.equipment.where, "has the time of the move (DTM 203 or 7)", fix="Add a DTM segment")
        return None

    def _place(self, remarks: list[Remark]) -> Place | None:
        """Where it happened: the port of discharge (LOC 11) or loading (LOC 9) of the message, at the gate LOC 165."""
        wanted = {"DISC": ("11",), "LOAD": ("9",)}.get(self.code, ("165", "9", "11"))
        for code in wanted:
            for segment in self.head:
                if segment.tag == "LOC" and segment.get(0) == code and segment.get(1):
                    return unlocode(segment.get(1), remarks)
        return None

    def _conveyance(self, remarks: list[Remark]) -> Conveyance | None:
        for segment in self.head:
            if segment.tag == "TDT" and segment.get(0) == "20":
                mode = segment.get(2)
                return Conveyance(
                    mode=Code(system="uncefact-rec-19", value=mode) if mode else None,
                    name=segment.get(7, 3) or segment.get(7) or None,
                    imo=imo(segment.get(7), remarks) if segment.get(7, 1) == _LLOYDS else None,
                    voyage=segment.get(1) or None,
                    carrier=Code(system="carrier", value=carrier) if (carrier := segment.get(4)) else None,
                )
        return None

    def _direction(self) -> Direction | None:
        """UN/ECE 8249: 2 is an export, 3 an import; a transhipment is neither."""
        status = self.equipment.get(4)
        return "I" if status == "3" else "E" if status == "2" else None

    def _ports(self, remarks: list[Remark]) -> Transport | None:
        """Ports of loading (LOC 9) and discharge (LOC 11) of this container."""
        said = {segment.get(0): segment.get(1) or None for segment in self._all("LOC")}
        loading, discharge = unlocode(said.get("9"), remarks), unlocode(said.get("11"), remarks)
        return Transport(loading=loading, discharge=discharge) if loading or discharge else None

    def _weight(self, dimensions: tuple[str, ...]) -> Weight | None:
        for segment in self._all("MEA"):
            unit, said = segment.get(2), segment.get(2, 1)
            if segment.get(1) in dimensions and unit in WEIGHT_UNITS:
                if not decimal().fits(said):
                    self.faults.add(segment.where, decimal().rule, value=said)
                    return None
                return weight(said, unit, segment.where, self.faults)
        return None

    def _seals(self) -> Iterator[Seal]:
        for segment in self._all("SEL"):
            number, by = segment.get(0), segment.get(1)
            if number and number != "SI":  # a terminal's word for yes: there is a seal, and no number is said
                yield Seal(number=number[:35], by=Code(system="edifact-seal-issuer", value=by) if by else None)


def _moves(message: EdifactMessage, faults: Faults) -> Iterator[_Move]:
    """The containers of a message, each with the segments up to the next one."""
    document = next((segment.get(0) for segment in message.segments if segment.tag == "BGM"), "")
    code = MOVES.get(document)
    if code is None:
        faults.add(f"UNH {message.reference}/BGM", f"is one of {', '.join(MOVES)}", value=document)
        return
    head: list[Segment] = []
    move: _Move | None = None
    for segment in message.segments:
        if segment.tag == "EQD":
            if move is not None:
                yield move
            move = _Move(code, segment, faults, head)
        elif segment.tag == "CNT":
            break
        else:
            (head if move is None else move.group).append(segment)
    if move is not None:
        yield move
