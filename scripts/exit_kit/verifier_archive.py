"""The verifier as one file that Python runs: `python verifier.pyz BUNDLE --trust-root FILE`.

It holds what verifying needs of ours and nothing else. Four libraries with machine code (`docs/spec/verifier.md`)
cannot lie in such a file; the kit's README says how they are installed, and the page beside it needs none.
"""

from __future__ import annotations

import io
import zipfile
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

ROOMS: Final = ("verify", "proof", "rules")
"""Folders of `chain` that verifying reads."""
SUFFIXES: Final = (".py", ".json")
_MAIN = "import sys\nfrom chain.verify.__main__ import main\nsys.exit(main())\n"
_DATE = (1980, 1, 1, 0, 0, 0)
"""The same bytes whoever makes it, so that two members can compare theirs."""


def write_verifier(file: Path) -> None:
    """Writes the archive; the same program gives the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _MAIN.encode())
        package = resources.files("chain")
        for entry in sorted(package.iterdir(), key=lambda part: part.name):
            if entry.is_file() and entry.name.endswith(".py"):
                _add(archive, f"chain/{entry.name}", entry.read_bytes())
        for room in ROOMS:
            _add_room(archive, f"chain/{room}", package.joinpath(room))
    file.write_bytes(b"#!/usr/bin/env python3\n" + content.getvalue())


def _add_room(archive: zipfile.ZipFile, name: str, folder: Traversable) -> None:
    for entry in sorted(folder.iterdir(), key=lambda part: part.name):
        if entry.is_file() and entry.name.endswith(SUFFIXES):
            _add(archive, f"{name}/{entry.name}", entry.read_bytes())


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
