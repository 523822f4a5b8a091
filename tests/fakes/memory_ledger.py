"""A ledger on paper: the contract's rules for batches and votes, in memory, for followers and attesters to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from chain.proof.batch import BatchFacts, entries_root
from chain.proof.hashes import keccak256

CONSORTIUM = bytes(range(32))
GATEWAY = "0x" + "11" * 20


@dataclass(frozen=True)
class PaperHead:
    number: int
    hash: str


@dataclass(frozen=True)
class PaperBatch:
    index: int
    root: bytes
    count: int
    entries: bytes
    gateway: str
    block: int
    timestamp: int


@dataclass(frozen=True)
class PaperCheckpoint:
    index: int
    root: bytes
    batch_count: int
    since_block: int = 0
    round: int = 0


@dataclass(frozen=True)
class PaperVote:
    governor: str
    batch_count: int
    root: bytes
    round: int = 0


@dataclass(frozen=True)
class PaperDrop:
    batch: int
    number: int
    bitmap: bytes
    block: int


@dataclass
class PaperLedger:
    governors: int = 3
    blocks: list[str] = field(default_factory=lambda: ["0x00"])
    anchored: list[PaperBatch] = field(default_factory=list)
    commitments: list[bytes] = field(default_factory=list)
    checkpoints: list[PaperCheckpoint] = field(default_factory=list)
    votes: list[PaperVote] = field(default_factory=list)
    dropped: list[PaperDrop] = field(default_factory=list)
    registry_block: int = -1
    """The last block that changed the registry."""
    block_time: int = 1000
    """Time of block 0; each further one comes a second later."""

    def anchor(self, entries: list[bytes], root: bytes | None = None) -> int:
        """Anchors in a block of its own; another root than the entries' makes the batch void."""
        raw = b"".join(entries)
        index, block = len(self.anchored), len(self.blocks)
        self.blocks.append(f"0x{block:02x}")
        batch = PaperBatch(
            index, root or entries_root(entries), len(entries), raw, GATEWAY, block, self.block_time + block
        )
        self.anchored.append(batch)
        facts = BatchFacts(
            index, batch.root, batch.count, keccak256(raw), bytes.fromhex(GATEWAY[2:]), block, batch.timestamp
        )
        self.commitments.append(facts.commitment(CONSORTIUM))
        return index

    def drop(self, batch: int, *places: int) -> None:
        """A quorum takes these entries out of a batch, in a block of its own."""
        bitmap = bytearray(max(places) // 8 + 1)
        for place in places:
            bitmap[place // 8] |= 0x80 >> place % 8
        number = sum(drop.batch == batch for drop in self.dropped)
        self.dropped.append(PaperDrop(batch, number, bytes(bitmap), len(self.blocks)))
        self.blocks.append(f"0x{len(self.blocks):02x}")

    def drops(self, *, from_block: int, to_block: int) -> Iterator[PaperDrop]:
        return (drop for drop in self.dropped if from_block <= drop.block <= to_block)

    def swap_entries(self, index: int, entries: bytes) -> None:
        """The endpoint lies about a batch's calldata."""
        self.anchored[index] = replace(self.anchored[index], entries=entries)

    def change_registry(self) -> None:
        """A block that changes the registry and nothing else."""
        self.registry_block = len(self.blocks)
        self.blocks.append(f"0x{self.registry_block:02x}")

    def changed_block(self) -> int:
        return self.registry_block

    def vote(self, governor: str, batch_count: int, root: bytes) -> None:
        last = self.checkpoints[-1] if self.checkpoints else None
        stands = last is not None and last.batch_count == batch_count
        again = last is not None and stands and self.registry_block >= last.since_block
        number = last.round + again if last is not None and stands else 0
        self.votes.append(PaperVote(governor, batch_count, root, number))
        agreeing = {v.governor for v in self.votes if (v.batch_count, v.root, v.round) == (batch_count, root, number)}
        is_open = last is None or batch_count > last.batch_count or again
        if is_open and 2 * len(agreeing) > self.governors:
            block = len(self.blocks) - 1
            self.checkpoints.append(PaperCheckpoint(len(self.checkpoints), root, batch_count, block, number))

    def head(self) -> PaperHead:
        return PaperHead(len(self.blocks) - 1, self.blocks[-1])

    def block_hash(self, number: int) -> str:
        return self.blocks[number]

    def batches(self, first: int, *, from_block: int, to_block: int) -> Iterator[PaperBatch]:
        return (b for b in self.anchored if b.index >= first and from_block <= b.block <= to_block)

    def commitment(self, index: int) -> bytes:
        return self.commitments[index]

    def checkpoint_count(self) -> int:
        return len(self.checkpoints)

    def checkpoint(self, index: int) -> PaperCheckpoint:
        return self.checkpoints[index]

    def open_attestations(self, above_batch_count: int) -> list[PaperVote]:
        return [vote for vote in self.votes if vote.batch_count > above_batch_count]


@dataclass(frozen=True)
class PaperAccount:
    governor: str
    ledger: PaperLedger

    def send(self, batch_count: int, root: bytes) -> str:
        self.ledger.vote(self.governor, batch_count, root)
        return f"{self.governor} on {batch_count}"

    def wait(self, sent: str) -> None:
        """Paper has no blocks to wait for."""
