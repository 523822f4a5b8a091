"""Slither finds nothing of high or medium impact in the contracts but what is explained here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from contracts.build import SETTINGS, SOURCES, read_sources

MODULES = Path(__file__).resolve().parents[2] / ".node" / "contracts" / "node_modules"
# Slither wants a native solc; this speaks its command line for the pinned solc-js.
SOLC = """#!/usr/bin/env node
const solc = require('{modules}/solc');
if (process.argv.includes('--version')) {{
  console.log('solc, the solidity compiler commandline interface\\nVersion: ' + solc.version());
}} else {{
  process.stdout.write(solc.compile(require('fs').readFileSync(0, 'utf8')));
}}
"""
READ = Path(__file__).with_name("slither-read.txt")
"""The digest of the contracts that it last read and found nothing in: who changes one reads them anew, by `--long`."""
EXPLAINED = {
    "incorrect-equality": "enumerations, lengths and bit sets are compared, never a balance or a time",
}


def digest_of_contracts() -> str:
    """SHA-256 (hex) of the digests of our sources, in the order of their names."""
    digests = (
        sha256(path.name.encode() + b"\0" + path.read_bytes()).digest() for path in sorted(SOURCES.glob("*.sol"))
    )
    return sha256(b"".join(digests)).hexdigest()


def test_the_contracts_are_those_that_slither_read() -> None:
    assert READ.read_text().strip() == digest_of_contracts(), "run ./scripts/test --long tests/contracts"


@pytest.mark.node_js
@pytest.mark.slow
@pytest.mark.long
def test_slither_finds_nothing_high_or_medium_that_is_not_explained(tmp_path: Path) -> None:
    slither = Path(sys.executable).with_name("slither")
    if shutil.which("node") is None or not MODULES.exists() or not slither.exists():
        pytest.skip("needs Node.js, the compiler that `scripts/compile_contracts` installs, and slither")
    solc = tmp_path / "solc"
    solc.write_text(SOLC.format(modules=MODULES))
    solc.chmod(0o755)
    sources = read_sources(MODULES)
    for name, source in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source["content"])
    selection = {"*": {"*": ["*"], "": ["ast"]}}
    job = {"language": "Solidity", "sources": sources, "settings": {**SETTINGS, "outputSelection": selection}}
    (tmp_path / "job.json").write_text(json.dumps(job))
    options = ["--compile-force-framework", "solc-json", "--solc", str(solc), "--json", "out.json"]
    # The library has its own auditors.
    command = [str(slither), "job.json", "--filter-paths", "@openzeppelin", *options]
    settings = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
    report = tmp_path / "out.json"
    assert report.exists(), run.stderr
    answer = json.loads(report.read_text())
    assert answer["success"], answer["error"]
    serious = {
        (found["impact"], found["check"], found["description"])
        for found in answer["results"].get("detectors", ())
        if found["impact"] in ("High", "Medium") and found["check"] not in EXPLAINED
    }
    assert not serious
    READ.write_text(digest_of_contracts() + "\n")
