"""Webhooks: signed, in order, tried again, replayed, and never to an address that is not a member's to have called."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from chain.errors import NotFound
from chain.jws import CompactJws
from gateway.access.records import Reader
from gateway.query.change_feed import BatchChanges
from gateway.query.webhooks import (
    WEBHOOK_HEADER,
    WEBHOOK_TYP,
    WEBHOOKS_PER_MEMBER_MAX,
    Addresses,
    MalformedWebhook,
    WebhookSender,
    WebhookSubscriptions,
    new_client,
)
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.store import Store
from gateway.store.vault import DataKeys, Vault
from tests.gateway.query.consortium import BROKER, CONSORTIUM, GATEWAY, KEY, TRADER

TOLD = [BatchChanges(0, [{"ucr": "A"}]), BatchChanges(1, []), BatchChanges(2, [{"ucr": "B"}, {"ucr": "C"}])]


@dataclass
class Receiver:
    """A receiver on loopback."""

    url: str
    answers: list[int] = field(default_factory=list)
    """Statuses that it answers with next; then 204."""
    got: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def batches(self) -> list[int]:
        return [int(json.loads(body)["batch"]) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append((self.headers[WEBHOOK_HEADER], body))
            status = found.answers.pop(0) if found.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", found.url)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Taking)
    found = Receiver(f"http://127.0.0.1:{server.server_port}/hook?x=1")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@dataclass
class Bench:
    """Subscriptions and sender over a store, with a clock that is moved."""

    subscriptions: WebhookSubscriptions
    sender: WebhookSender
    now: list[float]
    told: list[BatchChanges]
    refused: list[str]

    def run(self, seconds: int = 0) -> None:
        self.now[0] += seconds
        while self.sender.step():
            pass


@pytest.fixture
def bench(tmp_path: Path, receiver: Receiver) -> Iterator[Bench]:
    store = Store.open(f"sqlite:///{tmp_path}/store.sqlite", Vault(DataKeys("1", {"1": bytes(32)})))
    addresses = Addresses(frozenset({receiver.url.split("/")[2]}))
    now, told, refused = [1_800_000_000.0], list(TOLD), list[str]()

    def changes(reader: Reader, after: int) -> Sequence[BatchChanges]:
        return [one for one in told if one.batch > after]

    def reader_of(member: str) -> Reader:
        if member in refused:
            raise GatewayRefusal("role", "suspended")
        return TRADER.reader

    client = new_client()
    sender = WebhookSender(
        store, addresses, GATEWAY.uscc, CONSORTIUM, KEY, lambda: now[0], reader_of, changes, client, holder="one"
    )
    yield Bench(WebhookSubscriptions(store, addresses), sender, now, told, refused)
    client.close()
    store.close()


def test_each_batch_that_tells_something_is_posted_once_in_order_and_signed(bench: Bench, receiver: Receiver) -> None:
    webhook = bench.subscriptions.add(TRADER.uscc, receiver.url, -1).id
    bench.run()
    bench.run(60)
    assert receiver.batches == [0, 2]
    for said, body in receiver.got:
        jws = CompactJws.parse(said, typ=WEBHOOK_TYP)
        assert jws.verify(KEY.public)
        assert jws.payload["body_sha256"] == sha256(body).hexdigest()
        assert (jws.payload["aud"], jws.payload["sub"]) == (TRADER.uscc, webhook)
    bench.told.append(BatchChanges(3, [{"ucr": "D"}]))
    bench.run()
    assert receiver.batches == [0, 2, 3]


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_tried_again_later_and_nothing_overtakes_it(
    bench: Bench, receiver: Receiver, status: int
) -> None:
    receiver.answers = [status, status]
    bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    bench.run()
    bench.run()
    assert receiver.batches == [0], "not before its time"
    bench.run(2)
    assert receiver.batches == [0, 0]
    bench.run(2)
    assert receiver.batches == [0, 0], "each pause is twice the last"
    bench.run(2)
    assert receiver.batches == [0, 0, 0, 2]


def test_a_replay_tells_from_any_cursor_again(bench: Bench, receiver: Receiver) -> None:
    webhook = str(bench.subscriptions.add(TRADER.uscc, receiver.url, -1).id)
    bench.run()
    bench.subscriptions.replay(TRADER.uscc, webhook, 1)
    bench.run()
    assert receiver.batches == [0, 2, 2]


def test_a_member_that_may_not_read_now_is_told_nothing_and_keeps_its_place(bench: Bench, receiver: Receiver) -> None:
    bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    bench.refused.append(TRADER.uscc)
    bench.run()
    assert receiver.got == []
    bench.refused.clear()
    bench.run(60)
    assert receiver.batches == [0, 2]


def test_nobody_touches_anothers_webhook(bench: Bench, receiver: Receiver) -> None:
    webhook = str(bench.subscriptions.add(TRADER.uscc, receiver.url, 7).id)
    with pytest.raises(NotFound):
        bench.subscriptions.remove(BROKER.uscc, webhook)
    with pytest.raises(NotFound):
        bench.subscriptions.replay(BROKER.uscc, webhook, -1)
    assert bench.subscriptions.listed(BROKER.uscc) == []
    assert [one.cursor for one in bench.subscriptions.listed(TRADER.uscc)] == [7]
    bench.subscriptions.remove(TRADER.uscc, webhook)
    assert bench.subscriptions.listed(TRADER.uscc) == []


def test_a_member_has_only_so_many(bench: Bench, receiver: Receiver) -> None:
    for _ in range(WEBHOOKS_PER_MEMBER_MAX):
        bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    with pytest.raises(GatewayRefusal):
        bench.subscriptions.add(TRADER.uscc, receiver.url, -1)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:word@example.com/",
        "https://example.com/#part",
        "https:///path",
        "https://example.com:99999/",
        "//example.com",
        "https://exa mple.com",
        "https://example.com/\r\nX: y",
        "https://" + "a" * 600,
    ],
)
def test_an_address_that_is_never_called_is_refused_at_once(url: str) -> None:
    with pytest.raises(MalformedWebhook):
        Addresses(frozenset()).check(url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "fd00::1"]
)
def test_a_name_that_stands_for_an_inner_address_is_not_called(address: str) -> None:
    with pytest.raises(MalformedWebhook):
        Addresses(frozenset(), lambda host, port: {address}).target("https://example.com/hook")


def test_the_address_that_was_checked_is_the_one_that_is_called() -> None:
    addresses = Addresses(frozenset(), lambda host, port: {"10.0.0.1", "203.0.113.9", "8.8.8.8"})
    assert addresses.target("https://example.com/hook") == ("8.8.8.8", "example.com")
