"""Duties come out as the law computes them: the golden rows, and the laws that hold for every row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.rules.duty import (
    Rates,
    customs_value,
    export_rebate,
    import_duties,
    late_fee,
    retail_duties,
    split_by_value,
)


def test_the_golden_row_without_consumption_tax() -> None:
    due = import_duties(D("100000.00"), Rates(duty=D("0.08"), vat=D("0.13")))
    assert (due.duty, due.consumption, due.vat, due.total) == (D("8000.00"), D("0.00"), D("14040.00"), D("22040.00"))


def test_the_golden_row_with_consumption_tax() -> None:
    due = import_duties(D("50000.00"), Rates(duty=D("0.05"), consumption=D("0.15"), vat=D("0.13")))
    assert (due.duty, due.consumption, due.vat, due.total) == (D("2500.00"), D("9264.71"), D("8029.41"), D("19794.12"))


def test_the_hmrc_row_has_vat_on_value_and_duty() -> None:
    due = import_duties(D("10000.00"), Rates(duty=D("0.027"), vat=D("0.20")))
    assert (due.duty, due.vat) == (D("270.00"), D("2054.00"))


def test_anti_dumping_duty_enters_the_base_of_vat() -> None:
    due = import_duties(D("1000"), Rates(anti_dumping=D("0.5"), vat=D("0.1")))
    assert (due.anti_dumping, due.vat) == (D("500.00"), D("150.00"))


def test_a_specific_rate_counts_units() -> None:
    due = import_duties(D("1000"), Rates(duty_per_unit=D("2.5"), consumption_per_unit=D("1")), quantity=D("10"))
    assert (due.duty, due.consumption) == (D("25.00"), D("10.00"))


def test_retail_pays_no_duty_and_seventy_per_cent_of_vat() -> None:
    due = retail_duties(D("1000"), Rates(duty=D("0.2"), vat=D("0.13")))
    assert (due.duty, due.vat, due.total) == (D("0.00"), D("91.00"), D("91.00"))


@pytest.mark.parametrize(
    ("terms", "given", "value"),
    [
        ("CIF", {"freight": D("50")}, "1000"),
        ("C&F", {"insurance": D("3")}, "1003"),
        ("FOB", {"freight": D("100"), "insurance": D("10")}, "1110"),
        ("FOB", {"freight": D("100")}, "1103.3"),
        (
            "FOB",
            {"freight": D("97"), "insurance_rate": D("0.003")},
            "1100.30090270812437311935807422266800401203610832",
        ),
        ("EXW", {"freight": D("100"), "insurance": D("10"), "inland": D("40")}, "1150"),
        ("CIF", {"other": D("-20")}, "980"),
    ],
)
def test_the_value_follows_the_terms(terms: str, given: dict[str, D], value: str) -> None:
    assert abs(customs_value(terms, D("1000"), **given) - D(value)) < D("1e-30")


def test_terms_without_a_rule_are_an_error() -> None:
    with pytest.raises(ValueError, match="no rule"):
        customs_value("DDP", D("1"))


@pytest.mark.parametrize(("paid", "fee"), [("2026-01-16", "0.00"), ("2026-01-17", "50.00"), ("2026-01-26", "500.00")])
def test_the_late_fee_runs_from_the_day_after_the_last_one(paid: str, fee: str) -> None:
    assert late_fee(D("100000"), date(2026, 1, 16), date.fromisoformat(paid)) == D(fee)


def test_a_late_fee_below_fifty_yuan_is_not_levied() -> None:
    assert late_fee(D("1000"), date(2026, 1, 16), date(2026, 1, 20)) == 0


def test_the_rebate_and_the_rest_that_is_not_credited() -> None:
    assert export_rebate(D("10000"), D("0.13"), D("0.09")) == (D("900.00"), D("400.00"))


@settings(max_examples=100, deadline=None)
@given(
    whole=st.decimals(0, 10**6, places=2, allow_nan=False),
    values=st.lists(st.decimals(1, 10**6, places=2, allow_nan=False), min_size=1, max_size=20),
)
def test_what_is_split_by_value_sums_to_the_whole(whole: D, values: list[D]) -> None:
    assert sum(split_by_value(whole, tuple(values))) == whole


@settings(max_examples=100, deadline=None)
@given(value=st.decimals(0, 10**9, places=2, allow_nan=False), rate=st.decimals(0, 1, places=3, allow_nan=False))
def test_taxes_are_whole_cents_and_none_is_negative(value: D, rate: D) -> None:
    due = import_duties(value, Rates(duty=rate, consumption=rate / 2, vat=rate))
    for tax in (due.duty, due.consumption, due.vat):
        assert tax >= 0
        assert tax == tax.quantize(D("0.01"))
