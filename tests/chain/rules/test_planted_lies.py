"""Each planted lie gives exactly its findings above information, through the readers, alone and in disorder."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from adapters.single_window_mock.stories import STORIES
from chain.rule_tables import example_tables
from chain.rules.pack import RULES
from chain.rules.tables import NO_TABLES
from tests.chain.rules.lies import Lie
from tests.chain.rules.native import answers_of, told
from tests.chain.rules.planted_lies import LIES, NOT_CAUGHT

TABLES = example_tables()
IDS = [f"{one.story}: {one.name}" for one in LIES]
VECTORS_ONLY = {
    "C06": "DecMessage and CEB621 with gross below net are refused by their readers",
    "C10": "the example tariff requires no licences",
    "C15": "no reader brings a weight at acceptance or a re-weighing",
    "C22": "no manifest reader brings the time of sending",
    "C23": "another consignment's numbers come as an argument",
    "C34": "another consignment's numbers come as an argument",
    "C35": "no public reference prices",
    "C36": "DecMessage's readers bring no preference",
    "C39": "no public export chains",
    "M01": "no native message brings a mandate",
    "S01": "the one finding above information is a release after a deletion",
    "S03": "the stand-in lodges in one step",
}
"""Rules without a native lie here, and the source that is missing; their vectors stand beside."""


def findings(lie: Lie, *, shuffled: int = 0) -> set[str]:
    """What is found above information, and of the rest what the lie names."""
    messages = list(lie.messages)
    if shuffled:
        Random(shuffled).shuffle(messages)
    found = answers_of(messages, TABLES if lie.with_tables else NO_TABLES).findings
    return {one.rule for one in found if one.severity != "I" or one.rule in lie.findings}


@pytest.mark.parametrize("lie", LIES, ids=IDS)
def test_a_planted_lie_gives_exactly_its_findings(lie: Lie) -> None:
    assert findings(lie) == lie.findings


@pytest.mark.parametrize("lie", LIES, ids=IDS)
def test_disorder_hides_no_lie(lie: Lie) -> None:
    if lie.story not in {"sea_import", "parcel"} or "second declaration" in lie.name:
        return
    assert findings(lie, shuffled=3) == lie.findings


@pytest.mark.parametrize(("lie", "why"), NOT_CAUGHT, ids=[one.name for one, _ in NOT_CAUGHT])
def test_what_is_not_caught_is_known_and_says_why(lie: Lie, why: str) -> None:
    assert why
    assert findings(lie) <= {"C29-released-unpaid"}


def test_there_are_a_hundred_lies_in_a_hundred_consignments() -> None:
    assert len({(one.story, one.name) for one in LIES}) == len(LIES) >= 100


@pytest.mark.parametrize("name", sorted(STORIES))
def test_with_tables_too_a_story_as_it_is_gives_no_finding(name: str) -> None:
    for seed in range(1, 6):
        assert answers_of(told(name, seed), TABLES).findings == ()


def test_every_rule_has_a_native_lie_or_says_which_source_is_missing() -> None:
    caught = Counter(rule.partition("-")[0] for lie in LIES for rule in lie.findings)
    assert caught.keys() | VECTORS_ONLY.keys() == RULES.keys()
    assert not caught.keys() & VECTORS_ONLY.keys()
