"""Cargo-XML: the waybill (XFWB) and the house waybill (XFZB)."""

from __future__ import annotations

from importlib import resources

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import TransportDocument

SAMPLES = resources.files("adapters.formats.cargo_xml").joinpath("samples")
WAYBILL, HOUSE = (SAMPLES.joinpath(f"{name}.xml").read_text(encoding="utf-8") for name in ("waybill", "house"))


def entity_of(text: str) -> Entity:
    (entity,) = read_message(text.encode()).entities
    return entity


def document_of(text: str) -> TransportDocument:
    record = entity_of(text).record
    assert isinstance(record, TransportDocument)
    return record


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} must stand once in the sample"
    return text.replace(old, new)


def test_a_waybill_has_number_day_values_and_charges() -> None:
    head = document_of(WAYBILL).transport_document
    assert (head.kind, head.number, head.issued_on, head.function) == (
        "air_waybill",
        "999-12345675",
        "2026-03-01",
        "new",
    )
    assert head.charges is not None
    assert head.declared_value is not None
    assert head.insurance is not None
    assert (head.charges.value, head.declared_value.value, head.insurance.value) == ("28776.25", "85000.00", "90000.00")


def test_a_waybill_has_flight_airports_goods_and_unit_load() -> None:
    record = document_of(WAYBILL)
    transport = record.transport
    assert transport is not None
    assert transport.conveyance is not None
    assert transport.departed is not None
    assert (transport.conveyance.voyage, transport.departed.utc) == ("CA931", "2026-03-02T05:55:00Z")
    places = (transport.loading, *transport.transit, transport.discharge)
    assert [place.code.value for place in places if place and place.code] == ["PEK", "MUC", "FRA"]
    (item,) = record.goods_items
    assert (item.hs, item.name, item.origin) == ("848180", "GATE VALVES OF STEEL", "CN")
    assert [box.number for box in transport.containers] == ["PMC12345CA"]
    assert any("GrossVolumeMeasure: 6.4" in remark.text for remark in record.remarks)


def test_parties_have_the_numbers_of_the_customs_notes() -> None:
    record = document_of(WAYBILL)
    assert [(party.role, party.name, party.uscc) for party in record.parties] == [
        ("consignor", "BEIJING VALVE CO LTD", "91110000100001342C"),
        ("consignee", "RHEIN ARMATUREN GMBH", None),
        ("agent", "BOHAI AIR FORWARDING", None),
        ("notify", "MAIN BROKER GMBH", None),
    ]


def test_names_of_people_are_not_repeated_in_remarks() -> None:
    texts = " ".join(remark.text for remark in document_of(WAYBILL).remarks)
    assert "WANG WU" not in texts
    assert "LI SI" not in texts
    assert "CN/SHP/CP/(may be personal, not repeated)" in texts


def test_a_house_waybill_is_named_with_its_master() -> None:
    entity = entity_of(HOUSE)
    record = document_of(HOUSE)
    assert [(found.kind, found.value) for found in record.references] == [
        ("transport_document", "999-12345675_BHA260188"),
        ("master_bill", "999-12345675"),
    ]
    assert entity.lookup == record.references[:1]
    head = record.transport_document
    assert (head.kind, head.number, head.master) == ("house_air_waybill", "BHA260188", "999-12345675")
    assert head.charges is not None
    assert head.charges.value == "1408.00"
    assert [(item.hs, item.name) for item in record.goods_items] == [("848190", "SPARE PARTS OF VALVES")]


@pytest.mark.parametrize(("purpose", "function"), [("Update", "change"), ("Deletion", "delete")])
def test_an_update_and_a_deletion_amend_the_waybill(purpose: str, function: str) -> None:
    text = changed(WAYBILL, "<ram:PurposeCode>Creation", f"<ram:PurposeCode>{purpose}")
    entity = entity_of(text)
    assert document_of(text).transport_document.function == function
    assert entity.amends == document_of(text).references[0]


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ("<ram:PurposeCode>Creation", "<ram:PurposeCode>Merge", "PurposeCode", "is one of Creation"),
        ("<ram:ID>999-12345675<", "<ram:ID>CA-77<", "BusinessHeaderDocument/ID", "is a waybill number"),
        ("<ram:ID>PEK</ram:ID></ram:OriginLocation>", "<ram:ID>Peking</ram:ID></ram:OriginLocation>", "ID", "airport"),
        ('currencyID="CNY">90000', ">90000", "InsuranceValueAmount", "must be there"),
        ('unitCode="KGM">1250.5</ram:Inc', 'unitCode="KGM">-4</ram:Inc', "GrossWeightMeasure", "not negative"),
        ("2026-03-02T13:55:00", "2 March", "ScheduledOccurrenceDateTime", "ISO 8601"),
        ("<ram:TotalPieceQuantity>14", "<ram:TotalPieceQuantity>many", "TotalPieceQuantity", "whole number"),
    ],
)
def test_a_wrong_element_is_named_with_its_rule(old: str, new: str, field: str, rule: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(changed(WAYBILL, old, new).encode())
    assert field in str(refused.value)
    assert rule in str(refused.value)


def test_a_house_waybill_needs_its_master() -> None:
    text = changed(HOUSE, "<ram:ID>99912345675</ram:ID>", "")
    with pytest.raises(MalformedMessage, match="TransportContractDocument/ID"):
        read_message(text.encode())


def test_a_waybill_with_a_wrong_check_digit_is_kept_as_said() -> None:
    text = changed(WAYBILL, "<ram:ID>999-12345675<", "<ram:ID>999-12345674<")
    record = document_of(text)
    assert record.transport_document.number == "999-12345674"
    assert "awb-check-digit" in {remark.rule for remark in record.remarks}


def test_charges_in_two_currencies_are_not_added() -> None:
    text = changed(
        WAYBILL, '<ram:GrandTotalAmount currencyID="CNY">640.00', '<ram:GrandTotalAmount currencyID="EUR">80'
    )
    record = document_of(text)
    assert record.transport_document.charges is None
    assert any("28136.25 CNY, 80.00 EUR" in remark.text for remark in record.remarks)
