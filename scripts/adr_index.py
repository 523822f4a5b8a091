"""`python -m scripts.adr_index`: writes the index of the decisions in `docs/adr`; `--check` only says what is wrong.

A decision is one file `NNNN-title.md` with a status, a date, four headings and at most `WORDS_MAX` words. What it names
under "Where in the code" exists; a superseded one links to the decision that replaced it.
"""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

REPOSITORY: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = REPOSITORY / "docs" / "adr"
WORDS_MAX: Final = 300
"""Most words in a decision, headings and links included."""
HEADINGS: Final = ("Context", "Decision", "Consequences", "Where in the code")

_NAME = re.compile(r"(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md").fullmatch
_TITLE = re.compile(r"# (?:(\d{4})\. )?(.+)").fullmatch
_STATUS = re.compile(r"^(?:- )?Status: (accepted|superseded by \[(\d{4})\]\(([^)]+)\))$", re.MULTILINE).search
_DATE = re.compile(r"^(?:- )?Date: (\d{4}-\d{2}-\d{2})$", re.MULTILINE).search
_PATHS = re.compile(r"`([\w.-]+(?:/[\w.-]*)+|[\w-]+\.[a-z]+)(?:::\w+)?`").findall
_INTRODUCTION = """# Decisions

One decision a file, at most 300 words. Written by `python -m scripts.adr_index`; do not edit this page.
Take a number that is free, copy the form of a neighbour, and run the command. Longer measurements stand in
[docs/performance](../performance/README.md).

| number | decision | date | status |
|---|---|---|---|
"""


@dataclass(frozen=True)
class DecisionFile:
    """One decision as the index shows it."""

    file: str
    number: str
    title: str
    date: str
    """ISO 8601."""
    successor: str | None
    """File name of the decision that replaced it."""

    def row(self) -> str:
        """Its line in the index."""
        status = "accepted" if self.successor is None else f"superseded by [{self.successor[:4]}]({self.successor})"
        return f"| {self.number} | [{self.title}]({self.file}) | {self.date} | {status} |"


def read_decision(file: Path, repository: Path = REPOSITORY) -> tuple[DecisionFile | None, list[str]]:
    """The decision in a file, None where its first lines cannot be read, and every fault of its form."""
    text = file.read_text(encoding="utf-8")
    name, title = _NAME(file.name), _TITLE(text.partition("\n")[0])
    preface = text.partition("\n## ")[0]
    status, date = _STATUS(preface), _DATE(preface)
    faults = []
    if name is None:
        faults.append("is named NNNN-title.md in small letters")
    if title is None:
        faults.append("begins with '# NNNN. Title'")
    if status is None:
        faults.append("says at its top 'Status: accepted' or 'Status: superseded by [NNNN](NNNN-title.md)'")
    if date is None or not _is_day(date[1]):
        faults.append("says at its top 'Date: YYYY-MM-DD'")
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    if tuple(heading for heading in headings if heading in HEADINGS) != HEADINGS:
        faults.append(f"has the headings {', '.join(HEADINGS)}, in this order")
    if (words := len(text.split())) > WORDS_MAX:
        faults.append(f"has at most {WORDS_MAX} words, not {words}")
    faults += _faults_of_paths(text, repository)
    if name is None or title is None or status is None or date is None:
        return None, faults
    if title[1] not in {None, name[1]}:
        faults.append(f"has the number {name[1]} in its name and {title[1]} in its title")
    if status[2] is not None and not (status[3].startswith(status[2]) and (file.parent / status[3]).is_file()):
        faults.append(f"is superseded by a decision that is not there: {status[3]}")
    return DecisionFile(file.name, name[1], title[2], date[1], status[3]), faults


def read_decisions(folder: Path, repository: Path = REPOSITORY) -> tuple[list[DecisionFile], list[str]]:
    """All decisions of a folder by number, and every fault, each with its file."""
    decisions: list[DecisionFile] = []
    faults: list[str] = []
    for file in sorted(folder.glob("*.md")):
        if file.name == "README.md":
            continue
        decision, faults_of_file = read_decision(file, repository)
        faults += [f"{file.name}: {fault}" for fault in faults_of_file]
        if decision is not None:
            if decisions and decisions[-1].number == decision.number:
                faults.append(f"{file.name}: has the number of {decisions[-1].file}")
            decisions.append(decision)
    return decisions, faults


def index_page(decisions: Sequence[DecisionFile]) -> str:
    """The page that lists the decisions."""
    return _INTRODUCTION + "".join(decision.row() + "\n" for decision in decisions)


def main(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; end with 1 where something is wrong.")] = False,
) -> None:
    """Writes docs/adr/README.md from the decisions beside it."""
    decisions, faults = read_decisions(FOLDER)
    index = FOLDER / "README.md"
    page = index_page(decisions)
    if not check:
        index.write_text(page, encoding="utf-8")
    elif not index.is_file() or index.read_text(encoding="utf-8") != page:
        faults.append("README.md: is not what `python -m scripts.adr_index` writes")
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        raise typer.Exit(1)


def _faults_of_paths(text: str, repository: Path) -> list[str]:
    paths = _PATHS(text.partition(f"\n## {HEADINGS[-1]}\n")[2])
    if not paths:
        return [f"names under '{HEADINGS[-1]}' at least one path: `path` or `path.py::function`"]
    return [f"names a path that is not there: {path}" for path in paths if not (repository / path).exists()]


def _is_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    typer.run(main)
