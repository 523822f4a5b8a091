"""The door of the fast readers: the plain twins behind it give the same, and nothing fast runs beside them."""

from __future__ import annotations

import pytest

from chain.errors import Malformed
from chain.keys import KeyAlgorithm, SigningKey
from chain.records import parse_record, sign_record
from chain.records.fastpath import lazy_record, parse_signed, plain_readers, read_texts, reader
from tests.gateway.query import consortium
from tests.record_numbers import jti_of

KEY = SigningKey.generate(KeyAlgorithm.ES256)


def signed_text() -> str:
    record = consortium.declaration("010120261000000779").model_copy(update={"ucr": (consortium.UCR,)})
    signed = sign_record(
        record, key=KEY, iss=consortium.TRADER.uscc, consortium="ab" * 32, iat=1_800_000_000, jti=jti_of("door")
    )
    return signed.serialize()


def test_both_readers_give_the_same_record() -> None:
    text = signed_text()
    fast = parse_signed(text)
    with plain_readers():
        plain = parse_signed(text)
        assert parse_record(plain) == parse_record(fast)
    assert fast.fits_model and not plain.fits_model
    assert plain == fast and plain.serialize() == fast.serialize() == text


def test_within_the_block_no_fast_reader_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = signed_text()

    def fail(*_: object) -> object:
        raise AssertionError("a fast reader ran")

    fast = parse_signed(text)
    monkeypatch.setattr(reader, "_read_at_once", fail)
    monkeypatch.setattr(lazy_record, "_unread_type", fail)
    with plain_readers():
        assert parse_record(parse_signed(text)) == parse_record(fast)
    with pytest.raises(AssertionError, match="a fast reader ran"):
        parse_signed(text)


def test_the_door_is_fast_again_after_a_fault_in_the_block() -> None:
    text = signed_text()
    with pytest.raises(Malformed), plain_readers():
        parse_signed(text[:-3])
    assert parse_signed(text).fits_model


def test_texts_are_read_alike() -> None:
    texts = [b'["salt",{"a":1}]', '["salt","中"]'.encode()]
    with plain_readers():
        plain = read_texts(texts)
    assert plain == read_texts(texts) == [["salt", {"a": 1}], ["salt", "中"]]
