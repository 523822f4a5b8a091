"""The data form: its arithmetic, its edges, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from chain.rules.answers import Agrees, Finding, Missing, NotRun
from chain.rules.frame import Case
from chain.rules.interpreter import DEPTH_MAX, MalformedRule, run_form
from chain.rules.replayable import FORMS, parse_forms
from tests.chain.rules.papers import consignment_of

ITEMS = [
    {"ordinal": 1, "name": "a", "total": {"value": "10.00", "currency": "USD"}},
    {"ordinal": 2, "name": "b", "total": {"value": "5.00", "currency": "USD"}},
]


def answers(test: dict[str, Any], items: list[dict[str, Any]] = ITEMS) -> list[Any]:
    said = {"declaration": {"direction": "I"}, "goods_items": items}
    papers = {"declaration": {"type": "customs.declaration", "sections": said}}
    whole = {
        "name": "X01-test",
        "severity": "M",
        "group": "declaration",
        "select": {"totals": {"of": "declaration", "path": "goods_items.*.total", "as": "money"}},
        "declared": ["sum", "totals"],
        "computed": ["dec", "15"],
        "inputs": ["totals"],
        "en": "{declared} and {computed}",
        "zh": "{totals}",
        **test,
    }
    return list(run_form({"id": "X01", "tests": [whole]}, Case(consignment_of(papers))))


def test_a_sum_that_agrees_names_its_record() -> None:
    assert answers({"agree": ["eq", ["sum", "totals"], ["dec", "15.00"]]}) == [Agrees("X01", ("declaration",))]


def test_a_finding_has_its_inputs_texts_and_difference() -> None:
    (found,) = answers({"agree": ["lt", ["sum", "totals"], ["dec", "15"]], "tolerance": ["dec", "0.01"]})
    assert isinstance(found, Finding)
    assert (found.rule, found.text, found.text_zh) == ("X01-test", "15.00 and 15", "10.00, 5.00")
    assert [one.field for one in found.inputs] == ["goods_items.0.total", "goods_items.1.total"]
    assert (found.delta, found.tolerance) == ("0.00", "0.01")


def test_each_runs_the_test_once_for_each_place() -> None:
    price = {"of": "each", "path": "total", "as": "money"}
    found = answers(
        {
            "each": {"of": "declaration", "path": "goods_items.*"},
            "select": {"totals": price},
            "agree": ["le", ["one", "totals"], ["dec", "9"]],
        }
    )
    assert [type(one) for one in found] == [Finding, Agrees]


@pytest.mark.parametrize(
    ("select", "missing"),
    [
        ({"of": "declaration", "path": "goods_items.*.net", "as": "kg"}, Missing.FACT),
        ({"of": "payment", "path": "taxes.total", "as": "money"}, Missing.FACT),
        ({"of": "declaration", "path": "goods_items.*.total", "as": "kg"}, Missing.FACT),
    ],
)
def test_what_is_not_there_is_not_run(select: dict[str, Any], missing: Missing) -> None:
    (reason,) = answers({"select": {"totals": select}, "agree": ["eq", ["sum", "totals"], ["dec", "1"]]})
    assert isinstance(reason, NotRun)
    assert reason.missing is missing


def test_one_place_that_cannot_be_read_empties_a_selection_of_all() -> None:
    items = [ITEMS[0], {"ordinal": 2, "name": "b"}]
    test = {"agree": ["eq", ["sum", "totals"], ["dec", "10"]]}
    assert [type(one) for one in answers(test, items)] == [Agrees]
    every = {"totals": {"of": "declaration", "path": "goods_items.*.total", "as": "money", "all": True}}
    assert [type(one) for one in answers(test | {"select": every}, items)] == [NotRun]


def test_several_currencies_are_nobodys_to_allocate() -> None:
    items = [ITEMS[0], {"ordinal": 2, "name": "b", "total": {"value": "5.00", "currency": "EUR"}}]
    (reason,) = answers({"agree": ["eq", ["sum", "totals"], ["dec", "15"]]}, items)
    assert isinstance(reason, NotRun)
    assert reason.missing is Missing.ALLOCATION


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (["round", ["dec", "1.005"], ["dec", "2"]], True),
        (["eq", ["round", ["dec", "1.005"], ["dec", "2"]], ["dec", "1.01"]], True),
        (["eq", ["round", ["dec", "2.674"], ["dec", "2"]], ["dec", "2.67"]], True),
        (["eq", ["plus_days", ["text", "2026-02-27"], ["dec", "2"]], ["text", "2026-03-01"]], True),
        (["eq", ["days", ["text", "2026-02-27"], ["text", "2026-03-01"]], ["dec", "2"]], True),
        (["eq", ["beijing_day", ["text", "2026-03-01T16:30:00Z"]], ["text", "2026-03-02"]], True),
        (["or", ["eq", ["dec", "1"], ["dec", "1"]], ["working_day", ["text", "2099-01-01"]]], True),
        (["and", ["eq", ["dec", "1"], ["dec", "2"]], ["working_day", ["text", "2099-01-01"]]], False),
        (["if", ["not", ["eq", ["dec", "1"], ["dec", "1"]]], ["nonsense"], ["eq", ["dec", "1"], ["dec", "1.0"]]], True),
        (["is_digits", ["prefix", ["text", "12x"], ["dec", "2"]]], True),
        (["is_digits", ["text", "１２"]], False),
        (["eq", ["length", ["text", "abc"]], ["dec", "3"]], True),
        (["eq", ["max", ["dec", "1"], ["abs", ["sub", ["dec", "1"], ["dec", "4"]]]], ["dec", "3"]], True),
    ],
)
def test_operators_give_what_the_page_says(expression: Any, value: bool) -> None:
    (answer,) = answers({"agree": expression})
    assert isinstance(answer, Agrees) is value


def test_a_broken_form_is_refused_and_says_where() -> None:
    deep: Any = ["dec", "1"]
    for _ in range(DEPTH_MAX + 2):
        deep = ["abs", deep]
    for expression in (["system", "totals"], "nobody", deep):
        with pytest.raises(MalformedRule):
            answers({"agree": expression})
    with pytest.raises(MalformedRule, match="form"):
        parse_forms(b'{"form": 2, "rules": []}')


def test_the_shipped_file_holds_the_arithmetic_rules() -> None:
    assert sorted(FORMS) == ["C06", "C07", "C12", "C13", "C16", "C27", "C28", "C29", "C30", "C31"]
    assert sum(len(form["tests"]) for form in FORMS.values()) == 16
