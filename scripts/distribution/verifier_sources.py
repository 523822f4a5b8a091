"""The verifier's own modules under an import name of its own, `tongguan_verify`, for programs that embed it.

The modules are those of `chain` that verifying needs; only the name of the package they import each other by is
changed, so that nothing called `chain` comes into an embedder's environment.
"""

from __future__ import annotations

import ast
import re
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

PACKAGE: Final = "tongguan_verify"
ROOMS: Final = ("verify", "proof", "rules")
"""Folders of `chain` that verifying reads."""
SUFFIXES: Final = (".py", ".json", ".html", ".css")
_IMPORT = re.compile(r"^(\s*)(from|import) chain(?=[. ])", re.MULTILINE)
_RESOURCE = re.compile(r'resources\.files\("chain(?=[."])')
_TYPED = "py.typed"
_FACE = '''"""Tongguan's verifier, to be embedded: proof bundles judged offline, by their trust root alone.

    from tongguan_verify import Demand, TrustRoot, Verdict, verify_file

    report = verify_file(bundle, TrustRoot.parse(trust_root), Demand())
    assert report.verdict is Verdict.VALID

`bundle` and `trust_root` are bytes. Compare the trust root's `short_fingerprint` with one that was told by another way.
Raises `Malformed` for a trust root that is none; a bundle that is none gets a verdict.
"""

from tongguan_verify.errors import Malformed
from tongguan_verify.verify import TrustRoot, verify_file
from tongguan_verify.verify.context import Demand
from tongguan_verify.verify.results import Report, Verdict

__all__ = ["Demand", "Malformed", "Report", "TrustRoot", "Verdict", "verify_file"]
'''


def read_sources() -> dict[str, bytes]:
    """Every file of the package by its path in the wheel, such as `tongguan_verify/verify/verifier.py`."""
    package = resources.files("chain")
    files = {f"{PACKAGE}/{_TYPED}": b""}
    needed = _needed_modules(package)
    for entry in package.iterdir():
        if entry.name.removesuffix(".py") in needed:
            files[f"{PACKAGE}/{entry.name}"] = _rename(entry.read_bytes())
    for room in ROOMS:
        for entry in package.joinpath(room).iterdir():
            if entry.is_file() and entry.name.endswith(SUFFIXES):
                content = entry.read_bytes()
                is_source = entry.name.endswith(".py")
                files[f"{PACKAGE}/{room}/{entry.name}"] = _rename(content) if is_source else content
    # The package's own doc string speaks of all of `chain`; an embedder sees the verifier's face.
    files[f"{PACKAGE}/__init__.py"] = _FACE.encode()
    return files


def _needed_modules(package: Traversable) -> set[str]:
    """Names of the modules beside the rooms that the rooms import, and what those import in turn."""
    waiting = [
        entry.read_text(encoding="utf-8")
        for room in ROOMS
        for entry in package.joinpath(room).iterdir()
        if entry.name.endswith(".py")
    ]
    needed: set[str] = set()
    while waiting:
        for name in _imported(waiting.pop()):
            if name not in needed and name not in ROOMS and package.joinpath(f"{name}.py").is_file():
                needed.add(name)
                waiting.append(package.joinpath(f"{name}.py").read_text(encoding="utf-8"))
    return needed


def _imported(source: str) -> set[str]:
    """First parts, under `chain`, of what a module imports anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] == "chain":
                names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("chain.")}
    return names


def _rename(source: bytes) -> bytes:
    text = _IMPORT.sub(rf"\1\2 {PACKAGE}", source.decode("utf-8"))
    return _RESOURCE.sub(f'resources.files("{PACKAGE}', text).encode("utf-8")
