"""The types in which a view says how complete it is, in the order of the JSON."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from gateway.runtime.answer import Answer


class CheckpointSeen(Answer, frozen=True, kw_only=True):
    """The checkpoint that a picture is complete up to."""

    index: int
    batch_count: int
    root: str
    votes: int
    dissent: int
    block: int


class MissingLine(Answer, frozen=True, kw_only=True):
    """An entry that stands on the chain and whose record this gateway does not hold."""

    issuer: str
    """USCC of who said it."""
    batch: int
    gateway: str | None
    """USCC of the member whose gateway anchored it; null where that cannot be told."""


class LackingLine(Answer, frozen=True, kw_only=True):
    """A record that this gateway holds without sections that name members or give a state."""

    record: str
    type: str
    issuer: str
    batch: int | None
    sections: list[str]


class GatewayLine(Answer, frozen=True, kw_only=True):
    """Another gateway that holds all of it, by what the members agreed on."""

    member: str
    url: str


class Completeness(Answer, frozen=True, kw_only=True):
    """Up to where the picture is whole: *covered* by a checkpoint, and *held* by this gateway, are two things."""

    checkpoint: CheckpointSeen | None
    as_of_block: int
    """The newest block that this gateway has read: whole views of one block are byte-equal at every gateway."""
    batches_read: int
    entries: int | UnsetType = UNSET
    covered_entries: int | UnsetType = UNSET
    held_entries: int | UnsetType = UNSET
    not_anchored_yet: int | UnsetType = UNSET
    missing: list[MissingLine] | UnsetType = UNSET
    lacking: list[LackingLine] | UnsetType = UNSET
    is_whole_here: bool | UnsetType = UNSET
    """False where something is missing or lacking: states, standing and findings may then differ elsewhere."""
    whole_at: list[GatewayLine] | UnsetType = UNSET
    """Where to ask instead; empty where it is whole here."""
    claim: str
