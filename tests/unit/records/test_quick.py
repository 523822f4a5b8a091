"""Reading at once: what it leaves to the models, and that what it makes behaves as an ordinary record."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import AfterValidator

from chain.errors import MalformedRecord
from chain.keys import SigningKey
from chain.records import Record, get_record_type, parse_record, sign_record
from chain.records.grammar import STRING_BYTES_MAX, grammars
from chain.records.quick import parse_signed
from chain.records.scalars import Many, Text
from chain.sdjwt import SignedRecord
from tests.properties.records.test_at_once import signed_again, texts_of

KEY = SigningKey.generate()
SECTIONS: dict[str, Any] = {
    "ucr": ["6CN91110000600037341L-1", "6CN91110000600037341L-2"],
    "references": [[{"kind": "order", "value": "TG1", "on": "2026-01-05"}]],
    "declaration": [{"own_number": "BG1", "office": {"system": "cn-customs-office", "value": "0101"}}],
    "parties": [[{"role": "agent", "name": "示范报关行", "uscc": "91110000600037341L"}]],
    "goods_items": [{"ordinal": 1, "name": "面霜", "quantity": {"value": "2.00000", "unit": "H87"}}],
    "valuation": [{"freight": {"mark": "total", "amount": {"value": "20.00", "currency": "CNY"}}}],
}
MODEL = get_record_type("customs.declaration")
SIGNED = sign_record(
    MODEL.from_sections(SECTIONS), key=KEY, iss="91110000600037341L", consortium="ab" * 32, iat=1, jti="a"
)
BODY = SIGNED.serialize().encode()


def with_change(old: str, new: str) -> bytes:
    """The record signed again with this changed in one of its disclosures."""
    texts = texts_of(SIGNED)
    places = [place for place, text in enumerate(texts) if old.encode() in text]
    texts[places[0]] = texts[places[0]].replace(old.encode(), new.encode(), 1)
    return signed_again(SIGNED, texts)


def test_the_record_is_read_at_once() -> None:
    assert parse_signed(BODY).fits_model


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"own_number"', '{,"own_number"'),
        ('"BG1",', '"BG1",,'),
        ('"BG1",', '"BG1"'),
        ('"BG1"', '"BG1","own_number":"BG1"'),
        ('"91110000600037341L"', '"91110000600037341M"'),
        ('"6CN91110000600037341L-1"', '"6CN91110000600037341L-2"'),
        ('"6CN91110000600037341L-1"', '"6CN91110000600037341M-1"'),
        ('"2026-01-05"', '"2026-02-30"'),
        ('"mark":"total"', '"mark":"rate"'),
        ('"amount":', '"rate":"0.130000","amount":'),
        ('"ordinal":1', '"ordinal":0'),
        ('"ordinal":1', '"ordinal":1000'),
        ('"ordinal":1', '"ordinal":1.0'),
        ('"2.00000"', '"02.00000"'),
        ('"H87"', '"h87"'),
        ('"role":"agent"', '"role":"nobody"'),
        ('"TG1"', '"TG\u202e1"'),
        ('"TG1"', '"TG\x7f1"'),
        ('"TG1"', '""'),
        ('"TG1"', f'"{"T" * 257}"'),
        ('"TG1"', f'"{"中" * 257}"'),
        ('"BG1"', '"BG1","_sd":[]'),
        ('"kind":"order",', ""),
    ],
)
def test_what_the_model_refuses_is_refused(old: str, new: str) -> None:
    with pytest.raises(MalformedRecord):
        parse_record(parse_signed(with_change(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"2026-01-05"', '"2024-02-29"'),
        ('"TG1"', f'"{"中" * 256}"'),
        ('"面霜"', f'"{"霜" * 4_000}"'),
        ('"面霜"', '"a{"'),
        ('"BG1"', '"a{"'),
        ('"BG1"', '"{,"'),
        ('"TG1"', '"\\""'),
        ('"own_number":"BG1"', '"own_number":null'),
        ('{"ordinal":1,', '{ "ordinal":1,'),
    ],
)
def test_what_the_grammar_cannot_tell_is_left_to_the_model(old: str, new: str) -> None:
    body = with_change(old, new)
    plain = SignedRecord.parse(body)
    assert parse_signed(body) == plain
    assert parse_record(parse_signed(body)) == parse_record(plain)


def test_a_line_of_the_longest_string_is_read_at_once_and_a_longer_one_is_not() -> None:
    assert parse_signed(with_change('"面霜"', f'"{"a" * STRING_BYTES_MAX}"')).fits_model
    assert not parse_signed(with_change('"面霜"', f'"{"a" * (STRING_BYTES_MAX + 1)}"')).fits_model


def test_a_rule_that_the_grammar_does_not_know_is_never_passed_over() -> None:
    class Ruled(Record):
        TYPE: ClassVar[str] = "customs.request"
        head: Annotated[Text, AfterValidator(str.strip)]
        lists: Many[Text] = ()

    found = grammars(Ruled)
    assert "lists" in found
    assert "head" not in found


def test_what_withholds_a_section_no_longer_counts_as_proved() -> None:
    signed = parse_signed(BODY)
    assert not signed.with_sections(signed.sections).fits_model
    with pytest.raises(MalformedRecord, match="fully disclosed"):
        parse_record(signed.with_sections(["ucr"]))


def test_a_section_is_made_when_it_is_asked_for_and_once() -> None:
    record = parse_record(parse_signed(BODY))
    assert record.references is record.references
    assert record.references[0].value == "TG1"
    assert record.remarks == ()
    assert isinstance(record, MODEL)


WAYS: dict[str, Callable[[Any], Any]] = {
    "compared": lambda record: record == parse_record(SIGNED) and parse_record(SIGNED) == record,
    "hashed": hash,
    "printed": repr,
    "written": lambda record: record.to_sections(),
    "dumped": lambda record: record.model_dump_json(),
    "copied": copy.copy,
    "copied deep": copy.deepcopy,
    "pickled": lambda record: pickle.loads(pickle.dumps(record)),  # noqa: S301  our own
    "told of others": lambda record: record.for_ucrs(record.ucr[:1]),
    "iterated": dict,
    "asked what was said": lambda record: record.model_fields_set,
    "asked for a member that there is not": lambda record: getattr(record, "nothing", "absent"),
    "read in part, then compared": lambda record: (record.parties, record == parse_record(SIGNED)),
    "classed": lambda record: (record == record, type(record))[1],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_record_read_late_is_as_an_ordinary_one(way: str) -> None:
    assert WAYS[way](parse_record(parse_signed(BODY))) == WAYS[way](parse_record(SIGNED))


def test_what_was_handed_out_stays_when_the_whole_is_read() -> None:
    record = parse_record(parse_signed(BODY))
    references = record.references
    assert record == parse_record(SIGNED)
    assert record.references is references
    assert list(vars(record)) == list(MODEL.model_fields)
