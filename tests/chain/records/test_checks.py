"""The single-record checks find each fault, alone, and nothing in a declaration that agrees with itself."""

from __future__ import annotations

from typing import Any

import pytest

from chain.records import CustomsDeclaration
from chain.records.scalars import Code
from chain.rules.declaration import RULES_VERSION, Case, TariffLine, check_declaration

KILO = {"unit": "KGM"}
TARIFF = {"8518300000": TariffLine(first_unit="KGM", licences=frozenset({"A"}))}


def sections() -> dict[str, Any]:
    """A declaration that agrees with itself."""
    return {
        "ucr": ["6CN91110000600037341L-1"],
        "declaration": [
            {
                "number": "010120261000000017",
                "direction": "I",
                "office": {"system": "cn-customs-office", "value": "0101"},
                "declared_on": "2026-03-02",
            }
        ],
        "parties": [[{"role": "agent", "uscc": "91110000600037341L"}]],
        "documents": [[{"kind": {"system": "cn-licence", "value": "A"}}]],
        "transport": [
            {
                "mode": {"system": "cn-transport-mode", "value": "5"},
                "bill": "99912345675_H1",
                "gross": {"value": "12.00000", **KILO},
                "net": {"value": "10.00000", **KILO},
                "containers": [{"number": "CSQU3054383"}],
            }
        ],
        "valuation": [
            {
                "terms": {"system": "cn-trans-mode", "value": "3"},
                "freight": {"mark": "total", "amount": {"value": "10.00", "currency": "USD"}},
                "total": {"value": "398.00", "currency": "USD"},
            }
        ],
        "goods_items": [
            {
                "ordinal": 1,
                "hs": "8518300000",
                "name": "headphones",
                "quantity": {"value": "2.00000", "unit": "H87"},
                "first_quantity": {"value": "10.00000", "unit": "KGM"},
                "unit_price": {"value": "199.00", "currency": "USD"},
                "total": {"value": "398.00", "currency": "USD"},
                "net": {"value": "10.00000", **KILO},
            }
        ],
    }


def found(said: dict[str, Any], submitter: str = "91110000600037341L") -> list[str]:
    record = CustomsDeclaration.from_sections(said)
    return [f.rule for f in check_declaration(Case("A" * 43, record, submitter, TARIFF))]


def test_a_declaration_that_agrees_with_itself_has_no_finding() -> None:
    assert found(sections()) == []


@pytest.mark.parametrize(
    ("section", "change", "rule"),
    [
        ("declaration", {"number": "020220261000000017"}, "C02-number"),
        ("declaration", {"number": "010120260000000017"}, "C02-number"),
        ("declaration", {"declared_on": "2025-03-02"}, "C02-number"),
        ("transport", {"containers": [{"number": "CBHU1234567", "known": False}]}, "C03-container"),
        ("transport", {"bill": "99912345676_H1"}, "C04-air-waybill"),
        ("goods_items", {"hs": "85183000"}, "C05-hs-length"),
        ("goods_items", {"hs": "8518300001"}, "C05-hs-unknown"),
        ("transport", {"gross": {"value": "9.00000", **KILO}}, "C06-gross-net"),
        ("transport", {"net": {"value": "10.20000", **KILO}}, "C06-net-sum"),
        ("valuation", {"total": {"value": "398.02", "currency": "USD"}}, "C07-total"),
        ("goods_items", {"unit_price": {"value": "197.00", "currency": "USD"}}, "C07-line"),
        ("goods_items", {"first_quantity": {"value": "2.00000", "unit": "H87"}}, "C08-unit"),
        ("goods_items", {"first_quantity": {"value": "11.00000", "unit": "KGM"}}, "C08-kilograms"),
        ("valuation", {"freight": None}, "C09-freight-missing"),
        ("valuation", {"terms": {"system": "cn-trans-mode", "value": "1"}}, "C09-freight-twice"),
        ("documents", None, "C10-licence"),
        (
            "parties",
            [{"role": "owner", "other_ids": [{"system": "uscc", "value": "911100006000373410", "known": False}]}],
            "C01-uscc",
        ),
    ],
    ids=lambda value: str(value)[:48],
)
def test_one_fault_gives_its_one_finding(section: str, change: Any, rule: str) -> None:
    said = sections()
    if change is None:
        del said[section]
    elif isinstance(change, list):
        said[section] = [change]
    else:
        said[section][0] |= change
        said[section][0] = {name: value for name, value in said[section][0].items() if value is not None}
    assert found(said) == [rule]


def test_an_agent_other_than_the_submitter_is_found() -> None:
    assert found(sections(), submitter="91110000801234567X") == ["C01-agent"]


def test_a_finding_can_be_signed_as_it_is() -> None:
    said = sections()
    said["transport"][0]["gross"]["value"] = "9.00000"
    record = CustomsDeclaration.from_sections(said)
    (finding,) = check_declaration(Case("A" * 43, record))
    assert (finding.version, finding.delta, finding.severity) == (RULES_VERSION, "-1.00000", "H")
    assert [one.field for one in finding.inputs] == ["transport.gross", "transport.net"]


def test_without_a_tariff_its_rules_say_nothing() -> None:
    said = sections()
    del said["documents"]
    assert check_declaration(Case("A" * 43, CustomsDeclaration.from_sections(said))) == ()


def test_terms_of_another_list_than_chinas_are_understood() -> None:
    record = CustomsDeclaration.from_sections(sections())
    assert record.valuation is not None
    fob = record.valuation.model_copy(update={"terms": Code(system="incoterms", value="FOB"), "freight": None})
    told = check_declaration(Case("A" * 43, record.model_copy(update={"valuation": fob})))
    assert [finding.rule for finding in told] == ["C09-freight-missing"]
