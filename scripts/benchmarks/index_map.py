"""The index map on disk: replayed from the chain's batches, moved on, asked for proofs, at growing sizes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from chain.follower import Follower, LedgerCheckpoint, LedgerDrop
from chain.index_store import IndexStore
from chain.proof.batch import BATCH_ENTRIES_MAX, ENTRY_BYTES, PREFIX_BYTES, TAG_BYTES, BatchFacts, entries_root
from chain.proof.hashes import keccak256
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least, at_most
from scripts.benchmarks.local_consortium import SEED, folder_bytes

SIZES_QUICK = (2_048, 10_240, 51_200)
SIZES = (10_240, 51_200, 204_800, 1_024_000)
SIZE_HUGE = 10_240_000
"""Tags: whole batches near 10⁴, 10⁵, 10⁶ and 10⁷."""
REPLAY_ENTRIES_A_SECOND = 50_000
BYTES_BEFORE_LANES = 733
"""Disk a record at 1,024,000 of them before each issuer had a lane of its own, on the same machine."""
BATCHES_A_STEP = 8
"""Batches that are made, and then replayed, at a time."""
PROOFS = 200
TAGS_REMEMBERED = 256
"""Of each batch, so that old and new tags are asked for alike."""
UPDATES = 5
CONSORTIUM = bytes(32)
GATEWAY = bytes(20)


def run(context: Context) -> Iterator[Figure]:
    """One index that grows from size to size; each figure is of the last stretch before that size."""
    sizes = [*(SIZES_QUICK if context.quick else SIZES), *((SIZE_HUGE,) if context.huge else ())]
    index = IndexStore.open(context.scratch / "index", CONSORTIUM)
    growing = Growing(index, Random(SEED))
    try:
        for size in sizes:
            context.say(f"index of {size:,} tags")
            rates = growing.grow_to(size)
            yield from _figures(growing, size, rates, is_largest=size == sizes[-1])
            taken = folder_bytes(context.scratch / "index") / size
            yield Figure(
                f"{size:,} tags: disk a tag",
                "bytes",
                (taken,),
                at_most(2 * BYTES_BEFORE_LANES) if size == SIZES[-1] else None,
                size=size,
                series="index map: disk bytes a tag",
            )
    finally:
        index.close()


def _figures(growing: Growing, size: int, rates: list[float], *, is_largest: bool) -> Iterator[Figure]:
    costs = tuple(1e6 / rate for rate in rates)
    yield Figure(f"{size:,} tags: replay", "µs an entry", costs, size=size, series="index map: replay of an entry")
    if is_largest:
        limit = at_least(REPLAY_ENTRIES_A_SECOND)
        yield Figure(f"replay at {size:,} tags", "entries/s", tuple(rates), limit=limit)
    updates = tuple(growing.move_heads() for _ in range(UPDATES))
    yield Figure(
        f"{size:,} tags: map moved on by 2,048 heads",
        "µs a head",
        updates,
        size=size,
        series="index map: update of a head",
    )
    proofs = tuple(growing.prove_some() for _ in range(UPDATES))
    yield Figure(f"{size:,} tags: proof made", "µs", proofs, size=size, series="index map: making a proof")


@dataclass(frozen=True)
class BlockHead:
    """A block's number and name."""

    number: int
    hash: str


@dataclass(frozen=True)
class Batch:
    """A batch as a ledger client gives it."""

    index: int
    root: bytes
    count: int
    entries: bytes
    gateway: str
    block: int
    timestamp: int


@dataclass
class BatchesInMemory:
    """What a follower asks of a ledger, answered from memory: one batch a block, only the newest are kept."""

    held: dict[int, Batch] = field(default_factory=dict)
    commitments: dict[int, bytes] = field(default_factory=dict)
    count: int = 0

    def add(self, entries: Sequence[bytes]) -> None:
        """One more batch in a block of its own."""
        place, joined, root = self.count, b"".join(entries), entries_root(entries)
        facts = BatchFacts(place, root, len(entries), keccak256(joined), GATEWAY, place, place)
        self.held[place] = Batch(place, root, len(entries), joined, GATEWAY.hex(), place, place)
        self.commitments[place] = facts.commitment(CONSORTIUM)
        self.count += 1

    def forget(self) -> None:
        """Drops what was replayed."""
        self.held.clear()
        self.commitments.clear()

    def head(self) -> BlockHead:
        """The newest block."""
        return BlockHead(self.count - 1, self.block_hash(self.count - 1))

    def block_hash(self, number: int) -> str:
        """A name for a block."""
        return f"0x{number:064x}"

    def batches(self, first: int, *, from_block: int, to_block: int) -> Iterator[Batch]:
        """The batches from an index on."""
        return (self.held[place] for place in range(first, min(to_block, self.count - 1) + 1))

    def drops(self, *, from_block: int, to_block: int) -> Iterator[LedgerDrop]:
        """None were dropped."""
        return iter(())

    def commitment(self, index: int) -> bytes:
        """What the contract keeps for a batch."""
        return self.commitments[index]

    def checkpoint_count(self) -> int:
        """None: the map is moved by hand."""
        return 0

    def checkpoint(self, index: int) -> LedgerCheckpoint:
        """There is none to ask for."""
        raise LookupError(index)


class Growing:
    """An index that grows by batches of new tags, in the follower's own steps."""

    def __init__(self, index: IndexStore, random: Random) -> None:
        self._index = index
        self._random = random
        self._ledger = BatchesInMemory()
        self._follower = Follower(self._ledger, index, CONSORTIUM)
        self._tags = 0
        self._known: list[bytes] = []
        """Some tags of each batch, to choose from."""

    def grow_to(self, tags: int) -> list[float]:
        """Replays batches of new tags up to this many, moves the map there; the rates of the last steps, entries/s."""
        rates: list[float] = []
        while self._tags < tags:
            count = min(BATCHES_A_STEP, -(-(tags - self._tags) // BATCH_ENTRIES_MAX))
            for _ in range(count):
                self._ledger.add(self._new_entries())
            rates.append(count * BATCH_ENTRIES_MAX / self._replay())
            self._index.advance_map(self._ledger.count)
        return rates[-UPDATES:]

    def move_heads(self) -> float:
        """One batch on known tags, replayed; µs a head for moving the map on to it."""
        tags = [self._random.choice(self._known) for _ in range(BATCH_ENTRIES_MAX)]
        self._ledger.add([tag + self._random.randbytes(ENTRY_BYTES - TAG_BYTES) for tag in tags])
        self._replay()
        began = time.perf_counter()
        self._index.advance_map(self._ledger.count)
        return (time.perf_counter() - began) * 1e6 / len(set(tags))

    def prove_some(self) -> float:
        """The median time of a proof, µs."""
        took = []
        for _ in range(PROOFS):
            tag = self._random.choice(self._known)
            began = time.perf_counter()
            self._index.prove_group(tag[:PREFIX_BYTES])
            took.append((time.perf_counter() - began) * 1e6)
        return statistics.median(took)

    def _new_entries(self) -> list[bytes]:
        said = self._random.randbytes(BATCH_ENTRIES_MAX * ENTRY_BYTES)
        entries = [said[at : at + ENTRY_BYTES] for at in range(0, len(said), ENTRY_BYTES)]
        self._tags += len(entries)
        self._known += [one[:TAG_BYTES] for one in entries[:TAGS_REMEMBERED]]
        return entries

    def _replay(self) -> float:
        began = time.perf_counter()
        self._follower.catch_up()
        took = time.perf_counter() - began
        self._ledger.forget()
        return took


BENCHMARK = Benchmark(
    name="index_map",
    what="the follower's index, one tag an entry, batches of 2,048, one core",
    leaves_out="the chain's JSON-RPC: batches and commitments come from memory; flushing to disk at each batch",
    run=run,
)
