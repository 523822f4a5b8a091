"""Mandates against a plain model: random offers, confirmations, ends and declarations, block by block."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.mandates import Mandate, MandateTerms, MandateText, beijing_day, find_mandates, read_mandate
from chain.standing import Namer, StandingRecord, close_standing

OWNER, BROKER, OTHER = "91110000600037341L", "91110000100000001W", "91310000100000003G"
UCR = f"6CN{OWNER}-0001"
TERMS = MandateTerms(OWNER, BROKER, "2026-01-01", "2026-12-31")
DAYS = ("2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01")
BLOCKS_MAX = 6


def side(issuer: str, block: int, offer: str | None = None, terms: MandateTerms = TERMS) -> StandingRecord:
    """One side of a mandate, anchored in a block."""
    record_id = f"{issuer}@{block}"
    return StandingRecord(
        record_id,
        issuer,
        "trade.mandate",
        (block,),
        (terms.principal, terms.agent),
        block=block,
        mandate=MandateText(terms, offer),
    )


def end(of: StandingRecord, block: int, *, withdraws: bool = True) -> StandingRecord:
    """What ends a side: its issuer withdraws or amends it."""
    return replace(
        side(of.issuer, block), record_id=f"end@{block}", replaces=of.record_id, withdraws=withdraws, order=(block, 1)
    )


def test_a_mandate_holds_from_the_block_after_the_confirmation_to_the_block_of_its_end() -> None:
    offer = side(OWNER, 1)
    confirmation = side(BROKER, 3, offer.record_id)
    (mandate,) = find_mandates(OWNER, [offer, confirmation, end(offer, 5)])
    held = [block for block in range(1, 8) if mandate.is_in_force(block, "2026-06-01")]
    assert held == [4, 5]
    assert (mandate.since_block, mandate.ended_block, mandate.ended_by) == (3, 5, OWNER)
    assert not mandate.is_in_force(0, "2026-06-01"), "in a block to come it is ended"


@pytest.mark.parametrize(("day", "holds"), [*zip(DAYS, (False, True, True, False), strict=True)])
def test_a_mandate_holds_on_the_days_of_its_period_alone(day: str, holds: bool) -> None:
    (mandate,) = find_mandates(OWNER, [offer := side(OWNER, 1), side(BROKER, 2, offer.record_id)])
    assert mandate.is_in_force(3, day) is holds


def test_the_day_is_that_in_beijing() -> None:
    assert beijing_day(1_767_196_799) == "2025-12-31"
    assert beijing_day(1_767_196_800) == "2026-01-01"
    assert beijing_day(2**40) == ""


def test_a_stranger_a_broker_alone_and_an_owner_alone_make_no_mandate() -> None:
    offer = side(OWNER, 1)
    for statements in (
        [offer],
        [side(BROKER, 1), side(BROKER, 2, f"{BROKER}@1")],
        [offer, side(OTHER, 2, offer.record_id)],
        [offer, side(OWNER, 2, offer.record_id)],
        [offer, side(BROKER, 2, "x" * 43)],
        [offer, side(BROKER, 2, offer.record_id, replace(TERMS, goods=("85",)))],
        [replace(offer, names=(OWNER,)), side(BROKER, 2, offer.record_id)],
        [side(OTHER, 1, terms=replace(TERMS, principal=OTHER)), side(BROKER, 2, f"{OTHER}@1")],
    ):
        assert find_mandates(OWNER, statements) == ()


def test_nobody_ends_a_mandate_but_its_two_sides() -> None:
    offer = side(OWNER, 1)
    foreign = replace(end(offer, 3), issuer=OTHER)
    of_another_type = replace(end(offer, 3), record_type="trade.parties")
    (mandate,) = find_mandates(OWNER, [offer, side(BROKER, 2, offer.record_id), foreign, of_another_type])
    assert mandate.ended_block is None


def test_offices_and_goods_are_beginnings_and_nothing_stands_for_all() -> None:
    terms = replace(TERMS, offices=("0101",), goods=("8471", "85"))
    assert terms.covers_office("0101") and not terms.covers_office("0202") and terms.covers_office("")
    assert terms.covers_goods("8517620000") and not terms.covers_goods("8470000000")
    assert TERMS.covers_office("0202") and TERMS.covers_goods("0101")


@pytest.mark.parametrize(
    "fault",
    [
        {"principal": "x"}, {"agent": None}, {"starts": "1.1.2026"}, {"ends": 20261231}, {"offices": "0101"},
        {"offices": ["101"]}, {"goods": ["8"]}, {"goods": ["85", 1]}, {"offer": "short"}, {"offices": ["0101"] * 65},
    ],
    ids=str,
)  # fmt: skip
def test_a_section_of_another_form_says_nothing(fault: dict[str, object]) -> None:
    said = {"principal": OWNER, "agent": BROKER, "starts": "2026-01-01", "ends": "2026-12-31"}
    assert read_mandate(said) == MandateText(TERMS, None)
    assert read_mandate(said | fault) is None
    assert read_mandate([said]) is None


# -- the model: who was mandated in a block is told from a plain log of events

events = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.sampled_from((OWNER, BROKER, OTHER)), st.booleans()),
        st.tuples(st.just("confirm"), st.sampled_from((OWNER, BROKER, OTHER)), st.integers(0, 5)),
        st.tuples(st.just("end"), st.sampled_from((OWNER, BROKER, OTHER)), st.integers(0, 8)),
        st.tuples(st.just("declare"), st.sampled_from((BROKER, OTHER)), st.sampled_from(DAYS[1:])),
        st.tuples(st.just("block"), st.just(""), st.just(0)),
    ),
    max_size=24,
)


@settings(max_examples=300, deadline=None)
@given(events)
def test_random_offers_ends_and_declarations_are_judged_as_a_plain_log_says(
    steps: list[tuple[str, str, bool | int | str]],
) -> None:
    log: list[StandingRecord] = []
    free: set[str] = set()
    block = 1
    for place, (what, who, how) in enumerate(steps):
        sides = [record for record in log if record.mandate is not None and record.replaces is None]
        made: StandingRecord | None = None
        if what == "block":
            block += 1
        elif what == "offer":
            made = side(who, block, terms=TERMS if how else replace(TERMS, agent=OTHER))
        elif what == "confirm" and sides:
            before = sides[int(how) % len(sides)]
            assert before.mandate is not None
            made = side(who, block, before.record_id, before.mandate.terms)
        elif what == "end" and sides:
            made = replace(end(sides[int(how) % len(sides)], block), issuer=who)
        elif what == "declare":
            made = StandingRecord("", who, "customs.declaration", (0,), (f"named-{place}",), block=block, day=str(how))
            if _was_mandated(log, who, block, str(how)):
                free.add(f"named-{place}")
        if made is not None:
            log.append(replace(made, record_id=f"r{place}", order=(block, place)))
    namings = close_standing(UCR, log, is_competent=lambda *_: False).namings
    assert {who for who, given in namings.items() if given[0].namer is Namer.BROKER and who.startswith("named")} == free


def _was_mandated(log: list[StandingRecord], broker: str, block: int, day: str) -> bool:
    """The plain model: two sides said the same in earlier blocks, each by its own side, and neither took it back."""
    earlier = [record for record in log if record.block < block]
    taken_back = {(record.issuer, record.replaces) for record in earlier if record.replaces}
    for offer in earlier:
        for answer in earlier:
            if offer.mandate is None or answer.mandate is None or offer.replaces or answer.replaces:
                continue
            if offer.mandate.offer is not None or answer.mandate.offer != offer.record_id:
                continue
            terms = offer.mandate.terms
            stands = not {(offer.issuer, offer.record_id), (answer.issuer, answer.record_id)} & taken_back
            is_pair = {offer.issuer, answer.issuer} == {OWNER, broker} and terms.agent == broker
            if stands and is_pair and answer.mandate.terms == terms and terms.starts <= day <= terms.ends:
                return True
    return False


def test_what_the_model_calls_a_mandate_is_one() -> None:
    offer = side(OWNER, 1)
    log = [offer, side(BROKER, 2, offer.record_id)]
    assert _was_mandated(log, BROKER, 3, "2026-05-01") and not _was_mandated(log, BROKER, 2, "2026-05-01")
    assert isinstance(find_mandates(OWNER, log)[0], Mandate)
