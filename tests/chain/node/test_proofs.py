"""Trie proofs: any key, present, absent or neighbouring, is proved under its root, by our code and by others'."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trie.hexary import HexaryTrie
from web3 import Web3

from chain.node import EmbeddedNode, Genesis
from chain.node.genesis import Allotment
from chain.node.trie import EMPTY_ROOT, keccak, list_root, walk
from chain.proof.storage import MalformedProof, NodeSet, read_account, read_slot
from tests.chain.node.conftest import VALIDATOR_KEYS, rpc
from tests.chain.node.number_contract import keep_call, transact
from tests.samples import samples_dir

keys = st.binary(min_size=32, max_size=32)
close_keys = st.builds(
    lambda head, tail: head * 31 + bytes([tail]), st.sampled_from([b"\x00", b"\x0f", b"\xff"]), st.integers(0, 255)
)


def trie_of(entries: Mapping[bytes, bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    for key, value in entries.items():
        trie[key] = value
    return bytes(trie.root_hash), nodes


@settings(max_examples=60, deadline=None)
@given(
    entries=st.dictionaries(st.one_of(keys, close_keys), st.binary(min_size=1, max_size=40), max_size=25),
    asked=st.one_of(keys, close_keys),
)
def test_a_walk_finds_what_is_there_and_proves_what_is_not(entries: dict[bytes, bytes], asked: bytes) -> None:
    root, nodes = trie_of(entries)
    for key in [*entries, asked]:
        value, proof = walk(root, key, nodes.__getitem__)
        assert value == entries.get(key)
        theirs = HexaryTrie.get_from_proof(root, key, [rlp.decode(node) for node in proof]) if proof else b""
        assert theirs == (value or b"")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    storage=st.dictionaries(st.integers(0, 2**256 - 1), st.integers(1, 2**256 - 1), max_size=12),
    absent=st.integers(0, 2**256 - 1),
)
def test_storage_proofs_verify_with_ours_for_any_slot(
    tmp_path_factory: pytest.TempPathFactory, genesis: Genesis, storage: dict[int, int], absent: int
) -> None:
    address = b"\x31" * 20
    with_storage = Genesis(
        genesis.chain_id, genesis.gas_limit, 0, genesis.validators, {address: Allotment(nonce=1, storage=storage)}
    )
    node = EmbeddedNode.open(tmp_path_factory.mktemp("node"), with_storage, VALIDATOR_KEYS)
    slots = [*storage, absent, (absent + 1) % 2**256]
    proof = node.proof(address, slots, node.head.state_root)
    nodes = NodeSet.of({node for part in (proof.account_nodes, *(s[2] for s in proof.slots)) for node in part})
    account = read_account(node.head.state_root, address, nodes)
    assert account is not None and account.nonce == 1
    for slot, word, _ in proof.slots:
        assert word == storage.get(slot, 0) == read_slot(account.storage_root, slot, nodes)
    assert nodes.spare() == 0
    node.close()


def test_a_proof_with_one_node_altered_is_refused(instant_node: EmbeddedNode, keeper: Any) -> None:
    address = bytes.fromhex(keeper.address[2:])
    root = instant_node.head.state_root
    nodes = list(instant_node.proof(address, [], root).account_nodes)
    nodes[-1] = nodes[-1][:-1] + bytes([nodes[-1][-1] ^ 1])
    with pytest.raises(MalformedProof):
        read_account(root, address, NodeSet.of(nodes))


def test_an_absent_account_is_proved_absent(instant_node: EmbeddedNode, keeper: Any) -> None:
    root = instant_node.head.state_root
    for number in range(20):
        address = bytes([number]) * 20
        proof = instant_node.proof(address, [5], root)
        assert read_account(root, address, NodeSet.of(set(proof.account_nodes))) is None
        assert proof.slots == ((5, 0, ()),)


def test_every_past_state_can_still_be_read_and_proved(
    instant_node: EmbeddedNode, w3: Web3, keeper: Any, sender: LocalAccount
) -> None:
    for value in (3, 5, 8):
        transact(w3, sender, to=keeper.address, data=keep_call(value))
    for number, value in ((1, 0), (2, 3), (3, 5), (4, 8)):
        assert int(rpc(instant_node, "eth_getStorageAt", keeper.address, "0x0", hex(number)), 16) == value
        called = {"to": keeper.address, "data": keeper.encode_abi("kept")}
        assert int(rpc(instant_node, "eth_call", called, hex(number)), 16) == value
        proof = rpc(instant_node, "eth_getProof", keeper.address, ["0x0"], hex(number))
        assert int(proof["storageProof"][0]["value"], 16) == value
        root = instant_node.header(number).state_root
        nodes = NodeSet.of(
            {bytes.fromhex(node[2:]) for node in proof["accountProof"] + proof["storageProof"][0]["proof"]}
        )
        account = read_account(root, bytes.fromhex(keeper.address[2:]), nodes)
        assert account is not None and read_slot(account.storage_root, 0, nodes) == value


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=20))
@settings(max_examples=30, deadline=None)
def test_a_lists_root_is_the_root_of_its_trie(items: list[bytes]) -> None:
    root, _ = trie_of({rlp.encode(index): item for index, item in enumerate(items)})
    assert list_root(items) == root
    assert list_root([]) == EMPTY_ROOT


@pytest.mark.samples
def test_our_walk_follows_the_proofs_of_another_engine() -> None:
    import json

    recorded = json.loads((Path(samples_dir()) / "qbft" / "recorded-network.json").read_text())
    seen = 0
    for proof in proofs_in(recorded):
        roots = [(proof["storageHash"], bytes.fromhex(one["key"][2:].zfill(64)), one) for one in proof["storageProof"]]
        for root, key, one in roots:
            nodes = {keccak(bytes.fromhex(node[2:])): bytes.fromhex(node[2:]) for node in one["proof"]}
            value, used = walk(bytes.fromhex(root[2:]), keccak(key), nodes.__getitem__)
            word = 0 if value is None else int.from_bytes(rlp.decode(value))
            assert word == int(one["value"], 16) and len(used) == len(one["proof"])
            seen += 1
    assert seen > 0


def proofs_in(said: Any) -> list[dict[str, Any]]:
    """Every `eth_getProof` answer anywhere in a JSON value."""
    if isinstance(said, dict):
        here = [said] if "storageProof" in said else []
        return here + [one for value in said.values() for one in proofs_in(value)]
    if isinstance(said, list):
        return [one for value in said for one in proofs_in(value)]
    return []
