"""An importer who never authorised this broker, one who did, and one who ended it: seen, listed and proved."""

from __future__ import annotations

from typing import Any

import pytest

from chain.identifiers import Uscc
from chain.records import MandateHead, TradeMandate
from chain.records.base import Record
from chain.sdjwt import SignedRecord
from chain.verify import Verdict, verify_file
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town
from tests.stories.test_who_counts import ucr_of, view


def mandate(town: Town, offer: str | None = None, **terms: Any) -> Record:
    """The trader's mandate for the broker, as either side says it."""
    trader, broker = (Uscc(town.member(slug).uscc) for slug in ("trader", "broker"))
    said = {"starts": "2020-01-01", "ends": "2099-12-31", **terms}
    head = MandateHead(principal=trader, agent=broker, offer=offer, **said)
    return TradeMandate(mandate=head).with_names([trader, broker])


def agree(town: Town, ucr: str, **terms: Any) -> tuple[SignedRecord, SignedRecord]:
    offer = town.say("trader", mandate(town, **terms), ucr)
    confirmation = town.say("broker", mandate(town, offer.record_id, **terms), ucr)
    town.cover()
    return offer, confirmation


def declare(town: Town, ucr: str, number: str) -> tuple[SignedRecord, list[str]]:
    """The broker's declaration, and what the gateway remarks of it."""
    signed = town.sign("broker", consortium.declaration(number), ucr)
    answer = town.post("broker", "/v1/records", signed.serialize())
    assert answer.status_code == 202, answer.text
    return signed, [remark["text"] for remark in answer.json().get("remarks", ())]


def findings(seen: dict[str, Any]) -> list[str]:
    return [line["rule"] for line in seen["findings"] if line["rule"].startswith("M01")]


def test_an_importer_who_never_authorised_this_broker_sees_what_it_declared(town: Town) -> None:
    ucr = ucr_of(town, "UNAUTHORISED")
    town.name(ucr, "broker")
    signed, (remark,) = declare(town, ucr, "010020261000007001")
    assert "gave its issuer no mandate" in remark
    seen = view(town, "trader", ucr)
    assert (seen["mandates"], seen["without_mandate"]) == ([], [signed.record_id])
    assert findings(seen) == [], "nobody here uses mandates, so the rule is not run"
    assert "M01" in {line["rule"] for line in seen["checks"]["not_run"]}


def test_an_importer_who_did_sees_the_mandate_and_whom_its_broker_names(town: Town) -> None:
    ucr = ucr_of(town, "AUTHORISED")
    offer, confirmation = agree(town, ucr, offices=("0101",))
    signed, remarks = declare(town, ucr, "010120261000007002")
    assert remarks == []
    town.name(ucr, "carrier", by="broker")
    town.cover()
    seen = view(town, "trader", ucr)
    (line,) = seen["mandates"]
    assert (line["offer"], line["confirmation"], line["offices"]) == (offer.record_id, confirmation.record_id, ["0101"])
    assert (seen["without_mandate"], findings(seen)) == ([], [])
    named = {one["member"]: one["named_as"] for one in seen["standing"]}
    assert named[town.member("carrier").uscc] == "broker"
    assert view(town, "carrier", ucr)["mandates"] == seen["mandates"], "whoever sees the consignment sees the mandate"
    bundle = town.get("carrier", f"/v1/consignments/{ucr}/bundle").content
    report = verify_file(bundle, town.root)
    assert report.verdict is Verdict.VALID, report.answers
    shown = {one.record_id: one for one in report.records}
    assert shown[offer.record_id].not_counted is None and shown[signed.record_id].not_counted is None


def test_what_a_mandate_leaves_out_is_declared_without_one(town: Town) -> None:
    ucr = ucr_of(town, "BEYOND")
    agree(town, ucr, goods=("85",))
    signed, (remark,) = declare(town, ucr, "010120261000007005")
    assert "leaves out goods 8471300000" in remark
    town.cover()
    seen = view(town, "trader", ucr)
    assert (seen["without_mandate"], findings(seen)) == ([signed.record_id], ["M01-beyond-mandate"])


@pytest.mark.parametrize("who", ["trader", "broker"])
def test_after_either_side_ended_it_the_broker_declares_without_one(town: Town, who: str) -> None:
    ucr = ucr_of(town, f"ENDED-{who.upper()}")
    offer, confirmation = agree(town, ucr)
    before, remarks = declare(town, ucr, "010120261000007003")
    assert remarks == []
    town.cover()
    side = offer if who == "trader" else confirmation
    answer = town.post(who, "/v1/records", end_of(town, who, side, ucr).serialize())
    assert answer.status_code == 202, answer.text
    town.cover()
    after, (remark,) = declare(town, ucr, "010120261000007004")
    assert "was ended" in remark
    town.cover()
    seen = view(town, "trader", ucr)
    assert seen["without_mandate"] == [after.record_id], "what was declared before stays authorised"
    assert seen["mandates"][0]["ended_by"] == town.member(who).uscc
    assert findings(seen) == ["M01-no-mandate"]
    assert before.record_id in {line["record"] for line in seen["records"]}


def end_of(town: Town, who: str, side: SignedRecord, ucr: str) -> SignedRecord:
    said = TradeMandate.from_sections({name: side.section(name) for name in side.sections})
    return town.sign(who, said, ucr, amends=side.record_id, withdraws=True)
