"""UBL WeightStatement (2.2 on): one weight for each container weighed, or for each goods item where there is none.

The verified gross mass of a container stands in its equipment (SOLAS); bulk goods have their weight on the goods item,
as `GrossWeightMeasure` or as a `MeasurementDimension` whose attribute (UN/ECE 6313) says which weight it is. Such a
weight is kept as said, with that attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.formats.ubl_waybill import tables
from adapters.formats.ubl_waybill.reader import named_parties, read_box
from adapters.mapping.logistics import MASS_UNITS, NAME, NOTE, TOKEN, moment, noted
from adapters.mapping.ubl import CAC, CBC, UBL_DAY, each_in, first, measure, note_copy
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import RULE, unread_elements
from adapters.parsing.forms import Form
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsWeight, WeightHead
from chain.records.scalars import Code, Instant, Weight
from chain.records.sections import Party, PartyRole

KIND: Final = "UBL-WeightStatement"
WEIGHTS_MAX: Final = 1000
SHIPMENT_SCOPE: Final = "ubl-shipment"
"""Scope of a shipment's number: its sender's own."""
_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:WeightStatement-2"
_TIME: Final = Form("a time hh:mm:ss", re.compile(r"\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})?"))
_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("ResponsibleParty", "responsible"),
    ("WeighingParty", "operator"),
    ("ShipperParty", "consignor"),
    ("SenderParty", "other"),
    ("ReceiverParty", "other"),
)
_BOOKING: Final = "BN"
"""UN/ECE 1153 of a booking number."""


class UblWeightReader:
    """UBL WeightStatement."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the root is UBL's WeightStatement."""
        return peek_root(message).namespace == _NAMESPACE

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        note_copy(root)
        number = root.text(f"{CBC}ID", NAME)
        digest = message_digest(message)
        weighed = list(_weighed(root))
        if not weighed:
            rule = "names a weight: TransportHandlingUnit/TransportEquipment/VerifiedGrossMass, or one on a GoodsItem"
            faults.add(f"{root.where}/Shipment", rule, fix="Give the weight")
        if len(weighed) > WEIGHTS_MAX:
            faults.add(root.where, f"names at most {WEIGHTS_MAX} weights", value=len(weighed))
        read: list[tuple[LogisticsWeight | None, Fields]] = []
        parties: tuple[Party, ...] = ()
        with noted(root.where, faults):  # once: a statement of many weights and many parties is no square
            parties = tuple(named_parties(root, _PARTIES))
        for ordinal, (shipment, unit, equipment) in enumerate(weighed[:WEIGHTS_MAX]):
            with noted(unit.where, faults):
                source = Source(kind=KIND, sha256=digest, message_id=number, ordinal=ordinal)
                read.append((_Reading(root, shipment, unit, parties).record(equipment, source), unit))
        faults.refuse(KIND)
        return ReadMessage(KIND, number, None, tuple(_entities(root, read)))


READERS = (UblWeightReader(),)


def _entities(root: Fields, read: list[tuple[LogisticsWeight | None, Fields]]) -> Iterator[Entity]:
    """Each record with the remarks on what was not read of it; what is said of the whole is remarked on in each."""
    apart = list(dict.fromkeys(unit.element for _, unit in read))
    whole = unread_elements(root.element, root.faults, tables.IGNORED, apart=apart)
    for ordinal, (record, unit) in enumerate(read):
        if record is None:
            yield Entity(ordinal, None, note="not read")
            continue
        record = record.with_remarks(*whole, *unread_elements(unit.element, root.faults, tables.IGNORED))
        yield Entity(ordinal, record, lookup=record.references)


def _weighed(root: Fields) -> Iterator[tuple[Fields, Fields, Fields | None]]:
    """Shipment, what was weighed (handling unit, goods item or the shipment), and the container where there is one."""
    for shipment in root.each(f"{CAC}Shipment"):
        found = False
        for unit in (unit for path in tables.UNITS for unit in each_in(shipment, *path)):
            for equipment in each_in(unit, "TransportEquipment"):
                found = True
                yield shipment, unit, equipment
            if first(unit, "TransportEquipment") is None and first(unit, "MeasurementDimension") is not None:
                found = True
                yield shipment, unit, None
        if found:
            continue
        for item in (item for path in tables.GOODS for item in each_in(shipment, *path)):
            if _goods_weight(item)[0] is not None:
                found = True
                yield shipment, item, None
        if not found and measure(shipment, "GrossWeightMeasure") is not None:
            yield shipment, shipment, None


class _Reading:
    """One weight while it is read."""

    def __init__(self, root: Fields, shipment: Fields, unit: Fields, parties: tuple[Party, ...]) -> None:
        self.root = root
        self.parties = parties
        self.shipment = shipment
        self.unit = unit
        self.remarks: list[Remark] = []

    def record(self, equipment: Fields | None, source: Source) -> LogisticsWeight | None:
        """The weight; faults are noted."""
        mass = equipment.child(f"{CAC}VerifiedGrossMass") if equipment is not None else None
        box = read_box(equipment, self.remarks) if equipment is not None else None
        gross = measure(mass, "GrossMassMeasure") if mass is not None else None
        dimension: str | None = None
        if gross is None and box is not None:
            gross = box.gross
        if gross is None:
            gross, dimension = _goods_weight(equipment or self.unit)
        if gross is None:
            place = mass or equipment or self.unit
            place.faults.add(f"{place.where}/GrossMassMeasure", "must be there", fix="Give the weight")
        if (equipment is not None and box is None) or gross is None:
            return None
        method = mass.maybe(f"{CBC}WeighingMethodCode", TOKEN) if mass is not None else None
        at = self._time(mass)
        certificate = first(mass, "DocumentReference")
        booking, own = self._booking(), self.shipment.maybe(f"{CBC}ID", NAME)
        number = mass.maybe(f"{CBC}ID", NAME) if mass is not None else None
        bill = _bill(self.shipment)
        record = LogisticsWeight(
            references=(
                *((Reference(kind="transport_document", value=bill),) if bill else ()),
                *((Reference(kind="cop", scope="carrier-booking", value=booking),) if booking else ()),
                *((Reference(kind="container", value=box.number, on=self._day(mass, at)),) if box else ()),
                *((Reference(kind="cop", scope=SHIPMENT_SCOPE, value=own),) if own else ()),
            ),
            source=source,
            weight=WeightHead(
                gross=gross,
                kind="vgm" if mass is not None else "other",
                dimension=Code(system="uncl-6313", value=dimension) if dimension else None,
                goods=_goods_name(self.unit),
                method=Code(system="solas-vgm-method", value=method) if method else None,
                at=at,
                id=number or self.root.maybe(f"{CBC}ID", NAME),
                container=box,
                bill=bill,
                booking=booking,
                certificate=certificate.maybe(f"{CBC}ID", NAME) if certificate is not None else None,
            ),
            parties=self.parties,
        )
        return record.with_remarks(*self.remarks)

    def _time(self, mass: Fields | None) -> Instant | None:
        """When it was weighed; without a verified mass, when the statement was issued."""
        holder, prefix = (mass, "Weighing") if mass is not None else (self.root, "Issue")
        date, time = holder.maybe(f"{CBC}{prefix}Date", UBL_DAY), holder.maybe(f"{CBC}{prefix}Time", _TIME)
        if mass is not None and date:
            # The statement's own day says less than the weighing's.
            self.root.maybe(f"{CBC}IssueDate", UBL_DAY)
            self.root.maybe(f"{CBC}IssueTime", NAME)
        if not date or not time:
            for name, text in (("Date", date), ("Time", time)):
                if text:
                    self.remarks.append(Remark(rule=RULE, text=f"{prefix}{name}: {text}", field="weight.at"))
            return None
        return moment(f"{date[:10]}T{time}", f"{holder.where}/{prefix}Time", holder.faults, self.remarks)

    def _day(self, mass: Fields | None, at: Instant | None) -> str:
        if at is not None:
            return at.utc[:10]
        date = mass.maybe(f"{CBC}WeighingDate", UBL_DAY) if mass is not None else None
        return (date or "")[:10]

    def _booking(self) -> str | None:
        for holder in (self.unit, self.shipment):
            for document in holder.each(f"{CAC}ShipmentDocumentReference"):
                if document.maybe(f"{CBC}DocumentTypeCode", TOKEN) == _BOOKING:
                    return document.maybe(f"{CBC}ID", NAME)
        return None


def _bill(shipment: Fields) -> str | None:
    """The transport document that the shipment names."""
    consignment = first(shipment, "Consignment")
    for holder, name in ((shipment, "TransportContract"), (consignment, "TransportContract")):
        contract = first(holder, name)
        if contract is not None and (number := contract.maybe(f"{CBC}ID", NAME)) is not None:
            return number[:64]
    return None


def _goods_name(unit: Fields) -> str | None:
    item = first(unit, "Item")
    for holder in (unit, item):
        if holder is None:
            continue
        for name in ("Description", "Name"):
            text = next((text for found in holder.each(f"{CBC}{name}") if (text := found.own(NOTE))), None)
            if text is not None:
                return text
    return None


def _goods_weight(holder: Fields) -> tuple[Weight | None, str | None]:
    """The weight on a goods item or unit, and which one it is: as its attribute says, else by its element's name."""
    for name in tables.GOODS_WEIGHT:
        if (mass := measure(holder, name)) is not None:
            return mass, None if name == "GrossWeightMeasure" else name.removesuffix("WeightMeasure").lower()
    for dimension in holder.each(f"{CAC}MeasurementDimension"):
        said = dimension.element.find(f"{CBC}Measure")
        if said is None or said.get("unitCode", "KGM") not in MASS_UNITS:
            continue  # a length or a volume
        if (mass := measure(dimension, "Measure")) is not None:
            return mass, dimension.maybe(f"{CBC}AttributeID", TOKEN)
    return None, None
