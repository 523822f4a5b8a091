"""The lanes of one UCR as a bundle shows them: opened, or by their heads alone, and what stays hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from chain.encoding import Json, base64url
from chain.proof.batch import PREFIX_BYTES, Purpose
from chain.proof.index_map import EMPTY, GroupProof, HiddenPart, LaneLeaf, MapLeaf, lane_head
from chain.proof.vrf import proved_output


@dataclass(frozen=True)
class OpenLane:
    """A lane of which every leaf is shown; count and head follow."""

    tag: bytes
    dropped: int
    leaves: tuple[LaneLeaf, ...]
    """In chain order."""

    @cached_property
    def map_leaf(self) -> MapLeaf:
        """What the map holds for it."""
        return MapLeaf(self.tag, len(self.leaves), self.dropped, lane_head(self.leaves))

    @cached_property
    def batch_by_digest(self) -> Mapping[bytes, int]:
        """In which batch each entry digest of the lane first stood."""
        return dict(self.leaves)


@dataclass(frozen=True)
class ClosedLane:
    """A lane of which only what the map holds for it is shown."""

    map_leaf: MapLeaf

    @property
    def tag(self) -> bytes:
        """The lane's tag."""
        return self.map_leaf.tag

    @property
    def dropped(self) -> int:
        """How many entries were dropped from it."""
        return self.map_leaf.dropped


ShownLane = OpenLane | ClosedLane


@dataclass(frozen=True)
class ShownGroup:
    """Lanes of one UCR or number in one epoch, or that it has none, with the proof that they are its own."""

    purpose: Purpose
    name: str
    """The UCR, or `OwnNumber.name`."""
    epoch: int
    """Index of the tag key, from 0."""
    vrf_proof: bytes
    siblings: tuple[bytes, ...]
    """The path in the index map, from the root downwards; empty while there is no checkpoint."""
    lanes: tuple[ShownLane, ...]
    """By ascending tag."""
    other: MapLeaf | None
    """Another UCR's lane that stands at the path's end; only where this one has none."""
    hidden: tuple[HiddenPart, ...] = ()
    """Parts of the group that are not shown, by path."""

    @cached_property
    def y(self) -> bytes:
        """The VRF output that the proof names; whether it is the UCR's is for the verifier to check."""
        return proved_output(self.vrf_proof)

    @cached_property
    def prefix(self) -> bytes:
        """What all lane tags of the group begin with."""
        return self.purpose.prefix(self.y)

    @cached_property
    def map_proof(self) -> GroupProof:
        """The proof to verify under the checkpoint's root."""
        lanes = tuple(lane.map_leaf for lane in self.lanes)
        return GroupProof(self.prefix, self.siblings, lanes, self.other, self.hidden)


def format_group(group: ShownGroup) -> Json:
    """A group as a bundle's JSON has it."""
    other = group.other
    return {
        "purpose": str(group.purpose),
        "name": group.name,
        "epoch": group.epoch,
        "vrf": base64url(group.vrf_proof),
        "siblings": ["" if part == EMPTY else base64url(part) for part in group.siblings],
        "lanes": [_lane_members(lane) for lane in group.lanes],
        "hidden": [{"path": part.path, "hash": base64url(part.hash)} for part in group.hidden],
        "other": None
        if other is None
        else {
            "tag": other.tag.hex(),
            "count": other.count,
            "dropped": other.dropped,
            "head": base64url(other.head),
        },
    }


def _lane_members(lane: ShownLane) -> Json:
    name = lane.tag[PREFIX_BYTES:].hex()
    if isinstance(lane, OpenLane):
        leaves: list[Json] = [{"digest": base64url(leaf.digest), "batch": leaf.batch} for leaf in lane.leaves]
        return {"lane": name, "dropped": lane.dropped, "leaves": leaves}
    known = lane.map_leaf
    return {"lane": name, "count": known.count, "dropped": known.dropped, "head": base64url(known.head)}
