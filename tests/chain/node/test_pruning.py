"""Where older states are pruned, those that are kept are whole, nothing else stays, and no kill changes that."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import lmdb
import pytest
from eth_account.signers.local import LocalAccount
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.node import EmbeddedNode, Genesis, NodeSettings, pruning
from chain.node.accounts import account_under, proof_under, word_under
from chain.node.blocks import Block, Header
from chain.node.errors import SERVER_ERROR, NodeStoreFault
from chain.node.store import TABLES, Store
from chain.node.trie import EMPTY_ROOT
from chain.node.vm import Context, open_state
from chain.proof.storage import NodeSet, read_account, read_slot
from tests.chain.node.conftest import RECIPIENT, VALIDATOR_KEYS, rpc, rpc_error, signed
from tests.chain.node.number_contract import BYTECODE, keep_call
from tests.chain.node.states import whole

WINDOW = 16
KEEP = NodeSettings(instant=True, state_blocks=WINDOW)
ARCHIVE = NodeSettings(instant=True)
BYTES_MAX = 1 << 26
CONTRACTS = [bytes([n]) * 20 for n in (1, 2, 3)]

State = dict[bytes, dict[int, int]]
"""What a model says of one block: the words of each contract that exists."""


class World:
    """A store that grows by blocks of made-up changes, and a model of every state that it ever had."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.window: int | None = None
        self.headers = [_header(0, EMPTY_ROOT)]
        self.models: list[State] = [{}]
        self.names: list[bytes] = []
        self.store = self._open()

    def _open(self) -> Store:
        first = Block(self.headers[0], (), (), ())
        return Store.open(self._folder, first, {}, bytes_max=BYTES_MAX, state_blocks=self.window)

    def reopen(self, window: int | None) -> None:
        self.store.close()
        self.window = window
        self.store = self._open()

    def grow(self, changes: list[tuple[int, str, int, int]]) -> None:
        """One block; each change is a contract, what is done to it, and two numbers."""
        model = {address: dict(words) for address, words in self.models[-1].items()}
        head = self.headers[-1]
        state = open_state(self.store.node, head.state_root, Context(1, 0, 0, bytes(20), 0, tuple))
        for place, what, first, second in changes:
            address = cast(Any, CONTRACTS[place])
            if what == "clear":
                state.delete_account(address)
                model.pop(CONTRACTS[place], None)
                continue
            state.set_nonce(address, 1)
            words = model.setdefault(CONTRACTS[place], {})
            if what == "code":
                # Code whose bytes are those of a trie node: its hash is that node's.
                bodies = [b"\x60", *(self.store.node(name) for name in self.kept_names())]
                state.set_code(address, bodies[first % len(bodies)])
            else:
                state.set_storage(address, first, second)
                words[first] = second
        state.persist()
        header = _header(head.number + 1, state.state_root, head.hash)
        self.store.append(Block(header, (), (), ()), state.fresh)
        self.headers.append(header)
        self.models.append(model)

    def kept_names(self) -> list[bytes]:
        """The nodes of the newest state, in the order in which a change to code counts them from 1."""
        return sorted(whole([self.headers[-1].state_root], self.store.node)[0])

    def check(self) -> None:
        """Every kept block answers and proves all that its model says; counts and nodes are exactly what is named."""
        first = self.store.state_from
        if self.window is not None:
            assert first >= len(self.headers) - self.window
        for header, model in list(zip(self.headers, self.models, strict=True))[first:]:
            for address in CONTRACTS:
                self._check_account(header, address, model.get(address))
        if self.window is not None:
            nodes, codes = whole([header.state_root for header in self.headers[first:]], self._raw)
            stored, counts = self._tables()
            assert stored == nodes.keys() | codes.keys()
            assert counts == {**nodes, **{name + b"c": count for name, count in codes.items()}}

    def _check_account(self, header: Header, address: bytes, words: dict[int, int] | None) -> None:
        proof = proof_under(header.state_root, address, list(range(6)), self._raw)
        account = account_under(header.state_root, address, self._raw)
        assert account == proof.account and account.nonce == (words is not None)
        if header.state_root == EMPTY_ROOT:
            return
        nodes = NodeSet.of({node for part in (proof.account_nodes, *(one[2] for one in proof.slots)) for node in part})
        proved = read_account(header.state_root, address, nodes)
        assert (proved is None) == (words is None)
        for slot, word, _ in proof.slots:
            expected = (words or {}).get(slot, 0)
            assert word == expected == word_under(account.storage_root, slot, self._raw)
            assert proved is None or read_slot(proved.storage_root, slot, nodes) == expected

    def _raw(self, name: bytes) -> bytes:
        # Past the cache, which may still hold what is no longer stored.
        return self.store._read_node(name)

    def _tables(self) -> tuple[set[bytes], dict[bytes, int]]:
        store = self.store
        with store._environment.begin() as transaction:
            stored = {bytes(key) for key, _ in transaction.cursor(db=store._tables["nodes"])}
            counts = transaction.cursor(db=store._tables["references"])
            return stored, {bytes(key): int.from_bytes(value) for key, value in counts}


def _header(number: int, state_root: bytes, parent: bytes = bytes(32)) -> Header:
    return Header(parent, bytes(20), state_root, EMPTY_ROOT, EMPTY_ROOT, bytes(256), number, 1, 0, number, ())


changes = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["word", "word", "word", "clear", "code"]),
        st.integers(0, 5),
        st.sampled_from([0, 1, 2, 1 << 255]),
    ),
    max_size=4,
)
steps = st.lists(st.one_of(changes, changes, changes, st.none() | st.integers(1, 4)), min_size=1, max_size=14)


@settings(max_examples=60, deadline=None)
@given(steps=steps)
def test_every_key_of_every_kept_block_answers_and_nothing_else_stays(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    world = World(tmp_path_factory.mktemp("store"))
    try:
        world.reopen(3)
        for step in steps:
            if isinstance(step, list):
                world.grow(step)
            else:
                world.reopen(step)
            world.check()
        world.reopen(2)
        world.check()
    finally:
        world.store.close()


def test_code_with_a_trie_nodes_bytes_takes_nothing_with_it(tmp_path: Path) -> None:
    """Code and storage of two contracts are the same bytes: either may go first, and the other stays."""
    for code_stays in (True, False):
        world = World(tmp_path / str(code_stays))
        world.reopen(2)
        world.grow([(0, "word", slot, 1 << 255) for slot in range(6)])
        storage_root = account_under(world.headers[-1].state_root, CONTRACTS[0], world.store.node).storage_root
        world.grow([(1, "code", 1 + world.kept_names().index(storage_root), 0)])
        world.grow([(0, "word", 0, 1)] if code_stays else [(1, "code", 0, 0)])
        for number in range(3):
            world.grow([(2, "word", 0, number)])
            world.check()
        assert world.store._read_node(storage_root)
        world.store.close()


def busy(node: EmbeddedNode, sender: LocalAccount, blocks: int, first: int = 0) -> None:
    """A contract, then blocks that each write another word into it."""
    if first == 0:
        node.send(signed(sender, 0, to="", data=BYTECODE, gas=300_000))
    for nonce in range(max(1, first), first + blocks):
        node.send(signed(sender, nonce, to=contract_of(node), data=keep_call(nonce), gas=300_000))


def contract_of(node: EmbeddedNode) -> str:
    from web3 import Web3

    name = "0x" + node.block(1).hashes[0].hex()
    return str(Web3.to_checksum_address(rpc(node, "eth_getTransactionReceipt", name)["contractAddress"]))


def test_a_pruned_state_is_an_error_that_clients_know(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, KEEP)
    busy(node, sender, 20)
    address, first = contract_of(node), node.state_from
    assert first == node.head.number - WINDOW + 1 == 5
    asked: list[tuple[str, list[Any]]] = [
        ("eth_getBalance", [sender.address]),
        ("eth_getTransactionCount", [sender.address]),
        ("eth_getCode", [address]),
        ("eth_getStorageAt", [address, "0x0"]),
        ("eth_getProof", [address, ["0x0"]]),
        ("eth_call", [{"to": address}]),
        ("eth_estimateGas", [{"to": RECIPIENT}]),
        ("eth_createAccessList", [{"to": RECIPIENT}]),
    ]
    for method, params in asked:
        error = rpc_error(node, method, *params, hex(first - 1))
        assert error["code"] == SERVER_ERROR and error["message"].startswith("missing trie node ")
        assert "block 4 is pruned" in error["message"] and "from block 5 on" in error["message"]
        assert rpc_error(node, method, *params, {"blockHash": "0x" + node.header(3).hash.hex()})["code"] == SERVER_ERROR
    for number in range(first, node.head.number + 1):
        assert int(rpc(node, "eth_getStorageAt", address, "0x0", hex(number)), 16) == number - 1
    # What is no state stays for ever.
    assert rpc(node, "eth_getBlockByNumber", "0x2", True)["transactions"][0]["nonce"] == "0x1"
    assert len(rpc(node, "eth_getLogs", {"fromBlock": "0x0", "address": address})) == 19
    node.close()


def test_a_state_that_goes_while_it_is_read_is_the_same_error(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, KEEP)
    busy(node, sender, 20)
    monkeypatch.setattr(EmbeddedNode, "state_from", 0)
    node._store.node.cache_clear()
    for method, params in (("eth_getBalance", [sender.address]), ("eth_call", [{"to": RECIPIENT}])):
        error = rpc_error(node, method, *params, "0x2")
        assert error == {
            "code": SERVER_ERROR,
            "message": "missing trie node: the state of this block is pruned",
        }
    node.close()


def test_disk_use_stays_bounded_and_a_large_file_shrinks(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nodes_in(folder: Path) -> int:
        environment = lmdb.open(str(folder), max_dbs=len(TABLES), readonly=True)
        with environment.begin() as transaction:
            count = int(transaction.stat(environment.open_db(b"nodes", transaction))["entries"])
        environment.close()
        return count

    for folder, how in (("kept", KEEP), ("all", ARCHIVE)):
        node = EmbeddedNode.open(tmp_path / folder, genesis, VALIDATOR_KEYS, how)
        busy(node, sender, 150)
        node.close()
    few, many = nodes_in(tmp_path / "kept"), nodes_in(tmp_path / "all")
    assert few < 5 * WINDOW < 3 * 150 < many
    file = tmp_path / "all" / "data.mdb"
    before = file.stat().st_size
    monkeypatch.setattr(pruning, "FREE_PAGES_MIN", 16)
    monkeypatch.setattr(pruning, "FREE_SHARE_MAX", 0.05)
    node = EmbeddedNode.open(tmp_path / "all", genesis, VALIDATOR_KEYS, KEEP)
    assert file.stat().st_size < before * 0.8 and not (tmp_path / "all" / pruning.COMPACT_FOLDER).exists()
    busy(node, sender, 5, first=150)
    assert int(rpc(node, "eth_getStorageAt", contract_of(node), "0x0", "latest"), 16) == 154
    assert rpc(node, "eth_getBlockByNumber", "0x1", False)["number"] == "0x1"
    node.close()
    assert nodes_in(tmp_path / "all") < 5 * WINDOW


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, ARCHIVE)
    busy(node, sender, 30)
    node.close()
    monkeypatch.setattr(pruning, "FREE_PAGES_MIN", 0)
    monkeypatch.setattr(pruning, "FREE_SHARE_MAX", 0.0)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, KEEP)
    assert "No space left" in caplog.text and not (tmp_path / pruning.COMPACT_FOLDER).exists()
    assert node.head.number == 30 and node.account(bytes.fromhex(sender.address[2:]), node.head.state_root).nonce == 30
    node.close()


def test_a_block_stored_without_counting_ends_the_counts(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    for first, how in ((0, KEEP), (20, ARCHIVE), (40, KEEP)):
        node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, how)
        busy(node, sender, 20, first=first)
        # States that were kept before stay kept; those that were pruned do not come back.
        assert node.state_from == {0: 5, 20: 5, 40: 45}[first]
        kept = [node.header(number).state_root for number in range(node.state_from, node.head.number + 1)]
        whole(kept, node._store._read_node)
        node.close()


def test_a_read_only_node_reads_a_pruned_copy_without_changing_it(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, KEEP)
    busy(node, sender, 20)
    node.close()
    before = (tmp_path / "data.mdb").read_bytes()
    node = EmbeddedNode.open(tmp_path, genesis, [], NodeSettings(read_only=True))
    assert node.state_from == 5
    assert rpc_error(node, "eth_getBalance", RECIPIENT, "0x4")["message"].startswith("missing trie node")
    node.close()
    assert (tmp_path / "data.mdb").read_bytes() == before


def test_a_lost_node_stops_pruning_with_a_sentence(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, ARCHIVE)
    busy(node, sender, 20)
    root = node.header(10).state_root
    lost = sorted(set(whole([root], node._store.node)[0]) - {root})[0]
    node.close()
    environment = lmdb.open(str(tmp_path), max_dbs=len(TABLES), map_size=BYTES_MAX)
    with environment.begin(write=True) as transaction:
        transaction.delete(lost, db=environment.open_db(b"nodes", transaction))
    environment.close()
    with pytest.raises(NodeStoreFault, match="damaged"):
        EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, KEEP)


def killed_at(step: str, count: int, work: Callable[[Callable[[str], None]], None]) -> None:
    """Do this work in a fork that kills itself at the `count`th such step; the work must reach it."""
    process = os.fork()
    if process == 0:
        left = [count]

        def at_step(name: str) -> None:
            left[0] -= name == step
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            work(at_step)
        finally:
            os._exit(1)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"{step} never came"


@pytest.mark.slow
@pytest.mark.parametrize("step", ["counted", "swept", "released", "copied", "compacted", "pruning"])
def test_a_kill_while_pruning_leaves_whole_states(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, ARCHIVE)
    busy(node, sender, 60)
    hashes = [node.header(number).hash for number in range(61)]
    node.close()
    monkeypatch.setattr(pruning, "SWEEP_KEYS", 20)
    monkeypatch.setattr(pruning, "FREE_PAGES_MIN", 0)
    monkeypatch.setattr(pruning, "FREE_SHARE_MAX", 0.0)

    def work(at_step: Callable[[str], None]) -> None:
        opened = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, wide, at_step=at_step)
        busy(opened, sender, 1, first=60)
        opened.close()
        EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, KEEP, at_step=at_step)

    # First to a window of 40 blocks, then to one of 16, so that counted states are released too.
    wide = NodeSettings(instant=True, state_blocks=40)
    killed_at(step, {"swept": 3, "released": 9}.get(step, 1), work)
    for settings_after in (NodeSettings(read_only=True), KEEP):
        node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, settings_after)
        head = node.head.number
        assert head in (60, 61) and [node.header(number).hash for number in range(61)] == hashes
        assert node.state_from <= head - WINDOW + 1
        kept = [node.header(number).state_root for number in range(node.state_from, head + 1)]
        whole(kept, node._store._read_node)
        if settings_after is KEEP:
            assert node.state_from == head - WINDOW + 1
            # A transaction that was taken before the kill waits still, and is sealed with the next.
            first = node.next_nonce(bytes.fromhex(sender.address[2:]))
            busy(node, sender, 3, first=first)
            assert int(rpc(node, "eth_getStorageAt", contract_of(node), "0x0", "latest"), 16) == first + 2
        node.close()
