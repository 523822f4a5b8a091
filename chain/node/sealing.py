"""One block from what its transactions did: roots, filter, header and the validators' seals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coincurve import PrivateKey

from chain.node.blocks import Block, Header
from chain.node.genesis import Genesis
from chain.node.trie import list_root
from chain.node.vm import Outcome


def miner_of(genesis: Genesis, number: int) -> bytes:
    """The validator whose turn it is."""
    return genesis.validators[number % len(genesis.validators)]


def block_of(
    outcome: Outcome,
    parent: Header,
    genesis: Genesis,
    timestamp: int,
    keys: Sequence[PrivateKey],
    at_step: Callable[[str], None],
) -> Block:
    """The sealed block after `parent`; `at_step` hears `sealed`."""
    number = parent.number + 1
    bloom = 0
    for receipt in outcome.receipts:
        bloom |= int.from_bytes(receipt.bloom)
    header = Header(
        parent_hash=parent.hash,
        miner=miner_of(genesis, number),
        state_root=outcome.state_root,
        transactions_root=list_root([included.raw for included in outcome.included]),
        receipts_root=list_root([receipt.raw for receipt in outcome.receipts]),
        bloom=bloom.to_bytes(256),
        number=number,
        gas_limit=genesis.gas_limit,
        gas_used=outcome.gas_used,
        timestamp=timestamp,
        validators=genesis.validators,
    ).sealed(keys)
    at_step("sealed")
    return Block(
        header,
        tuple(included.raw for included in outcome.included),
        tuple(included.sender for included in outcome.included),
        outcome.receipts,
        tuple(included.hash for included in outcome.included),
    )
