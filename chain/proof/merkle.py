"""Merkle trees of RFC 9162 section 2.1 with SHA-256: a leaf is under a root, an older tree is a prefix of a newer one.

    leaf hash = SHA-256(0x00 ‖ leaf)      node hash = SHA-256(0x01 ‖ left ‖ right)      root of no leaves = SHA-256("")

A level of the tree pairs neighbours; a last one without a neighbour rises unchanged. That is the same tree as the RFC's
split at the largest power of two, and needs no recursion. Paths go from the leaf to the root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from chain.proof.hashes import sha256

HASH_BYTES = 32
PATH_LENGTH_MAX = 64
"""No tree has 2⁶⁴ leaves, so no path is longer."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash that stands for a leaf's bytes."""
    return sha256(b"\x00" + leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees, left one first."""
    return sha256(b"\x01" + left + right)


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over the leaves' bytes (not their hashes), in order."""
    if not leaves:
        return sha256(b"")
    return _levels(leaves)[-1][0]


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from leaf `index` to the root. Raises IndexError where there is no such leaf."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    path = []
    for level in _levels(leaves)[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index >>= 1
    return tuple(path)


def inclusion_paths(leaves: Sequence[bytes], indexes: Sequence[int]) -> list[tuple[bytes, ...]]:
    """As `inclusion_path` for several leaves of one tree, which is built once."""
    for index in indexes:
        if not 0 <= index < len(leaves):
            raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    return _paths(_levels(leaves) if leaves else [], indexes)


def rooted_paths(leaves: Sequence[bytes]) -> tuple[bytes, list[tuple[bytes, ...]]]:
    """The root over some leaves, and the inclusion path of each."""
    if not leaves:
        return sha256(b""), []
    levels = _levels(leaves)
    return levels[-1][0], _paths(levels, range(len(leaves)))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf **hash** `leaf` stands at `index` of `size` leaves under this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or len(path) > PATH_LENGTH_MAX:
        return False
    if any(len(part) != HASH_BYTES for part in path):
        return False
    position, last, known = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            known = node_hash(sibling, known)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            known = node_hash(known, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and known == root


def consistency_path(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """The hashes that show the first `old_size` leaves to be a prefix of `leaves` (RFC 9162, 2.1.4.1)."""
    if not 0 < old_size <= len(leaves):
        raise IndexError(f"no tree of {old_size} leaves in one of {len(leaves)}")
    return tuple(_consistency(leaves, old_size, whole=True))


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of `old_size` leaves is a prefix of the one of `new_size` (RFC 9162, 2.1.4.2); sizes from 1."""
    if not 0 < old_size <= new_size or len(path) > 2 * PATH_LENGTH_MAX:
        return False
    if any(len(part) != HASH_BYTES for part in path):
        return False
    if old_size == new_size:
        return not path and old_root == new_root
    steps = list(path)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old == old_root and new == new_root


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    # `leaf_hash` and `node_hash`, without two calls a hash: every entry of the chain comes through here.
    hashed = hashlib.sha256
    level = [hashed(b"\x00" + leaf).digest() for leaf in leaves]
    levels = [level]
    while len(level) > 1:
        paired = [hashed(b"\x01" + one + other).digest() for one, other in zip(level[::2], level[1::2], strict=False)]
        if len(level) & 1:
            paired.append(level[-1])
        level = paired
        levels.append(level)
    return levels


def _paths(levels: Sequence[Sequence[bytes]], indexes: Iterable[int]) -> list[tuple[bytes, ...]]:
    below = levels[:-1]
    return [
        tuple([level[(index >> up) ^ 1] for up, level in enumerate(below) if (index >> up) ^ 1 < len(level)])
        for index in indexes
    ]


def _consistency(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    size = len(leaves)
    if old_size == size:
        return [] if whole else [tree_root(leaves)]
    split = 1 << ((size - 1).bit_length() - 1)
    if old_size <= split:
        return [*_consistency(leaves[:split], old_size, whole=whole), tree_root(leaves[split:])]
    return [*_consistency(leaves[split:], old_size - split, whole=False), tree_root(leaves[:split])]
