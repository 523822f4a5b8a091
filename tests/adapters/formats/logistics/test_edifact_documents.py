"""EDIFACT CUSCAR and IFTMIN: what a carrier reports to customs, and what a shipper asks to be carried."""

from __future__ import annotations

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import TransportDocument
from tests.adapters.formats.schema_cases import sample

REPORT = sample("cargo_report", "report.edi").decode()
INSTRUCTION = sample("transport_instruction", "instruction.edi").decode()


def entities_of(text: str) -> tuple[Entity, ...]:
    return read_message(text.encode()).entities


def records_of(text: str) -> list[TransportDocument]:
    records = [entity.record for entity in entities_of(text)]
    assert all(isinstance(record, TransportDocument) for record in records)
    return [record for record in records if isinstance(record, TransportDocument)]


def changed(text: str, old: str, new: str) -> str:
    """The message with one text changed and its count of segments put right."""
    assert old in text
    head, _, tail = text.replace(old, new, 1).partition("UNT+")
    count, _, rest = tail.partition("+")
    return f"{head}UNT+{int(count) + new.count(chr(39)) - old.count(chr(39))}+{rest}"


def test_each_bill_of_a_report_is_a_record_with_its_own_goods_and_box() -> None:
    first, second = records_of(REPORT)
    assert [record.transport_document.number for record in (first, second)] == ["BHLPUS0188", "BHLPUS0189"]
    assert [record.transport_document.kind for record in (first, second)] == ["manifest", "manifest"]
    assert second.transport_document.master == "BHLPUSM001"
    assert [item.gross.value for record in (first, second) for item in record.goods_items if item.gross] == [
        "18250.50000",
        "9100.00000",
    ]
    boxes = [record.transport.containers for record in (first, second) if record.transport]
    assert [(box.number, box.items) for listed in boxes for box in listed] == [
        ("CSQU3054383", (1,)),
        ("BHLU9920150", (1,)),
    ]


def test_a_report_has_ship_ports_local_time_and_the_consignment_it_names() -> None:
    record = records_of(REPORT)[0]
    transport = record.transport
    assert transport is not None
    assert transport.conveyance is not None
    assert transport.arrived is not None
    assert (transport.conveyance.name, transport.conveyance.imo, transport.conveyance.nationality) == (
        "BOHAI STAR",
        "9074729",
        "CN",
    )
    ports = (transport.loading, transport.discharge, transport.destination)
    assert [port.unlocode for port in ports if port] == ["USLGB", "CNTXG", "CNTSN"]
    assert transport.arrived.utc == "2026-03-01T22:30:00Z"
    assert record.ucr == ("6CN91110000600037341L-0001",)
    assert [party.role for party in record.parties] == ["consignor", "consignee", "carrier"]


def test_a_weight_that_only_the_control_total_says_is_read() -> None:
    text = changed(REPORT, "MEA+AAE+AAB+KGM:18250.5'\n", "")
    text = changed(text, "LOC+8+CNTSN:139:6'\n", "CNT+7:18251:KGM'\nLOC+8+CNTSN:139:6'\n")
    transport = records_of(text)[0].transport
    assert transport is not None
    assert transport.gross is not None
    assert transport.gross.value == "18251.00000"


def test_one_bill_has_all_containers_where_no_goods_say_which() -> None:
    text = changed(REPORT, "SGP+CSQU3054383+120'\n", "")
    start, end = text.index("CNI+2'"), text.index("UNT+")
    text = changed(text, text[start:end], "")
    transport = records_of(text)[0].transport
    assert transport is not None
    assert [box.number for box in transport.containers] == ["CSQU3054383", "BHLU9920150"]


@pytest.mark.parametrize(("code", "function"), [("4", "change"), ("5", "change"), ("1", "delete"), ("3", "delete")])
def test_a_changed_or_cancelled_report_amends_what_it_said(code: str, function: str) -> None:
    entity = entities_of(changed(REPORT, "BHMF260018+9", f"BHMF260018+{code}"))[0]
    assert isinstance(entity.record, TransportDocument)
    assert entity.record.transport_document.function == function
    assert entity.amends is not None
    assert (entity.amends.scope, entity.amends.value) == ("edifact-cargo-report", "BHLPUS0188")


def test_an_instruction_is_no_bill_and_is_found_by_its_booking() -> None:
    (entity,) = entities_of(INSTRUCTION)
    record = records_of(INSTRUCTION)[0]
    assert record.transport_document.kind == "other"
    assert record.transport_document.note == "instruction (340: shipping instructions)"
    assert [(found.kind, found.scope, found.value) for found in entity.lookup] == [
        ("cop", "carrier-booking", "BHLB26018800")
    ]


def test_an_instruction_has_goods_marks_box_and_the_ports_of_its_leg() -> None:
    record = records_of(INSTRUCTION)[0]
    (item,) = record.goods_items
    transport = record.transport
    assert transport is not None
    assert (item.hs, item.name, item.packages[0].count) == ("84818040", "VALVES OF STEEL", 120)
    assert item.packages[0].marks == "BITC\nLONG BEACH"
    ports = (transport.loading, transport.discharge, transport.destination)
    assert [port.unlocode for port in ports if port] == ["CNTXG", "USLGB", "USHOU"]
    assert [(box.number, box.items) for box in transport.containers] == [("CSQU3054383", (1,))]


def test_a_bill_that_an_instruction_names_finds_it() -> None:
    (entity,) = entities_of(changed(INSTRUCTION, "RFF+CT:HT-2026-77", "RFF+BM:BHLPUS0188"))
    assert [(found.kind, found.value) for found in entity.lookup] == [
        ("transport_document", "BHLPUS0188"),
        ("cop", "BHLB26018800"),
    ]


def test_contacts_are_named_and_not_repeated() -> None:
    texts = {remark.text for remark in records_of(INSTRUCTION)[0].remarks}
    assert "CTA (may be personal, not repeated)" in texts
    assert not any("LI SI" in text for text in texts)


@pytest.mark.parametrize(
    ("text", "old", "new", "field", "rule"),
    [
        (REPORT, "BHMF260018+9", "BHMF260018+22", "BGM (1225)", "message function that is acted on"),
        (REPORT, "RFF+BM:BHLPUS0189", "RFF+XX:BHLPUS0189", "CNI", "names its bill"),
        (REPORT, "KGM:9100'", "KGM:nine'", "MEA", "decimal number"),
        (REPORT, "GID+1+40:PX", "GID+1+many:PX", "GID", "number of packages"),
        (REPORT, "EQD+CN+CSQU3054383+", "EQD+CN+csqu_1+", "EQD", "names a container"),
        (REPORT, "132:202603020630:203", "132:2 March:203", "DTM", "is a time in format"),
        (INSTRUCTION, "SI26022501+9", "SI26022501+22", "BGM (1225)", "message function that is acted on"),
        (INSTRUCTION, "CNT+11:120", "CNT+11:all", "CNT", "number of packages"),
        (INSTRUCTION, "UNT+25+1", "UNT+9+1", "UNT", "counts the 25 segments"),
    ],
)
def test_a_wrong_segment_is_named_with_its_rule(text: str, old: str, new: str, field: str, rule: str) -> None:
    assert old in text
    with pytest.raises(MalformedMessage) as refused:
        read_message(text.replace(old, new).encode())
    assert field in str(refused.value)
    assert rule in str(refused.value)


def test_a_report_without_a_bill_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="names at least one bill"):
        read_message(b"UNH+1+CUSCAR:D:95B:UN'BGM+785+1+9'UNT+3+1'")


def test_an_instruction_that_names_nothing_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="names its own number"):
        read_message(b"UNH+1+IFTMIN:D:95B:UN'BGM+340++9'UNT+3+1'")


@pytest.mark.parametrize(
    ("segments", "rule"),
    [
        ("CNI+1'RFF+BM:B1'" * 5_001, "at most 5000 bills"),
        ("FTX+AAI'" * 201 + "CNI+1'RFF+BM:B1'", "at most 200 segments before the consignments"),
        ("EQD+CN+CSQU3054383'" * 10_001 + "CNI+1'RFF+BM:B1'", "at most 10000 containers"),
        ("CNI+1'RFF+BM:B1'" + "GID+1'" * 1_000, "at most 999 goods items"),
    ],
)
def test_endless_reports_are_refused(segments: str, rule: str) -> None:
    count = segments.count("'") + 3
    with pytest.raises(MalformedMessage, match=rule):
        read_message(f"UNH+1+CUSCAR:D:95B:UN'BGM+785+1+9'{segments}UNT+{count}+1'".encode())
