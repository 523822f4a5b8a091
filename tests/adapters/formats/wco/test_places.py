"""WCO declarations: each figure at each place where it may stand, and the message in each of its wrappers."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from adapters.formats.wco import places
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import CustomsDeclaration, CustomsStatus

DEC = "urn:wco:datamodel:WCO:DEC-DMS:2"
METADATA = "urn:wco:datamodel:WCO:DocumentMetaData-DMS:2"
BOX = "CSQU3054383"


def nested(path: str, text: str, **attributes: str) -> str:
    """The text inside the elements of the path, the innermost with these attributes."""
    *outer, last = path.split("/")
    marks = "".join(f' {name}="{value}"' for name, value in attributes.items())
    inner = f"<{last}{marks}>{text}</{last}>"
    return reduce(lambda held, name: f"<{name}>{held}</{name}>", reversed(outer), inner)


def declaration_xml(head: str = "", item: str = "") -> str:
    goods = (
        f"<GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric>{item}"
        "</GovernmentAgencyGoodsItem></GoodsShipment>"
    )
    if head.startswith("<GoodsShipment>"):
        goods = head.removesuffix("</GoodsShipment>") + goods.removeprefix("<GoodsShipment>")
        head = ""
    return (
        f'<Declaration xmlns="{DEC}"><FunctionCode>9</FunctionCode><FunctionalReferenceID>L1</FunctionalReferenceID>'
        f"<TypeCode>IMA</TypeCode>{head}{goods}</Declaration>"
    )


def message(head: str = "", item: str = "", *, named: str = "<md:WCOTypeName>DEC</md:WCOTypeName>") -> bytes:
    return f'<md:MetaData xmlns:md="{METADATA}">{named}{declaration_xml(head, item)}</md:MetaData>'.encode()


def read(body: bytes) -> CustomsDeclaration:
    record = read_message(body).entities[0].record
    assert isinstance(record, CustomsDeclaration)
    return record


def at(record: CustomsDeclaration, path: str) -> Any:
    """The value at a dotted path of the record."""
    found: Any = record
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else getattr(found, step)
    return found


HEAD = [
    (places.MODE, "1", "transport.mode.value"),
    (places.GROSS, "700.5", "transport.gross.value"),
    (places.PACKAGES, "9", "transport.packages.count"),
    (places.OFFICE, "GBLON001", "declaration.office.value"),
    (places.EXIT_OFFICE, "GBLON002", "transport.entry.code.value"),
    (places.LOADING, "CNTXG", "transport.loading.unlocode"),
    (places.LOADING_NAME, "Xingang", "transport.loading.name"),
    (places.GOODS_PLACE, "GBAUABC", "transport.goods_place.name"),
    (places.GOODS_COUNTRY, "GB", "transport.goods_place.country"),
    (places.DEPARTURE, "CN", "transport.country_departure"),
    (places.DESTINATION, "GB", "transport.country_destination"),
    (places.TERMS, "CIF", "valuation.terms.value"),
    (places.TERMS_PLACE, "London", "valuation.terms_place"),
    (places.UCR, "6CN91110000600037341L-0001", "ucr.0"),
]
ITEM = [
    (places.ITEM_GROSS, "7.5", "goods_items.0.gross.value"),
    (places.ITEM_NET, "7.5", "goods_items.0.net.value"),
    (places.ITEM_TARIFF_QUANTITY, "7.5", "goods_items.0.second_quantity.value"),
    (places.ITEM_NAME, "Valves", "goods_items.0.name"),
    (places.ITEM_METHOD, "1", "goods_items.0.valuation_method.value"),
    (places.ITEM_DESTINATION, "GB", "goods_items.0.destination"),
    (places.ITEM_DESTINATION, "GB", "transport.country_destination"),
    (places.ITEM_DEPARTURE, "CN", "transport.country_departure"),
    (places.ITEM_NATURE, "11", "declaration.flags.0.value"),
    (places.NATURE, "11", "declaration.flags.0.value"),
    (places.ITEM_UCR, "6CN91110000600037341L-0001", "ucr.0"),
]
AS_KEPT = {"9": 9, "700.5": "700.50000", "7.5": "7.50000"}


@pytest.mark.parametrize(
    ("path", "text", "field"), [(path, text, field) for paths, text, field in HEAD for path in paths]
)
def test_a_figure_of_the_whole_is_read_at_each_place(path: str, text: str, field: str) -> None:
    assert at(read(message(nested(path, text))), field) == AS_KEPT.get(text, text)


@pytest.mark.parametrize(
    ("path", "text", "field"), [(path, text, field) for paths, text, field in ITEM for path in paths]
)
def test_a_figure_of_an_item_is_read_at_each_place(path: str, text: str, field: str) -> None:
    body = message(nested(path, text)) if path.startswith("GoodsShipment") else message(item=nested(path, text))
    assert at(read(body), field) == AS_KEPT.get(text, text)


@pytest.mark.parametrize(
    ("holder", "path", "field"),
    [("head", path, "valuation.invoice_total") for path in places.INVOICED]
    + [("head", path, "valuation.freight.amount") for path in places.FREIGHT]
    + [("item", path, "goods_items.0.total") for path in places.ITEM_TOTAL]
    + [("item", "CustomsValueAmount", "goods_items.0.customs_value")]
    + [("item", "StatisticalValueAmount", "goods_items.0.statistical_value")],
)
def test_an_amount_is_read_at_each_place_and_without_its_currency_kept_as_a_remark(
    holder: str, path: str, field: str
) -> None:
    amount = at(read(message(**{holder: nested(path, "-12.345678", currencyID="USD")})), field)
    assert (amount.value, amount.currency) == ("-12.34568", "USD")
    bare = read(message(**{holder: nested(path, "12.5")}))
    assert any(path in remark.text and "12.5" in remark.text for remark in bare.remarks)


@pytest.mark.parametrize(("path", "role"), places.PARTIES)
def test_a_party_is_read_at_each_place(path: str, role: str) -> None:
    record = read(message(nested(path, "<Name>A</Name><ID>GB1</ID>")))
    assert (role, "A", "GB1") in [(party.role, party.name, party.overseas_id) for party in record.parties]


@pytest.mark.parametrize(("path", "role"), places.ITEM_PARTIES)
def test_a_party_that_an_item_names_is_read(path: str, role: str) -> None:
    record = read(message(item=nested(path, "<Name>A</Name><ID>GB1</ID>")))
    assert [(party.role, party.name, party.overseas_id) for party in record.parties] == [(role, "A", "GB1")]


@pytest.mark.parametrize("path", places.BORDER)
def test_a_vessel_is_read_at_each_place(path: str) -> None:
    inside = "<ID>9321483</ID><IdentificationTypeCode>10</IdentificationTypeCode>"
    assert at(read(message(nested(path, inside))), "transport.conveyance.imo") == "9321483"


@pytest.mark.parametrize("path", places.INLAND)
def test_the_means_inland_is_read_at_each_place(path: str) -> None:
    record = read(message(nested(path, "<Name>TRUCK 1</Name><ModeCode>3</ModeCode>")))
    assert at(record, "transport.inland.name") == "TRUCK 1"
    assert at(record, "transport.inland.mode.value") == "3"


def test_the_containers_of_the_whole_and_of_an_item_are_read() -> None:
    for path in places.EQUIPMENT:
        record = read(message(nested(path, f"<ID>{BOX}</ID><Seal><ID>S1</ID></Seal>")))
        assert at(record, "transport.containers.0.number") == BOX
        assert [found.value for found in record.references if found.kind == "container"] == [BOX]
    for path in places.ITEM_EQUIPMENT:
        assert at(read(message(item=nested(path, f"<ID>{BOX}</ID>"))), "goods_items.0.containers") == (BOX,)
    dangerous = read(message(item=nested(places.ITEM_DANGEROUS[0], "<UNDGID>1993</UNDGID>")))
    assert at(dangerous, "goods_items.0.dangerous.0.value") == "1993"


def test_the_country_of_origin_counts_before_the_preferential_one_whichever_comes_first() -> None:
    preferential = "<Origin><CountryCode>TR</CountryCode><TypeCode>2</TypeCode></Origin>"
    plain = "<Origin><CountryCode>CN</CountryCode><TypeCode>1</TypeCode></Origin>"
    record = read(message(item=preferential + plain))
    assert record.goods_items[0].origin == "CN"
    assert any("TR" in remark.text for remark in record.remarks)
    assert read(message(item=preferential)).goods_items[0].origin == "TR"


def test_the_kind_is_told_by_what_is_inside_whatever_is_around_it() -> None:
    plain = declaration_xml()
    outer = (
        f'<v1:submitDeclarationRequest xmlns:v1="urn:x"><v1:requestDetail>{message().decode()}'
        "</v1:requestDetail></v1:submitDeclarationRequest>"
    )
    for body in (
        message(named=""),
        message(named="<md:WCOTypeName>DEC-DMS</md:WCOTypeName>"),
        plain.encode(),
        outer.encode(),
    ):
        assert read_message(body).kind == "WCO-DEC"
        assert read(body).declaration.own_number == "L1"


@pytest.mark.parametrize(
    ("said", "utc"),
    [
        (
            '<p:DateTimeString xmlns:p="urn:other" formatCode="304">20260302093000Z</p:DateTimeString>',
            "2026-03-02T09:30:00Z",
        ),
        ("<DateTimeString>202603020930Z</DateTimeString>", "2026-03-02T09:30:00Z"),
        ("<DateTimeString>20260302093000+01</DateTimeString>", "2026-03-02T08:30:00Z"),
        ("<DateTimeString>2026-03-02T09:30:00+01:00</DateTimeString>", "2026-03-02T08:30:00Z"),
        ("20260702093000", "2026-07-02T08:30:00Z"),
    ],
)
def test_a_time_is_read_in_each_of_its_forms(said: str, utc: str) -> None:
    assert at(read(message(f"<AcceptanceDateTime>{said}</AcceptanceDateTime>")), "declaration.accepted.utc") == utc


@pytest.mark.parametrize("function", ["1", "4", "5", "6", "47"])
def test_another_function_is_refused_by_its_name(function: str) -> None:
    body = message().replace(b"<FunctionCode>9", f"<FunctionCode>{function}".encode())
    with pytest.raises(MalformedMessage) as refused:
        read_message(body)
    assert (refused.value.field, refused.value.value) == ("Declaration/FunctionCode", function)


def test_a_payable_without_its_currency_does_not_refuse_the_answer() -> None:
    body = (
        "<MetaData><WCOTypeName>RES</WCOTypeName><Response><FunctionCode>9</FunctionCode><Declaration><ID>26GB1</ID>"
        "<DutyTaxFee><Payment><PaymentAmount>226.40</PaymentAmount><DueDateTime><DateTimeString>20260310"
        "</DateTimeString></DueDateTime></Payment></DutyTaxFee></Declaration></Response></MetaData>"
    )
    record = read_message(body.encode()).entities[0].record
    assert isinstance(record, CustomsStatus)
    assert (record.status.code.value, record.status.state) == ("09", "RELEASED")
    assert record.taxes is not None
    assert record.taxes.due_on == "2026-03-10"
    assert any("226.40" in remark.text for remark in record.remarks)
