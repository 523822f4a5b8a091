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

PARENT_HASH_PLACE = 4
"""Where the parent's hash stands in a header's RLP: behind the list's three bytes and its own length byte."""
NUMBERS_PLACE = 448
"""Where difficulty, number, gas limit, gas used and timestamp begin: behind the seven fields of fixed length."""
TIMESTAMP_AFTER = 4

Item = bytes | list["Item"]


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
        logs = tuple(_logs(_list(receipts)))
        bodies_list = _list(bodies) if logs else []
        hashes = {index: keccak(_bytes(_items(bodies_list[index])[0])) for index in {index for index, _ in logs}}
        timestamp = int.from_bytes(_bytes(_split(header, NUMBERS_PLACE, len(header))[TIMESTAMP_AFTER]))
        return cls(number, block_hash, timestamp, logs, hashes)


def parent_hash_of(header: bytes) -> bytes:
    """The parent's hash in a header's RLP."""
    return header[PARENT_HASH_PLACE : PARENT_HASH_PLACE + 32]


def _logs(receipts: Iterable[Item]) -> Iterable[tuple[int, Log]]:
    for index, receipt in enumerate(receipts):
        raw = _bytes(receipt)
        fields = _list(raw if raw[0] >= 0xC0 else raw[1:])
        for log in _items(fields[3]):
            address, topics, data = _items(log)
            yield index, Log(_bytes(address), tuple(_bytes(topic) for topic in _items(topics)), _bytes(data))


def _list(encoded: bytes) -> list[Item]:
    (items,) = _split(encoded, 0, len(encoded))
    return _items(items)


def _items(item: Item) -> list[Item]:
    if isinstance(item, bytes):
        raise TypeError("a list is expected in stored RLP")
    return item


def _bytes(item: Item) -> bytes:
    if not isinstance(item, bytes):
        raise TypeError("a string is expected in stored RLP")
    return item


def _split(encoded: bytes, place: int, end: int) -> list[Item]:
    """The items between two places of RLP that this node wrote."""
    found: list[Item] = []
    while place < end:
        first = encoded[place]
        if first < 0x80:
            start, stop = place, place + 1
        elif first < 0xB8 or 0xC0 <= first < 0xF8:
            start = place + 1
            stop = start + (first & 0x3F)
        else:
            start = place + 1 + (first & 0x3F) - 55
            stop = start + int.from_bytes(encoded[place + 1 : start])
        found.append(_split(encoded, start, stop) if first >= 0xC0 else encoded[start:stop])
        place = stop
    return found
