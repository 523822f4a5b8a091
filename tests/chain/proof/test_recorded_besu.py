"""The rules of design section 7 hold on blocks and proofs recorded from a network of real Besu validators.

`recorded_besu.json` keeps six headers of its 2,783 blocks, all of which were checked when it was recorded, and two
`eth_getProof` answers: Besu writes a base fee into headers, and lists no slots of an account that is not there.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.proof.header import Header
from chain.proof.seals import MalformedSeal, quorum, trimmed, verify_seals
from chain.proof.storage import NodeSet, read_account, read_slot

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded_besu.json").read_text())
HEADERS = {int(block["number"], 16): Header.from_rpc_json(block) for block in RECORDED["headers"]}
HASHES = {int(block["number"], 16): bytes.fromhex(block["hash"][2:]) for block in RECORDED["headers"]}
VALIDATORS = HEADERS[0].extra.validators
NEWEST = max(HEADERS)


def nodes_of(proof: dict[str, Any]) -> NodeSet:
    every = [*proof["accountProof"], *[node for one in proof["storageProof"] for node in one["proof"]]]
    return NodeSet.of({bytes.fromhex(node[2:]) for node in every})


@pytest.mark.parametrize("number", HEADERS)
def test_a_block_hash_is_computed_with_the_base_fee(number: int) -> None:
    header = HEADERS[number]
    assert header.block_hash == HASHES[number]
    assert Header.from_rlp(header.to_rlp()) == header
    assert header.fields[-1] == b"", "the base fee, zero"


def test_a_block_names_its_parent() -> None:
    for number in (1, 2):
        assert HEADERS[number].fields[0] == HASHES[number - 1]


@pytest.mark.parametrize("number", set(HEADERS) - {0})
def test_a_block_is_sealed_by_a_quorum_of_the_validators_of_block_0(number: int) -> None:
    header = HEADERS[number]
    assert len(verify_seals(header, VALIDATORS)) >= quorum(len(VALIDATORS)) == 3
    small = trimmed(header)
    assert small.block_hash == header.block_hash
    verify_seals(small, VALIDATORS, exactly_quorum=True)


def test_a_later_round_is_sealed_as_such() -> None:
    assert {number: header.extra.round for number, header in HEADERS.items()}[430] == 1
    extra = HEADERS[430].extra
    with pytest.raises(MalformedSeal):
        verify_seals(HEADERS[430].with_extra(replace(extra, round=0)), VALIDATORS)


def test_slots_are_read_from_a_proof_and_none_of_its_nodes_is_spare() -> None:
    proof = RECORDED["proofs"][0]["proof"]
    nodes = nodes_of(proof)
    account = read_account(HEADERS[NEWEST].state_root, bytes.fromhex(proof["address"][2:]), nodes)
    assert account is not None and account.storage_root.hex() == proof["storageHash"][2:]
    said = {int(one["key"], 16): int(one["value"], 16) for one in proof["storageProof"]}
    assert {slot: read_slot(account.storage_root, slot, nodes) for slot in said} == said
    assert 0 in said.values() and len(set(said.values())) > 2
    assert nodes.spare() == 0


def test_an_account_that_is_not_there_is_proved_so_without_a_slot() -> None:
    proof = RECORDED["proofs"][1]["proof"]
    assert proof["storageProof"] == []
    assert read_account(HEADERS[NEWEST].state_root, bytes(20), nodes_of(proof)) is None
