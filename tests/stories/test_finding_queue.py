"""A planted lie waits in the officers' queue, signed by two governors; it is cleared, answered, re-opened."""

from __future__ import annotations

from typing import Any

import pytest

from chain.records import AuditDisposition, Disposition, Explanation, TradeExplanation, TradeParties
from chain.records.customs import CustomsDeclaration
from chain.records.sections import Party
from chain.sdjwt import SignedRecord
from scripts.commands.finding_commands import say_about_findings
from tests.stories.local_consortium import Town
from tests.stories.risk_desks import client, desk, valued


def declared(town: Town, total: str) -> CustomsDeclaration:
    """The broker's declaration for the trader, with this total."""
    trader, broker = town.member("trader"), town.member("broker")
    parties = (Party(role="trader", uscc=trader.uscc), Party(role="agent", uscc=broker.uscc))  # type: ignore[arg-type]
    return valued("010120261000000751", total).model_copy(update={"parties": parties})


@pytest.fixture(scope="module")
def lie(town: Town) -> tuple[str, SignedRecord]:
    """A consignment whose total is not the sum of its lines, found by customs and tax."""
    ucr = f"6CN{town.member('trader').uscc}-QUEUE"
    broker = town.member("broker").uscc
    named = TradeParties(parties=(Party(role="agent", uscc=broker),)).with_names([broker])  # type: ignore[arg-type]
    town.say("trader", named, ucr)
    said = town.say("broker", declared(town, "111.00"), ucr)
    town.cover()
    for slug in ("customs", "tax"):
        desk(town, slug).look([ucr])
    town.cover()
    return ucr, said


def queue(town: Town, slug: str, **asked: str) -> list[dict[str, Any]]:
    answer = town.get(slug, "/v1/findings", **asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["findings"]
    return found


def about(town: Town, slug: str, ucr: str, make: Any) -> str:
    with client(town, slug) as gateway:
        name = say_about_findings(town.folder, slug, gateway, ucr, "C07", make)
    town.cover()
    return name


def decide(outcome: Any) -> Any:
    return lambda rule, named: AuditDisposition(
        disposition=Disposition(rule=rule, findings=named, outcome=outcome, reason="seen at the counter")
    )


def test_the_lie_waits_signed_by_both(town: Town, lie: tuple[str, SignedRecord]) -> None:
    ucr, _ = lie
    (line,) = queue(town, "customs", ucr=ucr, rule="C07")
    assert set(line["signed_by"]) == {town.member("customs").uscc, town.member("tax").uscc}
    assert (line["state"], line["offices"], line["declarations"]) == ("open", ["0101"], ["010120261000000751"])
    assert "111" in line["text"] and line["text_zh"]
    assert [one["ucr"] for one in queue(town, "customs", rule="C07", office="0101")].count(ucr) == 1
    assert queue(town, "customs", rule="C07", office="9999") == []
    assert queue(town, "customs", ucr=ucr, rule="C07", waiting_h="5") == []


def test_who_takes_no_part_lists_nothing_and_learns_no_count(town: Town, lie: tuple[str, SignedRecord]) -> None:
    ucr, _ = lie
    assert queue(town, "carrier", rule="C07") == queue(town, "carrier", ucr=ucr) == []
    assert town.get("carrier", "/v1/findings/count").json()["count"] == 0


def test_a_participant_disposes_of_nothing_and_nobody_of_what_is_no_finding(
    town: Town, lie: tuple[str, SignedRecord]
) -> None:
    ucr, said = lie
    for slug, named, slug_of_problem in (
        ("broker", "x" * 43, "role"),
        ("customs", said.record_id, "finding-unknown"),
        ("customs", "x" * 43, "finding-unknown"),
    ):
        record = decide("cleared")("C07", (named,))
        answer = town.post(slug, "/v1/records", town.sign(slug, record, ucr).serialize())
        assert str(answer.json()["type"]).rpartition("/")[2] == slug_of_problem


def test_answered_cleared_and_open_again_when_the_facts_change(town: Town, lie: tuple[str, SignedRecord]) -> None:
    ucr, said = lie
    about(
        town,
        "broker",
        ucr,
        lambda rule, named: TradeExplanation(
            explanation=Explanation(rule=rule, findings=named, text="freight is inside")
        ),
    )
    assert queue(town, "customs", ucr=ucr)[0]["explanations"] == 1
    about(town, "customs", ucr, decide("cleared"))
    assert queue(town, "customs", ucr=ucr, rule="C07") == []
    (line,) = queue(town, "customs", ucr=ucr, rule="C07", state="cleared")
    assert line["disposition"]["reason"] == "seen at the counter"

    town.say("broker", declared(town, "222.00"), ucr, amends=said.record_id)
    town.cover()
    desk(town, "customs").look([ucr])
    town.cover()
    (line,) = queue(town, "customs", ucr=ucr, rule="C07")
    assert line["reopened"] and "222" in line["text"]
    about(town, "tax", ucr, decide("confirmed"))
    counts = town.get("customs", "/v1/findings/count", ucr=ucr, rule="C07", state="any").json()
    # The tax desk has not looked again: its older statement still stands, and was named too.
    assert counts["by_state"] == {"confirmed": 1}
    table = town.get("customs", "/v1/findings/export", ucr=ucr, state="any").content.decode("utf-8-sig")
    assert table.startswith("ucr,rule,severity,state") and "confirmed" in table


def test_criteria_that_are_no_criteria_are_refused_by_name(town: Town) -> None:
    for asked in ({"state": "shut"}, {"severity": "X"}, {"waiting_h": "-1"}, {"colour": "red"}):
        answer = town.get("customs", "/v1/findings", **asked)
        assert answer.status_code == 400 and answer.json()["pointer"] == f"/{next(iter(asked))}"
