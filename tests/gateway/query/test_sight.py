"""Who sees by whose naming: standing alone gives no sight, and saying something gives nothing at all."""

from __future__ import annotations

import pytest

from chain.errors import NotFound
from chain.lifecycle import RecordState
from chain.members import Role
from chain.records.trade import TradeParties
from gateway.access.participation import participation_of
from gateway.access.policy import Condition, ViewPolicy
from gateway.consignment.view import Sight, consignment_view, sight_of
from tests.gateway.query.consortium import (
    BANK,
    BEIJING,
    BROKER,
    CARRIER,
    KEY,
    MEMBERS,
    OTHER_BROKER,
    TERMINAL,
    TIANJIN,
    TRADER,
    UCR,
    PaperChain,
    PaperDirectory,
    PaperMember,
    covered,
    declaration,
    departure,
    order,
    status,
    story,
    waybill,
)

POLICY = ViewPolicy.load()
OPERATOR = PaperMember("91110000MA0000992X", Role.GATEWAY, "1101900099")
"""A governor, and so an authority, that operates the single window."""
COLLUDERS = (OTHER_BROKER, TERMINAL, BANK, CARRIER, BROKER)


def sight(chain: PaperChain, member: PaperMember, directory: PaperDirectory | None = None) -> Sight:
    return sight_of(UCR, chain.held, member.reader, POLICY, directory or PaperDirectory())


def parties(*members: PaperMember) -> TradeParties:
    named = [member.uscc for member in members]
    return TradeParties.model_validate({"parties": [{"role": "agent", "uscc": uscc} for uscc in named]}).with_names(
        named
    )


def takes_part(chain: PaperChain, member: PaperMember, directory: PaperDirectory | None = None) -> bool:
    try:
        return Condition.PARTY in sight(chain, member, directory).conditions
    except NotFound:
        return False


def test_who_names_itself_or_is_named_by_a_stranger_sees_nothing() -> None:
    chain = story()
    chain.say(OTHER_BROKER, declaration().with_names([OTHER_BROKER.uscc, TERMINAL.uscc]))
    chain.say(TERMINAL, waybill().with_names([TERMINAL.uscc, OTHER_BROKER.uscc]))
    for member in (OTHER_BROKER, TERMINAL):
        assert not takes_part(chain, member)
        assert [one.signed.iss for one in sight(chain, member).records] == [member.uscc]


def test_whom_a_named_member_names_counts_and_does_not_see() -> None:
    chain = story()
    chain.say(CARRIER, waybill().with_names([TERMINAL.uscc]))
    moved = chain.say(TERMINAL, departure())
    assert not takes_part(chain, TERMINAL)
    assert moved.signed.record_id in {one.signed.record_id for one in sight(chain, TRADER).records}
    lines = {line.member: line for line in consignment_view(sight(chain, TRADER), covered(chain)).standing}
    assert (lines[TERMINAL.uscc].named_as, lines[TERMINAL.uscc].sees) == ("member", False)
    assert (lines[CARRIER.uscc].named_as, lines[CARRIER.uscc].sees) == ("owner", True)


def test_customs_names_where_it_is_competent_and_nowhere_else() -> None:
    for customs, sees in ((BEIJING, True), (TIANJIN, False)):
        chain = story()
        chain.say(customs, status("ACCEPTED", "08:20:00").with_names([TERMINAL.uscc]))
        assert takes_part(chain, TERMINAL) is sees


def test_whom_the_operator_alone_names_waits_for_another_to_confirm_it() -> None:
    directory = PaperDirectory((*MEMBERS, OPERATOR), operators=(OPERATOR,))
    chain = PaperChain()
    chain.say(TRADER, order())
    chain.say(OPERATOR, parties(BROKER))
    declared = chain.say(BROKER, declaration())
    seen = sight(chain, BROKER, directory)
    assert seen.own_only and seen.standing_reason.startswith("named by operator only")
    view = consignment_view(sight(chain, TRADER, directory), covered(chain))
    assert [line.remark for line in view.standing] == ["", "named by operator only"]
    assert declared.signed.record_id in {line.record for line in view.records}, "it counts all the same"
    chain.say(TRADER, parties(BROKER))
    assert takes_part(chain, BROKER, directory)


def test_where_the_owner_is_no_member_the_operators_naming_stands_for_its_own() -> None:
    members = [*(member for member in MEMBERS if member is not TRADER), OPERATOR]
    directory = PaperDirectory(members, operators=(OPERATOR,))
    chain = PaperChain()
    chain.say(OPERATOR, parties(BROKER))
    assert takes_part(chain, BROKER, directory)


def test_a_namer_whose_key_is_compromised_later_leaves_standing_and_takes_sight() -> None:
    chain = story()
    named_at = chain.held[0].anchored_at
    assert named_at is not None
    directory, late_directory = PaperDirectory(), PaperDirectory()
    directory.compromised[KEY.public.kid] = named_at + 1
    late_directory.compromised[KEY.public.kid] = named_at
    before = participation_of(UCR, tuple(chain.held), PaperDirectory())
    after = participation_of(UCR, tuple(chain.held), directory)
    assert after.standing == before.standing, "what was named stays named"
    assert takes_part(chain, BROKER, directory), "it was named before the key was lost"
    late = participation_of(UCR, tuple(chain.held), late_directory)
    assert late.standing == before.standing
    assert not takes_part(chain, BROKER, late_directory), "a thief could have named it"
    assert takes_part(chain, TRADER, late_directory), "the owner is one by its UCR"


def test_an_issuers_records_beyond_the_bound_leave_its_first_ones_and_all_others() -> None:
    directory = PaperDirectory(records_max=3)
    chain = story()
    moved = [chain.say(CARRIER, departure(time=f"0{place}:00:00")) for place in range(6)]
    seen = {one.signed.record_id for one in sight(chain, TRADER, directory).records}
    assert [one.signed.record_id in seen for one in moved] == [True, False, False, False, False, False]
    assert len(seen) == len(chain.held) - 5
    participation = participation_of(UCR, tuple(chain.held), directory)
    assert "more records" in participation.why_outside(moved[-1].signed.record_id)


@pytest.mark.parametrize("reader", [TRADER, BEIJING, PaperMember("", Role.AUDITOR, "")])
def test_what_five_colluders_say_leaves_no_trace_in_anybodys_view(reader: PaperMember) -> None:
    chain = PaperChain()
    chain.say(TRADER, order())
    chain.say(TRADER, declaration())
    chain.say(BEIJING, status("ACCEPTED", "08:10:00", code="L"))
    before = consignment_view(sight(chain, reader), covered(chain))
    quiet = PaperChain([*chain.held])
    everybody = [member.uscc for member in COLLUDERS]
    words = (declaration(gross="1.00000"), waybill(gross="9.00000"), departure(), order())
    for place in range(100):
        chain.say(COLLUDERS[place % 5], words[place % 4].with_names(everybody), state=RecordState.COVERED)
    assert consignment_view(sight(chain, reader), covered(quiet)) == before
