"""How a runner paces itself, and what one round of it did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RunnerSettings:
    """How a runner paces itself; every time in seconds."""

    page_messages: int = 100
    batch_messages_max: int = 500
    """Messages taken in one round before they are worked on."""
    batch_entities_max: int = 1000
    poll_s: float = 0.5
    """Pause when there was nothing to do."""
    rescan_s: float = 30.0
    """After so long, messages are fetched from the oldest again: what was not acknowledged comes once more."""
    retry_first_s: float = 0.25
    retry_growth: float = 1.5
    retry_max_s: float = 60.0
    """Each retry waits `retry_growth` times longer than the one before, up to this, give or take a half at random."""
    attempts_max: int = 16
    """An entity whose consignment is not known after so many tries is parked (about six minutes)."""


@dataclass
class RunReport:
    """What came of messages since the runner started, for whoever tells it at the end: each thing once."""

    refused: list[int] = field(default_factory=list)
    """Places of messages that cannot be used."""
    parked: set[tuple[int, int]] = field(default_factory=set)
    """Place and ordinal of entities that could not be finished."""
    submitted: set[tuple[int, int]] = field(default_factory=set)
    """Place and ordinal of entities that the gateway took."""


@dataclass(frozen=True)
class Progress:
    """What one round did."""

    taken: int = 0
    refused: int = 0
    signed: int = 0
    submitted: int = 0
    parked: int = 0
    settled: int = 0
    faults: tuple[str, ...] = ()
    """Why the single window or the gateway could not be used, one sentence each; nothing was lost."""

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.taken or self.refused or self.signed or self.submitted or self.parked or self.settled)

    def plus(self, other: Progress) -> Progress:
        """Both together, with the other's faults: the later ones."""
        return Progress(
            taken=self.taken + other.taken,
            refused=self.refused + other.refused,
            signed=self.signed + other.signed,
            submitted=self.submitted + other.submitted,
            parked=self.parked + other.parked,
            settled=self.settled + other.settled,
            faults=other.faults,
        )
