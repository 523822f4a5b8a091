"""Fixtures of a node for tests; copy `instant_node` where another room needs a chain in its process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_keyfile.keyfile import create_keyfile_json
from web3 import Web3
from web3.middleware import ExtraDataToPOAMiddleware

from chain.node import EmbeddedNode, Genesis, NodeProvider, NodeSettings
from chain.node.blocks import address_of
from chain.node.genesis import Allotment
from chain.node.rpc import Rpc
from tests.chain.node.number_contract import deploy
from tests.samples import REPOSITORY

CHAIN_ID = 20260
VALIDATOR_KEYS = [bytes([n]) * 32 for n in (1, 2, 3, 4)]
RICH_WEI = 10**24
RECIPIENT = "0x" + "15" * 20


@pytest.fixture
def sender() -> LocalAccount:
    """An account with a balance in block 0; others may send too, for gas is free."""
    account: LocalAccount = Account.from_key(b"\x42" * 32)
    return account


@pytest.fixture
def genesis(sender: LocalAccount) -> Genesis:
    """A chain of four validators."""
    return Genesis(
        chain_id=CHAIN_ID,
        gas_limit=60_000_000,
        timestamp=1_700_000_000,
        validators=tuple(sorted(address_of(PrivateKey(key)) for key in VALIDATOR_KEYS)),
        alloc={bytes.fromhex(sender.address[2:]): Allotment(balance=RICH_WEI)},
    )


@pytest.fixture
def instant_node(tmp_path: Path, genesis: Genesis) -> Iterator[EmbeddedNode]:
    """A node that seals each transaction before it answers the transaction's hash; no test waits for the clock."""
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS, NodeSettings(instant=True))
    yield node
    node.close()


@pytest.fixture
def w3(instant_node: EmbeddedNode) -> Web3:
    """web3 on the instant node, in process."""
    web3 = Web3(NodeProvider(instant_node))
    # Headers of Byzantine fault tolerant chains have more than 32 bytes of extraData; web3 refuses them without this.
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    return web3


@pytest.fixture
def keeper(w3: Web3, sender: LocalAccount) -> Any:
    """The contract of `number_contract.py`, deployed on the instant node."""
    return deploy(w3, sender)


@dataclass(frozen=True)
class Served:
    """A node in a process of its own: its consortium's folder, URL and process."""

    folder: Path
    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> int:
        """Tell it to end, as an operator would; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def write_folder(folder: Path, genesis: Genesis) -> None:
    """A consortium's folder as a node needs it."""
    (folder / "validators").mkdir(parents=True)
    (folder / "genesis.json").write_text(genesis.format())
    (folder / "passphrase").write_text("correct horse\n")
    for number, key in enumerate(VALIDATOR_KEYS):
        keystore = create_keyfile_json(key, b"correct horse", kdf="pbkdf2", iterations=2)
        (folder / "validators" / f"{number}.json").write_text(json.dumps(keystore))


def serve(folder: Path, *options: str, command: Sequence[str] = ("chain.node",)) -> Served:
    """A node started on a consortium's folder as an operator would start it, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [sys.executable, "-m", *command, "--dir", str(folder), "--port", str(port), *options]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(arguments, cwd=REPOSITORY, stderr=log)
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(url + "/health")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return Served(folder, url, process)
    process.kill()
    raise AssertionError((folder / "log").read_text())


@pytest.fixture
def served(tmp_path: Path, genesis: Genesis) -> Iterator[Served]:
    """A node in a process of its own, on loopback."""
    write_folder(tmp_path / "consortium", genesis)
    node = serve(tmp_path / "consortium")
    yield node
    node.process.kill()
    node.process.wait()


def rpc(node: EmbeddedNode, method: str, *params: Any) -> Any:
    """The result of one JSON-RPC call to a node in process; fails the test on an error."""
    answer = Rpc(node).answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
    assert answer is not None and "error" not in answer, answer
    return answer["result"]


def rpc_error(node: EmbeddedNode, method: str, *params: Any) -> dict[str, Any]:
    """The error of one JSON-RPC call to a node in process; fails the test on success."""
    answer = Rpc(node).answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
    assert answer is not None and "error" in answer, answer
    error: Any = answer["error"]
    return dict(error)


def signed(key: LocalAccount, nonce: int, **fields: Any) -> bytes:
    """A raw transaction of type 0, gas free."""
    transaction = {"chainId": CHAIN_ID, "nonce": nonce, "gas": 100_000, "gasPrice": 0, "value": 0, "to": RECIPIENT}
    return bytes(key.sign_transaction({**transaction, **fields}).raw_transaction)
