"""Finds the reader of a native message by looking at its bytes.

A reader's module is imported when a message of its kind is first seen, so that reading one file does not pay for all
formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import cast

from adapters.formats import Form, reader_modules
from adapters.formats.unread import UNREAD_CODE, find_unread
from adapters.message import MESSAGE_BYTES_MAX, DatedReader, Reader, ReadMessage
from chain.errors import MalformedMessage

_NUMBERED = re.compile(rb"00:?[A-Z]{3}")
"""The head record of a port's platform file (`00:IFCSUM:`, `00NCLCONTAINER LIST`)."""
_CARGO_IMP = re.compile(rb"(?:[^\r\n]{0,70}\r?\n){0,5}?\x02?[A-Z]{3}/\d{1,3}[ \t]*\r?\n")
"""The identifier of a Cargo-IMP message (`FWB/17`), at most five lines of a teletype's address before it."""


def read_message(message: bytes, *, sent_on: date | None = None) -> ReadMessage:
    """The message, read by the one reader that knows it; raises `MalformedMessage` where none does or it has faults.

    `sent_on` is the day of its envelope, for kinds whose days have no year.
    """
    reader = find_reader(message)
    # Not a check of the protocol, which would cost a short message as much again as finding its reader.
    if hasattr(reader, "read_sent"):
        return cast(DatedReader, reader).read_sent(message, sent_on)
    return reader.read(message)


def find_reader(message: bytes) -> Reader:
    """The reader that recognises the bytes; raises `MalformedMessage` where none does."""
    if len(message) > MESSAGE_BYTES_MAX:
        rule = f"at most {MESSAGE_BYTES_MAX} bytes"
        raise MalformedMessage("message", rule, value=f"{len(message)} bytes", fix="Send it in parts", code="0001")
    form = find_form(message)
    if message.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MalformedMessage("message", "is in UTF-8", value="UTF-16", fix="Send it in UTF-8", code="0001")
    for reader in _candidates(form, message) if form is not None else ():
        if reader.recognises(message):
            return reader
    raise _unread(form, message)


def _unread(form: Form | None, message: bytes) -> MalformedMessage:
    """Why no reader takes the message: its kind is known and not read, or it is of no kind that is known."""
    root = _root(message) if form is Form.XML else ("", "")
    kind = find_unread(form, message, root)
    if kind is not None:
        return MalformedMessage(
            "message",
            f"is of a kind that is read; {kind.name} ({kind.en} {kind.zh}) is known and not read 已识别, 暂不读取",
            fix=f"Send {kind.instead}; the table of formats stands in adapters/README.md",
            code=UNREAD_CODE,
        )
    if form is None:
        return MalformedMessage(
            # No part of it is quoted: what is no message may be anything, a key for one.
            "message",
            "begins as XML, JSON, EDIFACT, Cargo-IMP, ZIP, a platform file or a sheet of ours",
            value=f"{len(message)} other bytes",
            fix="Check the file and its encoding",
        )
    named = f" with root {root[1]}" if root[1] else ""
    return MalformedMessage(
        "message", f"is of a kind that is read; no reader knows this {form.value}{named}", code="0001"
    )


def find_form(message: bytes) -> Form | None:
    """The outer form of the bytes by their first characters, past a UTF-8 mark; None where it is no form we read."""
    if message.startswith(b"PK\x03\x04"):
        return Form.ZIP
    start = message[:1024].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if start.startswith(b"<"):
        return Form.XML
    if start.startswith((b"{", b"[")):
        return Form.JSON
    if start.startswith((b"UNA", b"UNB", b"UNH")):
        return Form.EDIFACT
    if _NUMBERED.match(start):
        return Form.NUMBERED
    if start.startswith((b"tongguan-", b'"tongguan-')):
        return Form.CSV
    if _CARGO_IMP.match(start):
        return Form.CARGO_IMP
    return None


def _candidates(form: Form, message: bytes) -> Iterator[Reader]:
    root = _root(message)[1] if form is Form.XML else ""
    for entry in reader_modules():
        if entry.form is form and (form is not Form.XML or root in entry.roots):
            yield from _load(entry.module)


@lru_cache(maxsize=64)
def _load(module: str) -> tuple[Reader, ...]:
    return cast(tuple[Reader, ...], import_module(module).READERS)


def _root(message: bytes) -> tuple[str, str]:
    """Namespace and local name of the root element."""
    from adapters.parsing.xml import peek_root  # only XML messages pay for lxml

    root = peek_root(message)
    return root.namespace, root.name
