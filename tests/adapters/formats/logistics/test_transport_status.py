"""EDIFACT IFTSTA: statuses of containers and consignments."""

from __future__ import annotations

from importlib import resources

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import LogisticsEvent

SAMPLE = (
    resources.files("adapters.formats.transport_status").joinpath("samples", "status.edi").read_text(encoding="utf-8")
)


def entities_of(text: str) -> tuple[Entity, ...]:
    return read_message(text.encode()).entities


def events_of(text: str) -> list[LogisticsEvent]:
    records = [entity.record for entity in entities_of(text)]
    assert all(isinstance(record, LogisticsEvent) for record in records)
    return [record for record in records if isinstance(record, LogisticsEvent)]


def changed(old: str, new: str) -> str:
    assert SAMPLE.count(old) == 1, f"{old!r} must stand once in the sample"
    return SAMPLE.replace(old, new)


def without(segment: str) -> str:
    """The sample without a segment, its count put right."""
    return changed(f"{segment}'\n", "").replace("UNT+23+1", "UNT+22+1")


def test_a_status_of_two_containers_is_two_events() -> None:
    events = [record.event for record in events_of(SAMPLE)]
    assert [(event.code.system, event.code.value, event.container and event.container.number) for event in events] == [
        ("edifact-status-22", "VD", "CSQU3054383"),
        ("edifact-status-22", "VD", "BHLU9920150"),
        ("uncl-9011", "21", "CSQU3054383"),
    ]


def test_a_status_has_place_time_of_the_place_vessel_and_ports() -> None:
    record = events_of(SAMPLE)[0]
    event, transport = record.event, record.transport
    assert event.place is not None
    assert event.conveyance is not None
    assert transport is not None
    assert (event.place.unlocode, event.place.country, event.happened.utc) == ("CNTXG", "CN", "2026-03-02T14:10:00Z")
    assert (event.conveyance.name, event.conveyance.voyage, event.conveyance.imo) == ("BOHAI STAR", "018W", "9074729")
    ports = (transport.loading, transport.discharge, transport.destination)
    assert [port.unlocode for port in ports if port] == ["CNTXG", "USLGB", "USHOU"]


def test_a_status_is_found_by_bill_booking_and_container_of_that_day() -> None:
    entity = entities_of(SAMPLE)[0]
    assert [(found.kind, found.scope, found.value, found.on) for found in entity.lookup] == [
        ("cop", "carrier-booking", "BHLB26018800", ""),
        ("transport_document", "", "BHLPUS0188", ""),
        ("container", "", "CSQU3054383", "2026-03-02"),
    ]


def test_a_container_may_be_named_by_a_reference() -> None:
    event = events_of(SAMPLE)[2].event
    assert event.container is not None
    assert (event.container.number, event.happened.utc) == ("CSQU3054383", "2026-03-18T21:00:00Z")


def test_only_an_actual_time_says_that_it_took_place() -> None:
    assert {record.event.classifier for record in events_of(SAMPLE)} == {"UNKNOWN"}
    assert events_of(changed("DTM+334:202603022210", "DTM+78:202603022210"))[0].event.classifier == "ACT"


def test_a_bill_said_of_the_status_counts_before_that_of_the_head() -> None:
    text = changed("DTM+334:202603022210:203'", "RFF+BM:OTHER1'\nDTM+334:202603022210:203'")
    record = events_of(text.replace("UNT+23+1", "UNT+24+1"))[0]
    assert record.event.bill == "OTHER1"
    assert "RFF+BM:BHLPUS0188" in {remark.text for remark in record.remarks}


@pytest.mark.parametrize(("code", "function"), [("4", "change"), ("5", "change"), ("1", "delete"), ("3", "delete")])
def test_a_changed_or_cancelled_status_amends_the_earlier_one(code: str, function: str) -> None:
    entity = entities_of(changed("BHST260188+9", f"BHST260188+{code}"))[0]
    assert isinstance(entity.record, LogisticsEvent)
    assert entity.record.event.function == function
    assert entity.amends is not None
    assert entity.amends.value == "BHST260188:CSQU3054383:VD"


def test_what_is_not_read_is_a_remark_and_names_of_people_are_not() -> None:
    text = changed("RFF+BN:BHLB26018800'", "CTA+IC+:WANG WU'\nRFF+FF:F-77'\nRFF+BN:BHLB26018800'")
    texts = {remark.text for remark in events_of(text.replace("UNT+23+1", "UNT+25+1"))[0].remarks}
    assert {"RFF+FF:F-77", "DTM+133:202603022200:203", "CTA (may be personal, not repeated)"} <= texts
    assert not any("WANG" in text for text in texts)


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        (changed("BHST260188+9", "BHST260188+22"), "1225", "message function that is acted on"),
        (without("DTM+334:202603022210:203"), "STS[9]", "has the time of the status (DTM 78, 334, 7)"),
        (changed("334:202603022210:203", "334:2 March:203"), "DTM[10]", "is a time in format"),
        (changed("STS+1+VD::22:Vessel departed", "STS+1"), "STS[9]", "has a status code (9011)"),
        (changed("EQD+CN+CSQU3054383+", "EQD+CN+csqu_1+"), "EQD", "names a container"),
        (changed("UNT+23+1", "UNT+9+1"), "UNT", "counts the 23 segments"),
    ],
)
def test_a_wrong_segment_is_named_with_its_rule(text: str, field: str, rule: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(text.encode())
    assert str(refused.value).count(field) == 1
    assert rule in str(refused.value)


def test_a_status_that_names_nothing_is_refused() -> None:
    text = "UNH+1+IFTSTA:D:99B:UN'BGM+23+7+9'CNI+1'STS+1+21'DTM+334:202603022210:203'UNT+6+1'"
    with pytest.raises(MalformedMessage, match="names a container"):
        read_message(text.encode())


def test_a_message_without_a_status_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="names at least one status"):
        read_message(b"UNH+1+IFTSTA:D:99B:UN'BGM+23+7+9'UNT+3+1'")


@pytest.mark.parametrize(
    ("segments", "rule"),
    [
        ("RFF+FF:1'" * 300, "at most 100 segments besides its containers"),
        ("EQD+CN+CSQU3054383'" + "SEL+1'" * 300, "at most 100 segments a container"),
        ("EQD+CN+CSQU3054383'" * 2_001, "at most 2000 containers"),
    ],
)
def test_endless_statuses_are_refused(segments: str, rule: str) -> None:
    text = f"UNH+1+IFTSTA:D:99B:UN'BGM+23+7+9'CNI+1'STS+1+21'DTM+334:202603022210:203'{segments}"
    count = text.count("'") + 1
    with pytest.raises(MalformedMessage, match=rule):
        read_message(f"{text}UNT+{count}+1'".encode())


def test_a_container_may_come_before_its_statuses_as_in_later_directories() -> None:
    body = (
        "UNB+UNOC:3+A+B+260303:1000+1'UNH+1+IFTSTA:D:21A:UN'BGM+23+ST1+9'RFF+BM:B1'"
        "EQD+CN+CSQU3054383+42G1:102:5+++5'RFF+BN:N1'STS+1+21::6'LOC+175+CNTXG:139:6'DTM+334:202603020900:203'"
        "STS+1+24::6'LOC+175+CNTXG:139:6'DTM+334:202603021000:203'"
        "EQD+CN+BHLU9920150'STS+1+21::6'LOC+175+CNTXG:139:6'DTM+334:202603020930:203'UNT+16+1'UNZ+1+1'"
    )
    events = [record.event for record in events_of(body)]
    assert [
        (event.code.value, event.happened.said, event.container and event.container.number) for event in events
    ] == [
        ("21", "202603020900", "CSQU3054383"),
        ("24", "202603021000", "CSQU3054383"),
        ("21", "202603020930", "BHLU9920150"),
    ]
    assert {event.bill for event in events} == {"B1"}
