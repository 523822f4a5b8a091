"""UBL import declarations: each figure at each legal place, the function in the office's extension, what is kept."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from adapters.formats.ubl_declaration import tables
from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import CustomsDeclaration

SPACE = "urn:oasis:names:specification:ubl:schema:xsd:"
BASIC = ("Code", "ID", "Measure", "Amount", "Quantity", "Name", "Description", "Note", "Date", "Time")


def nested(path: tuple[str, ...], text: str, mark: str = "") -> str:
    *outer, last = path
    inner = f"<cbc:{last}{mark}>{text}</cbc:{last}>"
    return reduce(lambda held, name: f"<cac:{name}>{held}</cac:{name}>", reversed(outer), inner)


def message(shipment: str = "", item: str = "", head: str = "", extension: str = "") -> bytes:
    held = f"<ext:UBLExtensions><ext:UBLExtension><x:FunctionCode xmlns:x='urn:x'>{extension}</x:FunctionCode>"
    closed = "</ext:UBLExtension></ext:UBLExtensions>"
    goods = f"<cac:GoodsItem>{item or '<cbc:SequenceNumberID>1</cbc:SequenceNumberID>'}</cac:GoodsItem>"
    return (
        f'<ImportCustomsDeclaration xmlns="{SPACE}ImportCustomsDeclaration-2" xmlns:cac="{SPACE}'
        f'CommonAggregateComponents-2" xmlns:cbc="{SPACE}CommonBasicComponents-2" '
        f'xmlns:ext="{SPACE}CommonExtensionComponents-2">{held + closed if extension else ""}<cbc:ID>D1</cbc:ID>{head}'
        f"<cac:Shipment>{shipment}{goods}</cac:Shipment></ImportCustomsDeclaration>"
    ).encode()


def entity(body: bytes) -> Entity:
    return read_message(body).entities[0]


def at(body: bytes, path: str) -> Any:
    found: Any = entity(body).record
    assert isinstance(found, CustomsDeclaration)
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else getattr(found, step)
    return found


SHIPMENT = [
    (tables.GROSS, "700.5", ' unitCode="KGM"', "transport.gross.value", "700.50000"),
    (tables.NET, "2", ' unitCode="TNE"', "transport.net.unit", "TNE"),
    (tables.PACKAGES, "9", "", "transport.packages.count", 9),
    (tables.ENTRY, "FI015300", "", "transport.entry.code.value", "FI015300"),
    (tables.ORIGIN, "TH", "", "goods_items.0.origin", "TH"),
    (tables.DEPARTURE, "TH", "", "transport.country_departure", "TH"),
    (tables.DESTINATION, "FI", "", "transport.country_destination", "FI"),
    (tables.TERMS, "FOB", "", "valuation.terms.value", "FOB"),
    (tables.TERMS_PLACE, "BANGKOK", "", "valuation.terms_place", "BANGKOK"),
    (tables.INVOICED, "12.5", ' currencyID="USD"', "valuation.invoice_total.value", "12.50"),
    (tables.CUSTOMS_VALUE, "12.5", ' currencyID="USD"', "valuation.customs_value.value", "12.50"),
    (tuple((*p, "TransportModeCode") for p in tables.STAGES), "4", "", "transport.mode.value", "4"),
    (tuple((*p, "ID") for p in tables.EQUIPMENT), "CSQU3054383", "", "transport.containers.0.number", "CSQU3054383"),
]
ITEM = [
    (tables.ITEM_NAME, "Valves", "", "goods_items.0.name", "Valves"),
    (tables.ITEM_HS, "8518309590", "", "goods_items.0.hs", "8518309590"),
    (tables.ITEM_ORIGIN, "TH", "", "goods_items.0.origin", "TH"),
    (tables.ITEM_NUMBER, "7", "", "goods_items.0.ordinal", 7),
    (tables.ITEM_NET, "1.123456", ' unitCode="KGM"', "goods_items.0.net.value", "1.12346"),
]


@pytest.mark.parametrize(
    ("path", "text", "mark", "field", "value"), [(path, *rest) for paths, *rest in SHIPMENT for path in paths]
)
def test_a_figure_of_the_shipment_is_read_at_each_place(
    path: tuple[str, ...], text: str, mark: str, field: str, value: object
) -> None:
    assert at(message(nested(path, text, mark)), field) == value


@pytest.mark.parametrize(
    ("path", "text", "mark", "field", "value"), [(path, *rest) for paths, *rest in ITEM for path in paths]
)
def test_a_figure_of_an_item_is_read_at_each_place(
    path: tuple[str, ...], text: str, mark: str, field: str, value: object
) -> None:
    assert at(message(item=nested(path, text, mark)), field) == value


@pytest.mark.parametrize(("name", "role"), tables.PARTIES)
def test_a_party_and_its_agent_are_read(name: str, role: str) -> None:
    agent = "<cac:AgentParty><cac:PartyName><cbc:Name>B</cbc:Name></cac:PartyName></cac:AgentParty>"
    party = f"<cac:{name}><cac:PartyName><cbc:Name>A</cbc:Name></cac:PartyName>{agent}</cac:{name}>"
    assert [(p.role, p.name) for p in at(message(head=party), "parties")] == [(role, "A"), ("agent", "B")]


@pytest.mark.parametrize(
    ("code", "function"), [(code, function) for code, function in tables.FUNCTIONS.items() if code]
)
def test_the_function_in_the_offices_extension_is_obeyed(code: str, function: str) -> None:
    found = entity(message(extension=code))
    assert isinstance(found.record, CustomsDeclaration)
    assert found.record.declaration.function == function
    assert (found.amends is not None) == (function != "new")


def test_an_unknown_function_is_refused_by_its_name() -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(message(extension="47"))
    assert refused.value.value == "47"


def test_a_time_without_a_zone_is_that_of_the_importers_country() -> None:
    country = "<cac:PostalAddress><cac:Country><cbc:IdentificationCode>FI</cbc:IdentificationCode></cac:Country>"
    importer = f"<cac:ImporterParty>{country}</cac:PostalAddress></cac:ImporterParty>"
    issued = "<cbc:IssueDate>2026-07-02</cbc:IssueDate><cbc:IssueTime>09:00:00</cbc:IssueTime>"
    assert at(message(head=issued + importer), "declaration.lodged.utc") == "2026-07-02T06:00:00Z"
    assert at(message(head=issued), "declaration.lodged.utc") == "2026-07-02T09:00:00Z"


def test_what_the_record_has_no_field_for_is_kept_as_a_remark() -> None:
    record = entity(message(shipment="<cbc:HandlingCode>HC7</cbc:HandlingCode>")).record
    assert record is not None
    assert "Shipment/HandlingCode: HC7" in {remark.text for remark in record.remarks}


def test_a_tariff_code_that_is_none_refuses_nothing() -> None:
    found = entity(message(item=nested(tables.ITEM_HS[0], "X1"))).record
    assert found is not None
    assert "hs-code" in {remark.rule for remark in found.remarks}
