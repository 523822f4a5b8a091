"""EDIFACT COPARN and BAPLIE: what is asked for of containers, and where they stand on a ship."""

from __future__ import annotations

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import LogisticsEvent
from tests.adapters.formats.logistics.test_edifact_documents import changed
from tests.adapters.formats.schema_cases import sample

ORDER = sample("container_order", "release.edi").decode()
PLAN = sample("bayplan", "bayplan.edi").decode()


def entities_of(text: str) -> tuple[Entity, ...]:
    return read_message(text.encode()).entities


def events_of(text: str) -> list[LogisticsEvent]:
    records = [entity.record for entity in entities_of(text)]
    return [record for record in records if isinstance(record, LogisticsEvent)]


def test_a_release_order_is_asked_for_and_has_not_happened() -> None:
    first, second = (record.event for record in events_of(ORDER))
    assert [(event.code.value, event.classifier) for event in (first, second)] == [("GTOT", "REQ"), ("GTOT", "REQ")]
    assert first.container is not None
    assert (first.container.number, first.container.laden, first.happened.utc) == (
        "CSQU3054383",
        False,
        "2026-02-27T06:00:00Z",
    )
    assert second.container is None


def test_an_order_without_a_place_is_in_the_time_of_the_gates_port() -> None:
    event = events_of(ORDER)[1].event
    assert (event.happened.utc, event.direction) == ("2026-02-26T00:00:00Z", "E")


def test_an_order_is_found_by_booking_and_container() -> None:
    assert [(found.kind, found.value) for found in entities_of(ORDER)[0].lookup] == [
        ("cop", "BHLB26018800"),
        ("container", "CSQU3054383"),
    ]


@pytest.mark.parametrize(
    ("document", "code", "classifier"),
    [("126", "GTIN", "REQ"), ("11", "GTIN", "REQ"), ("104", "GTIN", "PLN"), ("129", "GTOT", "REQ")],
)
def test_the_document_code_says_what_is_asked_for(document: str, code: str, classifier: str) -> None:
    event = events_of(changed(ORDER, "BGM+12+", f"BGM+{document}+"))[0].event
    assert (event.code.value, event.classifier) == (code, classifier)


def test_an_unknown_order_keeps_its_code_and_is_marked() -> None:
    record = events_of(changed(ORDER, "BGM+12+", "BGM+137+"))[0]
    assert (record.event.code.system, record.event.code.value, record.event.code.known) == ("uncl-1001", "137", False)
    assert "unknown-code" in {remark.rule for remark in record.remarks}


@pytest.mark.parametrize(("text", "number"), [(ORDER, "RO26022601"), (PLAN, "BP018W")])
@pytest.mark.parametrize(("code", "function"), [("5", "change"), ("1", "delete")])
def test_a_changed_or_cancelled_message_amends_its_own_word(text: str, number: str, code: str, function: str) -> None:
    entity = entities_of(changed(text, f"{number}+9", f"{number}+{code}"))[0]
    assert isinstance(entity.record, LogisticsEvent)
    assert entity.record.event.function == function
    assert entity.amends is not None
    assert entity.amends.value == f"{number}:CSQU3054383"


def test_a_bayplan_has_a_container_a_cell_and_none_for_an_empty_one() -> None:
    first, second = (record.event for record in events_of(PLAN))
    places = [event.place for event in (first, second)]
    assert [(place.unlocode, place.code.value) for place in places if place and place.code] == [
        ("CNTXG", "0260582"),
        ("CNTXG", "0260584"),
    ]
    assert [event.gross.value for event in (first, second) if event.gross] == ["22050.00000", "21480.00000"]


def test_a_bayplan_is_no_loading_and_as_certain_as_its_departure() -> None:
    assert {record.event.code.value for record in events_of(PLAN)} == {"BAPLIE"}
    assert events_of(PLAN)[0].event.classifier == "ACT"
    assert events_of(changed(PLAN, "DTM+136:", "DTM+133:"))[0].event.classifier == "EST"
    assert events_of(changed(PLAN, "DTM+136:2603022200:201'\n", ""))[0].event.classifier == "UNKNOWN"


def test_a_number_that_stands_for_none_is_no_bill() -> None:
    first, second = events_of(PLAN)
    assert first.event.bill is None
    assert "no-number" in {remark.rule for remark in first.remarks}
    assert second.event.bill == "BHLPUS0189"


def test_later_directories_say_of_a_container_behind_it() -> None:
    text = (
        "UNH+1+BAPLIE:D:21A:UN'BGM++P1+9'DTM+137:202603022100:203'TDT+20+018W'LOC+5+CNTXG:139:6'UNS+D'"
        "LOC+147+0260582::5'EQD+CN+CSQU3054383+42G1+++5'MEA+VGM++KGM:22050'RFF+BM:B1'LOC+9+CNTXG:139:6'"
        "EQD+CN+BHLU9920150+42G1+++5'MEA+VGM++KGM:8000'UNT+14+1'"
    )
    first, second = (record.event for record in events_of(text))
    assert [
        (event.container and event.container.number, event.gross and event.gross.value) for event in (first, second)
    ] == [
        ("CSQU3054383", "22050.00000"),
        ("BHLU9920150", "8000.00000"),
    ]
    assert (first.bill, second.bill) == ("B1", None)


@pytest.mark.parametrize(
    ("text", "old", "new", "field", "rule"),
    [
        (ORDER, "RO26022601+9", "RO26022601+22", "BGM (1225)", "message function that is acted on"),
        (ORDER, "201:202602271400:203", "201:noon:203", "DTM", "is a time in format"),
        (ORDER, "MEA+AAE+T+KGM:3800", "MEA+AAE+T+KGM:heavy", "MEA", "decimal number"),
        (PLAN, "BP018W+9", "BP018W+22", "BGM (1225)", "message function that is acted on"),
        (PLAN, "MEA+WT++KGM:21480", "MEA+WT++KGM:-1", "MEA", "decimal number"),
        (PLAN, "EQD+CN+BHLU9920150", "EQD+CN+bhlu_1", "EQD", "names a container"),
        (PLAN, "DTM+136:2603022200:201", "DTM+136:soon:201", "DTM", "is a time in format"),
    ],
)
def test_a_wrong_segment_is_named_with_its_rule(text: str, old: str, new: str, field: str, rule: str) -> None:
    assert old in text
    with pytest.raises(MalformedMessage) as refused:
        read_message(text.replace(old, new).encode())
    assert field in str(refused.value)
    assert rule in str(refused.value)


def test_an_order_that_names_nothing_is_refused() -> None:
    text = "UNH+1+COPARN:D:95B:UN'BGM+12+1+9'DTM+137:202602260800:203'EQD+CN++22G1'UNT+5+1'"
    with pytest.raises(MalformedMessage, match="names a container"):
        read_message(text.encode())


@pytest.mark.parametrize(
    ("kind", "segments", "rule"),
    [
        ("COPARN", "EQD+CN+CSQU3054383'" * 10_001, "at most 10000 containers"),
        ("COPARN", "FTX+AAI'" * 201 + "EQD+CN+CSQU3054383'", "at most 200 segments before the containers"),
        ("BAPLIE", "LOC+147+1'" + "FTX+AAI'" * 501 + "EQD+CN+CSQU3054383'", "at most 500 segments a cell"),
        ("BAPLIE", "FTX+AAI'" * 201 + "LOC+147+1'EQD+CN+CSQU3054383'", "at most 200 segments before the first cell"),
        pytest.param(
            "BAPLIE", "LOC+147+1'EQD+CN+CSQU3054383'" * 25_001, "at most 25000 containers", marks=pytest.mark.long
        ),
    ],
)
def test_endless_messages_are_refused(kind: str, segments: str, rule: str) -> None:
    count = segments.count("'") + 4
    text = f"UNH+1+{kind}:D:95B:UN'BGM++1+9'DTM+137:202603020000:203'{segments}UNT+{count}+1'"
    with pytest.raises(MalformedMessage, match=rule):
        read_message(text.encode())
