"""Cargo-XML XFHL: the house waybills under a master, each a `logistics.transport_document`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.formats.cargo_xml import tables
from adapters.formats.cargo_xml.parts import AIR, HOUSE_NUMBER, Function, WaybillReading, inner, parties
from adapters.mapping.logistics import NOTE, SHORT
from adapters.message import Entity
from adapters.parsing.coverage import unread_elements
from adapters.parsing.xml_fields import Fields
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.sections import GoodsItem
from chain.records.transport import Transport

HOUSES_MAX: Final = 1_000


def read_houses(root: Fields, function: Function, source: Source, reading: WaybillReading) -> Iterator[Entity]:
    """An entity for each house waybill of the list."""
    root.child("BusinessHeaderDocument", required=True)
    master = inner(root.child("MasterConsignment", required=True))
    contract = master.child("TransportContractDocument", required=True) if master is not None else None
    above = contract.text("ID", SHORT) if contract is not None else None
    if master is None or above is None:
        return
    if tables.AWB.fullmatch(above) is None:
        where = f"{master.where}/TransportContractDocument/ID"
        reading.faults.add(where, "is a waybill number such as 999-12345675", value=above)
        return
    houses = list(master.each("IncludedHouseConsignment"))
    if len(houses) > HOUSES_MAX:
        reading.faults.add(houses[0].where, f"at most {HOUSES_MAX} house waybills", value=len(houses))
        return
    if not houses:
        reading.faults.add(f"{master.where}/IncludedHouseConsignment", "must be there", fix="Name a house waybill")
    number = reading.number(above)
    apart = [house.element for house in houses]
    reading.remarks, remarks = [], reading.remarks
    common = (*remarks, *unread_elements(root.element, reading.faults, tables.IGNORED, apart=apart))
    for ordinal, house in enumerate(houses):
        entity = _entity(house, number, function, source.model_copy(update={"ordinal": ordinal}), reading)
        if entity is not None and entity.record is not None:
            own = _own_remarks(house, reading)
            yield Entity(ordinal, entity.record.with_remarks(*common, *own), lookup=entity.lookup, amends=entity.amends)


def _own_remarks(house: Fields, reading: WaybillReading) -> tuple[Remark, ...]:
    reading.remarks, remarks = [], reading.remarks
    return (*remarks, *unread_elements(house.element, reading.faults, tables.IGNORED))


def _entity(house: Fields, master: str, function: Function, source: Source, reading: WaybillReading) -> Entity | None:
    contract = house.child("TransportContractDocument", required=True)
    number = contract.text("ID", HOUSE_NUMBER) if contract is not None else None
    gross, pieces = reading.mass(house, "GrossWeightMeasure"), reading.pieces(house, "TotalPieceQuantity")
    described = house.maybe("SummaryDescription", NOTE)
    if number is None:
        return None
    own = f"{master}_{number}"
    record = TransportDocument(
        references=(
            # Not the house number alone: each forwarder counts its own.
            Reference(kind="transport_document", value=own),
            Reference(kind="master_bill", value=master),
            Reference(kind="cop", scope=tables.HOUSES_SCOPE, value=own),
        ),
        source=source,
        transport_document=TransportDocumentHead(
            kind="house_air_waybill", number=number, master=master, function=function
        ),
        parties=tuple(parties(house, reading)),
        goods_items=(GoodsItem(ordinal=1, name=described),) if described else (),
        transport=Transport(
            mode=AIR,
            bill=own,
            master_bill=master,
            loading=reading.airport(house, "OriginLocation"),
            discharge=reading.airport(house, "FinalDestinationLocation"),
            packages=pieces,
            gross=gross,
            volume=reading.volume(house, "GrossVolumeMeasure"),
        ),
    )
    # A house waybill (XFZB) names the same number: what is amended is what this list said of it.
    amends = record.references[2] if function != "new" else None
    return Entity(source.ordinal, record, lookup=record.references[:1], amends=amends)
