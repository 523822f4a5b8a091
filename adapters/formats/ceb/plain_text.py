"""Reads the entities of a CEB message that is written plainly, without a tree.

Plain is: an XML declaration or none, the root's start tag, the entities at once behind it, no attribute, no reference
and no further markup in any of them, and fields in an order that was met before. Such a head or line is matched by one
expression, and what stands around the entities is left to the XML parser, as a message without entities: well-formed
elements put where a well-formed document may have some leave it well-formed. Whatever is written otherwise, and
whatever has a fault, is not read here, so that one reader alone finds faults. Which fields stand in a head or a line,
and in which order, is learned from the messages that the other reader took: programs write them alike again and again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from adapters.parsing.xml import has_unseen, local_name, namespace_of, parse_xml
from adapters.parsing.xml_fields import Table
from chain.errors import MalformedMessage

if TYPE_CHECKING:
    from adapters.formats.ceb.layout import Layout

PLAIN_BYTES_MAX: Final = 200_000
"""Longest message that is read so: it cannot hold more markup than the parser's limits allow."""

WRITTEN_MAX: Final = 4
"""How many ways of writing one element are remembered, those that came last."""
LEARNED_EVERY: Final = 512
"""Of so many messages that were not plain one is learned from, of the first ones more: it takes some milliseconds."""
LINES_LOOKED_AT_MAX: Final = 100
"""Of so many lines of one message the first that is written in a new way is learned from."""

_SPACE: Final = "[ \t\r\n]*"
_START: Final = re.compile(
    rf'(?:<\?xml version="1\.0"(?: encoding="(?:UTF-8|utf-8)")?\?>{_SPACE})?'
    rf'<((?:ceb:|))(CEB[0-9]{{3}})Message(?:[ \t\r\n]+[A-Za-z:]+="[^"<>&]*")*{_SPACE}>{_SPACE}'
)
"""Up to the first entity: the prefix and the kind."""
_PREFIXES: Final = ("ceb:", "")
"""No others are met, so that few expressions are made."""


@dataclass(frozen=True)
class PlainMessage:
    """A message of which every entity is plain and every field of its form."""

    root: etree._Element
    """The message without its entities."""
    name: str
    """Name of the element that holds an entity."""
    entities: tuple[tuple[dict[str, str], tuple[dict[str, str], ...]], ...]
    """Head and lines of each."""


def read_plain(layout: Layout, message: bytes, entities_max: int, draft: str) -> PlainMessage | None:
    """The message; None where it is not plain, has a fault or a draft."""
    try:
        text = message.decode("utf-8") if len(message) <= PLAIN_BYTES_MAX else ""
    except UnicodeDecodeError:
        return None
    start = _START.match(text)
    if start is None or start[2] != layout.kind or has_unseen(message, text):
        return None
    name, _, other = layout.entity.partition("/")
    grammar = _grammar(layout, start[1], name)
    found, end = [], start.end()
    for head, lines, behind in grammar.entities(text, end):
        if layout.drafts and head.get("appStatus") == draft:
            return None
        numbers = [line["gnum"] for line in lines if "gnum" in line] if layout.numbered else []
        if len(set(numbers)) != len(numbers):
            return None
        found.append((head, lines))
        end = behind
    if not 1 <= len(found) <= entities_max:
        return None
    try:
        # Without its declaration, which says no more than what holds without one.
        root = parse_xml((text[start.start(1) - 1 : start.end()] + text[end:]).encode())
    except MalformedMessage:
        return None
    if any(local_name(child) in (name, other) for child in root):
        return None
    return PlainMessage(root, name, tuple(found))


def learn_plain(layout: Layout, root: etree._Element, message: bytes) -> None:
    """Takes over from a message without faults how its entities are written, if that is due."""
    prefix = "" if root.prefix is None else f"{root.prefix}:"
    if prefix in _PREFIXES and len(message) <= PLAIN_BYTES_MAX:
        _grammar(layout, prefix, layout.entity.partition("/")[0]).learn(root)


class _Written(NamedTuple):
    """How one element was written: its fields in their order."""

    tags: tuple[tuple[str, str], ...]
    match: Callable[[str, int], re.Match[str] | None]
    """Its groups are the fields' texts."""
    names: tuple[str, ...]
    fits: Callable[[Sequence[str]], bool]
    """Whether each text is of its field's form."""


class _Element:
    """Reads one kind of element by the ways in which it was written before."""

    def __init__(self, table: Table, before: str, behind: str, prefix: str) -> None:
        self._table, self._before, self._behind, self._prefix = table, before, behind, prefix
        self._known: tuple[_Written, ...] = ()

    def read(self, text: str, at: int) -> tuple[dict[str, str], int] | None:
        """The fields of the element that begins there, and its end; None where it is none or has a fault."""
        for written in self._known:
            if found := written.match(text, at):
                if written is not self._known[0]:
                    self._known = (written, *[other for other in self._known if other is not written])
                texts = tuple(map(str.strip, found.groups("")))
                if not written.fits(texts):
                    return None
                values = dict(zip(written.names, texts, strict=True))
                return {name: said for name, said in values.items() if said} if "" in texts else values, found.end()
        return None

    def learn(self, element: etree._Element) -> bool:
        """Remembers how the element, which has no fault, is written; whether that is new."""
        tags = self._table.names_in(element)
        names = tuple([name for _, name in tags])
        if not tags or len(set(names)) != len(names) or any(tags == written.tags for written in self._known):
            return False
        fields = [f"<{self._prefix}{tag}(?:>([^<>&]*)</{self._prefix}{tag}>|/>){_SPACE}" for tag, _ in tags]
        match = re.compile(f"{self._before}{''.join(fields)}{self._behind}").match
        self._known = (_Written(tags, match, names, self._table.in_order(names)), *self._known[: WRITTEN_MAX - 1])
        return True


class _Grammar:
    """What the entities of one layout look like."""

    def __init__(self, layout: Layout, prefix: str, name: str) -> None:
        def opening(tag: str) -> str:
            return f"<{prefix}{tag}>{_SPACE}" if tag else ""

        def closing(tag: str) -> str:
            return f"</{prefix}{tag}>{_SPACE}" if tag else ""

        before, behind = opening(name) + opening(layout.head), closing(layout.head)
        self._layout, self._name, self._not_known = layout, name, 0
        self._head = _Element(layout.fields, before, behind, prefix)
        self._line = (
            _Element(layout.lines, opening(layout.line), closing(layout.line), prefix) if layout.lines else None
        )
        self._close = re.compile(closing(name)).match

    def entities(self, text: str, at: int) -> Iterator[tuple[dict[str, str], tuple[dict[str, str], ...], int]]:
        """Head, lines and end of each entity from there on, up to what is none."""
        layout = self._layout
        while head := self._head.read(text, at):
            values, at = head
            lines: list[dict[str, str]] = []
            if self._line:
                while line := self._line.read(text, at):
                    lines.append(line[0])
                    at = line[1]
                if not layout.lines_min <= len(lines) <= layout.lines_max:
                    return
            close = self._close(text, at)
            if close is None:
                return
            at = close.end()
            yield values, tuple(lines), at

    def learn(self, root: etree._Element) -> None:
        """Remembers how the first entity's head is written and one of its lines, if that is due."""
        self._not_known += 1
        if self._not_known & (self._not_known - 1) and self._not_known % LEARNED_EVERY:
            return
        entity = next(child for child in root if local_name(child) == self._name)
        mark = f"{{{namespace_of(root)}}}"
        head = entity.find(f"{mark}{self._layout.head}") if self._layout.head else entity
        if head is not None:
            self._head.learn(head)
        if self._line:
            for line in islice(entity.iterfind(f"{mark}{self._layout.line}"), LINES_LOOKED_AT_MAX):
                if self._line.learn(line):
                    return


@lru_cache(maxsize=128)
def _grammar(layout: Layout, prefix: str, name: str) -> _Grammar:
    return _Grammar(layout, prefix, name)
