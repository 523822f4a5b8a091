"""Trie nodes and codes that were read or written last, kept in memory by their hash, up to a number of bytes.

What is kept was checked against its hash when it was read, or hashed when it was made, so it is right whatever becomes
of the disk. Whether a state may be asked for at all is not decided here: a pruned block's is refused by its number.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

BESIDE_BYTES = 200
"""What a node takes in memory beside its own bytes: its name, and its place in the table."""


class NodeCache:
    """Answers as `read` does, and mostly without it. Any thread may call it.

    Two tables take turns: when the younger is full, the older is let go. So what was asked for lately is never let go,
    and nobody pays for keeping everything in order.
    """

    def __init__(self, read: Callable[[bytes], bytes], bytes_max: int) -> None:
        self._read = read
        self._table_bytes_max = bytes_max // 2
        self._adding = threading.Lock()
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}
        self._young_bytes = 0

    def __call__(self, name: bytes) -> bytes:
        """The node or code of this hash; raises what `read` raises."""
        found = self._young.get(name)
        if found is None:
            found = self._old.get(name)
            if found is None:
                found = self._read(name)
            self.add({name: found})
        return found

    def add(self, nodes: Mapping[bytes, bytes]) -> None:
        """Keep these, which are what their names say."""
        with self._adding:
            for name, node in nodes.items():
                size = len(node) + BESIDE_BYTES
                if name in self._young or size > self._table_bytes_max:
                    continue
                if self._young_bytes + size > self._table_bytes_max:
                    self._old, self._young, self._young_bytes = self._young, {}, 0
                self._young[name] = node
                self._young_bytes += size

    def cache_clear(self) -> None:
        """Forget everything."""
        with self._adding:
            self._young, self._old, self._young_bytes = {}, {}, 0

    @property
    def size_bytes(self) -> int:
        """What is kept takes about so much memory."""
        kept = (*list(self._young.values()), *list(self._old.values()))
        return sum(len(node) + BESIDE_BYTES for node in kept)
