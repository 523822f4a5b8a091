"""Cargo-XML XFFM and XFHL: what a flight carries, and the house waybills under a master."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import TransportDocument
from tests.adapters.formats.schema_cases import sample

FLIGHT = sample("cargo_xml", "flight.xml").decode()
HOUSES = sample("cargo_xml", "houses.xml").decode()


def entities_of(text: str) -> tuple[Entity, ...]:
    return read_message(text.encode()).entities


def records_of(text: str) -> list[TransportDocument]:
    records = [entity.record for entity in entities_of(text)]
    assert all(isinstance(record, TransportDocument) for record in records)
    return [record for record in records if isinstance(record, TransportDocument)]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def rules_of(record: TransportDocument) -> set[str]:
    return {remark.rule for remark in record.remarks}


def test_a_waybill_in_two_loads_of_a_flight_is_one_record_with_their_sum() -> None:
    first, second = records_of(FLIGHT)
    transport = first.transport
    assert transport is not None
    assert transport.gross is not None
    assert transport.packages is not None
    assert (first.transport_document.kind, first.transport_document.number) == ("manifest", "999-12345675")
    assert (transport.gross.value, transport.packages.count) == ("704.00000", 39)
    assert [box.number for box in transport.containers] == ["PMC24269BH"]
    assert second.transport_document.number == "999-12345686"


def test_a_flight_has_its_airports_aircraft_and_local_times() -> None:
    transport = records_of(FLIGHT)[1].transport
    assert transport is not None
    assert transport.conveyance is not None
    assert transport.departed is not None
    assert transport.arrived is not None
    places = (transport.departure, transport.loading, transport.discharge, transport.destination)
    assert [place.code.value for place in places if place and place.code] == ["TSN", "PEK", "FRA", "MUC"]
    assert (transport.conveyance.voyage, transport.conveyance.name) == ("BH931", "B-2096")
    assert (transport.departed.utc, transport.arrived.utc) == ("2026-03-02T05:55:00Z", "2026-03-02T17:20:00Z")


def test_a_part_of_a_consignment_and_a_planned_arrival_are_remarked_on() -> None:
    first, second = records_of(FLIGHT)
    assert {"part", "time-type"} <= rules_of(first)
    assert "part" not in rules_of(second)


def test_what_is_not_read_of_one_waybill_stands_on_its_record_alone() -> None:
    first, second = records_of(FLIGHT)
    assert any("HEA" in remark.text for remark in second.remarks)
    assert not any("HEA" in remark.text for remark in first.remarks)


def test_a_flight_without_cargo_leaves_no_record() -> None:
    start, end = FLIGHT.index("<ram:AssociatedTransportCargo>"), FLIGHT.index("  </ArrivalEvent>")
    nil = "<ram:AssociatedTransportCargo><ram:TypeCode>NIL</ram:TypeCode></ram:AssociatedTransportCargo>"
    (entity,) = entities_of(FLIGHT[:start] + nil + FLIGHT[end:])
    assert (entity.record, entity.note) == (None, "nothing is loaded on the flight (NIL)")


def test_each_house_of_a_list_is_a_record_under_its_master() -> None:
    first, second = records_of(HOUSES)
    assert [(r.transport_document.number, r.transport_document.master) for r in (first, second)] == [
        ("BHA260188", "999-12345675"),
        ("BHA260189", "999-12345675"),
    ]
    assert [(r.transport.gross.value, r.transport.packages.count) for r in (first, second)] == [  # type: ignore[union-attr]
        ("504.00000", 28),
        ("200.00000", 11),
    ]
    assert entities_of(HOUSES)[1].lookup[0].value == "999-12345675_BHA260189"
    assert any("KEEP DRY" in remark.text for remark in second.remarks)
    assert not any("KEEP DRY" in remark.text for remark in first.remarks)


@pytest.mark.parametrize("text", [FLIGHT, HOUSES])
@pytest.mark.parametrize(("purpose", "function"), [("Update", "change"), ("Deletion", "delete")])
def test_a_changed_or_deleted_list_amends_what_it_said_and_not_the_waybill(
    text: str, purpose: str, function: str
) -> None:
    entity = entities_of(changed(text, "PurposeCode>Creation", f"PurposeCode>{purpose}"))[0]
    assert isinstance(entity.record, TransportDocument)
    assert entity.record.transport_document.function == function
    assert entity.amends is not None
    assert entity.amends.scope.startswith("cargo-xml-")


@pytest.mark.parametrize(
    ("text", "old", "new", "where"),
    [
        (FLIGHT, "<ram:ID>999-12345686", "<ram:ID>H1", "ArrivalEvent[1]/AssociatedTransportCargo[1]"),
        (FLIGHT, "<ram:ID>BH931</ram:ID>", "", "FlightManifest/LogisticsTransportMovement/ID"),
        (FLIGHT, "<ram:ID>FRA</ram:ID>", "", "OccurrenceArrivalLocation"),
        (FLIGHT, "2026-03-02T13:55:00", "yesterday", "DepartureEvent/DepartureOccurrenceDateTime"),
        (FLIGHT, "PurposeCode>Creation", "PurposeCode>Guess", "MessageHeaderDocument/PurposeCode"),
        (FLIGHT, ">81.5<", ">-81.5<", "IncludedMasterConsignment[2]/GrossWeightMeasure"),
        (HOUSES, "<ram:ID>BHA260189", "<ram:ID>" + "9" * 36, "IncludedHouseConsignment[2]"),
        (
            HOUSES,
            "<ram:TransportContractDocument><ram:ID>999-12345675",
            "<ram:TransportContractDocument><ram:ID>X",
            "ID",
        ),
        (HOUSES, ">11<", ">eleven<", "IncludedHouseConsignment[2]/TotalPieceQuantity"),
    ],
)
def test_a_fault_is_named_by_its_place(text: str, old: str, new: str, where: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(changed(text, old, new).encode())
    assert len(refused.value.faults) == 1
    assert where in refused.value.faults[0].field


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: _repeated(HOUSES, "IncludedHouseConsignment", 1_001), "at most 1000 house waybills"),
        (lambda: _repeated(FLIGHT, "AssociatedTransportCargo", 2_001), "at most 2000 loads"),
    ],
)
def test_endless_lists_are_refused(build: Callable[[], str], rule: str) -> None:
    with pytest.raises(MalformedMessage, match=rule):
        read_message(build().encode())


def test_a_thousand_waybills_in_one_device_are_read() -> None:
    start, end = _element(FLIGHT, "IncludedMasterConsignment")
    block = FLIGHT[start:end]
    many = "".join(block.replace("12345675", f"{1_000_000 + n}{(1_000_000 + n) % 7}") for n in range(1_000))
    assert len(entities_of(FLIGHT[:start] + many + FLIGHT[end:])) == 1_002


def _element(text: str, name: str) -> tuple[int, int]:
    return text.index(f"<ram:{name}>"), text.index(f"</ram:{name}>") + len(f"</ram:{name}>")


def _repeated(text: str, name: str, count: int) -> str:
    start, end = _element(text, name)
    return text[:start] + text[start:end] * count + text[end:]
