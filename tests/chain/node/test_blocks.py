"""Blocks: sealed as QBFT demands, whole in JSON and RLP, one for all that waits, in seconds that strictly rise."""

from __future__ import annotations

import itertools
import random
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rlp
from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from chain.errors import Malformed
from chain.node import EmbeddedNode, Genesis
from chain.node import blocks as node_blocks
from chain.node.trie import keccak, list_root
from chain.proof import header as proof_header
from chain.proof.seals import MalformedSeal, trimmed, verify_seals
from tests.chain.node.conftest import CHAIN_ID, RECIPIENT, VALIDATOR_KEYS, rpc, signed
from tests.chain.node.number_contract import transact


def test_every_header_passes_the_one_verifier(
    instant_node: EmbeddedNode, genesis: Genesis, w3: Web3, keeper: Any, sender: LocalAccount
) -> None:
    transact(w3, sender, to=RECIPIENT, value=1)
    for number in (1, 2):
        header = proof_header.Header.from_rlp(bytes.fromhex(rpc(instant_node, "debug_getRawHeader", hex(number))[2:]))
        assert set(verify_seals(header, genesis.validators)) == set(genesis.validators)
        assert verify_seals(trimmed(header), genesis.validators, exactly_quorum=True)
        assert header.block_hash == header.seal_hash == instant_node.header(number).hash
        assert header.number == number


def test_the_header_can_be_rebuilt_from_the_blocks_json(instant_node: EmbeddedNode, keeper: Any) -> None:
    block = rpc(instant_node, "eth_getBlockByNumber", "latest", False)
    rebuilt = proof_header.Header.from_rpc_json(block)
    assert "0x" + rebuilt.to_rlp().hex() == rpc(instant_node, "debug_getRawHeader", "latest")
    assert "0x" + rebuilt.block_hash.hex() == block["hash"]


@pytest.mark.parametrize("fault", ["seal", "state root", "outsider"])
def test_an_altered_header_fails_the_verifier(
    instant_node: EmbeddedNode, genesis: Genesis, keeper: Any, fault: str
) -> None:
    header = instant_node.header(1)
    if fault == "seal":
        seal = header.seals[0]
        header = replace(header, seals=(bytes([seal[0] ^ 1]) + seal[1:], *header.seals[1:]))
    elif fault == "state root":
        header = replace(header, state_root=bytes(32))
    else:
        outsider = PrivateKey(b"\x09" * 32).sign_recoverable(header.seal_hash, hasher=None)
        header = replace(header, seals=(*header.seals[1:], outsider))
    with pytest.raises(MalformedSeal):
        verify_seals(proof_header.Header.from_rlp(header.raw), genesis.validators)


def test_block_0_is_known_by_its_hash_and_has_no_seals(instant_node: EmbeddedNode, genesis: Genesis) -> None:
    block = rpc(instant_node, "eth_getBlockByNumber", "earliest", True)
    assert block["hash"] == "0x" + genesis.hash.hex()
    assert proof_header.Header.from_rpc_json(block).extra.seals == ()


def test_roots_and_raw_forms_agree_with_the_header(
    instant_node: EmbeddedNode, w3: Web3, keeper: Any, sender: LocalAccount
) -> None:
    transact(w3, sender, to=keeper.address, data=keeper.encode_abi("keep", [5]))
    raw_block = rlp.decode(bytes.fromhex(rpc(instant_node, "debug_getRawBlock", "latest")[2:]))
    header = instant_node.head
    assert [rlp.encode(part) for part in raw_block[1]] == list(instant_node.block(header.number).transactions)
    assert list_root([rlp.encode(part) for part in raw_block[1]]) == header.transactions_root
    receipts = [bytes.fromhex(one[2:]) for one in rpc(instant_node, "debug_getRawReceipts", "latest")]
    assert list_root(receipts) == header.receipts_root
    assert rlp.encode(raw_block[0]) == header.raw
    assert raw_block[2] == []


def test_the_base_fee_stays_zero_when_blocks_are_full(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    for nonce in range(3):
        # Almost all of the block's gas, burnt by the invalid opcode.
        code = "0xfe"
        instant_node.send(signed(sender, nonce, to="", data=code, gas=instant_node.genesis.gas_limit))
    assert rpc(instant_node, "eth_getBlockByNumber", "latest", False)["baseFeePerGas"] == "0x0"
    assert instant_node.head.gas_used == instant_node.genesis.gas_limit


def test_all_that_waits_goes_into_one_block_when_the_second_turns(tmp_path: Path, genesis: Genesis) -> None:
    now = [float(genesis.timestamp)]
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, clock=lambda: now[0])
    senders = [Account.create() for _ in range(5)]
    for one in senders:
        node.send(signed(one, 0))
    assert node.head.number == 0
    now[0] += 1
    assert node.wait_for_block(0, 5)
    assert len(node.block(1).transactions) == 5
    assert node.head.timestamp == genesis.timestamp + 1
    node.close()


def test_a_transaction_that_comes_after_the_second_has_turned_is_sealed_at_once(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS)
    began = time.monotonic()
    node.send(signed(sender, 0))
    assert node.wait_for_block(0, 5)
    assert time.monotonic() - began < 0.9
    node.close()


def test_no_empty_block_is_made_and_times_strictly_rise(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> None:
    now = [float(genesis.timestamp)]
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, clock=lambda: now[0])
    for nonce in range(3):
        now[0] += 1.5
        node.send(signed(sender, nonce))
        assert node.wait_for_block(nonce, 5)
    now[0] += 10
    assert not node.wait_for_block(3, 0.1)
    headers = [node.header(number) for number in range(4)]
    assert all(a.timestamp < b.timestamp and b.parent_hash == a.hash for a, b in itertools.pairwise(headers))
    assert all(node.block(number).transactions for number in (1, 2, 3))
    node.close()


def test_what_does_not_fit_the_blocks_gas_waits_for_the_next(tmp_path: Path, genesis: Genesis) -> None:
    now = [float(genesis.timestamp)]
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, clock=lambda: now[0])
    big, small = Account.create(), Account.create()
    node.send(signed(big, 0, to="", data="0xfe", gas=genesis.gas_limit))
    node.send(signed(big, 1))
    node.send(signed(small, 0))
    now[0] += 1
    assert node.wait_for_block(0, 20)
    assert len(node.block(1).transactions) == 1
    now[0] += 1
    assert node.wait_for_block(1, 20)
    assert len(node.block(2).transactions) == 2
    node.close()


def test_many_threads_may_send_at_once(tmp_path: Path, genesis: Genesis) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS)
    senders = [Account.create() for _ in range(4)]

    def send_ten(one: LocalAccount) -> None:
        for nonce in range(10):
            node.send(signed(one, nonce))

    threads = [threading.Thread(target=send_ten, args=(one,)) for one in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while node.waiting:
        assert node.wait_for_block(node.head.number, 5)
    held = sum(len(node.block(number).transactions) for number in range(node.head.number + 1))
    assert held == 40
    node.close()


def test_a_contract_sees_the_block_it_runs_in(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    # NUMBER, TIMESTAMP, CHAINID, BASEFEE, COINBASE, BLOCKHASH(NUMBER-1), each stored in the slot of its place.
    code = bytes.fromhex("43600055 42600155 46600255 48600355 41600455 6001430340600555 00".replace(" ", ""))
    instant_node.send(signed(sender, 0, to="", data=code, gas=1_000_000))
    header = instant_node.head
    created = rpc(instant_node, "eth_getTransactionReceipt", "0x" + instant_node.block(1).hashes[0].hex())
    account = instant_node.account(bytes.fromhex(created["contractAddress"][2:]), header.state_root)
    said = [instant_node.storage(account, slot) for slot in range(6)]
    parent = instant_node.header(0).hash
    assert said == [1, header.timestamp, CHAIN_ID, 0, int.from_bytes(header.miner), int.from_bytes(parent)]


def test_a_header_of_another_form_is_refused(instant_node: EmbeddedNode, keeper: Any) -> None:
    fields = rlp.decode(instant_node.head.raw)
    for place, value in ((7, b"\x02"), (13, bytes(32)), (15, b"\x01"), (1, bytes(32))):
        altered = [*fields[:place], value, *fields[place + 1 :]]
        with pytest.raises(Malformed):
            node_blocks.Header.parse(rlp.encode(altered))


def test_the_hash_of_a_transaction_is_keccak_of_its_bytes(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    raw = signed(sender, 0)
    assert instant_node.send(raw) == keccak(raw) == instant_node.block(1).hashes[0]


def test_headers_receipts_and_filters_are_what_the_libraries_write(instant_node: EmbeddedNode, keeper: Any) -> None:
    from eth_bloom import BloomFilter

    chance = random.Random(7)
    for count in (0, 1, 3, 40):
        logs = tuple(
            node_blocks.Log(
                chance.randbytes(20),
                tuple(chance.randbytes(32) for _ in range(chance.randrange(5))),
                chance.randbytes(chance.choice([0, 1, 32, 56, 300])),
            )
            for _ in range(count)
        )
        receipt = node_blocks.Receipt(chance.randrange(3), chance.randrange(2), chance.randrange(10**7), logs)
        terms = [term for log in logs for term in (log.address, *log.topics)]
        assert receipt.bloom == int(BloomFilter.from_iterable(terms)).to_bytes(256)
        inner = [[log.address, list(log.topics), log.data] for log in logs]
        body = rlp.encode([receipt.status, receipt.cumulative_gas_used, receipt.bloom, inner])
        assert receipt.raw == (bytes([receipt.type]) if receipt.type else b"") + body
        assert node_blocks.Receipt.parse(receipt.raw) == receipt
    header = instant_node.head
    assert rlp.encode(rlp.decode(header.raw)) == header.raw
    assert node_blocks.Header.parse(header.raw) == header


def test_keys_in_any_order_seal_in_the_order_of_their_addresses(tmp_path: Path, genesis: Genesis) -> None:
    signers = node_blocks.validator_set(VALIDATOR_KEYS[::-1], genesis.validators)
    assert [node_blocks.address_of(key) for key in signers] == sorted(genesis.validators)
