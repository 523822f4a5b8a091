"""DCSA arrival notices: when the ship of a bill comes to its port of discharge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import LogisticsEvent
from tests.adapters.formats.schema_cases import sample

SAMPLE = json.loads(sample("dcsa_arrival", "notice.json"))


def notice(**changes: Any) -> dict[str, Any]:
    return {**SAMPLE["arrivalNotices"][0], **changes}


def transport(**changes: Any) -> dict[str, Any]:
    return {**SAMPLE["arrivalNotices"][0]["transport"], **changes}


def entity_of(content: dict[str, Any]) -> Entity:
    (entity,) = read_message(json.dumps(content).encode()).entities
    return entity


def record_of(content: dict[str, Any]) -> LogisticsEvent:
    record = entity_of(content).record
    assert isinstance(record, LogisticsEvent)
    return record


def test_a_notice_is_the_expected_arrival_of_a_bills_ship() -> None:
    record = record_of(SAMPLE)
    event = record.event
    assert event.place is not None
    assert event.conveyance is not None
    assert (event.code.value, event.classifier, event.bill) == ("ARRI", "EST", "BHLPUS0188")
    assert (event.place.unlocode, event.happened.utc) == ("CNTXG", "2026-03-01T16:00:00Z")
    assert (event.conveyance.name, event.conveyance.voyage) == ("BOHAI STAR", "018W")
    assert {remark.rule for remark in record.remarks} == {"no-time", "local-time", "not-read"}


def test_a_notice_has_goods_boxes_and_parties() -> None:
    record = record_of(SAMPLE)
    assert record.transport is not None
    assert [party.role for party in record.parties] == ["consignor", "consignee", "other"]
    assert [item.hs for item in record.goods_items] == ["848180"]
    assert [(box.number, box.items) for box in record.transport.containers] == [("CSQU3054383", (1,))]


def test_a_notice_alone_is_read_as_in_a_list() -> None:
    assert record_of(notice()).event.bill == "BHLPUS0188"


@pytest.mark.parametrize(("word", "classifier"), [("ACT", "ACT"), ("PLN", "PLN"), ("MAYBE", "UNKNOWN")])
def test_a_day_is_as_certain_as_it_says(word: str, classifier: str) -> None:
    day = {"value": "2026-03-02", "classifier": word}
    record = record_of(notice(transport=transport(portOfDischargeArrivalDate=day)))
    assert record.event.classifier == classifier
    assert ("unknown-code" in {remark.rule for remark in record.remarks}) is (word == "MAYBE")


def test_a_notice_without_a_day_leaves_no_record() -> None:
    without = transport()
    del without["portOfDischargeArrivalDate"]
    entity = entity_of(notice(transport=without))
    assert (entity.record, entity.note) == (
        None,
        "the notice about BHLPUS0188 names no day of arrival: not recorded",
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"transportDocumentReference": None}, "transportDocumentReference"),
        ({"issueDateTime": "yesterday"}, "issueDateTime"),
        ({"transport": transport(portOfDischargeArrivalDate={"value": "2026-02-30", "classifier": "EST"})}, "value"),
        ({"consignmentItems": [{"cargoItems": [{"cargoGrossWeight": {"value": -1, "unit": "KGM"}}]}]}, "value"),
    ],
)
def test_a_fault_is_named_by_its_member(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(json.dumps(notice(**changes)).encode())
    assert field in refused.value.faults[0].field


def test_endless_lists_are_refused() -> None:
    with pytest.raises(MalformedMessage, match="at most 1000 notices"):
        read_message(json.dumps({"arrivalNotices": [{}] * 1_001}).encode())
    with pytest.raises(MalformedMessage, match="at most 100 parties"):
        read_message(json.dumps(notice(documentParties=[{"partyFunction": "N1"}] * 101)).encode())
