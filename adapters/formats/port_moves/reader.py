"""Platform files CODECO and COARRI: containers at the gate and at the quay, each a `logistics.event`.

A file is about one kind of move; record 10 names the ship for the containers behind it, up to the next record 10. Times
have no zone: by the standard they are those of the Chinese port that wrote the file. A gate has no place in the file;
a move at the quay happened at the port of discharge or of loading that its record 52 names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from adapters.formats.container_moves.reader import MOVE_SCOPE
from adapters.formats.port_moves import tables
from adapters.mapping.local_time import load_zone, zoned
from adapters.mapping.logistics import ANY_DECIMAL, box_number, noted, unlocode, weight
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.numbered_records import NumberedRecord, parse_numbered
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults
from chain.errors import Malformed
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Direction, Function, Instant, Weight
from chain.records.transport import Container, Conveyance, Event, Place, Seal, Transport

BOXES_MAX: Final = 10_000
UNREAD_MAX: Final = 60
ZONE: Final = "Asia/Shanghai"
"""The zone of the standard's times."""
_MARK: Final = re.compile(rb"00:(?:CODECO|COARRI):")
_TIME: Final = re.compile(r"\d{12}(?:\d{2})?")
_COUNTRY: Final = re.compile("[A-Z]{2}")


class PortMovesReader:
    """`00:CODECO` and `00:COARRI`."""

    kind = "port-moves"

    def recognises(self, message: bytes) -> bool:
        """Whether the head record names one of the two."""
        return _MARK.match(message.removeprefix(b"\xef\xbb\xbf").lstrip()) is not None

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        records = parse_numbered(message)
        faults = Faults()
        head = records[0]
        kind = f"port-{head.field(tables.TYPE)}"
        move, function = _move(head, faults), _function(head, faults)
        faults.refuse(kind)
        digest = message_digest(message)
        entities: list[Entity] = []
        for box in _boxes(records, faults):
            with noted(f"record {box.record.place}", faults):
                source = Source(kind=kind, sha256=digest, ordinal=len(entities))
                entities.append(_entity(_Reading(head.field(tables.TYPE), move, box, faults), function, source))
        faults.refuse(kind)
        remarks = (*_head_remarks(records, head.field(tables.TYPE)), *_count_remarks(records))
        return ReadMessage(kind, None, head.field(tables.SENDER) or None, tuple(entities), remarks)


READERS = (PortMovesReader(),)


@dataclass
class BoxRecords:
    """A container's record 50 with what stands behind it, and the ship's record 10 before it."""

    record: NumberedRecord
    call: NumberedRecord | None
    behind: list[NumberedRecord] = field(default_factory=list)

    def find(self, number: str) -> NumberedRecord | None:
        """The first record of that number behind the container."""
        return next((record for record in self.behind if record.number == number), None)


def _boxes(records: Sequence[NumberedRecord], faults: Faults) -> list[BoxRecords]:
    boxes: list[BoxRecords] = []
    call: NumberedRecord | None = None
    for record in records[1:]:
        if record.number == tables.END:
            break
        if record.number == tables.CALL:
            call = record
        elif record.number == tables.BOX:
            boxes.append(BoxRecords(record, call))
        elif boxes:
            boxes[-1].behind.append(record)
    if not boxes:
        faults.add("file", f"holds a container (record {tables.BOX})", fix="Export the report with its containers")
    if len(boxes) > BOXES_MAX:
        faults.add("file", f"holds at most {BOXES_MAX} containers", value=len(boxes), fix="Send it in parts")
        return []
    return boxes


def _move(head: NumberedRecord, faults: Faults) -> tables.Move:
    known = tables.GATE_DESCRIPTIONS if head.field(tables.TYPE) == "CODECO" else tables.QUAY_DESCRIPTIONS
    described = re.sub("[^A-Z]|REPORT", "", head.field(tables.DESCRIPTION).upper())
    if described not in known:
        names = "GATE-IN REPORT or GATE-OUT REPORT" if known is tables.GATE_DESCRIPTIONS else "DISCHARGE or LOAD REPORT"
        faults.add(head.where(tables.DESCRIPTION), f"is {names}", value=head.field(tables.DESCRIPTION))
    return known.get(described, "GTIN")


def _function(head: NumberedRecord, faults: Faults) -> Function:
    code = head.field(tables.FILE_FUNCTION)
    if code not in tables.FUNCTIONS:
        faults.add(head.where(tables.FILE_FUNCTION), f"is {tables.FUNCTION_NAMES}", value=code)
    return tables.FUNCTIONS.get(code, "new")


def _entity(reading: _Reading, function: Function, source: Source) -> Entity:
    record = reading.record(function, source)
    if record is None:
        return Entity(source.ordinal, None, note="not read")
    own = record.references[-1]
    return Entity(
        source.ordinal,
        record,
        lookup=record.references[:-1],
        amends=None if function == "new" else own,
    )


class _Reading:
    """One container while it is read."""

    def __init__(self, file: str, move: tables.Move, box: BoxRecords, faults: Faults) -> None:
        self.file = file
        self.move = move
        self.box = box
        self.faults = faults
        self.remarks: list[Remark] = []
        self.noted: dict[str, set[int]] = {}
        """Record number -> fields that were read in this file only."""
        self.is_gate = file == "CODECO"
        self.is_certain = self.is_gate or (
            len(box.record.fields) >= tables.QUAY_FIELDS_MIN and self._state_code() in tables.STATES
        )

    def record(self, function: Function, source: Source) -> LogisticsEvent | None:
        """The event; faults are noted."""
        number_text = self.box.record.field(tables.NUMBER)
        if not re.fullmatch(r"[A-Z0-9 -]{1,17}", number_text):
            self.faults.add(self.box.record.where(tables.NUMBER), "names a container", value=number_text)
            return None
        number, known = box_number(number_text, self.remarks)
        happened, gross = self._time(), self._gross()
        if happened is None:
            return None
        laden, shared = self._state()
        bill, seal, size = self._field("bill"), self._field("seal"), self.box.record.field(tables.SIZE)
        identity = f"{self.move}:{number}"
        event = Event(
            id=identity,
            code=Code(system="dcsa-equipment-event", value=self.move),
            function=function,
            happened=happened,
            place=self._place(),
            container=Container(
                number=number,
                known=known,
                size_type=Code(system="port-container-size", value=size[:64]) if size else None,
                gross=gross,
                laden=laden,
                shared=shared,
                seals=(Seal(number=seal[:35]),) if seal else (),
            ),
            gross=gross,
            conveyance=self._ship(),
            direction=self._direction(),
            bill=bill[:37] or None,
            retracts=identity if function == "delete" else None,
        )
        record = LogisticsEvent(
            references=(
                *((Reference(kind="transport_document", value=bill),) if bill else ()),
                Reference(kind="container", value=number, on=happened.utc[:10]),
                Reference(kind="cop", scope=MOVE_SCOPE, value=identity),
            ),
            source=source,
            transport=self._transport(),
            event=event,
        )
        return record.with_remarks(*self.remarks, *self._unread())

    def _field(self, name: str) -> str:
        """The bill or the seal, where the layout is certain; empty where there is none."""
        count = {
            "bill": tables.GATE_BILL if self.is_gate else tables.QUAY_BILL,
            "seal": tables.GATE_SEAL if self.is_gate else tables.QUAY_SEAL,
        }[name]
        text = self._read(self.box.record, count) if self.is_certain else ""
        return "" if text in tables.NOTHING else text

    def _read(self, record: NumberedRecord, count: int) -> str:
        self.noted.setdefault(record.number, set()).add(count)
        return record.field(count)

    def _state_code(self) -> str:
        return self.box.record.field(tables.GATE_STATE if self.is_gate else tables.QUAY_STATE)

    def _state(self) -> tuple[bool | None, bool | None]:
        code = self._state_code()
        if not self.is_gate and code not in tables.STATES:
            return None, None  # another layout, where field 6 is no state; it is kept as a remark
        self._read(self.box.record, tables.GATE_STATE if self.is_gate else tables.QUAY_STATE)
        if code and code not in tables.STATES:
            text = f"state {code[:8]} of the container is in no list"
            self.remarks.append(Remark(rule="unknown-code", text=text, field="event.container"))
        return tables.STATES.get(code, (None, None))

    def _direction(self) -> Direction | None:
        if not self.is_gate or (code := self.box.record.field(tables.GATE_PURPOSE)) not in tables.PURPOSES:
            return None
        self._read(self.box.record, tables.GATE_PURPOSE)
        return tables.PURPOSES[code]

    def _time(self) -> Instant | None:
        record = self.box.record
        if self.is_gate:
            own, other = (tables.GATE_IN, tables.GATE_OUT) if self.move == "GTIN" else (tables.GATE_OUT, tables.GATE_IN)
            if record.field(own):
                return self._moment(record, own)
            code = BUSINESS_CODE if record.field(other) else "0002"
            self.faults.add(
                record.where(own), f"says when the container passed the gate ({self.move})", fix="Fill it in", code=code
            )
            return None
        if self.is_certain and record.field(tables.QUAY_TIME):
            return self._moment(record, self._noted(record, tables.QUAY_TIME))
        count = tables.DISCHARGED if self.move == "DISC" else tables.LOADED
        call = self.box.call
        if call is None or not call.field(count):
            self.faults.add(
                record.where(tables.QUAY_TIME),
                f"says when the container was moved, or record {tables.CALL}, field {count}, when work ended",
                fix="Fill one of them in",
            )
            return None
        text = "no time of its own; the time is when the ship's work ended"
        self.remarks.append(Remark(rule="time-of-the-call", text=text, field="event.happened"))
        return self._moment(call, self._noted(call, count))

    def _noted(self, record: NumberedRecord, count: int) -> int:
        self._read(record, count)
        return count

    def _moment(self, record: NumberedRecord, count: int) -> Instant | None:
        text = record.field(count)
        try:
            if _TIME.fullmatch(text) is None:
                raise ValueError(text)
            local = datetime.strptime(text, "%Y%m%d%H%M%S"[: len(text) - 2])  # noqa: DTZ007
            return zoned(text, local, self.remarks, otherwise=load_zone(ZONE), field="event.happened")
        except (ValueError, Malformed):
            self.faults.add(record.where(count), "is a time CCYYMMDDhhmm or CCYYMMDDhhmmss", value=text)
            return None

    def _gross(self) -> Weight | None:
        """Kilograms of the packed container; None where there is none or zero, which writers put for "not said"."""
        record = self.box.record if self.is_gate else self.box.find(tables.PORTS)
        count = tables.GATE_GROSS if self.is_gate else tables.QUAY_GROSS
        text = record.field(count) if record is not None else ""
        text = f"0{text}" if text.startswith(".") else text
        if record is None or text in tables.NOTHING:
            return None
        if not ANY_DECIMAL.fits(text):
            self.faults.add(record.where(count), ANY_DECIMAL.rule, value=text)
            return None
        return weight(text, "KGM", record.where(count), self.faults) if text.strip("0.") else None

    def _ship(self) -> Conveyance | None:
        call = self.box.call
        if call is None:
            return None
        nationality = call.field(tables.NATIONALITY) if not self.is_gate else ""
        ship = Conveyance(
            name=_text(call, tables.VESSEL_NAME),
            voyage=_text(call, tables.VOYAGE),
            nationality=nationality if _COUNTRY.fullmatch(nationality) else None,
        )
        return ship if ship != Conveyance() else None

    def _transport(self) -> Transport | None:
        record = self.box.find(tables.PORTS)
        if record is None:
            return None
        if self.is_gate:
            mode = record.field(tables.TRUCK_MODE)
            if mode in tables.MODES:
                self._read(record, tables.TRUCK_MODE)
            inland = Conveyance(
                mode=Code(system="uncefact-rec-19", value=tables.MODES[mode]) if mode in tables.MODES else None,
                name=_text(record, tables.TRUCK_PLATE),
            )
            return Transport(inland=inland) if inland != Conveyance() else None
        route = Transport(
            loading=self._port(record, tables.LOADING_CODE, tables.LOADING_NAME),
            discharge=self._port(record, tables.DISCHARGE_CODE, tables.DISCHARGE_NAME),
            destination=self._port(record, tables.DELIVERY_CODE, tables.DELIVERY_NAME),
        )
        return route if route != Transport() else None

    def _place(self) -> Place | None:
        record = self.box.find(tables.PORTS)
        if self.is_gate or record is None:
            return None
        if self.move == "DISC":
            return self._port(record, tables.DISCHARGE_CODE, tables.DISCHARGE_NAME)
        return self._port(record, tables.LOADING_CODE, tables.LOADING_NAME)

    def _port(self, record: NumberedRecord, code: int, name: int) -> Place | None:
        remarks: list[Remark] = []
        place = unlocode(_text(record, code), remarks) or Place()
        self.remarks.extend(remark for remark in remarks if remark not in self.remarks)
        place = place.model_copy(update={"name": _text(record, name)})
        return place if place != Place() else None

    def _unread(self) -> Iterator[Remark]:
        """What stands in a field that is not read, so that nothing that was said is lost."""
        kept = more = 0
        call = (self.box.call,) if self.box.call is not None else ()
        for record in (*call, self.box.record, *self.box.behind):
            read = tables.READ[self.file].get(record.number, frozenset({1})) | self.noted.get(record.number, set())
            for count, text in enumerate(record.fields, 1):
                if count in read or text in tables.NOTHING:
                    continue
                if kept < UNREAD_MAX:
                    kept += 1
                    yield Remark(rule="not-read", text=f"record {record.number}, field {count}: {text[:400]}")
                else:
                    more += 1
        if more:
            yield Remark(rule="not-read", text=f"{more} more fields were not read")


def _text(record: NumberedRecord, count: int) -> str | None:
    text = record.field(count)
    return text[:256] if text not in tables.NOTHING else None


def _head_remarks(records: Sequence[NumberedRecord], file: str) -> Iterator[str]:
    """What stands before the first container and is about none, so that it is no remark on a record."""
    for record in records:
        if record.number == tables.BOX:
            return
        read = tables.READ[file].get(record.number, frozenset({1}))
        if record.number != tables.CALL and any(
            count not in read and text not in tables.NOTHING for count, text in enumerate(record.fields, 1)
        ):
            # Records such as 14 (tally) name persons, so what they say is not repeated.
            yield f"record {record.place} ({record.number}) says more than is read"


def _count_remarks(records: Sequence[NumberedRecord]) -> tuple[str, ...]:
    end = next((record for record in records if record.number == tables.END), None)
    if end is None:
        return ("the file has no end record (99): it may have been cut",)
    if end.field(2).isdigit() and int(end.field(2)) != len(records):
        return (f"the end record counts {end.field(2)} records, the file holds {len(records)}",)
    return ()
