"""What is kept of the state in memory: answers as without it, never more bytes than said, nothing that is gone."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.errors import NodeStoreFault, TrieNodeMissing
from chain.node.node_cache import NodeCache
from chain.node.store import NODES_CACHED_BYTES_MAX
from chain.node.trie import keccak
from tests.chain.node.conftest import VALIDATOR_KEYS, rpc, rpc_error, signed
from tests.chain.node.number_contract import BYTECODE, KEPT_CALL, keep_call
from tests.chain.node.states import whole

BYTES_MAX = 20_000


def some(count: int, length: int = 100) -> dict[bytes, bytes]:
    nodes = [n.to_bytes(4) * (length // 4) for n in range(count)]
    return {keccak(node): node for node in nodes}


def test_it_never_keeps_more_than_it_may() -> None:
    kept = some(500)
    cache = NodeCache(kept.__getitem__, BYTES_MAX)
    chance = random.Random(1)
    for _ in range(3_000):
        name = chance.choice(list(kept))
        assert cache(name) == kept[name]
        assert cache.size_bytes <= BYTES_MAX
    assert cache.size_bytes > BYTES_MAX // 4
    huge = {keccak(b"\x01" * BYTES_MAX): b"\x01" * BYTES_MAX}
    cache.add(huge)
    assert cache.size_bytes <= BYTES_MAX


def test_what_is_asked_for_again_and_again_is_read_once() -> None:
    kept = some(400)
    read: list[bytes] = []

    def reading(name: bytes) -> bytes:
        read.append(name)
        return kept[name]

    cache = NodeCache(reading, BYTES_MAX)
    often, *others = kept
    for name in others:
        cache(often)
        cache(name)
    assert read.count(often) == 1 and len(read) == 400


def test_what_was_added_is_not_read_and_what_failed_is_not_kept() -> None:
    kept = some(3)
    cache = NodeCache({}.__getitem__, BYTES_MAX)
    cache.add(kept)
    assert [cache(name) for name in kept] == list(kept.values())
    for _ in range(2):
        with pytest.raises(KeyError):
            cache(bytes(32))
    cache.cache_clear()
    with pytest.raises(KeyError):
        cache(next(iter(kept)))


def test_threads_get_right_answers_within_the_bound() -> None:
    kept = some(300)
    cache = NodeCache(kept.__getitem__, BYTES_MAX)
    wrong: list[bytes] = []

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        names = list(kept)
        for _ in range(4_000):
            name = chance.choice(names)
            if cache(name) != kept[name]:
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and cache.size_bytes <= BYTES_MAX


def grown(folder: Path, genesis: Genesis, sender: LocalAccount, settings: NodeSettings, blocks: int) -> EmbeddedNode:
    node = EmbeddedNode.open(folder, genesis, VALIDATOR_KEYS, settings, clock=lambda: 0.0)
    node.send(signed(sender, 0, to="", data=BYTECODE, gas=1_000_000))
    created = rpc(node, "eth_getTransactionReceipt", "0x" + node.block(1).hashes[0].hex())["contractAddress"]
    for nonce in range(1, blocks):
        node.send(signed(sender, nonce, to=to_checksum_address(created), data=keep_call(nonce), gas=1_000_000))
    return node


def test_blocks_are_the_same_with_and_without_what_is_kept(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = NodeSettings(instant=True)
    node = grown(tmp_path / "with", genesis, sender, settings, 12)
    monkeypatch.setattr(NodeCache, "__call__", lambda self, name: self._read(name))
    other = grown(tmp_path / "without", genesis, sender, settings, 12)
    assert [node.block(number).raw for number in range(13)] == [other.block(number).raw for number in range(13)]
    node.close()
    other.close()


def test_the_same_transactions_give_the_blocks_that_they_always_gave(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    # The hash is that of the node as it first was, with py-evm's accounts and tries: any change of a root shows here.
    node = grown(tmp_path, genesis, sender, NodeSettings(instant=True), 12)
    assert node.head.number == 12
    assert node.head.hash.hex() == "889e12e0db102af921682192aaabebf9a38e2a26608e9f01402740352927c745"
    node.close()


def test_a_new_blocks_nodes_are_in_memory_as_they_are_on_disk(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    node = grown(tmp_path, genesis, sender, NodeSettings(instant=True), 5)
    nodes, codes = whole([node.head.state_root], node._store._read_node)
    for name in (*nodes, *codes):
        assert node._store.node(name) == node._store._read_node(name)
    assert 0 < node._store.node.size_bytes <= NODES_CACHED_BYTES_MAX
    node.close()


def test_a_pruned_state_is_refused_while_its_nodes_are_still_in_memory(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    node = grown(tmp_path, genesis, sender, NodeSettings(instant=True, state_blocks=16), 10)
    contract = rpc(node, "eth_getTransactionReceipt", "0x" + node.block(1).hashes[0].hex())["contractAddress"]
    call = {"to": contract, "data": "0x" + KEPT_CALL.hex()}
    root = node.header(5).state_root
    assert int(rpc(node, "eth_call", call, "0x5"), 16) == 4
    for nonce in range(10, 40):
        node.send(signed(sender, nonce, to=to_checksum_address(contract), data=keep_call(nonce), gas=1_000_000))
    assert node._store.node(root), "the cache must still hold it, or this test shows nothing"
    with pytest.raises(TrieNodeMissing):
        node._store._read_node(root)
    for method, params in (
        ("eth_call", [call]),
        ("eth_getBalance", [sender.address]),
        ("eth_getProof", [contract, ["0x0"]]),
        ("eth_estimateGas", [call]),
        ("eth_getCode", [contract]),
    ):
        assert "is pruned" in rpc_error(node, method, *params, "0x5")["message"]
    assert int(rpc(node, "eth_call", call, "latest"), 16) == 39
    node.close()


def test_a_damaged_node_is_named_and_never_kept(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> None:
    node = grown(tmp_path, genesis, sender, NodeSettings(instant=True), 3)
    contract = rpc(node, "eth_getTransactionReceipt", "0x" + node.block(1).hashes[0].hex())["contractAddress"]
    account = node.account(bytes.fromhex(contract[2:]), node.head.state_root)
    store = node._store
    with store._environment.begin(write=True) as transaction:
        transaction.put(account.storage_root, b"\xc2\x01\x02", db=store._tables["nodes"])
    # What is in memory was checked before the damage and is right.
    assert node.storage(account, 0) == 2
    store.node.cache_clear()
    for _ in range(2):
        with pytest.raises(NodeStoreFault, match="damaged"):
            node.storage(account, 0)
        error = rpc_error(node, "eth_call", {"to": contract, "data": "0x" + KEPT_CALL.hex()}, "latest")
        assert "damaged" in error["message"]
    node.close()
