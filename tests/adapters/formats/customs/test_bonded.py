"""Bonded zones: verification lists, passes of the gate, and customs' answers to both."""

from __future__ import annotations

from importlib import resources

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.customs import CustomsDeclaration, CustomsRequest, CustomsStatus

SAMPLES = resources.files("adapters.formats.bonded_zone").joinpath("samples")
LIST, PASS, LIST_REPLY, PASS_REPLY = (
    SAMPLES.joinpath(f"{name}.xml").read_text(encoding="utf-8") for name in ("list", "pass", "list-reply", "pass-reply")
)


def entity_of(text: str) -> Entity:
    (entity,) = read_message(text.encode()).entities
    return entity


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} must stand once in the sample"
    return text.replace(old, new)


def list_of(text: str) -> CustomsDeclaration:
    record = entity_of(text).record
    assert isinstance(record, CustomsDeclaration)
    return record


def status_of(text: str) -> CustomsStatus:
    record = entity_of(text).record
    assert isinstance(record, CustomsStatus)
    return record


def test_a_list_is_a_declaration_with_book_procedure_and_goods() -> None:
    record = list_of(LIST)
    head = record.declaration
    assert head.kind is not None
    assert head.procedure is not None
    assert head.office is not None
    assert (head.kind.value, head.own_number, head.account_book, head.direction) == (
        "INV101",
        "LF-2026-0188",
        "T0413W000076",
        "I",
    )
    assert (head.procedure.value, head.office.value, head.declared_on) == ("5034", "0413", "2026-03-02")
    (item,) = record.goods_items
    assert item.quantity is not None
    assert item.total is not None
    assert item.net is not None
    assert (item.hs, item.record_number, item.origin, item.destination) == ("8481804090", "24", "KR", "CN")
    assert (item.quantity.value, item.total.value, item.total.currency) == ("40.00000", "10000.00", "USD")
    assert [party.role for party in record.parties] == ["trader", "owner", "agent"]
    assert not any("8930000000001" in remark.text for remark in record.remarks)


@pytest.mark.parametrize(
    ("code", "function", "amends"), [("1", "new", False), ("2", "change", True), ("3", "delete", True)]
)
def test_the_kind_of_application_does_what_it_says(code: str, function: str, amends: bool) -> None:
    text = changed(LIST, "<DclTypecd>1<", f"<DclTypecd>{code}<").replace(
        "<SeqNo></SeqNo>", "<SeqNo>202600000000000188</SeqNo>"
    )
    assert list_of(text).declaration.function == function
    assert (entity_of(text).amends is not None) is amends


def test_a_draft_leaves_no_record() -> None:
    for text in (LIST, PASS):
        entity = entity_of(changed(text, "<DelcareFlag>1<", "<DelcareFlag>0<"))
        assert (entity.record, "draft" in entity.note) == (None, True)


def test_a_list_is_found_by_the_declaration_that_it_is_related_to() -> None:
    text = changed(LIST, "<RltEntryNo></RltEntryNo>", "<RltEntryNo>041320261000000188</RltEntryNo>")
    assert list_of(text).declaration.related_declaration == "041320261000000188"
    assert ("declaration", "041320261000000188") in [(one.kind, one.value) for one in entity_of(text).lookup]


def test_a_pass_asks_to_take_goods_of_its_lists_through_the_gate() -> None:
    record = entity_of(PASS).record
    assert isinstance(record, CustomsRequest)
    assert record.transport is not None
    assert record.transport.inland is not None
    assert record.request.about == ("QD041326I000000188", "QD041326I000000189")
    assert (record.transport.inland.name, record.transport.containers[0].number) == ("冀R12345", "CSQU3054383")
    assert record.goods_items[0].name == "钢制闸阀"
    assert "王五" not in str(record.to_sections()), "the applicant and a telephone are personal"


def test_the_state_of_a_list_decides_and_the_result_is_kept_as_said() -> None:
    status = status_of(LIST_REPLY).status
    assert (status.state, status.number, status.code.value) == ("ACCEPTED", "QD041326I000000188", "0")
    assert "cn-bonded-manageResult" in {flag.system for flag in status.flags}
    returned = status_of(changed(LIST_REPLY, "<invtStucd>0<", "<invtStucd>2<"))
    assert returned.status.state == "REJECTED"
    unknown = status_of(changed(LIST_REPLY, "<invtStucd>0<", "<invtStucd>9<"))
    assert (unknown.status.state, unknown.status.code.known) == (None, False)
    assert "unknown-code" in {remark.rule for remark in unknown.remarks}


def test_passing_the_gate_says_when_and_moves_no_declaration() -> None:
    record = status_of(PASS_REPLY)
    assert record.status.effective is not None
    assert (record.status.about, record.status.state) == ("message", None)
    assert record.status.effective.utc == "2026-03-03T02:29:00Z"
    weighed = {flag.system: flag.value for flag in record.status.flags}
    assert weighed["cn-bonded-passCollectWt"] == "20380"
    assert "王五" not in str(record.to_sections())


@pytest.mark.parametrize(("flag", "name"), [("0", "taken"), ("-1", None)])
def test_the_single_windows_answer_is_technical(flag: str, name: str | None) -> None:
    status = status_of(
        f"<CommonResponeMessage><EtpsPreentNo>LF-2026-0188</EtpsPreentNo><CheckInfo>说明</CheckInfo>"
        f"<DealFlag>{flag}</DealFlag></CommonResponeMessage>"
    ).status
    assert (status.technical, status.code.name, status.notes[0].text) == (True, name, "说明")


@pytest.mark.parametrize(
    ("text", "old", "new", "place"),
    [
        (LIST, "<DclTypecd>1<", "<DclTypecd>7<", "InvtHeadType/dclTypecd"),
        (LIST, "<EtpsInnerInvtNo>LF-2026-0188<", "<EtpsInnerInvtNo><", "InvtHeadType/etpsInnerInvtNo"),
        (LIST, "<InvtDclTime>20260302<", "<InvtDclTime>20260230<", "InvtHeadType/invtDclTime"),
        (LIST, "<DclQty>40<", "<DclQty>many<", "InvtListType[1]/DclQty"),
        (LIST, "<GdsSeqno>1<", "<GdsSeqno>0<", "InvtListType[1]/GdsSeqno"),
        (PASS, "<DclTypecd>1<", "<DclTypecd>2<", "PassportHead/dclTypecd"),
        (PASS_REPLY, "<passTime>2026-03-03 10:29:00<", "<passTime>soon<", "SasPassportBsc/passTime"),
        (LIST_REPLY, "INV201>\n<HdeAppr", "INV299>\n<HdeAppr", "XML"),
    ],
)
def test_a_fault_is_named_by_its_element(text: str, old: str, new: str, place: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        entity_of(changed(text, old, new))
    assert place in str(refusal.value) or place == "XML"


def test_a_text_of_no_table_is_kept() -> None:
    record = list_of(changed(LIST, "<Rmk>阀门</Rmk>", "<Rmk>阀门</Rmk><Zzz>probe</Zzz>"))
    assert any("probe" in remark.text for remark in record.remarks)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_chinese_texts_are_read_in_both_encodings(encoding: str) -> None:
    text = LIST.replace('encoding="UTF-8"', f'encoding="{encoding}"')
    record = read_message(text.encode(encoding)).entities[0].record
    assert isinstance(record, CustomsDeclaration)
    assert record.goods_items[0].name == "钢制闸阀"
