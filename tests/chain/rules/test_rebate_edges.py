"""C38 at its edges: lines that take back a claim, lines that claim one item twice, and rates of nothing."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.chain.rules.papers import answers_of, found_in

VECTOR = json.loads((Path(__file__).parent / "vectors" / "C38.json").read_bytes())


def papers_with(*lines: dict[str, Any]) -> dict[str, Any]:
    """The clean papers, their rebate with these lines; each is the clean line with what is said of it."""
    papers: dict[str, Any] = copy.deepcopy(VECTOR["papers"])
    rebate = papers["rebate"]["sections"]["rebate"]
    rebate["lines"] = [{**rebate["lines"][0], **line} for line in lines]
    return papers


def line(share: int) -> dict[str, Any]:
    """A line of that many hundredths of the export; below zero it takes back."""
    return {
        "quantity": {"value": f"{share}.00000", "unit": "H87"},
        "deal_total": {"value": f"{share * 50}.00", "currency": "USD"},
        "fob_usd": {"value": f"{share * 50}.00", "currency": "USD"},
        "fob_cny": {"value": f"{share * 350}.00", "currency": "CNY"},
        "rebate": {"value": f"{share * 45.5:.2f}", "currency": "CNY"},
    }


@pytest.mark.parametrize("back", [-100, -40, -1])
def test_a_line_that_takes_back_a_claim_is_no_finding(back: int) -> None:
    assert found_in(answers_of(papers_with(line(100), line(back)))) == []


def test_a_line_takes_back_no_more_than_was_exported() -> None:
    found = set(found_in(answers_of(papers_with(line(100), line(-101)))))
    assert found == {"C38-quantity", "C38-fob_usd"}


def test_two_lines_that_are_right_by_themselves_claim_one_item_twice() -> None:
    assert set(found_in(answers_of(papers_with(line(100), line(100))))) == {"C38-quantity", "C38-purchase"}


def test_a_claim_that_is_taken_back_and_made_again_is_no_finding() -> None:
    assert found_in(answers_of(papers_with(line(100), line(-100), line(100)))) == []


def test_a_rebate_below_zero_is_rounded_as_one_above() -> None:
    wrong = {**line(-40), "rebate": {"value": "-1820.02", "currency": "CNY"}}
    assert found_in(answers_of(papers_with(line(100), line(-40)))) == []
    assert found_in(answers_of(papers_with(line(100), wrong))) == ["C38-rebate"]


def test_no_rebate_at_a_rate_of_nothing() -> None:
    free = {**line(100), "rebate_rate": "0.000000", "rebate": {"value": "0.00", "currency": "CNY"}}
    assert found_in(answers_of(papers_with(free))) == []
    paid = {**free, "rebate": {"value": "0.02", "currency": "CNY"}}
    assert found_in(answers_of(papers_with(paid))) == ["C38-rebate"]


def test_a_rate_equal_to_the_levy_is_the_highest() -> None:
    assert found_in(answers_of(papers_with({"levy_rate": "0.130000", "rebate_rate": "0.130000"}))) == []
    above = {"levy_rate": "0.120000", "rebate_rate": "0.130000"}
    assert found_in(answers_of(papers_with(above))) == ["C38-rebate_rate"]
