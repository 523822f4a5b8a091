"""What is erased at one gateway goes everywhere and does not come back; a peer's bare word erases nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chain.records import AuditErasure, ErasedRecord, Erasure, sign_record
from chain.sdjwt import SignedRecord
from chain.verify import Verdict, verify_file
from gateway.replication.tombstone_page import TombstonePage
from gateway.store.tombstones import Tombstone
from tests.gateway.query import consortium
from tests.gateway.replication.region import SEATS, Office, Region, await_true
from tests.record_numbers import jti_of

TRADER = SEATS["beijing"][0]


def erasing(record: SignedRecord, *sections: str, rule: Any = "issuer") -> AuditErasure:
    line = ErasedRecord(record=record.record_id, sections=sections)
    return AuditErasure(erasure=Erasure(rule=rule, erased=(line,), reason="she asked us to"))


def test_what_is_erased_at_one_gateway_is_erased_at_all_and_does_not_come_back(region: Region) -> None:
    ucr = f"6CN{TRADER}-ERASED"
    order = region.say(
        "beijing", consortium.order().with_names([office.uscc for office in region.offices.values()]), ucr
    )
    region.settle()
    assert all(_parties(office, ucr, order) for office in region.offices.values())
    region.say("beijing", erasing(order, "parties", "references"), ucr)
    await_true(lambda: all(not _parties(office, ucr, order) for office in region.offices.values()))
    hebei = region.offices["hebei"]
    region.burn(hebei)
    hebei.open()
    region.connect(hebei)
    hebei.http.__enter__()
    for slug in ("beijing", "tianjin"):
        region.connect(region.offices[slug])
    region.settle()
    seen = hebei.view(ucr)
    assert order.record_id in {line["record"] for line in seen["records"]} and not _parties(hebei, ucr, order)
    (withheld,) = [line for line in seen["withheld"] if line["record"] == order.record_id]
    assert {why["section"]: why["cause"] for why in withheld["why"]} == {"parties": "erased", "references": "erased"}
    assert seen["completeness"]["is_whole_here"]
    region.cover()
    with hebei.client() as client:
        assert verify_file(client.consignment_bundle(ucr), region.root).verdict is Verdict.VALID


@pytest.mark.parametrize("why", ["another member's", "unsigned", "not on the chain", "of other sections"])
def test_a_peers_word_erases_nothing(why: str, region: Region) -> None:
    """Whatever a peer serves: only a signed, anchored statement of somebody who may erases, and only what it names."""
    name = f"KEPT{why[0]}{len(why)}".upper()
    ucr = f"6CN{TRADER}-{name}"
    order = region.say("beijing", consortium.order().with_names([region.offices["hebei"].uscc]), ucr)
    region.settle()
    (digest,) = order.sections["parties"]
    hebei = region.offices["hebei"]
    erasure = _signed(region, "hebei" if why == "another member's" else "beijing", order, ucr, why)
    if why in ("another member's", "of other sections"):
        # Intake refuses the first; a gateway of the member's own could anchor it all the same.
        _anchor(region, "hebei" if why == "another member's" else "beijing", erasure)
    text = erasure.serialize()
    if why == "unsigned":
        head, _, rest = text.partition("~")
        text = f"{head[:-6]}AAAAAA~{rest}"
    stone = Tombstone(order.record_id, digest, erasure.record_id, 1)
    page = TombstonePage((stone,), {erasure.record_id: text.encode()}, 1)
    puller = replace(hebei.tombstones, _remembered={})
    proved = puller._proved(page)
    assert bool(proved) == (why in ("another member's", "of other sections"))
    assert puller._allowed(page, proved) == {}
    assert _parties(hebei, ucr, order)


def test_an_erasure_that_comes_before_its_record_is_judged_when_the_record_comes(region: Region) -> None:
    ucr = f"6CN{TRADER}-EARLY"
    order = region.say("beijing", consortium.order(), ucr)
    region.settle()
    erasure = _signed(region, "beijing", order, ucr, "early")
    _anchor(region, "beijing", erasure)
    puller = replace(region.offices["hebei"].tombstones, _remembered={})
    stranger = _signed(region, "beijing", order, ucr, "not here")
    (digest,) = order.sections["parties"]
    page = TombstonePage(
        (Tombstone(stranger.record_id, digest, erasure.record_id, 1),),
        {erasure.record_id: erasure.serialize().encode()},
        1,
    )
    assert puller._allowed(page, puller._proved(page)) == {}, "the record is not here"
    assert puller.remembered_of(stranger) == {}, "the statement names another record"
    puller._remembered[order.record_id] = dict(puller._proved(page))
    assert puller.remembered_of(order) == {digest: erasure.record_id}
    puller.forget([order.record_id])
    assert puller.remembered_of(order) == {}


def _signed(region: Region, slug: str, order: SignedRecord, ucr: str, number: str) -> SignedRecord:
    office = region.offices[slug]
    sections = ("references",) if number == "of other sections" else ("parties",)
    return sign_record(
        erasing(order, *sections).for_ucrs([ucr]),  # type: ignore[list-item]
        key=office.folder.signing_key(slug),
        iss=office.uscc,
        consortium=region.root.consortium.hex(),
        iat=order.iat,
        jti=jti_of(f"{ucr}{number}"),
    )


def _anchor(region: Region, slug: str, erasure: SignedRecord) -> None:
    """Has a statement anchored that intake does not look at."""
    office = region.offices[slug]
    keeper = office.gateway.services.intake._keeper
    check = keeper.check_erasure
    keeper.check_erasure = lambda *_: None  # type: ignore[method-assign]
    try:
        region.submit(slug, erasure, slug)
    finally:
        keeper.check_erasure = check  # type: ignore[method-assign]
    region.settle()


def _parties(office: Office, ucr: str, record: SignedRecord) -> list[dict[str, Any]]:
    return [line for line in office.view(ucr)["parties"] if line["record"] == record.record_id]
