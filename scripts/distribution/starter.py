"""Runs in the one-file verifier, by Python alone: unpacks what is inside once into the user's cache, then starts it.

The folder is named by the SHA-256 of what it holds and is its owner's alone, so that no other user of the machine
can lay another verifier there; one that is not so is refused. It becomes visible whole or not at all.
"""

from __future__ import annotations

import io
import os
import runpy
import shutil
import stat
import sys
import tempfile
import zipfile
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
COULD_NOT_TELL = 2


def run(module: str) -> None:
    """Runs a module of what is inside as the program; exit 2 where it cannot be unpacked."""
    try:
        folder = _unpacked()
    except OSError as fault:
        print(f"tongguan-verify: cannot unpack: {fault}", file=sys.stderr)
        sys.exit(COULD_NOT_TELL)
    sys.path.insert(0, str(folder))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _unpacked() -> Path:
    archive = Path(__file__).parent
    with zipfile.ZipFile(archive) as outer:
        digest = outer.read("inside.sha256").decode("ascii")
    cache = _cache_home() / "tongguan-verify"
    folder = cache / digest
    if not folder.is_dir():
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_own(cache)
        _unpack(archive, cache, folder)
    _require_own(folder)
    return folder


def _unpack(archive: Path, cache: Path, folder: Path) -> None:
    # Made beside it under a name of its own, then renamed: two that start at once do not see each other's half.
    partial = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=cache))
    try:
        with zipfile.ZipFile(archive) as outer, zipfile.ZipFile(io.BytesIO(outer.read("inside.zip"))) as inside:
            inside.extractall(partial)
        try:
            partial.rename(folder)
        except OSError:
            # Another process was first, and laid the same there.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _require_own(folder: Path) -> None:
    status = folder.stat()
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & OTHERS):
        raise PermissionError(f"{folder} is not this user's alone: remove it, or set XDG_CACHE_HOME")


def _cache_home() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(home) if home else Path("~/.cache").expanduser()
