"""A record comes back from its signed form as it went in, whole or in part."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chain.encoding import Json
from chain.identifiers import Ucr
from chain.keys import JOSE_NAME, SigningKey
from chain.members import KeyAlgorithm
from chain.records import RECORD_TYPES, Record, parse_record, sign_record
from chain.sdjwt import WITHHELD, SignedRecord, issue
from tests.record_numbers import jti_of
from tests.strategies import json_values, parts, records, ucrs

KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in KeyAlgorithm}
ISSUER = "91110000600037341L"
CONSORTIUM = "ab" * 32


@pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=RECORD_TYPES)
@settings(max_examples=15, deadline=None)
@given(data=st.data(), algorithm=st.sampled_from(list(JOSE_NAME)))
def test_a_record_comes_back_from_its_sd_jwt_as_it_was(
    record_type: type[Record], data: st.DataObject, algorithm: KeyAlgorithm
) -> None:
    record = data.draw(records(record_type))
    signed = sign_record(record, key=KEYS[algorithm], iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a"))
    read = SignedRecord.parse(signed.serialize())
    assert read == signed
    assert read.verify(KEYS[algorithm].public)
    assert parse_record(read) == record


@settings(max_examples=60, deadline=None)
@given(record=records(), names=st.sets(st.sampled_from(["ucr", "references", "goods_items", "parties", "status"])))
def test_withholding_sections_keeps_identity_and_signature(record: Record, names: set[str]) -> None:
    key = KEYS[KeyAlgorithm.ES256]
    signed = sign_record(record, key=key, iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a"))
    shown = SignedRecord.parse(signed.with_sections(names).serialize())
    assert (shown.record_id, shown.sections) == (signed.record_id, signed.sections)
    assert shown.verify(key.public)
    for name, elements in shown.disclosed().items():
        kept = name in names
        assert all((value is not WITHHELD) == kept for _, value in elements)
        assert shown.section(name) == (signed.section(name) if kept else ())


@settings(max_examples=100, deadline=None)
@given(
    sections=st.dictionaries(
        st.from_regex(r"[a-z]{5,12}", fullmatch=True), json_values().map(lambda v: [v]), max_size=5
    )
)
def test_any_json_value_is_disclosed_as_it_was(sections: dict[str, list[Json]]) -> None:
    said = {"ucr": ["6CN91110000600037341L-1"], **sections}
    signed = issue(
        said,  # type: ignore[arg-type]
        vct="audit.finding",
        iss=ISSUER,
        consortium=CONSORTIUM,
        iat=0,
        jti=jti_of("j"),
        key=KEYS[KeyAlgorithm.ES256],
    )
    read = SignedRecord.parse(signed.serialize())
    assert {name: list(read.section(name)) for name in read.sections} == said


@settings(max_examples=200, deadline=None)
@given(text=st.text() | st.binary())
def test_any_bytes_are_a_record_or_malformed(text: str | bytes) -> None:
    from chain.errors import MalformedRecord

    with pytest.raises(MalformedRecord):
        SignedRecord.parse(text)


@settings(max_examples=150, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), other=st.sampled_from("AZaz09-_.~ \x00="))
def test_a_record_with_one_character_changed_is_malformed_or_does_not_verify_or_says_the_same(
    share: float, other: str
) -> None:
    from chain.errors import MalformedRecord

    # The text's salts and signature are new each time: what is drawn must not depend on them.
    key = KEYS[KeyAlgorithm.ES256]
    text = sign_record(SMALL, key=key, iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a")).serialize()
    at = int(share * len(text))
    assume(text[at] != other)
    try:
        read = SignedRecord.parse(text[:at] + other + text[at + 1 :])
    except MalformedRecord:
        return
    assert not read.verify(key.public) or not read.is_fully_disclosed()


@settings(max_examples=50, deadline=None)
@given(record=st.sampled_from(list(RECORD_TYPES.values())).flatmap(parts), named=st.lists(ucrs(), max_size=4))
def test_for_ucrs_names_each_consignment_once_and_changes_nothing_else(record: Record, named: list[Ucr]) -> None:
    told = record.for_ucrs(named)
    assert told.ucr == tuple(dict.fromkeys(named))
    assert told.for_ucrs(record.ucr) == record


SMALL = RECORD_TYPES["logistics.event"].from_sections(
    {
        "ucr": ["6CN91110000600037341L-1"],
        "event": [
            {
                "code": {"system": "dcsa-equipment-event", "value": "GTIN"},
                "happened": {"utc": "2026-11-23T01:02:03Z", "said": "2026-11-23T09:02:03+08:00"},
            }
        ],
    }
)
