"""Nothing false passes and nothing true fails: each vector gets its verdict, from the check that must see the fault."""

from __future__ import annotations

import pytest

from chain.verify import Outcome, Verdict, verify_file
from tests.catalogue import VECTORS, Vector


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_vector_gets_its_verdict_from_the_check_that_sees_its_fault(vector: Vector) -> None:
    said, trust_root, *as_of = vector.make()
    report = verify_file(said, trust_root, *as_of)
    outcomes = {answer.number: answer.outcome for answer in report.answers}
    faults = [number for number in sorted(outcomes) if outcomes[number] in (Outcome.FAIL, Outcome.ERROR)]
    assert report.verdict is vector.verdict, [a for a in report.answers if a.outcome is not Outcome.PASS]
    assert Outcome.ERROR not in outcomes.values()
    if vector.check is None:
        assert not faults
    else:
        assert outcomes[vector.check] in (Outcome.FAIL, Outcome.SKIPPED)
        assert faults in ([], [vector.check])
        if vector.verdict is not Verdict.INCOMPLETE:
            assert faults == [vector.check]
