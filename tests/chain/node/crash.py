"""Kills a node again and again and checks that it starts again at a whole block, with nothing lost that was told.

The child is a fork that runs a node, sends transactions, and writes a line for each thing that it tells: `taken HASH`
once a hash is answered, `sealed NUMBER HASH` once a receipt can be seen. It is killed by SIGKILL: by itself when a
named step comes, or from outside after a random time. Ten lives keep all states, the next ten prune, and so on, on one
database, so that it is also counted anew, swept and released between kills. `scripts/crash_node` runs it a thousand
times.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from coincurve import PrivateKey
from eth._utils.address import generate_contract_address
from eth_account import Account
from eth_utils.address import to_checksum_address

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.blocks import address_of
from chain.node.node import JOURNAL_FILE
from chain.node.settings import STATE_BLOCKS_MIN
from tests.chain.node.states import whole

CHAIN_ID = 20260
KEYS = [bytes([n]) * 32 for n in (1, 2, 3, 4)]
GENESIS = Genesis(CHAIN_ID, 60_000_000, 1_700_000_000, tuple(sorted(address_of(PrivateKey(key)) for key in KEYS)))
SENDER = Account.from_key(b"\x42" * 32)
STEPS = ("taken", "executed", "sealed", "stored", "shown")
PRUNING_STEPS = (*STEPS, "pruning")
LIVES_ALIKE = 10
KEEP = NodeSettings()
PRUNE = NodeSettings(state_blocks=STATE_BLOCKS_MIN)
BATCH = 5
SLOTS = 40
RUNTIME = bytes.fromhex("602035 600035 55 00")
"""Keeps the second word of calldata in the slot that the first names."""
CREATION = bytes.fromhex(f"60{len(RUNTIME):02x} 80 600b 6000 39 6000f3") + RUNTIME
LIFE_S_MAX = 0.3


def raw_transaction(nonce: int) -> bytes:
    """A contract that keeps a word; then words for it to keep or to empty, and creations with some bytes to write."""
    to = "" if nonce % 2 == 0 else to_checksum_address(generate_contract_address(address_bytes(), 0))
    if nonce == 0:
        data = CREATION
    elif to:
        data = (nonce // 2 % SLOTS).to_bytes(32) + (nonce if nonce % 3 else 0).to_bytes(32)
    else:
        data = bytes([0x60, 0, 0x60, 0, 0xF3]) + nonce.to_bytes(4) * 500
    fields = {
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "gas": 500_000,
        "gasPrice": 0,
        "value": 0,
        "to": to,
        "data": data,
    }
    return bytes(SENDER.sign_transaction(fields).raw_transaction)


def child(folder: Path, settings: NodeSettings, step: str, count: int, telling: int) -> None:
    """Run a node in `folder`, tell what it tells to the file descriptor `telling`, and die at the `count`th
    `step` (or when killed)."""
    seen: Counter[str] = Counter()
    opened = threading.Event()

    def say(*words: str) -> None:
        # One line in one write: two threads speak here.
        os.write(telling, (" ".join(words) + "\n").encode())

    def at_step(name: str) -> None:
        seen[name] += 1
        if name == step and seen[name] == count:
            # What waited may be sealed before the start has been told.
            opened.wait()
            os.kill(os.getpid(), signal.SIGKILL)

    # Real time, a hundred times as fast: no block waits long for its second, and no life begins before the last ended.
    node = EmbeddedNode.open(folder, GENESIS, KEYS, settings, clock=lambda: time.time() * 100, at_step=at_step)
    say("open", str(node.head.number))
    opened.set()
    node.listen(lambda block: say("sealed", str(block.header.number), block.header.hash.hex()))
    while True:
        nonce = node.next_nonce(address_bytes())
        for number in range(nonce, nonce + BATCH):
            say("taken", node.send(raw_transaction(number)).hex())
        while node.waiting:
            node.wait_for_block(node.head.number, 0.05)


def address_bytes() -> bytes:
    """The sender's address."""
    return bytes.fromhex(SENDER.address[2:])


@dataclass
class Told:
    """What the killed nodes told so far: transactions taken, in order, and the hash of each block."""

    taken: list[str]
    blocks: dict[int, str]


def prunes(kill: int) -> bool:
    """Whether the node prunes in the life that ends with this kill."""
    return kill // LIVES_ALIKE % 2 == 1


def run_and_kill(folder: Path, told: Told, chance: random.Random, kill: int) -> None:
    """One life of the node: at a named step for even kills, at a random moment for odd ones."""
    settings, steps = (PRUNE, PRUNING_STEPS) if prunes(kill) else (KEEP, STEPS)
    step = steps[kill // 2 % len(steps)] if kill % 2 == 0 else "never"
    count = chance.randint(1, 4)
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        # A fork needs no second and a half of imports; the parent holds no node open.
        os.close(reading)
        try:
            child(folder, settings, step, count, writing)
        finally:
            # Nothing but an error ends it here.
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.readline()
        assert said.startswith(b"open"), f"the node did not start before kill {kill}, it said {said!r}"
        if step == "never":
            time.sleep(chance.random() * LIFE_S_MAX)
            os.kill(process, signal.SIGKILL)
        said += pipe.read()
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status), f"the node ended by itself before kill {kill}"
    for line in said.decode().splitlines(keepends=True):
        if not line.endswith("\n"):
            continue
        word, *rest = line.split()
        if word == "taken":
            told.taken.append(rest[0])
        elif word == "sealed":
            told.blocks[int(rest[0])] = rest[1]


def check(folder: Path, told: Told) -> int:
    """What is on disk, against what was told; the newest block's number. Raises AssertionError for any loss."""
    node = EmbeddedNode.open(folder, GENESIS, KEYS, clock=lambda: 0.0)
    try:
        head = node.head.number
        assert node.state_from <= max(0, head - STATE_BLOCKS_MIN + 1), "more states were pruned than asked for"
        kept = [node.header(number).state_root for number in range(node.state_from, head + 1)]
        whole(kept, node._store._read_node)
        for number, block_hash in told.blocks.items():
            assert number <= head and node.header(number).hash.hex() == block_hash, (
                f"block {number} was told and is lost"
            )
        for name in told.taken:
            key = bytes.fromhex(name)
            assert node.find_transaction(key) or node.find_waiting(key), f"0x{name} was taken and is lost"
        in_blocks = sum(len(node.block(number).transactions) for number in range(1, head + 1))
        assert node.account(address_bytes(), node.head.state_root).nonce == in_blocks
        return head
    finally:
        node.close()


def crash(kills: int, seed: int = 0) -> int:
    """So many kills of one database; the number of blocks that it then holds. Raises AssertionError for any loss."""
    chance = random.Random(seed)
    told = Told([], {})
    head = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kill in range(kills):
            run_and_kill(folder, told, chance, kill)
            if kill % 5 == 4 or kill == kills - 1:
                head = check(folder, told)
            if kill % 50 == 49:
                pruned = sum(map(prunes, range(kill + 1)))
                print(
                    f"{kill + 1} kills ({pruned} of them while pruning), {head} blocks, "
                    f"{len(told.taken)} transactions taken, none lost",
                    flush=True,
                )
        assert (folder / JOURNAL_FILE).exists()
    return head


if __name__ == "__main__":
    crash(int(sys.argv[1]))
