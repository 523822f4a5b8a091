"""A gateway's promise is judged offline, from the bundle that the gateway itself makes for who was promised."""

from __future__ import annotations

import json

import pytest

from chain.jws import CompactJws
from chain.proof.bundle import Bundle
from chain.verify import Fate, Outcome, Verdict, verify_file
from tests.stories.town import Town
from tests.unit.gateway_views.consortium import order


@pytest.mark.timeout(120)
def test_issuers_bundle_shows_that_its_receipt_was_kept_and_no_other_readers_bundle_shows_it(town: Town) -> None:
    ucr = f"6CN{town.member('trader').uscc}-RECEIPT"
    signed = town.say("trader", order(), ucr)
    town.cover()
    promised = town.http.post("/v1/records", content=signed.serialize()).json()["receipt"]
    for path in (f"/v1/records/{signed.record_id}/bundle", f"/v1/consignments/{ucr}/bundle"):
        mine = town.get("trader", path).content
        assert [one.jws.text for one in Bundle.parse(mine).receipts] == [promised]
        report = verify_file(mine, town.root)
        assert report.verdict is Verdict.VALID
        assert report.answers[14].outcome is Outcome.PASS
        assert [one.fate for one in report.receipts] == [Fate.KEPT]
        assert Bundle.parse(town.get("customs", path).content).receipts == ()
    assert CompactJws.parse(promised).payload["record_id"] == signed.record_id
    assert json.loads(mine)["receipts"][0]["jwt"] is None
