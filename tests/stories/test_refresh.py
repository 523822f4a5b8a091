"""A redacted bundle is refreshed by what the gateway makes today: new proof, old disclosures."""

from __future__ import annotations

import time

import pytest

from chain.proof.bundle_reader import parse_bundle
from chain.proof.redaction import as_shown_before, redact
from chain.verify import Verdict, verify_file
from chain.verify.context import Demand
from tests.gateway.query.consortium import order, waybill
from tests.stories.local_consortium import Town


@pytest.mark.timeout(120)
def test_redacted_bundle_is_proved_under_a_later_header_and_shows_no_more_than_before(town: Town) -> None:
    ucr = f"6CN{town.member('trader').uscc}-REFRESH"
    said = town.say("trader", order(), ucr)
    town.cover()
    old = redact(parse_bundle(town.get("trader", f"/v1/consignments/{ucr}/bundle").content), ["references"])
    town.say("carrier", waybill(), ucr)
    town.cover()
    today = parse_bundle(town.get("trader", f"/v1/consignments/{ucr}/bundle").content)
    refreshed = as_shown_before(today, old)
    report = verify_file(refreshed.format(), town.root)
    assert report.verdict is Verdict.VALID
    assert refreshed.header.number > old.header.number
    assert refreshed.record_by_id[said.record_id].signed == old.record_by_id[said.record_id].signed
    assert {name for one in report.records for name in one.sections} == {"ucr", "references"}


@pytest.mark.timeout(120)
def test_bundle_tells_up_to_where_it_is_complete_while_newer_batches_wait_for_a_checkpoint(town: Town) -> None:
    ucr, other = (f"6CN{town.member('trader').uscc}-{name}" for name in ("COVERED", "WAITING"))
    town.say("trader", order(), ucr)
    town.cover()
    services = town.gateway.services
    covered = services.index.progress().map_count
    town.say("trader", order(), other)
    until = time.monotonic() + 60
    while (waiting := services.index.find_batch(covered)) is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    said = town.get("trader", f"/v1/consignments/{ucr}/bundle").content
    complete_until = waiting.facts.block - 1
    report = verify_file(said, town.root, Demand(as_of=complete_until))
    assert (report.verdict, report.is_complete) == (Verdict.VALID, True)
    assert report.covered_until_block == complete_until
    assert verify_file(said, town.root, Demand(as_of=complete_until + 1)).verdict is Verdict.NOT_COVERED
