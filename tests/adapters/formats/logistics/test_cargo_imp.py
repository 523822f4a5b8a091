"""Cargo-IMP: waybills, houses, manifests and statuses as the manual's 34th edition lays them out."""

from __future__ import annotations

from datetime import date
from importlib import resources

import pytest

from adapters.mapping.missing_year import nearest_day
from adapters.message import Entity
from adapters.parsing.cargo_imp import LINE_CHARS_MAX, LINES_MAX
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.base import Record
from chain.records.logistics import LogisticsEvent, TransportDocument

SAMPLES = resources.files("adapters.formats.cargo_imp").joinpath("samples")
WAYBILL, HOUSES, MANIFEST, STATUS = (
    SAMPLES.joinpath(f"{name}.txt").read_bytes().decode() for name in ("waybill", "houses", "manifest", "status")
)
SENT = date(2026, 3, 2)


def entities_of(text: str, sent_on: date | None = SENT) -> tuple[Entity, ...]:
    return read_message(text.encode(), sent_on=sent_on).entities


def document_of(text: str, ordinal: int = 0) -> TransportDocument:
    record = entities_of(text)[ordinal].record
    assert isinstance(record, TransportDocument)
    return record


def event_of(text: str, ordinal: int = 0, sent_on: date | None = SENT) -> LogisticsEvent:
    record = entities_of(text, sent_on)[ordinal].record
    assert isinstance(record, LogisticsEvent)
    return record


def status(line: str, sent_on: date | None = SENT) -> LogisticsEvent:
    return event_of(f"FSU/15\r\n999-12345675PEKFRA/T14K1250.5\r\n{line}\r\n", sent_on=sent_on)


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} must stand once in the sample"
    return text.replace(old, new)


def rules_of(record: Record) -> set[str]:
    return {remark.rule for remark in record.remarks}


def texts_of(record: Record) -> str:
    return "\n".join(remark.text for remark in record.remarks)


def test_a_waybill_says_parties_goods_flight_and_totals() -> None:
    record = document_of(WAYBILL)
    transport = record.transport
    assert transport is not None
    assert transport.conveyance is not None
    assert transport.conveyance.carrier is not None
    assert transport.packages is not None
    assert transport.gross is not None
    assert transport.volume is not None
    assert record.transport_document.issued_on == "2026-03-01"
    assert (transport.conveyance.voyage, transport.conveyance.carrier.value) == ("CA931", "CA")
    assert (transport.packages.count, transport.gross.value, transport.volume.value) == (14, "1250.50000", "6.40000")
    assert [(party.role, party.name) for party in record.parties] == [
        ("consignor", "BEIJING VALVE CO LTD"),
        ("consignee", "RHEIN ARMATUREN GMBH"),
        ("agent", "BOHAI AIR FORWARDING"),
    ]
    (item,) = record.goods_items
    assert (item.name, item.hs, item.origin) == ("GATE VALVES OF STEEL", "848180", "CN")


def test_a_social_credit_code_among_customs_information_is_the_shippers() -> None:
    shipper = document_of(WAYBILL).parties[0]
    assert (shipper.uscc, shipper.phone, shipper.country) == ("91110000100001342C", "861065551234", "CN")
    foreign = document_of(changed(WAYBILL, "USCI91110000100001342C", "DE811234567")).parties[0]
    assert (foreign.uscc, foreign.overseas_id) == (None, "DE811234567")


def test_declared_value_and_charges_have_the_waybills_currency() -> None:
    head = document_of(WAYBILL).transport_document
    assert head.declared_value is not None
    assert head.charges is not None
    assert (head.declared_value.value, head.declared_value.currency) == ("85000.00", "CNY")
    assert (head.charges.value, head.insurance and head.insurance.value) == ("28776.25", "90000.00")


def test_what_may_name_a_person_is_told_and_not_repeated() -> None:
    for text in (WAYBILL, STATUS):
        shown = texts_of(entities_of(text)[0].record or document_of(text))
        assert "not repeated" in shown
        for name in ("ZHANG SAN", "LI SI", "WANG WU"):
            assert name not in shown


def test_a_block_without_names_of_lines_is_read_by_their_order() -> None:
    old = WAYBILL.replace("FWB/17", "FWB/16").replace("NAM/", "/").replace("ADR/", "/").replace("LOC/", "/")
    assert document_of(old).parties[:2] == document_of(WAYBILL).parties[:2]


def test_each_house_is_a_record_under_its_master() -> None:
    first, second = document_of(HOUSES), document_of(HOUSES, 1)
    head = first.transport_document
    assert (head.kind, head.number, head.master) == ("house_air_waybill", "BAF00188", "999-12345675")
    assert [(item.name, item.hs) for item in first.goods_items] == [
        ("GATE VALVES OF STEEL", "848180"),
        (None, "848190"),
    ]
    assert [party.name for party in second.parties] == ["BEIJING VALVE CO LTD", "ISAR TECHNIK GMBH"]
    assert second.transport_document.declared_value is not None
    assert second.transport_document.declared_value.value == "4200.00"
    keys = {reference.key for reference in entities_of(HOUSES)[0].lookup}
    assert ("transport_document", "", "99912345675BAF00188") in keys, "as a declaration writes it, MAWB_HAWB"


def test_parts_of_a_waybill_in_bulk_and_in_devices_are_added() -> None:
    record = document_of(MANIFEST)
    transport = record.transport
    assert transport is not None
    assert transport.packages is not None
    assert transport.gross is not None
    assert transport.discharge is not None
    assert transport.discharge.code is not None
    assert transport.conveyance is not None
    assert (transport.packages.count, transport.gross.value, transport.departed_on) == (14, "1250.50000", "2026-03-02")
    assert (transport.discharge.code.value, transport.conveyance.name) == ("FRA", "B2487")
    assert [container.number for container in transport.containers] == ["PMC12345CA"]
    assert {"part", "year-not-said"} <= rules_of(record)
    assert "/MUCLH96/03MAR" in texts_of(document_of(MANIFEST, 1))


def test_a_manifest_without_a_day_of_sending_keeps_its_day_as_said() -> None:
    record = entities_of(MANIFEST, None)[0].record
    assert isinstance(record, TransportDocument)
    assert record.transport is not None
    assert record.transport.departed_on is None
    assert "day of departure 02MAR without a year" in texts_of(record)


def test_a_nil_manifest_leaves_no_record() -> None:
    (entity,) = entities_of("FFM/8\r\n1/CA931/02MAR/PEK\r\nFRA/NIL\r\nLAST\r\n")
    assert (entity.record, "NIL" in entity.note) == (None, True)


def test_a_departure_happened_when_the_flight_left() -> None:
    record = event_of(STATUS)
    event = record.event
    assert event.place is not None
    assert event.place.code is not None
    assert event.conveyance is not None
    assert record.transport is not None
    assert (event.code.value, event.classifier, event.happened.utc) == ("DEP", "ACT", "2026-03-02T05:55:00Z")
    assert (event.place.code.value, event.conveyance.voyage, event.pieces, event.part) == ("PEK", "CA931", 14, False)
    assert [container.number for container in record.transport.containers] == ["PMC12345CA"]


@pytest.mark.parametrize(
    ("line", "code", "utc", "classifier"),
    [
        ("RCS/02MAR1800/PEK/T14/SHIPPERNAME", "RCS", "2026-03-02T10:00:00Z", "ACT"),
        ("RCT/TW/02MAR1900/CDG/T14", "RCT", "2026-03-02T18:00:00Z", "ACT"),
        ("RCF/LH451/02MAR0700-N/FRA/T14", "RCF", "2026-03-03T06:00:00Z", "ACT"),
        ("BKD/CA931/02MAR/PEKFRA/T14/S1900/S0500-N", "BKD", "2026-03-02T11:00:00Z", "PLN"),
        ("DEP/CA931/02MAR/PEKFRA/P4/E1930", "DEP", "2026-03-02T11:30:00Z", "EST"),
        ("TFD/CK/02MAR1800/HKG/T14/123456", "TFD", "2026-03-02T10:00:00Z", "ACT"),
        ("CCD/02MAR2100/PEK/T14", "CCD", "2026-03-02T13:00:00Z", "ACT"),
        ("DIS/AF321/02MAR0930/LHR/MSAW/T1", "DIS_MSAW", "2026-03-02T09:30:00Z", "ACT"),
        ("CRC/02MAR1400/LYS/T12/AF171/02MAR/PEKLYS", "CRC", "2026-03-02T13:00:00Z", "ACT"),
        ("FIW/QR8403/02MAR1039/DOH/P2K505.0/S0720/A1008", "FIW", "2026-03-02T07:39:00Z", "ACT"),
    ],
)
def test_every_layout_gives_code_and_local_time(line: str, code: str, utc: str, classifier: str) -> None:
    event = status(line).event
    assert (event.code.value, event.happened.utc, event.classifier, event.code.known) == (code, utc, classifier, True)


def test_a_day_takes_the_year_nearest_to_the_day_of_sending_and_says_so() -> None:
    record = status("DLV/30DEC1300/PEK/T14", date(2026, 1, 2))
    assert record.event.happened.utc.startswith("2025-12-30")
    assert "year-not-said" in rules_of(record)
    assert nearest_day(29, 2, date(2025, 3, 1)) == date(2024, 2, 29)
    with pytest.raises(ValueError, match="no day"):
        nearest_day(31, 4, SENT)


def test_without_a_day_of_sending_a_status_is_refused_with_what_to_give() -> None:
    with pytest.raises(MalformedMessage, match="--sent"):
        entities_of(STATUS, None)


def test_an_airport_of_no_table_is_read_as_utc_and_says_so() -> None:
    record = status("DLV/02MAR1300/QQQ/T14")
    assert record.event.happened.utc == "2026-03-02T13:00:00Z"
    assert "read as UTC" in texts_of(record)


def test_a_status_without_a_day_leaves_no_record() -> None:
    (entity,) = entities_of("FSA/15\r\n999-12345675PEKMNL/T12\r\nTRM/TW/SYD/T12\r\n")
    assert (entity.record, "no day" in entity.note) == (None, True)
    (entity,) = entities_of("FSA/15\r\n999-12345675\r\nOSI/NO RECORD FOUND\r\n")
    assert "NO RECORD FOUND" in entity.note


def test_an_unknown_status_is_kept_as_said_and_marked() -> None:
    record = status("ZZZ/02MAR1300/PEK/T14")
    assert (record.event.code.value, record.event.code.known, "unknown-code" in rules_of(record)) == (
        "ZZZ",
        False,
        True,
    )
    record = status("DIS/AF321/02MAR0930/LHR/QQQQ/T1")
    assert record.event.code.known is False


def test_a_waybill_number_with_a_wrong_check_digit_is_kept_and_marked() -> None:
    record = document_of(WAYBILL.replace("999-12345675", "999-12345676"))
    assert (record.transport_document.number, "awb-check-digit" in rules_of(record)) == ("999-12345676", True)


def test_several_consignments_of_one_message_keep_their_statuses_apart() -> None:
    text = (
        "FSA/15\r\n999-12345675PEKFRA/P20T30\r\nRCF/LH721/02MAR0700/FRA/T20\r\n"
        "999-12345664PEKFRA/P10T30\r\nTFD/BA/02MAR1100/LHR/T10\r\n"
    )
    numbers = [event_of(text, ordinal).event.bill for ordinal in range(2)]
    assert numbers == ["999-12345675", "999-12345664"]


def test_a_newer_version_is_read_and_remarked_on() -> None:
    message = read_message(changed(WAYBILL, "FWB/17", "FWB/18").encode())
    assert (message.kind, "newer" in message.remarks[0]) == ("Cargo-IMP-FWB-18", True)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_end_as_writers_end_them(end: str) -> None:
    text = STATUS.replace("\r\n", end).replace("FSU/15", "\x02FSU/15")
    if end == "\r":
        text = text[text.index("\x02FSU") :].replace("\x02FSU/15\r", "FSU/15\r\n")
    assert event_of(text).event.code.value == "DEP"


@pytest.mark.parametrize(
    ("text", "old", "new", "place"),
    [
        (WAYBILL, "999-12345675PEKFRA/T14", "999-12345675PEKFRA/X", "line 2, field 2"),
        (WAYBILL, "999-12345675PEKFRA", "99-12345675PEKFRA", "line 2"),
        (WAYBILL, "ISU/01MAR26", "ISU/MAR01", "line 27, field 2"),
        (WAYBILL, "NVD/85000.00", "NVD/much", "line 18"),
        (HOUSES, "PEKFRA/10/K900.5", "PEK/10/K900.5", "line 3, field 3"),
        (HOUSES, "PEKFRA/10/K900.5", "PEKFRA/ten/K900.5", "line 3, field 4"),
        (HOUSES, "PEKFRA/10/K900.5", "PEKFRA/10/900.5", "line 3, field 5"),
        (HOUSES, "MBI/", "MBX/", "line 2"),
        (MANIFEST, "1/CA931/02MAR1350/PEK", "CA931/02MAR1350/PEK", "line 2"),
        (MANIFEST, "/S10K900.5MC4.8T14", "", "line 7"),
        (STATUS, "DEP/CA931/02MAR", "DEP/CA931/31FEB", "line 5"),
        (STATUS, "/A1355", "/A2561", "line 5"),
        (STATUS, "PEKFRA/T14K1250.5/A1355", "PEK/T14K1250.5/A1355", "line 5"),
        (STATUS, "999-12345675PEKFRA/T14K1250.5\r\n", "", "line 4"),
    ],
)
def test_a_fault_is_named_by_its_line(text: str, old: str, new: str, place: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        entities_of(changed(text, old, new))
    assert place in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "FWB/17\r\n" + "x" * (LINE_CHARS_MAX + 1),
        "FWB/17\r\n" + "x\r\n" * (2 * LINES_MAX),
        "FWB/17\r\n999-12345675PEKFRA/T1\u202e\r\n",
        "FWB/17\r\n",
        "FHL/5\r\n",
        "FFM/8\r\n",
        "FSU/15\r\n",
    ],
    ids=["long line", "lines", "direction", "no waybill", "no master", "no flight", "no consignment"],
)
def test_hostile_and_cut_messages_are_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        entities_of(text)
