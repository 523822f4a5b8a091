"""EDIFACT CUSRES: what customs answers, with the state that it gives a declaration."""

from __future__ import annotations

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.customs import CustomsStatus
from tests.adapters.formats.logistics.test_edifact_documents import changed
from tests.adapters.formats.schema_cases import sample

SAMPLE = sample("customs_response", "released.edi").decode()


def entities_of(text: str) -> tuple[Entity, ...]:
    return read_message(text.encode()).entities


def statuses_of(text: str) -> list[CustomsStatus]:
    records = [entity.record for entity in entities_of(text)]
    return [record for record in records if isinstance(record, CustomsStatus)]


def test_each_indicator_is_a_status_of_the_declaration_with_its_own_time() -> None:
    accepted, released = (record.status for record in statuses_of(SAMPLE))
    assert accepted.at is not None
    assert released.at is not None
    assert [(status.about, status.state, status.number) for status in (accepted, released)] == [
        ("declaration", "ACCEPTED", "26DE004600018844K1"),
        ("declaration", "RELEASED", "26DE004600018844K1"),
    ]
    assert (accepted.at.said, released.at.said) == ("202603191430", "202603201100")
    assert accepted.notes[0].text == "GOODS MAY LEAVE THE QUAY"


@pytest.mark.parametrize(
    ("indicator", "state"),
    [("2", "REJECTED"), ("5", "INSPECTION"), ("7", "DETAINED"), ("38", "MANUAL_REVIEW"), ("1", None), ("6", None)],
)
def test_an_indicator_gives_its_state_or_keeps_it(indicator: str, state: str | None) -> None:
    assert statuses_of(changed(SAMPLE, "GIS+4", f"GIS+{indicator}"))[1].status.state == state


def test_an_unknown_indicator_is_kept_and_marked() -> None:
    record = statuses_of(changed(SAMPLE, "GIS+4", "GIS+23"))[1]
    assert (record.status.code.value, record.status.code.known, record.status.state) == ("23", False, None)
    assert "unknown-code" in {remark.rule for remark in record.remarks}


def test_an_indicator_of_an_offices_own_list_keeps_the_state() -> None:
    record = statuses_of(changed(SAMPLE, "GIS+4", "GIS+4:109:148"))[1]
    assert (record.status.code.system, record.status.state) == ("edifact-indicator-109", None)
    assert "own-list" in {remark.rule for remark in record.remarks}


def test_later_directories_say_the_indicator_in_gei() -> None:
    assert statuses_of(changed(SAMPLE, "GIS+4", "GEI+5+4"))[1].status.state == "RELEASED"


def test_an_answer_about_a_bill_does_not_move_a_declaration() -> None:
    text = changed(SAMPLE, "RFF+ABT:26DE004600018844K1", "RFF+BM:BHLPUS0188")
    text = changed(text, "RFF+ABE:DEC26031801", "RFF+XX:DEC26031801")
    record = statuses_of(text)[1]
    assert (record.status.about, record.status.state, record.status.code.value) == ("manifest", None, "4")


def test_errors_without_an_indicator_are_one_technical_status() -> None:
    text = changed(SAMPLE, "GIS+9'\nGIS+4'\n", "")
    text = changed(text, "RFF+UCN", "ERP+2:15'\nERC+17:ZZZ'\nFTX+AAO+++WEIGHT IS MISSING'\nRFF+UCN")
    (record,) = statuses_of(text)
    assert record.status.technical
    assert (record.status.notes[1].text, record.status.notes[1].field) == ("WEIGHT IS MISSING", "2:15")


def test_a_document_that_is_answered_by_itself_has_its_own_status() -> None:
    text = changed(SAMPLE, "UNT+", "DOC+705+BHLPUS0188'\nGIS+5'\nUNT+")
    record = statuses_of(text)[2]
    assert (record.status.about, record.status.number) == ("manifest", "BHLPUS0188")


def test_an_answer_about_nothing_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="names what it answers"):
        read_message(b"UNH+1+CUSRES:D:96B:UN'BGM+961'GIS+4'UNT+4+1'")


def test_an_answer_without_indicator_and_error_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="has a processing indicator"):
        read_message(b"UNH+1+CUSRES:D:96B:UN'BGM+961+D1'UNT+3+1'")


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ("GIS+9", "GIS", "GIS", "has a processing indicator (7365)"),
        ("148:202603191430:203", "148:today:203", "DTM", "is a time in format"),
    ],
)
def test_a_wrong_segment_is_named_with_its_rule(old: str, new: str, field: str, rule: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(changed(SAMPLE, old, new).encode())
    assert field in str(refused.value)
    assert rule in str(refused.value)


@pytest.mark.parametrize(
    ("segments", "rule"),
    [("GIS+4'" * 1_100, "at most 1000 segments in the head"), ("DOC+705+B'GIS+5'" * 2_100, "at most 2000 statuses")],
)
def test_endless_answers_are_refused(segments: str, rule: str) -> None:
    count = segments.count("'") + 3
    with pytest.raises(MalformedMessage, match=rule):
        read_message(f"UNH+1+CUSRES:D:96B:UN'BGM+961+D1'{segments}UNT+{count}+1'".encode())
