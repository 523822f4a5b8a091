"""What China's declaration and the answers to it become."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from adapters.message import message_digest
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.identifiers import Ucr
from chain.records.customs import CustomsDeclaration, CustomsStatus

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "customs"
IMPORT = (FIXTURES / "dec-import-4.8.xml").read_bytes()
EXPORT = (FIXTURES / "dec-export-5.0.xml").read_bytes()

RESULT = """<?xml version="1.0" encoding="UTF-8"?>
<DEC_RESULT><CUS_CIQ_NO>I20260000000000123</CUS_CIQ_NO><ENTRY_ID>010120261000000017</ENTRY_ID>
<NOTICE_DATE>2026-03-02T18:00:00</NOTICE_DATE><CHANNEL>{channel}</CHANNEL><NOTE>放行</NOTE>
<CUSTOM_MASTER>0101</CUSTOM_MASTER></DEC_RESULT>"""


def declaration(message: bytes) -> CustomsDeclaration:
    (entity,) = read_message(message).entities
    assert isinstance(entity.record, CustomsDeclaration)
    return entity.record


def statuses(message: bytes) -> list[CustomsStatus]:
    return [e.record for e in read_message(message).entities if isinstance(e.record, CustomsStatus)]


def body_of(message: bytes) -> bytes:
    return message.split(b"?>", 1)[1]


def wrapped(message: bytes, compress: str = "0") -> bytes:
    head = (
        "<SWImpHead><CopMsgId>MSG-7</CopMsgId><MsgType>SWDEC001</MsgType><FunctionCode>0</FunctionCode>"
        f"<Format>xml</Format><Compress>{compress}</Compress><Version>1.0</Version></SWImpHead>"
    )
    return f"<ImportMessage>{head}".encode() + body_of(message) + b"</ImportMessage>"


def enveloped(message: bytes) -> bytes:
    data = base64.b64encode(message).decode()
    info = "<TransInfo><CopMsgId>DXP-9</CopMsgId><SenderId>DXPTEST000000001</SenderId></TransInfo>"
    return f'<DxpMsg xmlns="http://www.chinaport.gov.cn/dxp" ver="1.0">{info}<Data>{data}</Data></DxpMsg>'.encode()


@pytest.mark.parametrize("message", [IMPORT, EXPORT])
def test_a_declaration_comes_back_from_its_sections(message: bytes) -> None:
    record = declaration(message).for_ucrs([Ucr.parse(Ucr.EXAMPLE)])
    assert CustomsDeclaration.from_sections(record.to_sections()) == record


def test_an_import_declarations_countries_are_as_written() -> None:
    record = declaration(IMPORT)
    assert [(item.origin, item.destination) for item in record.goods_items] == [("DE", "CN"), ("DE", "CN")]
    assert record.transport is not None
    assert (record.transport.country_departure, record.transport.country_destination) == ("DE", None)


def test_an_export_declarations_countries_are_swapped() -> None:
    record = declaration(EXPORT)
    assert [(item.origin, item.destination) for item in record.goods_items] == [("CN", "US")]
    assert record.transport is not None
    assert (record.transport.country_departure, record.transport.country_destination) == (None, "US")
    assert record.transport.destination is not None
    assert record.transport.destination.port == "USA309"


def test_charges_are_rates_and_amounts_as_their_marks_say() -> None:
    valuation = declaration(IMPORT).valuation
    assert valuation is not None
    assert valuation.freight is not None
    assert valuation.insurance is not None
    assert (valuation.freight.mark, valuation.freight.amount and valuation.freight.amount.value) == ("total", "1200.00")
    assert (valuation.insurance.mark, valuation.insurance.rate) == ("rate", "0.003000")


def test_other_charges_may_be_a_deduction() -> None:
    valuation = declaration(EXPORT).valuation
    assert valuation is not None
    assert valuation.other is not None
    assert valuation.other.amount is not None
    assert valuation.other.amount.value == "-100.00"


def test_an_air_bill_names_its_master() -> None:
    numbers = {(found.kind, found.value) for found in declaration(IMPORT).references}
    assert ("transport_document", "99912345675_H0001") in numbers
    assert ("master_bill", "999-12345675") in numbers


@pytest.mark.parametrize(
    ("kind", "written", "numbers"),
    [
        ("Y", "<01>RCEP-DE-2026-0188", ["RCEP-DE-2026-0188"]),
        ("Y", "RCEP-DE-2026-0188", ["RCEP-DE-2026-0188"]),
        ("Y", "<01>XJE00000", []),
        ("A", "<01>RCEP-DE-2026-0188", []),
    ],
)
def test_a_certificate_of_origin_is_a_number_of_the_declaration(kind: str, written: str, numbers: list[str]) -> None:
    licence = f"<DocuCode>{kind}</DocuCode>\n      <CertCode>{escape(written)}</CertCode>".encode()
    message = re.sub(rb"<DocuCode>.*</CertCode>", licence, IMPORT, flags=re.S)
    found = [one.value for one in declaration(message).references if one.kind == "origin_certificate"]
    assert found == numbers


def test_a_container_that_fails_its_check_digit_is_kept_and_marked() -> None:
    transport = declaration(EXPORT).transport
    assert transport is not None
    assert [(box.number, box.known) for box in transport.containers] == [
        ("CSQU3054383", True),
        ("CSQU3054384", False),
    ]


def test_attached_files_licences_and_permits_are_documents() -> None:
    found = [(document.kind.system, document.number or document.name) for document in declaration(IMPORT).documents]
    assert found == [
        ("cn-licence-document", "112026000017"),
        ("cn-goods-limit", "CCC-2026-1"),
        ("cn-edoc", "invoice-17.pdf"),
    ]


def test_a_declaration_number_of_another_office_is_remarked() -> None:
    record = declaration(EXPORT.replace(b"<CustomMaster>0220", b"<CustomMaster>0101"))
    assert [remark.rule for remark in record.remarks] == ["declaration-number"]


@pytest.mark.parametrize("version", ["3.1", "4.8", "5.0"])
def test_every_version_is_read_plain_wrapped_and_enveloped(version: str) -> None:
    plain = IMPORT.replace(b'Version="4.8"', f'Version="{version}"'.encode())
    goods = declaration(plain).goods_items
    for message in (wrapped(plain), enveloped(plain), enveloped(wrapped(plain))):
        read = read_message(message)
        record = read.entities[0].record
        assert isinstance(record, CustomsDeclaration)
        assert record.goods_items == goods
        assert record.source is not None
        assert (record.source.kind, record.source.sha256) == ("DecMessage", message_digest(message))
    assert read_message(plain).remarks == ()


def test_another_version_is_read_with_a_remark() -> None:
    read = read_message(IMPORT.replace(b'Version="4.8"', b'Version="9.9"'))
    assert "9.9" in read.remarks[0]


def test_gb18030_is_read() -> None:
    text = IMPORT.decode().replace('encoding="UTF-8"', 'encoding="GB18030"')
    assert declaration(text.encode("gb18030")).parties == declaration(IMPORT).parties


def test_a_draft_is_read_for_the_reply_that_proves_it_and_need_not_be_whole() -> None:
    draft = IMPORT.replace(b"<OperType>C", b"<OperType>G").replace(b"<NetWt>240", b"<NetWt>")
    (entity,) = read_message(draft).entities
    assert entity.is_draft
    assert entity.note.startswith("a draft (OperType G)")
    assert isinstance(entity.record, CustomsDeclaration)
    assert entity.record.transport is not None
    assert entity.record.transport.net is None


def typed(said: str) -> bytes:
    """The import declaration with this `Type`."""
    return re.sub(b"<Type>[^<]*</Type>", f"<Type>{said}</Type>".encode(), IMPORT)


@pytest.mark.parametrize(
    ("said", "form", "stage", "flags"),
    [
        ("CL", "CL", "whole", {}),
        ("CL5", "CL", "summary", {"cn-declaration-type-positions": "CL5"}),
        ("  5", None, "summary", {"cn-declaration-type-positions": "  5"}),
        ("  6", None, "complete", {"cn-declaration-type-positions": "  6"}),
        ("ML0", "ML", "whole", {"cn-declaration-type-positions": "ML0"}),
        ("      Z", None, "whole", {"cn-declaration-type-positions": "      Z", "cn-port-group": "Z"}),
        ("\n   SD\n", "SD", "whole", {}),
    ],
)
def test_the_type_is_read_by_its_positions(said: str, form: str | None, stage: str, flags: dict[str, str]) -> None:
    body = typed(said)
    record = read_message(body).entities[0].record
    assert isinstance(record, CustomsDeclaration)
    assert (record.declaration.form.value if record.declaration.form else None) == form
    assert record.declaration.stage == stage
    assert {
        code.system: code.value
        for code in record.declaration.flags
        if "declaration-type" in code.system or "group" in code.system
    } == flags
    assert "unknown-code" not in {remark.rule for remark in record.remarks if remark.field == "declaration.form"}


def test_a_type_with_a_position_of_no_list_is_kept_and_marked() -> None:
    record = read_message(typed("QQ9")).entities[0].record
    assert isinstance(record, CustomsDeclaration)
    assert record.declaration.form is not None
    assert (record.declaration.form.value, record.declaration.form.known) == ("QQ", False)
    assert "unknown-code" in {remark.rule for remark in record.remarks}


def test_a_summary_declaration_is_not_refused_for_what_the_second_step_says() -> None:
    body = typed("  5")
    for name in ("GrossWet", "NetWt", "PackNo", "TransMode", "TradeCountry", "DeclPrice", "DutyMode", "GUnit"):
        body = re.sub(f"<{name}>[^<]*</{name}>".encode(), b"", body)
    record = read_message(body).entities[0].record
    assert isinstance(record, CustomsDeclaration)
    assert record.declaration.stage == "summary"
    with pytest.raises(MalformedMessage):
        read_message(body.replace(b"<Type>  5</Type>", b""))


def test_what_no_table_of_the_declaration_names_is_kept_as_a_remark() -> None:
    record = read_message(IMPORT.replace(b"</DecHead>", b"<CheckFlow>A7</CheckFlow></DecHead>")).entities[0].record
    assert record is not None
    assert "DecHead/CheckFlow: A7" in [remark.text for remark in record.remarks if remark.rule == "not-read"]


@pytest.mark.parametrize(
    ("old", "new", "field", "code"),
    [
        (b"<GrossWet>260.5", b"<GrossWet>26.5", "DecMessage/DecHead/GrossWet", "4004"),
        (b"<NetWt>240", b"<NetWt>-240", "DecMessage/DecHead/NetWt", "0002"),
        (b"<FeeMark>3</FeeMark>", b"", "DecMessage/DecHead/FeeMark", "4004"),
        (b"<FeeCurr>USD</FeeCurr>", b"", "DecMessage/DecHead/FeeCurr", "4004"),
        (b"<CodeTS>9027500090", b"<CodeTS>90275", "DecMessage/DecLists/DecList[1]/CodeTS", "0002"),
        (b"<GNo>2", b"<GNo>1", "DecMessage/DecLists/DecList/GNo", "4004"),
        (b"<CustomMaster>0101", b"<CustomMaster>01X1", "DecMessage/DecHead/CustomMaster", "0002"),
        (b"<EntryType>M", b"<EntryType>QQ", "DecMessage/DecHead/EntryType", "0002"),
    ],
)
def test_one_fault_is_named_with_its_field_and_code(old: bytes, new: bytes, field: str, code: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(IMPORT.replace(old, new, 1))
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [(field, code)]


def test_a_declaration_without_any_number_is_refused() -> None:
    nameless = IMPORT.replace(b"<SeqNo>I20260000000000123</SeqNo>", b"")
    nameless = nameless.replace(b"<ClientSeqNo>TQ202603020001</ClientSeqNo>", b"")
    with pytest.raises(MalformedMessage) as refused:
        read_message(nameless)
    assert (refused.value.field, refused.value.code) == ("DecMessage/DecHead/EntryId", "4004")


def test_fifty_one_items_are_refused() -> None:
    item = IMPORT[IMPORT.index(b"    <DecList>") : IMPORT.index(b"  </DecLists>")]
    one = item[: item.index(b"</DecList>") + len(b"</DecList>")]
    many = b"".join(one.replace(b"<GNo>1<", f"<GNo>{count}<".encode()) for count in range(1, 52))
    with pytest.raises(MalformedMessage) as refused:
        read_message(IMPORT.replace(item, many))
    assert refused.value.rule == "appears at most 50 times"


def test_three_faults_are_named_at_once() -> None:
    broken = IMPORT.replace(b"<NetWt>240", b"<NetWt>NaN").replace(b"<PackNo>12</PackNo>", b"")
    broken = broken.replace(b"<TradeCurr>USD", b"<TradeCurr>DOLLAR", 1)
    with pytest.raises(MalformedMessage) as refused:
        read_message(broken)
    assert [fault.field for fault in refused.value.faults] == [
        "DecMessage/DecHead/NetWt",
        "DecMessage/DecHead/PackNo",
        "DecMessage/DecLists/DecList[1]/TradeCurr",
    ]


def test_a_compressed_wrapper_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="not compressed"):
        read_message(wrapped(IMPORT, compress="1"))


def test_an_envelope_in_an_envelope_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="not another envelope"):
        read_message(enveloped(enveloped(IMPORT)))


def test_an_envelope_whose_data_is_no_base64_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="is Base64"):
        read_message(b"<DxpMsg><TransInfo/><Data>***</Data></DxpMsg>")


@pytest.mark.parametrize(
    ("channel", "state", "technical"),
    [
        ("7", None, True),
        ("Y", "REJECTED", False),
        ("L", "ACCEPTED", False),
        ("E", "REJECTED", False),
        ("H", "MANUAL_REVIEW", False),
        ("C", "INSPECTION", False),
        ("W", "ASSESSED", False),
        ("P", "RELEASED", False),
        ("I", "RELEASED", False),
        ("R", "CLOSED", False),
        ("D", "WITHDRAWN", False),
        ("M", None, False),
        ("Q", None, False),
    ],
)
def test_a_result_has_the_state_of_its_channel(channel: str, state: str | None, technical: bool) -> None:
    (found,) = statuses(RESULT.format(channel=channel).encode())
    assert (found.status.state, found.status.technical) == (state, technical)
    assert found.status.code.known == (channel != "Q")
    assert found.status.at is not None
    assert found.status.at.utc == "2026-03-02T10:00:00Z"


def test_the_older_form_holds_results_in_dec_data() -> None:
    one = body_of(RESULT.format(channel="P").encode())
    older = one.replace(b"</DEC_RESULT>", b"<BILL_NO>B1</BILL_NO><GROSS_WT>12.5</GROSS_WT></DEC_RESULT>")
    found = statuses(b"<DEC_DATA>" + older + one + b"</DEC_DATA>")
    assert [
        status.transport.gross.value if status.transport and status.transport.gross else None for status in found
    ] == [
        "12.50000",
        None,
    ]


def test_a_result_without_any_number_is_refused() -> None:
    nameless = "<DEC_RESULT><NOTICE_DATE>20260302</NOTICE_DATE><CHANNEL>P</CHANNEL></DEC_RESULT>"
    with pytest.raises(MalformedMessage) as refused:
        read_message(nameless.encode())
    assert (refused.value.field, refused.value.code) == ("DEC_RESULT/ENTRY_ID", "4004")


def test_a_communication_reply_is_technical() -> None:
    reply = (
        "<DecImportResponse><ResponseCode>1</ResponseCode><ErrorMessage>校验失败</ErrorMessage>"
        "<ClientSeqNo>TQ202603020001</ClientSeqNo></DecImportResponse>"
    )
    (found,) = statuses(reply.encode())
    assert (found.status.about, found.status.technical, found.status.number) == ("message", True, "TQ202603020001")


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "2026-13-01", "yesterday"])
def test_a_time_that_does_not_exist_is_named(said: str) -> None:
    result = RESULT.format(channel="P").replace("2026-03-02T18:00:00", said)
    with pytest.raises(MalformedMessage) as refused:
        read_message(result.encode())
    assert refused.value.value == said
