"""EDIFACT IFTSTA: each status of a container, or of a consignment without one, is a `logistics.event`.

The status code keeps the list that it says it is of: carriers use lists of their own, and one list's code means nothing
in another. Times without a zone are those of the place, with a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from adapters.formats.dcsa_tnt.reader import BOOKING_SCOPE
from adapters.formats.transport_status import tables
from adapters.formats.transport_status.segment_order import statuses_first
from adapters.mapping.edifact import FUNCTION_NAMES, FUNCTIONS, LADEN, moment_of
from adapters.mapping.logistics import box_number, imo, noted, unlocode
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import RULE, UNREAD_MAX
from adapters.parsing.edifact import EdifactMessage, Segment, parse_interchange
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.identifiers import Ucr
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Function, Instant
from chain.records.transport import Container, Conveyance, Event, Place, Transport

TYPE: Final = "IFTSTA"
STATUS_SCOPE: Final = "edifact-status"
STATUSES_MAX: Final = 2_000
SEGMENTS_MAX: Final = 100
"""Segments that are said of one status, its containers apart; each container's event looks at all of them."""
_LLOYDS: Final = "146"
_LOCODES: Final = ("", "139", "227")
_NUMBER: Final = re.compile(r"[A-Z0-9 -]{1,17}")


@dataclass
class StatusSegments:
    """One status: its segments by their group, those of its consignment and of the head, and its container's."""

    begin: Segment
    status: Segment
    segments: list[tuple[tables.StatusGroup, Segment]]
    box: Segment | None = None
    read: set[int] = field(default_factory=set)

    def find(self, tag: str, groups: Sequence[tables.StatusGroup], *qualifiers: str) -> Iterator[Segment]:
        """The segments of that tag and of one of the qualifiers, group by group; they count as read."""
        for group in groups:
            for named, segment in self.segments:
                if named == group and segment.tag == tag and (not qualifiers or segment.get(0) in qualifiers):
                    self.read.add(segment.place)
                    yield segment

    def unread(self) -> Iterator[Remark]:
        """Remarks on the segments that were not read and are not left out with a reason."""
        segments = (self.begin, self.status, *(segment for _, segment in self.segments))
        texts = [text for segment in segments if (text := self._unread_of(segment))]
        yield from (Remark(rule=RULE, text=text) for text in texts[:UNREAD_MAX])
        if len(texts) > UNREAD_MAX:
            yield Remark(rule=RULE, text=f"{len(texts) - UNREAD_MAX} more segments were not read")

    def _unread_of(self, segment: Segment) -> str:
        """What was not read of a segment; empty where nothing is missing or the rest is left out with a reason."""
        if segment.place in self.read or segment in (self.begin, self.status):
            return segment.unread()[:500]
        if not tables.IGNORED.keys().isdisjoint(((segment.tag, segment.qualifier), (segment.tag, ""))):
            return ""
        # The number of a consignment in the message says nothing of it.
        return "" if segment.tag == "CNI" and len(segment.elements) < 2 else _unread_text(segment)


def _unread_text(segment: Segment) -> str:
    if segment.tag in tables.PERSONAL:
        return f"{segment.tag} (may be personal, not repeated)"
    if segment.tag == "NAD":
        return f"NAD+{segment.get(0)}+{segment.get(1)} (name and address not repeated)"
    return segment.text[:500]


class TransportStatusReader:
    """IFTSTA."""

    kind = "EDIFACT-IFTSTA"

    def recognises(self, message: bytes) -> bool:
        """Whether the first message header names it."""
        return re.search(rb"UNH.{1,20}IFTSTA", message[:4096], re.DOTALL) is not None

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        control, messages = parse_interchange(message, faults)
        digest = message_digest(message)
        entities: list[Entity] = []
        boxes = sum(segment.tag == "EQD" for part in messages for segment in part.segments)
        if boxes > STATUSES_MAX:  # before any is looked at
            raise MalformedMessage("EQD", f"at most {STATUSES_MAX} containers", value=boxes)
        for part in messages:
            if part.type != TYPE:
                raise MalformedMessage(f"UNH {part.reference}", f"is {TYPE}", value=part.type)
            for report in _reports(part, faults):
                if len(entities) >= STATUSES_MAX:
                    raise MalformedMessage("STS", f"at most {STATUSES_MAX} statuses")
                with noted(report.status.where, faults):
                    source = Source(
                        kind=_kind(part), sha256=digest, message_id=part.reference or None, ordinal=len(entities)
                    )
                    entities.append(_entity(report, source, faults))
        # A status of many containers has its faults once.
        faults.found[:] = {(fault.field, fault.rule, str(fault.value)): fault for fault in faults.found}.values()
        faults.refuse("EDIFACT message")
        if not entities:
            raise MalformedMessage("STS", "names at least one status")
        return ReadMessage(_kind(messages[0]), control or None, None, tuple(entities))


READERS = (TransportStatusReader(),)


def _kind(part: EdifactMessage) -> str:
    return f"{part.type}-{part.directory.replace(':', '.')}"


def _reports(message: EdifactMessage, faults: Faults) -> Iterator[StatusSegments]:
    """The statuses of a message; none, and a fault, where its function is not known."""
    begin = next((segment for segment in message.segments if segment.tag == "BGM"), None)
    function = begin.get(2) if begin is not None else ""
    if begin is None or function not in FUNCTIONS:
        known = ", ".join(code for code in FUNCTIONS if code)
        rule = f"is a message function that is acted on: {known}" if begin is not None else "must be there"
        faults.add(f"UNH {message.reference}/BGM (1225)", rule, value=function)
        return
    head: list[tuple[tables.StatusGroup, Segment]] = []
    consignment: list[tuple[tables.StatusGroup, Segment]] = []
    own: list[tuple[tables.StatusGroup, Segment]] = []
    status: Segment | None = None
    group: tables.StatusGroup = "head"
    for segment in statuses_first(message.segments, faults):
        if segment.tag == "BGM":
            continue
        group = tables.GROUP_BEGINS.get(segment.tag, group)
        if segment.tag in ("CNI", "STS"):
            if status is not None:
                yield from _of_containers(begin, status, [*head, *consignment], own)
            own, status = [], segment if segment.tag == "STS" else None
        if segment.tag == "CNI":
            consignment = []
        if group == "head":
            head.append((group, segment))
        elif group == "consignment":
            consignment.append((group, segment))
        elif segment is not status:
            own.append((group, segment))
    if status is not None:
        yield from _of_containers(begin, status, [*head, *consignment], own)


def _of_containers(
    begin: Segment,
    status: Segment,
    above: list[tuple[tables.StatusGroup, Segment]],
    own: list[tuple[tables.StatusGroup, Segment]],
) -> Iterator[StatusSegments]:
    """A report for each container of a status; one without a container where it names none."""
    shared = [(group, segment) for group, segment in own if group != "container"]
    if len(above) + len(shared) > SEGMENTS_MAX:
        raise MalformedMessage(status.where, f"at most {SEGMENTS_MAX} segments besides its containers")
    boxes: list[list[tuple[tables.StatusGroup, Segment]]] = []
    for group, segment in own:
        if segment.tag == "EQD":
            boxes.append([])
        if group == "container" and boxes:
            boxes[-1].append((group, segment))
            if len(boxes[-1]) > SEGMENTS_MAX:
                raise MalformedMessage(boxes[-1][0][1].where, f"at most {SEGMENTS_MAX} segments a container")
    for box in boxes:
        yield StatusSegments(begin, status, [*above, *shared, *box], box[0][1])
    if not boxes:
        yield StatusSegments(begin, status, [*above, *shared])


def _entity(report: StatusSegments, source: Source, faults: Faults) -> Entity:
    remarks: list[Remark] = []
    code = _code(report.status, faults)
    place = _place(report, remarks)
    happened, classifier = _happened(report, place, remarks, faults)
    box = _container(report, remarks, faults)
    references = tuple(_references(report, remarks))
    if code is None or happened is None:
        return Entity(source.ordinal, None, note="not read")
    if box is None and not references:
        faults.add(report.status.where, "names a container (EQD) or a reference (RFF)", fix="Add EQD or RFF")
        return Entity(source.ordinal, None, note="not read")
    function: Function = FUNCTIONS[report.begin.get(2)]
    if (name := FUNCTION_NAMES.get(report.begin.get(2))) is not None:
        text = f"message function {report.begin.get(2)}: a {name} of what was said before"
        remarks.append(Remark(rule="message-function", text=text, field="event.function"))
    bill = next((found.value for found in references if found.kind == "transport_document"), None)
    about = box.number if box is not None else bill or references[0].value
    event_id = ":".join((report.begin.get(1) or "status", about, code.value))
    own = Reference(kind="cop", scope=STATUS_SCOPE, value=event_id[:256])
    boxed = (Reference(kind="container", value=box.number, on=happened.utc[:10]),) if box is not None else ()
    reason = report.status.get(2, 3) or report.status.get(2)
    event = Event(
        id=event_id[:256],
        code=code,
        function=function,
        classifier=classifier,
        happened=happened,
        place=place,
        container=box,
        conveyance=_conveyance(report, remarks),
        bill=bill,
        reason=reason or None,
        retracts=event_id[:256] if function == "delete" else None,
    )
    record = LogisticsEvent(
        ucr=_ucrs(report, remarks),
        references=(*references, *boxed, own),
        source=source,
        transport=_transport(report, remarks),
        event=event,
        remarks=(*remarks, *report.unread()),
    )
    return Entity(source.ordinal, record, lookup=(*references, *boxed), amends=own if function != "new" else None)


def _code(status: Segment, faults: Faults) -> Code | None:
    """C555: code, its list, the agency that keeps it, and the code in words."""
    value, listed, agency, name = (status.get(1, at) for at in range(4))
    if not re.fullmatch(r"[!-~]{1,35}", value):
        faults.add(status.where, "has a status code (9011)", value=value or None, fix="Add the code")
        return None
    keeper = "" if agency in tables.UN_AGENCIES and value.isdecimal() else listed or agency or "unsaid"
    system = f"edifact-status-{keeper}" if keeper else "uncl-9011"
    return Code(system=re.sub("[^!-~]", "-", system)[:64], value=value, name=name or None)


def _happened(
    report: StatusSegments, place: Place | None, remarks: list[Remark], faults: Faults
) -> tuple[Instant | None, Literal["ACT", "UNKNOWN"]]:
    """When it happened, and whether the message says that it did: a code of a list that we do not have may be about
    what is expected."""
    for qualifier, classifier in tables.TIMES.items():
        for segment in report.find("DTM", ("status",), qualifier):
            return moment_of(segment, place, remarks, faults, "event.happened"), classifier
    said = ", ".join(tables.TIMES)
    faults.add(report.status.where, f"has the time of the status (DTM {said})", fix="Add a DTM segment")
    return None, "UNKNOWN"


def _place(report: StatusSegments, remarks: list[Remark]) -> Place | None:
    for qualifier in tables.PLACES:
        for segment in report.find("LOC", ("status",), qualifier):
            return _named(segment, remarks)
    return None


def _named(segment: Segment, remarks: list[Remark]) -> Place | None:
    """C517: code, its list, its agency, name; C519: a place in it, or its country (list 162)."""
    code, listed, name = segment.get(1), segment.get(1, 1), segment.get(1, 3) or None
    country = segment.get(2) if segment.get(2, 1) == "162" and re.fullmatch("[A-Z]{2}", segment.get(2)) else None
    place = Place()
    if code and listed in _LOCODES:
        place = unlocode(code, remarks) or place
    elif code:
        place = Place(code=Code(system="edifact-place", value=code, name=listed or None))
    if segment.get(2) and not country and place.code is None:
        place = place.model_copy(update={"code": Code(system="edifact-facility", value=segment.get(2))})
    if not (code or name or country or place.code):
        return None
    return place.model_copy(update={"name": name, "country": country})


def _container(report: StatusSegments, remarks: list[Remark], faults: Faults) -> Container | None:
    box = report.box
    number = box.get(1) if box is not None else ""
    if box is None:
        number = next((found.get(0, 1) for found in report.find("RFF", ("status",), tables.EQUIPMENT)), "")
    if not number:
        return None
    if not _NUMBER.fullmatch(number):
        faults.add(box.where if box is not None else report.status.where, "names a container", value=number)
        return None
    number, known = box_number(number, remarks)
    if box is None:
        return Container(number=number, known=known)
    report.read.add(box.place)
    if box.get(5) and box.get(5) not in LADEN:
        remarks.append(Remark(rule="unknown-code", text=f"full or empty is {box.get(5)}", field="event.container"))
    size = Code(system="iso-6346-type", value=box.get(2)) if box.get(2) else None
    return Container(number=number, known=known, size_type=size, laden=LADEN.get(box.get(5)))


def _references(report: StatusSegments, remarks: list[Remark]) -> Iterator[Reference]:
    """The numbers that are said nearest to the status; another number of the same kind farther off is a remark."""
    seen: dict[str, tuple[tables.StatusGroup, str]] = {}
    for group in tables.SAID_OF:
        for segment in report.find("RFF", (group,), *tables.REFERENCES):
            qualifier, value = segment.get(0), segment.get(0, 1)
            kind = tables.REFERENCES[qualifier]
            nearest, first = seen.setdefault(qualifier, (group, value))
            if value and nearest == group:
                yield Reference(kind=kind, scope=BOOKING_SCOPE if qualifier == tables.BOOKING else "", value=value)
            elif value and value != first:
                remarks.append(Remark(rule=RULE, text=segment.text[:500]))


def _ucrs(report: StatusSegments, remarks: list[Remark]) -> tuple[Ucr, ...]:
    ucrs: dict[Ucr, None] = {}
    for segment in report.find("RFF", tables.SAID_OF, tables.UCR):
        if Ucr.is_valid(segment.get(0, 1)):
            ucrs[Ucr.parse(segment.get(0, 1))] = None
        else:
            remarks.append(Remark(rule="ucr", text=f"{segment.get(0, 1)} is no UCR"))
    return tuple(ucrs)


def _conveyance(report: StatusSegments, remarks: list[Remark]) -> Conveyance | None:
    """The means of transport that the status is about: the first leg."""
    legs = [segment for group, segment in report.segments if group == "leg" and segment.tag == "TDT"]
    if not legs:
        return None
    leg = legs[0]
    report.read.add(leg.place)
    return Conveyance(
        mode=Code(system="uncefact-rec-19", value=leg.get(2)) if leg.get(2) else None,
        name=leg.get(7, 3) or leg.get(7) or None,
        imo=imo(leg.get(7), remarks) if leg.get(7, 1) == _LLOYDS else None,
        voyage=leg.get(1) or None,
        carrier=Code(system="carrier", value=leg.get(4)) if leg.get(4) else None,
    )


def _transport(report: StatusSegments, remarks: list[Remark]) -> Transport | None:
    """Ports of loading (LOC 9), discharge (11) and destination (7, 8) of the leg."""
    places: list[Place | None] = []
    for qualifiers in (("9",), ("11",), ("7", "8")):
        segment = next(report.find("LOC", ("leg",), *qualifiers), None)
        places.append(_named(segment, remarks) if segment is not None else None)
    if not any(places):
        return None
    return Transport(loading=places[0], discharge=places[1], destination=places[2])
