"""The genesis file: what is said is read back; what breaks a rule is refused with its field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chain.node import EmbeddedNode, Genesis
from chain.node.errors import CannotSeal, MalformedGenesis
from chain.node.genesis import Allotment
from tests.chain.node.conftest import VALIDATOR_KEYS, rpc


def test_a_genesis_is_read_back_as_it_was_written(genesis: Genesis) -> None:
    assert Genesis.parse(genesis.format()) == genesis


def test_every_member_of_an_account_is_in_block_0(tmp_path: Path, genesis: Genesis) -> None:
    address = b"\x77" * 20
    account = Allotment(balance=5, nonce=3, code=b"\x60\x00", storage={1: 2, 1 << 255: (1 << 256) - 1})
    said = Genesis(genesis.chain_id, genesis.gas_limit, 0, genesis.validators, {address: account})
    node = EmbeddedNode.open(tmp_path, Genesis.parse(said.format()), VALIDATOR_KEYS)
    name = "0x" + address.hex()
    assert rpc(node, "eth_getBalance", name, "earliest") == "0x5"
    assert rpc(node, "eth_getTransactionCount", name, "0x0") == "0x3"
    assert rpc(node, "eth_getCode", name) == "0x6000"
    assert int(rpc(node, "eth_getStorageAt", name, hex(1 << 255)), 16) == (1 << 256) - 1
    node.close()


def test_another_validator_or_account_names_another_chain(genesis: Genesis) -> None:
    fewer = Genesis(genesis.chain_id, genesis.gas_limit, genesis.timestamp, genesis.validators[1:], genesis.alloc)
    poorer = Genesis(genesis.chain_id, genesis.gas_limit, genesis.timestamp, genesis.validators)
    assert len({genesis.hash, fewer.hash, poorer.hash}) == 3


@pytest.mark.parametrize(
    ("member", "value", "field"),
    [
        ("chainId", "20260", "chainId"),
        ("chainId", 0, "chainId"),
        ("chainId", True, "chainId"),
        ("gasLimit", 29_999_999, "gasLimit"),
        ("timestamp", -1, "timestamp"),
        ("validators", [], "validators"),
        ("validators", ["0x" + "AB" * 20], "validators[0]"),
        ("validators", ["0x" + "02" * 20, "0x" + "01" * 20], "validators"),
        ("validators", ["0x" + "01" * 20, "0x" + "01" * 20], "validators"),
        ("alloc", [], "alloc"),
        ("alloc", {"0x" + "01" * 20: {"balance": "0x00"}}, f"alloc.0x{'01' * 20}.balance"),
        ("alloc", {"0x" + "01" * 20: {"gold": "0x1"}}, f"alloc.0x{'01' * 20}"),
        ("extra", 1, "genesis"),
    ],
)
def test_a_genesis_that_breaks_a_rule_is_refused_with_its_field(
    genesis: Genesis, member: str, value: Any, field: str
) -> None:
    said = json.loads(genesis.format())
    said[member] = value
    with pytest.raises(MalformedGenesis) as refused:
        Genesis.parse(json.dumps(said))
    assert refused.value.field == field


def test_a_member_named_twice_is_refused(genesis: Genesis) -> None:
    with pytest.raises(MalformedGenesis):
        Genesis.parse(genesis.format().replace("{", '{"chainId": 1,', 1))


@pytest.mark.parametrize(
    "keys",
    [VALIDATOR_KEYS[:2], [*VALIDATOR_KEYS[:3], VALIDATOR_KEYS[0]], [*VALIDATOR_KEYS, b"\x09" * 32]],
    ids=["less than a quorum", "one key twice", "an outsider's key"],
)
def test_a_node_without_a_quorum_of_its_validators_keys_does_not_start(
    tmp_path: Path, genesis: Genesis, keys: list[bytes]
) -> None:
    with pytest.raises(CannotSeal):
        EmbeddedNode.open(tmp_path, genesis, keys)
