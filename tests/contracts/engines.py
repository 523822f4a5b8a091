"""Where the contracts run in tests: the embedded node in process, or the network that `TONGGUAN_TEST_RPC_URL` names.

With that variable, `TONGGUAN_TEST_RPC_KEY` is the private key (0x-hex) of an account that may create contracts; gas
must be free. `TONGGUAN_TEST_UNSEALED=1` also takes an engine without QBFT headers, e.g. Anvil.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, Phase, settings
from web3 import HTTPProvider
from web3.providers.base import BaseProvider

from chain.ledger import Call, ContractAddresses, Founder, Founding, Ledger, Receipt, deploy, read_expectations
from chain.ledger.reverts import ContractRefused
from chain.ledger.sender import sign_transaction
from chain.members import Role
from chain.node import EmbeddedNode, Genesis, NodeProvider, NodeSettings
from chain.node.blocks import address_of

VALIDATOR_KEYS = [bytes([n]) * 32 for n in (1, 2, 3, 4)]
CHAIN_ID = 20261
GAS = 4_000_000
ANVIL = Path(__file__).resolve().parents[2] / ".node/anvil/node_modules/.bin/anvil"
ANVIL_START_S_MAX = 20.0
MACHINE_SETTINGS = settings(
    max_examples=int(os.environ.get("TONGGUAN_TEST_RUNS", "2")),
    stateful_step_count=220,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # A run of 220 transactions is not shrunk: its printed steps are the finding, and shrinking would take an hour.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
"""Settings of the stateful tests; `TONGGUAN_TEST_RUNS` asks for more runs than the two that the suite has time for."""
EVERY_ROLE = Role((1 << 10) - 1)


@dataclass(frozen=True)
class Engine:
    """An endpoint to test on, and the account that creates contracts there."""

    provider: BaseProvider
    deployer: LocalAccount
    unsealed: bool
    timeout_s: float


def account(name: str) -> LocalAccount:
    """The same account for the same name, in every run."""
    made: LocalAccount = Account.from_key(hashlib.sha256(f"test account {name}".encode()).digest())
    return made


def uscc(number: int) -> str:
    """An invented code; the registry checks its characters, not its check digit."""
    return f"91110000MA{number:08d}"


def open_embedded(folder: Path) -> tuple[EmbeddedNode, Engine]:
    """A chain of four validators that seals each transaction at once."""
    genesis = Genesis(
        chain_id=CHAIN_ID,
        gas_limit=60_000_000,
        timestamp=1_700_000_000,
        validators=tuple(sorted(address_of(PrivateKey(key)) for key in VALIDATOR_KEYS)),
        alloc={},
    )
    node = EmbeddedNode.open(folder, genesis, VALIDATOR_KEYS, NodeSettings(instant=True))
    return node, Engine(NodeProvider(node), account("deployer"), unsealed=False, timeout_s=10)


def find_external() -> Engine | None:
    """The engine that the environment names; None where it names none."""
    url = os.environ.get("TONGGUAN_TEST_RPC_URL")
    if not url:
        return None
    key = os.environ.get("TONGGUAN_TEST_RPC_KEY")
    deployer = Account.from_key(key) if key else account("deployer")
    unsealed = os.environ.get("TONGGUAN_TEST_UNSEALED") == "1"
    return Engine(HTTPProvider(url), deployer, unsealed, timeout_s=60)


def open_anvil() -> Iterator[Engine]:
    """Foundry's engine on a free port, with London rules and free gas; skips where it is not installed."""
    if not ANVIL.exists():
        pytest.skip("Anvil is not installed: `scripts/compile_contracts --anvil` brings it (needs Node.js)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rules = ["--hardfork", "london", "--gas-price", "0", "--base-fee", "0", "--gas-limit", "60000000"]
    command = [str(ANVIL), "--port", str(port), "--chain-id", str(CHAIN_ID), "--silent", *rules]
    process = subprocess.Popen(command)
    provider = HTTPProvider(f"http://127.0.0.1:{port}")
    try:
        until = time.monotonic() + ANVIL_START_S_MAX
        while not provider.is_connected():
            if process.poll() is not None or time.monotonic() > until:
                pytest.skip("Anvil is installed but does not start here")
            time.sleep(0.05)
        yield Engine(provider, account("deployer"), unsealed=True, timeout_s=10)
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class Outcome:
    """What became of one transaction: the block that holds it, and the contract's error where it refused."""

    block: int
    refusal: ContractRefused | None
    receipt: Receipt | None


class Consortium:
    """A founded consortium on an engine: governor i is `uscc(i)` with the controller `account(f"controller {i}")`."""

    def __init__(
        self,
        engine: Engine,
        *,
        governors: int = 3,
        threshold: int = 2,
        lifetime_blocks: int = 1000,
        record_rules: bytes = b"\x02" * 32,
        tag_key: bytes = b"\x03" * 32,
    ) -> None:
        self.engine = engine
        self.controllers = [account(f"controller {i}") for i in range(governors)]
        self.founding = Founding(
            consortium=hashlib.sha256(b"test consortium").digest(),
            founders=tuple(
                Founder(uscc(i), f"governor {i}", EVERY_ROLE, self.controllers[i].address, f"11009100{i:02d}")
                for i in range(governors)
            ),
            threshold=threshold,
            policies={"view": b"\x01" * 32, "record-rules": record_rules},
            tag_key=tag_key,
            tag_suite=3,
            proposal_lifetime_blocks=lifetime_blocks,
        )
        self.addresses = deploy(engine.provider, engine.deployer, self.founding)
        self.ledger = connect(engine, self.addresses)

    def attempt(self, call: Call, sender: LocalAccount) -> Outcome:
        """Sends the call as a real transaction, also where it will be refused."""
        ledger = self.ledger
        raw = sign_transaction(
            sender,
            nonce=ledger.next_nonce(sender.address),
            chain_id=ledger.chain_id,
            gas_price_wei=0,
            gas=GAS,
            to=ledger.address_of(call.contract),
            data=call.data,
        )
        tx_hash = ledger.send_raw(raw)
        try:
            receipt = ledger.wait(tx_hash)
        except ContractRefused as refusal:
            found = ledger.find_receipt(tx_hash)
            assert found is not None
            return Outcome(found.block, refusal, None)
        return Outcome(receipt.block, None, receipt)

    def send(self, call: Call, sender: LocalAccount) -> Receipt:
        """Sends a call that must succeed."""
        outcome = self.attempt(call, sender)
        if outcome.refusal is not None:
            raise outcome.refusal
        assert outcome.receipt is not None
        return outcome.receipt


def connect(engine: Engine, addresses: ContractAddresses) -> Ledger:
    """A client pinned to what the engine says now."""
    return Ledger(
        engine.provider,
        addresses,
        expect=read_expectations(engine.provider, addresses),
        timeout_s=engine.timeout_s,
        unsealed=engine.unsealed,
    )
