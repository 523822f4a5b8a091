"""The index map: a compact sparse Merkle tree over 128-bit lane tags that proves lanes, and that there are no others.

    lane  = RFC 9162 tree over its leaves, entry digest ‖ batch index as 8 bytes, in chain order; its root is the head
    leaf  = SHA-256(0x00 ‖ tag₁₆ ‖ count₈ ‖ dropped₈ ‖ head₃₂)    node = SHA-256(0x01 ‖ left ‖ right)    empty = 0³²

An entry digest that its lane holds already adds no leaf, and a void batch is skipped, so a head binds the batch in
which each entry first stood.

The tree branches on the tag's bits, the highest first; 0 goes left. A subtree without leaves is `empty`, a subtree with
one leaf is that leaf's hash, whatever its depth. So a map's root is one function of its leaves, and a path is about as
long as the logarithm of their number.

All lanes of one consignment share the first 64 bits of their tags, the *prefix*: they are a *group*. A proof is for a
whole group: the siblings from the root down to where the group stands, at depth 64 or above, and every lane of it. So
it proves each lane's head and the absence of every other lane, at the cost of one path. Where the prefix is absent, the
path ends in another lane's leaf or in nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chain.proof.batch import PREFIX_BYTES, TAG_BYTES
from chain.proof.hashes import sha256
from chain.proof.merkle import tree_root

PREFIX_BITS = 8 * PREFIX_BYTES
EMPTY = bytes(32)


class LaneLeaf(NamedTuple):
    """One entry in a lane: its digest, and the index of the batch in which it first stood."""

    digest: bytes
    batch: int

    @property
    def content(self) -> bytes:
        """The leaf's bytes in the lane's tree."""
        return self.digest + self.batch.to_bytes(8, "big")


@dataclass(frozen=True)
class MapLeaf:
    """What the map holds for one lane: how many leaves, how many entries were dropped, and the root over the leaves."""

    tag: bytes
    count: int
    dropped: int
    head: bytes

    def hash(self) -> bytes:
        """The leaf's hash in the tree."""
        return leaf_hash(self.tag, self.count, self.dropped, self.head)


@dataclass(frozen=True)
class GroupProof:
    """Every lane of one prefix, or that it has none."""

    prefix: bytes
    siblings: tuple[bytes, ...]
    """From the root downwards; as many as the bits of the prefix that are followed, at most 64."""
    lanes: tuple[MapLeaf, ...]
    """All lanes whose tag begins with the prefix, ascending; empty where it is absent."""
    other: MapLeaf | None
    """The one leaf that stands at the path's end where the prefix is absent; None where nothing stands there."""


def leaf_hash(tag: bytes, count: int, dropped: int, head: bytes) -> bytes:
    """The hash of a lane's leaf; `count` and `dropped` are below 2⁶⁴."""
    if len(tag) != TAG_BYTES or len(head) != 32:
        raise ValueError("a tag has 16 bytes and a head 32")
    return sha256(b"\x00" + tag + count.to_bytes(8, "big") + dropped.to_bytes(8, "big") + head)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node of which at least two leaves are below."""
    return sha256(b"\x01" + left + right)


def bit(tag: bytes, depth: int) -> int:
    """The tag's bit that decides at `depth` (0 at the root): 0 goes left, 1 right."""
    return (tag[depth >> 3] >> (7 - (depth & 7))) & 1


def lane_head(leaves: Iterable[LaneLeaf]) -> bytes:
    """The head of a lane: the RFC 9162 root over its leaves, in chain order."""
    return tree_root([leaf.content for leaf in leaves])


def verify_group_proof(proof: GroupProof, root: bytes) -> bool:
    """Whether the lanes shown are all lanes of the prefix (none: it has none) in the map of this root."""
    depth = len(proof.siblings)
    if depth > PREFIX_BITS or len(proof.prefix) != PREFIX_BYTES or any(len(part) != 32 for part in proof.siblings):
        return False
    # A lone lane stands as high as it can, and beside an empty place is more than one.
    if depth and proof.siblings[-1] == EMPTY:
        return False
    known = _group_end(proof, depth)
    if known is None:
        return False
    for at in range(depth - 1, -1, -1):
        known = _above(known, proof.siblings[at], bit(proof.prefix, at))
    return known == root


def _group_end(proof: GroupProof, depth: int) -> bytes | None:
    """The hash of what stands at the path's end; None where it cannot stand there."""
    if proof.lanes:
        tags = [lane.tag for lane in proof.lanes]
        if (
            proof.other is not None
            or tags != sorted(set(tags))
            or any(tag[:PREFIX_BYTES] != proof.prefix for tag in tags)
        ):
            return None
        return group_hash(proof.lanes, depth)
    if proof.other is None:
        return EMPTY
    tag = proof.other.tag
    if tag[:PREFIX_BYTES] == proof.prefix or any(bit(tag, at) != bit(proof.prefix, at) for at in range(depth)):
        return None
    return proof.other.hash()


def group_hash(lanes: Sequence[MapLeaf], depth: int) -> bytes:
    """The hash of a subtree at `depth`, 64 or above, that holds these lanes of one prefix (sorted) and nothing else."""
    if len(lanes) == 1:
        return lanes[0].hash()
    return lifted(_root(lanes, PREFIX_BITS), lanes[0].tag, PREFIX_BITS, depth)


def lifted(known: bytes, prefix: bytes, low: int, high: int) -> bytes:
    """The hash at depth `high` of a subtree of two lanes or more at depth `low` that has nothing beside it between."""
    for at in range(low - 1, high - 1, -1):
        known = _above(known, EMPTY, bit(prefix, at))
    return known


def root_of(leaves: Mapping[bytes, MapLeaf]) -> bytes:
    """The map's root, computed from all leaves at once: the specification that every faster store must equal."""
    return _root(sorted(leaves.values(), key=lambda leaf: leaf.tag), 0)


def prove_group(leaves: Mapping[bytes, MapLeaf], prefix: bytes) -> GroupProof:
    """The proof for a prefix in the map of these leaves."""
    below: Sequence[MapLeaf] = sorted(leaves.values(), key=lambda leaf: leaf.tag)
    siblings: list[bytes] = []
    while not _is_group(below, prefix):
        side = bit(prefix, len(siblings))
        left, right = _split(below, len(siblings))
        siblings.append(_root(left if side else right, len(siblings) + 1))
        below = right if side else left
    lanes = tuple(below) if below and below[0].tag[:PREFIX_BYTES] == prefix else ()
    return GroupProof(prefix, tuple(siblings), lanes, None if lanes or not below else below[0])


@dataclass
class IndexMap:
    """The whole map in memory with every lane: the reference that a follower's store is compared with."""

    lanes: dict[bytes, list[LaneLeaf]] = field(default_factory=dict)
    """Leaves by tag, in chain order, without repetitions."""
    leaves: dict[bytes, MapLeaf] = field(default_factory=dict)

    def apply(self, batch: int, entries: Sequence[bytes]) -> None:
        """Adds the 48-byte entries of the batch of that index, in order; a repeated entry changes nothing."""
        for entry in entries:
            tag, digest = entry[:TAG_BYTES], entry[TAG_BYTES:]
            lane = self.lanes.setdefault(tag, [])
            if any(known.digest == digest for known in lane):
                continue
            lane.append(LaneLeaf(digest, batch))
            self.leaves[tag] = MapLeaf(tag, len(lane), 0, lane_head(lane))

    @property
    def root(self) -> bytes:
        """The map's root now."""
        return root_of(self.leaves)

    def prove_group(self, prefix: bytes) -> GroupProof:
        """The proof for all lanes of a prefix under the root now."""
        return prove_group(self.leaves, prefix)


def _is_group(below: Sequence[MapLeaf], prefix: bytes) -> bool:
    """Whether nothing, one leaf, or lanes of this prefix alone are left."""
    return len(below) < 2 or (below[0].tag[:PREFIX_BYTES] == prefix == below[-1].tag[:PREFIX_BYTES])


def _above(known: bytes, sibling: bytes, side: int) -> bytes:
    return node_hash(sibling, known) if side else node_hash(known, sibling)


def _root(below: Sequence[MapLeaf], depth: int) -> bytes:
    if not below:
        return EMPTY
    if len(below) == 1:
        return below[0].hash()
    left, right = _split(below, depth)
    return node_hash(_root(left, depth + 1), _root(right, depth + 1))


def _split(below: Sequence[MapLeaf], depth: int) -> tuple[Sequence[MapLeaf], Sequence[MapLeaf]]:
    # Sorted by tag, so those with a 0 at this depth come first.
    low, high = 0, len(below)
    while low < high:
        middle = (low + high) // 2
        if bit(below[middle].tag, depth):
            high = middle
        else:
            low = middle + 1
    return below[:low], below[low:]
