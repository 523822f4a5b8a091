"""Every reader takes at most about twice as long for a message of twice as many entities, lines or members."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import pytest
from lxml import etree

from adapters.formats import Form, reader_modules
from adapters.parsing.archive import Archive
from adapters.parsing.cargo_imp import parse_cargo_imp
from adapters.parsing.csv_rows import parse_csv
from adapters.parsing.encodings import decode_text
from adapters.parsing.numbered_records import parse_numbered
from adapters.registry import find_form, find_reader, read_message
from chain.errors import MalformedMessage
from tests.adapters.formats.tax.test_ofd import ofd
from tests.adapters.formats.tax.workbooks import rows_of_template, sheet_of, workbook
from tests.doubling import assert_doubling
from tests.fuzzing.corpus import messages

GROWN_BYTES = 40_000
"""About how long the shorter of the two messages is."""
MOST_OF = 0.8
"""A part that has so much of its whole is the place where a message grows."""
ENDS = {Form.EDIFACT: b"'", Form.NUMBERED: b"\n", Form.CSV: b"\n", Form.CARGO_IMP: b"\n"}
HEAD_LINES = {Form.EDIFACT: 2, Form.NUMBERED: 2, Form.CSV: 8, Form.CARGO_IMP: 2}


def grown(message: bytes, count: int) -> bytes:
    """The message with its many parts so many times."""
    form = find_form(message)
    if form is Form.XML:
        return _grown_xml(message, count)
    if form is Form.JSON:
        return json.dumps(_grown_json(json.loads(message), count)).encode()
    assert form in ENDS
    end = ENDS[form]
    lines = message.split(end)
    head, many, tail = lines[: HEAD_LINES[form]], lines[HEAD_LINES[form] : -2], lines[-2:]
    return end.join([*head, *(many or lines) * count, *tail])


def _grown_xml(message: bytes, count: int) -> bytes:
    root = etree.fromstring(message, etree.XMLParser(resolve_entities=False))
    place = root
    while len(place) and len(etree.tostring(largest := max(place, key=_size))) > MOST_OF * _size(place):
        if not len(largest):
            break
        place = largest
    for child in list(place):
        place.extend(copy.deepcopy(child) for _ in range(count - 1))
    return etree.tostring(root, encoding="utf-8")


def _size(element: Any) -> int:
    return len(etree.tostring(element))


def _grown_json(value: Any, count: int) -> Any:
    if isinstance(value, list):
        return value * count if value else value
    if not isinstance(value, dict) or not value:
        return value
    lists = [name for name, member in value.items() if isinstance(member, list | dict) and member]
    if not lists:
        return value
    widest = max(lists, key=lambda name: len(json.dumps(value[name])))
    return {**value, widest: _grown_json(value[widest], count)}


@lru_cache(maxsize=1)
def _by_module() -> dict[str, bytes]:
    """The longest message that each module of readers takes."""
    longest: dict[str, bytes] = {}
    for form in Form:
        for message in messages(form):
            try:
                module = type(find_reader(message)).__module__
            except MalformedMessage:
                continue
            longest[module] = max(longest.get(module, b""), message, key=len)
    return longest


SHEETS: dict[str, Callable[[int], bytes]] = {
    "workbook": lambda count: workbook(sheet_of([*rows_of_template()[:-1], *rows_of_template()[-1:] * count])),
    "ofd": lambda count: ofd(**{f"einvoice{number}": b"<a>" + b"<b>1</b>" * 100 + b"</a>" for number in range(count)}),
    "ofd of one long file": lambda count: ofd(einvoice=b"<a>" + b"<b>1</b>" * 100 * count + b"</a>"),
}


def _readers() -> dict[str, Callable[[int], bytes]]:
    """By module of readers, a maker of its message of any length."""
    found: dict[str, Callable[[int], bytes]] = dict(SHEETS)
    for module, message in _by_module().items():
        if find_form(message) is not Form.ZIP:
            found[module] = partial(grown, message)
    return found


@pytest.mark.parametrize("name", sorted(_readers()))
def test_twice_the_parts_take_twice_the_time(name: str) -> None:
    make = _readers()[name]
    count = max(2, GROWN_BYTES // max(1, len(make(3)) - len(make(2))))
    assert_doubling(make, read_message, count)


def test_every_module_of_readers_is_tried() -> None:
    tried = set(_by_module())
    folders = {module.rpartition(".")[0] for module in tried}
    missing = {module.module for module in reader_modules()} - tried
    # Modules of one folder share its reader: their kinds are tables.
    assert {module for module in missing if module.rpartition(".")[0] not in folders} == set()


PARSERS: dict[str, tuple[Callable[[bytes], object], Callable[[int], bytes]]] = {
    "csv: quotes": (parse_csv, lambda count: b'tongguan-invoice,"' + b'""' * count),
    "csv: rows": (parse_csv, lambda count: b"tongguan-invoice,1\n" * count),
    "csv: cells": (parse_csv, lambda count: b"tongguan-invoice" + b"," * count),
    "numbered: released marks": (parse_numbered, lambda count: b"00:COARRI:" + b"?:" * count + b"'"),
    "numbered: records": (parse_numbered, lambda count: b"00:COARRI:1'\n" + b"10:A:B'\n" * count),
    "numbered: no end": (parse_numbered, lambda count: b"00:COARRI:" + b"A" * count),
    "cargo-imp: lines": (parse_cargo_imp, lambda count: b"FWB/17\n" + b"ABC/1\n" * count),
    "cargo-imp: ends of lines": (parse_cargo_imp, lambda count: b"FWB/17\n" + b"\r\n" * count),
    "cargo-imp: slants": (parse_cargo_imp, lambda count: b"FWB/17\n" + b"/" * count),
    "archive: a directory of nothing": (
        Archive,
        lambda count: b"PK\x03\x04" + b"PK\x01\x02" * count + b"PK\x05\x06" * 9,
    ),
    "archive: ends": (Archive, lambda count: b"PK\x03\x04" + b"PK\x05\x06" * count),
    "text: no encoding": (decode_text, lambda count: b"\x81" * count),
}


@pytest.mark.parametrize("name", PARSERS)
def test_parsers_of_hostile_bytes_are_linear(name: str) -> None:
    parse, make = PARSERS[name]
    assert_doubling(make, parse, 8_000)
