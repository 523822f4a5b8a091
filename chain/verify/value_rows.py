"""What a record says, as rows for people: names and codes in words, sums with their currency, nesting by depth.

Pure: JSON in, rows out. What has no row of words is shown as it was said; nothing is left out but beyond `LINES_MAX`,
and then the last row says how much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from unicodedata import east_asian_width

from chain.encoding import Json
from chain.verify.words import code_word, field_row, field_word, state_word

LINES_MAX = 42
"""Of one record: what fits on a printed page under its head."""
LINE_WIDTH = 66
"""Of a value on a printed page, in narrow characters; a Chinese one is two wide."""
TEXT_CHARS_MAX = 240
DEPTH_MAX = 8
ONE_LINE_FROM = 4
"""Of a list with so many items each stands on one line."""
_MORE = {"en": "{} more values; the JSON report (--json) has all", "zh": "另有 {} 项，完整内容见 JSON 报告（--json）"}
_OF = {"en": "{} of {}", "zh": "第 {} 项，共 {} 项"}


@dataclass(frozen=True)
class ValueRow:
    """One line: a name, what it is, how deep it stands."""

    label: str
    text: str
    depth: int = 0


def value_rows(sections: Mapping[str, list[Json]], lang: str) -> list[ValueRow]:
    """The rows of a record's sections that are shown, at most `LINES_MAX` lines of them."""
    rows = [row for name, values in sections.items() for row in _rows(name, _single(values), lang, 0)]
    left = LINES_MAX
    kept: list[ValueRow] = []
    for row in rows:
        left -= _lines(row.text)
        if left < 1:
            return [*kept, ValueRow("…", _MORE[lang].format(len(rows) - len(kept)))]
        kept.append(row)
    return kept


def _lines(text: str) -> int:
    """How many printed lines a text takes."""
    width = sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
    return max(1, -(-width // LINE_WIDTH))


def _single(values: list[Json]) -> Json:
    """Sections are lists of elements; one element that is itself the section's list is that list."""
    if len(values) == 1:
        return values[0]
    return [part for value in values for part in (value if isinstance(value, list) else [value])]


def _rows(name: str, value: Json, lang: str, depth: int) -> Iterator[ValueRow]:
    label = field_word(name, lang)
    if (text := _plain(name, value, lang)) is not None:
        yield ValueRow(label, _cut(text), depth)
    elif depth >= DEPTH_MAX:
        yield ValueRow(label, "…", depth)
    elif isinstance(value, list):
        for place, part in enumerate(value, start=1):
            if (text := _plain(name, part, lang)) is not None:
                yield ValueRow(label, _cut(text), depth)
                continue
            of = _OF[lang].format(place, len(value)) if len(value) > 1 else ""
            if len(value) >= ONE_LINE_FROM and (line := _one_line(part, lang)) is not None:
                yield ValueRow(f"{label} {of}", _cut(line), depth)
                continue
            yield ValueRow(label, of, depth)
            yield from _members(part, lang, depth + 1)
    else:
        yield ValueRow(label, "", depth)
        yield from _members(value, lang, depth + 1)


def _one_line(value: Json, lang: str) -> str | None:
    """An item of a long list on one line; None where something within it is no single thing."""
    if not isinstance(value, dict):
        return None
    texts = [(field_word(name, lang), _plain(name, part, lang)) for name, part in value.items()]
    if any(text is None for _, text in texts):
        return None
    return "; ".join(f"{label} {text}" for label, text in texts)


def _members(value: Json, lang: str, depth: int) -> Iterator[ValueRow]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _rows(name, part, lang, depth)
    elif isinstance(value, list):
        for part in value:
            yield from _rows("items", part, lang, depth)


def _plain(name: str, value: Json, lang: str) -> str | None:
    """The value on one line; None where it is no single thing."""
    if isinstance(value, dict):
        return _compound(value, lang)
    if isinstance(value, list):
        texts = [_plain(name, part, lang) for part in value if not isinstance(part, dict | list)]
        return ", ".join(text for text in texts if text) if len(texts) == len(value) else None
    if value is None:
        return "–"
    if isinstance(value, bool):
        return {"en": ("no", "yes"), "zh": ("否", "是")}[lang][value]
    if name in ("kind", "role") and (meaning := field_row(str(value), lang)):
        return meaning
    if name == "state" and (meaning := state_word(str(value), lang)):
        return f"{meaning} ({value})"
    return str(value)


def _compound(value: Mapping[str, Json], lang: str) -> str | None:
    """Codes, sums, quantities and times are one thing for a reader, whatever members they have."""
    names = set(value)
    if names >= {"value", "system"} and names <= {"value", "system", "name", "means", "known"}:
        meaning = code_word(str(value["system"]), str(value["value"]), lang) or value.get("name") or value.get("means")
        return f"{meaning} ({value['value']})" if meaning else f"{value['value']} ({value['system']})"
    if names in ({"value", "currency"}, {"amount", "currency"}):
        return f"{value.get('value', value.get('amount'))} {value['currency']}"
    if names >= {"value", "unit"} and names <= {"value", "unit", "unit_said"}:
        return f"{value['value']} {value['unit']}"
    if names == {"said", "utc"}:
        return str(value["said"]) if value["utc"] is None else f"{value['said']} (UTC {value['utc']})"
    return None


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 1] + "…"
