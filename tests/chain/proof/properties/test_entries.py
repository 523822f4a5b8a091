"""A batch's calldata is read as whole entries in order or refused, whatever its length, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.proof.batch import BATCH_ENTRIES_MAX, ENTRY_BYTES, MalformedEntries, split_entries

FULL = BATCH_ENTRIES_MAX * ENTRY_BYTES
NEAR = st.sampled_from([0, ENTRY_BYTES, 2 * ENTRY_BYTES, FULL]).flatmap(
    lambda edge: st.integers(max(0, edge - ENTRY_BYTES - 1), edge + ENTRY_BYTES + 1)
)
LENGTHS = NEAR | st.integers(0, FULL + 3 * ENTRY_BYTES)


@given(length=LENGTHS, seed=st.binary(min_size=1, max_size=97))
@example(length=0, seed=b"\x00")
@example(length=FULL, seed=b"\x01\x02")
@example(length=FULL + ENTRY_BYTES, seed=b"\x00")
@example(length=FULL - 1, seed=b"\xff")
def test_calldata_is_whole_entries_in_order_or_refused(length: int, seed: bytes) -> None:
    calldata = (seed * (length // len(seed) + 1))[:length]
    if length % ENTRY_BYTES or not ENTRY_BYTES <= length <= FULL:
        with pytest.raises(MalformedEntries) as refused:
            split_entries(calldata)
        assert refused.value.field == "entries"
        return
    found = split_entries(calldata)
    assert {len(one) for one in found} == {ENTRY_BYTES}
    assert b"".join(found) == calldata
