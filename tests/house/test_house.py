"""The rules of the house, checked: lint, form, types, import directions, sizes, and what may not stand in the tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("chain", "contracts", "gateway", "adapters", "scripts")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    return [REPOSITORY / name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


def said_by(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing_to_say() -> None:
    assert said_by("ruff", "check", ".") == ""


def test_every_file_has_the_one_form() -> None:
    assert said_by("ruff", "format", "--check", ".") == ""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_types_hold_under_strict() -> None:
    assert said_by("mypy") == ""


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def package_files() -> list[Path]:
    return tracked(*(f"{package}/*.py" for package in PACKAGES))


def test_no_file_of_ours_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(f.relative_to(REPOSITORY)): n for f in package_files() if (n := f.read_text().count("\n")) > FILE_LINES_MAX
    }
    assert long == {}


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_function_is_longer_than_seventy_lines() -> None:
    long = [
        f"{file.relative_to(REPOSITORY)}:{node.lineno} {node.name}"
        for file in package_files()
        for node in functions(ast.parse(file.read_text()))
        if (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_public_function_and_class_says_what_it_promises() -> None:
    missing = []
    for file in package_files():
        for node in ast.parse(file.read_text()).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.startswith("_") and ast.get_docstring(node) is None:
                missing.append(f"{file.relative_to(REPOSITORY)}:{node.lineno} {node.name}")
    assert missing == []


FORBIDDEN = re.compile(
    r"\b(TODO|FIXME|XXX|NotImplementedError)\b|/work/|/root/|/farm/|pythonhosted|pypi\.org|registry\.npmjs"
)


def test_nothing_is_left_open_and_no_place_of_one_machine_is_named() -> None:
    found = []
    for file in tracked():
        if file.suffix in {".lock", ".json"} or file == Path(__file__):
            continue
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{file.relative_to(REPOSITORY)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_the_readme_fits_two_screens() -> None:
    assert (REPOSITORY / "README.md").read_text().count("\n") <= 120
