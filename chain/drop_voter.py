"""A governor's word on entries that nobody can open: its attester votes them out, batch by batch, by itself.

Which entries those are is told by the governor's own gateway, which asked every other one. What can be checked here is
checked here: the batch is old enough by the chain's own time, and the entries stand in it and count. Governors name the
same entries once their gateways hold the same records, and a quorum of votes for one bitmap takes these out. A governor
whose gateway learns of a record votes for the rest. Whose record was taken out while its gateway was down anchors it
again.

Pure but for its ledger, index and source: the clock comes in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from chain.index_drops import bitmap_of, places_in
from chain.index_store import IndexStore
from chain.lifecycle import PENDING_S
from chain.proof.batch import TAG_BYTES, split_entries
from chain.proof.hashes import keccak256

BATCHES_PER_STEP_MAX: Final = 64
"""Batches that one step votes on; the rest follow with the next."""


class VoteOnChain(Protocol):
    """A vote as the chain holds it."""

    @property
    def bitmap_hash(self) -> bytes: ...
    @property
    def governor(self) -> str: ...


class DropLedger(Protocol):
    """What a drop voter asks of `chain.ledger.Ledger`."""

    def drop_votes(self, batch: int) -> Iterable[VoteOnChain]: ...
    def block_timestamp(self, number: int) -> int: ...


class Ballot(Protocol):
    """One governor's `drop`."""

    @property
    def governor(self) -> str: ...
    def cast_drop(self, batch: int, bitmap: bytes) -> bool:
        """Votes and waits for the block; False where a quorum has taken out just these by now."""
        ...


class UnopenedSource(Protocol):
    """The governor's own gateway."""

    def find_unopened(self) -> Iterable[tuple[int, bytes]]:
        """Batches with the bitmap of entries that no gateway could open; raises TongguanError where it cannot tell."""
        ...


@dataclass(frozen=True)
class DropsVoted:
    """That governors voted to take entries out of a batch."""

    batch: int
    entries: int
    governors: tuple[str, ...]


@dataclass
class DropVoter:
    """Votes for governors whose attester accounts are here. `step` does what can be done now."""

    ledger: DropLedger
    index: IndexStore
    source: UnopenedSource
    ballots: tuple[Ballot, ...]
    after_s: int = PENDING_S
    """Age of a batch, by its block's time, before which nothing of it is voted out, whatever the gateway says."""
    every_s: float = 60.0
    """How often the gateway is asked."""
    _next_at: float = field(default=float("-inf"))

    def step(self, now_s: float) -> list[DropsVoted]:
        """Votes where the gateway has been asked long enough ago; `now_s` by any clock that goes on.

        The index must have been followed to the head. Raises what source and ledger raise.
        """
        if now_s < self._next_at:
            return []
        self._next_at = now_s + self.every_s
        oldest = self.ledger.block_timestamp(self.index.progress().block) - self.after_s
        voted: list[DropsVoted] = []
        for batch, unopened in self.source.find_unopened():
            bitmap = self._standing(batch, unopened, oldest)
            if bitmap is not None and (governors := self._vote(batch, bitmap)):
                voted.append(DropsVoted(batch, _count(bitmap), governors))
            if len(voted) == BATCHES_PER_STEP_MAX:
                self._next_at = now_s
                break
        return voted

    def _standing(self, batch: int, bitmap: bytes, oldest: int) -> bytes | None:
        """The bitmap without entries that do not count anyway; None where nothing is left, or the batch is young."""
        indexed, raw = self.index.find_batch(batch), self.index.find_entries(batch)
        if indexed is None or raw is None or indexed.void or indexed.facts.timestamp > oldest:
            return None
        entries = split_entries(raw)
        places = [
            place
            for place in places_in(bitmap, len(entries))
            if self.index.stands_in(batch, place, entries[place][:TAG_BYTES], entries[place][TAG_BYTES:])
        ]
        return bitmap_of(places) if places else None

    def _vote(self, batch: int, bitmap: bytes) -> tuple[str, ...]:
        digest = keccak256(bitmap)
        spoken = {vote.governor for vote in self.ledger.drop_votes(batch) if vote.bitmap_hash == digest}
        due = [ballot for ballot in self.ballots if ballot.governor not in spoken]
        return tuple(ballot.governor for ballot in due if ballot.cast_drop(batch, bitmap))


def _count(bitmap: bytes) -> int:
    return sum(byte.bit_count() for byte in bitmap)
