"""Pages of the index map on disk: four levels of the compact sparse Merkle tree in one LMDB value.

A page stands for a subtree, at a bit depth divisible by four, that holds two leaves or more. Its value is

    occupied u16 ‖ leaves u16 ‖ for each occupied child in order: hash (32) ‖ tag (16, only where the child is a leaf)

bit 15 of the two masks being child 0. Its key is depth in nibbles (1 byte) ‖ the path's nibbles, packed, the last
half byte zero where their number is odd. Nothing here decides what is true: `chain.proof.index_map` does.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from itertools import groupby
from typing import Any

import lmdb

from chain.proof.index_map import EMPTY as EMPTY_HASH

_TAG_NIBBLES = 32
_CHILDREN = 16
_MASKS = struct.Struct(">HH")

Database = Any
"""A handle of one of the environment's databases, as `lmdb` gives it (its type has no public name)."""
Child = tuple[bytes, bytes | None]
"""A child's hash, and its tag where it is a single leaf (None: a page)."""
Leaf = tuple[bytes, bytes]
"""A tag and its leaf hash."""


def fetched(txn: lmdb.Transaction, key: bytes, database: Database) -> bytes | None:
    """The value of a key, None where there is none."""
    found = txn.get(key, db=database)
    return None if found is None else bytes(found)


class PageTree:
    """The map's tree inside one LMDB transaction."""

    def __init__(self, txn: lmdb.Transaction, database: Database) -> None:
        self._txn = txn
        self._db = database

    def update(self, leaves: list[Leaf]) -> bytes:
        """Sets the leaves (sorted by tag, each tag once) and gives the new root."""
        root = self._page(b"\x00") or [None] * _CHILDREN
        self._set_children(root, 0, leaves)
        self._store(b"\x00", root)
        return _fold(root)[0] if any(root) else EMPTY_HASH

    def path(self, tag: bytes) -> tuple[tuple[bytes, ...], bytes | None]:
        """The siblings from the root towards `tag`, and the tag of the lone leaf at the path's end (None: nothing)."""
        siblings: list[bytes] = []
        for depth in range(_TAG_NIBBLES):
            page = self._page(_key(tag, depth))
            if page is None:
                break
            inner, terminal = _descend(page, _nibble(tag, depth))
            siblings.extend(inner)
            if terminal is None or terminal[1] is not None:
                return tuple(siblings), terminal[1] if terminal else None
        return tuple(siblings), None

    def _set_children(self, page: list[Child | None], depth: int, leaves: list[Leaf]) -> None:
        for nibble, group in groupby(leaves, key=lambda leaf: _nibble(leaf[0], depth)):
            page[nibble] = self._merged(page[nibble], depth + 1, list(group))

    def _merged(self, child: Child | None, depth: int, leaves: list[Leaf]) -> Child:
        if child is not None and child[1] is not None and all(tag != child[1] for tag, _ in leaves):
            leaves = sorted([*leaves, (child[1], child[0])])
        if len(leaves) == 1 and (child is None or child[1] is not None):
            return leaves[0][1], leaves[0][0]
        key = _key(leaves[0][0], depth)
        page = self._page(key) if child is not None and child[1] is None else None
        children = page or [None] * _CHILDREN
        self._set_children(children, depth, leaves)
        self._store(key, children)
        return _fold(children)[0], None

    def _page(self, key: bytes) -> list[Child | None] | None:
        raw = fetched(self._txn, key, self._db)
        if raw is None:
            return None
        occupied, single = _MASKS.unpack_from(raw)
        children: list[Child | None] = [None] * _CHILDREN
        at = 4
        for nibble in range(_CHILDREN):
            bit = 0x8000 >> nibble
            if not occupied & bit:
                continue
            if single & bit:
                children[nibble] = (raw[at : at + 32], raw[at + 32 : at + 48])
                at += 48
            else:
                children[nibble] = (raw[at : at + 32], None)
                at += 32
        return children

    def _store(self, key: bytes, children: list[Child | None]) -> None:
        occupied = single = 0
        parts: list[bytes] = []
        for nibble, child in enumerate(children):
            if child is None:
                continue
            occupied |= 0x8000 >> nibble
            parts.append(child[0])
            if child[1] is not None:
                single |= 0x8000 >> nibble
                parts.append(child[1])
        self._txn.put(key, _MASKS.pack(occupied, single) + b"".join(parts), db=self._db)


def _nibble(tag: bytes, depth: int) -> int:
    byte = tag[depth >> 1]
    return byte & 15 if depth & 1 else byte >> 4


def _key(tag: bytes, depth: int) -> bytes:
    if depth & 1:
        return bytes((depth,)) + tag[: depth >> 1] + bytes((tag[depth >> 1] & 0xF0,))
    return bytes((depth,)) + tag[: depth >> 1]


def _joined(left: Child | None, right: Child | None) -> Child | None:
    """The subtree over two halves: empty, the single leaf itself, or the node over both."""
    if left is None and right is None:
        return None
    if right is None and left is not None and left[1] is not None:
        return left
    if left is None and right is not None and right[1] is not None:
        return right
    return sha256(b"\x01" + (left[0] if left else EMPTY_HASH) + (right[0] if right else EMPTY_HASH)).digest(), None


def _fold(children: list[Child | None]) -> Child:
    row = children
    while len(row) > 1:
        row = [_joined(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    folded = row[0]
    if folded is None:
        raise ValueError("an empty page has no hash")
    return folded


def _descend(children: list[Child | None], nibble: int) -> tuple[list[bytes], Child | None]:
    """Sibling hashes from the page's top downwards towards child `nibble`, ending early at a single leaf or nothing."""
    rows = [children]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([_joined(row[i], row[i + 1]) for i in range(0, len(row), 2)])
    siblings: list[bytes] = []
    for level in range(3, -1, -1):
        here = nibble >> level
        if (parent := rows[level + 1][here >> 1]) is None or parent[1] is not None:
            return siblings, parent
        sibling = rows[level][here ^ 1]
        siblings.append(sibling[0] if sibling else EMPTY_HASH)
    return siblings, children[nibble]
