"""The index map: a compact sparse Merkle tree over 128-bit lane tags that proves lanes, and that there are no others.

    lane  = RFC 9162 tree over its leaves, entry digest ‖ batch index as 8 bytes, in chain order; its root is the head
    leaf  = SHA-256(0x00 ‖ tag₁₆ ‖ count₈ ‖ dropped₈ ‖ head₃₂)    node = SHA-256(0x01 ‖ left ‖ right)    empty = 0³²

An entry digest that its lane holds already adds no leaf, and a void batch is skipped, so a head binds the batch in
which each entry first stood.

The tree branches on the tag's bits, the highest first; 0 goes left. A subtree without leaves is `empty`, a subtree with
one leaf is that leaf's hash, whatever its depth. So a map's root is one function of its leaves, and a path is about as
long as the logarithm of their number.

All lanes of one consignment share the first 64 bits of their tags, the *prefix*: they are a *group*. A proof is for a
group: the siblings from the root down to where the group stands, at depth 64 or above, the lanes that are shown of it,
and one hash for each part of it that is not shown. So it proves, at the cost of one path, each shown lane's head, and
the absence of every tag that does not lie in a part that is not shown; how many lanes others have costs next to
nothing. Where the prefix is absent, the path ends in another lane's leaf or in nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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


@dataclass(frozen=True, order=True)
class HiddenPart:
    """A part of a group that is not shown: all lanes whose tags go on with these bits behind the prefix."""

    path: str
    """1 to 64 characters `0` or `1`."""
    hash: bytes
    """The subtree's hash; never `EMPTY`."""


@dataclass(frozen=True)
class GroupProof:
    """Lanes of one prefix, or that it has none."""

    prefix: bytes
    siblings: tuple[bytes, ...]
    """From the root downwards; as many as the bits of the prefix that are followed, at most 64."""
    lanes: tuple[MapLeaf, ...]
    """Lanes whose tag begins with the prefix, ascending; empty where it is absent."""
    other: MapLeaf | None
    """The one leaf that stands at the path's end where the prefix is absent; None where nothing stands there."""
    hidden: tuple[HiddenPart, ...] = ()
    """What else the group has, by ascending path."""

    def tells_of(self, tag: bytes) -> bool:
        """Whether the lane of this tag, which begins with the prefix, is shown or shown to be absent."""
        path = path_of(tag)
        return not any(path[:length] in self._hidden_paths for length in self._hidden_lengths)

    @cached_property
    def _hidden_paths(self) -> frozenset[str]:
        return frozenset(part.path for part in self.hidden)

    @cached_property
    def _hidden_lengths(self) -> frozenset[int]:
        return frozenset(map(len, self._hidden_paths))


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


def path_of(tag: bytes) -> str:
    """The bits of a tag behind its prefix, the highest first, as 64 characters."""
    return f"{int.from_bytes(tag[PREFIX_BYTES:], 'big'):064b}"


def lane_head(leaves: Iterable[LaneLeaf]) -> bytes:
    """The head of a lane: the RFC 9162 root over its leaves, in chain order."""
    return tree_root([leaf.content for leaf in leaves])


def verify_group_proof(proof: GroupProof, root: bytes) -> bool:
    """Whether the map of this root holds the lanes shown, and no others but in the hidden parts."""
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
    if proof.lanes or proof.hidden:
        tags, paths = [lane.tag for lane in proof.lanes], [part.path for part in proof.hidden]
        if (
            proof.other is not None
            or tags != sorted(set(tags))
            or paths != sorted(set(paths))
            or any(tag[:PREFIX_BYTES] != proof.prefix for tag in tags)
            or not all(1 <= len(part.path) <= PREFIX_BITS and part.hash != EMPTY for part in proof.hidden)
        ):
            return None
        if not proof.hidden:
            return group_hash(proof.lanes, depth)
        parts = [*((path_of(lane.tag), lane.hash()) for lane in proof.lanes), *((p.path, p.hash) for p in proof.hidden)]
        base = _folded(sorted(parts), 0, frozenset(paths))
        return None if base is None else lifted(base, proof.prefix, PREFIX_BITS, depth)
    if proof.other is None:
        return EMPTY
    tag = proof.other.tag
    if tag[:PREFIX_BYTES] == proof.prefix or any(bit(tag, at) != bit(proof.prefix, at) for at in range(depth)):
        return None
    return proof.other.hash()


def _folded(parts: Sequence[tuple[str, bytes]], depth: int, hidden: Collection[str]) -> bytes | None:
    """The hash of a group's subtree, `depth` bits behind the prefix, of these lanes and hidden parts (sorted by path).

    None where one lies within another. A lone lane stands as high as it can, a hidden part where its path says.
    """
    if not parts:
        return EMPTY
    path, known = parts[0]
    if len(parts) == 1 and path not in hidden:
        return known
    if len(path) == depth:
        return known if len(parts) == 1 else None
    middle = next((at for at, (other, _) in enumerate(parts) if other[depth] == "1"), len(parts))
    left, right = _folded(parts[:middle], depth + 1, hidden), _folded(parts[middle:], depth + 1, hidden)
    return None if left is None or right is None else node_hash(left, right)


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


def open_group(
    lanes: Sequence[MapLeaf], wanted: Collection[bytes] | None
) -> tuple[tuple[MapLeaf, ...], tuple[HiddenPart, ...]]:
    """Of all lanes of a group (sorted), those to show so that the proof tells of these tags, and what stays hidden.

    Without `wanted` all are shown. A stranger's lane is shown only where it proves that a tag is absent.
    """
    if wanted is None or len(lanes) < 2:
        return tuple(lanes), ()
    shown: list[MapLeaf] = []
    hidden: list[HiddenPart] = []

    def walk(below: Sequence[MapLeaf], depth: int, sought: Sequence[bytes]) -> None:
        if not below:
            return
        if not sought and depth > PREFIX_BITS:
            hidden.append(HiddenPart(path_of(below[0].tag)[: depth - PREFIX_BITS], _root(below, depth)))
            return
        if len(below) == 1:
            shown.append(below[0])
            return
        for side, half in enumerate(_split(below, depth)):
            walk(half, depth + 1, [tag for tag in sought if bit(tag, depth) == side])

    walk(lanes, PREFIX_BITS, [tag for tag in wanted if tag[:PREFIX_BYTES] == lanes[0].tag[:PREFIX_BYTES]])
    return tuple(shown), tuple(hidden)


def prove_group(leaves: Mapping[bytes, MapLeaf], prefix: bytes, wanted: Collection[bytes] | None = None) -> GroupProof:
    """The proof for a prefix in the map of these leaves; with `wanted`, one that need tell of these tags alone."""
    below: Sequence[MapLeaf] = sorted(leaves.values(), key=lambda leaf: leaf.tag)
    siblings: list[bytes] = []
    while not _is_group(below, prefix):
        side = bit(prefix, len(siblings))
        left, right = _split(below, len(siblings))
        siblings.append(_root(left if side else right, len(siblings) + 1))
        below = right if side else left
    if below and below[0].tag[:PREFIX_BYTES] == prefix:
        lanes, hidden = open_group(below, wanted)
        return GroupProof(prefix, tuple(siblings), lanes, None, hidden)
    return GroupProof(prefix, tuple(siblings), (), below[0] if below else None)


@dataclass
class IndexMap:
    """The whole map in memory with every lane: the reference that a follower's store is compared with."""

    lanes: dict[bytes, list[LaneLeaf]] = field(default_factory=dict)
    """Leaves by tag, in chain order, without repetitions."""
    leaves: dict[bytes, MapLeaf] = field(default_factory=dict)
    dropped: dict[bytes, int] = field(default_factory=dict)
    """How many entries were dropped from a lane, by tag."""

    def apply(self, batch: int, entries: Sequence[bytes]) -> None:
        """Adds the 48-byte entries of the batch of that index, in order; a repeated entry changes nothing."""
        for entry in entries:
            tag, digest = entry[:TAG_BYTES], entry[TAG_BYTES:]
            lane = self.lanes.setdefault(tag, [])
            if any(known.digest == digest for known in lane):
                continue
            lane.append(LaneLeaf(digest, batch))
            self._renew(tag)

    def drop(self, batch: int, entries: Iterable[bytes]) -> None:
        """Takes these 48-byte entries of a batch off their lanes, where they first stood in it, and counts them there.

        A lane stays in the map when its last leaf is dropped. An entry that is anchored again counts from there.
        """
        for entry in entries:
            tag, leaf = entry[:TAG_BYTES], LaneLeaf(entry[TAG_BYTES:], batch)
            if leaf in self.lanes.get(tag, ()):
                self.lanes[tag].remove(leaf)
                self.dropped[tag] = self.dropped.get(tag, 0) + 1
                self._renew(tag)

    def _renew(self, tag: bytes) -> None:
        lane = self.lanes[tag]
        self.leaves[tag] = MapLeaf(tag, len(lane), self.dropped.get(tag, 0), lane_head(lane))

    @property
    def root(self) -> bytes:
        """The map's root now."""
        return root_of(self.leaves)

    def prove_group(self, prefix: bytes, wanted: Collection[bytes] | None = None) -> GroupProof:
        """The proof for lanes of a prefix under the root now."""
        return prove_group(self.leaves, prefix, wanted)


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
