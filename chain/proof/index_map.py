"""The index map: a compact sparse Merkle tree over 128-bit tags that proves a consignment's head, or its absence.

    leaf  = SHA-256(0x00 ‖ tag₁₆ ‖ count₈ ‖ head₃₂)      node = SHA-256(0x01 ‖ left ‖ right)      empty = 0³²
    head₀ = 0³²,  headₖ = SHA-256(headₖ₋₁ ‖ entry digestₖ ‖ batch indexₖ as 8 bytes, big-endian)

A repeated entry changes nothing, and a void batch is skipped, so a head binds the batch in which each entry first
stood.

The tree branches on the tag's bits, the highest first; 0 goes left. A subtree without leaves is `empty`, a subtree with
one leaf is that leaf's hash, whatever its depth. So a map's root is one function of its leaves, and a path is about as
long as the logarithm of their number. A proof lists the siblings from the root downwards and ends in the tag's leaf, in
another tag's leaf, or in nothing; the latter two prove absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chain.proof.hashes import sha256

TAG_BYTES = 16
TAG_BITS = 8 * TAG_BYTES
EMPTY = bytes(32)
NO_HEAD = bytes(32)
"""head₀: the head of a tag without entries."""


class ChainEntry(NamedTuple):
    """One entry in a tag's chain: its digest, and the index of the batch in which it first stood."""

    digest: bytes
    batch: int


@dataclass(frozen=True)
class MapLeaf:
    """What the map holds for one tag: how many entries, and the head of their chain."""

    tag: bytes
    count: int
    head: bytes

    def hash(self) -> bytes:
        """The leaf's hash in the tree."""
        return leaf_hash(self.tag, self.count, self.head)


@dataclass(frozen=True)
class MapProof:
    """That a tag's leaf is in the map, or that the tag is absent."""

    tag: bytes
    siblings: tuple[bytes, ...]
    """From the root downwards; as many as the bits of the tag that are followed."""
    leaf: MapLeaf | None
    """The one leaf at the end of the path: the tag's own (membership) or another's (absence); None where empty."""

    @property
    def is_membership(self) -> bool:
        """Whether it proves that the tag has a head, rather than none."""
        return self.leaf is not None and self.leaf.tag == self.tag


def leaf_hash(tag: bytes, count: int, head: bytes) -> bytes:
    """The hash of a tag's leaf; `count` is from 1 to 2⁶⁴ − 1."""
    if len(tag) != TAG_BYTES or len(head) != 32:
        raise ValueError("a tag has 16 bytes and a head 32")
    return sha256(b"\x00" + tag + count.to_bytes(8, "big") + head)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node of which at least two leaves are below."""
    return sha256(b"\x01" + left + right)


def bit(tag: bytes, depth: int) -> int:
    """The tag's bit that decides at `depth` (0 at the root): 0 goes left, 1 right."""
    return (tag[depth >> 3] >> (7 - (depth & 7))) & 1


def next_head(head: bytes, entry_digest: bytes, batch: int) -> bytes:
    """The head after one more entry, which first stood in the batch of that index (below 2⁶⁴)."""
    return sha256(head + entry_digest + batch.to_bytes(8, "big"))


def head_of(chain: Iterable[ChainEntry]) -> bytes:
    """The head of a tag's chain, in order."""
    head = NO_HEAD
    for digest, batch in chain:
        head = next_head(head, digest, batch)
    return head


def verify_map_proof(proof: MapProof, root: bytes) -> bool:
    """Whether the proof holds under `root`. Membership or absence is `proof.is_membership`."""
    depth = len(proof.siblings)
    if depth > TAG_BITS or len(proof.tag) != TAG_BYTES or any(len(one) != 32 for one in proof.siblings):
        return False
    if proof.leaf is None:
        known = EMPTY
    else:
        leaf = proof.leaf
        if len(leaf.tag) != TAG_BYTES or len(leaf.head) != 32 or not 1 <= leaf.count < 1 << 64:
            return False
        if any(bit(leaf.tag, d) != bit(proof.tag, d) for d in range(depth)):
            return False
        known = leaf.hash()
    # A lone leaf stands as high as it can, and an empty place has a subtree of two or more beside it.
    if depth and proof.siblings[-1] == EMPTY:
        return False
    for d in range(depth - 1, -1, -1):
        sibling = proof.siblings[d]
        known = node_hash(sibling, known) if bit(proof.tag, d) else node_hash(known, sibling)
    return known == root


def root_of(leaves: Mapping[bytes, MapLeaf]) -> bytes:
    """The map's root, computed from all leaves at once: the specification that every faster store must equal."""
    return _root(sorted(leaves.values(), key=lambda leaf: leaf.tag), 0)


def prove(leaves: Mapping[bytes, MapLeaf], tag: bytes) -> MapProof:
    """The proof for `tag` in the map of these leaves, membership or absence."""
    below: Sequence[MapLeaf] = sorted(leaves.values(), key=lambda leaf: leaf.tag)
    siblings = []
    depth = 0
    while len(below) > 1:
        side = bit(tag, depth)
        left, right = _split(below, depth)
        siblings.append(_root(left if side else right, depth + 1))
        below = right if side else left
        depth += 1
    return MapProof(tag, tuple(siblings), below[0] if below else None)


@dataclass
class IndexMap:
    """The whole map in memory with every tag's chain: the reference that a follower's store is compared with."""

    chains: dict[bytes, list[ChainEntry]] = field(default_factory=dict)
    """Entries by tag, in chain order, without repetitions."""
    leaves: dict[bytes, MapLeaf] = field(default_factory=dict)

    def apply(self, batch: int, entries: Sequence[bytes]) -> None:
        """Adds the 48-byte entries of the batch of that index, in order; a repeated entry changes nothing."""
        for entry in entries:
            tag, digest = entry[:TAG_BYTES], entry[TAG_BYTES:]
            chain = self.chains.setdefault(tag, [])
            if any(known.digest == digest for known in chain):
                continue
            head = self.leaves[tag].head if chain else NO_HEAD
            chain.append(ChainEntry(digest, batch))
            self.leaves[tag] = MapLeaf(tag, len(chain), next_head(head, digest, batch))

    @property
    def root(self) -> bytes:
        """The map's root now."""
        return root_of(self.leaves)

    def prove(self, tag: bytes) -> MapProof:
        """The proof for `tag` under the root now."""
        return prove(self.leaves, tag)


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
