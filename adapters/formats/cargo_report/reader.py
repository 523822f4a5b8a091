"""EDIFACT CUSCAR: each bill that a carrier reports to customs is a `logistics.transport_document`.

A consignment (CNI) names its bill by RFF; further references behind it (master bill, UCR, declaration) are the bill's.
A report that changes or takes back amends what an earlier one said of the same bill.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.formats.cargo_report import tables
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
from adapters.mapping.edifact_messages import MessageSource, names_message, read_interchange, with_remarks
from adapters.mapping.totals import total_packages
from adapters.message import Entity, ReadMessage
from adapters.parsing.edifact import EdifactMessage, Segment
from adapters.parsing.edifact_groups import SegmentGroup, grouped, limited, unread_segments
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Function, Instant
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Container, Place, Transport

KIND: Final = "CUSCAR"
BILLS_MAX: Final = 5_000
CONTAINERS_MAX: Final = 10_000
HEAD_MAX: Final = 200
"""Segments of the message's head; each bill's record keeps what is not read of them."""
_APART: Final = ("consignment", "container")


class CargoReportReader:
    """CUSCAR."""

    kind = "EDIFACT-CUSCAR"

    def recognises(self, message: bytes) -> bool:
        """Whether the first message header names it."""
        return names_message(message, KIND)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return read_interchange(message, KIND, _read, "names at least one bill (CNI, RFF BM)")


READERS = (CargoReportReader(),)


def _read(message: EdifactMessage, source: MessageSource, faults: Faults) -> Iterator[Entity]:
    root = grouped(message.segments, tables.TABLE)
    begin = root.first("BGM")
    function = function_of(begin, f"UNH {message.reference}", faults)
    bills = [bill for consignment in root.each("consignment") for bill in _bills(consignment, faults)]
    if begin is None or function is None:
        return
    if len(bills) > BILLS_MAX:
        raise MalformedMessage("CNI", f"at most {BILLS_MAX} bills", value=len(bills))
    head = limited(root.all_segments(apart=_APART), HEAD_MAX, "before the consignments")
    report = _Report(root, begin, function, len(bills), faults)
    entities = [report.entity(bill, source.at(count)) for count, bill in enumerate(bills)]
    remarks = (*report.remarks, *report.unread_containers(), *unread_segments(head, root.read, tables.IGNORED))
    yield from with_remarks(entities, remarks)


def _bills(consignment: SegmentGroup, faults: Faults) -> Iterator[SegmentGroup]:
    """A group for each bill of a consignment, with the references beside it and all that stands behind them."""
    bills: list[SegmentGroup] = []
    number = consignment.head
    pending: list[SegmentGroup] = []
    for reference in consignment.each("bill"):
        if reference.segments[0].qualifier in tables.BILLS:
            bills.append(
                SegmentGroup(reference.table, reference.read, list(reference.segments), list(reference.groups))
            )
            for earlier in pending:
                bills[-1].segments.extend(earlier.segments)
                bills[-1].groups.extend(earlier.groups)
            pending = []
        elif bills:
            bills[-1].segments.extend(reference.segments)
            bills[-1].groups.extend(reference.groups)
        else:
            pending.append(reference)
    if not bills:
        known = ", ".join(tables.BILLS)
        faults.add(number.where, f"names its bill (RFF {known})", fix="Add RFF BM")
    if bills:
        bills[0].segments.extend(consignment.segments)
    yield from bills


class _Report:
    """One message while it is read."""

    def __init__(self, root: SegmentGroup, begin: Segment, function: Function, bills: int, faults: Faults) -> None:
        self.root = root
        self.begin = begin
        self.function = function
        self.bills = bills
        self.faults = faults
        self.remarks: list[Remark] = [*function_remark(begin, "transport_document.function")]
        self.boxes = self._boxes()
        self.leg = next(root.each("leg"), None)
        self.conveyance = means_of(self.leg.first("TDT"), self.remarks) if self.leg is not None else None
        if begin.get(0) not in tables.DOCUMENTS:
            text = f"document code {begin.get(0) or 'none'} is of no manifest"
            self.remarks.append(Remark(rule="unknown-code", text=text, field="transport_document.kind"))

    def entity(self, bill: SegmentGroup, source: Source) -> Entity:
        """The bill's record; faults are noted."""
        remarks: list[Remark] = []
        number = next((text for s in bill.find("RFF", *tables.BILLS) if (text := s.get(0, 1))), "")
        if not number:
            self.faults.add(bill.segments[0].where, "names its bill (RFF 1154)", fix="Add the number")
            return Entity(source.ordinal, None, note="not read")
        goods = self._goods(bill, remarks)
        containers = tuple(self._containers(bill))
        references = tuple(self._references(bill, number, containers))
        master = next((known.value for known in references if known.kind == "master_bill"), None)
        record = TransportDocument(
            ucr=ucrs_of(bill.find("RFF", tables.UCR), remarks),
            references=references,
            source=source,
            transport_document=TransportDocumentHead(
                kind="manifest" if self.begin.get(0) in tables.DOCUMENTS else "list",
                number=number[:64],
                master=master,
                function=self.function,
                own_number=self.begin.get(1) or None,
            ),
            parties=tuple(self._parties(bill)),
            goods_items=goods,
            transport=self._transport(bill, number, master, goods, containers, remarks),
        )
        unread = unread_segments(bill.all_segments(), bill.read, tables.IGNORED)
        record = record.with_remarks(*remarks, *self.faults.take_notes(), *unread)
        statement = references[-1]
        amends = statement if self.function != "new" else None
        return Entity(source.ordinal, record, lookup=references[:1], amends=amends)

    def unread_containers(self) -> tuple[Remark, ...]:
        """What was not read of the containers."""
        segments = [segment for group, _ in self.boxes.values() for segment in group.all_segments()]
        return unread_segments(segments, self.root.read, tables.IGNORED)

    def _references(self, bill: SegmentGroup, number: str, boxes: Sequence[Container]) -> Iterator[Reference]:
        yield Reference(kind="transport_document", value=number)
        for qualifier, kind in tables.REFERENCES.items():
            for segment in bill.find("RFF", qualifier):
                if segment.get(0, 1):
                    yield Reference(kind=kind, value=segment.get(0, 1))
        yield from (Reference(kind="container", value=box.number) for box in boxes)
        yield Reference(kind="cop", scope=tables.STATEMENT_SCOPE, value=number)

    def _parties(self, bill: SegmentGroup) -> Iterator[Party]:
        """Those of the bill, then those of the whole report, but who sent it and to whom."""
        for group in (*bill.each("party"), *self.root.each("party")):
            if ("NAD", group.segments[0].qualifier) not in tables.IGNORED and (
                party := party_of(group.head)
            ) is not None:
                yield party

    def _boxes(self) -> dict[str, tuple[SegmentGroup, Container]]:
        boxes: dict[str, tuple[SegmentGroup, Container]] = {}
        for count, group in enumerate(self.root.each("container")):
            if count >= CONTAINERS_MAX:
                raise MalformedMessage(group.segments[0].where, f"at most {CONTAINERS_MAX} containers")
            box = container_of(group, self.remarks, self.faults)
            if box is not None:
                boxes[box.number] = group, box
        return boxes

    def _containers(self, bill: SegmentGroup) -> Iterator[Container]:
        """The containers that the bill's goods are in, with the ordinals of the goods; all where it is the only bill
        and no goods say where they are."""
        items: dict[str, list[int]] = {}
        for ordinal, goods in enumerate(bill.each("goods"), 1):
            for number in placed_in(goods):
                items.setdefault(number, []).append(ordinal)
        if not items and self.bills == 1:
            items = {number: [] for number in self.boxes}
        for number, ordinals in items.items():
            known = self.boxes.get(number)
            box = known[1] if known is not None else Container(number=number[:17], known=False)
            yield box.model_copy(update={"items": tuple(ordinals)})

    def _goods(self, bill: SegmentGroup, remarks: list[Remark]) -> tuple[GoodsItem, ...]:
        groups = list(bill.each("goods"))
        if len(groups) > GOODS_MAX:
            self.faults.add(groups[0].segments[0].where, f"at most {GOODS_MAX} goods items a bill", value=len(groups))
            return ()
        return tuple(goods_of(group, ordinal, remarks, self.faults) for ordinal, group in enumerate(groups, 1))

    def _transport(
        self,
        bill: SegmentGroup,
        number: str,
        master: str | None,
        goods: tuple[GoodsItem, ...],
        containers: tuple[Container, ...],
        remarks: list[Remark],
    ) -> Transport:
        loading, discharge = self._place(bill, tables.LOADING, remarks), self._place(bill, tables.DISCHARGE, remarks)
        gross, packages = control_total(bill, tables.TOTAL_GROSS, tables.TOTAL_PACKAGES, self.faults)
        return Transport(
            mode=self.conveyance.mode if self.conveyance is not None else None,
            conveyance=self.conveyance,
            bill=number[:64],
            master_bill=master,
            departure=self._place(bill, tables.DEPARTURE, remarks),
            loading=loading,
            discharge=discharge,
            entry=self._place(bill, tables.ENTRY, remarks),
            destination=self._place(bill, tables.DESTINATION, remarks),
            departed=self._time(tables.DEPARTED, loading, remarks),
            arrived=self._time(tables.ARRIVED, discharge, remarks),
            packages=total_packages(goods) or packages,
            gross=total_of((item.gross for item in goods), remarks) or gross,
            containers=containers,
        )

    def _place(self, bill: SegmentGroup, qualifiers: Sequence[str], remarks: list[Remark]) -> Place | None:
        """The place that the bill, its leg, the voyage or the head names, the nearest first."""
        legs = [*bill.each("leg"), *([self.leg] if self.leg is not None else [])]
        for group in (bill, *legs, self.root):
            if (segment := group.first("LOC", *qualifiers)) is not None:
                return place_of(segment, remarks)
        return None

    def _time(self, qualifiers: Sequence[str], place: Place | None, remarks: list[Remark]) -> Instant | None:
        for group in (self.leg, self.root):
            segment = group.first("DTM", *qualifiers) if group is not None else None
            if segment is not None:
                return moment_of(segment, place, remarks, self.faults, "transport")
        return None
