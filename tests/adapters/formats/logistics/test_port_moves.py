"""Platform files of gates and quays: each value at its place, each function as said, each fault by its record."""

from __future__ import annotations

import time
from importlib import resources

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import LogisticsEvent

SAMPLES = resources.files("adapters.formats.port_moves").joinpath("samples")
GATE = SAMPLES.joinpath("gate.txt").read_text(encoding="utf-8")
QUAY = SAMPLES.joinpath("quay.txt").read_text(encoding="utf-8")
# As Taicang's and Zhoushan's published programs put a gate-out together, with our values.
TAICANG = (
    "00:CODECO:GATE-OUT REPORT:9:TCCT:COSU:202603021505'10::::COS'"
    "50:CSQU3054383:20GP:F:I::BHLPUS0188:12000:HM90017::202603021430'52:3'99:5'"
)
ZHOUSHAN = (
    "00:CODECO:GATE-OUT REPORT:9:ZSDND:COS:202603021505::'\n10:UN9321483:BOHAI STAR:018WI:COS:'\n"
    "50:CSQU3054383:20GP:F:I:EIR1:BHLPUS0188:12000.0:HM90017::202603021430:'\n52:3:浙L12345::COS:'\n99:5'"
)
# As Changjiang's published program writes a record 50: one field for the operator, so that the state stands in field 5.
CHANGJIANG = QUAY.replace("50:CSQU3054383:20GP:BHL:BOHAI LINE:F:", "50:CSQU3054383:20GP:BHL:F:")


def entities_of(text: str) -> tuple[Entity, ...]:
    return read_message(text.encode()).entities


def event_of(text: str, ordinal: int = 0) -> LogisticsEvent:
    record = entities_of(text)[ordinal].record
    assert isinstance(record, LogisticsEvent)
    return record


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} must stand once in the sample"
    return text.replace(old, new)


def rules_of(record: LogisticsEvent) -> set[str]:
    return {remark.rule for remark in record.remarks}


def test_a_gate_in_names_container_ship_truck_bill_and_direction() -> None:
    record = event_of(GATE)
    event, transport = record.event, record.transport
    assert transport is not None
    assert transport.inland is not None
    assert event.container is not None
    assert event.container.gross is not None
    assert event.conveyance is not None
    assert (event.code.value, event.direction, event.bill) == ("GTIN", "E", "BHLTSN0001")
    assert (event.container.number, event.container.laden, event.container.gross.value) == (
        "CSQU3054383",
        True,
        "24120.50000",
    )
    assert [seal.number for seal in event.container.seals] == ["HM90017"]
    assert (event.conveyance.name, event.conveyance.voyage) == ("BOHAI STAR", "018E")
    assert (transport.inland.name, transport.inland.mode and transport.inland.mode.value) == ("JINA88123", "3")


def test_times_are_those_of_the_chinese_port_and_say_so() -> None:
    record = event_of(GATE)
    assert record.event.happened.utc == "2026-03-02T06:30:00Z"
    assert "no-time-zone" in rules_of(record)


def test_an_empty_container_without_a_bill_is_found_by_its_number_alone() -> None:
    entity = entities_of(GATE)[1]
    record = event_of(GATE, 1)
    assert record.event.container is not None
    assert record.event.container.laden is False
    assert [(one.kind, one.value) for one in entity.lookup] == [("container", "MSCU6639870")]


def test_discharge_happened_at_the_port_of_discharge() -> None:
    record = event_of(QUAY)
    assert record.event.place is not None
    assert record.transport is not None
    assert record.transport.loading is not None
    assert (record.event.code.value, record.event.place.unlocode) == ("DISC", "CNTXG")
    assert record.transport.loading.unlocode == "KRPUS"
    assert record.event.happened.utc == "2026-03-02T07:20:00Z"
    loaded = event_of(
        changed(QUAY, "DISCHARGE REPORT", "LOAD REPORT").replace(":202603030930:::3", ":::202603030930:3")
    )
    assert loaded.event.place is not None
    assert (loaded.event.code.value, loaded.event.place.unlocode) == ("LOAD", "KRPUS")


def test_without_a_time_of_its_own_a_move_takes_the_end_of_the_ships_work_and_says_so() -> None:
    record = event_of(QUAY, 1)
    assert record.event.happened.said == "202603030930"
    assert "time-of-the-call" in rules_of(record)


def test_a_record_of_another_layout_keeps_its_texts_and_reads_no_bill() -> None:
    for text, ordinal in ((CHANGJIANG, 0), (QUAY, 2)):
        record = event_of(text, ordinal)
        assert record.event.bill is None
        assert record.event.container is not None
        assert record.event.container.seals == ()
    texts = {remark.text for remark in event_of(CHANGJIANG).remarks}
    assert {"record 50, field 5: F", "record 50, field 6: BHLPUS0188"} <= texts
    held = event_of(CHANGJIANG).event.container
    assert held is not None
    assert held.laden is None


@pytest.mark.parametrize("text", [TAICANG, ZHOUSHAN], ids=["taicang", "zhoushan"])
def test_files_as_two_terminals_programs_write_them_are_read_alike(text: str) -> None:
    record = event_of(text)
    event = record.event
    assert event.container is not None
    assert event.container.gross is not None
    assert (event.code.value, event.direction, event.bill, event.happened.said) == (
        "GTOT",
        "I",
        "BHLPUS0188",
        "202603021430",
    )
    assert (event.container.number, event.container.gross.value) == ("CSQU3054383", "12000.00000")


@pytest.mark.parametrize(
    ("code", "function", "amends"),
    [("9", "new", False), ("2", "new", False), ("3", "delete", True), ("4", "change", True)],
)
def test_the_file_function_does_what_it_says(code: str, function: str, amends: bool) -> None:
    text = changed(GATE, "GATE-IN REPORT:9:", f"GATE-IN REPORT:{code}:")
    assert event_of(text).event.function == function
    assert (entities_of(text)[0].amends is not None) is amends


def test_an_unknown_state_or_purpose_is_kept_and_not_taken_for_a_known_one() -> None:
    text = changed(changed(GATE, ":42G1:F:E:", ":42G1:X:V:"), "BHLTSN0001", "")
    record = event_of(text)
    assert record.event.container is not None
    assert record.event.container.laden is None
    assert record.event.direction is None
    assert "unknown-code" in rules_of(record)
    assert "record 50, field 5: V" in {remark.text for remark in record.remarks}


def test_a_container_number_with_a_wrong_check_digit_is_kept_and_marked() -> None:
    record = event_of(GATE.replace("CSQU3054383", "CSQU3054384"))
    assert record.event.container is not None
    assert (record.event.container.known, "container-check-digit" in rules_of(record)) == (False, True)


def test_each_ship_stands_for_the_containers_behind_it() -> None:
    text = GATE.replace("50:MSCU", "10::OTHER SHIP:2E'\n50:MSCU").replace("99:6'", "99:7'")
    ships = [event_of(text, ordinal).event.conveyance for ordinal in range(2)]
    assert [ship and ship.name for ship in ships] == ["BOHAI STAR", "OTHER SHIP"]


def test_a_record_that_names_persons_is_told_and_not_repeated() -> None:
    text = changed(QUAY, "50:CSQU", "14:TALLY CO:ZHANG SAN:JOHN DOE'\n50:CSQU").replace("99:9'", "99:10'")
    message = read_message(text.encode())
    assert message.remarks == ("record 3 (14) says more than is read",)
    assert "ZHANG SAN" not in str([entity.record for entity in message.entities])


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_texts_are_read_in_both_encodings(encoding: str) -> None:
    record = read_message(changed(QUAY, "TIANJIN XINGANG", "天津新港").encode(encoding)).entities[0].record
    assert isinstance(record, LogisticsEvent)
    assert record.event.place is not None
    assert record.event.place.name == "天津新港"


@pytest.mark.parametrize(
    ("text", "old", "new", "place"),
    [
        (GATE, "GATE-IN REPORT", "GATE REPORT", "record 1 (00), field 3"),
        (GATE, "REPORT:9:", "REPORT:7:", "record 1 (00), field 4"),
        (GATE, "50:CSQU3054383:", "50:?:?::", "record 3 (50), field 2"),
        (GATE, "HM90017:202603021430:", "HM90017:202602301430:", "record 3 (50), field 10"),
        (GATE, "HM90017:202603021430:", "HM90017::202603021430", "record 3 (50), field 10"),
        (GATE, "BHLTSN0001:24120.5", "BHLTSN0001:heavy", "record 3 (50), field 8"),
        (QUAY, "TIANJIN:12000", "TIANJIN:-12", "record 4 (52), field 8"),
        (QUAY, "202603021410:202603030930:::3", "202603021410::::3", "record 5 (50), field 10"),
        (QUAY, "99:9'", "99:9", "message"),
    ],
)
def test_a_fault_is_named_by_its_record_and_field(text: str, old: str, new: str, place: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read_message(changed(text, old, new).encode())
    assert place in str(refusal.value)


def test_a_time_of_the_other_move_is_a_contradiction() -> None:
    text = changed(GATE, "HM90017:202603021430:", "HM90017::202603021430")
    with pytest.raises(MalformedMessage) as refusal:
        read_message(text.encode())
    assert refusal.value.code == "4004"


def test_a_file_without_containers_is_refused_and_a_cut_one_remarked() -> None:
    with pytest.raises(MalformedMessage, match="holds a container"):
        read_message(b"00:CODECO:GATE-IN REPORT:9:A:B:202603021505'99:2'")
    assert "no end record" in read_message(changed(GATE, "99:6'\n", "").encode()).remarks[0]


def test_a_thousand_containers_are_read_within_a_second() -> None:
    box = "50:CSQU3054383:42G1:F:E::BHLTSN0001:24120.5:HM90017:202603021430:'52:3:JINA88123'"
    message = f"00:CODECO:GATE-IN REPORT:9:A:B:202603021505'10::BOHAI STAR:018E'{box * 1000}99:2003'".encode()
    started = time.process_time()
    assert len(read_message(message).entities) == 1000
    assert time.process_time() - started < 1
