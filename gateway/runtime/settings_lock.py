"""One gateway a settings file: two would write one index folder, and each would undo what the other does."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from chain.errors import Refused


def hold_settings(file: Path) -> int:
    """Holds the settings file for this process until it ends, however it ends; raises Refused, OSError.

    Answers the open file, which must stay open.
    """
    held = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise Refused(
            f"another gateway runs with the settings file {file}",
            fix="Give each gateway a settings file and an index folder of its own",
        ) from None
    return held
