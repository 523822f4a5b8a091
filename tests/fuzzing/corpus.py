"""What is changed: others' messages where they are beside the repository, our own of every kind, and the stories'."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache

from adapters.formats import Form
from adapters.registry import find_form, read_message
from adapters.single_window_mock import numbers
from adapters.single_window_mock.roles import PARTS, Cast, Party
from adapters.single_window_mock.stories import STORIES
from chain.errors import MalformedMessage
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.records import sign_record
from chain.sdjwt import SignedRecord
from tests.adapters.formats.customs import test_dec, test_dec_mod, writing
from tests.adapters.formats.logistics import test_later_formats
from tests.record_numbers import jti_of
from tests.samples import REPOSITORY

SAMPLE_BYTES_MAX = 64 * 1024
"""Longer samples are schemas or recordings, no messages."""
KEY = SigningKey.generate()
UCR = Ucr.parse(Ucr.EXAMPLE)


@lru_cache(maxsize=1)
def _all() -> tuple[bytes, ...]:
    return tuple(dict.fromkeys([*_samples(), *_written(), *_golden(), *_told()]))


@lru_cache(maxsize=4)
def messages(form: Form) -> tuple[bytes, ...]:
    """Every message of that form, each once, in an order that does not change."""
    return tuple(message for message in _all() if find_form(message) is form)


@lru_cache(maxsize=1)
def records() -> tuple[SignedRecord, ...]:
    """One signed record of each type that the messages become, and of as many shapes as there are kinds of message."""
    found: dict[tuple[str, str], SignedRecord] = {}
    for message in _all():
        try:
            read = read_message(message)
        except MalformedMessage:
            continue
        for entity in read.entities[:1]:
            if entity.record is not None and (read.kind, entity.record.TYPE) not in found:
                record = entity.record.for_ucrs([UCR])
                found[read.kind, entity.record.TYPE] = sign_record(
                    record, key=KEY, iss="91110000100000001W", consortium="ab" * 32, iat=1, jti=jti_of(str(len(found)))
                )
    return tuple(found.values())


def _samples() -> list[bytes]:
    folder = REPOSITORY.parent / "shared" / "samples"
    kinds = ("ceb/messages", "wco", "ubl", "dcsa", "edifact", "epcis", "onerecord")
    files = sorted(path for kind in kinds for path in (folder / kind).rglob("*") if path.is_file())
    return [path.read_bytes() for path in files if path.stat().st_size <= SAMPLE_BYTES_MAX]


def _written() -> list[bytes]:
    ceb = [writing.message(number, lines=3) for number in sorted(writing.LAYOUTS) if writing.LAYOUTS[number].lines]
    ceb += [writing.message(number) for number in sorted(writing.LAYOUTS)]
    result = test_dec.RESULT.format(channel="P").encode()
    dec = [test_dec.IMPORT, test_dec.EXPORT, test_dec.wrapped(test_dec.IMPORT), test_dec.enveloped(test_dec.EXPORT)]
    dec += [result, test_dec.enveloped(result), b"<DEC_DATA>" + test_dec.body_of(result) * 2 + b"</DEC_DATA>"]
    dec += [test_dec_mod.form(), test_dec_mod.form("2", items="")]
    manifest = test_later_formats.MANIFEST.format(function=9).encode()
    moves = [test_later_formats.COARRI, test_later_formats.COARRI.replace(b"COARRI", b"CODECO").replace(b"+44", b"+34")]
    return [*ceb, *dec, manifest, *moves, json.dumps(test_later_formats.EPCIS).encode()]


def _golden() -> list[bytes]:
    files = sorted((REPOSITORY / "adapters" / "formats").glob("*/samples/*"))
    return [path.read_bytes() for path in files]


def _told() -> list[bytes]:
    random = numbers.seeded("cast")
    cast = Cast(**{part: Party(numbers.uscc(random), numbers.digits(random, 10), part) for part in PARTS})
    started = datetime(2026, 3, 2, 1, tzinfo=UTC)
    return [message.body for name in sorted(STORIES) for message in STORIES[name](cast, 1, started).messages]
