"""DCSA events and weights, UBL waybills and weight statements, HMRC movements."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import LogisticsEvent, LogisticsWeight, TransportDocument
from tests.samples import samples_dir

Told = Callable[[str, str], list[bytes]]


def test_a_loaded_container_keeps_its_number_seal_vessel_and_port(told: Told) -> None:
    read = read_message(told("sea_import", "DCSA TNT")[0])
    assert read.kind == "DCSA-TNT-2.2"
    event = read.entities[0].record
    assert isinstance(event, LogisticsEvent)
    assert event.event.code.value == "LOAD"
    assert event.event.container is not None
    assert event.event.container.laden
    assert event.event.container.seals
    assert event.event.conveyance is not None
    assert event.event.conveyance.imo is not None
    assert event.event.place is not None
    assert event.event.place.unlocode == "DEHAM"
    assert [reference.kind for reference in read.entities[0].lookup] == ["transport_document", "container"]


def test_a_verified_gross_mass_is_cargo_and_tare(told: Told) -> None:
    for entity in read_message(told("sea_import", "DCSA VGM")[0]).entities:
        assert isinstance(entity.record, LogisticsWeight)
        weight = entity.record.weight
        assert weight.container is not None
        assert weight.container.tare is not None
        assert weight.cargo_gross is not None
        assert float(weight.gross.value) == float(weight.cargo_gross.value) + float(weight.container.tare.value)


def test_a_retracted_event_amends_the_event_of_that_id(told: Told) -> None:
    event = {
        "eventID": "e-1",
        "isRetracted": True,
        "eventDateTime": "2026-03-02T09:00:00+08:00",
        "eventUpdatedDateTime": "2026-03-02T09:30:00+08:00",
        "eventClassification": {
            "eventTypeCode": "EQUIPMENT",
            "eventClassifierCode": "ACT",
            "equipmentEventTypeCode": "GTOT",
        },
        "equipmentDetails": {"equipmentReference": "CSQU3054383"},
    }
    entity = read_message(json.dumps({"events": [event]}).encode()).entities[0]
    assert entity.amends is not None
    assert (entity.amends.scope, entity.amends.value) == ("dcsa-event", "e-1")
    assert isinstance(entity.record, LogisticsEvent)
    assert entity.record.event.retracts == "e-1"


def test_a_container_with_a_wrong_check_digit_is_kept_with_a_remark(told: Told) -> None:
    value = json.loads(told("sea_import", "DCSA TNT")[0])
    value[0]["equipmentReference"] = "MSKU1234567"
    record = read_message(json.dumps(value).encode()).entities[0].record
    assert isinstance(record, LogisticsEvent)
    assert record.event.container is not None
    assert not record.event.container.known
    assert "container-check-digit" in [remark.rule for remark in record.remarks]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("eventDateTime", "2026-03-02"),
        ("eventDateTime", "2026-13-02T09:00:00Z"),
        ("eventClassifierCode", None),
        ("eventType", None),
        ("equipmentEventTypeCode", "two words"),
    ],
)
def test_an_event_with_a_wrong_member_is_refused_by_its_name(told: Told, member: str, value: str | None) -> None:
    events = json.loads(told("sea_import", "DCSA TNT")[0])
    events[0][member] = value
    with pytest.raises(MalformedMessage) as refusal:
        read_message(json.dumps(events).encode())
    assert [fault.field for fault in refusal.value.faults] == [f"event[1]/{member}"]


@pytest.mark.parametrize("weight", [0, -5, 1e40, "heavy"])
def test_a_weight_that_is_no_weight_is_refused(told: Told, weight: object) -> None:
    value = json.loads(told("sea_import", "DCSA VGM")[0])
    value["VGMDeclarations"][0]["VGM"]["weight"]["value"] = weight
    with pytest.raises(MalformedMessage, match="weight/value"):
        read_message(json.dumps(value).encode())


def test_a_sea_waybill_keeps_containers_vessel_and_ports(told: Told) -> None:
    record = read_message(told("sea_import", "UBL Waybill")[0]).entities[0].record
    assert isinstance(record, TransportDocument)
    assert record.transport_document.kind == "sea_waybill"
    assert record.transport is not None
    assert len(record.transport.containers) == 2
    assert record.transport.loading is not None
    assert record.transport.loading.unlocode == "DEHAM"
    assert sum(float(box.gross.value) for box in record.transport.containers if box.gross) > 0


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "kind", "types"),
    [
        ("dcsa/tnt-220-response.json", "DCSA-TNT-2.2", ["logistics.event"] * 7),
        ("dcsa/tnt-300-response.json", "DCSA-TNT-3.0", ["logistics.event"] * 5),
        ("dcsa/vgm-100.json", "DCSA-VGM-1.0", ["logistics.weight"]),
        ("ubl/UBL-Waybill-2.0-Example-International.xml", "UBL-Waybill", ["logistics.transport_document"]),
        ("ubl/UBL-WeightStatement-2.2-Example.xml", "UBL-WeightStatement", ["logistics.weight"]),
        ("wco/TT_EX011a/EAL.xml", "HMRC-movement-EAL", ["logistics.event"]),
        ("wco/TT_EX011a/EDL.xml", "HMRC-movement-EDL", ["logistics.event"]),
    ],
)
def test_the_standards_own_examples_are_read(name: str, kind: str, types: list[str]) -> None:
    read = read_message((samples_dir() / name).read_bytes())
    assert read.kind == kind
    assert [entity.record.TYPE if entity.record else "" for entity in read.entities] == types


@pytest.mark.samples
@pytest.mark.parametrize("name", ["wrong-structure", "wrong-date-times"])
def test_the_standards_own_wrong_examples_are_refused(name: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read_message((samples_dir() / "dcsa" / f"tnt-220-response-{name}.json").read_bytes())
    assert len(refusal.value.faults) >= 4


@pytest.mark.samples
def test_a_movement_names_its_own_ucr() -> None:
    record = read_message((samples_dir() / "wco/TT_EX011a/EAL.xml").read_bytes()).entities[0].record
    assert record is not None
    assert record.ucr == ("4GB602115393506-Q6OE1VLI4",)
