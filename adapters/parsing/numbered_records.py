"""Platform files of China's port EDI centres: numbered records become fields of text, or one clear error.

A record ends with `'`, its fields are divided by `:`, and `?` takes the character behind it for what it is (the release
character of ISO 9735). The first field is the record's number, two digits. Texts are UTF-8, else GB18030.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from adapters.message import MESSAGE_BYTES_MAX
from adapters.parsing.encodings import decode_text
from adapters.parsing.xml import FORMAT_CODE, UNSEEN
from chain.errors import MalformedMessage

RECORDS_MAX: Final = 100_000
"""Records of one file; a ship of 5,000 containers has some 40,000."""
FIELDS_MAX: Final = 60
FIELD_CHARS_MAX: Final = 2_000
_BREAKS: Final = re.compile(r"[\t\r\n]+")
"""Line breaks inside a field, where a program wrapped its lines: a text of a record is one line."""
_NUMBER: Final = re.compile(r"\d{2}")
_PIECE: Final = re.compile(rf"(?:[^?':]|\?.){{0,{FIELD_CHARS_MAX + 1}}}", re.DOTALL)
"""A field, or as much of one as shows that it is too long."""


@dataclass(frozen=True)
class NumberedRecord:
    """One record: its number, its fields counted from 1 as the standard counts them, and its place in the file."""

    number: str
    fields: tuple[str, ...]
    place: int

    def field(self, count: int) -> str:
        """The stripped text of the field with this count, from 1 (the number itself); empty where there is none."""
        return self.fields[count - 1] if count <= len(self.fields) else ""

    def where(self, count: int) -> str:
        """The field's place, for an error."""
        return f"record {self.place} ({self.number}), field {count}"


def parse_numbered(message: bytes) -> list[NumberedRecord]:
    """Every record of the file in order; raises `MalformedMessage` with the rule that it breaks."""
    text = decode_text(message)
    if (unseen := UNSEEN.search(text)) is not None:
        raise _malformed("holds no control or direction characters", f"U+{ord(unseen.group()[0]):04X}")
    if (ends := text.count("'") - text.count("?'")) > RECORDS_MAX:  # before anything is cut apart
        raise _malformed(f"at most {RECORDS_MAX} records", f"{ends} record ends")
    records = list(_records(text))
    if not records:
        raise _malformed("holds a record")
    return records


def _records(text: str) -> Iterator[NumberedRecord]:
    if "?" not in text and len(text) <= MESSAGE_BYTES_MAX:
        yield from _plain_records(text)
        return
    yield from _released_records(text)


def _plain_records(text: str) -> Iterator[NumberedRecord]:
    """As `_released_records`, for a file without release characters, which most are."""
    *records, rest = text.split("'")
    if rest.strip():
        _bounded_fields(rest, len(records) + 1)
        raise _malformed("ends each record with '", f"record {len(records) + 1}")
    for place, record in enumerate(records, 1):
        fields = _bounded_fields(record, place)
        stripped = tuple(
            _BREAKS.sub(" ", field.strip()) if "\n" in field or "\r" in field or "\t" in field else field.strip()
            for field in fields
        )
        if _NUMBER.fullmatch(stripped[0]) is None:
            raise _malformed("begins each record with its number of two digits", stripped[0][:16])
        yield NumberedRecord(stripped[0], stripped, place)


def _bounded_fields(record: str, place: int) -> list[str]:
    if record.count(":") >= FIELDS_MAX:
        raise _malformed(f"has at most {FIELDS_MAX} fields a record", f"record {place}")
    fields = record.split(":")
    if len(record) > FIELD_CHARS_MAX and max(map(len, fields)) > FIELD_CHARS_MAX:
        raise _malformed(f"has fields of at most {FIELD_CHARS_MAX} characters", f"record {place}")
    return fields


def _released_records(text: str) -> Iterator[NumberedRecord]:
    place, at = 1, 0
    fields: list[str] = []
    while at < len(text):
        piece = _PIECE.match(text, at)
        end = piece.end() if piece else at
        raw = text[at:end]
        if len(raw) > FIELD_CHARS_MAX:
            raise _malformed(f"has fields of at most {FIELD_CHARS_MAX} characters", f"record {place}")
        if end == len(text):
            if raw.strip() or fields:
                raise _malformed("ends each record with '", f"record {place}")
            return
        fields.append(_BREAKS.sub(" ", re.sub(r"\?(.)", r"\1", raw, flags=re.DOTALL).strip()))
        if len(fields) > FIELDS_MAX:
            raise _malformed(f"has at most {FIELDS_MAX} fields a record", f"record {place}")
        if text[end] == "'":
            if _NUMBER.fullmatch(fields[0]) is None:
                raise _malformed("begins each record with its number of two digits", fields[0][:16])
            if place > RECORDS_MAX:
                raise _malformed(f"at most {RECORDS_MAX} records", f"record {place}")
            yield NumberedRecord(fields[0], tuple(fields), place)
            place, fields = place + 1, []
        elif text[end] == "?":
            raise _malformed("has a character behind each ?", f"record {place}")
        at = end + 1


def _malformed(rule: str, value: str | None = None) -> MalformedMessage:
    return MalformedMessage("message", rule, value=value, fix="Export the file again", code=FORMAT_CODE)
