"""Compiles `contracts/src` with the pinned solc-js into one JSON artifact a contract, the same bytes every time.

Run by `scripts/compile_contracts`, which installs the compiler. Nothing here is needed to run the project.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer
from Crypto.Hash import keccak

SOURCES = Path(__file__).parent / "src"
ARTIFACTS = Path(__file__).parent / "artifacts"
CONTRACTS = ("MemberRegistry", "RecordLedger")
DEPLOYED_BYTES_MAX = 24_576
"""The greatest size of a contract's code that engines take (EIP-170)."""

SETTINGS: dict[str, Any] = {
    "evmVersion": "london",
    "optimizer": {"enabled": True, "runs": 200},
    # No metadata in the code: its hash, which trust roots pin, depends on what the code does and on nothing else.
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
}
_SOLC_JS = """
const solc = require(process.argv[1] + '/solc');
const input = require('fs').readFileSync(0, 'utf8');
process.stdout.write(JSON.stringify({version: solc.version(), output: JSON.parse(solc.compile(input))}));
"""
_IMPORT = re.compile(r'^import \{[^}]*\} from "([^"]+)";', re.MULTILINE)


def read_sources(modules: Path) -> dict[str, dict[str, str]]:
    """Every source that the contracts need, by the path they import it under; raises FileNotFoundError."""
    found: dict[str, dict[str, str]] = {}
    wanted = sorted(path.name for path in SOURCES.glob("*.sol"))
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        text = ((modules if name.startswith("@") else SOURCES) / name).read_text(encoding="utf-8")
        found[name] = {"content": text}
        for target in _IMPORT.findall(text):
            wanted.append(_resolved(name, target))
    return found


def _resolved(importer: str, target: str) -> str:
    if not target.startswith("."):
        return str(target)
    parts = [*importer.split("/")[:-1]]
    for step in target.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


def compile_artifacts(modules: Path) -> dict[str, str]:
    """The text of each artifact by name; SystemExit with the compiler's words on any error or warning."""
    selection = ["abi", "evm.bytecode.object", "evm.deployedBytecode", "storageLayout"]
    job = {
        "language": "Solidity",
        "sources": dict(sorted(read_sources(modules).items())),
        "settings": {**SETTINGS, "outputSelection": {"*": {"*": selection}}},
    }
    run = subprocess.run(
        ["node", "-e", _SOLC_JS, str(modules.resolve())],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(run.stdout)
    faults = [fault["formattedMessage"] for fault in answer["output"].get("errors", [])]
    if faults:
        raise SystemExit("\n".join(faults))
    contracts = answer["output"]["contracts"]
    return {name: _artifact(name, contracts[f"{name}.sol"][name], answer["version"]) for name in CONTRACTS}


def _artifact(name: str, compiled: dict[str, Any], version: str) -> str:
    deployed = compiled["evm"]["deployedBytecode"]
    code = bytes.fromhex(deployed["object"])
    if len(code) > DEPLOYED_BYTES_MAX:
        raise SystemExit(f"{name} has {len(code)} bytes of code, more than the {DEPLOYED_BYTES_MAX} of EIP-170")
    references = sorted(
        (place["start"], place["length"]) for places in deployed["immutableReferences"].values() for place in places
    )
    artifact = {
        "contract": name,
        "compiler": {"version": version, **SETTINGS},
        "abi": compiled["abi"],
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + code.hex(),
        # Where the constructor writes the immutables into the deployed code; the hash is of the code before that.
        "immutableReferences": [{"start": start, "length": length} for start, length in references],
        "deployedCodeHash": "0x" + keccak.new(digest_bits=256, data=code).hexdigest(),
        "storageLayout": _layout(compiled["storageLayout"]),
    }
    return json.dumps(artifact, indent=1) + "\n"


def _layout(layout: dict[str, Any]) -> dict[str, Any]:
    """The compiler's storage layout without syntax-tree numbers, which change with any edit anywhere."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {plain(k): plain(v) for k, v in value.items() if k != "astId"}
        if isinstance(value, list):
            return [plain(v) for v in value]
        return re.sub(r"\)\d+(_storage)?", r")\1", value) if isinstance(value, str) else value

    cleaned: dict[str, Any] = plain(layout)
    return cleaned


def main(
    modules: Annotated[Path, typer.Option(help="node_modules that hold the compiler and OpenZeppelin")],
    check: Annotated[bool, typer.Option("--check", help="write nothing; exit 1 where an artifact differs")] = False,
) -> None:
    """Write the artifacts, or with `--check` compare them; exit code 1 where one differs."""
    changed = []
    for name, text in compile_artifacts(modules).items():
        path = ARTIFACTS / f"{name}.json"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            changed.append(name)
            if not check:
                ARTIFACTS.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
        size = len(json.loads(text)["deployedBytecode"]) // 2 - 1
        print(f"{name}: {size} bytes of code, {'changed' if name in changed else 'unchanged'}")
    raise typer.Exit(1 if check and changed else 0)


if __name__ == "__main__":
    typer.run(main)
