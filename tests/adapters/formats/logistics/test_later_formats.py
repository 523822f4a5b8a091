"""EDIFACT container moves, EPCIS events, China's manifest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.parsing.edifact import parse_interchange
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import LogisticsEvent, TransportDocument
from tests.samples import samples_dir

COARRI = (
    b"UNB+UNOA:2+TERMINAL+LINE+260302:0900+1'UNH+7+COARRI:D:95B:UN:ITG13'BGM+44+9+9'"
    b"TDT+20+031E+1++COS:172:20+++:::COSCO TAURUS'LOC+11+CNTXG:139:6'"
    b"EQD+CN+CSQU3054383+45G1:102:5++3+5'RFF+BM:COSU1234567890'DTM+203:202603020913:203'MEA+AAE+EGW+KGM:8914'SEL+H53175+SH'"
    b"CNT+16:1'UNT+11+7'UNZ+1+1'"
)
EPCIS = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-03-02T09:00:00Z",
    "epcisBody": {
        "eventList": [
            {
                "type": "ObjectEvent",
                "eventID": "urn:uuid:1",
                "eventTime": "2026-03-02T09:00:00+08:00",
                "eventTimeZoneOffset": "+08:00",
                "action": "OBSERVE",
                "bizStep": "shipping",
                "epcList": ["urn:epc:id:sgtin:0614141.107346.2017"],
                "bizTransactionList": [{"type": "bol", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:B1"}],
            }
        ]
    },
}
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<Manifest xmlns="urn:Declaration:datamodel:standard:CN:MT1401:1">
 <Head><MessageID>CN_MT1401_1p0_0000000000000_20260302090000000</MessageID><FunctionCode>{function}</FunctionCode></Head>
 <Declaration><DeclarationOfficeID>0202</DeclarationOfficeID><ID>COSCO0001</ID>
  <BorderTransportMeans><JourneyID>031E</JourneyID><TypeCode>1</TypeCode><ID>UN9321483</ID></BorderTransportMeans>
  <Carrier><ID>COS</ID></Carrier>
  <UnloadingLocation><ID>CNTXG/0202</ID><ArrivalDateTime>20260302090000086</ArrivalDateTime></UnloadingLocation>
  <Consignment><TransportContractDocument><ID>COSU1234567890</ID></TransportContractDocument>
   <TotalPackageQuantity>60</TotalPackageQuantity><GoodsMeasure><GrossMassMeasure>8214.5</GrossMassMeasure></GoodsMeasure>
   <Consignee><Name>测试公司</Name></Consignee>
   <TransportEquipment><ID>CSQU3054383</ID></TransportEquipment>
   <ConsignmentItem><SequenceNumeric>1</SequenceNumeric><Commodity><CargoDescription>GEARBOXES</CargoDescription>
    <Classification><ID>848340</ID></Classification></Commodity></ConsignmentItem>
  </Consignment>
 </Declaration>
</Manifest>"""


def test_a_discharged_container_is_an_event_with_its_bill_and_weight() -> None:
    record = read_message(COARRI).entities[0].record
    assert isinstance(record, LogisticsEvent)
    event = record.event
    assert (event.code.value, event.bill, event.happened.utc) == ("DISC", "COSU1234567890", "2026-03-02T01:13:00Z")
    assert event.container is not None
    assert event.container.gross is not None
    assert (event.container.number, event.container.gross.value) == ("CSQU3054383", "8914.00000")
    assert event.container.seals[0].number == "H53175"
    assert [reference.key[:2] for reference in read_message(COARRI).entities[0].lookup] == [
        ("transport_document", ""),
        ("container", ""),
    ]
    assert [remark.rule for remark in record.remarks] == ["local-time"]


def test_a_container_at_the_gate_is_gated_in() -> None:
    body = COARRI.replace(b"COARRI", b"CODECO").replace(b"BGM+44", b"BGM+34")
    record = read_message(body).entities[0].record
    assert isinstance(record, LogisticsEvent)
    assert record.event.code.value == "GTIN"


def test_a_released_mark_is_part_of_the_text() -> None:
    body = COARRI.replace(b"COSCO TAURUS", b"O?'BRIEN?+CO??")
    record = read_message(body).entities[0].record
    assert isinstance(record, LogisticsEvent)
    assert record.event.conveyance is not None
    assert record.event.conveyance.name == "O'BRIEN+CO?"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"UNT+11+7", b"UNT+12+7", "counts the 11 segments"),
        (b"UNT+11+7", b"UNT+11+8", "repeats the reference 7"),
        (b"UNZ+1+1", b"UNZ+2+1", "counts the 1 messages"),
        (b"'UNZ+1+1'", b"'", "ends the interchange"),
        (b"DTM+203:202603020913:203'", b"DTM+9:202603020913:203'", "time of the move"),
        (b"202603020913", b"202613020913", "is a time in format"),
        (b"BGM+44", b"BGM+99", "is one of"),
        (b"KGM:8914", b"KGM:-8914", "not negative"),
        (b"EQD+CN+CSQU3054383", b"EQD+CN+", "names a container"),
        (b"COARRI:D:95B", "COARRI:D:9Ï".encode(), "pattern"),
    ],
)
def test_a_wrong_interchange_is_refused_by_its_fault(old: bytes, new: bytes, said: str) -> None:
    assert old in COARRI
    with pytest.raises(MalformedMessage, match=said):
        read_message(COARRI.replace(old, new))


def test_three_faults_of_an_interchange_are_named_at_once() -> None:
    wrong = COARRI.replace(b"KGM:8914", b"KGM:-8").replace(b"202603020913", b"202613020913")
    with pytest.raises(MalformedMessage) as refused:
        read_message(wrong.replace(b"UNT+11+7", b"UNT+12+7"))
    assert sorted(fault.field for fault in refused.value.faults) == ["DTM[8]", "MEA[9]", "UNT[12]"]


@given(st.binary(max_size=300))
@settings(max_examples=150)
def test_any_bytes_are_segments_or_refused(noise: bytes) -> None:
    for body in (b"UNB+" + noise, COARRI[:100] + noise + COARRI[100:]):
        try:
            parse_interchange(body)
        except MalformedMessage as refusal:
            assert refusal.code in ("0001", "0002")


def test_an_epcis_event_keeps_its_transaction_and_goods() -> None:
    entity = read_message(json.dumps(EPCIS).encode()).entities[0]
    assert isinstance(entity.record, LogisticsEvent)
    assert entity.lookup[0].key == ("transport_document", "", "B1")
    assert entity.record.event.code.value == "shipping"
    assert len(entity.record.goods_items) == 1


def test_an_error_declaration_amends_the_event_of_that_id() -> None:
    wrong = json.loads(json.dumps(EPCIS))
    wrong["epcisBody"]["eventList"][0]["errorDeclaration"] = {"declarationTime": "x", "reason": "incorrect_data"}
    entity = read_message(json.dumps(wrong).encode()).entities[0]
    assert entity.amends is not None
    assert entity.amends.value == "urn:uuid:1"


@pytest.mark.parametrize("member", ["type", "eventTime"])
def test_an_epcis_event_without_what_it_needs_is_refused(member: str) -> None:
    wrong = json.loads(json.dumps(EPCIS))
    del wrong["epcisBody"]["eventList"][0][member]
    with pytest.raises(MalformedMessage, match=member):
        read_message(json.dumps(wrong).encode())


def test_a_manifest_line_is_a_transport_document() -> None:
    entity = read_message(MANIFEST.format(function=9).encode()).entities[0]
    assert isinstance(entity.record, TransportDocument)
    assert entity.record.transport_document.kind == "manifest"
    assert entity.amends is None
    transport = entity.record.transport
    assert transport is not None
    assert transport.arrived is not None
    assert transport.arrived.utc == "2026-03-02T01:00:00Z"
    assert [box.number for box in transport.containers] == ["CSQU3054383"]
    assert entity.record.goods_items[0].hs == "848340"


def test_a_changed_manifest_amends_what_was_said_of_the_bill() -> None:
    entity = read_message(MANIFEST.format(function=5).encode()).entities[0]
    assert entity.amends is not None
    assert entity.amends.value == "COSU1234567890"


def test_a_manifest_line_without_a_bill_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="TransportContractDocument"):
        read_message(MANIFEST.format(function=9).replace("TransportContractDocument", "Other").encode())


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("edifact/D95BCOARRI.edi", "COARRI-D.95B", 21),
        ("epcis/ErrorDeclarationAndCorrectiveEvent.jsonld", "EPCIS-2.0", 2),
        ("epcis/Example_9.6.1-ObjectEvent.jsonld", "EPCIS-2.0", 2),
        ("epcis/Example_9.6.3-AggregationEvent.jsonld", "EPCIS-2.0", 1),
    ],
)
def test_the_standards_own_examples_are_read(name: str, kind: str, count: int) -> None:
    read = read_message((samples_dir() / name).read_bytes())
    assert (read.kind, len(read.entities)) == (kind, count)
    assert all(entity.record for entity in read.entities)
