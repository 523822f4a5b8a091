"""Honest trade through the readers: no story, shuffled, doubled or thinned by one message, gives an alarm."""

from __future__ import annotations

from random import Random

import pytest

from adapters.single_window_mock.stories import STORIES
from chain.rules.answers import Finding
from tests.chain.rules.native import Told, answers_of, place_of, told

SEEDS = range(1, 6)
ENDS = {
    "parcel": "CLOSED",
    "air_import": "CLOSED",
    "sea_import": "CLOSED",
    "export_rebate": "CLOSED",
    "parcel_returned": "RETURNED",
    "parcel_amended": "RELEASED",
    "air_rejected": "REJECTED",
    "air_inspected": "CLOSED",
}


def alarms(messages: Told) -> list[Finding]:
    """Findings above information."""
    return [one for one in answers_of(messages).findings if one.severity != "I"]


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_story_as_it_is_gives_no_finding_at_all(name: str) -> None:
    for seed in SEEDS:
        assert answers_of(told(name, seed)).findings == ()


@pytest.mark.parametrize("name", sorted(STORIES))
def test_shuffled_and_doubled_messages_give_the_same_answers(name: str) -> None:
    messages = told(name)
    for seed in SEEDS:
        shuffled = [*messages, *messages]
        Random(seed).shuffle(shuffled)
        assert alarms(tuple(shuffled)) == []


ABOUT = {
    ("air_import", "DutyPayment"): {"C29-released-unpaid"},
    ("air_inspected", "DutyPayment"): {"C29-released-unpaid"},
    ("sea_import", "DutyPayment"): {"C29-released-unpaid"},
    ("parcel_amended", "CEB621"): {"C13-gross"},
}
"""What a finding is about: the payment that was lost; the change that puts a wrong weight right."""


@pytest.mark.parametrize("name", sorted(STORIES))
def test_without_any_one_message_only_what_that_message_is_about_is_told(name: str) -> None:
    for seed in SEEDS:
        messages = told(name, seed)
        for place, message in enumerate(messages):
            found = {one.rule for one in alarms((*messages[:place], *messages[place + 1 :]))}
            assert found <= ABOUT.get((name, message.envelope.kind), set()), message.envelope


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_story_ends_in_its_state(name: str) -> None:
    from chain.rules.consignment import join_records
    from tests.chain.rules.native import facts_of

    (declaration,) = join_records(facts_of(told(name))).declarations
    assert declaration.status.state == ENDS[name]


def test_a_lost_payment_is_told_as_released_unpaid() -> None:
    messages = told("sea_import")
    place = place_of(messages, "DutyPayment")
    (found,) = alarms((*messages[:place], *messages[place + 1 :]))
    assert (found.rule, found.severity) == ("C29-released-unpaid", "H")


def test_while_a_story_unfolds_no_rule_cries_before_its_time() -> None:
    for name in ("parcel", "air_import", "export_rebate", "air_inspected"):
        messages = told(name)
        for count in range(1, len(messages)):
            found = {one.rule for one in alarms(messages[:count])}
            assert found <= {"C29-released-unpaid"}, (name, count, found)
