"""Tables keep their form, know where their data end, and have one root."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from chain.proof.merkle import tree_root
from chain.rule_tables import EXAMPLE_FOLDER, example_tables, format_table, read_folder, table_from_csv, tables_for
from chain.rules.tables import COLUMNS, ExchangeRates, MalformedTable, Table, Tariff, WorkingDays, parse_table

FILES = sorted(EXAMPLE_FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_table_names_its_source_and_what_is_an_example_says_so(path: Path) -> None:
    table = parse_table(path.read_bytes())
    assert table.kind == path.stem
    assert len(table.source) > 20
    assert table.example == ("example" in table.edition)


def test_the_root_is_over_the_sorted_rows_and_nothing_else() -> None:
    rows = (("b", "2"), ("a", "1"))
    table = Table("retail", "1", "here", False, rows)
    assert table.root == tree_root([b"a\x1f1", b"b\x1f2"]).hex()
    assert table.root == Table("retail", "2", "there", True, rows[::-1]).root


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"table": "else"}, "columns"),
        ({"columns": ["name"]}, "columns"),
        ({"rows": [["a"]]}, "rows.0"),
        ({"rows": [["a", 1]]}, "rows.0"),
        ({"rows": [["a\x1fb", "1"]]}, "rows.0"),
        ({"rows": {}}, "rows"),
        ({"rows": [["a", "1,5"]]}, "rows.0.value"),
        ({"rows": [["a", "NaN"]]}, "rows.0.value"),
    ],
)
def test_a_table_out_of_form_is_refused_and_says_where(change: dict[str, object], field: str) -> None:
    said = {"table": "retail", "edition": "1", "source": "s", "columns": ["name", "value"], "rows": [["a", "1"]]}
    with pytest.raises(MalformedTable) as fault:
        parse_table(json.dumps(said | change).encode())
    assert fault.value.field == field


@pytest.mark.parametrize(
    ("day", "field"), [("2026-1-1", "rows.0.from"), ("", "rows.0.from"), ("31.01.2026", "rows.0.from")]
)
def test_a_day_out_of_form_is_refused_and_says_where(day: str, field: str) -> None:
    said = {"table": "exchange-rates", "edition": "1", "source": "s", "columns": COLUMNS["exchange-rates"]}
    with pytest.raises(MalformedTable) as fault:
        parse_table(json.dumps(said | {"rows": [["USD", day, "", "7.1"]]}).encode())
    assert fault.value.field == "rows.0.from"


def test_a_folder_names_the_file_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "tariff.json").write_text("{}")
    with pytest.raises(MalformedTable, match=r"tariff\.json"):
        read_folder(tmp_path)


def test_without_a_folder_no_example_counts_and_a_folder_stands_over_what_is_shipped(tmp_path: Path) -> None:
    assert set(tables_for(None).roots) == {"working-days", "retail"}
    said = {"table": "retail", "edition": "1", "source": "s", "columns": ["name", "value"], "rows": [["a", "1"]]}
    (tmp_path / "mine.json").write_text(json.dumps(said))
    mine = tables_for(tmp_path)
    assert (set(mine.roots), mine.retail) == ({"working-days", "retail"}, {"a": 1})


def test_a_tariff_prefers_the_rate_of_the_origin_and_ends_where_its_data_end() -> None:
    rows = (
        ("8517130000", "2026-01-01", "2026-06-30", "", "0.05", "", "", "", "", "0.13", "H87", "", "A7"),
        ("8517130000", "2026-01-01", "2026-06-30", "AU", "0", "", "", "", "", "0.13", "H87", "", ""),
    )
    tariff = Tariff(Table("tariff", "t", "t", True, rows))
    most_favoured, agreed = (tariff.find("8517130000", "2026-03-01", origin) for origin in ("DE", "AU"))
    assert most_favoured is not None
    assert agreed is not None
    assert (str(most_favoured.duty), str(agreed.duty), most_favoured.licences) == ("0.05", "0", {"A", "7"})
    assert tariff.find("8517130000", "2026-07-01") is None
    assert not tariff.covers("2026-07-01")


def test_rates_of_exchange_hold_from_day_to_day() -> None:
    rates = ExchangeRates(Table("exchange-rates", "t", "t", True, (("USD", "2026-01-01", "2026-01-31", "7.1"),)))
    assert (str(rates.find("USD", "2026-01-31")), rates.find("USD", "2026-02-01")) == ("7.1", None)
    assert str(rates.find("CNY", "1999-01-01")) == "1"


def test_working_days_are_the_announced_ones_and_nothing_beyond() -> None:
    days = example_tables().working_days
    assert days is not None
    assert days.on_or_after(date(2026, 10, 1)) == date(2026, 10, 8)
    assert days.is_working(date(2026, 10, 10)) is True, "a Saturday that is worked for the holiday"
    assert days.is_working(date(2026, 10, 11)) is False
    assert days.on_or_after(date(2031, 1, 1)) is None
    assert WorkingDays(Table("working-days", "t", "t", True, ())).is_working(date(2026, 1, 2)) is None


def test_a_sheet_becomes_a_table() -> None:
    raw = "\ufeffcny,currency,from,to,note\n7.1,USD,2026-01-01,2026-01-31,x\n".encode()
    table = table_from_csv("exchange-rates", raw, edition="2026-01", source="a sheet")
    assert table.rows == (("USD", "2026-01-01", "2026-01-31", "7.1"),)
    with pytest.raises(MalformedTable):
        table_from_csv("exchange-rates", b"cny\n7.1\n", edition="1", source="s")
    assert parse_table(format_table(table)) == table
    assert COLUMNS["exchange-rates"][0] == "currency"
