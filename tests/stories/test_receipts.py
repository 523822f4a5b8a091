"""A gateway's promise is judged offline, from the bundle that the gateway itself makes for who was promised."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from chain.encoding import parse_base64url
from chain.proof.bundle_reader import parse_bundle
from chain.proof.lane_proof import LaneProof, MalformedLaneProof, verify_lanes
from chain.proof.receipt import SignedReceipt
from chain.records.scalars import Amount
from chain.records.trade import PaymentHead, TradePayment
from chain.verify import Fate, Outcome, Verdict, verify_file
from gateway.ingest.receipts import Promised, sign_receipts
from scripts.receipt_audit import Audit, KeptReceipt, ReceiptFate, Registered, proved_lanes
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


@pytest.mark.timeout(120)
def test_a_receipt_for_another_lane_is_broken_provably_and_the_right_one_is_kept(town: Town) -> None:
    """The gateway promises the trader a lane that is not its own; the trader asks for the proof and shows it."""
    ucr = f"6CN{town.member('trader').uscc}-OTHERLANE"
    signed = town.say("trader", order(), ucr)
    town.cover()
    honest = town.post("trader", "/v1/records", signed.serialize()).json()["receipt"]
    proof = LaneProof.parse(town.get("trader", f"/v1/records/{signed.record_id}/lane-proof").content)
    keys = town.ledger.voted_facts().tag_keys
    ((_, named),) = verify_lanes(proof, keys)
    assert named == ucr
    services = town.gateway.services
    ((tag, digest),) = SignedReceipt.parse(honest).claims["entries"]  # type: ignore[union-attr, misc]
    elsewhere = services.tag_keys.lane_tag(f"{ucr}X", signed.iss, 0)
    (lying,) = sign_receipts(
        [Promised(signed.record_id, [(elsewhere, parse_base64url(str(digest)))])],
        gateway=services.settings.member,
        consortium=town.root.consortium.hex(),
        accepted_at=int(time.time()),
        anchor_by=int(time.time()) + 300,
        key=services.signer,
    )
    fates = {}
    for receipt in (honest, lying):
        registered = Registered(town.ledger.members(), town.ledger.keys())
        lanes = proved_lanes([proof], keys)
        audit = Audit(town.attester._index, registered, town.root.consortium.hex(), int(time.time()), lanes)
        fates[receipt] = audit.check(KeptReceipt("trader", receipt, signed.serialize()))
        faults = audit.report.faults
    assert fates == {honest: ReceiptFate.KEPT, lying: ReceiptFate.BROKEN}
    assert f"not its issuer's of {ucr}" in faults[0].reason
    assert bytes.fromhex(str(tag)) != elsewhere


@pytest.mark.timeout(120)
def test_a_lane_proof_is_for_the_records_issuer_alone(town: Town) -> None:
    ucr = f"6CN{town.member('trader').uscc}-OWNLANE"
    town.name(ucr, "broker")
    signed = town.say("trader", order(), ucr)
    path = f"/v1/records/{signed.record_id}/lane-proof"
    assert town.get("broker", f"/v1/records/{signed.record_id}").status_code == 200
    refused, unknown = town.get("broker", path), town.get("broker", path.replace(signed.record_id, "A" * 43))
    assert (refused.status_code, unknown.status_code) == (404, 404)


@pytest.mark.timeout(120)
def test_guesses_of_ucrs_are_proved_slowly(town: Town) -> None:
    """The bank names 200 UCRs that it guesses in each of several records, to see in calldata who speaks of them."""
    refused = []
    for number in range(5):
        guesses = [f"6CN{town.member('trader').uscc}-G{number}N{place:03d}" for place in range(200)]
        payment = TradePayment(payment=PaymentHead(number="P1", amount=Amount(value="1.00", currency="CNY")))
        record = town.say("bank", payment, *guesses)
        refused.append(town.get("bank", f"/v1/records/{record.record_id}/lane-proof").status_code)
    assert refused[0] == 200
    assert refused[-1] == 429


@pytest.mark.timeout(120)
def test_a_lane_proof_of_another_consignment_is_no_proof(town: Town) -> None:
    ucr = f"6CN{town.member('trader').uscc}-FALSELANE"
    signed = town.say("trader", order(), ucr)
    proof = LaneProof.parse(town.get("trader", f"/v1/records/{signed.record_id}/lane-proof").content)
    false = replace(proof, lanes=tuple(replace(lane, ucr=f"{ucr}X") for lane in proof.lanes))
    with pytest.raises(MalformedLaneProof, match="proves nothing"):
        verify_lanes(LaneProof.parse(false.format()), town.ledger.voted_facts().tag_keys)
