"""What a view says of findings rule by rule: who signed, what an officer decided, and what of it a reader sees."""

from __future__ import annotations

from typing import Any

import pytest

from chain.records import AuditDisposition, AuditFinding, Difference, Disposition, Explanation, TradeExplanation
from chain.records import Finding as FindingHead
from chain.records.audit import FindingInput
from chain.records.base import Document, Source
from chain.records.scalars import Code
from chain.rules.corroboration import Grade, corroborate
from gateway.access.policy import ViewPolicy
from gateway.access.records import HeldRecord
from gateway.consignment.finding_answers import OpinionLine
from gateway.consignment.rule_facts import join_held
from gateway.consignment.view import consignment_view, sight_of
from tests.gateway.query.consortium import (
    BEIJING,
    BROKER,
    CARRIER,
    GOVERNOR,
    REGULATOR,
    TAX,
    TIANJIN,
    TRADER,
    UCR,
    PaperChain,
    PaperDirectory,
    PaperMember,
    covered,
    declaration,
    order,
    story,
    waybill,
)

POLICY = ViewPolicy.load()


def finding(
    record: str, declared: str = "80", *, state: Any = "standing", field: str = "transport.gross"
) -> AuditFinding:
    """A finding about one field of a record."""
    inputs = (FindingInput(record=record, field="transport.gross", value=declared),)
    difference = Difference(name="C06-gross-net", severity="H", inputs=inputs, declared=declared, explanation="weights")
    return AuditFinding(
        finding=FindingHead(rule="C06", state=state, severity="H", differences=1, version="1", pack="0" * 64),
        differences=(difference,) if state == "standing" else (),
    )


def dispose(*findings: HeldRecord, outcome: Any = "cleared") -> AuditDisposition:
    """An officer's decision about these findings."""
    named = tuple(one.signed.record_id for one in findings)
    return AuditDisposition(
        disposition=Disposition(rule="C06", findings=named, outcome=outcome, reason="the scale was wrong")
    )


def opinion(chain: PaperChain, reader: PaperMember = REGULATOR) -> OpinionLine:
    """What this reader's view says of rule C06."""
    sight = sight_of(UCR, chain.held, reader.reader, POLICY, PaperDirectory())
    (line,) = [one for one in consignment_view(sight, covered(chain)).opinions if one.rule == "C06"]
    return line


@pytest.fixture
def chain() -> PaperChain:
    return story()


def declared(chain: PaperChain) -> str:
    return chain.held[3].signed.record_id


def test_a_finding_is_open_until_an_officer_disposes_of_it(chain: PaperChain) -> None:
    said = chain.say(GOVERNOR, finding(declared(chain)))
    assert opinion(chain).state == "open"
    chain.say(BEIJING, dispose(said, outcome="confirmed"))
    line = opinion(chain)
    assert (line.state, line.disposition.reason if line.disposition else "") == ("confirmed", "the scale was wrong")


def test_a_finding_amended_after_its_disposition_is_open_again(chain: PaperChain) -> None:
    said = chain.say(GOVERNOR, finding(declared(chain)))
    chain.say(BEIJING, dispose(said))
    chain.say(GOVERNOR, finding(declared(chain), "85"), amends=said.signed.record_id)
    line = opinion(chain)
    assert (line.state, line.reopened) == ("open", True)


def test_another_desk_that_says_the_same_a_moment_later_opens_nothing(chain: PaperChain) -> None:
    said = chain.say(GOVERNOR, finding(declared(chain)))
    chain.say(BEIJING, dispose(said))
    chain.say(TAX, finding(declared(chain)))
    assert opinion(chain).state == "cleared"
    chain.say(BEIJING, finding(declared(chain), "85"))
    assert opinion(chain).state == "open"


def test_the_disposition_of_customs_of_another_district_closes_nothing(chain: PaperChain) -> None:
    said = chain.say(GOVERNOR, finding(declared(chain)))
    chain.say(TIANJIN, dispose(said))
    assert opinion(chain).state == "open"
    chain.say(TAX, dispose(said))
    assert opinion(chain).state == "cleared"


def test_a_finding_taken_back_by_every_desk_is_withdrawn(chain: PaperChain) -> None:
    said = chain.say(GOVERNOR, finding(declared(chain)))
    other = chain.say(TAX, finding(declared(chain)))
    chain.say(GOVERNOR, finding(declared(chain), state="withdrawn"), amends=said.signed.record_id)
    assert opinion(chain).state == "open"
    chain.say(TAX, finding(declared(chain), state="withdrawn"), amends=other.signed.record_id)
    line = opinion(chain)
    assert line.state == "withdrawn" and all(one.withdrawn for one in line.signed)


def test_nobody_takes_back_anothers_finding(chain: PaperChain) -> None:
    said = chain.say(GOVERNOR, finding(declared(chain)))
    chain.say(TAX, finding(declared(chain), state="withdrawn"), amends=said.signed.record_id)
    line = opinion(chain)
    assert line.state == "open"
    assert {one.by: one.withdrawn for one in line.signed} == {GOVERNOR.uscc: False, TAX.uscc: True}


def test_a_reader_who_does_not_see_an_input_sees_no_value_of_the_finding(chain: PaperChain) -> None:
    chain.say(GOVERNOR, finding(declared(chain)))
    sight = sight_of(UCR, chain.held, TAX.reader, POLICY, PaperDirectory())
    (record,) = [one for one in sight.records if one.signed.vct == "audit.finding"]
    # Tax sees no transport section of a declaration.
    assert record.one("finding")["rule"] == "C06" and "differences" in record.withheld
    assert opinion(chain, TAX).signed[0].agrees is None
    assert opinion(chain, TRADER).signed[0].agrees is False


def test_the_broker_sees_the_finding_answers_it_and_sees_what_was_decided(chain: PaperChain) -> None:
    said = chain.say(GOVERNOR, finding(declared(chain)))
    answer = Explanation(rule="C06", findings=(said.signed.record_id,), text="packed twice")
    chain.say(BROKER, TradeExplanation(explanation=answer))
    chain.say(BEIJING, dispose(said))
    line = opinion(chain, BROKER)
    assert [(one.by, one.text) for one in line.explanations] == [(BROKER.uscc, "packed twice")]
    assert line.disposition is not None and line.disposition.outcome == "cleared"


def test_facts_are_graded_by_independent_sources() -> None:
    chain = PaperChain()
    chain.say(TRADER, order().with_names([BROKER.uscc, CARRIER.uscc]))
    chain.say(CARRIER, waybill(gross="110.00000"))
    chain.say(BROKER, declaration())
    sight = sight_of(UCR, chain.held, REGULATOR.reader, POLICY, PaperDirectory())
    graded = {line.fact: line.grade for line in consignment_view(sight, covered(chain)).corroboration}
    assert (graded["weight"], graded["bill"]) == ("contradict", "agree")


def test_a_source_and_its_sponsor_are_one() -> None:
    chain = PaperChain()
    chain.say(CARRIER, waybill())
    chain.say(BROKER, declaration())
    joined = join_held(chain.held)
    by_sponsor = corroborate(joined, lambda member: BROKER.uscc if member == CARRIER.uscc else None)
    assert {one.fact: one.grade for one in by_sponsor}["weight"] is Grade.SINGLE


def test_a_source_and_what_it_was_read_from_are_one() -> None:
    digest = "ab" * 32
    chain = PaperChain()
    chain.say(TRADER, order().with_names([BROKER.uscc, CARRIER.uscc]))
    chain.say(CARRIER, waybill().model_copy(update={"source": Source(kind="Waybill", sha256=digest)}))
    cited = Document(kind=Code(system="cn-edoc", value="00000001"), name="waybill.xml", sha256=digest)
    plain = declaration()
    chain.say(BROKER, plain)
    assert grade(chain, "weight") is Grade.AGREE
    chain.held.pop()
    chain.say(BROKER, plain.model_copy(update={"documents": (cited,)}))
    assert grade(chain, "weight") is Grade.SINGLE


def grade(chain: PaperChain, fact: str) -> Grade:
    return {one.fact: one.grade for one in corroborate(join_held(chain.held), lambda member: None)}[fact]
