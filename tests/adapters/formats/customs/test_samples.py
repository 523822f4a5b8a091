"""What customs messages that others wrote say; `test_every_sample.py` has the table of what each file becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from tests.samples import samples_dir

pytestmark = pytest.mark.samples


def _file(name: str) -> bytes:
    return Path(samples_dir() / name).read_bytes()


PERSONAL = ("ceb/messages/CEB311Message.xml", "ceb/messages/CEB411Message.xml", "ceb/messages/CEB621Message.xml")
"""Messages that name natural persons by number."""


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_numbers_stand_in_parties_only(name: str) -> None:
    numbers = set()
    for entity in read_message(_file(name)).entities:
        if entity.record is None:
            continue
        sections = entity.record.to_sections()
        for party in (sections.pop("parties", [[]]))[0]:  # type: ignore[union-attr]
            number = party.get("id_number") if isinstance(party, dict) else None
            assert number is None or str(number) not in str(sections)
            numbers.add(number)
    assert numbers - {None}


def test_the_states_of_the_wco_story_are_those_of_its_real_order() -> None:
    story = [
        "01._DMSACC",
        "02._DMSTAX1",
        "03._DMSDOC",
        "04._DMSCTL",
        "05._DMSRCV",
        "06._DMSREQ",
        "09._DMSRES",
        "10._DMSCLE",
    ]
    states = [
        entity.record.status.state  # type: ignore[union-attr]
        for name in story
        for entity in read_message(_file(f"wco/TT_IM017a/{name}.xml")).entities
    ]
    assert states == ["ACCEPTED", "ASSESSED", None, "INSPECTION", None, None, None, "RELEASED"]


def test_the_wco_amendment_names_the_declaration_by_its_mrn() -> None:
    entity = read_message(_file("wco/TT_IM017a/TT_IM017a_Amendment.xml")).entities[0]
    assert entity.amends is not None
    assert (entity.amends.kind, entity.amends.value) == ("declaration", "21GB7X8M7S6NG8N6R0")


def test_the_ucr_that_a_wco_declaration_cites_is_its_ucr() -> None:
    entity = read_message(_file("wco/TT_IM017a/Step1_TT_IM017a.xml")).entities[0]
    assert entity.record is not None
    assert entity.record.ucr == ("1GB553202734852-12345",)


def test_a_line_total_that_does_not_multiply_out_is_kept_with_a_remark() -> None:
    entity = read_message(_file("ceb/messages/CEB621Message.xml")).entities[0]
    assert entity.record is not None
    rules = [remark.rule for remark in entity.record.remarks]
    assert rules == ["ceb-one-package", "line-total", "line-total"]


def test_a_wco_time_beyond_the_calendar_is_named() -> None:
    late = _file("wco/TT_IM017a/01._DMSACC.xml").replace(b"20210719145534Z", b"99991231235959-12")
    with pytest.raises(MalformedMessage, match="between the years"):
        read_message(late)
