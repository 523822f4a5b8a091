"""A chain of the embedded node's: genesis and validators' keys in one folder, opened in this process for a founding."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, load_account, make_account

if TYPE_CHECKING:
    from web3.providers.base import BaseProvider

CHAIN_ID = 20_260
GAS_LIMIT = 60_000_000
VALIDATORS = 4
FOUNDING_BLOCKS_MAX = 120
"""More blocks than a founding makes on an embedded node, where each transaction is a block."""


def make_embedded_chain(folder: ConsortiumFolder) -> None:
    """Writes a new genesis and the keys of its validators, which one process holds; an earlier database is dropped.

    Blocks of a founding are a second apart each and must not run ahead of the clock: they begin in the past.
    """
    from chain.node import Genesis

    passphrase = folder.make_passphrase()
    shutil.rmtree(folder.path / "validators", ignore_errors=True)
    accounts = [make_account(folder.path / "validators" / f"{n}.json", passphrase) for n in range(VALIDATORS)]
    addresses = tuple(sorted(bytes.fromhex(account.address[2:]) for account in accounts))
    genesis = Genesis(CHAIN_ID, GAS_LIMIT, int(time.time()) - FOUNDING_BLOCKS_MAX, addresses)
    shutil.rmtree(folder.path / "node", ignore_errors=True)
    folder.genesis.write_text(genesis.format())


@contextmanager
def open_embedded_chain(folder: ConsortiumFolder, clock: Callable[[], float] = time.time) -> Iterator[BaseProvider]:
    """The provider of the folder's embedded node, closed afterwards; BrokenFolder where there is no genesis."""
    from chain.node import EmbeddedNode, Genesis, NodeProvider, NodeSettings

    if not folder.genesis.exists():
        raise BrokenFolder(f"{folder.path} holds no chain. Make one: tongguan found chain {folder.path}")
    genesis = Genesis.parse(folder.genesis.read_bytes())
    accounts = [load_account(file, folder.passphrase()) for file in sorted((folder.path / "validators").glob("*.json"))]
    keys = [bytes(account.key) for account in sorted(accounts, key=lambda account: account.address.lower())]
    node = EmbeddedNode.open(folder.path / "node", genesis, keys, NodeSettings(instant=True), clock=clock)
    try:
        yield NodeProvider(node)
    finally:
        node.close()


def genesis_time(folder: ConsortiumFolder) -> int:
    """When block 0 was made, Unix seconds."""
    from chain.node import Genesis

    return Genesis.parse(folder.genesis.read_bytes()).timestamp
