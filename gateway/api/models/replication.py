"""What is answered about replication: how far it has come, what is missing and why."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class GapLine(_Answer):
    """A batch of which records are not held here."""

    batch: int
    gateway: str | None
    """USCC of the member whose gateway anchored it; null where that account served nobody."""
    missing: int
    """Entries of the batch that no record here has."""
    attempts: int
    next_at: int
    """Unix seconds."""
    reason: str
    """What each gateway that was asked answered."""


class UnopenedLine(_Answer):
    """Entries of one batch that nobody could open."""

    batch: int
    bitmap: str
    """In hex: one bit an entry, the first in the highest bit of the first byte."""
    tries: int
    """How often all peers were asked since this gateway started."""


class UnopenedAnswer(_Answer):
    """Which entries are old enough to be voted out, for governors' attesters."""

    batches: list[UnopenedLine]
    next: str | None
    """Cursor of the next ones; null after the last."""


class PeerLine(_Answer):
    """Another gateway, as it behaved since this one started."""

    member: str
    url: str
    records: int
    """Records that were taken from it."""
    last_fault: str
    """Empty while it answers as it should."""
    last_fault_at: float


class ReplicationAnswer(_Answer):
    """How far this gateway holds what it may hold."""

    batches: int
    """Batches on the chain, as this gateway follows it."""
    replicated_batches: int
    """Of them looked at: what was missing was asked for."""
    gap_batches: int
    missing_entries: int
    gaps: list[GapLine]
    next: str | None
    """Cursor of the next gaps; null after the last."""
    peers: list[PeerLine]


class TombstoneLine(_Answer):
    """One erased disclosure."""

    record: str
    digest: str
    """SHA-256 of the disclosure in base64url, as the record's section holds it."""
    erasure: str
    """Id of the record that says who erased it and under which rule."""
    at: int
    """When it was erased here, Unix seconds."""


class TombstonesAnswer(_Answer):
    """What was erased at a gateway, in the order in which it was erased there."""

    tombstones: list[TombstoneLine]
    erasures: dict[str, str]
    """The records that erased, as SD-JWT by id."""
    next: int
    """The following `after`; the same as asked where nothing follows."""
