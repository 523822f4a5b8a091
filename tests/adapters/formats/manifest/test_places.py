"""China's manifests: every form's number, and each figure at each place where a form may say it."""

from __future__ import annotations

from functools import reduce

import pytest

from adapters.formats.manifest import tables
from adapters.registry import read_message
from chain.records import TransportDocument


def nested(path: str, text: str) -> str:
    """The text inside the elements of the path."""
    return reduce(lambda inner, name: f"<{name}>{inner}</{name}>", reversed(path.split("/")), text)


def manifest(
    kind: str = "MT2201", *, consignment: str = "", declaration: str = "", item: str = "", number: str = "B1"
) -> bytes:
    return (
        f'<Manifest xmlns="urn:Declaration:datamodel:standard:CN:{kind}:1"><Head><MessageID>M1</MessageID>'
        f"<FunctionCode>9</FunctionCode></Head><Declaration>{declaration}<Consignment>"
        f"<TransportContractDocument><ID>{number}</ID></TransportContractDocument>{consignment}"
        f"<ConsignmentItem>{item}</ConsignmentItem></Consignment></Declaration></Manifest>"
    ).encode()


def document(body: bytes) -> TransportDocument:
    record = read_message(body).entities[0].record
    assert isinstance(record, TransportDocument)
    return record


@pytest.mark.parametrize("digit", "123456789")
@pytest.mark.parametrize(("mode", "rec19"), tables.MODES.items())
def test_every_form_is_read_and_its_second_digit_is_the_mode(digit: str, mode: str, rec19: str) -> None:
    record = document(manifest(f"MT{digit}{mode}06"))
    assert record.transport is not None
    assert record.transport.mode is not None
    assert record.transport.mode.value == rec19
    assert record.transport_document.kind == tables.DOCUMENTS.get(digit, "list")
    assert ("unknown-code" in {remark.rule for remark in record.remarks}) == (digit not in tables.DOCUMENTS)


@pytest.mark.parametrize("path", tables.GROSS)
def test_the_gross_weight_is_read_at_each_place(path: str) -> None:
    transport = document(manifest(consignment=nested(path, "700.5"))).transport
    assert transport is not None
    assert transport.gross is not None
    assert transport.gross.value == "700.50000"


@pytest.mark.parametrize("path", tables.PACKAGES)
def test_the_packages_are_read_at_each_place(path: str) -> None:
    transport = document(manifest(consignment=nested(path, "9"))).transport
    assert transport is not None
    assert transport.packages is not None
    assert transport.packages.count == 9


@pytest.mark.parametrize("holder", ["consignment", "declaration"])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        (path, field)
        for paths, field in ((tables.LOADING, "loading"), (tables.DISCHARGE, "discharge"))
        for path in paths
    ],
)
@pytest.mark.parametrize(
    ("said", "code", "unlocode"), [("PEK/0101", "PEK", None), ("CNTXG/0202", "CNTXG/0202", "CNTXG")]
)
def test_a_place_is_read_of_the_consignment_and_of_the_whole(
    holder: str, path: str, field: str, said: str, code: str, unlocode: str | None
) -> None:
    place = getattr(document(manifest(**{holder: nested(path, said)})).transport, field)
    assert (place.code.value, place.unlocode) == (code, unlocode)
    assert place.code.name == f"customs office {said[-4:]}"


@pytest.mark.parametrize("holder", ["consignment", "declaration"])
@pytest.mark.parametrize("path", tables.ARRIVED)
@pytest.mark.parametrize(
    ("said", "utc", "day"), [("20260302093000000", "2026-03-02T01:30:00Z", None), ("20260302", None, "2026-03-02")]
)
def test_an_arrival_is_a_moment_or_a_day_as_it_is_said(
    holder: str, path: str, said: str, utc: str | None, day: str | None
) -> None:
    transport = document(manifest(**{holder: nested(path, said)})).transport
    assert transport is not None
    assert (transport.arrived.utc if transport.arrived else None, transport.arrived_on) == (utc, day)


@pytest.mark.parametrize(
    ("path", "text", "field"),
    [(path, "9", "packages") for path in tables.ITEM_PACKAGES]
    + [(path, "700", "gross") for path in tables.ITEM_GROSS]
    + [(path, "CONSOL", "name") for path in tables.ITEM_NAME]
    + [(path, "848340", "hs") for path in tables.ITEM_HS],
)
def test_an_items_figures_are_read_at_each_place(path: str, text: str, field: str) -> None:
    assert getattr(document(manifest(item=nested(path, text))).goods_items[0], field)


def test_a_changed_arrival_report_amends_the_report_and_not_the_manifest_of_the_bill() -> None:
    change = manifest("MT3101").replace(b"<FunctionCode>9", b"<FunctionCode>5")
    amends = read_message(change).entities[0].amends
    assert amends is not None
    assert amends in document(manifest("MT3101")).references
    assert amends not in document(manifest("MT1101")).references


def test_two_places_that_say_different_weights_are_both_kept() -> None:
    record = document(manifest(consignment=nested(tables.GROSS[0], "700") + nested(tables.GROSS[1], "800")))
    assert record.transport is not None
    assert record.transport.gross is not None
    assert record.transport.gross.value == "700.00000"
    assert f"{tables.GROSS[1]}: 800" in {remark.text for remark in record.remarks}
