"""Engines that answer Ethereum JSON-RPC, given the same small work: this node, Anvil and eth-tester."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.ledger.sender import sign_transaction
from chain.node import EmbeddedNode
from chain.node.rpc import Rpc
from scripts.processes import free_ports

ANVIL = Path(".node/anvil/node_modules/.bin/anvil")
"""Brought by `scripts/compile_contracts --anvil`; without it, what compares with Anvil is left out."""
CHAIN_ID = 20_260
START_TIMEOUT_S = 30.0
GAS = 200_000
RUNTIME = bytes.fromhex("602035 600035 55 60006000a0 600035 54 600052 60206000f3")
"""Keeps the second word of calldata in the slot that the first names, logs, and answers what the slot holds."""
CREATION = bytes.fromhex(f"60{len(RUNTIME):02x} 80 600b 6000 39 6000f3") + RUNTIME
FUNDED_WEI = 10**24

Ask = Callable[..., Any]
"""A JSON-RPC method and its parameters, to its result."""


@dataclass(frozen=True)
class MeasuredEngine:
    """A running engine: how to ask it, and what its transactions need."""

    ask: Ask
    sender: LocalAccount
    chain_id: int = CHAIN_ID
    gas_price_wei: int = 0

    def signed(self, nonce: int, to: str, data: bytes) -> str:
        """One signed transaction as raw hex; to the empty address it creates a contract."""
        raw = sign_transaction(
            self.sender,
            nonce=nonce,
            chain_id=self.chain_id,
            gas_price_wei=self.gas_price_wei,
            gas=GAS,
            to=to or None,
            data=data,
        )
        return "0x" + raw.hex()

    def deploy(self, nonce: int = 0) -> str:
        """Creates the contract; its address."""
        name = self.ask("eth_sendRawTransaction", self.signed(nonce, "", CREATION))
        address: str = self.receipt(name)["contractAddress"]
        return address

    def signed_calls(self, contract: str, first_nonce: int, count: int) -> list[str]:
        """So many signed calls of the contract, as raw hex."""
        return [self.signed(first_nonce + n, contract, _word(n % 100) + _word(n + 1)) for n in range(count)]

    def send_all(self, raws: Sequence[str]) -> int:
        """Sends all and waits until the last stands in a block; how many."""
        names = [self.ask("eth_sendRawTransaction", raw) for raw in raws]
        if int(str(self.receipt(names[-1])["status"]), 16) != 1:
            raise ValueError("a call of ours was reverted")
        return len(raws)

    def receipt(self, name: str) -> dict[str, Any]:
        """The receipt of a transaction, once there is one."""
        until = time.monotonic() + START_TIMEOUT_S
        while (found := self.ask("eth_getTransactionReceipt", name)) is None:
            if time.monotonic() > until:
                raise TimeoutError(f"no receipt of {name}")
            time.sleep(0.001)
        return dict(found)


def in_process(node: EmbeddedNode, sender: LocalAccount) -> MeasuredEngine:
    """This node, asked in its own process: each question still goes through JSON-RPC's checks."""
    rpc = Rpc(node)
    return MeasuredEngine(lambda method, *params: _result(rpc.answer(_request(method, params)) or {}), sender)


def over_http(url: str, sender: LocalAccount) -> MeasuredEngine:
    """Whatever answers at this URL, by one connection that is kept."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=START_TIMEOUT_S)

    def ask(method: str, *params: Any) -> Any:
        connection.request("POST", "/", json.dumps(_request(method, params)), {"Content-Type": "application/json"})
        return _result(json.loads(connection.getresponse().read()))

    return MeasuredEngine(ask, sender)


def eth_tester() -> MeasuredEngine:
    """eth-tester on py-evm, in this process, each transaction mined at once."""
    from eth_tester import EthereumTester, PyEVMBackend

    backend = PyEVMBackend()
    tester = EthereumTester(backend, auto_mine_transactions=True)
    sender: LocalAccount = Account.from_key(backend.account_keys[0].to_bytes())

    def found_receipt(name: str) -> dict[str, Any]:
        said = tester.get_transaction_receipt(name)
        return {"status": hex(said["status"]), "contractAddress": said["contract_address"]}

    methods: dict[str, Ask] = {
        "eth_sendRawTransaction": tester.send_raw_transaction,
        "eth_getTransactionReceipt": found_receipt,
        "eth_call": lambda call, block: tester.call({**call, "from": sender.address, "gas": GAS}, block),
    }
    # Its blocks have a base fee, which its rich account pays.
    return MeasuredEngine(lambda method, *params: methods[method](*params), sender, backend.chain.chain_id, 2 * 10**9)


@contextmanager
def anvil(sender: LocalAccount) -> Iterator[MeasuredEngine | None]:
    """Anvil under the same rules, each transaction mined at once; None where it is not here."""
    if not ANVIL.exists():
        yield None
        return
    (port,) = free_ports([0])
    options = f"--port {port} --chain-id {CHAIN_ID} --hardfork london --base-fee 0 --gas-price 0 --accounts 0 --silent"
    # npm's program starts the real one: a session of their own, so that both can be ended together.
    process = subprocess.Popen(
        [str(ANVIL), *options.split()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        engine = answering(f"http://127.0.0.1:{port}", sender)
        engine.ask("anvil_setBalance", sender.address, hex(FUNDED_WEI))
        yield engine
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answering(url: str, sender: LocalAccount) -> MeasuredEngine:
    """The engine at this URL, once it answers; raises TimeoutError."""
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        engine = over_http(url, sender)
        try:
            engine.ask("eth_chainId")
        except OSError:
            time.sleep(0.01)
        else:
            return engine
    raise TimeoutError(f"nothing answers at {url}")


_numbers = itertools.count(1)


def _request(method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": next(_numbers), "method": method, "params": list(params)}


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise ValueError(f"an engine refused: {answer['error']}")
    return answer["result"]


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")
