"""How much of a consignment stands on the chain: what a view says of its own completeness."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckpointFacts:
    """The newest checkpoint that this gateway confirmed itself."""

    index: int
    batch_count: int
    root: str
    """0x-hex."""
    votes: int
    dissent: int
    since_block: int


@dataclass(frozen=True)
class Coverage:
    """What stands on the chain for the consignment, so that a view can say how complete it is."""

    batch_count: int
    """Batches that this gateway has read."""
    entries: int
    """Entries anchored for the consignment in those batches."""
    covered_entries: int
    """Entries among them that stand in a head under the checkpoint."""
    missing: tuple[str, ...]
    """Entry digests (base64url) whose records this gateway does not hold."""
    checkpoint: CheckpointFacts | None
