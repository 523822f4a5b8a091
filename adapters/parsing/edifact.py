"""EDIFACT interchanges (ISO 9735, syntax versions 1 to 3) as plain segments, or one clear error.

A segment is its tag and its elements, each a list of components; release characters are resolved. Refused: too
long, other than printable characters of UN/ECE levels A to C in UTF-8 or Latin 1, more segments, elements or
characters a segment than any real message has, and envelopes whose counts and references disagree (UNB with UNZ,
UNG with UNE, UNH with UNT). One file may hold several interchanges, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from adapters.message import MESSAGE_BYTES_MAX
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage

SEGMENTS_MAX = 100_000
SEGMENT_CHARS_MAX = 2_000
ELEMENTS_MAX = 100
CODE: Final = "0001"
_LAYOUT: Final = dict.fromkeys(map(ord, "\r\n\t"))
"""What is no part of an interchange and may stand in a file of one."""
_COMPONENTS_TOLD_APART: Final = 32
"""Components of one element that are told apart when it is noted which were asked for; a composite has at most 8."""
CODE_LISTS: Final[dict[str, frozenset[tuple[int, int]]]] = {
    "BGM": frozenset({(0, 1), (0, 2)}),
    "EQD": frozenset({(1, 1), (1, 2), (2, 1), (2, 2)}),
    "LOC": frozenset({(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)}),
    "NAD": frozenset({(1, 1), (1, 2)}),
    "TDT": frozenset({(4, 1), (4, 2), (7, 1), (7, 2)}),
    "MEA": frozenset({(1, 2)}),
    "STS": frozenset({(0, 1), (0, 2), (2, 1), (2, 2)}),
    "SEL": frozenset({(1, 1), (1, 2), (1, 3)}),
    "PAC": frozenset({(2, 1), (2, 2)}),
    "PCI": frozenset({(0, 0)}),
    "GEI": frozenset({(0, 0), (1, 1), (1, 2)}),
}
"""Tag -> components that say which list the code beside them is of and which agency keeps it (data elements 1131,
3055), or only how packages are to be marked (4233) or what kind of indicator follows (9649), from 0; what no reader
asks for of these is left out."""
_NO_RELEASE: Final = "\x00"
"""A character that no interchange holds, in place of a release character that is not used."""


@dataclass(slots=True, eq=False)
class Segment:
    """One segment, which notes the components that were asked for."""

    tag: str
    elements: tuple[tuple[str, ...], ...]
    """Elements after the tag, each its components."""
    place: int
    """Its number in the interchange, from 1."""
    _asked: int = 0
    """A bit for each component that was asked for: a ship's file has too many segments for a set each."""

    def get(self, element: int, component: int = 0) -> str:
        """A component by its place, from 0; empty where it was left out."""
        if element < len(self.elements) and component < len(self.elements[element]):
            self._asked |= 1 << (element * _COMPONENTS_TOLD_APART + min(component, _COMPONENTS_TOLD_APART - 1))
            return self.elements[element][component]
        return ""

    def unread(self) -> str:
        """The components that nobody asked for and that do not only say whose code stands beside them, with their
        places from 1 (`LOC+165: 2.4 XINGANG`); empty where there are none."""
        if self._asked == self._whole():
            return ""
        lists = CODE_LISTS.get(self.tag, frozenset())
        texts = [
            f"{element + 1}.{component + 1} {text}"
            for element, components in enumerate(self.elements)
            for component, text in enumerate(components)
            if text
            and (element, component) != (0, 0)  # stands before the colon
            and (element, component) not in lists
            and not self._asked >> (element * _COMPONENTS_TOLD_APART + min(component, _COMPONENTS_TOLD_APART - 1)) & 1
        ]
        return f"{self.tag}+{self.qualifier}: {'; '.join(texts)}" if texts else ""

    @property
    def qualifier(self) -> str:
        """Its first component, which does not count as asked for."""
        return self.elements[0][0] if self.elements else ""

    def _whole(self) -> int:
        """The bits of a segment of which every element's one component was asked for, as most are."""
        bits = 0
        for element, components in enumerate(self.elements):
            if len(components) > 1:
                return -1
            bits |= 1 << (element * _COMPONENTS_TOLD_APART)
        return bits

    def number(self, element: int, component: int = 0) -> str:
        """As `get`, a number with the decimal mark that we write; what is no number stays as it is."""
        return plain_number(self.get(element, component))

    @property
    def where(self) -> str:
        """Its place, for errors."""
        return f"{self.tag}[{self.place}]"

    @property
    def text(self) -> str:
        """The segment as plain text, for a remark."""
        return "+".join([self.tag, *(":".join(components).rstrip(":") for components in self.elements)])


@dataclass(frozen=True)
class EdifactMessage:
    """One message of an interchange, from behind UNH to before UNT."""

    reference: str
    """Its reference in UNH."""
    type: str
    """`COARRI`, `CODECO` ..."""
    directory: str
    """Version and release: `D:95B`."""
    segments: tuple[Segment, ...]


def plain_number(said: str) -> str:
    """The number with a point as its decimal mark.

    ISO 9735 §10.1 knows the comma and allows the point, whichever of them UNA names; no mark divides thousands. So a
    text with one comma and no point is a number, and nothing has to be guessed.
    """
    if _NUMBER.fullmatch(said) is None:
        return said
    plain = said.replace(",", ".")
    return plain if plain.lstrip("-")[0] != "." else plain.replace(".", "0.", 1)


_NUMBER: Final = re.compile(r"-?[0-9]*[.,]?[0-9]+")


@dataclass(frozen=True)
class _Marks:
    component: str = ":"
    element: str = "+"
    release: str = "?"
    terminator: str = "'"


def parse_interchange(message: bytes, faults: Faults | None = None) -> tuple[str, tuple[EdifactMessage, ...]]:
    """The interchange's control reference (empty without UNB) and its messages; raises `MalformedMessage`.

    Counts and references that disagree are noted in `faults` where the caller has more to find, else raised.
    """
    segments = list(_segments(_text(message)))
    found = Faults() if faults is None else faults
    control, parts = "", list[EdifactMessage]()
    for part in _interchanges(segments):
        named, body = _interchange(part, found)
        control = control or named
        for group in _groups(body, found):
            parts.extend(_messages(group, found))
    messages = tuple(parts)
    if faults is None or not messages:
        found.refuse("EDIFACT interchange")
    if not messages:
        raise _malformed("holds at least one message")
    return control, messages


def _text(message: bytes) -> str:
    if len(message) > MESSAGE_BYTES_MAX:
        raise _malformed(f"at most {MESSAGE_BYTES_MAX} bytes", f"{len(message)} bytes")
    try:
        text = message.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        text = message.decode("latin-1")
    if not text.translate(_LAYOUT).isprintable():
        at, character = next(
            (at, character)
            for at, character in enumerate(text)
            if not character.isprintable() and character not in "\r\n\t"
        )
        raise _malformed("holds printable characters only", f"U+{ord(character):04X} at {at}")
    return text


def _segments(text: str) -> Iterator[Segment]:
    marks, at = _Marks(), 0
    if text.startswith("UNA") and len(text) >= 9:
        # A space in place of the release character says that none is used.
        marks, at = _Marks(text[3], text[4], text[6].replace(" ", _NO_RELEASE), text[8]), 9
        if len({*vars(marks).values()}) != 4:
            raise _malformed("has four different service characters in UNA", text[3:9])
    if text.count(marks.terminator, at) > SEGMENTS_MAX:  # before anything is cut apart
        raise _malformed(f"has at most {SEGMENTS_MAX} segments", f"{text.count(marks.terminator, at)} segment ends")
    place = 0
    for raw in _split(text[at:], marks.terminator, marks.release):
        stripped = raw.strip("\r\n\t ")
        if not stripped:
            continue
        place += 1
        if len(stripped) > SEGMENT_CHARS_MAX:
            raise _malformed(f"has segments of at most {SEGMENT_CHARS_MAX} characters", f"segment {place}")
        elements = list(_split(stripped, marks.element, marks.release))
        if len(elements) > ELEMENTS_MAX:
            raise _malformed(f"has segments of at most {ELEMENTS_MAX} elements", f"segment {place}")
        tag = elements[0]
        if len(tag) != 3 or not tag.isascii() or not tag.isupper():
            raise _malformed("has a tag of three capital letters at the start of a segment", stripped[:12])
        yield Segment(
            tag,
            tuple(
                tuple(_released(part, marks.release) for part in _split(element, marks.component, marks.release))
                for element in elements[1:]
            ),
            place,
        )


def _split(text: str, mark: str, release: str) -> Iterator[str]:
    """The text between marks that no release character precedes; the last part is what follows the last mark."""
    start = at = 0
    while (at := text.find(mark, at)) >= 0:
        released = 0
        while at - released > start and text[at - released - 1] == release:
            released += 1
        if released % 2 == 0:
            yield text[start:at]
            start = at + 1
        at += 1
    yield text[start:]


def _released(text: str, release: str) -> str:
    if release not in text:
        return text
    plain: list[str] = []
    characters = iter(text)
    for character in characters:
        plain.append(next(characters, "") if character == release else character)
    return "".join(plain)


def _interchanges(segments: list[Segment]) -> Iterator[list[Segment]]:
    """The segments of each interchange; all of them where no UNB begins one."""
    starts = [at for at, segment in enumerate(segments) if segment.tag == "UNB"]
    if not starts or starts[0] != 0:
        yield segments
        return
    for start, end in zip(starts, [*starts[1:], len(segments)], strict=True):
        yield segments[start:end]


def _groups(segments: list[Segment], faults: Faults) -> Iterator[list[Segment]]:
    """The segments of each functional group (UNG to UNE), without these two; all of them where there is no group."""
    if not any(segment.tag in ("UNG", "UNE") for segment in segments):
        yield segments
        return
    head: Segment | None = None
    inner: list[Segment] = []
    for segment in segments:
        if segment.tag == "UNG":
            if head is not None or inner:
                faults.add(segment.where, "begins a group behind the UNE of the group before", code=CODE)
            head, inner = segment, []
        elif segment.tag == "UNE":
            if head is None:
                faults.add(segment.where, "ends a group that UNG began", code=CODE)
                continue
            count = sum(found.tag == "UNH" for found in inner)
            if segment.get(0) != str(count):
                faults.add(segment.where, f"counts the {count} messages", value=segment.get(0), code=CODE)
            if segment.get(1) != head.get(4):
                faults.add(segment.where, f"repeats the reference {head.get(4)}", value=segment.get(1), code=CODE)
            yield inner
            head, inner = None, []
        else:
            inner.append(segment)
    if head is not None:
        faults.add(head.where, "has its UNE", fix="The file was cut off", code=CODE)
        yield inner
    elif inner:
        faults.add(inner[0].where, "stands inside a group", code=CODE)


def _interchange(segments: list[Segment], faults: Faults) -> tuple[str, list[Segment]]:
    if not segments or segments[0].tag != "UNB":
        return "", segments
    head, tail = segments[0], segments[-1]
    control = head.get(4)
    if tail.tag != "UNZ":
        faults.add("UNZ", "ends the interchange that UNB begins", fix="The file was cut off", code=CODE)
        return control, segments[1:]
    if tail.get(1) != control:
        faults.add(tail.where, f"repeats the control reference {control}", value=tail.get(1), code=CODE)
    # ISO 9735: UNZ counts the groups where there are any, else the messages.
    counted = "UNG" if any(segment.tag == "UNG" for segment in segments) else "UNH"
    count = sum(segment.tag == counted for segment in segments)
    if tail.get(0) != str(count):
        what = "groups" if counted == "UNG" else "messages"
        faults.add(tail.where, f"counts the {count} {what}", value=tail.get(0), code=CODE)
    return control, segments[1:-1]


def _messages(segments: list[Segment], faults: Faults) -> Iterator[EdifactMessage]:
    head: Segment | None = None
    inner: list[Segment] = []
    for segment in segments:
        if segment.tag == "UNH":
            if head is not None:
                faults.add(segment.where, "follows the UNT of the message before", code=CODE)
            head, inner = segment, []
        elif segment.tag == "UNT":
            if head is None:
                faults.add(segment.where, "ends a message that UNH began", code=CODE)
                continue
            if segment.get(0) != str(len(inner) + 2):
                faults.add(segment.where, f"counts the {len(inner) + 2} segments", value=segment.get(0), code=CODE)
            if segment.get(1) != head.get(0):
                faults.add(segment.where, f"repeats the reference {head.get(0)}", value=segment.get(1), code=CODE)
            directory = f"{head.get(1, 1)}:{head.get(1, 2)}"
            yield EdifactMessage(head.get(0), head.get(1), directory, tuple(inner))
            head = None
        elif head is None:
            faults.add(segment.where, "stands inside a message", code=CODE)
        else:
            inner.append(segment)
    if head is not None:
        faults.add(head.where, "has its UNT", fix="The file was cut off", code=CODE)


def _malformed(rule: str, value: str | None = None) -> MalformedMessage:
    return MalformedMessage("EDIFACT", rule, value=value, code=CODE)
