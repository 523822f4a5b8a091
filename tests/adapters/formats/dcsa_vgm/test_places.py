"""DCSA VGM: a declaration in each wrapper, a weight in each unit, and what each time without a zone is read as."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.mapping.logistics import KILOGRAMS_OF, WEIGHT_UNITS
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import LogisticsWeight


def declaration(**changed: Any) -> dict[str, Any]:
    return {
        "declarationReference": "V1",
        "VGM": {"weight": {"value": 12000.5, "unit": "KGM"}, "method": "SM1", "dateTime": "2026-07-02T09:00:00Z"},
        "equipmentDetails": {"equipmentReference": "CSQU3054383"},
        "shipmentDetails": {"carrierBookingReference": "B1"},
    } | changed


def read(message: Any) -> LogisticsWeight:
    record = read_message(json.dumps(message).encode()).entities[0].record
    assert isinstance(record, LogisticsWeight)
    return record


def weighed(value: object, unit: str | None = "KGM", **more: Any) -> dict[str, Any]:
    mass = {"value": value} | ({"unit": unit} if unit else {})
    return declaration(VGM={"weight": mass, "method": "SM1", "dateTime": "2026-07-02T09:00:00Z"} | more)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda d: {"VGMDeclarations": [d]},
        lambda d: {"VGMDeclaration": d},
        lambda d: {"data": {"VGMDeclarations": [d]}},
        lambda d: [d],
        lambda d: d,
    ],
)
def test_a_declaration_is_read_whatever_it_is_wrapped_in(wrap: Any) -> None:
    record = read(wrap(declaration()))
    assert (record.weight.gross.value, record.weight.gross.unit) == ("12000.50000", "KGM")
    assert record.weight.container is not None
    assert record.weight.container.number == "CSQU3054383"


@pytest.mark.parametrize("unit", sorted({*WEIGHT_UNITS, "lbr", "kg"}))
def test_a_unit_that_a_record_counts_in_is_kept(unit: str) -> None:
    record = read([weighed("12.5", unit)])
    assert (record.weight.gross.value, record.weight.gross.unit) == ("12.50000", WEIGHT_UNITS[unit.upper()])


@pytest.mark.parametrize("unit", sorted(KILOGRAMS_OF))
def test_another_unit_is_turned_into_kilograms_with_a_remark(unit: str) -> None:
    record = read([weighed("1000", unit)])
    assert record.weight.gross.unit == "KGM"
    assert float(record.weight.gross.value) == pytest.approx(1000 * float(KILOGRAMS_OF[unit]), abs=1e-5)
    assert "unit" in {remark.rule for remark in record.remarks}


def test_an_unknown_unit_is_kept_as_written_and_a_missing_one_is_told() -> None:
    unknown, missing = read([weighed("5", "XYZ")]), read([weighed("5", None)])
    assert unknown.weight.gross.unit == "mass-unit:XYZ"
    assert "unknown-code" in {remark.rule for remark in unknown.remarks}
    assert missing.weight.gross.unit == "KGM"
    assert "unit" in {remark.rule for remark in missing.remarks}


def test_decimals_that_a_record_cannot_hold_are_rounded_and_zero_is_no_weight() -> None:
    record = read([weighed("1.2345678")])
    assert record.weight.gross.value == "1.23457"
    assert "rounded" in {remark.rule for remark in record.remarks}
    with pytest.raises(MalformedMessage, match="above zero"):
        read([weighed("0")])


@pytest.mark.parametrize(
    ("more", "beside", "utc"),
    [
        ({"location": {"UNLocationCode": "CNTXG"}}, {}, "2026-07-02T01:00:00Z"),
        ({}, {"vesselVoyageDetails": {"portOfLoading": {"UNLocationCode": "CNTXG"}}}, "2026-07-02T01:00:00Z"),
        ({"location": {"locationName": "somewhere"}}, {}, "2026-07-02T09:00:00Z"),
    ],
)
def test_a_time_without_a_zone_is_that_of_the_scale_or_of_the_port_of_loading(
    more: dict[str, Any], beside: dict[str, Any], utc: str
) -> None:
    record = read([weighed("5", dateTime="2026-07-02T09:00:00", **more) | beside])
    assert record.weight.at is not None
    assert record.weight.at.utc == utc
    assert {"local-time", "no-time-zone"} & {remark.rule for remark in record.remarks}


def test_an_unknown_method_is_kept_and_marked() -> None:
    record = read([weighed("5", method="SM9")])
    assert record.weight.method is not None
    assert (record.weight.method.value, record.weight.method.known) == ("SM9", False)
