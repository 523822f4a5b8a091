"""The consortium's contracts as compiled: read from the committed artifacts, so that running needs no compiler."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

ContractName = Literal["MemberRegistry", "RecordLedger"]

_ARTIFACTS = Path(__file__).parent / "artifacts"


@dataclass(frozen=True)
class Artifact:
    """One compiled contract."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    """Creation code, to which constructor arguments are appended."""
    deployed_bytecode: bytes
    """Runtime code, with zeros where the constructor writes immutables."""
    immutable_references: tuple[tuple[int, int], ...]
    """(start, length) of each place in the runtime code that an immutable is written to."""
    deployed_code_hash: bytes
    """keccak256 of `deployed_bytecode` as above. A deployed contract's own code hash differs by its immutables."""
    storage_layout: dict[str, Any]
    """The compiler's storage layout: `storage` (label, slot, offset, type) and `types`."""
    compiler: dict[str, Any]
    """Compiler version and settings."""

    def without_immutables(self, code: bytes) -> bytes:
        """The `code` with its immutables zeroed: equal to `deployed_bytecode` exactly where it is this contract."""
        plain = bytearray(code)
        for start, length in self.immutable_references:
            plain[start : start + length] = bytes(length)
        return bytes(plain)


@cache
def artifact(name: ContractName) -> Artifact:
    """The committed artifact of a contract; FileNotFoundError for a name that is none."""
    raw = json.loads((_ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))
    return Artifact(
        name=raw["contract"],
        abi=raw["abi"],
        bytecode=bytes.fromhex(raw["bytecode"][2:]),
        deployed_bytecode=bytes.fromhex(raw["deployedBytecode"][2:]),
        immutable_references=tuple((place["start"], place["length"]) for place in raw["immutableReferences"]),
        deployed_code_hash=bytes.fromhex(raw["deployedCodeHash"][2:]),
        storage_layout=raw["storageLayout"],
        compiler=raw["compiler"],
    )
