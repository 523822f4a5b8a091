"""A founded consortium in a folder: the ceremony takes seconds, so a process goes through it once and copies it."""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from chain.verify import TrustRoot
from scripts.bootstrap import found
from scripts.consortium_folder import ConsortiumFolder


@lru_cache(maxsize=1)
def _template() -> tuple[TemporaryDirectory[str], TrustRoot]:
    directory = TemporaryDirectory(prefix="founded-")
    return directory, found(ConsortiumFolder(Path(directory.name) / "consortium"), say=lambda line: None)


def copy_founded(folder: ConsortiumFolder) -> TrustRoot:
    """Makes `folder` the example consortium as `scripts.bootstrap.found` does; all of a process have the same keys."""
    directory, root = _template()
    shutil.copytree(Path(directory.name) / "consortium", folder.path, dirs_exist_ok=True)
    return root
