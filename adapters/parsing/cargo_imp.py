"""Cargo-IMP messages (IATA/A4A Cargo Interchange Message Procedures) as lines of fields, or one clear error.

A message is lines of text, each ended by CR LF (a bare LF or CR is taken too); `/` divides fields, and a line that
begins with `/` continues the one before. Before the identifier (`FWB/17`) a teletype's address may stand, of at most
five lines. The manual's limit is 3,500 characters; some writers send longer ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.parsing.encodings import decode_text
from adapters.parsing.xml import FORMAT_CODE, UNSEEN
from chain.errors import MalformedMessage

LINES_MAX: Final = 20_000
LINE_CHARS_MAX: Final = 250
"""The manual ends lines after 69 characters (71 in a consignment detail)."""
ADDRESS_LINES_MAX: Final = 5
_FRAME: Final = dict.fromkeys((1, 2, 3))
"""Characters with which a teletype line frames address (SOH), text (STX) and end (ETX): no part of the message."""
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_IDENTIFIER: Final = re.compile(r"([A-Z]{3})/(\d{1,3})")


@dataclass(frozen=True)
class CargoLine:
    """One line: its text and its place in the message, from 1, the teletype's address counted."""

    text: str
    place: int

    @property
    def fields(self) -> list[str]:
        """What stands between the slants; the first is empty where the line continues another."""
        return self.text.split("/")

    @property
    def continues(self) -> bool:
        """Whether it continues the line before."""
        return self.text.startswith("/")

    def where(self, count: int | None = None) -> str:
        """Its place, or that of a field from 1, for an error."""
        return f"line {self.place}" if count is None else f"line {self.place}, field {count}"


@dataclass(frozen=True)
class CargoImpMessage:
    """A message: its identifier, version, and the lines behind these."""

    identifier: str
    version: str
    lines: tuple[CargoLine, ...]


def parse_cargo_imp(message: bytes) -> CargoImpMessage:
    """The message's lines; raises `MalformedMessage` with the rule that it breaks."""
    text = decode_text(message).translate(_FRAME)
    if (unseen := UNSEEN.search(text)) is not None:
        raise _malformed("holds no control or direction characters", f"U+{ord(unseen.group()[0]):04X}")
    ends = text.count("\n") + text.count("\r")
    if ends > 2 * LINES_MAX:  # before anything is cut apart
        raise _malformed(f"has at most {LINES_MAX} lines", f"{ends} ends of lines")
    lines = [CargoLine(raw.rstrip(), place) for place, raw in enumerate(_LINE_END.split(text), 1)]
    for line in lines:
        if len(line.text) > LINE_CHARS_MAX:
            raise _malformed(f"has lines of at most {LINE_CHARS_MAX} characters", f"line {line.place}")
    lines = [line for line in lines if line.text]
    for count, line in enumerate(lines[: ADDRESS_LINES_MAX + 1]):
        if (identified := _IDENTIFIER.fullmatch(line.text)) is not None:
            return CargoImpMessage(identified[1], identified[2], tuple(lines[count + 1 :]))
    raise _malformed("begins with its identifier, such as FWB/17")


def segments(lines: Sequence[CargoLine]) -> Iterator[list[CargoLine]]:
    """Each line with those that continue it."""
    segment: list[CargoLine] = []
    for line in lines:
        if segment and not line.continues:
            yield segment
            segment = []
        segment.append(line)
    if segment:
        yield segment


def _malformed(rule: str, value: str | None = None) -> MalformedMessage:
    return MalformedMessage("Cargo-IMP", rule, value=value, fix="Send the message as it was written", code=FORMAT_CODE)
