"""A member with several gateways: one that is away or dies in the middle loses nothing, and doubles nothing."""

from __future__ import annotations

import httpx
import pytest

from chain.records import sign_record
from chain.sdjwt import SignedRecord
from gateway.client import FailoverClient, GatewayBusy, GatewayClient, GatewayRefused, Receipt
from tests.gateway.query import consortium
from tests.gateway.replication.region import SEATS, Region, Wire
from tests.record_numbers import jti_of

TRADER = SEATS["beijing"][0]


class Broker:
    """Beijing's adapter, with two gateways of others' behind wires."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.receipts: list[Receipt] = []
        self.now = 0.0
        self.wires = {slug: Wire(region.offices[slug].http._transport) for slug in ("beijing", "hebei")}
        office = region.offices["beijing"]
        key = office.folder.signing_key("beijing")
        self.client = FailoverClient(
            [
                GatewayClient(region.offices[slug].url, signer=key, member=office.uscc, transport=wire)
                for slug, wire in self.wires.items()
            ],
            keep_receipt=self.receipts.append,
            clock=lambda: self.now,
        )

    def sign(self, name: str) -> SignedRecord:
        office = self.region.offices["beijing"]
        return sign_record(
            consortium.order().for_ucrs([f"6CN{TRADER}-{name}"]),  # type: ignore[list-item]
            key=office.folder.signing_key("beijing"),
            iss=office.uscc,
            consortium=self.region.root.consortium.hex(),
            iat=1_796_000_000,
            jti=jti_of(name),
        )


@pytest.fixture
def broker(region: Region) -> Broker:
    return Broker(region)


def refuse_connection(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def die_after_taking(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """Killed after the record was accepted and before the answer was written."""
    if request.url.path != "/v1/records":
        return answer
    raise httpx.ReadError("connection reset by peer", request=request)


def test_the_next_gateway_takes_what_the_first_cannot(region: Region, broker: Broker) -> None:
    broker.client.submit(broker.sign("F1"))
    broker.wires["beijing"].tamper = refuse_connection
    receipt = broker.client.submit(broker.sign("F2"))
    assert receipt.gateway == region.offices["hebei"].uscc
    broker.wires["beijing"].asked.clear()
    broker.client.submit(broker.sign("F3"))
    assert broker.wires["beijing"].asked == [], "a gateway that failed just now is left alone"
    broker.wires["beijing"].tamper = None
    broker.now += 60.0
    assert broker.client.submit(broker.sign("F4")).gateway == region.offices["beijing"].uscc
    assert broker.receipts == [], "what never arrived there was promised by nobody"


def test_a_record_whose_answer_was_lost_has_both_receipts_and_counts_once(region: Region, broker: Broker) -> None:
    signed = broker.sign("LOST")
    broker.wires["beijing"].tamper = die_after_taking
    receipt = broker.client.submit(signed)
    assert receipt.gateway == region.offices["hebei"].uscc
    broker.wires["beijing"].tamper = None
    broker.now += 60.0
    assert broker.client.fetch_lost_receipts() == 1
    (other,) = broker.receipts
    assert other.gateway == region.offices["beijing"].uscc and other.record_id == receipt.record_id
    region.settle()
    for office in region.offices.values():
        assert [line["record"] for line in office.view(f"6CN{TRADER}-LOST")["records"]] == [signed.record_id]


def test_an_upload_goes_on_at_the_next_gateway(region: Region, broker: Broker) -> None:
    broker.wires["beijing"].tamper = refuse_connection
    verdicts = list(broker.client.submit_bulk([broker.sign(f"BULK{number}") for number in range(12)]))
    assert [verdict.line for verdict in verdicts] == [*range(12)]
    assert {verdict.receipt.gateway for verdict in verdicts if verdict.receipt} == {region.offices["hebei"].uscc}


def test_a_refusal_is_the_word_of_one_and_no_other_is_asked(broker: Broker) -> None:
    """Else a member could shop for the gateway that lets a bad record in."""
    office = broker.region.offices["beijing"]
    wrong = sign_record(
        consortium.order().for_ucrs([f"6CN{TRADER}-BAD"]),  # type: ignore[list-item]
        key=office.folder.signing_key("beijing"),
        iss=office.uscc,
        consortium="00" * 32,
        iat=1_796_000_000,
        jti=jti_of("BAD"),
    )
    with pytest.raises(GatewayRefused):
        broker.client.submit(wrong)
    assert not any(path == "/v1/records" for path in broker.wires["hebei"].asked)


def test_where_none_works_the_last_ones_fault_is_told(broker: Broker) -> None:
    for wire in broker.wires.values():
        wire.tamper = refuse_connection
    with pytest.raises((httpx.ConnectError, GatewayBusy)):
        broker.client.submit(broker.sign("NONE"))
