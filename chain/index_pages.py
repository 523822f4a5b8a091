"""Pages of the index map on disk: four levels of the compact sparse Merkle tree in one LMDB value.

The tree on disk branches on the 64 bits that all lanes of a consignment share; such a *group* is one child, however
many lanes it has. A page stands for a subtree, at a bit depth divisible by four, that holds two groups or more:

    occupied u16 ‖ groups u16 ‖ shared u16 ‖ for each occupied child in order:
        hash (32) ‖ prefix (8, only for a group) ‖ base (32, only for a group of two lanes or more)

bit 15 of the masks being child 0. A group of one lane is that lane's leaf, so its hash is the same at every depth. A
group of more has its *base*, the hash at depth 64, and its hash follows from the base and the depth at which it stands
alone: what lies between is computed, not stored. A page's key is its depth in nibbles (1 byte) ‖ the path's nibbles,
packed, the last half byte zero where their number is odd. Nothing here decides what is true: `chain.proof.index_map`
does.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple

import lmdb

from chain.proof.batch import PREFIX_BYTES
from chain.proof.index_map import EMPTY, PREFIX_BITS, lifted

_NIBBLES = 2 * PREFIX_BYTES
_CHILDREN = 16
_MASKS = struct.Struct(">HHH")
_GROUP_BYTES = 32 + PREFIX_BYTES

Database = Any
"""A handle of one of the environment's databases, as `lmdb` gives it (its type has no public name)."""


class Child(NamedTuple):
    """What stands below a page: a further page, or one group."""

    hash: bytes
    """At the depth where it stands."""
    prefix: bytes | None = None
    """The group's prefix; None for a page."""
    base: bytes | None = None
    """The group's hash at depth 64; None where it is one lane, whose hash is the same everywhere."""


class Group(NamedTuple):
    """A group as it is to be stored."""

    prefix: bytes
    hash: bytes
    """Of its one lane, or of all its lanes at depth 64."""
    is_shared: bool
    """Whether it has two lanes or more."""

    def standing_at(self, depth: int) -> Child:
        """The group as a child at a bit depth."""
        if not self.is_shared:
            return Child(self.hash, self.prefix)
        return Child(lifted(self.hash, self.prefix, PREFIX_BITS, depth), self.prefix, self.hash)


def fetched(txn: lmdb.Transaction, key: bytes, database: Database) -> bytes | None:
    """The value of a key, None where there is none."""
    found = txn.get(key, db=database)
    return None if found is None else bytes(found)


class PageTree:
    """The map's tree inside one LMDB transaction."""

    def __init__(self, txn: lmdb.Transaction, database: Database) -> None:
        self._txn = txn
        self._db = database

    def update(self, groups: list[Group]) -> bytes:
        """Sets the groups (sorted by prefix, each once) and gives the new root."""
        root = self._page(b"\x00") or [None] * _CHILDREN
        self._set_children(root, 0, groups)
        self._store(b"\x00", root)
        return _fold(root, 0).hash if any(root) else EMPTY

    def path(self, prefix: bytes) -> tuple[tuple[bytes, ...], bytes | None]:
        """The siblings from the root towards `prefix`, and the prefix of the one group at the path's end, if any.

        Where another group of several lanes stands there, the path goes on to where the two part.
        """
        siblings: list[bytes] = []
        for depth in range(_NIBBLES):
            page = self._page(_key(prefix, depth))
            if page is None:
                break
            inner, end = _descend(page, prefix, depth)
            siblings.extend(inner)
            if end is None:
                return tuple(siblings), None
            if end.prefix is not None:
                return _past_group(siblings, end, prefix)
        return tuple(siblings), None

    def _set_children(self, page: list[Child | None], depth: int, groups: list[Group]) -> None:
        for nibble, below in groupby(groups, key=lambda group: _nibble(group.prefix, depth)):
            page[nibble] = self._merged(page[nibble], depth + 1, list(below))

    def _merged(self, child: Child | None, depth: int, groups: list[Group]) -> Child:
        if child is not None and child.prefix is not None and all(one.prefix != child.prefix for one in groups):
            known = Group(child.prefix, child.base or child.hash, child.base is not None)
            groups = sorted([*groups, known])
        if len(groups) == 1 and (child is None or child.prefix is not None):
            return groups[0].standing_at(4 * depth)
        key = _key(groups[0].prefix, depth)
        page = self._page(key) if child is not None and child.prefix is None else None
        children = page or [None] * _CHILDREN
        self._set_children(children, depth, groups)
        self._store(key, children)
        return Child(_fold(children, 4 * depth).hash)

    def _page(self, key: bytes) -> list[Child | None] | None:
        raw = fetched(self._txn, key, self._db)
        if raw is None:
            return None
        occupied, groups, shared = _MASKS.unpack_from(raw)
        children: list[Child | None] = [None] * _CHILDREN
        at = _MASKS.size
        for nibble in range(_CHILDREN):
            bit = 0x8000 >> nibble
            if not occupied & bit:
                continue
            if not groups & bit:
                children[nibble] = Child(raw[at : at + 32])
                at += 32
                continue
            end = at + _GROUP_BYTES
            base = raw[end : end + 32] if shared & bit else None
            children[nibble] = Child(raw[at : at + 32], raw[at + 32 : end], base)
            at = end + (32 if base else 0)
        return children

    def _store(self, key: bytes, children: list[Child | None]) -> None:
        occupied = groups = shared = 0
        parts: list[bytes] = []
        for nibble, child in enumerate(children):
            if child is None:
                continue
            bit = 0x8000 >> nibble
            occupied |= bit
            parts.append(child.hash)
            if child.prefix is not None:
                groups |= bit
                parts.append(child.prefix)
            if child.base is not None:
                shared |= bit
                parts.append(child.base)
        self._txn.put(key, _MASKS.pack(occupied, groups, shared) + b"".join(parts), db=self._db)


def _nibble(prefix: bytes, depth: int) -> int:
    byte = prefix[depth >> 1]
    return byte & 15 if depth & 1 else byte >> 4


def _key(prefix: bytes, depth: int) -> bytes:
    if depth & 1:
        return bytes((depth,)) + prefix[: depth >> 1] + bytes((prefix[depth >> 1] & 0xF0,))
    return bytes((depth,)) + prefix[: depth >> 1]


def _joined(left: Child | None, right: Child | None, depth: int) -> Child | None:
    """The subtree at `depth` over two halves: empty, the lone group, or the node over both."""
    if left is None and right is None:
        return None
    lone = left if right is None else right if left is None else None
    if lone is not None and lone.prefix is not None:
        if lone.base is None:
            return lone
        return Child(lifted(lone.hash, lone.prefix, depth + 1, depth), lone.prefix, lone.base)
    return Child(sha256(b"\x01" + (left.hash if left else EMPTY) + (right.hash if right else EMPTY)).digest())


def _rows(children: list[Child | None], depth: int) -> list[list[Child | None]]:
    """The page's levels from its children upwards; `depth` is the page's own, in bits."""
    rows = [children]
    for level in range(3, -1, -1):
        row = rows[-1]
        rows.append([_joined(row[i], row[i + 1], depth + level) for i in range(0, len(row), 2)])
    return rows


def _fold(children: list[Child | None], depth: int) -> Child:
    top = _rows(children, depth)[-1][0]
    if top is None:
        raise ValueError("an empty page has no hash")
    return top


def _descend(page: list[Child | None], prefix: bytes, depth: int) -> tuple[list[bytes], Child | None]:
    """Sibling hashes from the page's top downwards towards `prefix`, ending early at a lone group or nothing."""
    rows = _rows(page, 4 * depth)
    nibble = _nibble(prefix, depth)
    siblings: list[bytes] = []
    for level in range(3, -1, -1):
        here = nibble >> level
        if (parent := rows[level + 1][here >> 1]) is None or parent.prefix is not None:
            return siblings, parent
        sibling = rows[level][here ^ 1]
        siblings.append(sibling.hash if sibling else EMPTY)
    return siblings, page[nibble]


def _past_group(siblings: list[bytes], end: Child, prefix: bytes) -> tuple[tuple[bytes, ...], bytes | None]:
    other = end.prefix
    if other is None or other == prefix or end.base is None:
        return tuple(siblings), other
    parting = PREFIX_BITS - (int.from_bytes(prefix, "big") ^ int.from_bytes(other, "big")).bit_length()
    empties = [EMPTY] * (parting - len(siblings))
    return (*siblings, *empties, lifted(end.base, other, PREFIX_BITS, parting + 1)), None
