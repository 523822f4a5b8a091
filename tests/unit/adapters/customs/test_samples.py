"""Every customs message that others wrote and that is beside the repository: what it becomes, or why it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.messages import read_message
from chain.errors import MalformedMessage
from chain.identifiers import Ucr
from chain.records.base import Record
from tests.samples import samples_dir

pytestmark = pytest.mark.samples

ORDER, PAYMENT = "trade.order", "trade.payment"
WAYBILL, EVENT = "logistics.transport_document", "logistics.event"
DECLARATION, STATUS = "customs.declaration", "customs.status"
DRAFT = "draft"

READ: dict[str, list[str]] = {
    "ceb/messages/CEB303Message.xml": [ORDER] * 10,
    "ceb/messages/CEB311Message.xml": [ORDER] * 6,
    "ceb/messages/CEB411Message.xml": [PAYMENT] * 10,
    "ceb/messages/CEB511Message.xml": [WAYBILL] * 6,
    "ceb/messages/CEB513Message.xml": [EVENT] * 10,
    "ceb/messages/CEB621Message.xml": [DECLARATION, DRAFT] * 5,
    "ceb/messages/CEB622Message.xml": [STATUS] * 10,
    "ubl/UBL-ImportCustomsDeclaration-2.3-Example.xml": [DECLARATION],
    "wco/TT_EX011a/01_DMSRCV.xml": [STATUS],
    "wco/TT_EX011a/02_DMSACC.xml": [STATUS],
    "wco/TT_EX011a/03_DMSRES.xml": [STATUS],
    "wco/TT_EX011a/04_DMSCLE.xml": [STATUS],
    "wco/TT_EX011a/05_DMSEOG.xml": [STATUS],
    "wco/TT_EX011a/TT_EX011a.xml": [DECLARATION],
    "wco/TT_IM001a/01_DMSACC.xml": [STATUS],
    "wco/TT_IM001a/02_DMSTAX.xml": [STATUS],
    "wco/TT_IM001a/03_DMSTAX.xml": [STATUS],
    "wco/TT_IM001a/04_DMSCLE.xml": [STATUS],
    "wco/TT_IM001a/Step1_TT_IM001a.xml": [DECLARATION],
    "wco/TT_IM017a/01._DMSACC.xml": [STATUS],
    "wco/TT_IM017a/02._DMSTAX1.xml": [STATUS],
    "wco/TT_IM017a/03._DMSDOC.xml": [STATUS],
    "wco/TT_IM017a/04._DMSCTL.xml": [STATUS],
    "wco/TT_IM017a/05._DMSRCV.xml": [STATUS],
    "wco/TT_IM017a/06._DMSREQ.xml": [STATUS],
    "wco/TT_IM017a/07._DMSTAX2.xml": [STATUS],
    "wco/TT_IM017a/08._DMSTAX3.xml": [STATUS],
    "wco/TT_IM017a/09._DMSRES.xml": [STATUS],
    "wco/TT_IM017a/10._DMSCLE.xml": [STATUS],
    "wco/TT_IM017a/Step1_TT_IM017a.xml": [DECLARATION],
    "wco/TT_IM017a/TT_IM017a_Amendment.xml": [DECLARATION],
}
"""File → what each of its entities becomes."""

REFUSED: dict[str, tuple[str, str]] = {
    "ceb/messages/CEB603Message.xml": ("Inventory[1]/InventoryHead/ieFlag", "one of I, E"),
}
"""File → the field and the rule: the official export list says `a` for its direction."""

ELSEWHERE = {"wco/TT_EX011a/EAL.xml", "wco/TT_EX011a/EDL.xml"}
"""Inventory movements: logistics events, in that room's table."""


def _customs_samples() -> set[str]:
    folder = samples_dir()
    found = [*folder.glob("ceb/messages/*.xml"), *folder.glob("wco/*/*.xml")]
    found += [path for path in folder.glob("ubl/*.xml") if "CustomsDeclaration" in path.name]
    return {path.relative_to(folder).as_posix() for path in found}


def _file(name: str) -> bytes:
    return Path(samples_dir() / name).read_bytes()


def test_every_customs_sample_stands_in_the_table() -> None:
    assert _customs_samples() == set(READ) | set(REFUSED) | ELSEWHERE


@pytest.mark.parametrize("name", READ)
def test_a_sample_becomes_the_records_that_the_table_says(name: str) -> None:
    read = read_message(_file(name))
    assert [entity.record.TYPE if entity.record else DRAFT for entity in read.entities] == READ[name]
    assert [entity.ordinal for entity in read.entities] == list(range(len(read.entities)))


@pytest.mark.parametrize("name", REFUSED)
def test_a_sample_is_refused_for_the_reason_that_the_table_says(name: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(_file(name))
    assert (refused.value.field, refused.value.rule) == REFUSED[name]
    assert refused.value.code == "0002"


@pytest.mark.parametrize("name", READ)
def test_records_of_samples_come_back_from_their_sections(name: str) -> None:
    ucr = Ucr.parse(Ucr.EXAMPLE)
    for entity in read_message(_file(name)).entities:
        if entity.record is not None:
            record: Record = entity.record.for_ucrs([ucr])
            assert type(record).from_sections(record.to_sections()) == record


@pytest.mark.parametrize("name", READ)
def test_personal_numbers_stand_in_parties_only(name: str) -> None:
    for entity in read_message(_file(name)).entities:
        if entity.record is None:
            continue
        sections = entity.record.to_sections()
        for party in (sections.pop("parties", [[]]))[0]:  # type: ignore[union-attr]
            number = party.get("id_number") if isinstance(party, dict) else None
            assert number is None or str(number) not in str(sections)


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
