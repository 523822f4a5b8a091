"""Nothing false passes and nothing true fails: each vector gets its verdict, from the check that must see the fault."""

from __future__ import annotations

import pytest

from chain.verify import Outcome, Verdict, verify_file
from chain.verify.context import Demand
from tests.catalogue import VECTORS, Vector
from tests.fakes.ledger_simulator import OTHER_UCR, Consortium
from tests.record_numbers import jti_of

SUBJECTS_ALONE = (Verdict.CONTESTED, Verdict.COMPROMISED, Verdict.REVOKED_SINCE, Verdict.AMENDED)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_vector_gets_its_verdict_from_the_check_that_sees_its_fault(vector: Vector) -> None:
    said, trust_root, *question = vector.make()
    report = verify_file(said, trust_root, *question)
    outcomes = {answer.number: answer.outcome for answer in report.answers}
    faults = [number for number in sorted(outcomes) if outcomes[number] in (Outcome.FAIL, Outcome.ERROR)]
    assert report.verdict is vector.verdict, [a for a in report.answers if a.outcome is not Outcome.PASS]
    assert Outcome.ERROR not in outcomes.values()
    if vector.check is None:
        assert not faults
    else:
        assert outcomes[vector.check] in (Outcome.FAIL, Outcome.SKIPPED)
        assert faults in ([], [vector.check])
        if vector.verdict.is_refuted or vector.verdict in SUBJECTS_ALONE:
            assert faults == [vector.check]
    assert (report.receipts[0].fate if report.receipts else None) is vector.fate
    if not vector.verdict.is_refuted:
        assert sum(one.not_counted is not None for one in report.records) == vector.not_counted


def test_two_amendments_of_one_record_are_told_and_the_later_is_the_newest() -> None:
    said, trust_root, *_ = VECTORS["consignment_with_two_amendments_of_one_record_true"].make()
    report = verify_file(said, trust_root)
    declaration, _, first, second = report.records
    assert declaration.amended_by == second.record_id
    assert any(first.record_id in one.en and second.record_id in one.en for one in report.remarks)


def test_coverage_is_told_by_the_first_batch_uncovered_and_not_by_the_block_of_the_last_vote() -> None:
    said, trust_root, question = VECTORS["as_of_the_last_covered_block_true"].make()
    assert isinstance(question, Demand) and question.as_of is not None
    report, as_of = verify_file(said, trust_root, question), question.as_of
    assert report.is_complete
    assert report.covered_until_block == as_of
    assert report.checkpoint_block is not None
    assert report.checkpoint_block > as_of


def test_which_of_two_records_counts_does_not_depend_on_which_of_repeated_places_is_shown() -> None:
    it = Consortium()
    one, other = it.record(jti=jti_of("7")), it.record(jti=jti_of("7"))
    under_old = it.entries_of(other)
    it.begin_epoch(1)
    under_new = it.entries_of(one)
    it.anchor(it.record(ucrs=(OTHER_UCR,)))
    it.anchor_entries([*under_new, *under_old, *under_new])
    it.checkpoint()
    counted = set()
    for position in (0, 2):
        it.places[under_new[0]] = (1, position)
        report = verify_file(it.consignment_bundle().format(), it.trust_root())
        assert report.verdict is Verdict.VALID
        counted.add(next(standing.record_id for standing in report.records if standing.not_counted is None))
    assert len(counted) == 1
