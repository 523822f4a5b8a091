"""Platform files of ports: each value at its place, each function for what it is, each fault by its record."""

from __future__ import annotations

from importlib import resources

import pytest

from adapters.message import Entity
from adapters.parsing.numbered_records import FIELD_CHARS_MAX, FIELDS_MAX, parse_numbered
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.logistics import TransportDocument

SAMPLE = resources.files("adapters.formats.port_manifest").joinpath("samples/manifest.txt").read_text(encoding="utf-8")


def entities_of(text: str | bytes) -> tuple[Entity, ...]:
    message = read_message(text.encode() if isinstance(text, str) else text)
    assert message.kind == "port-IFCSUM"
    return message.entities


def bill_of(text: str | bytes, ordinal: int = 0) -> TransportDocument:
    record = entities_of(text)[ordinal].record
    assert isinstance(record, TransportDocument)
    return record


def changed(old: str, new: str) -> str:
    assert SAMPLE.count(old) == 1, f"{old!r} must stand once in the sample"
    return SAMPLE.replace(old, new)


def test_each_bill_becomes_a_record_with_ship_ports_and_parties() -> None:
    assert [entity.lookup[0].value for entity in entities_of(SAMPLE)] == ["BHLPUS0188", "BHLPUS0189"]
    record = bill_of(SAMPLE)
    transport = record.transport
    assert transport is not None
    assert transport.conveyance is not None
    assert transport.loading is not None
    assert transport.discharge is not None
    assert transport.destination is not None
    assert (transport.conveyance.name, transport.conveyance.voyage, transport.conveyance.nationality) == (
        "BOHAI STAR",
        "018W",
        "PA",
    )
    ports = (transport.loading.unlocode, transport.discharge.unlocode, transport.destination.unlocode)
    assert ports == ("KRPUS", "CNTXG", "CNTSN")
    assert record.transport_document.issued_on == "2026-02-26"
    assert [(party.role, party.name) for party in record.parties] == [
        ("consignor", "BUSAN VALVE CO."),
        ("consignee", "TIANJIN PIPELINE WORKS"),
        ("notify", "TIANJIN FORWARDING"),
    ]


def test_goods_weights_and_containers_stand_where_the_file_says_them() -> None:
    record = bill_of(SAMPLE)
    (item,) = record.goods_items
    transport = record.transport
    assert transport is not None
    assert item.gross is not None
    assert transport.gross is not None
    assert transport.packages is not None
    assert (item.name, item.gross.value) == ("GATE VALVES, STEEL\nMADE IN O'HARA WORKS", "20000.50000")
    assert (transport.gross.value, transport.packages.count) == ("20000.50000", 4)
    first, second = transport.containers
    assert first.tare is not None
    assert second.tare is None
    assert (first.number, first.tare.value, [seal.number for seal in first.seals]) == (
        "CSQU3054383",
        "2200.00000",
        ["HM90017"],
    )


def test_without_a_cargo_record_the_containers_say_weight_and_packages() -> None:
    record = bill_of(SAMPLE, 1)
    assert record.transport is not None
    assert record.transport.gross is not None
    assert record.transport.packages is not None
    assert (record.transport.gross.value, record.transport.packages.count) == ("640.00000", 12)
    (container,) = record.transport.containers
    assert (container.laden, container.shared) == (True, True)


def test_dates_of_the_call_and_what_else_is_not_read_are_kept_as_remarks() -> None:
    texts = {remark.text for remark in bill_of(SAMPLE).remarks}
    assert {"record 10, field 8: 20260301", "record 10, field 9: 20260303", "record 12, field 11: P"} <= texts


@pytest.mark.parametrize(
    ("code", "function", "amends"), [("9", "new", False), ("3", "delete", True), ("4", "change", True)]
)
def test_the_file_function_does_what_it_says(code: str, function: str, amends: bool) -> None:
    text = changed("MANIFEST:9:", f"MANIFEST:{code}:")
    assert bill_of(text).transport_document.function == function
    assert (entities_of(text)[0].amends is not None) is amends


def test_an_unknown_state_of_a_container_is_marked_and_not_taken_for_full() -> None:
    record = bill_of(changed("40HQ:L:12", "40HQ:X:12"), 1)
    assert record.transport is not None
    assert record.transport.containers[0].laden is None
    assert any(remark.rule == "unknown-code" for remark in record.remarks)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_texts_are_read_in_both_encodings(encoding: str) -> None:
    text = changed("GATE VALVES, STEEL", "钢制闸阀")
    assert "钢制闸阀" in (bill_of(text.encode(encoding)).goods_items[0].name or "")


def test_a_file_that_was_cut_or_miscounted_says_so() -> None:
    assert read_message(SAMPLE.encode()).remarks == ()
    assert "counts 17" in read_message(changed("99:18'", "99:17'").encode()).remarks[0]
    assert "no end record" in read_message(changed("99:18'\n", "").encode()).remarks[0]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("MANIFEST:9:", "MANIFEST:7:", "record 1 (00), field 4"),
        ("12:BHLPUS0189:", "12::", "record 14 (12), field 2"),
        ("12:BHLPUS0188::::::KRPUS:BUSAN:11:P:20260226", "12:BHLPUS0188::::::KRPUS:BUSAN:11:P:20260231", "field 12"),
        ("CRATES:20000.5", "CRATES:heavy", "record 9 (41), field 7"),
        ("41:001::4:", "41:001::many:", "record 9 (41), field 4"),
        ("40HQ:L:12:640", "40HQ:L:12:-640", "field 8"),
        ("99:18'", "99:18", "message"),
        ("11:BHL:BOHAI LINE'", "1x:BHL:BOHAI LINE'", "message"),
    ],
)
def test_a_fault_is_named_by_its_record_and_field(old: str, new: str, place: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        entities_of(changed(old, new))
    assert place in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "00:IFCSUM:" + ":" * FIELDS_MAX + "'",
        "00:IFCSUM:" + "x" * (FIELD_CHARS_MAX + 1) + "'",
        "00:IFCSUM:MANIFEST:9?",
        "00:IFCSUM:\u202e'",
        "00:IFCSUM:" + "?" * 50_001,
    ],
    ids=["fields", "characters", "release", "direction", "releases"],
)
def test_hostile_files_are_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        parse_numbered(text.encode())


@pytest.mark.parametrize(("head", "name"), [("00:COSCLN:LIST:9'", "COSCLN"), ("00NCLCONTAINER LIST", "CLCONT")])
def test_other_platform_files_are_named_and_not_read(head: str, name: str) -> None:
    with pytest.raises(MalformedMessage, match=f"platform file {name}"):
        read_message(head.encode())
