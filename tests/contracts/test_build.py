"""The artifacts are what the pinned compiler makes of the sources, small enough and old enough for every engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chain.proof import storage_layout
from contracts import ContractName, artifact
from contracts.build import DEPLOYED_BYTES_MAX, read_sources
from contracts.layout import layout_document

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES: tuple[ContractName, ...] = ("MemberRegistry", "RecordLedger")
PUSH1, PUSH32 = 0x60, 0x7F
BEYOND_BERLIN = {
    0x48: "BASEFEE",
    0x49: "BLOBHASH",
    0x4A: "BLOBBASEFEE",
    0x5C: "TLOAD",
    0x5D: "TSTORE",
    0x5E: "MCOPY",
    0x5F: "PUSH0",
}
FORBIDDEN = {0xF2: "CALLCODE", 0xF4: "DELEGATECALL", 0xFF: "SELFDESTRUCT"}


def opcodes(code: bytes) -> set[int]:
    found, at = set(), 0
    while at < len(code):
        found.add(code[at])
        at += code[at] - PUSH1 + 2 if PUSH1 <= code[at] <= PUSH32 else 1
    return found


def _code_part(code: bytes) -> bytes:
    """Up to the last INVALID, after which the compiler keeps constants that are no code."""
    end = code.rfind(b"\xfe")
    return code if end < 0 else code[: end + 1]


@pytest.mark.parametrize("name", NAMES)
def test_no_opcode_is_newer_than_berlin_and_none_gives_control_away(name: ContractName) -> None:
    used = opcodes(_code_part(artifact(name).deployed_bytecode))
    assert not {BEYOND_BERLIN[op] for op in used & set(BEYOND_BERLIN)}
    assert not {FORBIDDEN[op] for op in used & set(FORBIDDEN)}


@pytest.mark.parametrize("name", NAMES)
def test_the_code_fits_what_engines_take(name: ContractName) -> None:
    assert len(artifact(name).deployed_bytecode) <= DEPLOYED_BYTES_MAX


def test_the_readme_holds_the_compilers_storage_layout() -> None:
    text = (REPOSITORY / "contracts" / "README.md").read_text(encoding="utf-8")
    assert f"<!-- layout -->\n{layout_document()}\n<!-- /layout -->" in text


def test_the_proofs_look_in_the_slots_that_the_compiler_gave() -> None:
    slots = {(n, v["label"]): int(v["slot"]) for n in NAMES for v in artifact(n).storage_layout["storage"]}
    assert {
        "_members": storage_layout.MEMBERS_SLOT,
        "_keys": storage_layout.KEYS_SLOT,
        "_accounts": storage_layout.ACCOUNTS_SLOT,
        "_policies": storage_layout.POLICIES_SLOT,
        "_profiles": storage_layout.PROFILES_SLOT,
        "_thresholds": storage_layout.THRESHOLDS_SLOT,
        "_customsCodes": storage_layout.CUSTOMS_CODES_SLOT,
        "_requestedAt": storage_layout.REQUESTS_SLOT,
        "_assignments": storage_layout.ASSIGNMENTS_SLOT,
        "_operators": storage_layout.OPERATORS_SLOT,
        "_tagKeys": storage_layout.TAG_KEYS_SLOT,
        "_authorities": storage_layout.AUTHORITIES_SLOT,
        "_changedBlock": storage_layout.CHANGED_BLOCK_SLOT,
    }.items() <= {label: slot for (name, label), slot in slots.items() if name == "MemberRegistry"}.items()
    assert {
        "_commitments": storage_layout.COMMITMENTS_SLOT,
        "_batchIndex": storage_layout.BATCH_INDEXES_SLOT,
        "_checkpoints": storage_layout.CHECKPOINTS_SLOT,
        "_drops": storage_layout.DROPS_SLOT,
    }.items() <= {label: slot for (name, label), slot in slots.items() if name == "RecordLedger"}.items()


def test_our_sources_hold_no_assembly_proxy_or_owner() -> None:
    for path in (REPOSITORY / "contracts" / "src").glob("*.sol"):
        code = "\n".join(line.split("//")[0] for line in path.read_text(encoding="utf-8").splitlines())
        for word in ("assembly", "delegatecall", "Ownable", "Proxy", "selfdestruct"):
            assert word not in code, f"{path.name} holds {word}"


@pytest.mark.node_js
@pytest.mark.slow
def test_the_pinned_compiler_makes_the_committed_artifacts_byte_for_byte() -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js with npm is not installed, so the contracts cannot be compiled here")
    installed = REPOSITORY / ".node" / "contracts" / "installed-lock.json"
    if not installed.exists() and subprocess.run(["npm", "ping"], capture_output=True, check=False).returncode:
        pytest.skip("the compiler is not installed and no package registry is reachable")
    run = subprocess.run(
        [str(REPOSITORY / "scripts" / "compile_contracts"), "--check"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_import_of_the_sources_is_found_only_in_the_pinned_library() -> None:
    with pytest.raises(FileNotFoundError, match="openzeppelin"):
        read_sources(Path("nowhere"))
