"""The follower: replays the chain's batches, in chain order, into the index map.

Every member may run one; nobody has to believe another's. Per batch it checks that the entries hash to what the
contract committed to (else the endpoint lies) and whether they hash to the batch's own root (else the batch is *void*:
skipped, and said). Where a checkpoint was attested it moves the map there and compares the roots.

Finality: blocks of this chain are final at once. Where the chain no longer holds the block that was read last, or an
attested root is not the one derived here, the follower stops for good and says so: something that cannot happen has.

Crash order: each step applies whole batches and the block that they were read up to in one transaction; after a crash
the same blocks are read again and nothing is counted twice, because batch indexes are consecutive.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from chain.errors import LedgerFault, TongguanError
from chain.index_store import DamagedIndex, IndexDisagrees, IndexedBatch, IndexStore
from chain.ledger.faults import ChangedCode, HeadChanged, OtherEdition, WrongChain
from chain.proof.batch import BatchFacts, entries_root, split_entries
from chain.proof.hashes import keccak256

BLOCKS_PER_STEP_MAX = 2_000
"""How many blocks one step reads at most, so that a long replay shows its progress."""
BATCHES_PER_COMMIT_MAX = 64
"""How many batches one transaction of the index holds at most."""


class ChangedHistory(LedgerFault):
    """The chain no longer holds the block that was read last: under finality that cannot happen, so nothing goes on."""

    def __init__(self, block: int, seen_hash: str, now_hash: str) -> None:
        self.block = block
        self.seen_hash = seen_hash
        self.now_hash = now_hash
        super().__init__(f"block {block} had hash {seen_hash} and now has {now_hash}: the chain's history was changed")


class BrokenCommitment(LedgerFault):
    """The entries that the endpoint gives for a batch are not the ones that the contract committed to."""

    def __init__(self, index: int) -> None:
        self.index = index
        super().__init__(f"batch {index}: the endpoint's entries do not fit the commitment in the ledger contract")


UNBELIEVABLE: tuple[type[TongguanError], ...] = (
    ChangedHistory,
    BrokenCommitment,
    IndexDisagrees,
    DamagedIndex,
    HeadChanged,
    WrongChain,
    ChangedCode,
    OtherEdition,
)
"""After one of these going on would spread a lie: whoever follows the chain stops and says so. Other faults pass."""


class LedgerHead(Protocol):
    """A block at the chain's head."""

    @property
    def number(self) -> int: ...
    @property
    def hash(self) -> str: ...


class LedgerBatch(Protocol):
    """A batch as the chain holds it: the anchoring call's facts and its entries (calldata)."""

    @property
    def index(self) -> int: ...
    @property
    def root(self) -> bytes: ...
    @property
    def count(self) -> int: ...
    @property
    def entries(self) -> bytes: ...
    @property
    def gateway(self) -> str: ...
    @property
    def block(self) -> int: ...
    @property
    def timestamp(self) -> int: ...


class LedgerDrop(Protocol):
    """What a quorum of governors took out of a batch."""

    @property
    def batch(self) -> int: ...
    @property
    def number(self) -> int: ...
    @property
    def bitmap(self) -> bytes: ...
    @property
    def block(self) -> int: ...


class LedgerCheckpoint(Protocol):
    """A checkpoint as the ledger contract holds it."""

    @property
    def index(self) -> int: ...
    @property
    def root(self) -> bytes: ...
    @property
    def batch_count(self) -> int: ...
    @property
    def since_block(self) -> int: ...
    @property
    def round(self) -> int: ...


class LedgerReader(Protocol):
    """What a follower asks of `chain.ledger.Ledger`."""

    def head(self) -> LedgerHead: ...
    def block_hash(self, number: int) -> str: ...
    def batches(self, first: int, *, from_block: int, to_block: int) -> Iterator[LedgerBatch]: ...
    def drops(self, *, from_block: int, to_block: int) -> Iterator[LedgerDrop]: ...
    def commitment(self, index: int) -> bytes: ...
    def checkpoint_count(self) -> int: ...
    def checkpoint(self, index: int) -> LedgerCheckpoint: ...


@dataclass(frozen=True)
class Step:
    """What one step did: batches applied (void ones too), the checkpoint the map was moved to, blocks left to read."""

    applied: tuple[IndexedBatch, ...]
    checkpoint: LedgerCheckpoint | None
    blocks_behind: int

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not self.applied and self.checkpoint is None and self.blocks_behind == 0


class Follower:
    """Replays one chain into one index. `consortium` is the 32-byte id that commitments bind."""

    def __init__(self, ledger: LedgerReader, index: IndexStore, consortium: bytes, *, keep_map: bool = False) -> None:
        self._ledger = ledger
        self._index = index
        self._consortium = consortium
        self._keep_map = keep_map
        self._confirmed: LedgerCheckpoint | None = None

    def step(self) -> Step:
        """Reads up to `BLOCKS_PER_STEP_MAX` further blocks and moves the map to the newest checkpoint within reach.

        Raises ChangedHistory, BrokenCommitment or IndexDisagrees where the chain cannot be believed, and the ledger
        client's own faults where it cannot be reached; the index stays whole in each case.
        """
        progress = self._index.progress()
        head = self._ledger.head()
        self._check_history(progress.block, progress.block_hash, head)
        last = min(head.number, progress.block + BLOCKS_PER_STEP_MAX)
        applied: list[IndexedBatch] = []
        if last > progress.block or not progress.block_hash:
            last_hash = head.hash if last == head.number else self._ledger.block_hash(last)
            applied = self._apply_blocks(progress.block + 1 if progress.block_hash else 0, last, last_hash)
        checkpoint = None if self._keep_map else self._move_map()
        return Step(tuple(applied), checkpoint, head.number - last)

    def catch_up(self, on_step: Callable[[Step], None] = lambda step: None) -> None:
        """Steps until the head is reached."""
        while True:
            step = self.step()
            on_step(step)
            if step.blocks_behind == 0:
                return

    @property
    def checkpoint(self) -> LedgerCheckpoint | None:
        """The newest checkpoint whose root was derived here too; None before the first."""
        return self._confirmed

    def _check_history(self, block: int, seen_hash: str, head: LedgerHead) -> None:
        if not seen_hash:
            return
        if head.number < block:
            raise ChangedHistory(block, seen_hash, "none")
        now_hash = head.hash if head.number == block else self._ledger.block_hash(block)
        if now_hash != seen_hash:
            raise ChangedHistory(block, seen_hash, now_hash)

    def _apply_blocks(self, first: int, last: int, last_hash: str) -> list[IndexedBatch]:
        progress = self._index.progress()
        applied: list[IndexedBatch] = []
        pending: list[tuple[IndexedBatch, bytes]] = []

        def apply_pending(block: int, block_hash: str) -> None:
            self._index.apply(pending, block, block_hash)
            applied.extend(batch for batch, _ in pending)
            pending.clear()

        drops = deque(self._ledger.drops(from_block=first, to_block=last))
        # The block mark stays behind until the last commit: a crash here reads the blocks again. Batches that are
        # applied already are not asked for, and a drop that was taken in changes nothing.
        for batch in self._ledger.batches(progress.batch_count, from_block=first, to_block=last):
            while drops and drops[0].block < batch.block:
                apply_pending(progress.block, progress.block_hash)
                self._take_drop(drops.popleft())
            pending.append((self._checked(batch), batch.entries))
            if len(pending) == BATCHES_PER_COMMIT_MAX:
                apply_pending(progress.block, progress.block_hash)
        if drops:
            apply_pending(progress.block, progress.block_hash)
        for drop in drops:
            self._take_drop(drop)
        apply_pending(last, last_hash)
        return applied

    def _take_drop(self, drop: LedgerDrop) -> None:
        """Takes in a drop after all batches of its block and before any of a later one."""
        if drop.batch < self._index.progress().batch_count:  # of a batch that does not stand it says nothing
            self._index.drop(drop.batch, drop.number, drop.bitmap)

    def _checked(self, found: LedgerBatch) -> IndexedBatch:
        gateway = bytes.fromhex(found.gateway.removeprefix("0x"))
        facts = BatchFacts(
            found.index, found.root, found.count, keccak256(found.entries), gateway, found.block, found.timestamp
        )
        if self._ledger.commitment(found.index) != facts.commitment(self._consortium):
            raise BrokenCommitment(found.index)
        entries = split_entries(found.entries)
        return IndexedBatch(facts, void=len(entries) != found.count or entries_root(entries) != found.root)

    def _move_map(self) -> LedgerCheckpoint | None:
        progress = self._index.progress()
        for index in range(self._ledger.checkpoint_count() - 1, -1, -1):
            if self._confirmed is not None and index <= self._confirmed.index:
                return None
            checkpoint = self._ledger.checkpoint(index)
            if checkpoint.batch_count > progress.batch_count:
                continue
            if checkpoint.batch_count < progress.map_count:
                raise IndexDisagrees(checkpoint.batch_count, progress.map_root, checkpoint.root)
            self._index.advance_map(checkpoint.batch_count, checkpoint.root)
            self._confirmed = checkpoint
            return checkpoint
        return None
