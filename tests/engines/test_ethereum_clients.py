"""Other people's clients work unmodified: they deploy, call, read logs, are refused with a reason, subscribe, prove."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
import rlp
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.middleware import ExtraDataToPOAMiddleware

from tests.chain.node.conftest import CHAIN_ID, Served
from tests.chain.node.number_contract import ABI, BYTECODE, KEPT_TOPIC, REASON, deploy, keep_call, transact
from tests.engines.npm_packages import program, run_script


def given(served: Served, sender: LocalAccount) -> dict[str, Any]:
    return {
        "url": served.url,
        "key": "0x" + bytes(sender.key).hex(),
        "abi": ABI,
        "bytecode": "0x" + BYTECODE.hex(),
        "chainId": CHAIN_ID,
    }


@pytest.mark.slow
def test_web3_over_http(served: Served, sender: LocalAccount) -> None:
    w3 = Web3(Web3.HTTPProvider(served.url))
    w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    keeper = deploy(w3, sender)
    transact(w3, sender, to=keeper.address, data=keep_call(7))
    assert keeper.functions.kept().call() == 7
    assert [log["args"]["value"] for log in keeper.events.Kept.get_logs(from_block=0)] == [7]
    assert w3.eth.get_block("latest")["number"] == 2


@pytest.mark.node_js
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_ethers(served: Served, sender: LocalAccount) -> None:
    said = run_script("ethers.cjs", given(served, sender))
    assert said.pop("heads") >= 1
    assert said == {
        "kept": "7",
        "status": 1,
        "type": 0,
        "logs": ["7"],
        "refused": REASON.decode(),
        "heard": [[sender.address, "7"]],
        "prefetched": 1,
        "network": str(CHAIN_ID),
        "gone": None,
    }


@pytest.mark.node_js
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_viem(served: Served, sender: LocalAccount) -> None:
    said = run_script("viem.cjs", given(served, sender))
    assert said.pop("heads") >= 1
    assert said == {
        "kept": "9",
        "nonce": 2,
        "status": "success",
        "type": "eip1559",
        "changes": ["9"],
        "again": 0,
        "refused": REASON.decode(),
        "proved": "9",
        "fee": "0",
    }


@pytest.mark.node_js
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_cast(served: Served, sender: LocalAccount) -> None:
    path = program("cast")
    key = "0x" + bytes(sender.key).hex()

    def cast(*arguments: str) -> str:
        done = subprocess.run(
            [path, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "ETH_RPC_URL": served.url},
        )
        # The npm wrapper of cast answers 0 even where cast itself failed, so what counts is what it says.
        return (done.stdout or done.stderr).strip()

    assert cast("chain-id") == str(CHAIN_ID)
    created = json.loads(cast("send", "--json", "--private-key", key, "--create", "0x" + BYTECODE.hex()))
    address = created["contractAddress"]
    kept = json.loads(cast("send", "--json", "--private-key", key, address, "keep(uint256)", "11"))
    assert kept["status"] == "0x1" and kept["logs"][0]["topics"][0] == "0x" + KEPT_TOPIC.hex()
    assert cast("call", address, "kept()(uint256)") == "11"
    assert REASON.decode() in cast("call", address, "keep(uint256)", "0")
    assert int(cast("storage", address, "0"), 16) == 11
    logs = json.loads(cast("logs", "--json", "--from-block", "0", "Kept(address indexed,uint256)"))
    assert [int(log["data"], 16) for log in logs] == [11]
    proof = json.loads(cast("proof", address, "0"))
    assert int(proof["storageProof"][0]["value"], 16) == 11
    assert int(cast("estimate", address, "keep(uint256)", "12")) > 21_000
    assert json.loads(cast("block", "--json", "latest"))["number"] == hex(2)
    assert json.loads(cast("receipt", "--json", kept["transactionHash"]))["blockNumber"] == "0x2"
    assert json.loads(cast("access-list", "--json", address, "keep(uint256)", "12"))["accessList"]


@pytest.mark.node_js
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_proofs_of_presence_and_absence_verify_with_ethereumjs(w3: Web3, keeper: Any, sender: LocalAccount) -> None:
    transact(w3, sender, to=keeper.address, data=keep_call(1 << 200))
    block = w3.eth.get_block("latest")
    asked = [(keeper.address, [0, 1, 1 << 255]), ("0x" + "99" * 20, [0])]
    proofs = []
    expected = []
    for address, slots in asked:
        proof = w3.eth.get_proof(Web3.to_checksum_address(address), slots)
        root = "0x" + bytes(block["stateRoot"]).hex()
        nodes = ["0x" + bytes(node).hex() for node in proof["accountProof"]]
        proofs.append({"root": root, "key": address, "proof": nodes})
        exists = proof["nonce"] or proof["balance"] or bytes(proof["codeHash"]) != w3.keccak(b"")
        leaf = [proof["nonce"], proof["balance"], bytes(proof["storageHash"]), bytes(proof["codeHash"])]
        expected.append("0x" + rlp.encode(leaf).hex() if exists else None)
        if not exists:
            continue
        for slot, one in zip(slots, proof["storageProof"], strict=True):
            nodes = ["0x" + bytes(node).hex() for node in one["proof"]]
            proofs.append({"root": "0x" + leaf[2].hex(), "key": "0x" + slot.to_bytes(32).hex(), "proof": nodes})
            expected.append("0x" + rlp.encode(1 << 200).hex() if slot == 0 else None)
    assert run_script("mpt.cjs", {"proofs": proofs})["values"] == expected
