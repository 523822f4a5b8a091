"""What a section's JSON text may be, as one regular expression, made from the very schema that pydantic checks by.

A text that the expression matches as a whole is what our writer writes (members in the model's order, no space, no
escape, no doubled name), and its value is one that the model takes. The reverse is not promised: what the expression
does not match may be right or wrong, and pydantic says which. So the expression may be narrower than the model where
that is easier (no null, no empty list, no 29th of a month, no string over `STRING_BYTES_MAX`), and never wider: a
member under a rule that this module does not know (containers) is left out, so that a text which has it is not matched.
Numbers with a check digit are matched as tokens and named in `Grammar.checked`, for the reader to check one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chain.identifiers import Identifier
from chain.records.base import Record, once_each
from chain.records.scalars import LINE, LINES, calendar_day, utc_time
from chain.records.value import Charge
from chain.sdjwt import MANY_ELEMENTS, SECTIONS_MAX

Schema = Mapping[str, Any]
"""A pydantic-core schema, or a part of one."""

STRING_BYTES_MAX: Final = 256
"""Longest string of a text that may be matched. Lines and notes are not counted by the expressions, since each
character would be a state of the automaton: a model takes 256 characters of the one and 4,000 of the other."""

_SALT: Final = "[A-Za-z0-9_-]{22,64}"
_MARK: Final = r"[!#-\[\]-~]"
"""`[!-~]` without quote and backslash, which JSON escapes."""
LINE_CHARACTER: Final = rf'{LINE[1:-3]}"\\]'
"""A character of a line, or of lines: none has a break, which JSON escapes."""
_DAY: Final = "(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
_TIME: Final = _DAY + "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
_PLAIN_PATTERN: Final = re.compile(r"(?:[A-Za-z0-9:|()?^$_ -]|\\\.|\[[A-Za-z0-9_-]+\]|\[!-~\]|\{[0-9]+(?:,[0-9]+)?\})+")
"""Patterns of models in which no class but `[!-~]` can hold a quote or a backslash."""


class NotRegular(Exception):
    """A rule that no expression here stands for."""


@dataclass
class Grammar:
    """What one section's elements may be."""

    element: Schema
    """The schema of an element."""
    known: Mapping[str, Schema]
    """The schemas that it refers to."""
    pattern: str
    """Matches the JSON text `[salt, value]` of an element."""
    commas: bool
    """Whether the text is to be matched with a comma put behind every `{"`: where any member of an object may be
    absent, only so is each member, the first too, a comma and what follows it."""
    checked: dict[bytes, type[Identifier]]
    """Members whose values have a check digit, as `"name":"`; for an element that is itself such a value, `,"`."""


def grammars(record_type: type[Record]) -> dict[str, Grammar]:
    """The grammar of each section of a record type that has one; none where the record has rules of its own."""
    schema, known = _unfolded(record_type)
    found: dict[str, Grammar] = {}
    if len(schema["fields"]) > SECTIONS_MAX:
        return found
    for name, entry in schema["fields"].items():
        for commas in (False, True):
            try:
                found[name] = _grammar(name, entry["schema"], known, commas)
                break
            except NotRegular:
                continue
    return found


def required_sections(record_type: type[Record]) -> frozenset[str]:
    """The sections without which there is no such record."""
    return frozenset(name for name, known in record_type.model_fields.items() if known.is_required()) | {"ucr"}


def _unfolded(record_type: type[Record]) -> tuple[Schema, dict[str, Schema]]:
    """The fields of the record, and the schemas that they refer to."""
    record_type.model_rebuild()
    schema: Schema = record_type.__pydantic_core_schema__
    known: dict[str, Schema] = {}
    if schema["type"] == "definitions":
        known = {one["ref"]: one for one in schema["definitions"]}
        schema = schema["schema"]
    if schema["type"] == "definition-ref":
        schema = known[schema["schema_ref"]]
    return fields_of(schema), known


def fields_of(schema: Schema) -> Schema:
    """The fields of a model that has no others; raises `NotRegular`."""
    if schema["type"] != "model" or schema["config"].get("extra_fields_behavior") != "forbid" or schema["root_model"]:
        raise NotRegular(schema["type"])
    fields: Schema = schema["schema"]
    if fields["type"] != "model-fields" or fields["computed_fields"]:
        raise NotRegular(fields["type"])
    return fields


def is_required(entry: Schema) -> bool:
    """Whether the field of that entry must be there; raises `NotRegular` where more is said of it than its schema."""
    if set(entry) - {"type", "schema", "metadata"}:
        raise NotRegular(f"field with {sorted(entry)}")
    return bool(entry["schema"]["type"] != "default")


def item_schema(schema: Schema) -> Schema:
    """The schema of each item of an array of any length; raises `NotRegular` for any other."""
    if set(schema) - {"type", "items_schema", "variadic_item_index", "strict", "metadata"}:
        raise NotRegular(f"array with {sorted(schema)}")
    if schema["variadic_item_index"] != 0 or len(schema["items_schema"]) != 1:
        raise NotRegular("array of fixed places")
    item: Schema = schema["items_schema"][0]
    return item


def _grammar(name: str, schema: Schema, known: Mapping[str, Schema], commas: bool) -> Grammar:
    if name in MANY_ELEMENTS:
        while schema["type"] != "tuple":
            rule = schema.get("function", {}).get("function")
            if schema["type"] != "default" and rule is not once_each:  # the reader itself counts them
                raise NotRegular(schema["type"])
            schema = schema["schema"]
        if schema.get("max_length") != MANY_ELEMENTS[name]:
            raise NotRegular("max_length")
        schema = schema["items_schema"][0]
    writer = GrammarWriter(known, commas)
    return Grammar(schema, known, element_pattern(writer.value(schema, "")), commas, writer.checked)


def element_pattern(value: str) -> str:
    """The expression of the element `[salt, value]`, by that of its value."""
    return rf'\["{_SALT}",{value}\]'


class GrammarWriter:
    """Writes the expression of one section."""

    def __init__(self, known: Mapping[str, Schema], commas: bool = False) -> None:
        self.known = known
        self.commas = commas
        self.checked: dict[bytes, type[Identifier]] = {}
        self._names: set[str] = set()

    def value(self, schema: Schema, member: str) -> str:
        """The expression of a value, which stands under the name of that member."""
        kind = schema["type"]
        if kind not in _KINDS:
            raise NotRegular(kind)
        return _KINDS[kind](self, schema, member)

    def reference(self, schema: Schema, member: str) -> str:
        return self.value(self.known[schema["schema_ref"]], member)

    def inner(self, schema: Schema, member: str) -> str:
        # Null is what a writer leaves out, so an expression need not take it.
        return self.value(schema["schema"], member)

    def text(self, schema: Schema, member: str) -> str:
        if set(schema) - {"type", "pattern", "min_length", "max_length", "metadata", "strict"}:
            raise NotRegular(f"text with {sorted(schema)}")
        return f'"{self.characters(schema.get("pattern"), schema.get("min_length"), schema.get("max_length"))}"'

    def literal(self, schema: Schema, member: str) -> str:
        if not all(isinstance(one, str) and re.fullmatch("[A-Za-z0-9_ .-]*", one) for one in schema["expected"]):
            raise NotRegular("literal")
        return f'"(?:{"|".join(map(re.escape, schema["expected"]))})"'

    def union(self, schema: Schema, member: str) -> str:
        return f"(?:{'|'.join(self.value(choice, member) for choice in schema['choices'])})"

    def truth(self, schema: Schema, member: str) -> str:
        return "(?:true|false)"

    def whole(self, schema: Schema, member: str) -> str:
        if set(schema) - {"type", "ge", "le", "metadata", "strict"} or schema.get("ge") not in (0, 1):
            raise NotRegular(f"integer with {sorted(schema)}")
        most = schema.get("le", 999_999)
        # So many nines are not above the limit.
        digits = len(str(most + 1)) - 1
        zero = "0|" if schema["ge"] == 0 else ""
        return f"(?:{zero}[1-9][0-9]{{0,{digits - 1}}})"

    def array(self, schema: Schema, member: str) -> str:
        item = self.value(item_schema(schema), "")
        return rf"\[{item}(?:,{item})*\]"

    def identifier(self, schema: Schema, member: str) -> str:
        kind = schema.get("metadata", {}).get("identifier")
        if not (isinstance(kind, type) and issubclass(kind, Identifier)):
            raise NotRegular("function-plain")
        if kind._broken_rule.__func__ is Identifier._broken_rule.__func__:  # type: ignore[attr-defined]
            # Spelled otherwise it is not matched, so that what is matched is canonical.
            return f'"{self.characters(f"^(?:{(kind.PLAIN or kind.LAYOUT).pattern})$", None, None)}"'
        self.note(kind, member)
        return f'"{self.checked_value}"'

    checked_value = f"{_MARK}{{1,64}}"
    """Stands for a value that is to be checked by itself."""

    def note(self, kind: type[Identifier], member: str) -> None:
        """Keeps in mind that values of that member are to be checked."""
        at = f'"{member}":"'.encode() if member else b',"'
        if self.checked.setdefault(at, kind) is not kind or (member and member in self._names):
            raise NotRegular(f"{member} with two meanings")

    def characters(self, pattern: str | None, least: int | None, most: int | None) -> str:
        """The expression of a text between its quotes, without what JSON escapes."""
        if pattern in (LINE, LINES):
            if least != 1 or most is None:
                raise NotRegular("a line without bounds")
            return self.line(most)
        if pattern == "^[!-~]+$" and least == 1 and most is not None:
            return f"{_MARK}{{1,{most}}}"
        if pattern is None or least is not None or most is not None or not _PLAIN_PATTERN.fullmatch(pattern):
            raise NotRegular(f"pattern {pattern}")
        choices = re.split(r"\|(?=\^)", pattern)
        if not all(one[0] == "^" and one[-1] == "$" and not re.search(r"[$^]", one[1:-1]) for one in choices):
            raise NotRegular(f"pattern {pattern}")
        return self.choice([one[1:-1].replace("[!-~]", _MARK) for one in choices])

    def choice(self, choices: Sequence[str]) -> str:
        """Any of these expressions."""
        return f"(?:{'|'.join(f'(?:{one})' for one in choices)})"

    def line(self, most: int) -> str:
        """Text of at most so many characters."""
        # A short text is counted, in plain characters, which are one byte each.
        return f"{LINE_CHARACTER}+" if most >= STRING_BYTES_MAX else rf"[ !#-\[\]-~]{{1,{most}}}"

    def ruled(self, schema: Schema, member: str) -> str:
        rule = schema["function"]["function"]
        if rule is calendar_day:
            return f'"{_DAY}"'
        if rule is utc_time:
            return f'"{_TIME}"'
        if rule is Charge._rate_or_amount:
            return self._charge(schema["schema"])
        raise NotRegular(f"rule {rule}")

    def model(self, schema: Schema, member: str) -> str:
        return self._object(list(self._members(fields_of(schema))))

    def _members(self, fields: Schema) -> Iterator[tuple[str, str, bool]]:
        """Name, expression and whether it must be there, of each member in order."""
        for name, entry in fields["fields"].items():
            required = is_required(entry)
            if f'"{name}":"'.encode() in self.checked and not _is_identifier(entry["schema"]):
                raise NotRegular(f"{name} with two meanings")
            self._names.update(() if _is_identifier(entry["schema"]) else (name,))
            try:
                yield name, self.value(entry["schema"], name), required
            except NotRegular:
                if required:
                    raise

    def _object(self, members: list[tuple[str, str, bool]]) -> str:
        if not self.commas and not members[0][2]:
            raise NotRegular("an object whose first member may be absent")
        said = ""
        for place, (name, value, required) in enumerate(members):
            comma = "," if place or self.commas else ""
            said += f'{comma}"{name}":{value}' if required else f'(?:{comma}"{name}":{value})?'
        return rf"\{{{said}\}}"

    def _charge(self, schema: Schema) -> str:
        """A rate has a rate, the others an amount."""
        value = {name: value for name, value, _ in self._members(fields_of(schema))}
        if set(value) != {"mark", "rate", "amount"}:
            raise NotRegular("charge")
        rate = self._object([("mark", '"rate"', True), ("rate", value["rate"], True)])
        other = self._object([("mark", '"(?:unit|total)"', True), ("amount", value["amount"], True)])
        return f"(?:{rate}|{other})"


_KINDS: Final[Mapping[str, Callable[[GrammarWriter, Schema, str], str]]] = {
    "definition-ref": GrammarWriter.reference,
    "default": GrammarWriter.inner,
    "nullable": GrammarWriter.inner,
    "str": GrammarWriter.text,
    "literal": GrammarWriter.literal,
    "union": GrammarWriter.union,
    "bool": GrammarWriter.truth,
    "int": GrammarWriter.whole,
    "tuple": GrammarWriter.array,
    "function-plain": GrammarWriter.identifier,
    "function-after": GrammarWriter.ruled,
    "model": GrammarWriter.model,
}


def _is_identifier(schema: Schema) -> bool:
    while "schema" in schema and schema["type"] in ("default", "nullable"):
        schema = schema["schema"]
    return bool(schema["type"] == "function-plain")
