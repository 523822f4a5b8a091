"""How the C library keeps freed memory: in few arenas, so that what many threads let go is not kept once a thread."""

from __future__ import annotations

import ctypes

ARENAS_MAX = 2
"""Threads take turns at the interpreter, so they need no memory of their own; each arena keeps some for itself."""
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def limit_freed_memory(kept_bytes_max: int) -> None:
    """Gives blocks of so many bytes back to the system at once, and smaller ones where more than that is free."""
    # glibc alone has it (mallopt(3)); other C libraries do as they like.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS_MAX)
        mallopt(_M_TRIM_THRESHOLD, kept_bytes_max)
        mallopt(_M_MMAP_THRESHOLD, kept_bytes_max)
