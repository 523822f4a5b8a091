"""EDIFACT IFTMIN: what is asked to be carried, as a `logistics.transport_document` of kind `other`.

An instruction is no bill: it says what its sender wants, before anything was loaded. It is found by the bill, the
booking, the declaration or the UCR that it names; one without any of them keeps its own number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.formats.dcsa_tnt.reader import BOOKING_SCOPE
from adapters.formats.transport_instruction import tables
from adapters.mapping.edifact import (
    GOODS_MAX,
    container_of,
    control_total,
    function_of,
    function_remark,
    goods_of,
    means_of,
    moment_of,
    party_of,
    place_of,
    placed_in,
    total_of,
    ucrs_of,
)
from adapters.mapping.edifact_messages import MessageSource, names_message, read_interchange
from adapters.mapping.totals import total_packages
from adapters.message import Entity, ReadMessage
from adapters.parsing.edifact import EdifactMessage, Segment
from adapters.parsing.edifact_groups import SegmentGroup, grouped, unread_segments
from adapters.parsing.xml_fields import Faults
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Function, Instant
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Container, Place, Transport

KIND: Final = "IFTMIN"
CONTAINERS_MAX: Final = 1_000


class TransportInstructionReader:
    """IFTMIN."""

    kind = "EDIFACT-IFTMIN"

    def recognises(self, message: bytes) -> bool:
        """Whether the first message header names it."""
        return names_message(message, KIND)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return read_interchange(message, KIND, _read, "holds at least one instruction")


READERS = (TransportInstructionReader(),)


def _read(message: EdifactMessage, source: MessageSource, faults: Faults) -> Iterator[Entity]:
    root = grouped(message.segments, tables.TABLE)
    begin = root.first("BGM")
    function = function_of(begin, f"UNH {message.reference}", faults)
    if begin is not None and function is not None:
        yield _Instruction(root, begin, function, faults).entity(source.at(0))


class _Instruction:
    """One message while it is read."""

    def __init__(self, root: SegmentGroup, begin: Segment, function: Function, faults: Faults) -> None:
        self.root = root
        self.begin = begin
        self.function = function
        self.faults = faults
        self.remarks: list[Remark] = [*function_remark(begin, "transport_document.function")]
        legs = list(root.each("leg"))
        self.leg = next((leg for leg in legs if leg.segments[0].qualifier == tables.MAIN), legs[0] if legs else None)

    def entity(self, source: Source) -> Entity:
        """The record; faults are noted."""
        own = self.begin.get(1)
        bill = self._reference(*tables.BILLS)
        booking = self._reference(tables.BOOKING)
        number = bill or booking or own
        if not number:
            rule = "names its own number, a bill (RFF BM) or a booking (RFF BN)"
            self.faults.add(self.begin.where, rule, fix="Add the number of the message (BGM 1004)")
            return Entity(source.ordinal, None, note="not read")
        goods, containers = self._goods(), tuple(self._containers())
        references = (*self._references(bill, booking), *_statement(own))
        lookup = tuple(known for known in references if known.scope != tables.STATEMENT_SCOPE)
        record = TransportDocument(
            ucr=ucrs_of((s for group in self._sayers() for s in group.find("RFF", tables.UCR)), self.remarks),
            references=references,
            source=source,
            transport_document=TransportDocumentHead(
                kind="other",
                number=number[:64],
                function=self.function,
                own_number=own or None,
                note=self._kind(),
            ),
            parties=tuple(self._parties()),
            goods_items=goods,
            transport=self._transport(bill, goods, containers),
        )
        unread = unread_segments(self.root.all_segments(), self.root.read, tables.IGNORED)
        record = record.with_remarks(*self.remarks, *self.faults.take_notes(), *unread)
        return Entity(source.ordinal, record, lookup=lookup, amends=self._amended(own))

    def _parties(self) -> Iterator[Party]:
        for group in self.root.each("party"):
            if ("NAD", group.segments[0].qualifier) not in tables.IGNORED and (
                party := party_of(group.head)
            ) is not None:
                yield party

    def _kind(self) -> str:
        code = self.begin.get(0)
        if code not in tables.DOCUMENTS:
            text = f"document code {code or 'none'} is of no instruction that we know"
            self.remarks.append(Remark(rule="unknown-code", text=text, field="transport_document.kind"))
        return f"instruction ({code or 'no code'}: {tables.DOCUMENTS.get(code, 'unknown')})"

    def _sayers(self) -> Iterator[SegmentGroup]:
        """Groups in which references may stand, the nearest to the whole consignment first."""
        yield from self.root.each("reference")
        yield from (inner for leg in self.root.each("leg") for inner in leg.each("reference"))
        yield from self.root.each("goods")
        yield from self.root.each("container")

    def _reference(self, *qualifiers: str) -> str:
        for qualifier in qualifiers:
            for group in self._sayers():
                for segment in group.find("RFF", qualifier):
                    if segment.get(0, 1):
                        return segment.get(0, 1)
        return ""

    def _references(self, bill: str, booking: str) -> Iterator[Reference]:
        if bill:
            yield Reference(kind="transport_document", value=bill)
        if booking:
            yield Reference(kind="cop", scope=BOOKING_SCOPE, value=booking)
        for qualifier, kind in tables.REFERENCES.items():
            values = dict.fromkeys(s.get(0, 1) for group in self._sayers() for s in group.find("RFF", qualifier))
            yield from (Reference(kind=kind, value=value) for value in values if value)

    def _amended(self, own: str) -> Reference | None:
        """What a change is about: the message that it names (RFF ACW), else the one of its own number."""
        if self.function == "new":
            return None
        named = self._reference(tables.PREVIOUS) or own
        return next(_statement(named), None)

    def _goods(self) -> tuple[GoodsItem, ...]:
        groups = list(self.root.each("goods"))
        if len(groups) > GOODS_MAX:
            self.faults.add(groups[0].segments[0].where, f"at most {GOODS_MAX} goods items", value=len(groups))
            return ()
        return tuple(goods_of(group, ordinal, self.remarks, self.faults) for ordinal, group in enumerate(groups, 1))

    def _containers(self) -> Iterator[Container]:
        """The containers with the ordinals of the goods in them; of one that has no number yet its size is a remark."""
        items: dict[str, list[int]] = {}
        for ordinal, goods in enumerate(self.root.each("goods"), 1):
            for number in placed_in(goods):
                items.setdefault(number, []).append(ordinal)
        groups = list(self.root.each("container"))
        if len(groups) > CONTAINERS_MAX:
            self.faults.add(groups[0].segments[0].where, f"at most {CONTAINERS_MAX} containers", value=len(groups))
            return
        seen: set[str] = set()
        for group in groups:
            box = container_of(group, self.remarks, self.faults)
            if box is None:
                text = f"a container without a number: {group.segments[0].text}"
                self.remarks.append(Remark(rule="no-container-number", text=text[:500], field="transport.containers"))
            elif box.number not in seen:
                seen.add(box.number)
                yield box.model_copy(update={"items": tuple(items.pop(box.number, ()))})
        for number, ordinals in items.items():
            yield Container(number=number[:17], known=False, items=tuple(ordinals))

    def _transport(self, bill: str, goods: tuple[GoodsItem, ...], containers: tuple[Container, ...]) -> Transport:
        loading, discharge = self._place(tables.LOADING), self._place(tables.DISCHARGE)
        conveyance = means_of(self.leg.first("TDT"), self.remarks) if self.leg is not None else None
        gross, packages = control_total(self.root, tables.TOTAL_GROSS, tables.TOTAL_PACKAGES, self.faults)
        return Transport(
            mode=conveyance.mode if conveyance is not None else None,
            conveyance=conveyance,
            bill=bill[:64] or None,
            departure=self._place(tables.DEPARTURE),
            loading=loading,
            discharge=discharge,
            destination=self._place(tables.DESTINATION),
            departed=self._time(tables.DEPARTED, loading),
            arrived=self._time(tables.ARRIVED, discharge),
            packages=total_packages(goods) or packages,
            gross=total_of((item.gross for item in goods), self.remarks) or gross,
            containers=containers,
        )

    def _place(self, qualifiers: Sequence[str]) -> Place | None:
        """The place that the main leg names, else the consignment."""
        leg_places = list(self.leg.each("place")) if self.leg is not None else []
        for group in (*leg_places, *self.root.each("place")):
            if (segment := group.first("LOC", *qualifiers)) is not None:
                return place_of(segment, self.remarks)
        return None

    def _time(self, qualifiers: Sequence[str], place: Place | None) -> Instant | None:
        groups = [self.leg, *(self.leg.each("place") if self.leg is not None else ()), self.root]
        for group in groups:
            segment = group.first("DTM", *qualifiers) if group is not None else None
            if segment is not None:
                return moment_of(segment, place, self.remarks, self.faults, "transport")
        return None


def _statement(number: str) -> Iterator[Reference]:
    if number:
        yield Reference(kind="cop", scope=tables.STATEMENT_SCOPE, value=number)
