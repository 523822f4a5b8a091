"""What a record is found by is the same, whether read from the text of its disclosures or from its sections."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.keys import SigningKey
from chain.lifecycle import RecordState
from chain.records import RECORD_TYPES, Record, parse_record, sign_record
from chain.records.fastpath import parse_signed
from gateway.access.records import HeldRecord
from gateway.search_index.extract import HEADS, extract, extract_shown, references_of
from gateway.search_index.facts import facts_of, findable
from tests.record_numbers import jti_of
from tests.strategies import records

KEY = SigningKey.generate()


@pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=RECORD_TYPES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_an_extract_is_the_same_from_text_and_from_sections(record_type: type[Record], data: st.DataObject) -> None:
    record = data.draw(records(record_type))
    signed = sign_record(record, key=KEY, iss="91110000600037341L", consortium="ab" * 32, iat=1, jti=jti_of("a"))
    read = parse_signed(signed.serialize())
    held = HeldRecord(signed, RecordState.ACCEPTED)
    rows = references_of(read, parse_record(read))
    assert rows == [(*one.key, one.on) for one in record.references]
    shown = extract_shown(held)
    if read.fits_model:
        found = extract(read, frozenset([one[:3] for one in rows]))
        assert (found.keys, found.heads) == (shown.keys, shown.heads)
        assert (list(found.parties), list(found.items)) == (list(shown.parties), list(shown.items))
    at_once, step_by_step = findable(read, parse_record(read)), findable(signed, record)
    assert at_once == step_by_step
    if at_once is not None and len(at_once.goods) < 20:
        assert set(at_once.all_facts()) == facts_of(held)


def test_the_sections_of_an_extract_are_sections_of_records() -> None:
    names = {name for record_type in RECORD_TYPES.values() for name in record_type.model_fields}
    assert names.issuperset(HEADS)
