"""The verifier as one file a platform: `python tongguan-verify-….pyz BUNDLE --trust-root FILE`, nothing to install.

Machine code cannot be imported from a zip file, so the program unpacks itself once into a folder named by its own
digest (`starter.py`), and runs from there. Libraries are those of the environment that makes it, for its platform and
version of Python.
"""

from __future__ import annotations

import sys
import sysconfig
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

from scripts.distribution.archives import make_zip
from scripts.distribution.verifier_sources import PACKAGE, read_sources
from scripts.distribution.verifier_wheel import REQUIRES

SHEBANG = b"#!/usr/bin/env python3\n"
INSIDE = "inside.zip"
DIGEST = "inside.sha256"
_BACKEND = "_cffi_backend"
"""Of `cffi` only this: the rest compiles, which nothing here does, and pycryptodome does without it, faster."""
_LEFT_OUT = ("SelfTest", "__pycache__", "tests")
_LEFT_OUT_SUFFIXES = (".pyc", ".pyi", ".h", ".pxd")


def make_program() -> tuple[str, bytes]:
    """The program's file name and its bytes: the same for the same sources and libraries."""
    files = {**read_sources()}
    for name in REQUIRES:
        files |= _files_of(name)
    files |= {name: content for name, content in _files_of("cffi").items() if name.startswith(_BACKEND)}
    inside = make_zip(files)
    digest = sha256(inside).hexdigest()
    starter = Path(__file__).with_name("starter.py").read_bytes()
    main = f"import starter\nstarter.run('{PACKAGE}.verify.__main__')\n".encode()
    outer = {"__main__.py": main, "starter.py": starter, INSIDE: inside, DIGEST: digest.encode()}
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    name = f"tongguan-verify-cp{sys.version_info.major}{sys.version_info.minor}-{platform}.pyz"
    # What is inside is compressed already.
    return name, SHEBANG + make_zip(outer, is_stored=True)


def _files_of(name: str) -> dict[str, bytes]:
    """What a library's wheel put into the environment, without its tests and what only compilers read."""
    files = {}
    for file in distribution(name).files or ():
        path = PurePosixPath(file.as_posix())
        is_inside = not path.is_absolute() and ".." not in path.parts and not path.parts[0].endswith(".dist-info")
        if is_inside and not set(path.parts) & set(_LEFT_OUT) and path.suffix not in _LEFT_OUT_SUFFIXES:
            files[str(path)] = Path(str(file.locate())).read_bytes()
    return files
