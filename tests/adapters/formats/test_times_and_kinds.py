"""Over several readers: times without a zone, codes of no list, and kinds told by the content."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import LogisticsEvent, LogisticsWeight

FLAT = {
    "eventID": "e-9",
    "eventType": "EQUIPMENT",
    "equipmentEventTypeCode": "DISC",
    "equipmentReference": "CSQU3054383",
    "eventDateTime": "2026-07-02T08:50:00Z",
    "eventCreatedDateTime": "2026-07-02T08:51:00Z",
    "eventClassifierCode": "ACT",
}
NESTED = {
    "eventID": "e-9",
    "eventDateTime": "2026-07-02T08:50:00Z",
    "eventClassification": {
        "eventTypeCode": "EQUIPMENT",
        "eventClassifierCode": "ACT",
        "equipmentEventTypeCode": "DISC",
    },
    "equipmentDetails": {"equipmentReference": "CSQU3054383"},
}


def event_of(body: object) -> LogisticsEvent:
    message = body if isinstance(body, bytes) else json.dumps(body).encode()
    record = read_message(message).entities[0].record
    assert isinstance(record, LogisticsEvent)
    return record


def rules(record: LogisticsEvent | LogisticsWeight) -> set[str]:
    return {remark.rule for remark in record.remarks}


@pytest.mark.parametrize("wrap", [list, lambda e: e[0], lambda e: {"events": e}, lambda e: {"data": {"events": e}}])
@pytest.mark.parametrize(("event", "version"), [(FLAT, "2.2"), (NESTED, "3.0")])
def test_the_event_tells_its_version_whatever_it_is_wrapped_in(wrap: Any, event: dict[str, Any], version: str) -> None:
    read = read_message(json.dumps(wrap([event])).encode())
    assert read.kind == f"DCSA-TNT-{version}"
    record = read.entities[0].record
    assert isinstance(record, LogisticsEvent)
    assert record.event.code.value == "DISC"


@pytest.mark.parametrize(
    ("location", "utc", "rule"),
    [
        ("CNTXG", "2026-07-02T00:50:00Z", "local-time"),
        ("NLRTM", "2026-07-02T06:50:00Z", "local-time"),
        (None, "2026-07-02T08:50:00Z", "no-time-zone"),
    ],
)
@pytest.mark.parametrize("holder", ["eventLocation", "transportCall"])
def test_a_dcsa_time_without_a_zone_is_that_of_the_place(
    holder: str, location: str | None, utc: str, rule: str
) -> None:
    event = {**FLAT, "eventDateTime": "2026-07-02T08:50:00"}
    if location:
        event[holder] = {"UNLocationCode": location}  # type: ignore[assignment]
    record = event_of([event])
    assert record.event.happened.utc == utc
    assert rule in rules(record)
    assert (record.event.place.unlocode if record.event.place else None) == location


@pytest.mark.parametrize(
    ("member", "value", "path"),
    [
        ("eventClassifierCode", "MAY", ("UNKNOWN", "MAY")),
        ("eventClassifierCode", "REQ", ("REQ", None)),
        ("eventClassifierCode", "PLN", ("PLN", None)),
    ],
)
def test_a_dcsa_classifier_of_no_list_is_kept_as_said(member: str, value: str, path: tuple[str, str | None]) -> None:
    record = event_of([{**FLAT, member: value}])
    said = record.event.time_type.value if record.event.time_type else None
    assert (record.event.classifier, said) == path
    assert ("unknown-code" in rules(record)) == (path[0] == "UNKNOWN")


def test_a_dcsa_event_code_of_no_list_is_kept_as_said() -> None:
    record = event_of([{**FLAT, "equipmentEventTypeCode": "FLEW"}])
    assert (record.event.code.value, record.event.code.known) == ("FLEW", False)
    weather = {**FLAT, "eventType": "WEATHER", "weatherEventTypeCode": "RAIN"}
    assert event_of([weather]).event.code.system == "dcsa-weather-event"


@pytest.mark.parametrize("member", ["equipmentDetails", "references", "equipmentReference"])
def test_a_dcsa_container_is_found_at_each_place(member: str) -> None:
    event = {name: value for name, value in FLAT.items() if name != "equipmentReference"}
    event[member] = {  # type: ignore[assignment]
        "equipmentDetails": {"equipmentReference": "CSQU3054383"},
        "references": [{"referenceType": "EQ", "referenceValue": "CSQU3054383"}],
        "equipmentReference": "CSQU3054383",
    }[member]
    container = event_of([event]).event.container
    assert container is not None
    assert container.number == "CSQU3054383"


ONE_RECORD = {
    "@context": {"cargo": "https://onerecord.iata.org/ns/cargo#"},
    "@type": "cargo:LogisticsEvent",
    "cargo:eventCode": "DEP",
    "cargo:eventDate": "2026-07-02T08:50:00Z",
    "cargo:eventFor": {"@id": "https://1r.example/w/1"},
}


@pytest.mark.parametrize(
    ("said", "classifier", "word"),
    [
        ("cargo:ACTUAL", "ACT", None),
        ("Actual", "ACT", None),
        ("https://onerecord.iata.org/ns/cargo#actual", "ACT", None),
        ("ESTIMATED", "EST", None),
        ("Expected", "EST", "Expected"),
        ("PLANNED", "PLN", None),
        ("Scheduled", "PLN", "Scheduled"),
        ("REQUESTED", "REQ", None),
        ("Guessed", "UNKNOWN", "Guessed"),
        (None, "ACT", None),
    ],
)
def test_a_one_record_time_type_is_read_in_any_case_and_never_guessed(
    said: str | None, classifier: str, word: str | None
) -> None:
    record = event_of({**ONE_RECORD, "cargo:eventTimeType": said} if said else ONE_RECORD)
    assert record.event.classifier == classifier
    assert (record.event.time_type.value if record.event.time_type else None) == word
    assert ("unknown-code" in rules(record)) == (classifier == "UNKNOWN")


EPCIS_EVENT = {
    "type": "ObjectEvent",
    "eventID": "urn:uuid:7",
    "eventTime": "2026-07-02T08:50:00Z",
    "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE",
    "epcList": ["urn:epc:id:bic:CSQU3054383"],
}


@pytest.mark.parametrize(
    "epcis_body",
    [
        {"eventList": [EPCIS_EVENT]},
        {"event": EPCIS_EVENT},
        {"queryResults": {"queryName": "q", "resultsBody": {"eventList": [EPCIS_EVENT]}}},
        {"queryResults": {"resultsBody": {"event": EPCIS_EVENT}}},
    ],
)
@pytest.mark.parametrize("kind", ["EPCISDocument", "EPCISQueryDocument"])
def test_epcis_events_are_read_of_a_capture_and_of_a_query_document(kind: str, epcis_body: dict[str, Any]) -> None:
    record = event_of({"type": kind, "schemaVersion": "2.0", "epcisBody": epcis_body})
    assert record.event.id == "urn:uuid:7"
    assert record.event.container is not None
    assert record.event.container.number == "CSQU3054383"


def test_an_epcis_time_without_a_zone_takes_the_offset_beside_it() -> None:
    event = {**EPCIS_EVENT, "eventTime": "2026-07-02T08:50:00"}
    record = event_of({"type": "EPCISDocument", "epcisBody": {"eventList": [event]}})
    assert record.event.happened.utc == "2026-07-02T00:50:00Z"
    assert "no-time-zone" in rules(record)


def movement(ucr: str, kind: str | None, at: str = "2026-07-11T10:30:00") -> bytes:
    typed = f"<i:ucrType>{kind}</i:ucrType>" if kind else ""
    return (
        '<i:inventoryLinkingMovementRequest xmlns:i="http://gov.uk/customs/inventoryLinking/v1">'
        f"<i:messageCode>EDL</i:messageCode><i:ucrBlock><i:ucr>{ucr}</i:ucr>{typed}</i:ucrBlock>"
        f"<i:goodsDepartureDateTime>{at}</i:goodsDepartureDateTime></i:inventoryLinkingMovementRequest>"
    ).encode()


def test_a_movement_without_a_zone_is_in_the_time_of_the_country() -> None:
    record = event_of(movement("6GB000000000000-7", "D"))
    assert (record.event.happened.utc, record.event.happened.said) == ("2026-07-11T09:30:00Z", "2026-07-11T10:30:00")
    assert "no-time-zone" in rules(record)


@pytest.mark.parametrize(
    ("ucr", "kind"), [("A:XYZ12345678", "M"), ("GB/ABCD-1", "M"), ("C:LHR0001", "M"), ("GB/ABCD-1", None), ("any", "M")]
)
def test_a_master_ucr_is_a_number_to_ask_by_and_never_refused_for_its_form(ucr: str, kind: str | None) -> None:
    (entity,) = read_message(movement(ucr, kind)).entities
    assert entity.record is not None
    assert entity.record.ucr == ()
    assert entity.many
    assert [(found.kind, found.scope, found.value) for found in entity.lookup] == [("cop", "mucr", ucr)]


def test_a_ucr_of_a_declaration_that_is_none_is_refused_at_its_own_place() -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(movement("nothing like it", "D"))
    assert refused.value.faults[0].field.endswith("ucrBlock/ucr")
