"""How a process of the gateway uses memory: freed memory is kept for the next chunk, long-lived objects are left alone.

A chunk of an upload makes and frees buffers of a megabyte. The C library gives such memory back to the system at once,
and each page of the next one is faulted in and cleared anew.
"""

from __future__ import annotations

import ctypes
import gc

GC_THRESHOLD = 50_000
"""Collecting after every 700 objects, as Python does, costs a tenth: parsed records hold no cycles."""
KEPT_BYTES_MAX = 16 << 20
"""Freed memory that stays with the process, in each of its arenas."""
ARENAS_MAX = 2
"""Threads take turns at the interpreter, so they need no memory of their own; each arena keeps some for itself."""
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def settle() -> None:
    """To be called once everything is set up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    # glibc alone has it (mallopt(3)); other C libraries do as they like.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS_MAX)
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES_MAX)
        mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES_MAX)
