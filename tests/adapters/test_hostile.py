"""Bad input is refused within 100 ms of processor time and 100 MB, with element, rule, value and code."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.hostile import CASES
from tests.samples import REPOSITORY

REFUSED_WITHIN_MS = 100
REFUSED_WITHIN_KB = 100 * 1024
VALUELESS = ("must be there", "nests at most", "at most 400000 values")
"""Rules whose breach has no value that could be quoted."""


@pytest.fixture(scope="module")
def costs() -> dict[str, dict[str, Any]]:
    if not sys.platform.startswith("linux"):
        pytest.skip("a process sets its peak memory back by /proc, which only Linux has")
    told = subprocess.run(
        [sys.executable, "-m", "tests.hostile"], cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=True
    )
    return {said.pop("name"): said for said in map(json.loads, told.stdout.splitlines())}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_soon_in_little_memory_by_its_fault(costs: dict[str, dict[str, Any]], name: str) -> None:
    _, field, rule, code = CASES[name]
    cost = costs[name]
    assert (cost["field"], cost["code"]) == (field, code)
    assert rule in cost["rule"]
    assert cost["value"] is not None or any(phrase in cost["rule"] for phrase in VALUELESS)
    assert cost["ms"] < REFUSED_WITHIN_MS
    assert cost["grown_kb"] < REFUSED_WITHIN_KB
