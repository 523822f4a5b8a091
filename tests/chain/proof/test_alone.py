"""The verifier's own files, copied into an empty folder, verify with four packages and nothing else importable."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.catalogue import VECTORS
from tests.samples import REPOSITORY

PACKAGES = {"cryptography": "cryptography", "coincurve": "coincurve", "pycryptodome": "Crypto", "pynacl": "nacl"}
"""What the extra `verify` names, and what it is imported as."""
THEIR_OWN_PARTS = ("cffi", "_cffi_backend")
OWN_FILES = (
    "claims",
    "disclosures",
    "encoding",
    "erasures",
    "errors",
    "identifiers",
    "jws",
    "keys",
    "lifecycle",
    "mandates",
    "members",
    "reference_keys",
    "sdjwt",
    "sm2",
    "sm2_keys",
    "standing",
)
OWN_FOLDERS = ("proof", "rules", "verify")
RUN = "import sys; sys.path[:0] = sys.argv[1:3]; from chain.verify.__main__ import main; sys.exit(main(sys.argv[3:]))"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of the copy, and one with nothing but the four packages."""
    copy, packages = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("packages")
    chain = copy / "chain"
    chain.mkdir()
    for name in OWN_FILES:
        shutil.copy(REPOSITORY / "chain" / f"{name}.py", chain)
    for name in OWN_FOLDERS:
        shutil.copytree(REPOSITORY / "chain" / name, chain / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*PACKAGES.values(), *THEIR_OWN_PARTS):
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        whole = origin.parent if origin.name == "__init__.py" else origin
        (packages / whole.name).symlink_to(whole)
    return copy, packages


def run(alone: tuple[Path, Path], *arguments: str) -> subprocess.CompletedProcess[str]:
    # -I and -S: no environment, no user's and no installed packages but those named on the path.
    command = [sys.executable, "-I", "-S", "-c", RUN, *map(str, alone), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=alone[0])


@pytest.mark.parametrize(
    "name", ["consignment_true", "receipt_kept_true", "backdated_through_a_void_batch", "finding_true"]
)
def test_copied_verifier_judges_a_vector(alone: tuple[Path, Path], tmp_path: Path, name: str) -> None:
    said, trust_root, *_ = VECTORS[name].make()
    bundle, root = tmp_path / "bundle.json", tmp_path / "root.json"
    bundle.write_bytes(said)
    root.write_bytes(trust_root.format())
    ran = run(alone, str(bundle), "--trust-root", str(root), "--json")
    assert ran.stderr == ""
    assert json.loads(ran.stdout)["verdict"] == VECTORS[name].verdict.name
    assert ran.returncode == VECTORS[name].verdict


def test_extra_names_the_four_packages_and_the_project_names_them_too() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["verify"]
    assert {need.partition(">")[0] for need in extra} == set(PACKAGES)
    assert set(extra) <= set(project["dependencies"])
    # cffi comes with them; nothing else does.
    needs = [need for name in ("coincurve", "pynacl") for need in requires(name) or [] if "extra ==" not in need]
    assert {need.split(">")[0].split(";")[0].strip() for need in needs} <= {"cffi"}
