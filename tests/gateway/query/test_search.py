"""Search: a cursor serves one reader and question; who sees no goods at large is proposed what concerns it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chain.encoding import base64url, parse_base64url
from chain.records import parse_record
from gateway.query.grades import GRADES, MalformedGrade
from gateway.query.search import CRITERIA, Cursors, MalformedSearch, Question, propose
from gateway.search_index.candidates import whom_of
from gateway.search_index.facts import Findable, findable, write_findables
from gateway.store.store import Store
from gateway.store.vault import DataKeys, Vault
from tests.gateway.query.consortium import (
    BEIJING,
    BROKER,
    CARRIER,
    GOVERNOR,
    OTHER_BROKER,
    TIANJIN,
    TRADER,
    UCR,
    story,
)

CURSORS = Cursors(bytes(32))
QUESTION = Question.parse({"goods": "电脑"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with the facts of one consignment."""
    opened = Store.open(f"sqlite:///{tmp_path}/store.sqlite", Vault(DataKeys("1", {"1": bytes(32)})))
    found = []
    for seq, held in enumerate(story().held, 1):
        one = findable(held.signed, parse_record(held.signed))
        assert one is not None
        found.append((seq, one))
    with opened.writing() as connection:
        write_findables(connection, found)
    yield opened
    opened.close()


def test_a_cursor_goes_on_where_it_was_given() -> None:
    cursor = CURSORS.make(BROKER.uscc, QUESTION, UCR)
    assert CURSORS.parse(BROKER.uscc, QUESTION, cursor) == UCR


def test_a_cursor_serves_nobody_else_no_other_question_and_no_other_place() -> None:
    cursor = CURSORS.make(BROKER.uscc, QUESTION, UCR)
    after, _, mac = cursor.partition(".")
    moved = base64url((UCR[:-1] + "0").encode())
    with pytest.raises(MalformedSearch):
        CURSORS.parse(OTHER_BROKER.uscc, QUESTION, cursor)
    with pytest.raises(MalformedSearch):
        CURSORS.parse(BROKER.uscc, replace(QUESTION, first_day="2026-01-01"), cursor)
    with pytest.raises(MalformedSearch):
        Cursors(bytes(31) + b"1").parse(BROKER.uscc, QUESTION, cursor)
    for hostile in (
        "",
        ".",
        after,
        f".{mac}",
        f"{moved}.{mac}",
        f"{after}.",
        cursor + "A",
        f"{after}.{mac}.{mac}",
        "é.é",
    ):
        with pytest.raises(MalformedSearch):
            CURSORS.parse(BROKER.uscc, QUESTION, hostile)


def test_no_bit_of_a_cursor_can_be_changed() -> None:
    after, _, mac = CURSORS.make(BROKER.uscc, QUESTION, UCR).partition(".")
    raw = parse_base64url(mac)
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MalformedSearch):
            CURSORS.parse(BROKER.uscc, QUESTION, f"{after}.{base64url(bytes(changed))}")


def test_a_stranger_is_proposed_nothing_whatever_it_asks_for(store: Store) -> None:
    """So neither a count nor the time of an answer tells it that others have such goods."""
    questions = [{"goods": "电脑"}, {"declaration": "010120261000000017"}, {"status": "RELEASED"}, {"hs": "8471"},
                 {"from": "2026-11-20", "to": "2026-11-20"}, {"importer": TRADER.uscc}]  # fmt: skip
    for said in questions:
        question = Question.parse(said)
        with store.reading() as connection:
            assert propose(connection, question, None, "", 10) == [UCR], said
            for whom in (TRADER, BROKER, CARRIER, BEIJING):
                assert propose(connection, question, whom_of(whom.reader), "", 10) == [UCR], said
            for whom in (OTHER_BROKER, TIANJIN):
                assert propose(connection, question, whom_of(whom.reader), "", 10) == [], said


def test_a_sponsor_is_proposed_what_concerns_the_members_that_it_sponsors(store: Store) -> None:
    question = Question.parse({"declaration": "010120261000000017"})
    sponsor = replace(GOVERNOR.reader, customs_code="")
    with store.reading() as connection:
        assert propose(connection, question, whom_of(sponsor), "", 10) == []
        assert propose(connection, question, whom_of(sponsor, {BROKER.uscc}), "", 10) == [UCR]


@pytest.mark.parametrize("name", sorted(CRITERIA - GRADES - {"from", "to", "hs", "status", "any_status", "severity"}))
@pytest.mark.parametrize("hostile", ["%", "_", "' OR '1'='1", '"; DROP TABLE records; --', "\\", "*", "a" * 64, "٣"])
def test_what_means_something_to_a_database_is_a_plain_text_here(store: Store, name: str, hostile: str) -> None:
    question = Question.parse({name: hostile})
    with store.reading() as connection:
        assert propose(connection, question, None, "", 10) == []
        assert propose(connection, Question.parse({"declaration": "010120261000000017"}), None, "", 10) == [UCR]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"rumour": "1"},
        {"hs": "84%1"},
        {"hs": "847"},
        {"hs": "٨٤"},
        {"from": "yesterday"},
        {"to": "2026-13-01"},
        {"from": "20261120"},
        {"goods": ""},
        {"status": "DONE"},
        {"any_status": "%"},
        {"severity": "X"},
        {"goods": "x" * 65},
        {str(place): "1" for place in range(13)},
    ],
    ids=lambda said: ",".join(said) or "nothing",
)
def test_what_cannot_be_searched_for_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(MalformedSearch):
        Question.parse(said)


def test_pages_follow_the_ucr_and_none_comes_twice(store: Store) -> None:
    head = UCR.rpartition("-")[0]
    more = [f"{head}-{place:04}" for place in range(1, 8)]
    found = []
    for seq, ucr in enumerate(more, 100):
        held = story().held[3]
        one = findable(held.signed, parse_record(held.signed))
        assert one is not None
        found.append((seq, Findable([ucr], one.facts, one.concerns, one.goods)))
    with store.writing() as connection:
        write_findables(connection, found)
    seen: list[str] = []
    with store.reading() as connection:
        while page := propose(connection, QUESTION, None, seen[-1] if seen else "", 3):
            seen += page
    assert seen == sorted({UCR, *more})


@pytest.mark.parametrize(
    "said", [{"agree": "colour", "broker": "x"}, {"contradict": "weight"}, {"agree": "any", "single": "bill"}]
)
def test_grades_are_of_facts_and_narrow_another_criterion(said: dict[str, str]) -> None:
    with pytest.raises(MalformedGrade):
        Question.parse(said)


def test_a_search_for_a_grade_has_a_cursor_of_its_own() -> None:
    plain = Question.parse({"declaration": "1"})
    graded = Question.parse({"declaration": "1", "contradict": "weight"})
    assert plain.facts == graded.facts and plain.digest != graded.digest
