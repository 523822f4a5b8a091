"""The rules on a declaration alone find each fault, alone, and nothing in one that agrees with itself."""

from __future__ import annotations

from typing import Any

import pytest

from chain.records.audit import Difference
from chain.rules.answers import Missing
from chain.rules.tables import Table, Tables, tables_of
from tests.chain.rules.papers import answers_of, found_in

KILO = {"unit": "KGM"}
SUBMITTER = "91110000600037341L"
ROW = ("8518300000", "2026-01-01", "", "", "0.05", "", "", "", "", "0.13", "KGM", "", "A")
TARIFF = tables_of(Table("tariff", "test", "test", True, (ROW,)))


def sections() -> dict[str, Any]:
    """A declaration that agrees with itself."""
    return {
        "declaration": {
            "number": "010120261000000017",
            "direction": "I",
            "office": {"system": "cn-customs-office", "value": "0101"},
            "declared_on": "2026-03-02",
        },
        "parties": [{"role": "agent", "uscc": SUBMITTER}],
        "documents": [{"kind": {"system": "cn-licence-document", "value": "A"}}],
        "transport": {
            "mode": {"system": "cn-transport-mode", "value": "5"},
            "bill": "99912345675_H1",
            "gross": {"value": "12.00000", **KILO},
            "net": {"value": "10.00000", **KILO},
            "containers": [{"number": "CSQU3054383"}],
        },
        "valuation": {
            "terms": {"system": "cn-trans-mode", "value": "3"},
            "freight": {"mark": "total", "amount": {"value": "10.00", "currency": "USD"}},
            "total": {"value": "398.00", "currency": "USD"},
        },
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


def found(said: dict[str, Any], submitter: str = SUBMITTER, tables: Tables = TARIFF) -> list[str]:
    return found_in(answers_of(papers(said, submitter), tables))


def papers(said: dict[str, Any], submitter: str = SUBMITTER) -> dict[str, Any]:
    return {"declaration": {"type": "customs.declaration", "issuer": submitter, "sections": said}}


def test_a_declaration_that_agrees_with_itself_has_no_finding() -> None:
    assert found(sections()) == []


def test_what_agrees_is_told_with_its_source() -> None:
    agreed = {one.rule: one.records for one in answers_of(papers(sections()), TARIFF).agreements}
    assert {f"C{number:02d}" for number in range(1, 11)} <= agreed.keys()
    assert set(agreed.values()) == {("declaration",)}


@pytest.mark.parametrize(
    ("section", "change", "rule"),
    [
        ("declaration", {"number": "020220261000000017"}, "C02-number"),
        ("declaration", {"number": "010120260000000017"}, "C02-number"),
        ("declaration", {"number": "010120251000000017"}, "C02-number"),
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
        ("parties", {"role": "owner", "other_ids": [{"system": "cn-company-code", "value": "911100006000373410",
                     "known": False}]}, "C01-uscc"),
    ],
    ids=lambda value: str(value)[:48],
)  # fmt: skip
def test_one_fault_gives_its_one_finding(section: str, change: Any, rule: str) -> None:
    said = sections()
    if change is None:
        del said[section]
    elif section == "parties":
        said[section] = [change]
    else:
        place = said[section][0] if section == "goods_items" else said[section]
        place |= change
        for name in [name for name, value in place.items() if value is None]:
            del place[name]
    assert found(said) == [rule]


def test_an_agent_other_than_the_submitter_is_found() -> None:
    assert found(sections(), submitter="91110000801234567X") == ["C01-agent"]


def test_a_finding_can_be_signed_as_it_is() -> None:
    said = sections()
    said["transport"]["gross"]["value"] = "9.00000"
    (one,) = answers_of(papers(said), TARIFF).findings
    assert (one.delta, one.severity) == ("-1.00000", "H")
    assert [each.field for each in one.inputs] == ["transport.gross", "transport.net"]
    signed = Difference(
        name=one.rule,
        severity=one.severity,
        declared=one.declared,
        computed=one.computed,
        delta=one.delta,
        tolerance=one.tolerance,
        explanation=one.text,
        explanation_zh=one.text_zh,
    )
    assert signed.delta == "-1.00000"


def test_without_a_tariff_its_rules_say_that_the_table_is_missing() -> None:
    said = sections()
    del said["documents"]
    answers = answers_of(papers(said))
    assert answers.findings == ()
    assert {one.rule: one.missing for one in answers.not_run if one.rule in ("C05", "C10")} == {
        "C05": Missing.TABLE,
        "C10": Missing.TABLE,
    }


def test_beyond_its_data_the_tariff_is_as_good_as_none() -> None:
    said = sections()
    said["declaration"] |= {"declared_on": "2025-03-02", "number": "010120251000000017"}
    (reason,) = [one for one in answers_of(papers(said), TARIFF).not_run if one.rule == "C10"]
    assert (reason.missing, reason.what) == (Missing.TABLE, "the table of the tariff says nothing of 2025-03-02")


def test_terms_of_another_list_than_chinas_are_understood() -> None:
    said = sections()
    said["valuation"] = {"terms": {"system": "incoterms", "value": "FOB"}, "total": said["valuation"]["total"]}
    assert found(said) == ["C09-freight-missing"]


def test_kilograms_are_compared_in_sum_where_the_lines_give_no_net_weight() -> None:
    said = sections()
    del said["goods_items"][0]["net"]
    assert found(said) == []
    said["goods_items"][0]["first_quantity"]["value"] = "12.00000"
    assert found(said) == ["C08-kilograms"]
