"""The embedded node: blocks, calls and proofs, beside eth-tester and Anvil in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.ledger import calls as ledger_calls
from chain.proof.batch import BATCH_ENTRIES_MAX, entries_root
from scripts.benchmarks.engines import MeasuredEngine, answering, anvil, eth_tester, in_process
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least, at_most
from scripts.benchmarks.local_consortium import Town, folder_bytes, open_town, random_entries
from scripts.benchmarks.process_stats import can_watch, descendants, private_mb
from scripts.processes import free_ports

BLOCKS = 10_000
BLOCKS_QUICK = 1_000
CALLS_AT_ONCE, CALLS_AT_ONCE_QUICK = 500, 100
STATE_BLOCKS = 128
"""How many blocks' states the pruned node keeps."""
BATCHES_RECKONED = 10_000
BATCH_MS_MAX = 40
BATCHES = "entries/s anchored in full batches"
CALLS = "simple contract calls"
ONE_BY_ONE = "one transaction a record"
ETH_TESTER = "simple contract calls: eth-tester"
SLOTS = ["0x" + slot.to_bytes(32).hex() for slot in range(4)]


def run(context: Context) -> Iterator[Figure]:
    """Batches and calls in process; then a chain of many blocks, served by a process of its own."""
    sender: LocalAccount = Account.from_key(b"\x42" * 32)
    watch = BlockWatch()
    with open_town(context.scratch, watch.at_step) as town:
        context.say("full batches")
        yield from _batches(context, town, watch)
        context.say("one transaction a record")
        yield _one_by_one(context, town)
        engine = in_process(town.node, sender)
        contract = engine.deploy()
        context.say("simple calls: this node, eth-tester, Anvil")
        yield _simple_calls(context, CALLS, engine, contract, 1, against=ETH_TESTER, limit=at_least(250))
        yield from _peers(context, sender)
        blocks = BLOCKS_QUICK if context.quick else BLOCKS
        context.say(f"a chain of {blocks:,} blocks, a batch of one entry in each")
        _grow(town, blocks)
        yield from _disk_at_depth(context, town, blocks)
        ledger = town.ledger.address_of("RecordLedger")
    yield from _served(context, blocks, sender, contract, ledger)


class BlockWatch:
    """Notes when a transaction was taken and when its block, durable, was shown."""

    def __init__(self) -> None:
        self.taken = self.shown = 0.0

    def at_step(self, step: str) -> None:
        """Called by the node at each step of making a block."""
        if step == "taken":
            self.taken = time.perf_counter()
        elif step == "shown":
            self.shown = time.perf_counter()


def _batches(context: Context, town: Town, watch: BlockWatch) -> Iterator[Figure]:
    account = town.folder.account("gateway", "gateway")
    before = folder_bytes(town.folder.path / "node")
    times, made, rates = [], 0, []
    for repetition in range(context.repetitions):
        took = []
        for number in range(4 if context.quick else 10):
            entries = random_entries(BATCH_ENTRIES_MAX, seed=1_000 * repetition + number)
            call = ledger_calls.anchor(entries_root(entries), len(entries), b"".join(entries))
            raw = town.ledger.prepare(call, account, town.ledger.next_nonce(account.address))
            town.ledger.wait(town.ledger.send_raw(raw))
            took.append((watch.shown - watch.taken) * 1000)
            made += 1
        times.append(statistics.median(took))
        rates.append(BATCH_ENTRIES_MAX * 1000 / times[-1])
    taken = (folder_bytes(town.folder.path / "node") - before) / made
    yield Figure("full batch: from taken to durable", "ms", tuple(times), limit=at_most(BATCH_MS_MAX))
    yield Figure(BATCHES, "entries/s", tuple(rates), against=ONE_BY_ONE)
    yield Figure("disk a full batch", "bytes", (taken,))


def _disk_at_depth(context: Context, town: Town, blocks: int) -> Iterator[Figure]:
    """What a full batch takes where the trie is deep: proofs, and so new nodes, are longer there than at the start."""
    account = town.folder.account("gateway", "gateway")
    count = 4 if context.quick else 20
    before = folder_bytes(town.folder.path / "node")
    for number in range(count):
        entries = random_entries(BATCH_ENTRIES_MAX, seed=900_000 + number)
        call = ledger_calls.anchor(entries_root(entries), len(entries), b"".join(entries))
        town.ledger.wait(
            town.ledger.send_raw(town.ledger.prepare(call, account, town.ledger.next_nonce(account.address)))
        )
    taken = (folder_bytes(town.folder.path / "node") - before) / count
    yield Figure(f"disk a full batch, after {blocks:,} others", "bytes", (taken,))
    yield Figure(f"disk of {BATCHES_RECKONED:,} full batches, reckoned", "MB", (taken * BATCHES_RECKONED / 1e6,))


def _one_by_one(context: Context, town: Town) -> Figure:
    """One transaction for each record, all waiting at once, on the same node."""
    account = town.folder.account("gateway", "gateway")
    count = 100 if context.quick else 400
    rates = []
    for repetition in range(context.repetitions):
        nonce = town.ledger.next_nonce(account.address)
        raws = []
        for place, entry in enumerate(random_entries(count, seed=7_000 + repetition)):
            call = ledger_calls.anchor(entries_root([entry]), 1, entry)
            raws.append(town.ledger.prepare(call, account, nonce + place))
        began = time.perf_counter()
        names = [town.ledger.send_raw(raw) for raw in raws]
        town.ledger.wait(names[-1])
        rates.append(count / (time.perf_counter() - began))
    return Figure(ONE_BY_ONE, "entries/s", tuple(rates))


def _simple_calls(
    context: Context, name: str, engine: MeasuredEngine, contract: str, nonce: int, **facts: object
) -> Figure:
    """Signed beforehand, sent together; recovering signatures, running, sealing and storing are measured."""
    count = _calls_at_once(context)
    firsts = range(nonce, nonce + count * context.repetitions, count)
    left = iter([engine.signed_calls(contract, first, count) for first in firsts])
    return context.per_second(name, lambda: engine.send_all(next(left)), **facts)


def _calls_at_once(context: Context) -> int:
    return CALLS_AT_ONCE_QUICK if context.quick else CALLS_AT_ONCE


def _peers(context: Context, sender: LocalAccount) -> Iterator[Figure]:
    tester = eth_tester()
    contract = tester.deploy()
    yield _simple_calls(context, ETH_TESTER, tester, contract, 1)
    yield _questions(context, "eth_call: eth-tester, in process", tester, _call_of(contract), against="eth_call")
    with anvil(sender) as other:
        if other is not None:
            contract = other.deploy()
            yield _simple_calls(context, "simple contract calls: Anvil, over HTTP", other, contract, 1, against=CALLS)
            yield _questions(context, "eth_call: Anvil", other, _call_of(contract), against="eth_call")
            yield _questions(context, "eth_getProof: Anvil", other, _proof_of(contract), against="eth_getProof")


def _grow(town: Town, blocks: int) -> None:
    """Blocks of one batch of one entry each, until the chain has so many."""
    account = town.folder.account("gateway", "gateway")
    nonce = town.ledger.next_nonce(account.address)
    while town.node.head.number < blocks:
        head = town.node.head.number
        (entry,) = random_entries(1, seed=100_000 + head)
        town.node.send(town.ledger.prepare(ledger_calls.anchor(entries_root([entry]), 1, entry), account, nonce))
        nonce += 1
        if not town.node.wait_for_block(head, 30):
            raise TimeoutError("no block came")


def _served(context: Context, blocks: int, sender: LocalAccount, contract: str, ledger: str) -> Iterator[Figure]:
    starts = []
    for place in range(context.repetitions):
        with _node_process(context.scratch, sender) as (engine, took_s):
            starts.append(took_s)
            if place < context.repetitions - 1:
                continue
            context.say("calls and proofs of the served node")
            yield _questions(context, "eth_call", engine, _call_of(contract), limit=at_least(400))
            yield _questions(context, "eth_call of the record ledger", engine, _batch_count_of(ledger))
            yield _questions(context, "eth_getProof", engine, _proof_of(contract), limit=at_least(300))
            if can_watch():
                memory = private_mb(descendants("chain.node"))
                yield Figure(f"memory at {blocks:,} blocks", "MB", (memory,), limit=at_most(200))
    yield Figure(f"start on {blocks:,} blocks", "s", tuple(starts), limit=at_most(2))
    whole = Figure(f"database of {blocks:,} blocks", "MB", (folder_bytes(context.scratch / "node") / 1e6,))
    yield whole
    context.say(f"pruning it to the states of {STATE_BLOCKS} blocks")
    with _node_process(context.scratch, sender, "--state-blocks", str(STATE_BLOCKS)) as (_, took_s):
        yield Figure(f"start that prunes {blocks:,} blocks", "s", (took_s,))
    pruned = folder_bytes(context.scratch / "node") / 1e6
    yield Figure(f"database of {blocks:,} blocks, pruned", "MB", (pruned,), against=whole.name)


@contextmanager
def _node_process(folder: Path, sender: LocalAccount, *options: str) -> Iterator[tuple[MeasuredEngine, float]]:
    (port,) = free_ports([0])
    command = [sys.executable, "-m", "chain.node", "--dir", str(folder), "--port", str(port), *options]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        engine = answering(f"http://127.0.0.1:{port}", sender)
        yield engine, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def _questions(
    context: Context, name: str, engine: MeasuredEngine, question: tuple[str, list[object]], **facts: object
) -> Figure:
    method, params = question
    count = 200 if context.quick else 1_000

    def asked() -> int:
        for _ in range(count):
            engine.ask(method, *params)
        return count

    return context.per_second(name, asked, **facts)


def _call_of(contract: str) -> tuple[str, list[object]]:
    return "eth_call", [{"to": contract, "data": "0x" + "00" * 32 + "00" * 31 + "01"}, "latest"]


def _batch_count_of(ledger: str) -> tuple[str, list[object]]:
    return "eth_call", [{"to": ledger, "data": "0x06f13056"}, "latest"]


def _proof_of(contract: str) -> tuple[str, list[object]]:
    return "eth_getProof", [contract, SLOTS, "latest"]


BENCHMARK = Benchmark(
    name="node",
    what="the embedded node, four validators, one client",
    leaves_out="waiting for the second to turn, which a real node does between blocks; batches and simple calls are "
    "sent in process, eth-tester's too, Anvil's and all questions over HTTP; Anvil only where "
    "`scripts/compile_contracts --anvil` brought it",
    run=run,
)
