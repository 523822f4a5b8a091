"""Memories of opened records, so that all of them can be emptied when something is erased.

Nothing erased is ever served from them: what was erased is another record by then. They are emptied so that it does not
stay in this process either. Another process of the same store forgets it as newer records take its place.
"""

from __future__ import annotations

from typing import Protocol, TypeVar
from weakref import WeakSet


class Memory(Protocol):
    """A function that remembers its answers, as `functools.lru_cache` makes one."""

    def cache_clear(self) -> None: ...


MemoryT = TypeVar("MemoryT", bound=Memory)
_MEMORIES: WeakSet[Memory] = WeakSet()


def holds_records(memory: MemoryT) -> MemoryT:
    """Notes that a memory holds contents of records; for use as a decorator."""
    _MEMORIES.add(memory)
    return memory


def forget_records() -> None:
    """Empties every memory that holds contents of records."""
    for memory in list(_MEMORIES):
        memory.cache_clear()
