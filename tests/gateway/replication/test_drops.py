"""Entries that nobody can open are voted out; a gateway that was away loses no honest record by it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from chain.drop_voter import DropVoter
from chain.follower import Follower
from chain.ledger.calls import anchor
from chain.proof.batch import ENTRY_BYTES, entries_root
from scripts.local_attesters import GatewaySource, LedgerVote
from scripts.receipt_audit import Audit, KeptReceipt, ReceiptFate, Registered
from tests.gateway.query import consortium
from tests.gateway.replication.region import SEATS, UNOPENED_AFTER_S, WAIT_S, Region

TRADER = SEATS["beijing"][0]


def _away(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


@contextmanager
def away(region: Region, slug: str) -> Iterator[None]:
    """Nobody reaches that gateway, nor does it answer its own attester."""
    wires = [office.wires[slug] for office in region.offices.values() if office.slug != slug]
    for wire in wires:
        wire.tamper = _away
    yield
    for wire in wires:
        wire.tamper = None


def vote(region: Region, *slugs: str) -> int:
    """One step of the drop voters of these governors; how many batches they voted on."""
    index = region.attester._index
    Follower(region.offices["beijing"].ledger, index, region.root.consortium, keep_map=True).catch_up()
    votes = 0
    for slug in slugs:
        office = region.offices[slug]
        ballot = LedgerVote(office.uscc, office.folder.account(slug, "attester"), office.ledger)
        with office.client() as client:
            source = GatewaySource(office.url, client)
            votes += len(DropVoter(office.ledger, index, source, (ballot,), UNOPENED_AFTER_S).step(0))
    return votes


def wait_for(condition: Any) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


def age(region: Region, *slugs: str) -> None:
    """A day goes by: peers are asked again and again, and the chain has a later block."""
    for _ in range(2):
        time.sleep(UNOPENED_AFTER_S / 2 + 0.1)
        region.retry_now()
    region.say("tianjin", consortium.order(), f"6CN{TRADER}-LATER{secrets.token_hex(3).upper()}")
    tries = [lambda slug=slug: unopened(region, slug) for slug in slugs]
    wait_for(lambda: all(one() for one in tries))


def unopened(region: Region, slug: str) -> list[dict[str, Any]]:
    region.retry_now()
    with region.offices[slug].client() as client:
        return list(client.unopened())


def drops(region: Region) -> int:
    return sum(1 for _ in region.offices["tianjin"].ledger.drops())


def test_a_gateway_that_is_away_for_a_day_loses_no_honest_record(region: Region) -> None:
    ucr, before = f"6CN{TRADER}-TWODAYS", drops(region)
    with away(region, "beijing"):
        signed = region.say("beijing", consortium.order(), ucr)
        receipt = region.submit("beijing", signed, "beijing")[1]
        region.settle(gaps=True)
        age(region, "tianjin", "hebei")
        assert vote(region, "tianjin") == 1 and drops(region) == before, "one governor of three drops nothing"
        assert vote(region, "hebei") == 1 and drops(region) == before + 1
    batches = region.offices["tianjin"].ledger.batch_count()
    wait_for(lambda: region.offices["beijing"].ledger.batch_count() > batches)
    region.retry_now()
    region.settle()
    assert [len(office.view(ucr)["records"]) for office in region.offices.values()] == [1, 1, 1]
    region.cover()
    with region.offices["hebei"].client() as client:
        assert client.consignment_bundle(ucr)
    assert vote(region, "tianjin", "hebei", "beijing") == 0, "nothing is left that nobody can open"
    assert _audited(region, receipt, signed.serialize()) is ReceiptFate.KEPT


def _audited(region: Region, receipt: str, record: str) -> ReceiptFate | None:
    ledger, index = region.offices["beijing"].ledger, region.attester._index
    registered = Registered(ledger.members(), ledger.keys())
    audit = Audit(index, registered, region.root.consortium.hex(), int(time.time()) + 10_000)
    return audit.check(KeptReceipt("beijing", receipt, record))


def test_junk_of_a_gateway_is_out_after_two_votes_and_no_gap_is_left(region: Region) -> None:
    hebei, before = region.offices["hebei"], drops(region)
    junk = [secrets.token_bytes(ENTRY_BYTES) for _ in range(452)]
    hebei.ledger.transact(
        anchor(entries_root(junk), len(junk), b"".join(junk)), hebei.folder.account("hebei", "gateway")
    )
    region.settle(gaps=True)
    age(region, "beijing", "tianjin")
    (line,) = unopened(region, "beijing")
    assert int.from_bytes(bytes.fromhex(line["bitmap"])).bit_count() == len(junk)
    assert vote(region, "beijing", "tianjin") == 2
    assert drops(region) == before + 1
    region.retry_now()
    region.settle()
    assert unopened(region, "beijing") == []


def test_what_a_gateway_lacks_is_told_to_governors_alone(region: Region) -> None:
    answer = region.offices["beijing"].http.get("/v1/replication/unopened")
    assert answer.status_code == 401
