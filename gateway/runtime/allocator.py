"""How a process of the gateway uses memory: freed memory is kept for the next chunk, long-lived objects are left alone.

A chunk of an upload makes and frees buffers of a megabyte. The C library gives such memory back to the system at once,
and each page of the next one is faulted in and cleared anew.
"""

from __future__ import annotations

import gc

from chain.allocator import limit_freed_memory

GC_THRESHOLD = 50_000
"""Collecting after every 700 objects, as Python does, costs a tenth: parsed records hold no cycles."""
KEPT_BYTES_MAX = 16 << 20
"""Freed memory that stays with the process, in each of its arenas."""


def settle() -> None:
    """To be called once everything is set up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    limit_freed_memory(KEPT_BYTES_MAX)
