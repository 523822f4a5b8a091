"""What each e-commerce message becomes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.message import Entity
from adapters.registry import find_reader, read_message
from chain.errors import MalformedMessage
from chain.identifiers import Ucr
from chain.records.base import Record
from chain.records.customs import CustomsDeclaration, CustomsRequest, CustomsStatus
from chain.records.logistics import LogisticsEvent
from chain.records.tax import TaxAssessment
from chain.records.trade import TradeOrder
from tests.adapters.formats.customs.writing import LAYOUTS, VALUES, ceb, entity, message

BECOMES = {
    "trade.order": ["311", "303"],
    "trade.payment": ["411", "403"],
    "logistics.transport_document": ["511", "505", "607"],
    "logistics.event": ["513", "507", "509", "215", "711"],
    "customs.declaration": ["621", "603"],
    "customs.request": ["623", "625", "605", "213", "701"],
    "tax.assessment": ["816", "818"],
    "customs.status": [
        *["312", "412", "512", "514", "622", "624", "626", "712", "900", "792"],
        *["304", "404", "506", "508", "510", "604", "606", "608", "214", "216", "702"],
    ],
}
"""Record type → the messages that become it, as the design's section 4 lists them."""
TYPE_OF = {number: record_type for record_type, numbers in BECOMES.items() for number in numbers}


def only(read_from: bytes) -> Entity:
    (found,) = read_message(read_from).entities
    return found


def record(number: str, **changed: str | None) -> Record:
    found = only(message(number, **changed)).record
    assert found is not None
    return found


def test_every_layout_becomes_some_record() -> None:
    assert sorted(TYPE_OF) == sorted(LAYOUTS)


@pytest.mark.parametrize("number", sorted(TYPE_OF))
def test_a_message_becomes_its_record_type_and_comes_back_from_its_sections(number: str) -> None:
    found = record(number).for_ucrs([Ucr.parse(Ucr.EXAMPLE)])
    assert TYPE_OF[number] == found.TYPE
    assert found.source is not None
    assert found.source.kind == f"CEB{number}"
    assert type(found).from_sections(found.to_sections()) == found


@pytest.mark.parametrize("number", sorted(number for number in TYPE_OF if LAYOUTS[number].drafts))
def test_a_draft_is_acknowledged_and_not_recorded(number: str) -> None:
    found = only(message(number, appStatus="1"))
    assert found.record is None
    assert "draft" in found.note


@pytest.mark.parametrize("number", sorted(number for number in TYPE_OF if LAYOUTS[number].drafts))
@pytest.mark.parametrize("app_type", ["2", "3"])
def test_a_change_and_a_deletion_name_what_they_amend(number: str, app_type: str) -> None:
    found = only(message(number, appType=app_type))
    assert found.amends is not None
    assert found.record is not None
    assert found.amends.key in {reference.key for reference in found.record.references}


def test_a_first_statement_amends_nothing() -> None:
    assert only(message("621")).amends is None


def test_many_entities_become_as_many_records() -> None:
    read = read_message(ceb("621", [entity("621", orderNo=f"TG{count}") for count in range(3)]))
    orders = [e.record.declaration.order for e in read.entities if isinstance(e.record, CustomsDeclaration)]
    assert orders == ["TG0", "TG1", "TG2"]
    assert [e.ordinal for e in read.entities] == [0, 1, 2]


def test_a_list_of_an_import_says_where_goods_come_from() -> None:
    found = record("621")
    assert isinstance(found, CustomsDeclaration)
    item = found.goods_items[0]
    assert (item.origin, item.destination) == ("JP", None)
    assert found.transport is not None
    assert (found.transport.country_departure, found.transport.country_destination) == ("JP", None)


def test_a_list_of_an_export_says_where_goods_go() -> None:
    found = record("603", ieFlag="E")
    assert isinstance(found, CustomsDeclaration)
    item = found.goods_items[0]
    assert (item.origin, item.destination) == (None, "JP")
    assert found.transport is not None
    assert (found.transport.country_departure, found.transport.country_destination) == (None, "JP")


def test_numbers_are_references_of_the_party_whose_they_are() -> None:
    keys = {(found.kind, found.scope, found.value) for found in record("621").references}
    assert keys == {
        ("declaration", "", VALUES["invtNo"]),
        ("pre", "", VALUES["preNo"]),
        ("cop", VALUES["agentCode"], VALUES["copNo"]),
        ("order", VALUES["ebpCode"], VALUES["orderNo"]),
        ("transport_document", VALUES["logisticsCode"], VALUES["logisticsNo"]),
        ("master_bill", "", VALUES["billNo"]),
    }
    assert {found.on for found in record("621").references} == {"2026-03-02"}


def test_an_order_of_a_foreign_platform_without_code_is_its_merchants() -> None:
    scopes = {found.scope for found in record("303", ebpCode="无").references if found.kind == "order"}
    assert scopes == {VALUES["ebcCode"]}


@pytest.mark.parametrize(
    ("status", "state", "technical"),
    [
        ("1", None, True),
        ("2", None, True),
        ("3", None, True),
        ("4", None, True),
        ("-621005", None, True),
        ("100", "REJECTED", False),
        ("120", "ACCEPTED", False),
        ("300", "MANUAL_REVIEW", False),
        ("399", "ASSESSED", False),
        ("500", "INSPECTION", False),
        ("501", "DETAINED", False),
        ("599", "DETAINED", False),
        ("600", "MANUAL_REVIEW", False),
        ("700", "RETURNED", False),
        ("800", "RELEASED", False),
        ("899", "CLOSED", False),
        ("777", None, False),
    ],
)
def test_a_reply_about_the_declaration_has_its_state(status: str, state: str | None, technical: bool) -> None:
    found = record("622", returnStatus=status)
    assert isinstance(found, CustomsStatus)
    assert (found.status.about, found.status.state, found.status.technical) == ("declaration", state, technical)


def test_an_unknown_status_is_kept_with_a_remark() -> None:
    found = record("622", returnStatus="777")
    assert isinstance(found, CustomsStatus)
    assert not found.status.code.known
    assert [remark.rule for remark in found.remarks] == ["unknown-code"]


@pytest.mark.parametrize("number", ["312", "412", "512", "514", "624", "626", "712", "702"])
def test_a_reply_about_another_message_does_not_move_the_declaration(number: str) -> None:
    found = record(number, returnStatus="100")
    assert isinstance(found, CustomsStatus)
    assert found.status.about != "declaration"
    assert found.status.state is None


def test_a_format_error_is_technical_and_keeps_nothing_of_the_message() -> None:
    found = record("900", oriBizMessage="&lt;buyerIdNumber&gt;110101199001011237&lt;/buyerIdNumber&gt;")
    assert isinstance(found, CustomsStatus)
    assert found.status.technical
    assert "110101199001011237" not in str(found.to_sections())


def test_a_tax_bill_keeps_each_tax_of_each_line() -> None:
    found = record("816", entDutyNo="010120261000000017-L01", orderNo="TG1", logisticNo="L1")
    assert isinstance(found, TaxAssessment)
    assert [(line.kind, line.amount.value if line.amount else None) for line in found.taxes.lines] == [
        ("duty", "0.00"),
        ("vat", "27.30"),
        ("consumption", "0.00"),
    ]
    assert found.taxes.total is not None
    assert found.taxes.total.value == "27.30"


def test_a_tax_bills_state_amends_the_bill() -> None:
    found = only(message("818", status="3"))
    assert isinstance(found.record, TaxAssessment)
    assert found.record.assessment.function == "delete"
    assert found.amends is not None
    assert (found.amends.kind, found.amends.value) == ("tax_bill", VALUES["taxNo"])


def test_a_request_changes_nothing_and_names_what_it_is_about() -> None:
    found = record("623")
    assert isinstance(found, CustomsRequest)
    assert (found.request.kind, found.request.about) == ("cancel", (VALUES["invtNo"],))


def test_times_are_beijing_time() -> None:
    found = record("311")
    assert isinstance(found, TradeOrder)
    assert found.order.placed is not None
    assert (found.order.placed.utc, found.order.placed.said) == ("2026-03-02T01:30:00Z", "20260302093000")


def test_a_status_that_the_document_does_not_allow_is_remarked() -> None:
    found = record("513", logisticsStatus="R")
    assert [remark.rule for remark in found.remarks] == ["ceb-logistics-status"]


def test_a_departure_of_500_parcels_becomes_records_of_200_lines_each() -> None:
    read = read_message(message("509", lines=500))
    carried = [len(e.lookup) for e in read.entities]
    assert carried == [200, 200, 100]
    assert [e.ordinal for e in read.entities] == [0, 1, 2]


def test_a_split_list_says_which_part_it_is() -> None:
    found = record("509", msgCount="3", msgSeqNo="2")
    assert isinstance(found, LogisticsEvent)
    assert found.event.reason == "part 2 of 3"


def test_codes_that_no_table_knows_are_kept_and_marked() -> None:
    found = only(message("303", line={"unit": "aaa", "currency": "aaa"})).record
    assert isinstance(found, TradeOrder)
    item = found.goods_items[0]
    assert item.quantity is not None
    assert item.total is not None
    assert item.quantity.unit == "cn-customs:aaa"
    assert item.total.currency == "iso-4217:aaa"


def test_142_is_china_as_a_country_and_yuan_as_a_currency() -> None:
    found = only(message("311", line={"country": "142"})).record
    assert isinstance(found, TradeOrder)
    item = found.goods_items[0]
    assert item.total is not None
    assert (item.origin, item.total.currency) == ("CN", "CNY")


def test_a_file_with_three_faults_has_all_three_named_at_once() -> None:
    broken = message("621", grossWeight="-1.5", buyerName=None, line={"gcode": "96170090"})
    with pytest.raises(MalformedMessage) as refused:
        read_message(broken)
    assert [(fault.field, fault.value, fault.code) for fault in refused.value.faults] == [
        ("Inventory/InventoryHead/grossWeight", "-1.5", "0002"),
        ("Inventory/InventoryHead/buyerName", None, "0002"),
        ("Inventory/InventoryList[1]/gcode", "96170090", "0002"),
    ]
    for fault in refused.value.faults:
        assert fault.field in str(refused.value)


def test_faults_of_every_entity_are_named() -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(ceb("311", [entity("311", orderNo=None), entity("311"), entity("311", freight="NaN")]))
    assert [fault.field for fault in refused.value.faults] == [
        "Order[1]/OrderHead/orderNo",
        "Order[3]/OrderHead/freight",
    ]


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"grossWeight": "1", "netWeight": "2"}, "Inventory/grossWeight", "4004"),
        ({"netWeight": "0"}, "Inventory/InventoryHead/netWeight", "0002"),
        ({"grossWeight": "1e400"}, "Inventory/InventoryHead/grossWeight", "0002"),
        ({"freight": "NaN"}, "Inventory/InventoryHead/freight", "0002"),
        ({"freight": "123456789012345"}, "Inventory/InventoryHead/freight", "0002"),
        ({"freight": "1.234567"}, "Inventory/InventoryHead/freight", "0002"),
        ({"appTime": "20260230093000"}, "Inventory/time", "0002"),
        ({"appTime": "2026-03-02"}, "Inventory/InventoryHead/appTime", "0002"),
        ({"ieFlag": "a"}, "Inventory/InventoryHead/ieFlag", "0002"),
        ({"buyerName": "x" * 61}, "Inventory/InventoryHead/buyerName", "0002"),
        ({"guid": "short"}, "Inventory/InventoryHead/guid", "0002"),
        ({"packNo": "0"}, "Inventory/InventoryHead/packNo", "0002"),
        ({"packNo": "1.5"}, "Inventory/InventoryHead/packNo", "0002"),
    ],
)
def test_one_fault_is_named_with_its_field_and_code(changed: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(message("621", **changed))
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [(field, code)]


def test_a_hundred_lines_are_more_than_a_list_may_have() -> None:
    with pytest.raises(MalformedMessage, match="appears 1 to 99 times"):
        read_message(message("621", lines=100))


def test_two_lines_of_one_number_are_refused() -> None:
    with pytest.raises(MalformedMessage, match="is no other line's number"):
        read_message(message("621", lines=2, line={"gnum": "1"}))


def test_a_part_beyond_the_count_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="at most msgCount"):
        read_message(message("509", msgCount="1", msgSeqNo="2"))


def test_an_element_that_no_table_names_is_remarked() -> None:
    body = message("411").replace(b"</ceb:PaymentHead>", b"<ceb:later>x</ceb:later></ceb:PaymentHead>")
    assert read_message(body).remarks == (
        "Payment/PaymentHead/later (x) is not in the field table of edition 2022-05; not read",
    )


def test_the_documents_and_the_schemas_spelling_are_both_read() -> None:
    for name in ("consingee", "consignee"):
        body = message("511", consingee=None).replace(
            b"<ceb:consigneeAddress>", f"<ceb:{name}>某</ceb:{name}><ceb:consigneeAddress>".encode()
        )
        found = only(body).record
        assert found is not None
        assert "某" in str(found.to_sections()["parties"])


def test_another_root_namespace_is_no_message_of_ours() -> None:
    with pytest.raises(MalformedMessage, match="no reader knows"):
        find_reader(message("621").replace(b"chinaport.gov.cn/ceb", b"example.org/ceb"))


_FIELD = st.sampled_from([row.name for row in LAYOUTS["621"].fields.rows])
_SAID = st.one_of(
    st.text(
        st.characters(codec="utf-8", exclude_characters="&<>\r\n\x85", exclude_categories=("Cs", "Cc")), max_size=30
    ),
    st.sampled_from(["", "0", "-1", "1e5", "NaN", "Infinity", "٣", "99999999999999999999", "20260230", "0" * 40]),
)


@given(st.dictionaries(_FIELD, _SAID, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_texts_in_a_list_become_records_or_a_malformed_message(changed: dict[str, str]) -> None:
    try:
        read = read_message(message("621", **changed))
    except MalformedMessage as refused:
        assert refused.faults
        return
    for found in read.entities:
        if found.record is not None:
            whole = found.record.for_ucrs([Ucr.parse(Ucr.EXAMPLE)])
            assert type(whole).from_sections(whole.to_sections()) == whole
