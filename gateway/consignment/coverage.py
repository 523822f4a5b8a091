"""How much of a consignment stands on the chain, and how much of that is held here: what a view says of itself.

*Covered*: its entry stands in a head that governors attested. *Held*: its record is in this gateway's store. A record
may be either without the other. *Whole here*: every entry is held, with each section that names members or gives a
state; only then do two gateways answer alike.
"""

from __future__ import annotations

from dataclasses import dataclass

NAMING_SECTIONS = frozenset({"ucr", "names", "references", "status"})
"""Sections that give members standing, tie numbers to a consignment, or move its state."""
MANDATE_TYPE = "trade.mandate"
"""A record of this type names by all that it says."""


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
class MissingEntry:
    """An entry on the chain whose record is not held here."""

    issuer: str
    """USCC of the member whose lane it stands in."""
    batch: int
    account: str
    """The account that anchored the batch, 0x-hex."""
    gateway: str | None = None
    """USCC of the member whose gateway that is; None where it was not looked up, or served nobody."""


@dataclass(frozen=True)
class LackingRecord:
    """A record held here without sections that name members or give a state, and that nobody erased."""

    record: str
    type: str
    issuer: str
    batch: int | None
    sections: tuple[str, ...]


@dataclass(frozen=True)
class KnownGateway:
    """Another gateway that may hold, by the replication policy, all that is lacking here."""

    member: str
    url: str


@dataclass(frozen=True)
class Coverage:
    """What stands on the chain for the consignment, so that a view can say how complete it is."""

    batch_count: int
    """Batches that this gateway has read."""
    entries: int
    """Entries anchored for the consignment in those batches."""
    covered_entries: int
    """Entries among them that stand in a head under the checkpoint."""
    missing: tuple[MissingEntry, ...]
    """Entries among them whose records this gateway does not hold, in chain order."""
    checkpoint: CheckpointFacts | None
    as_of_block: int = 0
    """The newest block that this gateway has read."""
    lacking: tuple[LackingRecord, ...] = ()
    whole_at: tuple[KnownGateway, ...] = ()
    """Where to ask instead; empty where the consignment is whole here."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing or lacking here."""
        return not self.missing and not self.lacking

    def claim(self, *, is_covered: bool) -> str:
        """What a view of it may claim, in a few words."""
        if not self.is_whole:
            return "not whole here: ask a gateway that is" if self.whole_at else "not whole here"
        return "complete up to the checkpoint" if is_covered else "not all of it is covered yet"
