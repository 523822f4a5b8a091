"""The walks of `docs/architecture.md` pass files and functions that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.test_house import REPOSITORY

PAGE = REPOSITORY / "docs" / "architecture.md"
NAMED = re.compile(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|toml))(?:::([\w.]+))?`")


def names_in(text: str) -> list[tuple[str, str]]:
    """Every path in backticks, with the function or class behind `::` or nothing."""
    return NAMED.findall(text)


def defined_names(file: Path) -> set[str]:
    """Functions and classes of a module, methods as `Class.method`."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return names


def missing_names(text: str) -> list[str]:
    missing = []
    for path, name in names_in(text):
        file = REPOSITORY / path
        if not file.exists() or (name and name not in defined_names(file)):
            missing.append(f"{path}::{name}" if name else path)
    return missing


def test_every_file_and_function_of_the_walks_exists() -> None:
    assert missing_names(PAGE.read_text(encoding="utf-8")) == []


def test_the_four_walks_name_a_file_in_nearly_every_step() -> None:
    walks = PAGE.read_text(encoding="utf-8").split("\n## Walk ")[1:]
    assert len(walks) == 4
    for walk in walks:
        steps = re.split(r"^\d+\. ", walk, flags=re.MULTILINE)[1:]
        assert len(steps) >= 9
        assert sum(bool(names_in(step)) for step in steps) >= len(steps) - 1


@pytest.mark.parametrize("gone", ["chain/gone.py", "chain/sdjwt.py::gone", "chain/sdjwt.py::SignedRecord.gone"])
def test_what_does_not_exist_is_found(gone: str) -> None:
    assert missing_names(f"A step: `{gone}`, `chain/sdjwt.py::SignedRecord.parse`.") == [gone]
