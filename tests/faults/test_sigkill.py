"""A broker sends records while the gateway is killed again and again: every receipt is kept, each entry stands once.

Real processes: an embedded node, and gateways that get SIGKILL at random moments under load. `TONGGUAN_KILLS` sets how
often (default 5; 25 take two minutes on two idle cores, 1,000 an afternoon).
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from chain.errors import TongguanError
from chain.keys import SigningKey
from chain.proof.batch import split_entries
from chain.records import sign_record
from chain.sdjwt import SignedRecord
from gateway.client import GatewayClient, Receipt
from scripts.connecting import connect, trust_root_of
from scripts.folder import ConsortiumFolder
from scripts.founding import found
from scripts.processes import free_ports
from tests.unit.gateway.paper import departure

KILLS = int(os.environ.get("TONGGUAN_KILLS", "5"))
RECORDS_PER_LIFE_MAX = 60
READY_TIMEOUT_S = 90.0
SETTLE_TIMEOUT_S = 90.0


@contextmanager
def process(log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        child = subprocess.Popen([sys.executable, "-m", *arguments], stdout=out, stderr=out)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def wait_for(url: str, log: Path) -> None:
    until = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer: {log.read_text()[-2000:]}")


class Broker:
    """Sends records and keeps every receipt it was given; what was not answered goes again, the same bytes."""

    def __init__(self, folder: ConsortiumFolder, url: str, consortium: str) -> None:
        self.member = folder.member("carrier").uscc
        self.key: SigningKey = folder.signing_key("carrier")
        self.consortium = consortium
        self.url = url
        self.receipts: dict[str, Receipt] = {}
        self.unanswered: dict[str, SignedRecord] = {}

    def send_until_dead(self, count: int) -> None:
        client = GatewayClient(self.url)
        again = list(self.unanswered.values())
        try:
            for record in [*again, *(self.sign() for _ in range(count))]:
                self.unanswered[record.record_id] = record
                receipt = client.submit(record)
                del self.unanswered[record.record_id]
                earlier = self.receipts.setdefault(record.record_id, receipt)
                assert earlier == receipt, "two receipts for one record contradict each other"
        except (httpx.HTTPError, TongguanError):
            return
        finally:
            client.close()

    def sign(self) -> SignedRecord:
        return sign_record(
            departure(secrets.randbelow(50)),
            key=self.key,
            iss=self.member,
            consortium=self.consortium,
            iat=int(time.time()),
            jti=secrets.token_urlsafe(12),
        )


@pytest.mark.slow
@pytest.mark.timeout(60 + 120 * KILLS)
def test_however_often_the_gateway_is_killed_every_receipt_is_kept_once(tmp_path: Path) -> None:
    folder = ConsortiumFolder(tmp_path / "consortium")
    root = found(folder, say=lambda text: None)
    node_port, port = free_ports([28645, 28700])
    rpc, url = f"http://127.0.0.1:{node_port}", f"http://127.0.0.1:{port}"
    settings = str(folder.gateway / "settings.json")
    gateway = ("gateway", "--settings", settings, "--rpc", rpc, "--port", str(port))
    broker = Broker(folder, url, root.consortium.hex())
    log = tmp_path / "gateway.log"
    chance = random.Random(7)
    with process(tmp_path / "node.log", "chain.node", "--dir", str(folder.path), "--port", str(node_port)):
        wait_for(f"{rpc}/health", tmp_path / "node.log")
        for _ in range(KILLS):
            with process(log, *gateway) as child:
                wait_for(f"{url}/healthz", log)
                killer = subprocess.Popen(
                    ["sh", "-c", f"sleep {chance.uniform(0.05, 2.0):.2f}; kill -{signal.SIGKILL:d} {child.pid}"]
                )
                while child.poll() is None:
                    broker.send_until_dead(RECORDS_PER_LIFE_MAX)
                killer.wait()
        with process(log, *gateway):
            wait_for(f"{url}/readyz", log)
            broker.send_until_dead(1)
            assert broker.unanswered == {}
            on_chain = settled(folder, rpc, broker)
    assert len(broker.receipts) > KILLS
    promised = Counter(tag + digest for receipt in broker.receipts.values() for tag, digest in receipt.entries)
    assert promised - on_chain == Counter(), "an acknowledged record is not on the chain"
    assert max(on_chain.values()) == 1, "an entry was anchored twice"


def settled(folder: ConsortiumFolder, rpc: str, broker: Broker) -> Counter[bytes]:
    """Every entry on the chain, once as many as were promised stand there or time is up: from the chain alone."""
    ledger = connect(trust_root_of(folder), rpc)
    until = time.monotonic() + SETTLE_TIMEOUT_S
    while True:
        found = Counter(entry for batch in ledger.batches(0) for entry in split_entries(batch.entries))
        if len(found) >= len(broker.receipts) or time.monotonic() > until:
            return found
        time.sleep(0.5)
