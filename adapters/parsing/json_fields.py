"""JSON from strangers becomes plain values, or one clear error within a tenth of a second and 100 MB.

Refused: too long, not UTF-8, deeper than `JSON_DEPTH_MAX`, more values than `JSON_VALUES_MAX`, a name twice in one
object, NaN and infinities, half a surrogate pair, control and bidirectional characters. A number is never made
binary: it stays the text that was sent (`Number`), and only `JsonFields.decimal` turns it into plain decimal digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from adapters.message import MESSAGE_BYTES_MAX
from adapters.parsing.forms import Form
from adapters.parsing.xml import FORMAT_CODE, UNSEEN
from adapters.parsing.xml_fields import Faults
from chain.encoding import check_json_depth, find_doubled
from chain.errors import MalformedMessage

JSON_DEPTH_MAX = 32
"""Objects and lists inside each other; a resolved DCSA event has 8, an embedded ONE Record waybill 12."""
JSON_VALUES_MAX = 400_000
"""Commas and opening brackets of the whole text, also inside strings: a bound on memory, not a rule of the trade."""
EXPONENT_MAX = 40
"""Largest exponent of a number either way; a longer one would only fill memory with zeros."""


class Number(str):
    """A JSON number as the text that was sent."""

    __slots__ = ()


Value: TypeAlias = "bool | str | Number | list[Value] | dict[str, Value] | None"


class _Refused(ValueError):
    """Raised by the decoder's hooks with the rule that was broken."""


def parse_json(message: bytes) -> Value:
    """The value of the message; raises `MalformedMessage` with the rule that it breaks."""
    if len(message) > MESSAGE_BYTES_MAX:
        raise _malformed(f"at most {MESSAGE_BYTES_MAX} bytes", f"{len(message)} bytes")
    if sum(map(message.count, (b",", b"[", b"{"))) > JSON_VALUES_MAX:
        raise _malformed(f"at most {JSON_VALUES_MAX} values")
    try:
        text = message.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as problem:
        raise _malformed("is in UTF-8 (with or without its mark)", f"byte {problem.start}") from None
    try:
        check_json_depth(text, JSON_DEPTH_MAX)
    except ValueError:
        raise _malformed(f"nests at most {JSON_DEPTH_MAX} deep") from None
    unseen = UNSEEN.search(text)
    try:
        value: Value = (_DECODER if unseen is None else _LENIENT).decode(text)
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno}, column {problem.colno}"
        raise _malformed("is well-formed JSON", place) from None
    except _Refused as problem:
        raise _malformed(str(problem), _after(text, str(problem))) from None
    if unseen is not None or "\\u" in text:
        _refuse_strange(value)
    if unseen is not None:
        raise _malformed("holds no control and no bidirectional characters", unseen[0])
    return value


@dataclass(frozen=True)
class JsonFields:
    """One object whose members are read by name; faults are collected with their place."""

    value: Mapping[str, Value]
    where: str
    """Its path in the message, for errors."""
    faults: Faults

    @classmethod
    def root(cls, value: Value, faults: Faults, where: str) -> JsonFields:
        """The message's outermost object; raises `MalformedMessage` where it is none."""
        if not isinstance(value, dict):
            raise MalformedMessage(where, "is a JSON object", value=type(value).__name__)
        return cls(value, where, faults)

    def see(self, name: str) -> Value:
        """The plain value of that name, which counts as read; None where there is none."""
        self.faults.note_read(self.value, name)
        return self.value.get(name)

    def child(self, name: str, *, required: bool = False) -> JsonFields | None:
        """The object of that name; None (and a fault where it is required or no object) where there is none."""
        found = self.see(name)
        if isinstance(found, dict):
            return JsonFields(found, f"{self.where}/{name}", self.faults)
        if found is not None:
            self.faults.add(f"{self.where}/{name}", "is an object", value=found)
        elif required:
            self.faults.add(f"{self.where}/{name}", "must be there", fix="Fill in the member")
        return None

    def at(self, *names: str) -> JsonFields | None:
        """The object reached by going down the names; None where one of them is not there."""
        here: JsonFields | None = self
        for name in names:
            here = here.child(name) if here is not None else None
        return here

    def each(self, name: str, *, required: bool = False) -> Iterator[JsonFields]:
        """Every object of the list of that name, with its count in the path, from 1; a lone object counts as a
        list of one."""
        found = self.see(name)
        items = [] if found is None else found if isinstance(found, list) else [found]
        if required and not items:
            self.faults.add(f"{self.where}/{name}", "holds at least one object", fix="Fill in the member")
        for count, item in enumerate(items, 1):
            if isinstance(item, dict):
                yield JsonFields(item, f"{self.where}/{name}[{count}]", self.faults)
            else:
                self.faults.add(f"{self.where}/{name}[{count}]", "is an object", value=item)

    def text(self, name: str, form: Form, *, required: bool = True) -> str | None:
        """The stripped text of that name; None where it is absent, empty or wrong, which is noted."""
        found = self.see(name)
        place = f"{self.where}/{name}"
        if found is None or found == "":
            if required:
                self.faults.add(place, "must be there", fix="Fill in the member")
            return None
        if not isinstance(found, str) or isinstance(found, Number):
            self.faults.add(place, "is a text", value=found)
            return None
        return self.faults.fitted(found.strip(), form, place)

    def maybe(self, name: str, form: Form) -> str | None:
        """As `text`, for a member that may be absent or empty."""
        return self.text(name, form, required=False)

    def decimal(self, name: str, form: Form, *, required: bool = True) -> str | None:
        """A number, sent as a JSON number or as a text, as plain decimal digits of that form; None where absent or
        wrong."""
        found = self.see(name)
        place = f"{self.where}/{name}"
        if found is None or found == "":
            if required:
                self.faults.add(place, "must be there", fix="Fill in the member")
            return None
        said = plain_decimal(found) if isinstance(found, str) else None
        number = said if said is None or form.fits(said) else form.mend(said)
        if number is None:
            self.faults.add(place, form.rule, value=found)
        return number

    def flag(self, name: str) -> bool | None:
        """A true or false; None where it is absent or wrong, which is noted."""
        found = self.see(name)
        if found is None or isinstance(found, bool):
            return found
        self.faults.add(f"{self.where}/{name}", "is true or false", value=found)
        return None


def first_of(holders: Sequence[JsonFields], name: str, form: Form) -> str | None:
    """The text of that name in the first of these objects that has one; None where none has.

    What another of them says otherwise counts as unread, so that it is remarked on.
    """
    chosen: str | None = None
    for holder in holders:
        text = holder.maybe(name, form)
        if chosen is None:
            chosen = text
        elif text not in (None, chosen):
            holder.faults.members[id(holder.value)].discard(name)
    return chosen


def plain_decimal(said: str) -> str | None:
    """The number without an exponent, digit for digit the same value; None where it is no number or a huge one."""
    text = said.strip()
    if "e" not in text and "E" not in text:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(int(number.as_tuple().exponent)) > EXPONENT_MAX:
        return None
    return f"{number:f}"


def _pairs(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = find_doubled(name for name, _ in pairs)
        raise _Refused(f"names each member of an object once; {twice[:40]!r} stands twice")
    return value


def _constant(name: str) -> Value:
    raise _Refused(f"holds numbers only, no {name}")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=Number, parse_float=Number, parse_constant=_constant, strict=True
)
_LENIENT = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=Number, parse_float=Number, parse_constant=_constant, strict=False
)
"""Lets control characters pass, so that the member that holds one can be named."""
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""A string, or what begins as one and never ends: else each of its quotes would be tried up to the end again."""


def _refuse_strange(value: Value) -> None:
    """Raises for the first text or name that holds a character which none may, and says where it stands."""
    layer: list[tuple[str, Value]] = [("JSON", value)]
    while layer:
        below: list[tuple[str, Value]] = []
        for where, item in layer:
            if isinstance(item, dict):
                for name, inner in item.items():
                    if _strange(name):
                        raise _malformed(_NOTHING_STRANGE, name, where)
                    below.append((f"{where}/{name}", inner))
            elif isinstance(item, list):
                below.extend((f"{where}[{count}]", inner) for count, inner in enumerate(item, 1))
            elif isinstance(item, str) and _strange(item):
                raise _malformed(_NOTHING_STRANGE, item, where)
        layer = below


def _after(text: str, problem: str) -> str | None:
    """The line and the member's name before a NaN or an infinity, since the decoder does not say where it stood."""
    constant = next((name for name in ("-Infinity", "Infinity", "NaN") if problem.endswith(name)), None)
    if constant is None:
        return None
    at = _STRING.sub(lambda found: "\x00" * len(found[0]), text).find(constant)
    names = _STRING.findall(text[:at][-2_000:])
    line = text.count("\n", 0, at) + 1
    return f"line {line}, after {names[-1]}" if names else f"line {line}"


_NOTHING_STRANGE = "holds no control, bidirectional or half characters, escaped or not"


def _strange(text: str) -> bool:
    return UNSEEN.search(text) is not None or any("\ud800" <= c <= "\udfff" for c in text)


def _malformed(rule: str, value: str | None = None, where: str = "JSON") -> MalformedMessage:
    return MalformedMessage(where, rule, value=value, code=FORMAT_CODE)
