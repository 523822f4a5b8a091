"""A declaration whose parts are checked together is the one of parts checked one by one, and so is its refusal."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.formats.ceb import declaration
from tests.adapters.formats.customs.test_plain_messages import answer
from tests.adapters.formats.customs.writing import LAYOUTS, ceb, entity

ODD = (
    *("20260230", "20260230250000", "0", "0.00001", "99999999999999.99999", "999999999999999", "x" * 64, "x" * 256),
    *("I", "E", "3", "999", "ZZZ", "CN", "142", "0000000000", "9617009000", "无", "　", "a\tb", "\u0600", "-1", "1.5"),
    *("999999999", "1000", "20991231235959", "19000101"),
)
FIELDS = {
    number: ([row.name for row in LAYOUTS[number].fields.rows], [row.name for row in LAYOUTS[number].lines.rows])
    for number in ("621", "603")
    if LAYOUTS[number].lines is not None
}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.sampled_from(sorted(FIELDS)), data=st.data())
def test_parts_checked_together_are_judged_as_one_by_one(number: str, data: st.DataObject) -> None:
    head, line = FIELDS[number]
    odd = st.sampled_from(ODD)
    changed = data.draw(st.dictionaries(st.sampled_from(head), odd, max_size=3))
    body = ceb(
        number, [entity(number, 2, data.draw(st.dictionaries(st.sampled_from(line), odd, max_size=3)), **changed)]
    )
    together = answer(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(declaration, "_members", declaration._model)
        assert answer(body) == together
