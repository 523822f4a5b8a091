"""Which members the elements of a section have, learned from those that were proved: their form.

An issuer's programs leave out the same members again and again, so that elements mostly differ in their values alone.
The grammar of a form knows no "may be absent": the standard library's engine then goes over the text once, straight on,
in half of the time that the whole grammar takes. A form is made by the rules of the grammar (`grammar.py`) for just the
members of one value and counts every text, so that it is never wider than the model. What no known form matches is for
the whole grammar to tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import call
from typing import Final, NamedTuple

from chain.encoding import Json
from chain.identifiers import Identifier
from chain.records.fastpath.grammar import (
    LINE_CHARACTER,
    Grammar,
    GrammarWriter,
    NotRegular,
    Schema,
    element_pattern,
    fields_of,
    is_required,
    item_schema,
)

FORM_CHARS_MAX: Final = 4_096
"""Longest element of which the form is learned: an expression is made in a microsecond or two a character."""


class Form(NamedTuple):
    """What elements with the same members look like."""

    matches: Callable[[str], re.Match[str] | None]
    """Whether an element has this form; its groups are the values that are to be checked."""
    pattern: str
    checks: tuple[Callable[[str], bool], ...]
    """The check of each, in their order."""

    def takes(self, element: str) -> bool:
        """Whether the element is of this form and every value that has a check digit is right."""
        found = self.matches(element)
        return found is not None and self.has_right(found)

    def has_right(self, found: re.Match[str]) -> bool:
        """Whether every value that has a check digit is right in an element of this form."""
        return all(map(call, self.checks, found.groups()))


NO_FORM: Final = Form(re.compile(r"(?!)").fullmatch, "(?!)", ())
"""Takes no element."""


def form_of(grammar: Grammar, value: Json, check: Callable[[type[Identifier]], Callable[[str], bool]]) -> Form:
    """The form of elements with the members of that value, which fits the grammar."""
    writer = _FormWriter(grammar.known)
    pattern = element_pattern(writer.exactly(grammar.element, "", value))
    return Form(re.compile(pattern).fullmatch, pattern, tuple([check(kind) for kind in writer.kinds]))


def joined_form(forms: Sequence[tuple[Form, int]]) -> Form:
    """The form of elements of these forms, so many of each, with a line end behind every one, which none has in itself.

    Of a form with values to be checked there is one alone, else its groups would tell of the last.
    """
    said = [(rf"(?:{form.pattern}\n){{{count}}}" if count > 1 else rf"{form.pattern}\n") for form, count in forms]
    pattern = "".join(said)
    return Form(re.compile(pattern).fullmatch, pattern, tuple([check for form, _ in forms for check in form.checks]))


class _FormWriter(GrammarWriter):
    """Writes the expression of the texts that have the members of one value."""

    checked_value = f"({GrammarWriter.checked_value})"

    def __init__(self, known: Mapping[str, Schema]) -> None:
        super().__init__(known)
        self.kinds: list[type[Identifier]] = []
        self._text: Json = None

    def exactly(self, schema: Schema, member: str, value: Json) -> str:
        """The expression of values with the same members; raises `NotRegular` where the schema has no such value."""
        match schema["type"]:
            case "definition-ref":
                return self.exactly(self.known[schema["schema_ref"]], member, value)
            case "default" | "nullable":
                return self.exactly(schema["schema"], member, value)
            case "tuple":
                return self._items(item_schema(schema), value)
            case "model":
                return self._members_said(fields_of(schema), value)
            case "literal" if isinstance(value, str) and value in schema["expected"]:
                return f'"{re.escape(value)}"'
            case "str":
                self._text = value
                return _straight(self.text(schema, member))
        return self.value(schema, member)

    def _items(self, schema: Schema, value: Json) -> str:
        if not isinstance(value, list) or not value:
            raise NotRegular("array")
        return rf"\[{','.join([self.exactly(schema, '', item) for item in value])}\]"

    def _members_said(self, fields: Schema, value: Json) -> str:
        if not isinstance(value, dict):
            raise NotRegular("object")
        said = []
        for name, entry in fields["fields"].items():
            if name in value:
                said.append(f'"{name}":{self.exactly(entry["schema"], name, value[name])}')
            elif is_required(entry):
                raise NotRegular(f"an object without {name}")
        return rf"\{{{','.join(said)}\}}"

    def choice(self, choices: Sequence[str]) -> str:
        """Numbers of one member mostly have one sign, and countries their code."""
        said = self._text
        return super().choice([one for one in choices if isinstance(said, str) and re.fullmatch(one, said)] or choices)

    def note(self, kind: type[Identifier], member: str) -> None:
        """Its place among all values that are to be checked is known, whatever it is called."""
        self.kinds.append(kind)

    def line(self, most: int) -> str:
        """Counting costs this engine nothing."""
        return f"{LINE_CHARACTER}{{1,{most}}}"


def _straight(text: str) -> str:
    """The same expression of a text between quotes, with less to go back to: few repetitions are written out, and
    whether more digits follow is told by the quote."""
    tail = _MORE_DIGITS.fullmatch(text)
    if tail and "|" not in _GROUP.sub("", tail[1]):
        text = f'"{tail[1]}(?:"|{tail[2]}")'
    return _FEW.sub(lambda found: found[1] * int(found[2]), text)


_MORE_DIGITS: Final = re.compile(r'"\(\?:\(\?:(.*)\(\?:(\[0-9\]\{[0-9]\})\)\?\)\)"')
"""A text that ends with digits which may be absent."""
_GROUP: Final = re.compile(r"\([^()]*\)")
_FEW: Final = re.compile(r"(\[[^\]]*\])\{([2-4])\}")
"""So many characters of one class."""
