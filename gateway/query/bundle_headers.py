"""A sealed header that bundles are proved under, with what was proved under it so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from chain.ledger import Checkpoint
from chain.proof.shown_note import ShownNote
from gateway.consignment.coverage import CheckpointFacts


@dataclass
class HeaderInUse:
    """One sealed header with the newest checkpoint under it, and what was proved under it so far."""

    block: int
    rlp: bytes
    checkpoint: Checkpoint | None
    nodes: dict[tuple[str, int], tuple[bytes, ...]] = field(default_factory=dict)
    account_nodes: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    account_since: dict[bytes, tuple[int, ...]] = field(default_factory=dict)
    note: ShownNote | None = None
    """What outsiders cosigned of this very block; None where nobody demands it, or nobody has yet."""

    @property
    def stands_at(self) -> int:
        """How many batches the checkpoint covers."""
        return self.checkpoint.batch_count if self.checkpoint else 0

    @property
    def checkpoint_facts(self) -> CheckpointFacts | None:
        """The checkpoint as a view tells it."""
        newest = self.checkpoint
        if newest is None:
            return None
        root = "0x" + newest.root.hex()
        return CheckpointFacts(newest.index, newest.batch_count, root, newest.votes, newest.dissent, newest.since_block)
