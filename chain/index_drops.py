"""Dropped entries of the index: which leaf of which lane is out, and from which batch count on.

One LMDB database with three kinds of keys:

    0x01 ‖ tag ‖ sequence u32            → first u64      the leaf is out of maps over more than `first` batches
    0x02 ‖ first u64 ‖ tag               → nothing        lanes that change there
    0x03 ‖ batch u64 ‖ number u32        → nothing        drops that were taken in

`first` is how many batches stood in blocks up to that of the drop: it takes effect with the next batch, so that the map
over a number of batches is one function of the chain, whenever somebody looks.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from typing import Any

import lmdb

from chain.proof.batch import TAG_BYTES

_U64 = struct.Struct(">Q")
_U32 = struct.Struct(">I")
_LEAF, _LANE, _DROP = b"\x01", b"\x02", b"\x03"


def places_in(bitmap: bytes, count: int) -> Iterator[int]:
    """The places that a bitmap names among `count` entries: bit i, the highest of byte 0 first, stands for entry i."""
    return (place for place in range(min(count, 8 * len(bitmap))) if bitmap[place >> 3] << (place & 7) & 0x80)


def bitmap_of(places: Collection[int]) -> bytes:
    """The bitmap that names these places, at least one, no longer than the last of them asks for."""
    bitmap = bytearray(max(places) // 8 + 1)
    for place in places:
        bitmap[place >> 3] |= 0x80 >> (place & 7)
    return bytes(bitmap)


class DropTable:
    """The dropped entries inside one LMDB transaction."""

    def __init__(self, txn: lmdb.Transaction, database: Any) -> None:
        self._txn = txn
        self._db = database
        self._is_empty = txn.stat(database)["entries"] == 0

    def take_drop(self, batch: int, number: int) -> bool:
        """Notes that a drop is taken in; False where it was before."""
        self._is_empty = False
        return bool(self._txn.put(_DROP + _U64.pack(batch) + _U32.pack(number), b"", overwrite=False, db=self._db))

    def drop_leaf(self, tag: bytes, sequence: bytes, first: int) -> None:
        """Takes a leaf out of maps over more than `first` batches; one that is out already stays so."""
        if self._txn.put(_LEAF + tag + sequence, _U64.pack(first), overwrite=False, db=self._db):
            self._txn.put(_LANE + _U64.pack(first) + tag, b"", db=self._db)

    def is_dropped(self, tag: bytes, sequence: bytes) -> bool:
        """Whether the leaf is out, in maps over all batches that come from now on."""
        return not self._is_empty and self._txn.get(_LEAF + tag + sequence, db=self._db) is not None

    def out_of(self, tag: bytes, batch_count: int) -> frozenset[int]:
        """The sequences of the lane's leaves that are out of the map over so many batches."""
        if self._is_empty:
            return frozenset()
        return frozenset(
            _U32.unpack_from(key, 1 + TAG_BYTES)[0]
            for key, value in self._from(_LEAF + tag)
            if _U64.unpack(value)[0] < batch_count
        )

    def lanes_changed(self, begin: int, end: int) -> set[bytes]:
        """Tags of the lanes that lose a leaf between the maps over `begin` and over `end` batches."""
        if self._is_empty:
            return set()
        tags: set[bytes] = set()
        for first in self._firsts(begin, end):
            tags.update(bytes(key[1 + _U64.size :]) for key, _ in self._from(_LANE + _U64.pack(first)))
        return tags

    def _firsts(self, begin: int, end: int) -> Iterator[int]:
        """The batch counts, `begin` to below `end`, with which a drop takes effect."""
        with self._txn.cursor(db=self._db) as cursor:
            at = begin
            while cursor.set_range(_LANE + _U64.pack(at)):
                key = cursor.key()
                if key[:1] != _LANE or (first := _U64.unpack_from(key, 1)[0]) >= end:
                    return
                yield first
                at = first + 1

    def _from(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        with self._txn.cursor(db=self._db) as cursor:
            if not cursor.set_range(prefix):
                return
            for key, value in cursor:
                if key[: len(prefix)] != prefix:
                    return
                yield bytes(key), bytes(value)
