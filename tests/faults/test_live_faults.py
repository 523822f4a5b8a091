"""Processes as an operator runs them: frozen, flooded, without disk. Nothing that was acknowledged is lost.

A full disk is a limit on the size of files (`RLIMIT_FSIZE`), set on the running process and lifted again: every write
fails as it does on a disk without room. `TONGGUAN_FREEZE_S=60` freezes the node for a minute instead of five seconds.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as connect_websocket

from chain.node import NodeSettings
from gateway.client import GatewayBusy, GatewayClient
from scripts.consortium_folder import ConsortiumFolder
from scripts.ledger_connection import connect, trust_root_of
from scripts.processes import free_ports
from tests.faults.kills import Broker, process, wait_for
from tests.founded import copy_founded
from tests.gateway.memory_consortium import ucr

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FREEZE_S = float(os.environ.get("TONGGUAN_FREEZE_S", "5"))
NO_ROOM_BYTES = 512
VIEW_WITHIN_S = 1.5
"""A second, and some for a busy machine."""
SETTLE_S = 120.0


@dataclass
class Live:
    """The running parts."""

    folder: ConsortiumFolder
    url: str
    rpc: str
    node: subprocess.Popen[bytes]
    gateway: subprocess.Popen[bytes]
    attester: subprocess.Popen[bytes]
    broker: Broker

    @property
    def client(self) -> GatewayClient:
        """Asks as the carrier."""
        return self.broker.client

    def say(self) -> None:
        """One record that is acknowledged."""
        self.broker.send_until_dead(upload=False, count=1)
        assert not self.broker.unanswered

    def is_settled(self) -> bool:
        """Whether all that was acknowledged stands under a checkpoint."""
        states = [record.state for record in self.client.records()]
        return len(states) == len(self.broker.receipts) and set(states) == {"covered"}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = ConsortiumFolder(tmp_path_factory.mktemp("live") / "consortium")
    root = copy_founded(folder)
    node_port, port = free_ports([0, 0])
    rpc, url = f"http://127.0.0.1:{node_port}", f"http://127.0.0.1:{port}"
    logs = folder.path / "logs"
    logs.mkdir()
    settings = str(folder.gateway / "settings.json")
    with ExitStack() as parts:

        def start(name: str, *command: str) -> subprocess.Popen[bytes]:
            return parts.enter_context(process(logs / f"{name}.log", *command))

        node = start("node", "chain.node", "--dir", str(folder.path), "--port", str(node_port))
        wait_for(f"{rpc}/health", logs / "node.log")
        gateway = start("gateway", "gateway", "--settings", settings, "--rpc", rpc, "--port", str(port))
        attester = start("attester", "scripts.cli", "attester", str(folder.path), "--rpc", rpc, "--quiet-s", "0.2")
        wait_for(f"{url}/readyz", logs / "gateway.log")
        parts.callback(node.send_signal, signal.SIGCONT)
        yield Live(folder, url, rpc, node, gateway, attester, Broker(folder, url, root.consortium.hex()))


def wait_until(reached: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + SETTLE_S
    while time.monotonic() < until:
        try:
            if reached():
                return
        except (httpx.HTTPError, GatewayBusy):
            pass
        time.sleep(0.2)
    raise AssertionError(f"not {what} after {SETTLE_S:.0f} s")


@contextmanager
def without_disk(part: subprocess.Popen[bytes]) -> Iterator[None]:
    """A process none of whose writes finds room while the block lasts."""
    before = resource.prlimit(part.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(part.pid, resource.RLIMIT_FSIZE, (NO_ROOM_BYTES, before[1]))
    try:
        yield
    finally:
        resource.prlimit(part.pid, resource.RLIMIT_FSIZE, before)


def health(live: Live) -> dict[str, object]:
    answer: dict[str, object] = httpx.get(f"{live.rpc}/health", timeout=30).json()
    return answer


def test_a_frozen_node_blinds_nobody_and_all_is_anchored_once_it_goes_on(live: Live) -> None:
    live.say()
    wait_until(live.is_settled, "settled")
    number = next(n for n in range(50) if _view(live, n).status_code == 200)
    live.node.send_signal(signal.SIGSTOP)
    try:
        frozen_at, ages = time.monotonic(), []
        while (frozen_s := time.monotonic() - frozen_at) < FREEZE_S:
            began = time.monotonic()
            answer = _view(live, number)
            assert time.monotonic() - began < VIEW_WITHIN_S, f"{frozen_s:.0f} s after the node froze"
            assert answer.status_code in (200, 503), answer.text
            ages.append(float(answer.headers.get("x-chain-age", "0")))
            if answer.status_code == 200:
                live.say()
            else:
                assert frozen_s > 20 and "no word from the chain" in answer.json()["detail"]
            time.sleep(0.3)
    finally:
        live.node.send_signal(signal.SIGCONT)
    assert max(ages) >= 3 and ages == sorted(ages)
    wait_until(live.is_settled, "settled after the node went on")


def _view(live: Live, number: int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {live.client.token()}"}
    return httpx.get(f"{live.url}/v1/consignments/{ucr(number)}", headers=headers, timeout=30)


def test_a_gateway_without_disk_acknowledges_nothing_and_loses_nothing(live: Live) -> None:
    live.say()
    with without_disk(live.gateway):
        live.broker.send_until_dead(upload=False, count=3)
        assert len(live.broker.unanswered) == 3
        with pytest.raises(GatewayBusy) as busy:
            live.client.submit(next(iter(live.broker.unanswered.values())))
        assert busy.value.problem["type"] == "/problems/store"
        assert httpx.get(f"{live.url}/healthz", timeout=30).status_code == 200
    wait_until(lambda: httpx.get(f"{live.url}/readyz", timeout=30).status_code == 200, "ready again")
    live.say()
    assert live.gateway.poll() is None
    wait_until(live.is_settled, "settled after there was room")


def test_a_node_without_disk_makes_no_block_says_so_and_goes_on_by_itself(live: Live) -> None:
    with without_disk(live.node):
        live.say()
        wait_until(lambda: not health(live)["ok"], "told by the node's health")
        head = health(live)["head"]
    wait_until(lambda: bool(health(live)["ok"]), "healthy again")
    assert live.node.poll() is None
    wait_until(live.is_settled, "settled after there was room")
    assert int(str(health(live)["head"])) > int(str(head))


def test_an_attester_without_disk_stops_no_other_and_attests_again(live: Live) -> None:
    with without_disk(live.attester):
        live.say()
        wait_until(lambda: {record.state for record in live.client.records()} <= {"covered", "anchored"}, "anchored")
    live.say()
    assert live.attester.poll() is None
    wait_until(live.is_settled, "settled after there was room")


def test_a_flood_of_websockets_is_bounded_by_client_and_the_node_serves_on(live: Live) -> None:
    bound = NodeSettings().websockets_per_client_max
    opened = 0
    with ExitStack() as flood:
        for _ in range(bound + 40):
            try:
                socket = flood.enter_context(connect_websocket(live.rpc.replace("http", "ws"), open_timeout=30))
                socket.send('{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}')
                opened += 1
            except (ConnectionClosed, InvalidStatus, OSError):
                continue
        assert 0 < opened <= bound
        live.say()
        wait_until(live.is_settled, "settled under the flood")
    wait_until(lambda: bool(health(live)["ok"]), "healthy after the flood")


def test_in_the_end_every_receipt_was_kept_and_nothing_anchored_twice(live: Live) -> None:
    ledger = connect(trust_root_of(live.folder), live.rpc)
    anchored = [entry for batch in ledger.batches(0) for entry in _entries(batch.entries)]
    promised = [digest for receipt in live.broker.receipts.values() for _, digest in receipt.entries]
    assert sorted(anchored.count(digest) for digest in promised) == [1] * len(promised)


def _entries(raw: bytes) -> list[bytes]:
    return [raw[at + 16 : at + 48] for at in range(0, len(raw), 48)]


@dataclass
class Exchange:
    """A single window, and one process with every member's adapter."""

    url: str
    window: subprocess.Popen[bytes]
    adapters: subprocess.Popen[bytes]

    def counts(self) -> dict[str, int]:
        """How many messages stand in which state."""
        return {str(k): int(v) for k, v in httpx.get(f"{self.url}/healthz", timeout=30).json().items()}

    def tell(self) -> int:
        """Starts a story; its status code."""
        return httpx.post(f"{self.url}/v1/stories/air_import", json={}, timeout=30).status_code

    def is_settled(self) -> bool:
        """Whether every message became records, and the window was told so."""
        counts = self.counts()
        return counts["acknowledged"] > 0 and counts["open"] == counts["planned"] == counts["refused"] == 0


@pytest.fixture(scope="module")
def exchange(live: Live) -> Iterator[Exchange]:
    (port,) = free_ports([0])
    url, logs, folder = f"http://127.0.0.1:{port}", live.folder.path / "logs", str(live.folder.path)
    members, kept = str(live.folder.path / "members"), str(live.folder.path / "window")
    with ExitStack() as parts:
        window = parts.enter_context(
            process(
                logs / "window.log",
                *("adapters.single_window_mock", "--dir", kept, "--members", members, "--port", str(port)),
            )
        )
        wait_for(f"{url}/healthz", logs / "window.log")
        adapters = parts.enter_context(
            process(
                logs / "adapters.log",
                *("scripts.cli", "adapter", folder, "--gateway", live.url, "--single-window", url),
            )
        )
        yield Exchange(url, window, adapters)


def test_an_adapter_without_disk_acknowledges_nothing_and_goes_on_by_itself(live: Live, exchange: Exchange) -> None:
    assert exchange.tell() == 201
    wait_until(exchange.is_settled, "settled")
    before = exchange.counts()["acknowledged"]
    with without_disk(exchange.adapters):
        assert exchange.tell() == 201
        log = live.folder.path / "logs" / "adapters.log"
        time.sleep(3)
        assert exchange.counts()["acknowledged"] == before
    wait_until(exchange.is_settled, "settled after there was room")
    assert exchange.adapters.poll() is None, log.read_text()[-2_000:]
    assert exchange.counts()["acknowledged"] > before


def test_a_single_window_without_disk_says_so_and_hands_everything_over_later(exchange: Exchange) -> None:
    before = exchange.counts()["acknowledged"]
    with without_disk(exchange.window):
        assert exchange.tell() == 503
        assert exchange.counts()["acknowledged"] == before
    assert exchange.tell() == 201
    wait_until(exchange.is_settled, "settled after there was room")
    assert exchange.window.poll() is None
    assert exchange.counts()["acknowledged"] > before
