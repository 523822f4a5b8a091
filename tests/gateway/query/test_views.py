"""What a view shows, to whom, and what it says it withholds."""

from __future__ import annotations

import json
import random

import pytest

from chain.errors import NotFound
from chain.lifecycle import RecordState
from chain.members import Role
from chain.records import parse_record
from chain.rules.pack import RULES
from gateway.access.explain import SectionLine, explain
from gateway.access.participation import participation_of
from gateway.access.policy import Condition, ViewPolicy
from gateway.access.records import Reader
from gateway.consignment.findings import left_out_of_rules
from gateway.consignment.view import consignment_view, sight_of
from gateway.query.change_feed import change_of
from gateway.query.search import Question
from gateway.runtime.answer import write_answer
from gateway.search_index.facts import findable
from tests.gateway.query.consortium import (
    AUDITOR,
    BANK,
    BEIJING,
    BROKER,
    CARRIER,
    GATEWAY,
    NUMBER,
    OTHER_BROKER,
    REGULATOR,
    TAX,
    TERMINAL,
    TIANJIN,
    TRADER,
    UCR,
    PaperChain,
    PaperDirectory,
    PaperMember,
    assessment,
    covered,
    declaration,
    departure,
    order,
    status,
    story,
    waybill,
)
from tests.record_numbers import jti_of

POLICY = ViewPolicy.load()
DIRECTORY = PaperDirectory()


def seen_by(chain: PaperChain, member: PaperMember, ucr: str = UCR) -> dict[str, object]:
    sight = sight_of(ucr, chain.held, member.reader, POLICY, DIRECTORY)
    view: dict[str, object] = json.loads(write_answer(consignment_view(sight, covered(chain))))
    return view


def explained(chain: PaperChain, member: PaperMember) -> list[SectionLine]:
    participation = participation_of(UCR, tuple(chain.held), DIRECTORY)
    return explain(member.reader, chain.held, participation, POLICY, DIRECTORY)


def sections_seen(chain: PaperChain, member: PaperMember) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in seen_by(chain, member)["records"]:  # type: ignore[attr-defined]
        found.setdefault(line["type"], set()).update(line["shown"])
    return found


def test_the_view_is_the_same_whatever_the_order_of_arrival() -> None:
    chain = story()
    first = json.dumps(seen_by(chain, AUDITOR))
    for seed in range(5):
        random.Random(seed).shuffle(chain.held)
        assert json.dumps(seen_by(chain, AUDITOR)) == first


def test_the_trader_sees_its_declaration_status_and_hours_to_release() -> None:
    view = seen_by(story(), TRADER)
    state = view["status"]["customs"][0]  # type: ignore[index]
    assert state["state"] == "RELEASED"
    assert state["hours_lodged_to_released"] == "2.50"
    assert view["completeness"]["claim"] == "complete up to the checkpoint"  # type: ignore[index]


def test_a_broker_of_another_importer_cannot_tell_the_consignment_from_one_that_does_not_exist() -> None:
    chain = story()
    with pytest.raises(NotFound) as there:
        seen_by(chain, OTHER_BROKER)
    with pytest.raises(NotFound) as nowhere:
        seen_by(PaperChain(), OTHER_BROKER)
    assert str(there.value) == str(nowhere.value)


def test_submitting_a_record_about_anothers_goods_shows_its_issuer_nothing_else() -> None:
    chain = story()
    mine = chain.say(OTHER_BROKER, declaration("010020261000000999", broker=OTHER_BROKER))
    view = seen_by(chain, OTHER_BROKER)
    assert [line["record"] for line in view["records"]] == [mine.signed.record_id]  # type: ignore[attr-defined]
    assert view["reader"]["own_records_only"] is True  # type: ignore[index]
    assert "claim" in view["completeness"] and "entries" not in view["completeness"]  # type: ignore[operator]


def test_two_strangers_who_name_each_other_stay_strangers() -> None:
    chain = story()
    chain.say(OTHER_BROKER, declaration("010020261000000999", broker=OTHER_BROKER))
    chain.say(TERMINAL, waybill("888-12345675"))
    assert len(seen_by(chain, OTHER_BROKER)["records"]) == 1  # type: ignore[arg-type]
    assert len(seen_by(chain, TERMINAL)["records"]) == 1  # type: ignore[arg-type]


def test_the_carrier_sees_the_release_but_neither_value_nor_order() -> None:
    seen = sections_seen(story(), CARRIER)
    assert "status" in seen["customs.status"]
    assert seen["customs.declaration"] == {"ucr", "references", "transport"}
    assert seen["trade.order"] == {"ucr", "names"}
    assert seen["tax.assessment"] == {"ucr"}


def test_what_is_withheld_is_named_with_its_record_type_and_issuer() -> None:
    view = seen_by(story(), CARRIER)
    withheld = {one["type"]: one for one in view["withheld"]}  # type: ignore[attr-defined]
    assert withheld["trade.order"]["sections"] == ["goods_items", "order", "parties", "references"]
    assert withheld["trade.order"]["issuer"] == TRADER.uscc


def test_each_withheld_section_names_the_rule_that_withholds_it() -> None:
    chain = story()
    chain.say(CARRIER, waybill("777-12345675"), UCR, f"6CN{TRADER.uscc}-OTHER")
    for member in (CARRIER, BROKER, REGULATOR, TAX):
        lines = explained(chain, member)
        reasons = {(line.record, line.section): line.why for line in lines if not line.seen}
        for one in seen_by(chain, member)["withheld"]:  # type: ignore[attr-defined]
            assert [why["section"] for why in one["why"]] == one["sections"]
            for why in one["why"]:
                reason = str(reasons.get((one["record"], why["section"]), "the others that it speaks of"))
                assert all(grant in reason for grant in why["grants"])
                assert {
                    "condition": "would be granted by",
                    "no-grant": "no line of the policy",
                    "other-consignments": "other",
                }[why["cause"]] in reason


def test_a_moment_whose_time_is_withheld_stands_at_its_records_issue_and_says_so() -> None:
    chain = story()
    told = {one["type"]: one["at_is"] for one in seen_by(chain, CARRIER)["timeline"]}  # type: ignore[attr-defined]
    assert told["logistics.event"] == told["customs.status"] == "happened"
    assert told["customs.declaration"] == told["trade.order"] == "issued"
    seen = {one["type"]: one["at_is"] for one in seen_by(chain, TRADER)["timeline"]}  # type: ignore[attr-defined]
    assert seen["customs.declaration"] == "happened"


def test_the_overview_counts_bills_that_stand_and_payments() -> None:
    chain = story()
    bill = next(one for one in chain.held if one.signed.vct == "tax.assessment")
    again = chain.say(BEIJING, assessment(), amends=bill.signed.record_id)
    tax = seen_by(chain, TRADER)["status"]["tax"]  # type: ignore[index]
    assert (tax["assessed"], tax["paid"], tax["record"]) == (1, 0, again.signed.record_id)
    assert seen_by(PaperChain(chain.held[:3]), TRADER)["status"]["tax"] is None  # type: ignore[index]


def test_nothing_that_is_withheld_stands_anywhere_in_the_answer() -> None:
    text = json.dumps(seen_by(story(), CARRIER), ensure_ascii=False)
    for secret in ("110101199003070000", "Li Hua", "便携式电脑", "8471300000", "13.00"):
        assert secret not in text


def test_customs_sees_a_consignment_of_its_own_district_and_no_other() -> None:
    chain = story()
    assert "parties" in sections_seen(chain, BEIJING)["trade.order"]
    with pytest.raises(NotFound):
        seen_by(chain, TIANJIN)


def test_the_regulator_sees_no_identity_number_of_a_buyer() -> None:
    text = json.dumps(seen_by(story(), REGULATOR), ensure_ascii=False)
    assert "110101199003070000" not in text
    assert "便携式电脑" in text


def test_a_gateway_and_an_uninvolved_bank_see_nothing() -> None:
    for member in (GATEWAY, BANK):
        with pytest.raises(NotFound):
            seen_by(story(), member)


def test_the_tax_office_sees_taxes_and_no_order() -> None:
    seen = sections_seen(story(), TAX)
    assert "taxes" in seen["tax.assessment"]
    assert seen["trade.order"] == {"ucr", "names"}


def test_of_a_record_about_two_consignments_a_party_sees_neither_the_other_ucr_nor_shared_lists() -> None:
    chain = story()
    other = f"6CN{TRADER.uscc}-OTHER"
    chain.say(CARRIER, waybill("777-12345675"), UCR, other)
    view = seen_by(chain, BROKER)
    assert other not in json.dumps(view)
    last = view["records"][-1]  # type: ignore[index]
    assert set(last["withheld"]) == {"parties", "references", "transport_document", "ucr"}


def test_an_amendment_replaces_the_declaration_and_keeps_its_history() -> None:
    chain = story()
    first = chain.held[3]
    second = chain.say(BROKER, declaration(gross="99.00000", function="change"), amends=first.signed.record_id)
    (shown,) = seen_by(chain, TRADER)["declarations"]  # type: ignore[misc]
    assert shown["record"] == second.signed.record_id
    assert [one["record"] for one in shown["history"]] == [first.signed.record_id, second.signed.record_id]
    assert shown["state"] == "RELEASED"


def test_an_older_change_that_comes_late_does_not_replace_the_newer_one() -> None:
    chain = story()
    first = chain.held[3].signed.record_id
    at = {hour: {"utc": f"2026-11-20T{hour:02d}:00:00Z", "said": f"{hour}"} for hour in (9, 10)}
    newer = chain.say(BROKER, declaration(gross="99.00000", function="change", lodged=at[10]), amends=first)
    older = chain.say(BROKER, declaration(gross="98.00000", function="change", lodged=at[9]), amends=first)
    (shown,) = seen_by(chain, TRADER)["declarations"]  # type: ignore[misc]
    assert shown["record"] == newer.signed.record_id
    order = [first, older.signed.record_id, newer.signed.record_id]
    assert [one["record"] for one in shown["history"]] == order


def test_anothers_amendment_replaces_nothing_and_is_a_finding_where_it_counts() -> None:
    chain = story()
    first = chain.held[3]
    before = seen_by(chain, TRADER)
    chain.say(OTHER_BROKER, declaration(gross="1.00000"), amends=first.signed.record_id)
    assert seen_by(chain, TRADER)["findings"] == before["findings"], "nobody named its issuer"
    chain.say(TRADER, order().with_names([OTHER_BROKER.uscc]))
    view = seen_by(chain, TRADER)
    assert view["declarations"][0]["record"] == first.signed.record_id  # type: ignore[index]
    assert "amended-by-another" in {one["rule"] for one in view["findings"]}  # type: ignore[attr-defined]


def test_records_that_rules_do_not_look_at_are_named() -> None:
    held = story().held
    assert left_out_of_rules(held) == []
    assert left_out_of_rules(held, most=3) == held[3:]


def test_what_its_issuer_withdrew_is_no_longer_said_and_stays_in_the_list_of_records() -> None:
    chain = story()
    first = chain.held[3]
    assert seen_by(chain, TRADER)["goods_items"]
    back = chain.say(BROKER, declaration(), amends=first.signed.record_id, withdraws=True)
    view = seen_by(chain, TRADER)
    assert view["declarations"] == []
    assert "customs.declaration" not in {one["type"] for one in (*view["goods_items"], *view["timeline"])}  # type: ignore[misc]
    lines = {one["record"]: one for one in view["records"]}  # type: ignore[attr-defined]
    assert lines[first.signed.record_id]["withdrawn_by"] == back.signed.record_id
    assert lines[back.signed.record_id]["withdraws"] == first.signed.record_id
    assert lines[back.signed.record_id]["amends"] is None


def test_a_search_by_status_asks_for_the_state_now_and_another_for_any() -> None:
    sight = sight_of(UCR, story().held, TRADER.reader, POLICY, DIRECTORY)
    asked = ({"status": "RELEASED"}, {"status": "ACCEPTED"}, {"any_status": "ACCEPTED"}, {"any_status": "DETAINED"})
    assert [Question.parse(criteria).is_answered_by(sight) for criteria in asked] == [True, False, True, False]


def test_a_withdrawn_statement_answers_no_search_and_its_withdrawal_is_told_as_one() -> None:
    chain = story()
    question = Question.parse({"declaration": NUMBER, "hs": "8471"})
    first = chain.held[3].signed.record_id
    assert question.is_answered_by(sight_of(UCR, chain.held, TRADER.reader, POLICY, DIRECTORY))
    back = chain.say(BROKER, declaration(), amends=first, withdraws=True).signed.record_id
    sight = sight_of(UCR, chain.held, TRADER.reader, POLICY, DIRECTORY)
    assert not question.is_answered_by(sight)
    told = change_of(sight, back)
    assert told is not None
    assert (told[0].withdraws, told[0].amends) == (first, None)
    facts = findable(chain.held[-1].signed, parse_record(chain.held[-1].signed))
    assert facts is not None
    assert facts.all_facts() == []


def test_a_declaration_that_is_stated_anew_after_its_withdrawal_stands_again() -> None:
    chain = story()
    first = chain.held[3].signed.record_id
    back = chain.say(BROKER, declaration(), amends=first, withdraws=True).signed.record_id
    anew = chain.say(BROKER, declaration(gross="99.00000"), amends=back)
    (shown,) = seen_by(chain, TRADER)["declarations"]  # type: ignore[misc]
    assert [one["record"] for one in shown["history"]] == [first, anew.signed.record_id]


def test_a_withdrawal_that_leaves_a_consignment_of_the_withdrawn_record_out_withdraws_nothing() -> None:
    chain = story()
    other = f"6CN{TRADER.uscc}-OTHER"
    both = chain.say(TRADER, order(), UCR, other)
    chain.say(TRADER, order(), amends=both.signed.record_id, withdraws=True)
    lines = {one["record"]: one for one in seen_by(chain, TRADER)["records"]}  # type: ignore[attr-defined]
    assert "withdrawn_by" not in lines[both.signed.record_id]


def test_anothers_withdrawal_withdraws_nothing() -> None:
    chain = story()
    chain.say(TRADER, order().with_names([OTHER_BROKER.uscc]))
    chain.say(OTHER_BROKER, declaration(), amends=chain.held[3].signed.record_id, withdraws=True)
    (shown,) = seen_by(chain, TRADER)["declarations"]  # type: ignore[misc]
    assert [one["record"] for one in shown["history"]] == [chain.held[3].signed.record_id]


def test_an_inspection_after_release_is_a_re_examination_and_moves_nothing() -> None:
    chain = story()
    released = chain.held[-1]
    later = chain.say(BEIJING, status("INSPECTION", "11:00:00", code="C"))
    view = seen_by(chain, TRADER)
    (shown,) = view["declarations"]  # type: ignore[misc]
    assert shown["state"] == "RELEASED"
    assert shown["flags"] == ["inspection_called", "re_examination"]
    (found,) = [one for one in view["findings"] if one["rule"].startswith("S01")]  # type: ignore[attr-defined]
    assert (found["rule"], found["severity"]) == ("S01-re-examination", "I")
    assert found["records"] == [released.signed.record_id, later.signed.record_id]


def test_a_view_says_which_rules_agree_and_which_were_not_run_and_why() -> None:
    told = seen_by(story(), TRADER)["checks"]
    agreeing = {one["rule"]: one["records"] for one in told["agree"]}  # type: ignore[index]
    missing = {one["rule"]: one["missing"] for one in told["not_run"]}  # type: ignore[index]
    assert {"C02", "C11", "C13"} <= agreeing.keys()
    assert missing["C31"] == "fact"
    assert missing["C23"] == "fact"
    assert agreeing.keys() | missing.keys() >= set(RULES)


def test_a_rule_whose_input_is_withheld_says_that_a_right_is_missing() -> None:
    told = seen_by(story(), CARRIER)["checks"]
    missing = {one["rule"]: one["missing"] for one in told["not_run"]}  # type: ignore[index]
    assert missing["C05"] == missing["C31"] == "right"


def test_an_answer_about_the_order_does_not_move_the_declaration() -> None:
    chain = story()
    chain.say(BEIJING, status("REJECTED", "12:00:00", about="order"))
    assert seen_by(chain, TRADER)["declarations"][0]["state"] == "RELEASED"  # type: ignore[index]


def test_answers_fold_by_customs_own_time_not_by_their_place() -> None:
    chain = PaperChain()
    chain.say(TRADER, declaration())
    chain.say(BEIJING, status("RELEASED", "10:00:00"))
    chain.say(BEIJING, status("ACCEPTED", "09:00:00", code="L"))
    view = seen_by(chain, TRADER)
    assert view["declarations"][0]["state"] == "RELEASED"  # type: ignore[index]
    assert view["findings"] == []


def test_a_record_under_a_number_used_before_is_a_finding() -> None:
    chain = story()
    chain.say(CARRIER, departure(time="03:00:00"), jti=jti_of("r1"))
    assert "same-number-twice" in {one["rule"] for one in seen_by(chain, TRADER)["findings"]}  # type: ignore[attr-defined]


def test_weights_stand_side_by_side_and_a_gap_above_three_percent_is_a_finding() -> None:
    chain = PaperChain()
    chain.say(TRADER, waybill(gross="110.00000"))
    chain.say(TRADER, declaration())
    view = seen_by(chain, TRADER)
    assert [one["value"]["value"] for one in view["weights"]] == ["110.00000", "100.00000"]  # type: ignore[attr-defined]
    assert "C13-gross" in {one["rule"] for one in view["findings"]}  # type: ignore[attr-defined]


def test_taxes_and_the_second_step_show_as_due() -> None:
    chain = story()
    chain.say(BROKER, declaration("010020261000000018", stage="summary"))
    due = {one["what"]: one["by"] for one in seen_by(chain, TRADER)["due"]}  # type: ignore[attr-defined]
    assert due == {"taxes (税款)": "2026-12-05", "complete declaration (完整申报)": "2026-12-04"}


def test_a_record_not_anchored_yet_comes_last_and_the_view_does_not_claim_to_be_complete() -> None:
    chain = story()
    late = chain.say(TRADER, order(), jti=jti_of("late"), state=RecordState.ACCEPTED)
    chain.held.insert(0, chain.held.pop())
    view = seen_by(chain, TRADER)
    assert view["records"][-1]["record"] == late.signed.record_id  # type: ignore[index]
    assert view["completeness"]["claim"] == "not all of it is covered yet"  # type: ignore[index]


def test_a_member_with_no_role_sees_nothing_but_its_own() -> None:
    stranger = Reader(OTHER_BROKER.uscc, Role(0))
    with pytest.raises(NotFound):
        sight_of(UCR, story().held, stranger, POLICY, DIRECTORY)
    assert not POLICY.may_see_consignment(Role(0), {Condition.ALWAYS, Condition.ISSUER})


def test_what_is_explained_is_what_is_shown() -> None:
    chain = story()
    for member in (TRADER, BROKER, CARRIER, BEIJING, TAX, REGULATOR, AUDITOR):
        lines = explained(chain, member)
        seen = {(line.record, line.section) for line in lines if line.seen}
        view = seen_by(chain, member)
        shown = {(line["record"], name) for line in view["records"] for name in line["shown"]}  # type: ignore[attr-defined]
        assert {one for one in seen if one[1] != "ucr"} == {one for one in shown if one[1] != "ucr"}
        assert all(line.why for line in lines)
