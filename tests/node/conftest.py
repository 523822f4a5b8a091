"""Fixtures of a node for tests; copy `instant_node` where another room needs a chain in its process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.middleware import ExtraDataToPOAMiddleware

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.blocks import address_of
from chain.node.genesis import Allotment

CHAIN_ID = 20260
VALIDATOR_KEYS = [bytes([n]) * 32 for n in (1, 2, 3, 4)]
RICH_WEI = 10**24


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
    web3 = Web3(instant_node.provider())
    # Headers of Byzantine fault tolerant chains have more than 32 bytes of extraData; web3 refuses them without this.
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    return web3
