"""The rules of design section 7 hold on every block and proof recorded from a real QBFT network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chain.proof.header import Header
from chain.proof.seals import MalformedSeal, quorum, trimmed, verify_seals
from chain.proof.storage import MalformedProof, NodeSet, read_account, read_slot
from tests.samples import samples_dir

pytestmark = pytest.mark.samples


@pytest.fixture(scope="module")
def network() -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((samples_dir() / "qbft" / "recorded-network.json").read_text())
    return answer


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def test_every_recorded_block_hash_is_computed_and_chained(network: dict[str, Any]) -> None:
    parent = None
    for block in network["headers"]:
        header = Header.from_rpc_json(block)
        assert header.block_hash == raw(block["hash"])
        assert parent is None or header.fields[0] == parent
        assert Header.from_rlp(header.to_rlp()) == header
        parent = header.block_hash


def test_every_recorded_block_but_the_first_is_sealed_by_a_quorum_of_its_validators(network: dict[str, Any]) -> None:
    rounds = set()
    for block in network["headers"][1:]:
        header = Header.from_rpc_json(block)
        signers = verify_seals(header, header.extra.validators)
        assert len(signers) >= quorum(len(header.extra.validators))
        rounds.add(header.extra.round)
        small = trimmed(header)
        assert small.block_hash == header.block_hash
        verify_seals(small, header.extra.validators, exactly_quorum=True)
    assert rounds == {0, 1, 3}


def test_the_first_block_has_no_seals(network: dict[str, Any]) -> None:
    header = Header.from_rpc_json(network["headers"][0])
    with pytest.raises(MalformedSeal):
        verify_seals(header, header.extra.validators)


def test_one_seal_fewer_than_a_quorum_is_refused(network: dict[str, Any]) -> None:
    header = trimmed(Header.from_rpc_json(network["headers"][25]))
    fewer = header.with_extra(replace(header.extra, seals=header.extra.seals[:-1]))
    with pytest.raises(MalformedSeal):
        verify_seals(fewer, header.extra.validators)


def _altered(header: Header) -> Iterator[tuple[str, Header]]:
    """The header with each seal, each validator, the round and the state root altered, one at a time."""
    extra = header.extra
    for place, seal in enumerate(extra.seals):
        other = seal[:40] + bytes([seal[40] ^ 1]) + seal[41:]
        seals = (*extra.seals[:place], other, *extra.seals[place + 1 :])
        yield f"seal {place}", header.with_extra(replace(extra, seals=seals))
    for place, validator in enumerate(extra.validators):
        changed = bytes([validator[0] ^ 1]) + validator[1:]
        validators = (*extra.validators[:place], changed, *extra.validators[place + 1 :])
        yield f"validator {place}", header.with_extra(replace(extra, validators=validators))
    yield "round", header.with_extra(replace(extra, round=extra.round + 1))
    state_root = bytes([header.state_root[0] ^ 1]) + header.state_root[1:]
    yield "state root", Header(tuple(state_root if part == header.state_root else part for part in header.fields))


def test_every_recorded_header_is_refused_with_any_seal_validator_round_or_state_root_altered(
    network: dict[str, Any],
) -> None:
    assert len(network["headers"]) == 101
    for block in network["headers"][1:]:
        header = Header.from_rpc_json(block)
        for what, other in _altered(header):
            assert other != header, what
            with pytest.raises(MalformedSeal):
                verify_seals(other, header.extra.validators)


def test_every_recorded_storage_proof_reads_the_recorded_values(network: dict[str, Any]) -> None:
    slots = 0
    for recorded in network["storage_proofs"] + network["account_proofs"]:
        header = Header.from_rpc_json(network["headers"][recorded["block"]])
        proof = recorded["proof"]
        every = [*proof["accountProof"], *[node for one in proof["storageProof"] for node in one["proof"]]]
        nodes = NodeSet.of({raw(node) for node in every})
        account = read_account(header.state_root, raw(proof["address"]), nodes)
        if account is None:
            assert int(proof["nonce"], 16) == int(proof["balance"], 16) == 0
            continue
        assert account.code_hash == raw(proof["codeHash"])
        assert account.storage_root == raw(proof["storageHash"])
        assert account.balance == int(proof["balance"], 16)
        for one in proof["storageProof"]:
            assert read_slot(account.storage_root, int(one["key"], 16), nodes) == int(one["value"], 16)
            slots += 1
        assert nodes.spare() == 0
    assert slots > 10


def test_a_recorded_proof_without_any_one_of_its_nodes_proves_nothing(network: dict[str, Any]) -> None:
    recorded = network["storage_proofs"][-1]
    header = Header.from_rpc_json(network["headers"][recorded["block"]])
    proof = recorded["proof"]
    every = {
        raw(node) for node in [*proof["accountProof"], *[n for one in proof["storageProof"] for n in one["proof"]]]
    }
    for missing in every:
        nodes = NodeSet.of(every - {missing})
        with pytest.raises(MalformedProof):
            account = read_account(header.state_root, raw(proof["address"]), nodes)
            assert account is not None
            for one in proof["storageProof"]:
                read_slot(account.storage_root, int(one["key"], 16), nodes)
