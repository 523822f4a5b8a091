"""After ten years of yearly rotation, of members that left and of roles that were lost, what was said stays VALID."""

from __future__ import annotations

import pytest

from chain.keys import SigningKey
from chain.members import KeyState, MemberState, Role
from chain.sdjwt import SignedRecord
from chain.verify import Report, Verdict, verify_file
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, UCR, Consortium

YEARS = 10
BLOCKS_A_YEAR = 3_155_760
"""A block every ten seconds."""


def verified(it: Consortium, content: bytes) -> Report:
    return verify_file(content, it.trust_root())


def rotate(it: Consortium, year: int, uscc: str = BROKER) -> None:
    """A new key is added, a block later the old one is retired."""
    old, new = it.keys[uscc], SigningKey.generate()
    it.keys[f"{uscc} {year}"] = old
    it.set_key(uscc, KeyState.ACTIVE, key=new)
    it.block += 1
    it.set_key(uscc, KeyState.RETIRED, key=old)
    it.keys[uscc] = new
    it.block += BLOCKS_A_YEAR


@pytest.fixture(scope="module")
def decade() -> tuple[Consortium, list[SignedRecord]]:
    """A broker that declares once a year, each year by another key; customs answers by one key all along."""
    it = Consortium()
    declarations: list[SignedRecord] = []
    for year in range(YEARS):
        declaration = it.record(ucrs=(UCR,))
        declarations.append(declaration)
        it.anchor(declaration, it.record(CUSTOMS, vct="customs.status"))
        rotate(it, year)
    it.checkpoint()
    return it, declarations


def test_every_record_of_ten_years_of_rotation_is_valid_by_itself(
    decade: tuple[Consortium, list[SignedRecord]],
) -> None:
    it, declarations = decade
    assert len({declaration.kid for declaration in declarations}) == YEARS
    for declaration in declarations:
        report = verified(it, it.record_bundle(declaration).format())
        assert report.verdict is Verdict.VALID, [answer for answer in report.answers if answer.reasons]
        assert all(not record.since for record in report.records), "ordinary rotation is nothing to tell"


def test_the_consignment_of_ten_years_of_rotation_is_valid_and_counts_every_record(
    decade: tuple[Consortium, list[SignedRecord]],
) -> None:
    it, _ = decade
    report = verified(it, it.consignment_bundle().format())
    assert report.verdict is Verdict.VALID
    assert [record.not_counted for record in report.records] == [None] * (2 * YEARS)


def test_a_record_by_a_key_that_was_retired_before_does_not_count(
    decade: tuple[Consortium, list[SignedRecord]],
) -> None:
    it = Consortium()
    honest = it.record()
    it.anchor(honest)
    rotate(it, 0)
    it.anchor(it.record(key=it.keys[f"{BROKER} 0"]))
    it.checkpoint()
    report = verified(it, it.consignment_bundle().format())
    assert report.verdict is Verdict.VALID
    assert [record.not_counted is None for record in report.records] == [True, False]


@pytest.mark.parametrize(
    ("state", "roles"),
    [
        (MemberState.EXPELLED, Role.BROKER),
        (MemberState.SUSPENDED, Role.BROKER),
        (MemberState.ACTIVE, Role.CARRIER),
        (MemberState.ACTIVE, Role(0)),
    ],
    ids=["expelled", "suspended", "another role", "no role"],
)
def test_what_a_member_said_before_it_left_or_lost_its_role_stays_good(state: MemberState, roles: Role) -> None:
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration, it.record(CUSTOMS, vct="customs.status"))
    it.checkpoint()
    for year in range(YEARS):
        it.block += BLOCKS_A_YEAR
        it.set_member(BROKER, state if year % 2 == 0 else MemberState.ACTIVE, roles)
        it.block += 1
    for bundle in (it.record_bundle(declaration), it.consignment_bundle()):
        report = verified(it, bundle.format())
        assert report.verdict is Verdict.VALID, [answer for answer in report.answers if answer.reasons]
        assert all(record.not_counted is None for record in report.records)


def test_what_a_member_says_after_it_lost_its_role_does_not_count() -> None:
    it = Consortium()
    it.anchor(it.record())
    it.set_member(BROKER, MemberState.ACTIVE, Role.CARRIER)
    it.block += BLOCKS_A_YEAR
    it.anchor(it.record())
    it.checkpoint()
    report = verified(it, it.consignment_bundle().format())
    assert report.verdict is Verdict.VALID
    assert [record.not_counted is None for record in report.records] == [True, False]
