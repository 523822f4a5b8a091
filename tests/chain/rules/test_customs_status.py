"""The status machine on real receipts: any subset in any order, and what each special code allows."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mapping.customs_states import CHANNELS, RETURN_STATUSES, WCO_FUNCTIONS
from chain.rules.customs_status import RANKS, SUBMITTED, Status, Word, fold_status

CODES = {"cn-channel": CHANNELS, "ceb-return-status": RETURN_STATUSES, "wco-function": WCO_FUNCTIONS}
RELEASING = {"cn-channel": ("P", "I"), "ceb-return-status": ("800",), "wco-function": ("09",)}
CLOSING = {"cn-channel": "R", "ceb-return-status": "899", "wco-function": "16"}
ENDING = {"cn-channel": {"A", "Z", "D"}, "ceb-return-status": {"700"}, "wco-function": {"10"}}
"""Codes that end a declaration otherwise: they have tests of their own."""
FLOW = {
    system: tuple(code for code in table if code not in ENDING[system] and code != CLOSING[system])
    for system, table in CODES.items()
}
SIX = {
    "cn-channel": ("L", "H", "C", "W", "P", "R"),
    "ceb-return-status": ("120", "300", "500", "399", "800", "899"),
    "wco-function": ("01", "13", "05", "06", "09", "16"),
}
"""Six receipts of one declaration of each system, of which every subset in every order is tried."""


def word(system: str, code: str, at: int, **more: object) -> Word:
    state = CODES[system][code][0] if code in CODES[system] else None
    time = f"2026-03-02T{at:02d}:00:00Z"
    return Word(f"{code}@{at}", time, (0, at, 0, code), state or "", system, code, **more)  # type: ignore[arg-type]


LODGED = Word("lodged", "2026-03-01T00:00:00Z", (0, -1, 0, "lodged"), SUBMITTED)


def told(system: str, *codes: str) -> Status:
    return fold_status([LODGED, *(word(system, code, at) for at, code in enumerate(codes))])


@pytest.mark.parametrize("system", CODES)
def test_any_subset_in_any_order_that_has_a_release_ends_released_and_with_a_closing_closed(system: str) -> None:
    tried = 0
    for size in range(1, len(SIX[system]) + 1):
        for subset in combinations(SIX[system], size):
            if not set(subset) & set(RELEASING[system]):
                continue
            wanted = "CLOSED" if CLOSING[system] in subset else "RELEASED"
            for order in permutations(subset):
                status = told(system, *order)
                assert status.state == wanted, order
                assert all(remark.kind in ("gap", "late", "re-examination") for remark in status.remarks), order
                tried += 1
    assert tried == 1_631


@settings(max_examples=300, deadline=None)
@given(data=st.data(), system=st.sampled_from(sorted(CODES)))
def test_whatever_else_is_said_a_release_counts(data: st.DataObject, system: str) -> None:
    others = data.draw(st.lists(st.sampled_from(FLOW[system]), max_size=5))
    release = data.draw(st.sampled_from(RELEASING[system]))
    order = data.draw(st.permutations([*others, release]))
    assert told(system, *order).state == "RELEASED"


@settings(max_examples=200, deadline=None)
@given(data=st.data(), system=st.sampled_from(sorted(CODES)))
def test_the_order_of_arrival_does_not_count(data: st.DataObject, system: str) -> None:
    codes = data.draw(st.lists(st.sampled_from(sorted(CODES[system])), max_size=6))
    words = [LODGED, *(word(system, code, at) for at, code in enumerate(codes))]
    shuffled = data.draw(st.permutations(words))
    assert fold_status(shuffled) == fold_status(words)
    assert fold_status([*words, *words]).state == fold_status(words).state


def test_a_lost_acceptance_is_a_remark_and_freezes_nothing() -> None:
    status = told("cn-channel", "P", "R")
    assert status.state == "CLOSED"
    assert [remark.kind for remark in status.remarks] == ["gap"]


def test_a_release_against_guarantee_is_a_release_with_its_flag_and_reviews_after_it_are_ordinary() -> None:
    status = told("cn-channel", "L", "B", "W", "P")
    assert (status.state, status.flags, status.remarks) == ("RELEASED", {"against_guarantee"}, ())
    allowed = status.allowed_to_leave_by()
    assert allowed is not None
    assert allowed.code == "B"


@pytest.mark.parametrize(("code", "flag"), [("C", "inspection_called"), ("G", "papers_due")])
def test_codes_that_let_goods_leave_the_quay_before_release(code: str, flag: str) -> None:
    status = told("cn-channel", "L", code)
    assert status.state in ("ACCEPTED", "INSPECTION")
    assert flag in status.flags
    allowed = status.allowed_to_leave_by()
    assert allowed is not None
    assert allowed.code == code


def test_a_conditional_lift_off_is_read_from_customs_notes_and_an_application_allows_nothing() -> None:
    consent = fold_status([LODGED, word("cn-channel", "L", 1, notes=("附条件提离",))])
    applied = fold_status([LODGED], ["lift_off_applied"])
    assert (consent.flags, applied.flags) == ({"conditional_lift_off"}, {"lift_off_applied"})
    assert consent.allowed_to_leave_by() is not None
    assert applied.allowed_to_leave_by() is None


def test_an_inspection_after_release_is_a_re_examination() -> None:
    status = told("cn-channel", "L", "P", "C")
    assert (status.state, [remark.kind for remark in status.remarks]) == ("RELEASED", ["re-examination"])
    assert "re_examination" in status.flags


@pytest.mark.parametrize("order", [("P", "D"), ("D", "P"), ("P", "R", "D")])
def test_a_withdrawal_after_release_ends_it_in_any_order(order: tuple[str, ...]) -> None:
    status = told("cn-channel", *order)
    assert status.state == "WITHDRAWN"
    assert "withdrawn_after_release" in status.flags
    assert all(remark.kind in ("gap", "late") for remark in status.remarks)


def test_a_release_after_a_deletion_before_release_is_the_one_contradiction() -> None:
    status = told("cn-channel", "L", "A", "P")
    assert status.state == "RELEASED"
    assert [remark.kind for remark in status.remarks] == ["released-after-deletion"]


def test_a_refusal_ends_it_and_a_new_lodging_begins_anew() -> None:
    assert told("cn-channel", "L", "E").state == "REJECTED"
    again = Word("again", "2026-03-02T02:30:00Z", (0, 9, 0, "again"), SUBMITTED)
    words = [LODGED, word("cn-channel", "L", 1), word("cn-channel", "E", 2), again]
    assert fold_status(words).state == SUBMITTED
    assert fold_status([*words, word("cn-channel", "L", 3)]).state == "ACCEPTED"


def test_goods_sent_back_after_release_are_returned() -> None:
    status = told("ceb-return-status", "120", "800", "700")
    assert (status.state, status.remarks) == ("RETURNED", ())


def test_the_order_of_a_real_wco_declaration_moves_without_a_remark() -> None:
    status = told("wco-function", "01", "13", "06", "05", "02", "11", "13", "13", "07", "09")
    assert (status.state, status.remarks) == ("RELEASED", ())


def test_an_unknown_code_keeps_the_state_and_is_a_remark() -> None:
    status = fold_status([LODGED, word("cn-channel", "L", 1), word("cn-channel", "Q", 2, known=False)])
    assert (status.state, [remark.kind for remark in status.remarks]) == ("ACCEPTED", ["unknown-code"])


def test_a_word_that_is_not_competent_moves_nothing_and_sets_no_flag() -> None:
    status = fold_status([LODGED, word("cn-channel", "B", 1, competent=False, tax_paid=True)])
    assert (status.state, status.flags, status.tax_paid) == (SUBMITTED, frozenset(), ())
    assert [remark.kind for remark in status.remarks] == ["not-competent"]


def test_every_state_that_a_code_maps_to_has_a_rank() -> None:
    states = {state for table in CODES.values() for state, _ in table.values() if state}
    assert states <= RANKS.keys()
