"""An operator makes a table of a public sheet and sees on what his rules run."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.rule_tables import tables_for
from chain.rules.tables import MalformedTable
from scripts.commands.rule_table_commands import tables_app

SOURCE = "GACC, November 2026"
SHEET = "\ufeff货币,currency,from,to,cny\n美元,USD,2026-11-01,2026-11-30,7.0912\n"


def convert(sheet: Path, out: Path) -> None:
    words = [
        "convert",
        str(sheet),
        "--kind",
        "exchange-rates",
        "--edition",
        "2026-11",
        "--source",
        "GACC, November 2026",
    ]
    CliRunner().invoke(tables_app, [*words, "--out", str(out)], catch_exceptions=False)


def test_a_months_rates_of_exchange_come_from_a_sheet_and_are_listed_with_their_root(tmp_path: Path) -> None:
    sheet, folder = tmp_path / "rates.csv", tmp_path / "tables"
    sheet.write_text(SHEET, encoding="utf-8")
    folder.mkdir()
    convert(sheet, folder / "exchange-rates.json")
    tables = tables_for(folder)
    assert tables.rates is not None
    assert str(tables.rates.find("USD", "2026-11-30")) == "7.0912"
    listed = CliRunner().invoke(tables_app, ["list", str(folder)], catch_exceptions=False).stdout
    assert "2026-11  1 rows" in listed
    assert tables.roots["exchange-rates"] in listed
    assert SOURCE in listed


def test_the_shipped_tables_say_which_are_no_law() -> None:
    listed = CliRunner().invoke(tables_app, ["list"], catch_exceptions=False).stdout
    assert [line for line in listed.splitlines() if line.startswith("tariff") and line.endswith("example, no law")]
    assert [line for line in listed.splitlines() if line.startswith("working-days") and "example" not in line]


def test_a_sheet_with_a_fault_names_its_line_and_column_and_writes_nothing(tmp_path: Path) -> None:
    sheet, out = tmp_path / "rates.csv", tmp_path / "exchange-rates.json"
    sheet.write_text(SHEET.replace("7.0912", "7,09"), encoding="gbk", errors="ignore")
    with pytest.raises(MalformedTable, match="UTF-8"):
        convert(sheet, out)
    sheet.write_text(SHEET.replace("7.0912", "seven"), encoding="utf-8")
    with pytest.raises(MalformedTable, match=r"rows\.0\.cny"):
        convert(sheet, out)
    assert not out.exists()
