"""The logs of a stored block, read without the rest of it: what a log search and an indexer ask for all day.

Parsing a block checks its header's form and hashes it, at a cost that a search over many blocks cannot bear. Here the
block's hash is taken from the next header's first field, and RLP that the node wrote itself is split without asking
again whether it is canonical: the store checks its newest blocks at every start, and all of them by `Store.check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chain.node.blocks import Block, Log
from chain.node.trie import keccak
from chain.node.trusted_rlp import number_of, raw_items, text_of

PARENT_HASH_PLACE = 4
"""Where the parent's hash stands in a header's RLP: behind the list's three bytes and its own length byte."""
TIMESTAMP_FIELD = 11
LOGS_FIELD = 3


@dataclass(frozen=True)
class BlockLogs:
    """One block's logs, in order, and what is told with each."""

    number: int
    hash: bytes
    timestamp: int
    logs: tuple[tuple[int, Log], ...]
    """Each log with the index of its transaction."""
    transaction_hashes: Mapping[int, bytes]
    """By transaction index; of transactions that have logs."""

    @classmethod
    def of(cls, block: Block) -> BlockLogs:
        """The logs of a block at hand."""
        logs = tuple((index, log) for index, receipt in enumerate(block.receipts) for log in receipt.logs)
        return cls(block.header.number, block.header.hash, block.header.timestamp, logs, dict(enumerate(block.hashes)))

    @classmethod
    def read(cls, number: int, block_hash: bytes, header: bytes, receipts: bytes, bodies: bytes) -> BlockLogs:
        """The logs in stored bytes: a header's RLP, the list of raw receipts, the list of [raw transaction, sender]."""
        logs = tuple(_logs(receipts))
        pairs = raw_items(bodies) if logs else []
        hashes = {index: keccak(text_of(raw_items(pairs[index])[0])) for index in {index for index, _ in logs}}
        return cls(number, block_hash, number_of(raw_items(header)[TIMESTAMP_FIELD]), logs, hashes)


def parent_hash_of(header: bytes) -> bytes:
    """The parent's hash in a header's RLP."""
    return header[PARENT_HASH_PLACE : PARENT_HASH_PLACE + 32]


def _logs(receipts: bytes) -> Iterable[tuple[int, Log]]:
    for index, receipt in enumerate(raw_items(receipts)):
        raw = text_of(receipt)
        for log in raw_items(raw_items(raw if raw[0] >= 0xC0 else raw[1:])[LOGS_FIELD]):
            address, topics, data = raw_items(log)
            yield index, Log(text_of(address), tuple(map(text_of, raw_items(topics))), text_of(data))
