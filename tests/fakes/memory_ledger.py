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


@dataclass(frozen=True)
class PaperVote:
    governor: str
    batch_count: int
    root: bytes


@dataclass
class PaperLedger:
    governors: int = 3
    blocks: list[str] = field(default_factory=lambda: ["0x00"])
    anchored: list[PaperBatch] = field(default_factory=list)
    commitments: list[bytes] = field(default_factory=list)
    checkpoints: list[PaperCheckpoint] = field(default_factory=list)
    votes: list[PaperVote] = field(default_factory=list)
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

    def swap_entries(self, index: int, entries: bytes) -> None:
        """The endpoint lies about a batch's calldata."""
        self.anchored[index] = replace(self.anchored[index], entries=entries)

    def vote(self, governor: str, batch_count: int, root: bytes) -> None:
        self.votes.append(PaperVote(governor, batch_count, root))
        agreeing = {v.governor for v in self.votes if (v.batch_count, v.root) == (batch_count, root)}
        last = self.checkpoints[-1].batch_count if self.checkpoints else 0
        if batch_count > last and 2 * len(agreeing) > self.governors:
            self.checkpoints.append(PaperCheckpoint(len(self.checkpoints), root, batch_count))

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
