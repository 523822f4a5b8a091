"""Webhooks: signed, in order, tried again, replayed, and never to an address that is not a member's to have called."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from chain.errors import NotFound
from chain.jws import CompactJws
from chain.webhook_signature import UnverifiedWebhook, verify_webhook
from gateway.access.records import Reader
from gateway.query.change_feed import AnchoredChange, BatchChanges, ChangeFilter, MalformedFilter
from gateway.query.webhook_addresses import Addresses, MalformedWebhook, is_public
from gateway.query.webhook_posts import WEBHOOK_HEADER, WEBHOOK_TYP, WebhookPoster
from gateway.query.webhooks import (
    OFF_AFTER_S,
    RETRY_S_MAX,
    ROUND_S,
    TESTS_AT_ONCE_MAX,
    WEBHOOKS_PER_MEMBER_MAX,
    WebhookSender,
    WebhookSubscriptions,
)
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.store import Store
from gateway.store.vault import DataKeys, Vault
from gateway.store.webhooks import (
    DELIVERIES_KEPT_MAX,
    OLD_SECRET_S,
    DeliveryRow,
    StoredWebhook,
    deliveries_of,
    insert_webhook,
    note_deliveries,
)
from tests.gateway.query.consortium import BROKER, CONSORTIUM, GATEWAY, KEY, TRADER

TOLD = [BatchChanges(0, [{"ucr": "A"}]), BatchChanges(1, []), BatchChanges(2, [{"ucr": "B"}, {"ucr": "C"}])]


@dataclass
class Receiver:
    """A receiver on loopback."""

    url: str
    answers: list[int] = field(default_factory=list)
    """Statuses that it answers with next; then 204."""
    got: list[tuple[str, bytes]] = field(default_factory=list)
    greeted: list[tuple[str, bytes]] = field(default_factory=list)
    """Test posts."""
    greeting_status: int = 204
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each post, test posts aside."""

    @property
    def batches(self) -> list[int]:
        return [int(json.loads(body)["batch"]) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if "test" in json.loads(body):
                found.greeted.append((self.headers[WEBHOOK_HEADER], body))
                status = found.greeting_status
            else:
                found.headers.append(dict(self.headers.items()))
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
    store: Store

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

    poster = WebhookPoster(addresses, GATEWAY.uscc, CONSORTIUM, KEY, lambda: now[0], deadline_s=2.0)
    sender = WebhookSender(store, poster, reader_of, changes, holder="one")
    yield Bench(WebhookSubscriptions(store, poster), sender, now, told, refused, store)
    store.close()


def test_each_batch_that_tells_something_is_posted_once_in_order_and_signed(bench: Bench, receiver: Receiver) -> None:
    webhook = bench.subscriptions.add(TRADER.uscc, receiver.url, -1)[0].id
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
    webhook = str(bench.subscriptions.add(TRADER.uscc, receiver.url, -1)[0].id)
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
    webhook = str(bench.subscriptions.add(TRADER.uscc, receiver.url, 7)[0].id)
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
        "https://a..b/",
        "https://.a/",
        "https://-a.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
    ],
)
def test_an_address_that_is_never_called_is_refused_at_once(url: str) -> None:
    with pytest.raises(MalformedWebhook):
        Addresses(frozenset()).check(url)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.8"),  # noqa: S104
        *("224.0.0.1", "239.1.1.1", "255.255.255.255", "198.18.0.1"),
        *("::1", "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1", "ff0e::1", "::127.0.0.1", "::ffff:8.8.8.8"),
        *("64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "not an address"),
    ],
)
def test_a_name_that_stands_for_an_inner_address_is_not_called(address: str) -> None:
    with pytest.raises(MalformedWebhook):
        Addresses(frozenset(), lambda host, port: {address}).target("https://example.com/hook")


def test_the_address_that_was_checked_is_the_one_that_is_called() -> None:
    addresses = Addresses(frozenset(), lambda host, port: {"10.0.0.1", "203.0.113.9", "8.8.8.8"})
    assert addresses.target("https://example.com/hook") == ("8.8.8.8", "example.com")


def test_public_addresses_are_public() -> None:
    assert all(map(is_public, ["8.8.8.8", "203.119.0.1", "2400:3200::1", "2606:4700:4700::1111"]))


def test_a_new_webhook_takes_a_signed_test_post_first(bench: Bench, receiver: Receiver) -> None:
    webhook, _ = bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    ((said, body),) = receiver.greeted
    jws = CompactJws.parse(said, typ=WEBHOOK_TYP)
    assert jws.verify(KEY.public)
    assert (jws.payload["sub"], jws.payload["body_sha256"]) == (webhook.id, sha256(body).hexdigest())
    receiver.greeting_status = 500
    with pytest.raises(MalformedWebhook, match="it answered 500"):
        bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    assert len(bench.subscriptions.listed(TRADER.uscc)) == 1


def _store_webhook(bench: Bench, member: str, url: str, name: str) -> None:
    with bench.store.writing() as connection:
        insert_webhook(connection, StoredWebhook(name, member, url, -1))


@pytest.mark.parametrize("url", ["https://a..b/", "https://" + "\xe4" * 70 + ".example/", "no url", "https://[::1/"])
def test_a_stored_address_that_is_none_fails_alone(bench: Bench, receiver: Receiver, url: str) -> None:
    _store_webhook(bench, BROKER.uscc, url, "bad")
    bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    bench.run()
    assert receiver.batches == [0, 2]
    (bad,) = bench.subscriptions.listed(BROKER.uscc)
    assert (bad.failures, bad.cursor) == (1, -1)
    assert "MalformedWebhook" in bad.last_error


def test_every_webhook_is_served_however_many_there_are(bench: Bench, receiver: Receiver) -> None:
    members = [f"9111000000000{number:04}X" for number in range(12)]
    for place, member in enumerate(members):
        for number in range(4):
            _store_webhook(bench, member, receiver.url, f"{place}-{number}")
    for _ in range(4):  # the one receiver of all may be late for some
        bench.run(60)
    told = {json.loads(body)["webhook"] for _, body in receiver.got if json.loads(body)["batch"] == 2}
    assert told == {f"{place}-{number}" for place in range(12) for number in range(4)}


@pytest.fixture
def dripping() -> Iterator[str]:
    """A receiver that sends a header line now and then, for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def drip(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.1):
                    connection.sendall(b"X: y\r\n")

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=take, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        ended.set()


def test_a_receiver_that_drips_is_late_and_holds_nobody_up(bench: Bench, receiver: Receiver, dripping: str) -> None:
    poster = replace(bench.sender._poster, addresses=Addresses(frozenset({dripping, receiver.url.split("/")[2]})))
    sender = WebhookSender(bench.store, poster, lambda member: TRADER.reader, bench.sender._changes, holder="one")
    for number in range(10):
        _store_webhook(bench, BROKER.uscc, f"http://{dripping}/", f"slow-{number}")
    _store_webhook(bench, TRADER.uscc, receiver.url, "fast")
    began = time.monotonic()
    sender.step()
    assert receiver.batches == [0, 2]
    assert time.monotonic() - began < ROUND_S + 5
    slow = [webhook for webhook in bench.subscriptions.listed(BROKER.uscc) if webhook.failures]
    assert slow
    assert {webhook.last_error for webhook in slow} == {"no whole answer within 2 s"}


def test_a_webhook_that_fails_for_days_is_switched_off_and_its_owner_sees_why(bench: Bench, receiver: Receiver) -> None:
    webhook = bench.subscriptions.add(TRADER.uscc, receiver.url, -1)[0].id
    receiver.answers = [503] * 1_000
    waited = 0
    while waited <= OFF_AFTER_S + RETRY_S_MAX:
        bench.run(RETRY_S_MAX)
        waited += RETRY_S_MAX
    (listed,) = bench.subscriptions.listed(TRADER.uscc)
    assert listed.off_at >= listed.failing_since + OFF_AFTER_S
    assert listed.last_error == "it answered 503"
    posts = len(receiver.got)
    bench.run(RETRY_S_MAX)
    assert len(receiver.got) == posts
    receiver.answers = []
    bench.subscriptions.replay(TRADER.uscc, webhook, -1)
    bench.run()
    assert receiver.batches[-2:] == [0, 2]
    (listed,) = bench.subscriptions.listed(TRADER.uscc)
    assert (listed.off_at, listed.failures, listed.last_error) == (0, 0, "")


def test_a_pause_that_a_wrong_clock_set_is_no_longer_than_the_longest(bench: Bench, receiver: Receiver) -> None:
    bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    receiver.answers = [500]
    bench.now[0] += 7_200
    bench.run()
    assert receiver.batches == [0]
    bench.now[0] -= 7_200
    bench.run()
    assert receiver.batches == [0, 0, 2]


def test_a_member_tests_one_webhook_at_a_time_and_all_together_few(
    bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, go_on = threading.Semaphore(0), threading.Event()

    def hold(poster: WebhookPoster, webhook: object, secrets: object) -> None:
        waiting.release()
        assert go_on.wait(20)

    monkeypatch.setattr(WebhookPoster, "test", hold)
    members = [TRADER.uscc, *(f"member {number}" for number in range(TESTS_AT_ONCE_MAX - 1))]
    with ThreadPoolExecutor(TESTS_AT_ONCE_MAX) as pool:
        added = [pool.submit(bench.subscriptions.add, member, receiver.url, -1) for member in members]
        for _ in members:
            assert waiting.acquire(timeout=20)
        for member in (TRADER.uscc, "one more"):
            with pytest.raises(GatewayRefusal, match="being tested"):
                bench.subscriptions.add(member, receiver.url, -1)
        go_on.set()
        assert len({done.result()[0].id for done in added}) == TESTS_AT_ONCE_MAX
    bench.subscriptions.add("one more", receiver.url, -1)


def test_each_post_verifies_as_standard_webhooks_say_and_no_changed_one_does(bench: Bench, receiver: Receiver) -> None:
    _, secret = bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    receiver.answers = [500]
    bench.run()
    bench.run(2)
    ids = [
        verify_webhook(headers, body, secret, now_s=bench.now[0])
        for headers, (_, body) in zip(receiver.headers, receiver.got, strict=True)
    ]
    assert ids[0] == ids[1], "the same message, tried again"
    assert ids[1] != ids[2]
    assert [json.loads(body)["type"] for _, body in receiver.got] == ["records.anchored"] * 3
    headers, (_, body) = receiver.headers[0], receiver.got[0]
    with pytest.raises(UnverifiedWebhook, match="exactly these bytes"):
        verify_webhook(headers, body + b" ", secret, now_s=bench.now[0])
    with pytest.raises(UnverifiedWebhook, match="exactly these bytes"):
        verify_webhook(headers | {"webhook-id": ids[2]}, body, secret, now_s=bench.now[0])
    with pytest.raises(UnverifiedWebhook, match="within 300 s"):
        verify_webhook(headers, body, secret, now_s=bench.now[0] + 301)


def test_a_new_secret_signs_beside_the_old_one_for_a_day(bench: Bench, receiver: Receiver) -> None:
    webhook, old = bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    with pytest.raises(NotFound):
        bench.subscriptions.change_secret(BROKER.uscc, webhook.id)
    new = bench.subscriptions.change_secret(TRADER.uscc, webhook.id)
    bench.run()
    headers, (_, body) = receiver.headers[0], receiver.got[0]
    assert new != old
    for secret in (new, old):
        verify_webhook(headers, body, secret, now_s=bench.now[0])
    bench.subscriptions.replay(TRADER.uscc, webhook.id, -1)
    bench.run(OLD_SECRET_S)
    headers, (_, body) = receiver.headers[-1], receiver.got[-1]
    verify_webhook(headers, body, new, now_s=bench.now[0])
    with pytest.raises(UnverifiedWebhook):
        verify_webhook(headers, body, old, now_s=bench.now[0])


def change(record_type: str, finding: dict[str, str] | None = None) -> AnchoredChange:
    return AnchoredChange(
        ucr="A", record=record_type, type=record_type, issuer=TRADER.uscc, batch=9, block=1, state="anchored",
        status=None, finding=finding, amends=None, withdraws=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (ChangeFilter(), ["customs.status", "logistics.event", "audit.finding", "audit.finding"]),
        (ChangeFilter.parse("", "", "customs.status"), ["customs.status"]),
        (ChangeFilter.parse("", "H"), ["audit.finding"]),
        (ChangeFilter.parse("c06", "M", "customs.status,audit.finding"), ["customs.status", "audit.finding"]),
        (ChangeFilter.parse("C99", ""), []),
    ],
)
def test_a_webhook_is_told_what_it_wants_and_passes_over_the_rest(
    bench: Bench, receiver: Receiver, wanted: ChangeFilter, told: list[str]
) -> None:
    findings = [
        change("audit.finding", {"rule": "C13", "severity": "H"}),
        change("audit.finding", {"rule": "C06", "severity": "M"}),
    ]
    bench.told[:] = [BatchChanges(9, [change("customs.status"), change("logistics.event"), *findings])]
    webhook, _ = bench.subscriptions.add(TRADER.uscc, receiver.url, -1, wanted)
    bench.run()
    assert [one["type"] for _, body in receiver.got for one in json.loads(body)["changes"]] == told
    (listed,) = bench.subscriptions.listed(TRADER.uscc)
    assert (listed.id, listed.cursor) == (webhook.id, 9)


def test_an_unknown_record_type_is_refused() -> None:
    with pytest.raises(MalformedFilter, match=r"customs\.statuses"):
        ChangeFilter.parse("", "", "customs.statuses")


def test_the_log_holds_each_post_with_its_answer_for_its_owner_alone(bench: Bench, receiver: Receiver) -> None:
    webhook, _ = bench.subscriptions.add(TRADER.uscc, receiver.url, -1)
    receiver.answers = [503]
    bench.run()
    bench.run(2)
    log = bench.subscriptions.deliveries(TRADER.uscc, webhook.id)
    assert [(line.batch, line.status, line.reason, line.changes) for line in log] == [
        (2, 204, "", 2),
        (0, 204, "", 1),
        (0, 503, "it answered 503", 1),
    ]
    with pytest.raises(NotFound):
        bench.subscriptions.deliveries(BROKER.uscc, webhook.id)
    bench.subscriptions.remove(TRADER.uscc, webhook.id)
    with bench.store.reading() as connection:
        assert deliveries_of(connection, webhook.id) == []


def test_the_log_keeps_the_newest_posts_of_each_webhook(bench: Bench) -> None:
    with bench.store.writing() as connection:
        for number in range(DELIVERIES_KEPT_MAX + 5):
            note_deliveries(connection, "one", [DeliveryRow("one", number, 0, 1, 204, "", 1)])
        note_deliveries(connection, "two", [DeliveryRow("two", 0, 0, 1, 204, "", 1)])
        kept = deliveries_of(connection, "one")
        assert [line.batch for line in kept] == list(range(DELIVERIES_KEPT_MAX + 4, 4, -1))
        assert len(deliveries_of(connection, "two")) == 1
