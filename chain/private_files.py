"""Files that a process of ours makes are its owner's alone, whatever the login's mask says."""

from __future__ import annotations

import os

PRIVATE_MASK = 0o077


def keep_files_private() -> None:
    """From now on this process makes files with mode 0600 and folders with 0700 at most."""
    os.umask(PRIVATE_MASK)
