"""China's declaration and the answers to it: each name and place of a field, and what no field of a record holds."""

from __future__ import annotations

import re

import pytest

from adapters.formats.dec_message import tables
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import CustomsDeclaration, CustomsStatus
from tests.adapters.formats.customs.test_dec import EXPORT, IMPORT, RESULT, declaration, statuses


def alternatives(rows: str) -> list[tuple[str, str]]:
    names = [row.split()[0].split("/") for row in rows.strip().splitlines()]
    return [(own, other) for own, *others in names for other in others]


def renamed(body: bytes, own: str, other: str) -> bytes:
    return body.replace(f"<{own}>".encode(), f"<{other}>".encode()).replace(
        f"</{own}>".encode(), f"</{other}>".encode()
    )


def same(first: CustomsDeclaration, second: CustomsDeclaration) -> bool:
    return first.model_copy(update={"source": None}) == second.model_copy(update={"source": None})


@pytest.mark.parametrize(("own", "other"), alternatives(tables.DEC_HEAD) + alternatives(tables.DEC_LIST))
def test_a_field_is_read_under_each_of_its_names(own: str, other: str) -> None:
    body = IMPORT if f"<{own}>".encode() in IMPORT else EXPORT
    assert same(declaration(body), declaration(renamed(body, own, other)))


@pytest.mark.parametrize(
    ("names", "group"),
    [(tables.CONTAINER_NAMES, "transport"), (tables.LICENCE_NAMES, "documents")],
)
def test_an_element_of_a_list_is_read_under_each_of_its_names(names: tuple[str, ...], group: str) -> None:
    body = EXPORT if group == "transport" else IMPORT
    for other in names[1:]:
        assert same(declaration(body), declaration(renamed(body, names[0], other)))


@pytest.mark.parametrize("group", tables.EDOC_GROUPS)
def test_an_attachment_is_read_at_each_place(group: str) -> None:
    found = re.search(rb"<EdocRealation>.*?</EdocRealation>", IMPORT, re.DOTALL)
    assert found is not None
    inside = f"<{group}>".encode() + found[0] + f"</{group}>".encode() if group else found[0]
    assert declaration(IMPORT.replace(found[0], inside)).documents == declaration(IMPORT).documents


@pytest.mark.parametrize("name", tables.ACCESS_NAMES)
def test_what_is_applied_for_at_entry_is_a_flag_under_each_name(name: str) -> None:
    access = (
        f"<{name}><TransitionApply>1</TransitionApply><TransitionSite>TSN02S001</TransitionSite>"
        f"<ConditionalLiftoffApply>1</ConditionalLiftoffApply><PortDestMergeCheckApply>0</PortDestMergeCheckApply></{name}>"
    )
    record = declaration(IMPORT.replace(b"</DecMessage>", f"{access}</DecMessage>".encode()))
    flags = {code.system: code.value for code in record.declaration.flags}
    assert flags["cn-conditional-lift-off"] == flags["cn-transition"] == "1"
    assert flags["cn-transition-site"] == "TSN02S001"
    assert "cn-merged-inspection" not in flags


def test_an_unknown_tick_is_kept_and_marked() -> None:
    access = b"<DecTpAccessType><ConditionalLiftoffApply>Y</ConditionalLiftoffApply></DecTpAccessType>"
    record = declaration(IMPORT.replace(b"</DecMessage>", access + b"</DecMessage>"))
    (flag,) = [code for code in record.declaration.flags if code.system == "cn-conditional-lift-off"]
    assert (flag.value, flag.known) == ("Y", False)
    assert "unknown-code" in {remark.rule for remark in record.remarks}


def test_further_packing_is_read() -> None:
    packs = b"<DecOtherPacks><DecOtherPack><PackQty>3</PackQty><PackType>93</PackType></DecOtherPack></DecOtherPacks>"
    record = declaration(IMPORT.replace(b"</DecMessage>", packs + b"</DecMessage>"))
    assert record.transport is not None
    assert [code.value for code in record.transport.other_packing] == ["93"]
    assert "DecOtherPack: 3 of 93" in {remark.text for remark in record.remarks}


@pytest.mark.parametrize(
    ("written", "utc", "day"),
    [
        ("20260302093000", "2026-03-02T01:30:00Z", None),
        ("2026030209300012", "2026-03-02T01:30:00Z", None),
        ("2026-03-02 09:30:00", "2026-03-02T01:30:00Z", None),
        ("2026-03-02T09:30:00.123", "2026-03-02T01:30:00Z", None),
        ("20260302", None, "2026-03-02"),
    ],
)
def test_the_time_of_signing_is_read_in_each_of_its_forms(written: str, utc: str | None, day: str | None) -> None:
    head = declaration(re.sub(b"<SignDate>[^<]*<", f"<SignDate>{written}<".encode(), IMPORT)).declaration
    assert (head.lodged.utc if head.lodged else None, head.declared_on) == (utc, day)
    assert head.lodged is None or head.lodged.said == written


@pytest.mark.parametrize(
    ("mark", "rate", "currency", "kept"),
    [("1", "-0.5", "", False), ("1", "0.123456", "", True), ("3", "-100", "USD", True)],
)
def test_other_charges_are_kept_or_told(mark: str, rate: str, currency: str, kept: bool) -> None:
    body = re.sub(b"<Other(Mark|Rate|Curr)>[^<]*</Other(Mark|Rate|Curr)>", b"", EXPORT)
    said = f"<OtherMark>{mark}</OtherMark><OtherRate>{rate}</OtherRate><OtherCurr>{currency}</OtherCurr></DecHead>"
    if rate == "0.123456":
        with pytest.raises(MalformedMessage, match="behind"):
            read_message(body.replace(b"</DecHead>", said.encode()))
        said = said.replace("0.123456", "0.12345")
    record = declaration(body.replace(b"</DecHead>", said.encode()))
    assert record.valuation is not None
    assert (record.valuation.other is not None) == kept
    assert kept or any("-0.5" in remark.text for remark in record.remarks)


def draft(body: bytes) -> bytes:
    return body.replace(b"<OperType>C", b"<OperType>G")


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (b"<NetWt>[^<]*<", b"<NetWt>0<"),
        (b"<GrossWet>[^<]*<", b"<GrossWet>1<"),
        (b"<PackNo>[^<]*<", b"<PackNo>0<"),
        (b"<FeeMark>[^<]*</FeeMark>", b""),
        (b"<FeeCurr>[^<]*</FeeCurr>", b""),
        (b"<GQty>[^<]*<", b"<GQty>0<"),
        (b"<TradeName>[^<]*<", b"<TradeName><"),
        (b"<DecLists>.*</DecLists>", b""),
    ],
)
def test_a_draft_is_kept_whatever_is_still_open_in_it(pattern: bytes, replacement: bytes) -> None:
    (entity,) = read_message(re.sub(pattern, replacement, draft(IMPORT), flags=re.DOTALL)).entities
    assert entity.is_draft
    assert isinstance(entity.record, CustomsDeclaration)
    if b"Fee" in pattern:
        assert any("FeeRate" in remark.text for remark in entity.record.remarks)


@pytest.mark.parametrize("operation", ["A", "B", "C", "D", "E"])
def test_each_operation_but_saving_declares(operation: str) -> None:
    (entity,) = read_message(IMPORT.replace(b"<OperType>C", f"<OperType>{operation}".encode())).entities
    assert not entity.is_draft


def test_an_unknown_operation_is_refused_by_its_name() -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(IMPORT.replace(b"<OperType>C", b"<OperType>Q"))
    assert (refused.value.field, refused.value.value) == ("DecMessage/DecSign/OperType", "Q")


FACTS = "<BILL_NO>B1</BILL_NO><GROSS_WT>12.5</GROSS_WT><EXTRA>E7</EXTRA>"
ANSWER = "<ENTRY_ID>010120261000000017</ENTRY_ID><CHANNEL>P</CHANNEL><NOTICE_DATE>20260302</NOTICE_DATE>"
OLDER = (
    f"<DEC_DATA>{FACTS}{{result}}</DEC_DATA>",
    f"<DEC_DATA>{ANSWER}{FACTS}</DEC_DATA>",
    f"<DEC_DATA>{FACTS}<RESULTS>{{result}}</RESULTS></DEC_DATA>",
)


@pytest.mark.parametrize("body", OLDER)
def test_the_older_result_is_read_wherever_its_fields_stand(body: str) -> None:
    result = RESULT.format(channel="P").split("?>")[1]
    (record,) = statuses(body.format(result=result).encode())
    assert record.status.state == "RELEASED"
    assert record.transport is not None
    assert record.transport.bill == "B1"
    assert record.transport.gross is not None
    assert any("E7" in remark.text for remark in record.remarks)


def test_a_result_needs_no_time_and_no_declaration_number() -> None:
    numbers = "<CUS_CIQ_NO>I1</CUS_CIQ_NO><ENTRY_ID>I20260000000000123</ENTRY_ID>"
    (record,) = statuses(f"<DEC_RESULT>{numbers}<CHANNEL>7</CHANNEL></DEC_RESULT>".encode())
    assert {found.kind for found in record.references} == {"pre"}
    assert record.status.at is None
    assert "declaration-number" in {remark.rule for remark in record.remarks}


def test_what_a_communication_reply_says_beside_its_fields_is_kept() -> None:
    inside = b"<ResponseCode>0</ResponseCode><ClientSeqNo>A</ClientSeqNo><More>M7</More>"
    record = read_message(b"<DecImportResponse>" + inside + b"</DecImportResponse>").entities[0].record
    assert isinstance(record, CustomsStatus)
    assert "More: M7" in {remark.text for remark in record.remarks}
