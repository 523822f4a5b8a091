"""UBL waybills and weight statements: each figure at each place where the schemas let it stand."""

from __future__ import annotations

import pytest

from adapters.formats.ubl_waybill import tables
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import LogisticsWeight, TransportDocument

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
STAGE = "<cac:ShipmentStage><cbc:TransportModeCode>1</cbc:TransportModeCode>{inner}</cac:ShipmentStage>"


def document(root: str, shipment: str, head: str = "") -> bytes:
    return (
        f'<{root} xmlns="{UBL}{root}-2" xmlns:cac="{UBL}CommonAggregateComponents-2" '
        f'xmlns:cbc="{UBL}CommonBasicComponents-2"><cbc:ID>W-1</cbc:ID><cbc:IssueDate>2026-04-01</cbc:IssueDate>{head}'
        f"<cac:Shipment><cbc:ID>S-9</cbc:ID>{shipment}</cac:Shipment></{root}>"
    ).encode()


def within(path: tuple[str, ...], inner: str) -> str:
    for name in reversed(path):
        inner = f"<cac:{name}>{inner}</cac:{name}>"
    return inner


def waybill(shipment: str) -> TransportDocument:
    record = read_message(document("Waybill", shipment)).entities[0].record
    assert isinstance(record, TransportDocument)
    return record


@pytest.mark.parametrize(
    ("path", "field"),
    [(path, "gross") for path in tables.GROSS] + [(path, "net") for path in tables.NET],
)
def test_a_waybills_weights_are_read_at_each_place(path: tuple[str, ...], field: str) -> None:
    measure = f'<cbc:{path[-1]} unitCode="KGM">12.5</cbc:{path[-1]}>'
    assert getattr(waybill(within(path[:-1], measure)).transport, field).value == "12.50000"


@pytest.mark.parametrize("path", tables.PACKAGES)
def test_a_waybills_packages_are_read_at_each_place(path: tuple[str, ...]) -> None:
    transport = waybill(within(path[:-1], f"<cbc:{path[-1]}>7</cbc:{path[-1]}>")).transport
    assert transport is not None
    assert transport.packages is not None
    assert transport.packages.count == 7


@pytest.mark.parametrize(
    ("path", "field"),
    [(path, "loading") for path in tables.LOADING] + [(path, "discharge") for path in tables.DISCHARGE],
)
def test_a_waybills_ports_are_read_at_each_place(path: tuple[str, ...], field: str) -> None:
    port = "<cbc:ID>CNTXG</cbc:ID>"
    said = STAGE.format(inner=within(path[1:], port)) if path[0] == "STAGE" else within(path, port)
    assert getattr(waybill(said).transport, field).unlocode == "CNTXG"


@pytest.mark.parametrize("path", tables.EQUIPMENT)
def test_a_waybills_container_is_read_at_each_place(path: tuple[str, ...]) -> None:
    transport = waybill(within(path, "<cbc:ID>CSQU3054383</cbc:ID>")).transport
    assert transport is not None
    assert [box.number for box in transport.containers] == ["CSQU3054383"]


def test_goods_without_a_description_keep_their_weight() -> None:
    record = waybill('<cac:GoodsItem><cbc:GrossWeightMeasure unitCode="KGM">5</cbc:GrossWeightMeasure></cac:GoodsItem>')
    assert record.goods_items[0].name is None
    assert record.goods_items[0].gross is not None


def weights(shipment: str) -> list[LogisticsWeight]:
    records = [entity.record for entity in read_message(document("WeightStatement", shipment)).entities]
    assert all(isinstance(record, LogisticsWeight) for record in records)
    return [record for record in records if isinstance(record, LogisticsWeight)]


def bulk(attribute: str, unit: str = "TNE", value: str = "12.3") -> str:
    return (
        f"<cac:MeasurementDimension><cbc:AttributeID>{attribute}</cbc:AttributeID>"
        f'<cbc:Measure unitCode="{unit}">{value}</cbc:Measure></cac:MeasurementDimension>'
    )


@pytest.mark.parametrize("path", tables.GOODS)
def test_bulk_goods_have_their_weight_on_the_goods_item(path: tuple[str, ...]) -> None:
    inner = "<cac:Item><cbc:Name>Ore</cbc:Name></cac:Item>" + bulk("LN", "MTR", "4") + bulk("AAF")
    (record,) = weights(within(path, inner))
    assert (record.weight.gross.value, record.weight.gross.unit) == ("12.30000", "TNE")
    assert record.weight.dimension is not None
    assert (record.weight.dimension.value, record.weight.container, record.weight.goods) == ("AAF", None, "Ore")
    assert ("cop", "ubl-shipment", "S-9") in {(found.kind, found.scope, found.value) for found in record.references}


@pytest.mark.parametrize("path", tables.UNITS)
def test_several_containers_of_one_unit_are_several_weights(path: tuple[str, ...]) -> None:
    mass = (
        '<cac:VerifiedGrossMass><cbc:GrossMassMeasure unitCode="KGM">{}</cbc:GrossMassMeasure></cac:VerifiedGrossMass>'
    )
    boxes = "".join(
        f"<cac:TransportEquipment><cbc:ID>{number}</cbc:ID>{mass.format(value)}</cac:TransportEquipment>"
        for number, value in (("CSQU3054383", "100"), ("MSKU1234565", "200"))
    )
    records = weights(within(path, boxes))
    assert [record.weight.gross.value for record in records] == ["100.00000", "200.00000"]
    assert {record.weight.kind for record in records} == {"vgm"}


def test_a_statement_of_no_weight_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="names a weight"):
        read_message(document("WeightStatement", "<cac:GoodsItem><cbc:ID>1</cbc:ID></cac:GoodsItem>"))
