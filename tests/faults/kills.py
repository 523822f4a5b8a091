"""Kills a gateway again and again while a broker sends, then has the audit prove from the chain what became of it all.

Real processes: an embedded node, and gateways that get SIGKILL at random moments, while they start and under load, with
single records and with uploads. The broker keeps every receipt; what was not answered goes again, the same bytes.

    python -m tests.faults.kills [--kills 1000] [--records 0] [--life-s 1.5] [--upload 60] [--seed 7]
        [--dir DIR]

goes on until there were so many kills and so many receipts. Exit 0 where `tongguan audit` says that every receipt was
kept and nothing was anchored twice.
"""

from __future__ import annotations

import json
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from chain.command_line import run_program
from chain.errors import TongguanError
from chain.proof.batch import split_entries
from chain.records import sign_record
from chain.sdjwt import SignedRecord
from gateway.client import GatewayClient, Receipt
from scripts.consortium_folder import ConsortiumFolder
from scripts.ledger_connection import connect, trust_root_of
from scripts.processes import free_ports
from tests.founded import copy_founded
from tests.gateway.memory_consortium import departure
from tests.record_numbers import jti_of

RECORDS_PER_UPLOAD = 60
READY_TIMEOUT_S = 120.0
SETTLE_TIMEOUT_S = 120.0
KILLED_WHILE_STARTING = 0.2
"""Share of the kills that come at any moment after the start, whether the gateway answers yet or not."""


@contextmanager
def process(log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module as a process of its own, killed at the end if it still runs."""
    with log.open("ab") as out:
        child = subprocess.Popen([sys.executable, "-m", *arguments], stdout=out, stderr=out)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def wait_for(url: str, log: Path) -> None:
    """Returns once the URL answers 200; fails with the end of the log."""
    until = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{url} did not answer: {log.read_text()[-2000:]}")


class Broker:
    """Sends records and writes down every receipt it was given, also the same one again."""

    def __init__(self, folder: ConsortiumFolder, url: str, consortium: str) -> None:
        self.member = folder.member("carrier").uscc
        self.key = folder.signing_key("carrier")
        self.consortium = consortium
        self.url = url
        # One for all lives: its token outlasts the gateway that gave it.
        self.client = GatewayClient(url, signer=self.key, member=self.member)
        self.file = folder.path / "receipts"
        self.receipts: dict[str, Receipt] = {}
        self.unanswered: dict[str, SignedRecord] = {}

    def send_until_dead(self, *, upload: bool, count: int) -> None:
        """Sends what was not answered, and new records up to `count` in all, until done or the gateway is gone."""
        # A gateway that refuses for a moment, while it starts, must not let unanswered records pile up.
        records = [*self.unanswered.values(), *(self.sign() for _ in range(count - len(self.unanswered)))]
        self.unanswered |= {one.record_id: one for one in records}
        try:
            if upload:
                for record, verdict in zip(records, self.client.submit_bulk(records), strict=False):
                    if verdict.receipt is not None:
                        self._keep(record, verdict.receipt)
            else:
                for record in records:
                    self._keep(record, self.client.submit(record))
        except (httpx.HTTPError, TongguanError, ValueError):
            return  # killed in the middle: what was not answered stays in `unanswered`

    def sign(self) -> SignedRecord:
        """A departure of one of 50 consignments."""
        return sign_record(
            departure(secrets.randbelow(50)),
            key=self.key,
            iss=self.member,
            consortium=self.consortium,
            iat=int(time.time()),
            jti=jti_of(secrets.token_urlsafe(12)),
        )

    def _keep(self, record: SignedRecord, receipt: Receipt) -> None:
        with self.file.open("a", encoding="ascii") as out:
            out.write(f"{receipt.text} {record.serialize()}\n")
        self.receipts[record.record_id] = receipt
        self.unanswered.pop(record.record_id, None)


@dataclass
class Outcome:
    """What a run of kills came to."""

    kills: int = 0
    killed_while_starting: int = 0
    receipts: int = 0
    took_s: float = 0.0
    audit_exit: int = 2
    audit: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """One line for people."""
        outcomes = ", ".join(f"{count:,} {name}" for name, count in self.audit.get("outcomes", {}).items())
        return (
            f"{self.kills:,} kills ({self.killed_while_starting:,} while starting) in {self.took_s:.0f} s; "
            f"{self.receipts:,} receipts: {outcomes}; {self.audit.get('doubled')} entries anchored twice by one "
            f"gateway, {len(self.audit.get('void_batches', []))} batches void"
        )


@dataclass(frozen=True)
class Plan:
    """How long to go on, and how."""

    kills: int = 1_000
    records: int = 0
    """Receipts that there must be too."""
    life_s: float = 1.5
    """Longest life under load."""
    upload: int = RECORDS_PER_UPLOAD
    """Records sent together, one by one or in bulk."""
    seed: int = 7


def run(path: Path, plan: Plan, say: Callable[[str], None]) -> Outcome:
    """Founds a consortium in `path` and goes on until there were so many kills and receipts; then audits."""
    folder = ConsortiumFolder(path)
    root = copy_founded(folder)
    node_port, port = free_ports([0, 0])
    rpc, url = f"http://127.0.0.1:{node_port}", f"http://127.0.0.1:{port}"
    settings = str(folder.gateway / "settings.json")
    gateway = ("gateway", "--settings", settings, "--rpc", rpc, "--port", str(port))
    broker = Broker(folder, url, root.consortium.hex())
    folder.path.joinpath("logs").mkdir(exist_ok=True)
    log, node_log = folder.path / "logs" / "gateway.log", folder.path / "logs" / "node.log"
    chance = random.Random(plan.seed)
    outcome, began = Outcome(), time.monotonic()
    with process(node_log, "chain.node", "--dir", str(folder.path), "--port", str(node_port)):
        wait_for(f"{rpc}/health", node_log)
        while outcome.kills < plan.kills or len(broker.receipts) < plan.records:
            with process(log, *gateway) as child:
                outcome.killed_while_starting += _one_life(child, broker, log, chance, plan)
            outcome.kills += 1
            if outcome.kills % 10 == 0:
                say(f"{outcome.kills} kills, {len(broker.receipts)} receipts, {time.monotonic() - began:.0f} s")
        with process(log, *gateway) as child:
            wait_for(f"{url}/readyz", log)
            broker.send_until_dead(upload=False, count=1)
            assert not broker.unanswered, "a gateway that lives answers everything"
            _settle(folder, rpc, broker)
            child.send_signal(signal.SIGTERM)
            assert child.wait(30) == 0, "an ordered end"
        outcome.receipts, outcome.took_s = len(broker.receipts), time.monotonic() - began
        outcome.audit_exit, outcome.audit = _audit(folder, rpc, broker)
    return outcome


def _one_life(child: subprocess.Popen[bytes], broker: Broker, log: Path, chance: random.Random, plan: Plan) -> bool:
    """Lets the gateway live for a random time under load; whether it was killed before it answered."""
    starting = chance.random() < KILLED_WHILE_STARTING
    if starting:
        time.sleep(chance.uniform(0.0, 2 * plan.life_s))
    else:
        wait_for(f"{broker.url}/healthz", log)
    killer = threading.Timer(0.0 if starting else chance.uniform(0.02, plan.life_s), child.kill)
    killer.start()
    upload = chance.random() < 0.5
    while child.poll() is None:
        broker.send_until_dead(upload=upload, count=plan.upload)
    killer.join()
    return starting


def _settle(folder: ConsortiumFolder, rpc: str, broker: Broker) -> None:
    """Returns once as many entries stand on the chain as were promised, or time is up."""
    ledger = connect(trust_root_of(folder), rpc)
    until = time.monotonic() + SETTLE_TIMEOUT_S
    while time.monotonic() < until:
        if sum(len(split_entries(batch.entries)) for batch in ledger.batches(0)) >= len(broker.receipts):
            return
        time.sleep(0.5)


def _audit(folder: ConsortiumFolder, rpc: str, broker: Broker) -> tuple[int, dict[str, Any]]:
    command = ("audit", str(folder.path), "--rpc", rpc, "--receipts", str(broker.file), "--json")
    done = subprocess.run([sys.executable, "-m", "scripts.cli", *command], capture_output=True, text=True, check=False)
    if done.returncode == 2 and not done.stdout:
        raise AssertionError(done.stderr)
    return done.returncode, json.loads(done.stdout)


STANDARD = Plan()


def main(
    kills: int = STANDARD.kills,
    records: Annotated[int, typer.Option(help="go on until so many records were accepted")] = 0,
    life_s: Annotated[float, typer.Option(help="longest life under load, in seconds")] = STANDARD.life_s,
    upload: Annotated[int, typer.Option(help="records sent together")] = STANDARD.upload,
    seed: int = STANDARD.seed,
    folder: Annotated[Path | None, typer.Option("--dir", help="to found the consortium in; else a passing one")] = None,
) -> int:
    """Kill a gateway under load and audit it."""
    plan = Plan(kills, records, life_s, upload, seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as passing:
        outcome = run(folder or Path(passing) / "consortium", plan, print)
    print(outcome.line())
    return outcome.audit_exit


if __name__ == "__main__":
    sys.exit(run_program("kills", main))
