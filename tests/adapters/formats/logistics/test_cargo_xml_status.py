"""Cargo-XML XFSU: each status of a shipment by air is an event, with its time as the message means it."""

from __future__ import annotations

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import LogisticsEvent
from tests.adapters.formats.schema_cases import sample

SAMPLE = sample("cargo_xml", "status.xml").decode()


def event_of(text: str) -> LogisticsEvent:
    (entity,) = read_message(text.encode()).entities
    assert isinstance(entity.record, LogisticsEvent)
    return entity.record


def changed(old: str, new: str) -> str:
    assert old in SAMPLE
    return SAMPLE.replace(old, new)


def test_a_departure_has_flight_place_local_time_and_its_part_of_the_goods() -> None:
    record = event_of(SAMPLE)
    event, transport = record.event, record.transport
    assert event.gross is not None
    assert event.conveyance is not None
    assert transport is not None
    assert transport.packages is not None
    assert (event.code.value, event.happened.utc, event.classifier) == ("DEP", "2026-03-02T05:55:00Z", "ACT")
    assert (event.pieces, event.gross.value, event.part, event.conveyance.voyage) == (4, "350.00000", True, "CA931")
    assert (event.bill, transport.packages.count) == ("999-12345675", 14)
    assert [remark.rule for remark in record.remarks] == ["local-time"]


@pytest.mark.parametrize(
    ("word", "classifier", "rules"),
    [
        ("A", "ACT", {"local-time"}),
        ("E", "EST", {"local-time"}),
        ("S", "PLN", {"local-time"}),
        ("Q", "UNKNOWN", {"local-time", "unknown-code"}),
    ],
)
def test_a_time_is_of_its_type(word: str, classifier: str, rules: set[str]) -> None:
    record = event_of(
        changed("TypeCode>A</ram:DepartureDateTimeTypeCode>", f"TypeCode>{word}</ram:DepartureDateTimeTypeCode>")
    )
    assert record.event.classifier == classifier
    assert {remark.rule for remark in record.remarks} == rules


def test_a_flights_time_without_its_type_is_not_taken_for_an_actual_one() -> None:
    record = event_of(changed("<ram:DepartureDateTimeTypeCode>A</ram:DepartureDateTimeTypeCode>", ""))
    assert record.event.classifier == "UNKNOWN"


def test_a_status_that_no_list_has_is_marked() -> None:
    record = event_of(changed("<ram:ReasonCode>DEP", "<ram:ReasonCode>XYZ"))
    assert not record.event.code.known


def test_a_manifested_shipment_is_planned() -> None:
    assert event_of(changed("<ram:ReasonCode>DEP", "<ram:ReasonCode>MAN")).event.classifier == "PLN"


def test_a_status_without_a_time_leaves_no_record() -> None:
    start, end = SAMPLE.index("<ram:DepartureEvent>"), SAMPLE.index("</ram:DepartureEvent>")
    (entity,) = read_message((SAMPLE[:start] + SAMPLE[end + len("</ram:DepartureEvent>") :]).encode()).entities
    assert (entity.record, entity.note) == (None, "DEP names no time: not recorded")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("<ram:ID>999-12345675</ram:ID>", "<ram:ID>H1</ram:ID>", "BusinessHeaderDocument/ID"),
        ("PurposeCode>Creation", "PurposeCode>Deletion", "MessageHeaderDocument/PurposeCode"),
        ("PurposeCode>Creation", "PurposeCode>Guess", "MessageHeaderDocument/PurposeCode"),
        ("2026-03-02T13:55:00", "yesterday", "StatusMessage/MasterConsignment"),
    ],
)
def test_a_fault_is_named_by_its_place(old: str, new: str, where: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(changed(old, new).encode())
    assert refused.value.faults[0].field.startswith(where)
