"""Events that name no document, no container, no id or no wrapper that is known: read, and waited for where need be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.message import ReadMessage
from adapters.registry import read_message
from chain.records import LogisticsEvent
from tests.adapters.formats.test_times_and_kinds import FLAT

EVENT: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-02T09:00:00.000+08:00",
    "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE",
    "epcList": ["urn:epc:id:sgtin:4012345.011111.987"],
    "bizStep": "departing",
}
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]


def read(message: Any) -> ReadMessage:
    return read_message(json.dumps(message).encode())


def record_of(message: Any) -> LogisticsEvent:
    record = read(message).entities[0].record
    assert isinstance(record, LogisticsEvent)
    return record


def test_a_vessels_call_that_names_no_document_is_read_and_waits() -> None:
    call = {name: value for name, value in FLAT.items() if not name.startswith("equipment")}
    call |= {
        "eventType": "TRANSPORT",
        "transportEventTypeCode": "ARRI",
        "transportCall": {"carrierVoyageNumber": "12E"},
    }
    (entity,) = read([call]).entities
    assert isinstance(entity.record, LogisticsEvent)
    assert entity.lookup == ()
    assert entity.record.event.conveyance is not None
    assert entity.record.event.conveyance.voyage == "12E"


@pytest.mark.parametrize(
    "body",
    [
        {"eventList": [EVENT]},
        {"eventList": EVENT},
        {"event": EVENT},
        {"queryResults": {"resultsBody": {"eventList": [EVENT]}}},
        {"queryResults": {"resultsBody": {"event": EVENT}}},
        {"queryResults": [{"resultsBody": {"eventList": [EVENT]}}]},
        [{"eventList": [EVENT]}],
    ],
)
@pytest.mark.parametrize("kind", ["EPCISDocument", "EPCISQueryDocument", "epcis:EPCISQueryDocument"])
def test_epcis_events_are_found_wherever_a_body_holds_them(body: Any, kind: str) -> None:
    record = record_of({"@context": CONTEXT, "type": kind, "epcisBody": body})
    assert record.event.code.value == "departing"


def test_every_list_of_a_query_document_is_read() -> None:
    two = [{"resultsBody": {"eventList": [EVENT]}}, {"resultsBody": {"eventList": [EVENT, EVENT]}}]
    assert len(read({"type": "EPCISQueryDocument", "epcisBody": {"queryResults": two}}).entities) == 3


@pytest.mark.parametrize("kind", ["ObjectEvent", "epcis:ObjectEvent", "https://ref.gs1.org/epcis/ObjectEvent"])
@pytest.mark.parametrize("name", ["type", "@type"])
def test_a_lone_epcis_event_is_told_by_its_own_type(kind: str, name: str) -> None:
    event = {name: kind} | {member: value for member, value in EVENT.items() if member != "type"}
    assert record_of(event).event.action == "OBSERVE"


def test_an_epcis_event_without_an_id_is_taken_back_by_what_it_says() -> None:
    first = read(EVENT).entities[0]
    error = {"declarationTime": "2026-03-03T00:00:00Z", "reason": "incorrect_data"}
    again = read(EVENT | {"errorDeclaration": error, "recordTime": "2026-03-03T00:00:00Z"}).entities[0]
    assert first.record is not None
    assert again.amends in first.record.references
    other = read(EVENT | {"bizStep": "arriving"}).entities[0]
    assert other.record is not None
    assert again.amends not in other.record.references


def test_an_epcis_event_about_a_lot_is_looked_up_by_the_lot() -> None:
    lot = "urn:epc:class:lgtin:4012345.012345.998877"
    event = {name: value for name, value in EVENT.items() if name != "epcList"}
    (entity,) = read(event | {"quantityList": [{"epcClass": lot, "quantity": 200, "uom": "KGM"}]}).entities
    assert [found.value for found in entity.lookup] == [lot]
    assert read(event).entities[0].lookup == ()


def test_many_unread_texts_of_one_path_stand_in_one_remark() -> None:
    event = EVENT | {"ext": [{"value": str(count)} for count in range(100)]}
    texts = [remark.text for remark in record_of(event).remarks if remark.rule == "not-read"]
    assert texts == ["ext/value: " + " | ".join(str(count) for count in range(100))]


@pytest.mark.parametrize("number", ["12.", "+12", "12.0", ".5"])
def test_a_number_is_read_in_each_way_that_xml_schema_writes_it(number: str) -> None:
    lot = {"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": number}
    record = record_of(EVENT | {"quantityList": [lot]})
    assert record.goods_items[1].quantity is not None
    assert float(record.goods_items[1].quantity.value) == float(number)
