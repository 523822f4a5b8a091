"""The same transactions on this node and on Anvil give equal receipts, logs, gas, states and answers."""

from __future__ import annotations

import random
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import rlp
from eth_account import Account
from eth_account.signers.local import LocalAccount
from trie.hexary import HexaryTrie

from chain.node import EmbeddedNode
from chain.node.trie import keccak
from tests.chain.node.conftest import CHAIN_ID, RICH_WEI
from tests.chain.node.number_contract import BYTECODE, KEPT_CALL, keep_call
from tests.engines.npm_packages import program

pytestmark = [pytest.mark.node_js, pytest.mark.slow, pytest.mark.timeout(400)]

WHERE_IT_STANDS = {"blockHash", "blockNumber", "blockTimestamp", "blobGasPrice", "blobGasUsed", "removed"}

SLOTS = ["0x" + slot.to_bytes(32).hex() for slot in (0, 1)]

# Each is creation code: it runs as a constructor, and what it leaves in storage or logs is compared.
PROGRAMS = {
    "arithmetic": "6003600a04600055 6003600a06600155 600a60036007 08600255 600a600a0a600455 6000 1960055500",
    "create a child": "6000600060006000f0600055 00",
    "self-destruct": "33ff",
    "clears a slot": "6001600055 6000600055 00",
    "precompiles": "60ff600052 60206020602060006002 61ffff f1 600155 602051600255 00",
    "logs": "6001600052 600160026003600460206000a4 60206000a0 00",
    "invalid": "fe",
    "out of gas": "5b600056",
    "stack underflow": "01",
    "revert with data": "602a60005260206000fd",
    "create2": "6000600060006000f5 60005560006000600060006001f5600155 00",
    "reads others": "3331600055 3f600155 303b600255 41600455 00",
    "begins with ef": "60ef60005360016000f3",
    "returns code": "6001600c60003960016000f3 00",
}


class Endpoint:
    """JSON-RPC of one of the two."""

    def __init__(self, ask: Any) -> None:
        self._ask = ask

    def __call__(self, method: str, *params: Any) -> Any:
        """The result, or the error's code and data."""
        answer = self._ask({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        if "error" in answer:
            return {"failed": True, "data": answer["error"].get("data", "0x") or "0x"}
        return answer["result"]


@pytest.fixture
def anvil(sender: LocalAccount) -> Iterator[Endpoint]:
    path = program("anvil")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [path, "--port", str(port), "--chain-id", str(CHAIN_ID), "--hardfork", "london", "--base-fee", "0"]
    command += ["--gas-price", "0", "--accounts", "0", "--gas-limit", "60000000", "--silent", "--order", "fifo"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    endpoint = Endpoint(lambda request: client.post("/", json=request).json())
    try:
        for _ in range(200):
            try:
                endpoint("eth_chainId")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        endpoint("anvil_setBalance", sender.address, hex(RICH_WEI))
        yield endpoint
    finally:
        client.close()
        process.kill()
        process.wait()


@pytest.fixture
def ours(instant_node: EmbeddedNode) -> Endpoint:
    from chain.node.rpc import Rpc

    return Endpoint(Rpc(instant_node).answer)


def receipt_from(end: Endpoint, name: str) -> dict[str, Any]:
    """The receipt, once there is one."""
    for _ in range(500):
        if found := end("eth_getTransactionReceipt", name):
            return dict(found)
        time.sleep(0.01)
    raise AssertionError(f"no receipt of {name}")


def stripped(receipt: dict[str, Any]) -> dict[str, Any]:
    """A receipt without what says where it stands and what newer forks added."""
    logs = [{k: v for k, v in log.items() if k not in WHERE_IT_STANDS} for log in receipt["logs"]]
    return {**{k: v for k, v in receipt.items() if k not in WHERE_IT_STANDS}, "logs": logs}


def transactions(sender: LocalAccount) -> list[dict[str, Any]]:
    """A mixed list: each program as a constructor, calls, transfers, types 0, 1 and 2."""
    chance = random.Random(7)
    keeper = {"to": "", "data": BYTECODE}
    listed: list[dict[str, Any]] = [keeper]
    listed += [{"to": "", "data": bytes.fromhex(code.replace(" ", ""))} for code in PROGRAMS.values()]
    address = contract_address(sender, 0)
    for _ in range(12):
        data = keep_call(chance.choice([0, 1, 5, 1 << 255]))
        kind = chance.choice([0, 1, 2])
        fields: dict[str, Any] = {"to": address, "data": data, "value": 0}
        if kind:
            fields["type"] = kind
            fields["accessList"] = [{"address": address, "storageKeys": [0]}] if chance.random() < 0.5 else []
        if kind == 2:
            fields |= {"maxFeePerGas": 10, "maxPriorityFeePerGas": chance.choice([0, 3])}
        listed.append(fields)
    listed.append({"to": Account.from_key(b"\x09" * 32).address, "value": 10**18})
    listed.append({"to": sender.address, "value": 1, "gasPrice": 1})
    listed.append({"to": address, "data": b"", "value": 5})
    return listed


def contract_address(sender: LocalAccount, nonce: int) -> str:
    from eth._utils.address import generate_contract_address
    from eth_utils.address import to_checksum_address

    return to_checksum_address(generate_contract_address(bytes.fromhex(sender.address[2:]), nonce))  # type: ignore[arg-type]


def test_receipts_states_and_answers_are_equal(ours: Endpoint, anvil: Endpoint, sender: LocalAccount) -> None:
    for nonce, fields in enumerate(transactions(sender)):
        price = {} if "maxFeePerGas" in fields else {"gasPrice": 0}
        raw = (
            "0x"
            + bytes(
                sender.sign_transaction(
                    {"chainId": CHAIN_ID, "nonce": nonce, "gas": 300_000, "value": 0, **price, **fields}
                ).raw_transaction
            ).hex()
        )
        names = [end("eth_sendRawTransaction", raw) for end in (ours, anvil)]
        assert names[0] == names[1], fields
        mine, theirs = (stripped(receipt_from(end, names[0])) for end in (ours, anvil))
        theirs = {name: value for name, value in theirs.items() if name in mine}
        assert mine == theirs, fields
        if mine["contractAddress"]:
            compare_state(ours, anvil, mine["contractAddress"])
    compare_state(ours, anvil, sender.address)
    compare_calls(ours, anvil, contract_address(sender, 0), sender)


def compare_state(ours: Endpoint, anvil: Endpoint, address: str) -> None:
    """Balance, nonce, code, first slots and the account's storage root."""
    for method in ("eth_getBalance", "eth_getTransactionCount", "eth_getCode"):
        assert ours(method, address, "latest") == anvil(method, address, "latest"), method
    words = {}
    for slot in range(6):
        words[slot], theirs = (end("eth_getStorageAt", address, hex(slot), "latest") for end in (ours, anvil))
        assert words[slot] == theirs, slot
    mine, theirs = (end("eth_getProof", address, SLOTS, "latest") for end in (ours, anvil))
    assert "failed" not in mine and "failed" not in theirs, (mine, theirs)
    for name in ("balance", "nonce", "codeHash"):
        assert mine[name] == theirs[name], name
    assert mine["storageHash"] == storage_root({slot: int(word, 16) for slot, word in words.items()})
    if theirs["storageHash"] != mine["storageHash"]:
        # Anvil keeps zeros that were written in its storage tries; the Yellow Paper does not, so the roots differ.
        return
    # Anvil writes the empty trie's only node; Geth and this node write no node for it.
    nodes = [
        [[node for node in one["proof"] if node != "0x80"] for one in end["storageProof"]] for end in (mine, theirs)
    ]
    assert nodes[0] == nodes[1]


def storage_root(words: dict[int, int]) -> str:
    """Root of the storage trie of these words, computed by the `trie` library alone."""
    trie = HexaryTrie({})
    for slot, word in words.items():
        if word:
            trie[keccak(slot.to_bytes(32))] = rlp.encode(word)
    return "0x" + bytes(trie.root_hash).hex()


def compare_calls(ours: Endpoint, anvil: Endpoint, address: str, sender: LocalAccount) -> None:
    """Calls that succeed and fail, gas estimates within a few percent, access lists."""
    for data in (KEPT_CALL, keep_call(0), keep_call(3), b"\x01\x02"):
        call = {"from": sender.address, "to": address, "data": "0x" + data.hex()}
        assert ours("eth_call", call, "latest") == anvil("eth_call", call, "latest")
        mine, theirs = ours("eth_estimateGas", call), anvil("eth_estimateGas", call)
        if isinstance(mine, dict):
            assert mine == theirs
        else:
            assert abs(int(mine, 16) - int(theirs, 16)) <= 0.03 * int(theirs, 16)
    call = {"from": sender.address, "to": address, "data": "0x" + keep_call(3).hex()}
    assert ours("eth_createAccessList", call)["accessList"] == anvil("eth_createAccessList", call)["accessList"]
