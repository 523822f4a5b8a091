"""The table of native formats is generated from the folders, and every format stands in it."""

from __future__ import annotations

import pytest

from adapters.formats import native_formats, reader_modules
from chain.records import RECORD_TYPES
from scripts import format_table


def test_the_page_holds_the_table_of_today() -> None:
    page = format_table.PAGE.read_text(encoding="utf-8")
    assert format_table.with_table(page) == page, "run python -m scripts.format_table"


def test_every_format_that_is_read_has_a_line_with_its_document() -> None:
    formats = native_formats()
    assert {module.module.split(".")[2] for module in reader_modules()} == set(formats)
    for folder, lines in formats.items():
        assert lines, folder
        for line in lines:
            assert line.messages, folder
            assert line.document, folder
            assert line.tried_on, folder
            assert set(line.becomes) <= set(RECORD_TYPES), folder
            assert "|" not in "".join((line.messages, line.document, line.tried_on, line.remarks)), folder


@pytest.mark.parametrize(
    "page", ["no markers", "<!-- formats -->\n", "<!-- /formats --><!-- formats -->\n", "<!-- formats -->\n" * 2]
)
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        format_table.with_table(page)


def test_what_stands_around_the_table_is_kept() -> None:
    page = format_table.with_table("before\n<!-- formats -->\nold\n<!-- /formats -->\nafter\n")
    assert page.startswith("before\n<!-- formats -->\n| folder |")
    assert page.endswith("\n<!-- /formats -->\nafter\n")
    assert "old\n" not in page
