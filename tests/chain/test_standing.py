"""Standing is a closure: it does not depend on arrival, is never taken away, and outsiders change nothing in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.mandates import MandateTerms, MandateText
from chain.standing import NAMED_MAX, Namer, Standing, StandingRecord, close_standing, owner_of

OWNER = "91110000600037341L"
UCR = f"6CN{OWNER}-0001"
BROKER, CARRIER, TERMINAL, BANK, CUSTOMS, OPERATOR = "broker", "carrier", "terminal", "bank", "customs", "operator"
COLLUDERS = [f"colluder-{place}" for place in range(5)]


def said(issuer: str, place: int, *names: str, kind: str = "logistics.event", **more: object) -> StandingRecord:
    return replace(StandingRecord(f"{issuer}@{place}", issuer, kind, (0, place), names), **more)  # type: ignore[arg-type]


def closed(*statements: StandingRecord, records_max: int = 1_000) -> Standing:
    return close_standing(
        UCR,
        [replace(statement, records_max=records_max) for statement in statements],
        is_competent=lambda record, offices: record.issuer == CUSTOMS and "0101" in offices,
    )


def test_the_owner_is_the_company_in_the_ucr() -> None:
    assert owner_of(UCR) == OWNER
    assert owner_of("6GB123456789000-1") is None
    assert owner_of("nonsense") is None
    assert closed(said(OWNER, 0)).counted == {f"{OWNER}@0"}


def test_what_a_member_says_of_itself_gives_nothing() -> None:
    standing = closed(said(OWNER, 0), said(BROKER, 1, BROKER, OWNER))
    assert not standing.has(BROKER)
    assert standing.counted == {f"{OWNER}@0"}


def test_a_record_from_before_its_sayer_was_named_counts_once_it_is() -> None:
    early = said(CARRIER, 0)
    assert closed(early).counted == frozenset()
    assert closed(early, said(OWNER, 1, CARRIER)).counted == {early.record_id, f"{OWNER}@1"}


def test_whom_the_owner_names_names_others_and_those_name_nobody() -> None:
    standing = closed(said(OWNER, 0, BROKER), said(BROKER, 1, CARRIER), said(CARRIER, 2, TERMINAL))
    assert standing.namers_of(BROKER) == {Namer.OWNER}
    assert standing.namers_of(CARRIER) == {Namer.MEMBER}
    assert not standing.has(TERMINAL)


def test_a_named_member_names_sixteen_the_first_in_chain_order() -> None:
    wanted = [f"member-{place:02d}" for place in range(NAMED_MAX + 3)]
    records = [said(BROKER, 1 + place, member) for place, member in enumerate(wanted)]
    standing = closed(said(OWNER, 0, BROKER), *reversed(records))
    assert [member for member in wanted if standing.has(member)] == wanted[:NAMED_MAX]
    assert closed(*(said(OWNER, place, member) for place, member in enumerate(wanted))).has(wanted[-1]), "owners do not"


def test_naming_itself_or_one_member_again_uses_nothing_up() -> None:
    names = [f"member-{place:02d}" for place in range(NAMED_MAX)]
    standing = closed(said(OWNER, 0, BROKER), said(BROKER, 1, BROKER, *names[:8], *names[:8]), said(BROKER, 2, *names))
    assert all(map(standing.has, names))


def test_one_that_is_named_already_or_is_the_owner_is_one_of_the_sixteen() -> None:
    names = [f"member-{place:02d}" for place in range(NAMED_MAX - 1)]
    standing = closed(said(OWNER, 0, BROKER, names[0]), said(BROKER, 1, OWNER, *names, CARRIER))
    assert all(map(standing.has, names))
    assert not standing.has(CARRIER)


@pytest.mark.parametrize("kind", ["audit.finding", "audit.disposition", "customs.request"])
def test_types_that_name_nobody(kind: str) -> None:
    assert not closed(said(OWNER, 0, CARRIER, kind=kind)).has(CARRIER)


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("customs.status", True), ("tax.assessment", True), ("audit.finding", True), ("trade.order", False)],
)
def test_an_authority_that_nobody_named_counts_for_its_own_types(kind: str, counts: bool) -> None:
    record = said("tax office", 0, CARRIER, kind=kind, by_authority=True)
    standing = closed(record)
    assert (record.record_id in standing.counted) == counts
    assert not standing.has("tax office")
    assert not standing.has(CARRIER)


def test_customs_names_where_it_is_competent_for_an_office_that_the_set_says() -> None:
    status = said(CUSTOMS, 1, TERMINAL, kind="customs.status", by_authority=True)
    assert not closed(status).has(TERMINAL)
    assert not closed(status, said(CARRIER, 2, offices=("0101",))).has(TERMINAL), "an outsider's office"
    declared = closed(status, said(OWNER, 2, BROKER), said(BROKER, 3, offices=("0101",), kind="customs.declaration"))
    assert declared.namers_of(TERMINAL) == {Namer.CUSTOMS}
    assert not closed(status, said(OWNER, 2, offices=("0202",))).has(TERMINAL)


def test_an_operator_is_heard_with_the_record_made_for_naming_alone() -> None:
    parties = said(OPERATOR, 0, CARRIER, kind="trade.parties", by_operator=True, by_authority=True)
    assert closed(parties).namers_of(CARRIER) == {Namer.OPERATOR}
    assert closed(parties).counted == {parties.record_id}
    other = said(OPERATOR, 0, CARRIER, by_operator=True, by_authority=True)
    assert not closed(other).has(CARRIER)
    assert not closed(replace(parties, by_operator=False)).has(CARRIER)
    assert not closed(replace(parties, by_authority=False)).has(CARRIER), "a verifier could not enumerate it"


def test_a_mandated_broker_names_freely() -> None:
    names = [f"member-{place:02d}" for place in range(NAMED_MAX + 1)]
    sides = mandate_sides(OWNER, BROKER)
    naming = said(BROKER, 9, *names, block=9, day="2026-06-01")
    assert all(closed(*sides, naming).namers_of(member) == {Namer.BROKER} for member in names)
    assert closed(sides[0], naming).namers_of(names[-1]) == set(), "the broker never confirmed"
    assert closed(sides[1], naming).namings == {}, "the owner never offered"


def mandate_sides(principal: str, agent: str, block: int = 2) -> tuple[StandingRecord, StandingRecord]:
    """Offer of the principal in block 1 and confirmation of the agent, for the year 2026."""
    terms = MandateTerms(principal, agent, "2026-01-01", "2026-12-31")
    offer = said(principal, 1, agent, kind="trade.mandate", block=1, mandate=MandateText(terms, None))
    answer = MandateText(terms, offer.record_id)
    return offer, said(agent, 2, principal, kind="trade.mandate", block=block, mandate=answer)


def test_more_records_than_one_issuer_may_say_do_not_count() -> None:
    records = [said(CARRIER, place) for place in range(5)]
    standing = closed(said(OWNER, 9, CARRIER), *records, records_max=3)
    assert standing.counted == {f"{OWNER}@9", *(one.record_id for one in records[:3])}
    assert standing.beyond == {one.record_id for one in records[3:]}


def test_the_limit_is_that_of_each_records_block() -> None:
    early, late = said(CARRIER, 1), replace(said(CARRIER, 2), records_max=1)
    standing = close_standing(UCR, [said(OWNER, 0, CARRIER), early, late], is_competent=lambda *_: False)
    assert standing.beyond == {late.record_id}
    assert close_standing(
        UCR, [said(OWNER, 0, CARRIER), early, replace(late, records_max=2)], is_competent=lambda *_: False
    ).counted >= {early.record_id, late.record_id}


def test_customs_is_competent_by_the_block_of_its_record() -> None:
    status = [replace(said(CUSTOMS, place, who, kind="customs.status", by_authority=True), block=place) for place, who
              in ((1, TERMINAL), (5, BANK))]  # fmt: skip
    standing = close_standing(UCR, status, is_competent=lambda record, _: record.block > 3)
    assert not standing.has(TERMINAL)
    assert standing.has(BANK)


@pytest.mark.parametrize("count", [2_500])
def test_five_colluders_with_thousands_of_records_change_nothing(count: int) -> None:
    records = [
        said(OWNER, 10_000, BROKER, CARRIER),
        said(CARRIER, 10_001, TERMINAL, kind="logistics.transport_document"),
        said(BROKER, 10_002, OWNER, offices=("0101",), kind="customs.declaration"),
        said(CUSTOMS, 10_003, kind="customs.status", by_authority=True),
        said(TERMINAL, 10_004),
    ]
    everybody = (*COLLUDERS, OWNER, BROKER, CARRIER)
    collusion = [
        said(COLLUDERS[place % 5], place * 9, *everybody, kind=("customs.declaration", "trade.parties")[place % 2])
        for place in range(count)
    ]
    assert closed(*collusion, *records) == closed(*records)
    assert closed(*records).counted == {record.record_id for record in records}


members = st.sampled_from([OWNER, BROKER, CARRIER, TERMINAL, BANK, CUSTOMS, OPERATOR])
kinds = st.sampled_from(["logistics.event", "customs.status", "customs.request", "trade.parties", "audit.finding"])


@st.composite
def statements(draw: st.DrawFn, issuers: st.SearchStrategy[str] = members, least: int = 0) -> list[StandingRecord]:
    count = draw(st.integers(least, 14))
    return [
        StandingRecord(
            f"r{place}-{draw(st.integers(0, 10**9))}",
            issuer := draw(issuers),
            draw(kinds),
            (draw(st.integers(0, 3)), place),
            tuple(draw(st.lists(members, max_size=3))),
            tuple(draw(st.lists(st.sampled_from(["0101", "0202"]), max_size=1))),
            by_authority=issuer in (CUSTOMS, OPERATOR),
            by_operator=issuer == OPERATOR,
        )
        for place in range(count)
    ]


@settings(max_examples=150, deadline=None)
@given(statements(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(records: list[StandingRecord], random: object) -> None:
    shuffled = [*records]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert closed(*shuffled, records_max=4) == closed(*records, records_max=4)


@settings(max_examples=150, deadline=None)
@given(statements(), statements())
def test_standing_once_given_stays_whatever_is_anchored_later(
    first: list[StandingRecord], more: list[StandingRecord]
) -> None:
    later = [replace(one, record_id=f"later-{one.record_id}", order=(9, *one.order)) for one in more]
    before, after = closed(*first, records_max=4), closed(*first, *later, records_max=4)
    assert before.namings.keys() <= after.namings.keys()
    assert before.counted <= after.counted
    assert all(before.namers_of(member) <= after.namers_of(member) | {Namer.MEMBER} for member in before.namings)


@settings(max_examples=150, deadline=None)
@given(statements(), statements(st.sampled_from(COLLUDERS), 1))
def test_colluders_outside_the_set_change_nothing_whomever_they_name(
    records: list[StandingRecord], collusion: list[StandingRecord]
) -> None:
    outside = [replace(one, record_id=f"x-{one.record_id}", names=(*one.names, *COLLUDERS)) for one in collusion]
    assert closed(*records, *outside, records_max=4) == closed(*records, records_max=4)
