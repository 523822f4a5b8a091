"""One subject's fault is that subject's alone: what a gateway or an issuer did to one record spoils no other."""

from __future__ import annotations

import pytest

from chain.verify import Outcome, verify_file
from chain.verify.context import Demand
from chain.verify.results import Verdict
from tests.catalogue import VECTORS


@pytest.mark.parametrize(
    ("name", "check", "outcome", "verdict"),
    [
        ("subject_filed_elsewhere_beside_a_good_one", 7, Outcome.FAIL, Verdict.INVALID),
        ("subject_not_covered_beside_a_good_one", 13, Outcome.SKIPPED, Verdict.NOT_COVERED),
    ],
)
def test_a_good_record_stays_valid_beside_one_with_a_fault(
    name: str, check: int, outcome: Outcome, verdict: Verdict
) -> None:
    content, root, *_ = VECTORS[name].make()
    report = verify_file(content, root)
    assert sorted(report.verdicts.values()) == [Verdict.VALID, verdict]
    assert report.answers[check - 1].outcome is outcome
    assert report.answers[check - 1].is_of_subjects
    dropped = {standing.record_id for standing in report.records if standing.not_counted is not None}
    assert dropped == {name for name, given in report.verdicts.items() if given is Verdict.INVALID}


def test_whether_one_subject_is_the_newest_is_told_without_the_other() -> None:
    content, root, _ = VECTORS["record_current_with_a_closed_lane"].make()  # type: ignore[misc]
    report = verify_file(content, root, Demand(current=True))
    assert [*report.verdicts.values()] == [Verdict.CANNOT_TELL]
    assert report.answers[10].outcome is Outcome.SKIPPED
    assert report.answers[10].is_of_subjects
