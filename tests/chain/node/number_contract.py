"""A contract for tests, by hand: it keeps a number, tells of it in a log, and refuses to keep nothing.

event Kept(address indexed by, uint256 value)
function keep(uint256 value)            reverts with Error("nothing to keep") for 0
function kept() view returns (uint256)
"""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.types import TxReceipt

from chain.node.trie import keccak

KEPT_TOPIC = keccak(b"Kept(address,uint256)")
REASON = b"nothing to keep"
GAS = 1_000_000

ABI: list[dict[str, Any]] = [
    {
        "type": "event",
        "name": "Kept",
        "anonymous": False,
        "inputs": [
            {"name": "by", "type": "address", "indexed": True},
            {"name": "value", "type": "uint256", "indexed": False},
        ],
    },
    {
        "type": "function",
        "name": "keep",
        "stateMutability": "nonpayable",
        "inputs": [{"name": "value", "type": "uint256"}],
        "outputs": [],
    },
    {
        "type": "function",
        "name": "kept",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": "uint256"}],
    },
]


def keep_call(value: int) -> bytes:
    """Calldata of keep(value)."""
    return keccak(b"keep(uint256)")[:4] + value.to_bytes(32)


KEPT_CALL = keccak(b"kept()")[:4]


def _runtime() -> bytes:
    write = bytes.fromhex("6004 35 80 15 60ff 57 80 6000 55 6000 52 33 7f") + KEPT_TOPIC
    write += bytes.fromhex("6020 6000 a2 00")
    read = bytes.fromhex("5b 6000 54 6000 52 6020 6000 f3")
    fail = bytes.fromhex("5b 6308c379a0 60e0 1b 6000 52 6020 6004 52 600f 6024 52 7f")
    fail += REASON.ljust(32, b"\0") + bytes.fromhex("6044 52 6064 6000 fd")
    head = 7
    read_at, fail_at = head + len(write), head + len(write) + len(read)
    write = write.replace(b"\x60\xff\x57", bytes([0x60, fail_at, 0x57]), 1)
    return bytes.fromhex("36 6004 14 60") + bytes([read_at]) + b"\x57" + write + read + fail


def _creation(runtime: bytes) -> bytes:
    return bytes([0x60, len(runtime), 0x60, 12, 0x60, 0, 0x39, 0x60, len(runtime), 0x60, 0, 0xF3]) + runtime


BYTECODE = _creation(_runtime())


def transact(w3: Web3, sender: LocalAccount, **fields: Any) -> TxReceipt:
    """The receipt of a signed transaction of type 0, gas free, from `sender`."""
    transaction = {
        "chainId": w3.eth.chain_id,
        "nonce": w3.eth.get_transaction_count(sender.address),
        "gas": GAS,
        "gasPrice": 0,
        "value": 0,
        "data": b"",
        **fields,
    }
    signed = sender.sign_transaction(transaction)
    return w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction), poll_latency=0.02)


def deploy(w3: Web3, sender: LocalAccount) -> Any:
    """The contract, deployed, as web3 sees it."""
    receipt = transact(w3, sender, data=BYTECODE)
    return w3.eth.contract(address=receipt["contractAddress"], abi=ABI)
