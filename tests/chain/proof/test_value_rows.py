"""What a record says in words: names, codes, sums and times; never more than a page, and what is cut is told."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from chain.records import RECORD_TYPES
from chain.verify.value_rows import LINES_MAX, value_rows
from chain.verify.words import LANGUAGES, code_word, field_row, type_word
from scripts.report_words import FILE, report_words

CODE = {"system": "cn-channel", "value": "P"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda parts: st.lists(parts, max_size=6) | st.dictionaries(st.text(max_size=8), parts, max_size=6),
    max_leaves=60,
)


def _models(kind: object, found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    for part in typing.get_args(kind):
        _models(part, found)
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in found:
        found.add(kind)
        for field in kind.model_fields.values():
            _models(field.annotation, found)
    return found


def test_every_field_and_type_of_a_record_has_words() -> None:
    models: set[type[BaseModel]] = set()
    for model in RECORD_TYPES.values():
        _models(model, models)
    fields = {name for model in models for name in model.model_fields}
    missing = sorted(name for name in fields if field_row(name, "zh") is None)
    assert missing == [], "give each a row in gateway/console/fields.js, then run: python -m scripts.report_words"
    assert [name for name in RECORD_TYPES if type_word(name, "zh") == name] == []


def test_the_report_and_the_console_say_the_same_words() -> None:
    assert FILE.read_bytes() == report_words(), "run: python -m scripts.report_words"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("channel", CODE, "放行 (P)"),
        ("kind", {"system": "own-list", "value": "X9"}, "X9 (own-list)"),
        ("kind", {"system": "own-list", "value": "X9", "name": "特别"}, "特别 (X9)"),
        ("gross", {"value": "12.50", "unit": "KGM"}, "12.50 KGM"),
        ("total", {"value": "99.00", "currency": "CNY"}, "99.00 CNY"),
        ("state", "RELEASED", "放行 (RELEASED)"),
        ("role", "consignee", "收货人"),
        (
            "happened",
            {"said": "2026-12-01 08:00", "utc": "2026-12-01T00:00:00Z"},
            "2026-12-01 08:00 (UTC 2026-12-01T00:00:00Z)",
        ),
        ("laden", True, "是"),
        ("seals", ["S1", "S2"], "S1, S2"),
    ],
)
def test_one_thing_is_one_line(name: str, value: typing.Any, text: str) -> None:
    [row] = value_rows({name: [value]}, "zh")
    assert row.text == text


def test_what_stands_within_stands_deeper_and_lists_are_counted() -> None:
    rows = value_rows({"goods_items": [[{"name": "laptop", "hs": "8471"}, {"name": "cable"}]]}, "en")
    assert [(row.depth, row.label, row.text) for row in rows] == [
        (0, "Goods", "1 of 2"),
        (1, "Name", "laptop"),
        (1, "Tariff code", "8471"),
        (0, "Goods", "2 of 2"),
        (1, "Name", "cable"),
    ]


def test_items_of_a_long_list_stand_on_one_line_each() -> None:
    rows = value_rows({"goods_items": [[{"name": "cable", "hs": "8544"}] * 4]}, "en")
    assert [(row.label, row.text) for row in rows] == [
        (f"Goods {at} of 4", "Name cable; Tariff code 8544") for at in range(1, 5)
    ]


def test_what_does_not_fit_a_page_is_counted() -> None:
    rows = value_rows({"goods_items": [[{"name": f"item {at}"} for at in range(100)]]}, "en")
    assert len(rows) <= LINES_MAX
    assert rows[-1].text.startswith(f"{100 - len(rows) + 1} more values")


@given(st.dictionaries(st.text(max_size=8), st.lists(JSON, min_size=1, max_size=4), max_size=5))
def test_whatever_is_said_fits_a_page(sections: dict[str, list[typing.Any]]) -> None:
    for lang in LANGUAGES:
        rows = value_rows(sections, lang)
        assert len(rows) <= LINES_MAX
        assert all(len(row.text) <= 400 and isinstance(row.label, str) for row in rows)


def test_deep_nesting_ends() -> None:
    value: typing.Any = "x"
    for _ in range(200):
        value = {"part": value}
    assert value_rows({"status": [value]}, "en")[-1].text == "…"


def test_words_are_data_of_the_verifier_alone() -> None:
    assert Path(FILE).parent.name == "verify" and code_word("cn-channel", "P", "en") == "released"
