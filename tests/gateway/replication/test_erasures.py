"""What is erased at one gateway goes everywhere and does not come back; a peer's bare word erases nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chain.records import sign_record
from chain.sdjwt import SignedRecord
from chain.verify import Verdict, verify_file
from gateway.replication.erasures import ErasureRule, erases_nothing
from gateway.replication.tombstone_page import TombstonePage
from gateway.search_index.erasure import erase
from gateway.store.tombstones import Tombstone
from tests.gateway.query import consortium
from tests.gateway.replication.region import SEATS, Office, Region, await_true
from tests.record_numbers import jti_of

TRADER = SEATS["beijing"][0]


def test_what_is_erased_at_one_gateway_is_erased_at_all_and_does_not_come_back(region: Region) -> None:
    """Any record of the same issuer stands in for the erasure record here: which one may erase is another's rule."""
    ucr = f"6CN{TRADER}-ERASED"
    order = region.say(
        "beijing", consortium.order().with_names([office.uscc for office in region.offices.values()]), ucr
    )
    erasure = region.say("beijing", consortium.order(), ucr)
    region.settle()
    for office in region.offices.values():
        office.erasures.add(erasure.record_id)
    digests = [digest for name in ("parties", "references") for digest in order.sections[name]]
    _erase_at(region.offices["beijing"], order.record_id, digests, erasure.record_id)
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
    assert seen["completeness"]["is_whole_here"]
    region.cover()
    with hebei.client() as client:
        assert verify_file(client.consignment_bundle(ucr), region.root).verdict is Verdict.VALID


@pytest.mark.parametrize("why", ["no rule", "unsigned", "not on the chain"])
def test_a_peers_word_erases_nothing(why: str, region: Region) -> None:
    name = f"KEPT{why[0]}{len(why)}".upper()
    ucr = f"6CN{TRADER}-{name}"
    order = region.say("beijing", consortium.order().with_names([region.offices["hebei"].uscc]), ucr)
    region.settle()
    erasure = order
    if why == "not on the chain":
        office = region.offices["beijing"]
        erasure = sign_record(
            consortium.order().for_ucrs([ucr]),  # type: ignore[list-item]
            key=office.folder.signing_key("beijing"),
            iss=office.uscc,
            consortium=region.root.consortium.hex(),
            iat=order.iat,
            jti=jti_of(why),
        )
    text = erasure.serialize()
    if why == "unsigned":
        head, _, rest = text.partition("~")
        text = f"{head[:-6]}AAAAAA~{rest}"
    (digest,) = order.sections["parties"]
    stone = Tombstone(order.record_id, digest, erasure.record_id, 1)
    hebei = region.offices["hebei"]
    rule: ErasureRule = erases_nothing if why == "no rule" else lambda record, stone: True
    puller = replace(hebei.tombstones, rule=rule)
    page = TombstonePage((stone,), {erasure.record_id: text.encode()}, 1)
    assert puller._allowed(page, puller._proved(page)) == {}
    assert _parties(hebei, ucr, order)


def _erase_at(office: Office, record_id: str, digests: list[bytes], erasure: str) -> None:
    store = office.gateway.services.store
    with store.writing() as connection:
        erase(connection, store.vault, record_id, digests, erasure=erasure, at=1)


def _parties(office: Office, ucr: str, record: SignedRecord) -> list[dict[str, Any]]:
    return [line for line in office.view(ucr)["parties"] if line["record"] == record.record_id]
