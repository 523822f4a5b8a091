"""Errors in Chinese: one catalogue of what rules, reasons and fixes say (`error-words.zh.txt`), each with its places.

A line is `English = 中文`; `{}` stands for a value, `{1}` in the Chinese for the second one. Texts that are not there
stay English, and `translate` says so; a test holds the catalogue to what the rooms that strangers talk to raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from chain.errors import Malformed, NotFound, Refused

_PLACE = re.compile(r"\{(\d?)\}")
_VALUE = r"(.+?)"
_LONGEST_KEPT = 4_096
"""Texts whose translation is remembered: an upload may be refused ten thousand times by one rule."""


@lru_cache(maxsize=_LONGEST_KEPT)
def translate(text: str) -> str | None:
    """The Chinese of an error's rule, reason or fix; None where the catalogue has none."""
    first = text.partition(" ")[0]
    for pattern, chinese in _templates().get(first, []) + _templates()[""]:
        if (match := pattern.fullmatch(text)) is not None:
            return _fill(chinese, match.groups())
    return None


def speak_error(error: Exception) -> str:
    """An error as one Chinese sentence; parts that the catalogue has no words for stay as they are."""
    if isinstance(error, Malformed):
        value = "" if error.value is None else f"（实际为 {error.value}）"
        return _sentences(f"{error.field}：{translate(error.rule) or error.rule}{value}", error.fix)
    if isinstance(error, Refused):
        return _sentences(translate(error.reason) or error.reason, error.fix)
    if isinstance(error, NotFound):
        return f"没有名为 {error.name} 的{translate(error.kind) or error.kind}"
    return translate(str(error)) or str(error)


def _sentences(first: str, fix: str) -> str:
    return f"{first}。{translate(fix) or fix}" if fix else first


def _fill(chinese: str, values: tuple[str, ...]) -> str:
    following = iter(values)
    return _PLACE.sub(lambda place: values[int(place[1])] if place[1] else next(following), chinese)


@lru_cache(maxsize=1)
def _templates() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    """By the first word of the English; under an empty one those that begin with a value. Longer ones come first."""
    found: dict[str, list[tuple[re.Pattern[str], str]]] = {"": []}
    for english, chinese in sorted(_lines(), key=lambda line: -len(line[0])):
        literal = [re.escape(part) for part in english.split("{}")]
        first = english.partition(" ")[0]
        key = "" if "{}" in first else first
        found.setdefault(key, []).append((re.compile(_VALUE.join(literal), re.DOTALL), chinese))
    return found


def _lines() -> Iterator[tuple[str, str]]:
    text = resources.files("chain").joinpath("error-words.zh.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        english, _, chinese = line.partition(" = ")
        yield english, chinese
