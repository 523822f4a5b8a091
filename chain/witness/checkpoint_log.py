"""The log of checkpoints on disk: derived from the ledger, kept so that a start does not read it anew.

The file holds the leaves one after the other, 48 bytes each, and nothing else. It is appended to and never rewritten;
what a crash left of half a leaf is cut off. One process writes it. A checkpoint once read is read again only where it
is the last: a chain whose past changed under us is another history, and nothing more is signed over it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from chain.errors import LedgerFault, StoreFault
from chain.proof.log_heads import LEAF_BYTES, LogHead, LogLeaf
from chain.witness.growing_tree import GrowingTree

CHECKPOINTS_AT_ONCE_MAX = 2_000
"""Checkpoints that one step reads, each for two questions to the ledger."""


class LedgerCheckpointBlock(Protocol):
    """Of a checkpoint, the block in which it was reached."""

    @property
    def since_block(self) -> int: ...


class CheckpointLedger(Protocol):
    """What the log asks of `chain.ledger.Ledger`; block hashes are recomputed there."""

    def checkpoint_count(self, block: int | None = None) -> int: ...
    def checkpoint(self, index: int, block: int | None = None) -> LedgerCheckpointBlock: ...
    def block_hash(self, number: int) -> str: ...


class OtherHistory(LedgerFault):
    """The ledger says another history now than it did: sign nothing, find out which is the true one."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the ledger tells another history than before: {what}. Nothing is signed until this is solved"
        )


class CheckpointLog:
    """The leaves read so far and the tree over them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._tree = GrowingTree()
        self._leaves = bytearray()
        self._is_compared = False
        """Whether the last leaf was held against the ledger since the start."""
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            self._load()

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._tree.size

    def leaf(self, index: int) -> LogLeaf:
        """A leaf; raises IndexError."""
        if not 0 <= index < self.size:
            raise IndexError(f"no leaf {index} in a log of {self.size}")
        return LogLeaf.parse(bytes(self._leaves[LEAF_BYTES * index : LEAF_BYTES * (index + 1)]))

    def head(self, origin: str, size: int | None = None) -> LogHead:
        """The head of that size, by default of all leaves, under an origin."""
        count = self.size if size is None else size
        return LogHead(origin, count, self._tree.root(count))

    def inclusion_path(self, index: int, size: int) -> tuple[bytes, ...]:
        """As `GrowingTree.inclusion_path`."""
        return self._tree.inclusion_path(index, size)

    def consistency_path(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """As `GrowingTree.consistency_path`."""
        return self._tree.consistency_path(old_size, size)

    def catch_up(self, ledger: CheckpointLedger, most: int = CHECKPOINTS_AT_ONCE_MAX) -> int:
        """Reads the checkpoints that the ledger has beyond these, at most so many; how many were added.

        Raises OtherHistory where the last leaf is not the ledger's any more, and what the ledger raises.
        """
        count = ledger.checkpoint_count()
        if count < self.size:
            raise OtherHistory(f"{self.size} checkpoints were read and it has {count}")
        if count == self.size and self._is_compared:
            return 0
        if self.size and self._read(ledger, self.size - 1) != self.leaf(self.size - 1):
            raise OtherHistory(f"checkpoint {self.size - 1} stands in another block")
        self._is_compared = True
        leaves = [self._read(ledger, index) for index in range(self.size, min(count, self.size + most))]
        if leaves:
            self._append(leaves)
        return len(leaves)

    def _read(self, ledger: CheckpointLedger, index: int) -> LogLeaf:
        block = ledger.checkpoint(index).since_block
        return LogLeaf(index, block, bytes.fromhex(ledger.block_hash(block).removeprefix("0x")))

    def _append(self, leaves: list[LogLeaf]) -> None:
        content = b"".join(leaf.content for leaf in leaves)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        self._take(content)

    def _load(self) -> None:
        content = self._file.read_bytes()
        whole = len(content) - len(content) % LEAF_BYTES
        if whole != len(content):
            os.truncate(self._file, whole)
        self._take(content[:whole])
        if any(self.leaf(index).index != index for index in range(self.size)):
            raise StoreFault(f"{self._file} is not a log of checkpoints: remove it, and it is derived anew")

    def _take(self, content: bytes) -> None:
        for at in range(0, len(content), LEAF_BYTES):
            self._tree.append(content[at : at + LEAF_BYTES])
        self._leaves += content
