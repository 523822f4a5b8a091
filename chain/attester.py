"""The attester: a governor's own word on the index map, one account, one vote a count.

It follows the chain itself, derives the map itself, and signs `attest(batch count, root)` when a checkpoint is due. It
joins a count that others opened and that it can confirm before it opens one of its own, so that governors agree on a
count. Where others attested another root than the one derived here it refuses, votes for its own root (which the
contract counts as dissent) and shouts.

Where the registry changed since the newest checkpoint and no batch follows, it votes on the same count again after a
heartbeat, or as soon as another governor does: a revocation is witnessed although nothing is anchored.

The map moves forward only. A count below the map's is never voted on: a governor that has moved on lets others finish.

Pure but for its ledger and index: the clock comes in.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from chain.follower import Follower, LedgerCheckpoint, LedgerReader
from chain.index_store import IndexStore


@dataclass(frozen=True)
class AttestationPolicy:
    """When a checkpoint is due: every `every_batches`, `quiet_s` after the last batch, and every `heartbeat_s`."""

    every_batches: int = 64
    quiet_s: float = 5.0
    heartbeat_s: float = 15.0
    """Longest time that a batch, or a change of the registry, waits for a checkpoint to come due."""


class Attestation(Protocol):
    """A governor's vote as the chain holds it."""

    @property
    def batch_count(self) -> int: ...
    @property
    def root(self) -> bytes: ...
    @property
    def governor(self) -> str: ...
    @property
    def round(self) -> int: ...


class AttestingLedger(LedgerReader, Protocol):
    """What an attester asks of `chain.ledger.Ledger` beyond a follower's questions."""

    def open_attestations(self, above_batch_count: int) -> Iterable[Attestation]: ...
    def changed_block(self) -> int: ...


class Vote(Protocol):
    """One governor's `attest`: sent first and waited for later, so that several governors' votes share a block."""

    @property
    def governor(self) -> str: ...
    def send(self, batch_count: int, root: bytes) -> str: ...
    def wait(self, sent: str) -> None: ...


class Outcome(Enum):
    """What a step of the attester came to."""

    NOTHING_DUE = "nothing due"
    ATTESTED = "attested"
    DISSENTED = "dissented"


@dataclass(frozen=True)
class Attested:
    """The outcome of a step, the count and root voted for, and the governors that said another root for that count."""

    outcome: Outcome
    batch_count: int = 0
    root: bytes = b""
    against: tuple[str, ...] = ()


@dataclass
class _Pace:
    """When batches and checkpoints were last seen to move, by the caller's clock."""

    batch_count: int = -1
    batch_seen_at: float = 0.0
    attested_count: int = -1
    checkpoint_seen_at: float = 0.0
    voted: set[tuple[str, int, int]] = field(default_factory=set)
    """Governor, count and round of every vote of ours."""
    newest_checkpoint: int = -1
    """Index of the newest checkpoint seen."""
    reached_at: float = 0.0
    """When that was first seen."""


class Attester:
    """One process's attesting: an index of its own, and the vote of one governor (or, on one machine, of several)."""

    def __init__(
        self,
        ledger: AttestingLedger,
        index: IndexStore,
        consortium: bytes,
        votes: Iterable[Vote],
        policy: AttestationPolicy = AttestationPolicy(),
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._follower = Follower(ledger, index, consortium, keep_map=True)
        self._votes = tuple(votes)
        self._policy = policy
        self._pace = _Pace()

    def step(self, now_s: float) -> Attested:
        """Follows the chain to its head and votes where a checkpoint is due.

        Raises what the follower raises.
        """
        self._follower.catch_up()
        last = self._last_checkpoint()
        attested_count = last.batch_count if last else 0
        if (dissent := self._answer_attested(last)) is not None:
            return dissent
        progress = self._index.progress()
        if progress.batch_count != self._pace.batch_count:
            self._pace.batch_count, self._pace.batch_seen_at = progress.batch_count, now_s
        if attested_count != self._pace.attested_count or progress.batch_count <= attested_count:
            self._pace.attested_count, self._pace.checkpoint_seen_at = attested_count, now_s
        if last is not None and last.index != self._pace.newest_checkpoint:
            self._pace.newest_checkpoint, self._pace.reached_at = last.index, now_s
        if progress.batch_count <= attested_count:
            return Attested(Outcome.NOTHING_DUE) if last is None else self._attest_again(last, now_s)
        opened = [a for a in self._ledger.open_attestations(attested_count) if a.batch_count <= progress.batch_count]
        count = self._count_to_join(opened) or self._count_due(attested_count, now_s)
        if count is None or count < progress.map_count:
            return Attested(Outcome.NOTHING_DUE)
        return self._vote(count, opened)

    def _attest_again(self, last: LedgerCheckpoint, now_s: float) -> Attested:
        """Votes on the newest checkpoint's count again where the registry changed in its block or later."""
        count, voting_round = last.batch_count, last.round + 1
        if count != self._pace.batch_count or self._ledger.changed_block() < last.since_block:
            return Attested(Outcome.NOTHING_DUE)
        again = [
            a for a in self._ledger.open_attestations(count - 1) if (a.batch_count, a.round) == (count, voting_round)
        ]
        if not again and now_s - self._pace.reached_at < self._policy.heartbeat_s:
            return Attested(Outcome.NOTHING_DUE)
        return self._vote(count, again, voting_round)

    def _vote(self, count: int, opened: list[Attestation], voting_round: int = 0) -> Attested:
        root = self._index.advance_map(count)
        said = {a.governor: a.root for a in opened if a.batch_count == count}
        voted = self._send_votes(count, root, said, voting_round)
        against = tuple(sorted(governor for governor, other in said.items() if other != root))
        if against:
            return Attested(Outcome.DISSENTED, count, root, against)
        return Attested(Outcome.ATTESTED if voted else Outcome.NOTHING_DUE, count, root)

    def _send_votes(self, count: int, root: bytes, said: Container[str], voting_round: int) -> bool:
        """Votes for every governor of ours that has not voted on this count in this round; whether there was any."""
        due = [
            vote
            for vote in self._votes
            if vote.governor not in said and (vote.governor, count, voting_round) not in self._pace.voted
        ]
        sent = [(vote, vote.send(count, root)) for vote in due]
        for vote, name in sent:
            vote.wait(name)
            self._pace.voted.add((vote.governor, count, voting_round))
        return bool(sent)

    def _count_to_join(self, opened: list[Attestation]) -> int | None:
        """The highest open count, at or beyond our map, that a governor of ours has not voted on."""
        mapped = self._index.progress().map_count
        said = {(a.governor, a.batch_count) for a in opened} | {(who, count) for who, count, _ in self._pace.voted}
        counts = [
            a.batch_count
            for a in opened
            if a.batch_count >= mapped and any((vote.governor, a.batch_count) not in said for vote in self._votes)
        ]
        return max(counts, default=None)

    def _count_due(self, attested_count: int, now_s: float) -> int | None:
        every = self._policy.every_batches
        applied = self._pace.batch_count
        whole = applied - applied % every
        if now_s - self._pace.batch_seen_at >= self._policy.quiet_s:
            return applied
        if now_s - self._pace.checkpoint_seen_at >= self._policy.heartbeat_s:
            return applied
        return whole if whole > attested_count else None

    def _last_checkpoint(self) -> LedgerCheckpoint | None:
        number = self._ledger.checkpoint_count()
        return self._ledger.checkpoint(number - 1) if number else None

    def _answer_attested(self, last: LedgerCheckpoint | None) -> Attested | None:
        """Holds our map against the newest checkpoint, wherever our map is not past it; dissents where they differ."""
        progress = self._index.progress()
        if last is None or not progress.map_count <= last.batch_count <= progress.batch_count:
            return None
        root = self._index.advance_map(last.batch_count)
        if root == last.root:
            return None
        self._send_votes(last.batch_count, root, (), last.round)
        return Attested(Outcome.DISSENTED, last.batch_count, root, ("checkpoint",))
