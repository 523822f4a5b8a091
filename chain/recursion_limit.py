"""How deep Python may call itself in a process that reads what strangers send.

Libraries for the EVM raise the interpreter's limit to 100,000 when they are imported (`py_ecc`, `eth`). Below such a
limit, a decoder in C that follows nesting overflows its stack and ends the process. They are imported first, once, and
the limit is then set back.
"""

from __future__ import annotations

import importlib
import sys

RECURSION_DEPTH_MAX = 1_000
"""Python's own default."""
RAISES_LIMIT = ("py_ecc",)
"""Libraries that raise the limit while they are imported; the node alone needs more, and sets its own."""


def restore_recursion_limit(depth_max: int = RECURSION_DEPTH_MAX) -> None:
    """Sets the limit to `depth_max`, so that no later import of the libraries above raises it again."""
    for name in RAISES_LIMIT:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    sys.setrecursionlimit(depth_max)
