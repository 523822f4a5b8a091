"""`./scripts/release [--out DIR]`: builds a release twice, and keeps it where both are the same bytes.

Makes: the application's wheel; the verifier's wheel and its one-file program for this platform; the clients in Java and
TypeScript; `openapi.json`; `SHA256SUMS`. Exit 0 where all was made and agrees, 1 where two builds differ, 2 where one
could not be made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from chain.command_line import run_program
from scripts.distribution.archives import make_zip
from scripts.distribution.one_file import make_program
from scripts.distribution.verifier_wheel import make_wheel

ROOT = Path(__file__).resolve().parents[2]
SUMS = "SHA256SUMS"
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "chain", "contracts", "gateway", "adapters", "scripts")
CLIENTS = ("gateway/client/java", "gateway/client/typescript")
_NOT_SOURCES = ("__pycache__", "node_modules", "*.egg-info", "target")
_EPOCH_S = "315532800"
"""1980-01-01, the first date of a zip file: a build's date is no part of it."""
DIFFER, COULD_NOT = 1, 2


def build(out: Path, *, with_application: bool = True) -> None:
    """Writes all files of a release into a new folder; raises CalledProcessError, OSError."""
    out.mkdir(parents=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    for name, content in (make_wheel(version, (ROOT / "LICENSE").read_bytes()), make_program()):
        (out / name).write_bytes(content)
    (out / f"tongguan-clients-{version}.zip").write_bytes(make_zip(_client_files()))
    shutil.copyfile(ROOT / "docs" / "openapi.json", out / "openapi.json")
    if with_application:
        _build_application(out)
    sums = [f"{sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(out.iterdir())]
    (out / SUMS).write_text("".join(sums), encoding="ascii")


def main(
    out: Annotated[Path, typer.Option(help="new folder for the release")] = Path("build/release"),
) -> int:
    """Build a release twice, and keep it where both builds are the same bytes."""
    if out.exists():
        print(f"release: {out} is there already: remove it, or give --out", file=sys.stderr)
        return COULD_NOT
    with tempfile.TemporaryDirectory() as scratch:
        first, second = Path(scratch) / "first", Path(scratch) / "second"
        try:
            build(first)
            build(second)
        except subprocess.CalledProcessError as fault:
            print(f"release: {fault}\n{fault.stderr}", file=sys.stderr)
            return COULD_NOT
        names = sorted({file.name for folder in (first, second) for file in folder.iterdir()})
        differing = [name for name in names if _bytes(first / name) != _bytes(second / name)]
        if differing:
            print(f"release: two builds differ in {', '.join(differing)}", file=sys.stderr)
            return DIFFER
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(first, out)
    print((out / SUMS).read_text(encoding="ascii"), end="")
    print(f"{len(names) - 1} files in {out}, twice the same")
    return 0


def _bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def _client_files() -> dict[str, bytes]:
    files = {}
    for client in CLIENTS:
        for file in sorted((ROOT / client).rglob("*")):
            if file.is_file() and not set(file.relative_to(ROOT).parts) & set(_NOT_SOURCES):
                files[str(file.relative_to(ROOT / "gateway" / "client"))] = file.read_bytes()
    return files


def _build_application(out: Path) -> None:
    """The application's wheel by its build backend, from a copy: a build leaves files beside its sources."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in BUILT_FROM:
            source, target = ROOT / name, Path(scratch) / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
            else:
                shutil.copyfile(source, target)
        # The mask, and with it each file's mode in the wheel, is the builder's own.
        for path in Path(scratch).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        command = [sys.executable, "-c", "import sys, setuptools.build_meta as b; b.build_wheel(sys.argv[1])", str(out)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": _EPOCH_S}
        subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=True)


if __name__ == "__main__":
    sys.exit(run_program("release", main))
