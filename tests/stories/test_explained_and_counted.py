"""A member learns why it sees what it sees, and counts what it may see; the command says the same in words."""

from __future__ import annotations

import pytest

from chain.proof.bundle_reader import parse_bundle
from chain.records.sections import Party
from chain.verify import verify
from chain.verify.corroboration import grade_facts
from scripts.commands.view_commands import explanation_text
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town

NUMBER = "010120261000000777"


@pytest.fixture(scope="module")
def ucr(town: Town) -> str:
    """A consignment of the trader, declared by the broker in the customs' own district."""
    trader, broker = town.member("trader"), town.member("broker")
    ucr = f"6CN{trader.uscc}-WHY"
    town.name(ucr, "broker", "carrier")
    parties = (Party(role="trader", uscc=trader.uscc), Party(role="agent", uscc=broker.uscc))  # type: ignore[arg-type]
    town.say("broker", consortium.declaration(NUMBER).model_copy(update={"parties": parties}), ucr)
    town.say("carrier", consortium.waybill(), ucr)
    town.say("customs", consortium.status("ACCEPTED", "08:10:00", code="L", number=NUMBER), ucr)
    town.cover()
    return ucr


@pytest.mark.parametrize("reader", ["trader", "broker", "carrier", "customs", "tax", "auditor", "regulator"])
def test_the_explanation_says_what_the_view_shows(town: Town, ucr: str, reader: str) -> None:
    view = town.get(reader, f"/v1/consignments/{ucr}").json()
    said = town.get(reader, f"/v1/consignments/{ucr}/explanation").json()
    seen = {(one["record"], one["section"]) for one in said["sections"] if one["seen"] and one["section"] != "ucr"}
    shown = {(one["record"], name) for one in view["records"] for name in one["shown"] if name != "ucr"}
    assert seen == shown
    assert all(one["why"] for one in said["sections"])
    text = explanation_text(said)
    assert said["policy"] in text
    assert all(one["issuer"] in text for one in said["sections"])


def test_a_stranger_is_explained_nothing(town: Town, ucr: str) -> None:
    answer = town.get("terminal", f"/v1/consignments/{ucr}/explanation")
    absent = town.get("terminal", f"/v1/consignments/{ucr}X/explanation")
    assert answer.status_code == absent.status_code == 404
    assert answer.json()["title"] == absent.json()["title"]


def test_each_counts_what_it_may_see_and_is_logged(town: Town, ucr: str) -> None:
    question = {"declaration": NUMBER}
    for reader in ("trader", "broker", "customs", "auditor"):
        answer = town.get(reader, "/v1/search/count", **question).json()
        assert (answer["count"], answer["is_exact"]) == (1, True), reader
    assert town.get("terminal", "/v1/search/count", **question).json()["count"] == 0
    reads = town.get("trader", "/v1/access-log", ucr=ucr).json()["reads"]
    counted = [one["access"] for one in reads if one["access"]["view"] == "search"]
    assert {town.member("customs").uscc, town.member("broker").uscc} <= {one["reader"] for one in counted}
    assert {one["ucr"] for one in counted} == {ucr}


def test_a_regulator_cannot_count_by_parties_that_it_does_not_see(town: Town, ucr: str) -> None:
    importer = town.member("trader").uscc
    assert town.get("regulator", "/v1/search/count", importer=importer).json()["count"] == 0
    assert town.get("auditor", "/v1/search/count", importer=importer).json()["count"] >= 1


def test_each_finds_and_counts_by_what_independent_sources_say(town: Town, ucr: str) -> None:
    question = {"declaration": NUMBER}
    (hit,) = town.get("customs", "/v1/search", **question).json()["hits"]
    grade = hit["corroboration"]["weight"]
    assert grade in ("agree", "contradict")
    seen = town.get("customs", f"/v1/consignments/{ucr}").json()["corroboration"]
    assert {line["fact"]: line["grade"] for line in seen} == hit["corroboration"]
    counts = town.get("customs", "/v1/search/count", **question).json()
    assert counts["by_grade"]["weight"][grade] == 1
    found = town.get("customs", "/v1/search", **question, **{grade: "weight"}).json()["hits"]
    other = "single" if grade != "single" else "agree"
    assert [one["ucr"] for one in found] == [ucr]
    assert town.get("customs", "/v1/search", **question, **{other: "weight"}).json()["hits"] == []
    assert town.get("customs", "/v1/search", agree="weight").json()["pointer"] == "/agree"
    # Who sees one source alone is told of one alone.
    (own,) = town.get("carrier", "/v1/search", **question).json()["hits"] or [None]
    assert own is None or own["corroboration"].get("value") in (None, "single")


def test_a_stranger_grades_the_same_facts_from_the_bundle_alone(town: Town, ucr: str) -> None:
    bundle = parse_bundle(town.get("customs", f"/v1/consignments/{ucr}/bundle").content)
    graded = grade_facts(bundle, town.root, verify(bundle, town.root))
    seen = town.get("customs", f"/v1/consignments/{ucr}").json()["corroboration"]
    assert {one.fact: one.grade.value for one in graded} == {line["fact"]: line["grade"] for line in seen}
    assert {one.fact for one in graded} >= {"weight", "bill"}
