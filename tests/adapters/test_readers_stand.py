"""Each reader against changed messages for a moment, and each case that longer runs found.

`python -m tests.fuzzing READER --seconds 600` is the longer run.
"""

from __future__ import annotations

import json
from random import Random

import pytest

from adapters.registry import read_message
from chain.errors import FIELD_CHARS_MAX, Malformed, MalformedMessage, MalformedRecord
from chain.records import parse_record, sign_record
from chain.records.fastpath import parse_signed
from tests.chain.records.properties.test_round_trip import CONSORTIUM, ISSUER, SMALL
from tests.fuzzing.corpus import KEY, records
from tests.fuzzing.signed import said_as
from tests.fuzzing.watch import READERS, next_input, watched
from tests.record_numbers import jti_of

INPUTS = 250
READ = dict.fromkeys(READERS, "read") | {"http": "200 ", "json-rpc": "answered"}
"""Reader -> how it ends where it takes a message; doors of the gateway and the node answer in HTTP."""


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_keeps_its_promises_for_changed_messages(reader: str) -> None:
    random = Random(reader)
    outcomes = [watched(reader, next_input(reader, random)) for _ in range(INPUTS)]
    assert {outcome.end for outcome in outcomes if outcome.found} == set()
    assert READ[reader] in {outcome.end for outcome in outcomes}


def test_the_records_that_are_changed_are_of_every_type_that_a_message_becomes() -> None:
    assert {record.vct.partition(".")[0] for record in records()} == {"customs", "logistics", "trade", "tax"}
    assert len({record.vct for record in records()}) >= 11


@pytest.mark.parametrize(
    "message",
    [
        "<\u0090a><b></c>".encode(),
        b"<a\x7f><b></\x7f>",
        b"<CEB311Message xmlns='urn:x' Inv\x06h='1'",
        json.dumps({"@id": "x", "\u202e": 1, "@type": "cargo:Waybill"}, ensure_ascii=False).encode(),
    ],
)
def test_found_a_refusal_never_repeats_what_steers_a_terminal(message: bytes) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(message)
    assert all(str(fault).isprintable() for fault in refused.value.faults)


def test_found_a_refused_member_of_a_record_is_shown_without_its_marks() -> None:
    signed = sign_record(SMALL, key=KEY, iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a"))
    odd = said_as(signed, 0, [signed.disclosures[0].salt, {"\u202e": 1}])
    with pytest.raises(MalformedRecord) as refused:
        parse_record(parse_signed(odd))
    assert str(refused.value).isprintable()


def test_found_a_fields_place_is_cut_however_long_its_name() -> None:
    assert len(Malformed("n" * 100_000, "must be there").field) == FIELD_CHARS_MAX
