"""A trader takes an order back: view, search and bundle agree that it no longer stands, and that it was once said."""

from __future__ import annotations

import pytest

from chain.records.base import Reference
from chain.verify import Verdict, verify_file
from gateway.search_index.facts import flush_pending
from tests.gateway.query.consortium import order
from tests.stories.local_consortium import Town


@pytest.mark.timeout(120)
def test_a_withdrawn_order_stands_nowhere_and_is_listed_with_its_withdrawal(town: Town) -> None:
    trader = town.member("trader").uscc
    ucr, number = f"6CN{trader}-TAKENBACK", "SO-TAKENBACK"
    words = order().model_copy(update={"references": (Reference(kind="order", scope=trader, value=number),)})
    first = town.say("trader", words, ucr)
    town.cover()

    def hits() -> list[str]:
        while flush_pending(town.gateway.services.store):
            pass
        return [hit["ucr"] for hit in town.get("trader", "/v1/search", order=number).json()["hits"]]

    assert hits() == [ucr]
    back = town.say("trader", words, ucr, amends=first.record_id, withdraws=True)
    town.cover()
    view = town.get("trader", f"/v1/consignments/{ucr}").json()
    assert (view["goods_items"], view["references"], view["timeline"]) == ([], [], [])
    lines = {line["record"]: line for line in view["records"]}
    assert lines[first.record_id]["withdrawn_by"] == back.record_id
    assert lines[back.record_id]["withdraws"] == first.record_id
    assert hits() == []
    report = verify_file(town.get("trader", f"/v1/consignments/{ucr}/bundle").content, town.root)
    assert report.verdict is Verdict.VALID
    standings = {standing.record_id: standing for standing in report.records}
    assert standings[first.record_id].withdrawn
    assert standings[first.record_id].amended_by == back.record_id
