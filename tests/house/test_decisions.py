"""The decisions in `docs/adr`: their form, what they name, and the generated index."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.adr_index import FOLDER, WORDS_MAX, index_page, read_decisions

RIGHT = """# 0007. Bytes are compared

- Status: accepted
- Date: 2026-12-01

## Context

Text.

## Decision

Text.

## Consequences

Text.

## Where in the code

- `code.py`
"""


def test_every_decision_has_the_form_and_names_what_exists() -> None:
    decisions, faults = read_decisions(FOLDER)
    assert faults == []
    assert len(decisions) > 50


def test_the_index_is_the_generated_one() -> None:
    decisions, _ = read_decisions(FOLDER)
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert index == index_page(decisions), "run python -m scripts.adr_index"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code.py").touch()
    (tmp_path / "0007-bytes-are-compared.md").write_text(RIGHT)
    return tmp_path


def faults_of(folder: Path) -> list[str]:
    return read_decisions(folder, folder)[1]


def test_a_right_decision_has_no_fault(folder: Path) -> None:
    assert faults_of(folder) == []


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("# 0007. Bytes", "Bytes", "begins with"),
        ("# 0007.", "# 0008.", "0007 in its name and 0008 in its title"),
        ("Status: accepted", "Status: agreed", "'Status: accepted'"),
        ("Status: accepted", "Status: superseded by [0009](0009-gone.md)", "not there: 0009-gone.md"),
        ("2026-12-01", "2026-13-01", "'Date: YYYY-MM-DD'"),
        ("## Consequences", "## Results", "headings"),
        ("- `code.py`", "- `gone.py`", "not there: gone.py"),
        ("- `code.py`", "- the code", "at least one path"),
        ("- `code.py`", "- `code.py`, and `room/gone.py::find`", "not there: room/gone.py"),
        ("## Context\n\nText.", "## Context\n\n" + "word " * WORDS_MAX, f"at most {WORDS_MAX} words"),
    ],
)
def test_each_fault_of_a_decision_is_found(folder: Path, right: str, wrong: str, fault: str) -> None:
    (folder / "0007-bytes-are-compared.md").write_text(RIGHT.replace(right, wrong))
    faults = faults_of(folder)
    assert len(faults) == 1
    assert fault in faults[0]


def test_two_decisions_with_one_number_are_found(folder: Path) -> None:
    (folder / "0007-twice.md").write_text(RIGHT)
    assert faults_of(folder) == ["0007-twice.md: has the number of 0007-bytes-are-compared.md"]
