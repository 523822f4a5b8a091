"""What an operator types about reference tables: see which edition rules run on, make one from a public sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chain.rules.tables import COLUMNS

tables_app = typer.Typer(
    help="Reference tables of rules: list an edition with its roots, make one from a sheet.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(tables_app, name="rule-tables")


@tables_app.command("list")
def list_tables(
    folder: Annotated[
        Path | None, typer.Argument(help="folder of tables (default: those that are shipped)", metavar="DIR")
    ] = None,
) -> None:
    """Every table of a folder, one a line: kind, edition, rows, root; an example is named as one."""
    from chain.rule_tables import EXAMPLE_FOLDER, read_folder

    for table in read_folder(folder or EXAMPLE_FOLDER):
        example = "  example, no law" if table.example else ""
        print(f"{table.kind:<15} {table.edition}  {len(table.rows)} rows{example}")
        print(f"{'':<15} root {table.root}")
        print(f"{'':<15} from {table.source}")


@tables_app.command("convert")
def convert_table(
    sheet: Annotated[Path, typer.Argument(help="CSV in UTF-8; its first line names columns", metavar="SHEET")],
    kind: Annotated[str, typer.Option(help=f"kind of table: {', '.join(COLUMNS)}")],
    edition: Annotated[str, typer.Option(help="what the publisher calls this edition")],
    source: Annotated[str, typer.Option(help="who published it, where and when")],
    out: Annotated[Path, typer.Option(help="the table's file, such as tables/tariff.json")],
) -> None:
    """Make a table of a public sheet; columns that its kind does not have are left out."""
    from chain.rule_tables import format_table, table_from_csv

    table = table_from_csv(kind, sheet.read_bytes(), edition=edition, source=source)
    out.write_bytes(format_table(table))
    print(f"{out}: {len(table.rows)} rows, root {table.root}")
