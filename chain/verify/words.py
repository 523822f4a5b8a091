"""What fields, record types, states and codes are called in English and Chinese; the rows are `words.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("zh", "en")


def field_word(name: str, lang: str) -> str:
    """A field's or section's name; its own name, with spaces, where it has no row."""
    return field_row(name, lang) or name.replace("_", " ")


def field_row(name: str, lang: str) -> str | None:
    """What a field, a party's role or a kind of number is called; None where it has no row."""
    return _find(_words()["fields"], name, lang)


def type_word(name: str, lang: str) -> str:
    """A record type's name; the type itself where it has no row."""
    return _find(_words()["types"], name, lang) or name


def state_word(name: str, lang: str) -> str | None:
    """What a customs state means; None where it has no row."""
    return _find(_words()["states"], name, lang)


def code_word(system: str, code: str, lang: str) -> str | None:
    """What a code of a list means; None where no row says."""
    return _find(_words()["codes"].get(system, {}), code, lang)


def _find(rows: Mapping[str, list[str]], name: str, lang: str) -> str | None:
    row = rows.get(name)
    return None if row is None else row[1 if lang == "zh" else 0]


@cache
def _words() -> Mapping[str, Any]:
    """By kind: rows by name; of `codes`, rows by list and code."""
    words: dict[str, Any] = json.loads(resources.files("chain.verify").joinpath("words.json").read_bytes())
    return words
