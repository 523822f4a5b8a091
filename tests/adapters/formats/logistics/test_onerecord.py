"""ONE Record: waybills, shipments and events, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import LogisticsEvent, TransportDocument
from tests.samples import samples_dir

Told = Callable[[str, str], list[bytes]]


def _waybill(told: Told, **changes: object) -> bytes:
    value = json.loads(told("air_import", "Waybill")[0])
    value.update(changes)
    return json.dumps(value).encode()


def test_a_waybill_keeps_number_places_parties_and_weight(told: Told) -> None:
    read = read_message(told("air_import", "Waybill")[0])
    record = read.entities[0].record
    assert isinstance(record, TransportDocument)
    head, transport = record.transport_document, record.transport
    assert head.kind == "air_waybill"
    assert transport is not None
    assert transport.gross is not None
    assert transport.gross.unit == "KGM"
    assert transport.loading is not None
    assert transport.loading.code is not None
    assert transport.loading.code.value == "FRA"
    assert [party.role for party in record.parties] == ["consignor", "consignee"]
    assert record.parties[1].uscc is not None
    assert record.references[0].value == head.number


def test_an_event_finds_its_waybill_by_the_address_of_the_shipment(told: Told) -> None:
    waybill = read_message(told("air_import", "Waybill")[0]).entities[0]
    event = read_message(told("air_import", "LogisticsEvent")[0]).entities[0]
    assert isinstance(event.record, LogisticsEvent)
    assert waybill.record is not None
    assert event.lookup[0].key in {reference.key for reference in waybill.record.references}


def test_a_house_waybill_names_its_master(told: Told) -> None:
    master = {"@type": "cargo:Waybill", "cargo:waybillPrefix": "999", "cargo:waybillNumber": "12345675"}
    body = _waybill(told, **{"cargo:waybillType": {"@id": "cargo:HOUSE"}, "cargo:masterWaybill": master})
    record = read_message(body).entities[0].record
    assert isinstance(record, TransportDocument)
    assert (record.transport_document.kind, record.transport_document.master) == ("house_air_waybill", "999-12345675")
    assert ("master_bill", "", "99912345675") in {reference.key for reference in record.references}


def test_a_waybill_number_with_a_wrong_check_digit_is_kept_with_a_remark(told: Told) -> None:
    record = read_message(_waybill(told, **{"cargo:waybillNumber": "12345670"})).entities[0].record
    assert isinstance(record, TransportDocument)
    assert record.transport_document.number.endswith("12345670")
    assert [remark.rule for remark in record.remarks] == ["awb-check-digit"]


@pytest.mark.parametrize(
    ("member", "value", "place"),
    [
        ("cargo:eventDate", None, "object[1]/eventDate"),
        ("cargo:eventDate", "02.03.2026 09:00", "object[1]/eventDate"),
        ("cargo:eventCode", None, "object[1]/eventCode"),
    ],
)
def test_an_event_without_what_it_needs_is_refused(told: Told, member: str, value: object, place: str) -> None:
    event = json.loads(told("air_import", "LogisticsEvent")[0])
    event[member] = value
    with pytest.raises(MalformedMessage) as refusal:
        read_message(json.dumps(event).encode())
    assert [fault.field for fault in refusal.value.faults] == [place]


@pytest.mark.parametrize("kind", [[], "", 5, ["cargo:Piece"], None])
def test_an_object_of_no_known_type_is_refused(told: Told, kind: object) -> None:
    with pytest.raises(MalformedMessage, match="@type"):
        read_message(_waybill(told, **{"@type": kind}))


def test_all_faults_are_named_at_once(told: Told) -> None:
    event = json.loads(told("air_import", "LogisticsEvent")[0])
    del event["cargo:eventDate"], event["cargo:eventCode"]
    with pytest.raises(MalformedMessage) as refusal:
        read_message(json.dumps(event).encode())
    assert len(refusal.value.faults) == 2


def test_a_name_with_and_without_its_prefix_is_refused(told: Told) -> None:
    with pytest.raises(MalformedMessage, match="prefix"):
        read_message(_waybill(told, waybillNumber="12345675"))


@pytest.mark.parametrize(
    ("unit", "kept", "rule"),
    [("STN", "KGM", "unit"), ("TNE", "TNE", None), ("LBR", "LBR", None), ("XYZ", "mass-unit:XYZ", "unknown-code")],
)
def test_a_weight_in_another_unit_is_kept_or_turned_into_kilograms(
    told: Told, unit: str, kept: str, rule: str | None
) -> None:
    value = json.loads(told("air_import", "Waybill")[0])
    value["cargo:shipment"]["cargo:totalGrossWeight"]["cargo:unit"]["@id"] = f"x#{unit}"
    record = read_message(json.dumps(value).encode()).entities[0].record
    assert isinstance(record, TransportDocument)
    assert record.transport is not None
    assert record.transport.gross is not None
    assert record.transport.gross.unit == kept
    assert (rule in {remark.rule for remark in record.remarks}) == (rule is not None)


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("LogisticsEvent_with_id.json", ["logistics.event"]),
        ("LogisticsEvents_list.json", ["logistics.event", "logistics.event"]),
        ("Shipment_with_Piece.embedded.json", ["logistics.transport_document"]),
        ("CustomsInformation.json", [""]),
    ],
)
def test_the_standards_own_examples_are_read(name: str, types: list[str]) -> None:
    read = read_message((samples_dir() / "onerecord" / name).read_bytes())
    assert [entity.record.TYPE if entity.record else "" for entity in read.entities] == types
    assert all(entity.record or entity.note for entity in read.entities)
