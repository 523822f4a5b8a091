"""An RFC 9162 tree that grows: roots and proofs as of any size, each for a few hashes.

Kept are the roots of all complete subtrees, a row of 32-byte hashes for each height. `chain.proof.merkle` computes the
same from all leaves at once, and verifies.
"""

from __future__ import annotations

from chain.proof.hashes import sha256
from chain.proof.merkle import HASH_BYTES, leaf_hash, node_hash


class GrowingTree:
    """The tree over the leaves added so far."""

    def __init__(self) -> None:
        self._rows: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._rows[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> None:
        """Adds a leaf's bytes at the end."""
        self._rows[0] += leaf_hash(leaf)
        height, count = 0, self.size
        while count % 2 == 0:
            made = node_hash(self._complete(height, count - 2), self._complete(height, count - 1))
            height, count = height + 1, count // 2
            if height == len(self._rows):
                self._rows.append(bytearray())
            self._rows[height] += made

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves. Raises IndexError where there are fewer."""
        self._require(size >= 0)
        self._require(size <= self.size)
        return self._root_of(0, size) if size else sha256(b"")

    def inclusion_path(self, index: int, size: int) -> tuple[bytes, ...]:
        """The hashes that lead from leaf `index` to the root of `size` leaves. Raises IndexError."""
        self._require(0 <= index < size <= self.size)
        path, first, end = [], 0, size
        while end - first > 1:
            middle = first + _split(end - first)
            if index < middle:
                path.append(self._root_of(middle, end))
                end = middle
            else:
                path.append(self._root_of(first, middle))
                first = middle
        return tuple(reversed(path))

    def consistency_path(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """The hashes that show the first `old_size` leaves to be a prefix of the first `size`; none from 0.

        Raises IndexError where there are no such sizes.
        """
        self._require(0 <= old_size <= size <= self.size)
        if old_size in (0, size):
            return ()
        path, first, end, is_whole = [], 0, size, True
        while end != old_size:
            middle = first + _split(end - first)
            if old_size <= middle:
                path.append(self._root_of(middle, end))
                end = middle
            else:
                path.append(self._root_of(first, middle))
                first, is_whole = middle, False
        if not is_whole:
            path.append(self._root_of(first, end))
        return tuple(reversed(path))

    def _root_of(self, first: int, end: int) -> bytes:
        """The root over leaves `first` to `end` (excluded); `first` is a multiple of the split that led here."""
        count = end - first
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._complete(height, first >> height)
        middle = first + _split(count)
        return node_hash(self._root_of(first, middle), self._root_of(middle, end))

    def _complete(self, height: int, place: int) -> bytes:
        return bytes(self._rows[height][HASH_BYTES * place : HASH_BYTES * (place + 1)])

    @staticmethod
    def _require(is_there: bool) -> None:
        if not is_there:
            raise IndexError("the tree has no such leaves")


def _split(count: int) -> int:
    """The largest power of two below `count`, for 2 leaves or more."""
    return 1 << ((count - 1).bit_length() - 1)
