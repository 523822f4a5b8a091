"""What a follower's index holds: batches, links, how far it has come, and how it can be wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from chain.errors import StoreFault
from chain.proof.batch import ENTRY_BYTES, TAG_BYTES, BatchFacts
from chain.proof.index_map import LaneLeaf


class DamagedIndex(StoreFault):
    """The index folder is of another consortium or format, or its contents do not fit together: replay it anew."""


class IndexDisagrees(StoreFault):
    """The root derived here is not the one that was attested: one side did not derive it from the chain."""

    def __init__(self, batch_count: int, derived: bytes, attested: bytes) -> None:
        self.batch_count = batch_count
        self.derived = derived
        self.attested = attested
        super().__init__(
            f"the index map over {batch_count} batches has root {derived.hex()} here, but {attested.hex()} was attested"
        )


@dataclass(frozen=True)
class IndexedBatch:
    """One batch as the chain holds it; `void` where its entries do not hash to its root, so that none counts."""

    facts: BatchFacts
    void: bool


@dataclass(frozen=True)
class Link:
    """One entry digest in a lane: where it was anchored."""

    entry_digest: bytes
    batch: int
    position: int
    subtree: bytes
    """Root of the largest complete subtree of the lane whose last leaf this is."""

    @property
    def leaf(self) -> LaneLeaf:
        """The leaf as the lane's tree has it."""
        return LaneLeaf(self.entry_digest, self.batch)


@dataclass(frozen=True)
class Progress:
    """How far the index has come: batches applied, block up to which the chain was read, the map's count and root."""

    batch_count: int
    block: int
    block_hash: str
    map_count: int
    map_root: bytes


def entries_by_tag(batches: Iterable[tuple[int, bytes]]) -> list[tuple[bytes, int, int, bytes]]:
    """(Tag, batch index, position, entry digest) of all entries of batches, by tag.

    Lanes are independent of each other; within one the entries stay in the order of the chain.
    """
    entries = [
        (content[at : at + TAG_BYTES], index, at // ENTRY_BYTES, content[at + TAG_BYTES : at + ENTRY_BYTES])
        for index, content in batches
        for at in range(0, len(content) - ENTRY_BYTES + 1, ENTRY_BYTES)
    ]
    entries.sort(key=itemgetter(0))
    return entries
