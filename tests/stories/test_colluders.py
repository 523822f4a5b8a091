"""Five members outside a consignment say 2,500 records of it, and it stays what it was, for every reader."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from chain.proof.bundle import Bundle
from chain.proof.bundle_reader import parse_bundle
from chain.proof.shown_lanes import OpenLane
from chain.records.base import Record
from chain.records.scalars import Amount
from chain.records.trade import PaymentHead, TradePayment
from chain.verify import Verdict, verify_file
from scripts.bootstrap import example_uscc
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town

RECORDS_EACH: Final = 500
NUMBER: Final = "010020261000008642"
READERS: Final = ("customs", "auditor", "tax")
GROWTH_MAX: Final = 1.1
TIMER_SLACK_S: Final = 0.002
WORDS: Final[dict[str, Callable[[], Record]]] = {
    "broker": lambda: consortium.declaration(NUMBER, gross="1.00000"),
    "trader": consortium.order,
    "carrier": lambda: consortium.waybill("999-12345675", gross="9.00000"),
    "terminal": lambda: consortium.departure("999-12345675"),
    "bank": lambda: TradePayment(payment=PaymentHead(number="P1", amount=Amount(value="1.00", currency="CNY"))),
}
"""The colluders, and what each says again and again."""


def view(town: Town, slug: str, ucr: str) -> dict[str, Any]:
    """The view, without the receipt of the read and how far the chain was read."""
    answer = town.get(slug, f"/v1/consignments/{ucr}")
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    del seen["read_receipt"]
    for name in ("as_of_block", "batches_read", "checkpoint"):
        del seen["completeness"][name]
    return seen


def bundle(town: Town, slug: str, ucr: str) -> bytes:
    answer = town.get(slug, f"/v1/consignments/{ucr}/bundle")
    assert answer.status_code == 200, answer.text
    return answer.content


def proved(bundle: Bundle) -> dict[str, Any]:
    """Records with their places, and the leaves of every lane that is opened."""
    return {
        "records": [(record.signed.serialize(), record.entries) for record in bundle.records],
        "leaves": {tag: lane.leaves for tag, lane in bundle.lane_by_tag.items() if isinstance(lane, OpenLane)},
    }


def is_as_fast(quiet: Callable[[], object], noisy: Callable[[], object]) -> bool:
    """Whether one takes at most a tenth more of the processor than the other, in turns; again where it was busy."""

    def took_s(work: Callable[[], object]) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    for _ in range(4):
        turns = [(took_s(quiet), took_s(noisy)) for _ in range(12)]
        if min(noise for _, noise in turns) <= min(calm for calm, _ in turns) * GROWTH_MAX + TIMER_SLACK_S:
            return True
    return False


def declared(town: Town, end: str) -> str:
    """A consignment of a company that is no member, of which customs alone speaks."""
    ucr = f"6CN{example_uscc('330000', 4_242)}-{end}"
    town.say("customs", consortium.status("ACCEPTED", "08:10:00", code="L", number=NUMBER), ucr)
    town.say("customs", consortium.assessment(), ucr)
    return ucr


@pytest.mark.timeout(240)
def test_2500_records_of_five_colluders_change_neither_view_nor_bundle_nor_verdict(town: Town) -> None:
    ucr, twin = declared(town, "COLLUDED"), declared(town, "LEFTALONE")
    town.cover()
    views = {slug: view(town, slug, ucr) for slug in READERS}
    before = bundle(town, "customs", ucr)
    report = verify_file(before, town.root)
    everybody = [town.member(slug).uscc for slug in WORDS]
    lines = [
        json.dumps(town.sign(slug, word().with_names(everybody), ucr).serialize())
        for slug, word in WORDS.items()
        for _ in range(RECORDS_EACH)
    ]
    answer = town.post("broker", "/v1/records/bulk", "\n".join(lines) + "\n", "application/x-ndjson")
    assert answer.text.count('"receipt"') == len(lines) == 2_500, answer.text[:500]
    town.cover()
    assert {slug: view(town, slug, ucr) for slug in READERS} == views
    after = bundle(town, "customs", ucr)
    assert proved(parse_bundle(after)) == proved(parse_bundle(before))
    assert verify_file(after, town.root).verdict is report.verdict is Verdict.VALID
    assert len(after) <= len(before) * GROWTH_MAX
    assert is_as_fast(lambda: view(town, "customs", twin), lambda: view(town, "customs", ucr))
    assert is_as_fast(lambda: bundle(town, "customs", twin), lambda: bundle(town, "customs", ucr))
    calm = bundle(town, "customs", twin)
    assert is_as_fast(lambda: verify_file(calm, town.root), lambda: verify_file(after, town.root))
