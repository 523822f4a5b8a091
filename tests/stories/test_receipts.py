"""A gateway's promise is judged offline, from the bundle that the gateway itself makes for who was promised."""

from __future__ import annotations

import json

import pytest

from chain.proof.bundle_reader import parse_bundle
from chain.proof.receipt import SignedReceipt
from chain.verify import Fate, Outcome, Verdict, verify_file
from tests.gateway.query.consortium import order
from tests.stories.local_consortium import Town


@pytest.mark.timeout(120)
def test_issuers_bundle_shows_that_its_receipt_was_kept_and_no_other_readers_bundle_shows_it(town: Town) -> None:
    ucr = f"6CN{town.member('trader').uscc}-RECEIPT"
    signed = town.say("trader", order(), ucr)
    town.cover()
    promised = town.post("trader", "/v1/records", signed.serialize()).json()["receipt"]
    for path in (f"/v1/records/{signed.record_id}/bundle", f"/v1/consignments/{ucr}/bundle"):
        mine = town.get("trader", path).content
        assert [one.receipt.text for one in parse_bundle(mine).receipts] == [promised]
        report = verify_file(mine, town.root)
        assert report.verdict is Verdict.VALID
        assert report.answers[14].outcome is Outcome.PASS
        assert [one.fate for one in report.receipts] == [Fate.KEPT]
        assert parse_bundle(town.get("customs", path).content).receipts == ()
    assert SignedReceipt.parse(promised).claims["record_id"] == signed.record_id
    assert json.loads(mine)["receipts"][0]["jwt"] is None


@pytest.mark.timeout(120)
def test_each_record_of_an_upload_has_its_own_receipt_under_one_signature(town: Town) -> None:
    ucrs = [f"6CN{town.member('trader').uscc}-UPLOAD{number}" for number in range(3)]
    records = [town.sign("trader", order(), ucr) for ucr in ucrs]
    lines = "".join(json.dumps(one.serialize()) + "\n" for one in records)
    answer = town.post("trader", "/v1/records/bulk", lines, "application/x-ndjson")
    receipts = [json.loads(line)["receipt"] for line in answer.text.splitlines()]
    assert len({one.split("~")[0] for one in receipts}) == 1
    town.cover()
    for record, ucr, receipt in zip(records, ucrs, receipts, strict=True):
        assert SignedReceipt.parse(receipt).claims["record_id"] == record.record_id
        mine = town.get("trader", f"/v1/consignments/{ucr}/bundle").content
        report = verify_file(mine, town.root)
        assert report.verdict is Verdict.VALID
        assert [(one.receipt, one.fate) for one in report.receipts] == [(receipt, Fate.KEPT)]
        assert not any(other.record_id.encode() in mine for other in records if other is not record)
