"""The documents are under test: what they link to is there, what they tell people to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from scripts.cli import app
from tests.house.test_house import REPOSITORY, tracked

LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?:^|`)\s*tongguan ([a-z][a-z-]*)", re.MULTILINE)
SCRIPT = re.compile(r"\./scripts/([a-z_]+)")
DOCUMENTS = tracked("*.md")


def known_commands() -> set[str]:
    group = typer.main.get_command(app)
    return set(getattr(group, "commands", {}))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    lost = [target for target in LINK.findall(text) if not (document.parent / target).exists()]
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert set(COMMAND.findall(text)) - known_commands() == set()
    scripts = {name for name in SCRIPT.findall(text) if not (REPOSITORY / "scripts" / name).exists()}
    assert scripts == set()


def test_every_command_says_what_it_does() -> None:
    group = typer.main.get_command(app)
    silent = [name for name, command in getattr(group, "commands", {}).items() if not command.get_short_help_str()]
    assert silent == []


def test_every_benchmark_figure_of_the_readme_comes_from_the_command() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "<!-- bench -->" in readme
    assert "<!-- /bench -->" in readme


KINDS_OF_CHANGE = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
ADVICE = "take the page of main (git checkout main -- CHANGELOG.md) and add your own line again"


def test_the_changelog_keeps_its_form() -> None:
    lines = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    versions = [line[3:] for line in lines if line.startswith("## ")]
    assert versions[0] == "[Unreleased]"
    assert [line[4:] for line in lines if line.startswith("### ") and line[4:] not in KINDS_OF_CHANGE] == [], ADVICE
    entries = [line for line in lines if line.startswith("- ")]
    assert len(entries) == len(set(entries)), ADVICE
    body = lines[lines.index("## [Unreleased]") :]
    assert [line for line in body if line and not line.startswith(("- ", "#"))] == [], "one line an entry"


PATH = re.compile(r"`((?:chain|gateway|adapters|scripts|contracts|tests|docs)/[\w./-]*)(?:::[\w.]+)?`")
NOT_THERE_YET = {"docs/adr/NNNN-title.md"}
"""Names that stand for no file: the form of a decision's name."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_path_that_a_document_names_is_there(document: Path) -> None:
    paths = set(PATH.findall(document.read_text(encoding="utf-8"))) - NOT_THERE_YET
    assert sorted(path for path in paths if not (REPOSITORY / path).exists()) == []
