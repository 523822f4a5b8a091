"""`python -m scripts.format_table`: writes the table of native formats into `adapters/README.md`.

`--check` only compares. The lines come from the folders of `adapters/formats`: each says which document it
follows and what its messages become.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from adapters.formats import NativeFormat, native_formats
from adapters.formats.unread import unread_kinds

PAGE: Final = Path(__file__).resolve().parents[1] / "adapters" / "README.md"
BEGIN: Final = "<!-- formats -->\n"
END: Final = "<!-- /formats -->"
HEAD: Final = """| folder | messages | follows | becomes | tried on | remarks |
|---|---|---|---|---|---|
"""


def table() -> str:
    """The table in Markdown, format by format, and under it the kinds that are known by name and not read."""
    rows = "".join(_row(folder, line) for folder, lines in native_formats().items() for line in lines)
    unread = "; ".join(f"{kind.name} {kind.zh}" for kind in unread_kinds())
    return f"{HEAD}{rows}\nKnown by name and not read: {unread}.\n"


def with_table(page: str) -> str:
    """The page with the table of today between its two markers; raises ValueError where they are not there once."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page has {BEGIN.strip()} and {END} once each, in this order")
    before, rest = page.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def main(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; end with 1 where the table is old.")] = False,
) -> None:
    """Writes the table of native formats into adapters/README.md."""
    page = PAGE.read_text(encoding="utf-8")
    new_page = with_table(page)
    if not check:
        PAGE.write_text(new_page, encoding="utf-8")
    elif new_page != page:
        print("adapters/README.md: the table is not what `python -m scripts.format_table` writes", file=sys.stderr)
        raise typer.Exit(1)


def _row(folder: str, line: NativeFormat) -> str:
    becomes = ", ".join(f"`{record_type}`" for record_type in line.becomes) or "–"
    cells = (f"`{folder}`", line.messages, line.document, becomes, line.tried_on, line.remarks)
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |")


if __name__ == "__main__":
    typer.run(main)
