"""The chain's endpoint misbehaves at the wire: the pipeline goes on once it behaves, or stops with a reason.

A real consortium on a real embedded node; only the HTTP between gateway and node is falsified. After each fault every
accepted record stands on the chain once, by the node's own word.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chain.errors import LedgerFault
from chain.ledger import ContractAddresses, Expectations, Ledger
from chain.ledger.faults import LedgerUnreachable, WrongChain
from chain.node import EmbeddedNode, Genesis, NodeProvider
from chain.proof.batch import split_entries
from chain.records import sign_record
from chain.sdjwt import SignedRecord
from chain.verify.trust_root import TrustRoot
from gateway.app import Gateway, build
from gateway.client import Receipt
from gateway.runtime.loops import Loop
from gateway.runtime.refusals import GatewayRefusal
from gateway.settings import GatewaySettings
from gateway.store.outbox import open_batches
from gateway.store.records import count_waiting
from scripts.consortium_folder import ConsortiumFolder, load_account
from scripts.ledger_connection import connect
from tests.fakes.json_rpc_endpoint import Forward, Misbehaviour, Reply, Wire, honest, open_wire
from tests.founded import copy_founded
from tests.gateway.memory_consortium import departure
from tests.record_numbers import jti_of

RECORDS = 3
TIMEOUT_S = 1.5
ROUNDS_MAX = 150
SEND = "eth_sendRawTransaction"


@dataclass
class Consortium:
    folder: ConsortiumFolder
    root: TrustRoot
    wire: Wire
    chain: Ledger
    """The node itself, past the wire."""


@pytest.fixture(scope="module")
def consortium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consortium]:
    folder = ConsortiumFolder(tmp_path_factory.mktemp("wire") / "consortium")
    root = copy_founded(folder)
    passphrase = folder.passphrase()
    keys = [bytes(load_account(file, passphrase).key) for file in sorted((folder.path / "validators").glob("*.json"))]
    node = EmbeddedNode.open(folder.path / "node", Genesis.parse(folder.genesis.read_text()), keys)
    with open_wire(NodeProvider(node)) as wire:
        yield Consortium(folder, root, wire, connect(root, wire.url))
    node.close()


@dataclass
class Line:
    """A gateway behind the wire, driven step by step."""

    consortium: Consortium
    gateway: Gateway
    receipts: list[Receipt]
    faults: list[str]

    def accept(self) -> None:
        for _ in range(RECORDS):
            done = self.gateway.services.intake.accept(self.sign().serialize().encode())
            self.receipts.append(Receipt.parse(done.receipt))

    def sign(self) -> SignedRecord:
        folder = self.consortium.folder
        return sign_record(
            departure(len(self.receipts)),
            key=folder.signing_key("carrier"),
            iss=folder.member("carrier").uscc,
            consortium=self.consortium.root.consortium.hex(),
            iat=int(time.time()),
            jti=jti_of(f"{id(self)}-{time.monotonic_ns()}"),
        )

    def step(self) -> None:
        """What the gateway's threads do in a round; a fault is theirs to survive."""
        loop_health = self.gateway.loop_health
        try:
            loop_health.watcher.step()
            loop_health.sealer.step()
        except (LedgerFault, GatewayRefusal) as fault:
            self.faults.append(str(fault))
        if reason := loop_health.sealer.status.reason:
            self.faults.append(reason)

    def anchored(self) -> bool:
        """Whether no record and no batch waits any more."""
        with self.gateway.services.store.reading() as connection:
            return count_waiting(connection) == 0 and not open_batches(connection)

    def run_until_anchored(self) -> None:
        for _ in range(ROUNDS_MAX):
            self.step()
            if self.anchored():
                return
            time.sleep(0.02)
        raise AssertionError(f"not anchored: {self.faults[-3:]}")

    def assert_each_stands_once(self) -> None:
        self.consortium.wire.fault = None
        found = Counter(one for batch in self.consortium.chain.batches(0) for one in split_entries(batch.entries))
        assert max(found.values()) == 1
        assert all(found[tag + digest] == 1 for receipt in self.receipts for tag, digest in receipt.entries)


@pytest.fixture
def line(consortium: Consortium, tmp_path: Path, sqlite_url: str) -> Iterator[Line]:
    settings = GatewaySettings.load(
        consortium.folder.gateway / "settings.json",
        store_url=sqlite_url,
        index_dir=tmp_path / "index",
        anchor_period_s=0.001,
        receipt_wait_s=1.0,
    )
    consortium.wire.fault, consortium.wire.struck = None, 0
    gateway = build(settings, ledger=behind_the_wire(consortium))
    made = Line(consortium, gateway, [], [])
    while gateway.loop_health.watcher.step():
        pass
    yield made
    consortium.wire.fault = None
    gateway.stop()


def behind_the_wire(consortium: Consortium) -> Ledger:
    contracts = {one.name: "0x" + one.address.hex() for one in consortium.root.contracts}
    addresses = ContractAddresses(contracts["MemberRegistry"], contracts["RecordLedger"])
    expect = Expectations(consortium.root.chain_id, "0x" + consortium.root.genesis_hash.hex())
    return Ledger(consortium.wire.url, addresses, expect=expect, timeout_s=TIMEOUT_S)


def slow(request: dict[str, Any], forward: Forward) -> Reply:
    time.sleep(1.5 * TIMEOUT_S)
    return Reply(dropped=True)


def lost_after_it_took_effect(request: dict[str, Any], forward: Forward) -> Reply:
    forward(request)
    return Reply(dropped=True)


def late_after_it_took_effect(request: dict[str, Any], forward: Forward) -> Reply:
    answer = forward(request)
    time.sleep(1.5 * TIMEOUT_S)
    return honest(answer)


def of_another_question(request: dict[str, Any], forward: Forward) -> Reply:
    return honest({**forward(request), "id": int(request["id"]) - 1})


def with_another_result(result: object) -> Misbehaviour:
    return lambda request, forward: honest({"jsonrpc": "2.0", "id": request["id"], "result": result})


def refused(code: int, message: str) -> Misbehaviour:
    return lambda request, forward: honest(
        {"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}}
    )


def said(reply: Reply) -> Misbehaviour:
    return lambda request, forward: reply


HTML = b"<!doctype html><title>502 Bad Gateway</title>"
EVERY_REQUEST: dict[str, Misbehaviour] = {
    "answers come too late": slow,
    "connections break": said(Reply(dropped=True)),
    "HTTP 500": said(Reply(b"{}", 500)),
    "HTTP 429": said(Reply(b"{}", 429)),
    "a proxy's HTML page": said(Reply(HTML, 200, "text/html")),
    "a proxy's HTML page with 502": said(Reply(HTML, 502, "text/html")),
    "half of an answer": said(Reply(b'{"jsonrpc": "2.0", "id": 1, "res')),
    "an answer that ends early": said(Reply(b'{"jsonrpc"', said_length=4096)),
    "nothing": said(Reply(b"")),
    "no UTF-8": said(Reply(b'{"jsonrpc": "2.0", "result": "\xff\xfe"}')),
    "a list": said(Reply(b"[]")),
    "a number": said(Reply(b"7")),
    "neither result nor error": lambda request, forward: honest({"jsonrpc": "2.0", "id": request["id"]}),
    "another question's answer": of_another_question,
    "an internal error": refused(-32603, "internal error"),
    "too many requests": refused(-32005, "limit exceeded"),
}
SENDING: dict[str, Misbehaviour] = {
    "the answer to the send is lost": lost_after_it_took_effect,
    "the answer to the send comes too late": late_after_it_took_effect,
    "a page comes after the send took effect": lambda r, forward: (forward(r), Reply(HTML, 502, "text/html"))[1],
    "the send is taken twice": lambda r, forward: (forward(r), honest(forward(r)))[1],
    "the send never arrives but is confirmed": with_another_result("0x" + "ab" * 32),
    "the mempool is full": refused(-32000, "txpool is full"),
    "the nonce is said to be too low": refused(-32000, "nonce too low"),
}


def only(methods: set[str], fault: Misbehaviour, times: int = 1_000_000) -> Misbehaviour:
    """The fault for these methods (all where none is named), the first so many times."""
    left = times
    lock = threading.Lock()

    def chosen(request: dict[str, Any], forward: Forward) -> Reply | None:
        nonlocal left
        with lock:
            if left == 0 or (methods and request["method"] not in methods):
                return None
            left -= 1
        return fault(request, forward)

    return chosen


@pytest.mark.parametrize("name", EVERY_REQUEST)
def test_after_an_endpoint_that_misbehaves_altogether_everything_is_anchored_once(line: Line, name: str) -> None:
    line.accept()
    line.consortium.wire.fault = EVERY_REQUEST[name]
    line.step()
    line.step()
    assert line.faults, "a fault of the endpoint is said"
    assert not line.anchored()
    line.consortium.wire.fault = None
    line.run_until_anchored()
    line.assert_each_stands_once()


@pytest.mark.parametrize("name", SENDING)
def test_whatever_becomes_of_a_send_its_batch_stands_once(line: Line, name: str) -> None:
    line.accept()
    line.consortium.wire.fault = only({SEND}, SENDING[name], times=2)
    line.run_until_anchored()
    line.consortium.wire.wait_until_struck()
    line.accept()
    line.run_until_anchored()
    line.assert_each_stands_once()


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_an_endpoint_that_fails_now_and_then_only_slows_the_pipeline(line: Line, share: float) -> None:
    chance = random.Random(share)

    def now_and_then(request: dict[str, Any], forward: Forward) -> Reply | None:
        return lost_after_it_took_effect(request, forward) if chance.random() < share else None

    line.accept()
    line.consortium.wire.fault = now_and_then
    line.run_until_anchored()
    line.assert_each_stands_once()


def test_a_head_that_goes_back_is_not_believed_and_passes(line: Line) -> None:
    honestly = line.consortium.wire.forward
    old = {
        method: honestly({"method": method, "params": params, "id": 1})["result"]
        for method, params in (("eth_blockNumber", []), ("eth_getBlockByNumber", ["latest", False]))
    }
    line.accept()
    line.run_until_anchored()

    def stale(request: dict[str, Any], forward: Forward) -> Reply | None:
        if request["method"] == "eth_blockNumber" or request["params"][:1] == ["latest"]:
            return with_another_result(old[request["method"]])(request, forward) if request["method"] in old else None
        return None

    line.gateway.loop_health.watcher.step()
    line.consortium.wire.fault = stale
    line.accept()
    line.step()
    assert line.faults
    line.consortium.wire.fault = None
    line.run_until_anchored()
    line.assert_each_stands_once()


def test_a_receipt_that_is_hidden_delays_only(line: Line) -> None:
    line.accept()
    line.consortium.wire.fault = only({"eth_getTransactionReceipt"}, with_another_result(None), times=3)
    line.run_until_anchored()
    line.assert_each_stands_once()


OTHER_HASH = "0x" + "cd" * 32


def another_hash(request: dict[str, Any], forward: Forward) -> Reply | None:
    """Every block has another hash than it had."""
    if request["method"] != "eth_getBlockByNumber":
        return None
    answer = forward(request)
    if isinstance(answer.get("result"), dict):
        answer["result"] = {**answer["result"], "hash": OTHER_HASH}
    return honest(answer)


def run_loop(step: Callable[[], bool]) -> Loop:
    loop = Loop("follower", step, lambda: 0.01)
    loop.start()
    until = time.monotonic() + 10
    while not loop.dead and time.monotonic() < until:
        time.sleep(0.01)
    loop.stop()
    return loop


def test_a_changed_history_stops_the_follower_with_a_reason(line: Line) -> None:
    line.accept()
    line.run_until_anchored()
    line.consortium.wire.fault = another_hash
    loop = run_loop(line.gateway.loop_health.watcher.step)
    assert "history was changed" in loop.dead or "wrongly" in loop.fault or "hash" in loop.fault
    line.assert_each_stands_once()


@pytest.mark.parametrize(("method", "result"), [("eth_chainId", "0x7"), ("net_version", "7")])
def test_another_chain_is_refused_at_the_start(consortium: Consortium, method: str, result: str) -> None:
    consortium.wire.fault = only({method}, with_another_result(result))
    try:
        if method == "net_version":
            behind_the_wire(consortium).head()
        else:
            with pytest.raises(WrongChain):
                behind_the_wire(consortium).head()
    finally:
        consortium.wire.fault = None


def test_an_unreachable_chain_is_said_and_submission_goes_on(line: Line) -> None:
    line.consortium.wire.fault = said(Reply(dropped=True))
    line.accept()
    with pytest.raises(LedgerUnreachable):
        line.gateway.loop_health.watcher.step()
    line.consortium.wire.fault = None
    line.run_until_anchored()
    line.assert_each_stands_once()
