"""Where a record is narrower than a message's schema, the message is read and the record says what it left out."""

from __future__ import annotations

import json

import pytest

from adapters.message import ReadMessage
from adapters.parsing.forms import shortened, text
from adapters.parsing.json_fields import JsonFields
from adapters.parsing.xml_fields import Faults
from adapters.registry import read_message
from tests.adapters.formats.customs.writing import message
from tests.adapters.formats.test_times_and_kinds import FLAT


def said(read: ReadMessage) -> str:
    return json.dumps([entity.record.to_sections() for entity in read.entities if entity.record], ensure_ascii=False)


@pytest.mark.parametrize("name", ["two\nlines", "two\r\nlines", "two\tlines", "two   \n  lines"])
def test_a_name_over_several_lines_is_kept_on_one(name: str) -> None:
    assert "two lines" in said(read_message(message("621", buyerName=name)))
    assert Faults().fitted(name, text(64), "x") == "two lines"


def test_a_note_keeps_its_lines_whatever_their_ends() -> None:
    fields = JsonFields.root({"note": "one\r\ntwo"}, Faults(), "x")
    assert fields.maybe("note", shortened(4_000)) == "one\ntwo"


def test_a_name_that_is_too_long_is_cut_with_a_remark_and_a_number_never() -> None:
    faults = Faults()
    assert faults.fitted("A" * 300, shortened(256), "Party/Name") == "A" * 256
    assert [remark.text for remark in faults.take_notes()] == ["Name: the first 256 of 300 characters are kept"]
    assert faults.fitted("1" * 300, text(256), "Invoice/ID") is None
    assert [fault.field for fault in faults.found] == ["Invoice/ID"]


def test_a_cut_is_told_on_the_record_of_its_own_event() -> None:
    place = {"locationName": "B" * 300, "UNLocationCode": "CNTXG"}
    events = [dict(FLAT, eventID="a", eventLocation=place), dict(FLAT, eventID="b")]
    first, second = read_message(json.dumps(events).encode()).entities
    assert first.record is not None
    assert second.record is not None
    assert "cut" in {remark.rule for remark in first.record.remarks}
    assert "cut" not in {remark.rule for remark in second.record.remarks}


@pytest.mark.parametrize(
    ("body", "recorded"),
    [("<ucr>GB/123459789102-0507182</ucr><ucrType>D</ucrType>", True), ("<ucr>C:ABC</ucr>", True), ("", False)],
)
def test_a_movement_of_a_master_ucr_is_read_whatever_type_it_says(body: str, recorded: bool) -> None:
    time = "<goodsDepartureDateTime>2026-03-02T09:00:00</goodsDepartureDateTime>"
    code, inner = ("EDL", body + "</ucrBlock>" + time) if recorded else ("EAA", "<ucr>A:1</ucr></ucrBlock>")
    (entity,) = read_message(
        f'<inventoryLinkingMovementRequest xmlns="http://gov.uk/customs/inventoryLinking/v1"><messageCode>{code}'
        f"</messageCode><ucrBlock>{inner}<goodsLocation>GBAU</goodsLocation></inventoryLinkingMovementRequest>".encode()
    ).entities
    assert (entity.record is not None) == recorded
    assert entity.many or not recorded
    assert ("without its time" in entity.note) == (not recorded)
