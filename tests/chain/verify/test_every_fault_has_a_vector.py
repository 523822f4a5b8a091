"""Each sentence by which the verifier refuses or leaves open something is said about at least one vector."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from chain.verify import TrustRoot, verify_file
from chain.verify.context import Demand

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "tests" / "vectors"
FILES = (
    *sorted((ROOT / "chain" / "verify").glob("checks*.py")),
    ROOT / "chain" / "verify" / "finding_replay.py",
    ROOT / "chain" / "proof" / "bundle_references.py",
)
FAULTS = {"Fails", "NotShown", "Fault", "_Ends", "MalformedBundle", "Forged"}
UNREACHED: dict[str, set[str]] = {"checks_witnesses.py": {"check_stamped"}}
"""Functions with a fault that is none of a bundle: the package that reads time stamps is not installed."""


def fault_sites(file: Path) -> dict[range, str]:
    """Lines of each statement that raises a fault, with its function."""
    sites: dict[range, str] = {}
    for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = node.exc.func.id if isinstance(node.exc.func, ast.Name) else ""
                if name in FAULTS:
                    sites[range(node.lineno, (node.end_lineno or node.lineno) + 1)] = function.name
    return sites


def reached_lines() -> dict[str, set[int]]:
    """Lines of these files that run while every vector is verified."""
    lines: dict[str, set[int]] = {str(file): set() for file in FILES}

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        own = lines.get(frame.f_code.co_filename)
        if own is None:
            return None
        own.add(frame.f_lineno)
        return trace

    asked = [
        (
            (VECTORS / line["bundle"]).read_bytes(),
            TrustRoot.parse((VECTORS / line["trust_root"]).read_bytes()),
            Demand(**line["question"]),
        )
        for line in json.loads((VECTORS / "manifest.json").read_text(encoding="utf-8"))
    ]
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for content, root, question in asked:
            verify_file(content, root, question)
    finally:
        sys.settrace(before)
    return lines


def test_every_fault_that_the_verifier_can_name_has_a_vector() -> None:
    reached = reached_lines()
    missing = {
        file.name: {function for lines, function in fault_sites(file).items() if reached[str(file)].isdisjoint(lines)}
        for file in FILES
    }
    assert {name: functions for name, functions in missing.items() if functions} == UNREACHED
