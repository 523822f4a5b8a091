"""The form that asks to change or cancel a declaration (修撤单)."""

from __future__ import annotations

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.identifiers import Ucr
from chain.records.customs import CustomsDeclaration, CustomsRequest
from tests.adapters.formats.customs.test_dec import enveloped

ENTRY = "010120261000000017"
ITEMS = """<Items>
<Item><No>1</No><FieldCode>GrossWet</FieldCode><FieldName>毛重</FieldName><OldValue>260.5</OldValue><NewValue>262.5</NewValue></Item>
<Item><No>2</No><FieldCode>TradeCountry</FieldCode><FieldName>启运国</FieldName><OldValue>DEU</OldValue><NewValue>FRA</NewValue>
<OldName>德国</OldName><NewName>法国</NewName></Item>
</Items>"""


def form(kind: str = "1", items: str = ITEMS, entry: str = ENTRY) -> bytes:
    """A whole form; every value is ours."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<DecModMessage><DecModSeqNo>M20260000000000009</DecModSeqNo><Version>1.0</Version><DecModType>{kind}</DecModType>
<EntryId>{entry}</EntryId><CustomsCode>0101</CustomsCode><TradeCode>1105960777</TradeCode>
<TradeName>北京云帆贸易有限公司</TradeName><AgentCode>1105980088</AgentCode><AgentName>北京通衢报关有限公司</AgentName>
<DecModNote>申报有误</DecModNote><CheckMark>0</CheckMark><DecSeqNo>I20260000000000123</DecSeqNo><Sign>c2lnbmVk</Sign>
<SignTime>20260302101500</SignTime><IeFlag>I</IeFlag><OperType>1</OperType><IcCode>9990000000001</IcCode>
<EntOpName>测试甲</EntOpName><EntOpTele>13800000000</EntOpTele>{items}</DecModMessage>""".encode()


def only(message: bytes) -> Entity:
    (found,) = read_message(message).entities
    return found


def test_a_change_amends_the_declaration_of_that_number_field_by_field() -> None:
    found = only(form())
    assert isinstance(found.record, CustomsDeclaration)
    assert found.amends is not None
    assert (found.amends.kind, found.amends.value) == ("declaration", ENTRY)
    head = found.record.declaration
    assert (head.function, head.reason, head.direction) == ("change", "申报有误", "I")
    assert [(change.field, change.old, change.new) for change in head.changes] == [
        ("GrossWet", "260.5", "262.5"),
        ("TradeCountry", "DEU", "FRA"),
    ]
    assert head.changes[1].new_name == "法国"
    assert [remark.rule for remark in found.record.remarks] == ["partial-amendment"]
    assert [party.name for party in found.record.parties][-1] == "测试甲"


def test_a_cancellation_is_a_request_and_amends_nothing() -> None:
    found = only(form("2", items=""))
    assert isinstance(found.record, CustomsRequest)
    assert found.amends is None
    assert (found.record.request.kind, found.record.request.about) == ("cancel", (ENTRY,))


def test_the_form_comes_back_from_its_sections_and_keeps_neither_signature_nor_card() -> None:
    record = only(form()).record
    assert record is not None
    whole = record.for_ucrs([Ucr.parse(Ucr.EXAMPLE)])
    assert type(whole).from_sections(whole.to_sections()) == whole
    assert "9990000000001" not in str(whole.to_sections())
    assert "c2lnbmVk" not in str(whole.to_sections())


def test_the_form_is_read_in_the_transport_envelope() -> None:
    assert isinstance(only(enveloped(form())).record, CustomsDeclaration)


@pytest.mark.parametrize(
    ("message", "field", "code"),
    [
        (form(items=""), "DecModMessage/Items/Item", "4004"),
        (form("3"), "DecModMessage/DecModType", "0002"),
        (form(entry="0101"), "DecModMessage/EntryId", "0002"),
        (
            form(items=ITEMS.replace("<FieldCode>GrossWet</FieldCode>", "")),
            "DecModMessage/Items/Item[1]/FieldCode",
            "0002",
        ),
    ],
)
def test_one_fault_is_named_with_its_field_and_code(message: bytes, field: str, code: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(message)
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [(field, code)]


def test_what_no_description_names_is_remarked() -> None:
    read = read_message(form().replace(b"<CheckMark>", b"<Later>1</Later><CheckMark>"))
    record = read.entities[0].record
    assert record is not None
    assert "Later: 1" in [remark.text for remark in record.remarks if remark.rule == "not-read"]
