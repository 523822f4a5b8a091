"""The page for senders has a line for every format, with a cell for each class of fault."""

from __future__ import annotations

import re

from adapters.formats import format_folders
from tests.samples import REPOSITORY

PAGE = (REPOSITORY / "docs" / "guides" / "readers.md").read_text()
CLASSES = 5


def rows() -> dict[str, list[str]]:
    table = PAGE[PAGE.index("| format |") :].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table if line.startswith("|")]
    return {name.strip(): rest for name, *rest in cells}


def test_every_format_has_its_line_and_no_other_stands_there() -> None:
    assert sorted(rows()) == format_folders()


def test_every_class_of_fault_is_answered_for_every_format() -> None:
    assert {name: cells for name, cells in rows().items() if len(cells) != CLASSES or not all(cells)} == {}


def test_no_format_was_left_out() -> None:
    assert [name for name, cells in rows().items() if "not swept" in cells] == []


def test_the_page_links_to_decisions_that_are_there() -> None:
    for link in re.findall(r"\]\(\.\./(adr/[^)]+)\)", PAGE):
        assert (REPOSITORY / "docs" / link).exists(), link
