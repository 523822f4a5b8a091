"""A stranger with the bundle and the trust root runs a finding again; one fault in it, and it does not follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.risk_desk.statements import parse_statement
from chain.proof.bundle import Bundle
from chain.proof.bundle_reader import parse_bundle
from chain.records import AuditFinding, TableRow, TradeParties
from chain.records.sections import Party
from chain.verify import verify
from chain.verify.finding_replay import FindingReplay
from chain.verify.results import FindingStanding, ReplayOutcome, Verdict
from tests.stories.local_consortium import Town
from tests.stories.risk_desks import client, desk, valued

Change = Callable[[AuditFinding], AuditFinding]


def with_difference(**changed: object) -> Change:
    return lambda said: said.model_copy(
        update={"differences": (said.differences[0].model_copy(update=changed), *said.differences[1:])}
    )


def with_head(**changed: object) -> Change:
    return lambda said: said.model_copy(update={"finding": said.finding.model_copy(update=changed)})


def without_the_brokers_lane(said: AuditFinding) -> AuditFinding:
    assert said.snapshot is not None
    return said.model_copy(update={"snapshot": said.snapshot.model_copy(update={"lanes": ()})})


def with_another_head(said: AuditFinding) -> AuditFinding:
    assert said.snapshot is not None
    lanes = tuple(lane.model_copy(update={"head": "0" * 64}) for lane in said.snapshot.lanes)
    return said.model_copy(update={"snapshot": said.snapshot.model_copy(update={"lanes": lanes})})


def resting_on(said: AuditFinding, keep: slice, record: str = "") -> AuditFinding:
    inputs = said.differences[0].inputs[keep]
    moved = tuple(one.model_copy(update={"record": record}) if record else one for one in inputs)
    return with_difference(inputs=moved)(said)


FALSE_ROW = TableRow(kind="working-days", place=0, rows=2, cells=("2026-01-01", "1", "x"), path=("0" * 64,))
FAULTS: dict[str, tuple[Change, ReplayOutcome]] = {
    "a false number": (with_difference(declared="999.00"), ReplayOutcome.DOES_NOT_FOLLOW),
    "a false input": (lambda said: resting_on(said, slice(None), "x" * 43), ReplayOutcome.DOES_NOT_FOLLOW),
    "an input left out": (lambda said: resting_on(said, slice(1, None)), ReplayOutcome.DOES_NOT_FOLLOW),
    "a lane left out": (without_the_brokers_lane, ReplayOutcome.DOES_NOT_FOLLOW),
    "a head that never was": (with_another_head, ReplayOutcome.DOES_NOT_FOLLOW),
    "one difference more than there is": (with_head(differences=2), ReplayOutcome.DOES_NOT_FOLLOW),
    "a table that the pack has not": (with_head(tables=()), ReplayOutcome.DOES_NOT_FOLLOW),
    "a table row not of the table": (
        lambda said: said.model_copy(update={"rows": (FALSE_ROW,)}),
        ReplayOutcome.DOES_NOT_FOLLOW,
    ),
    "an old version": (with_head(version="2020.1"), ReplayOutcome.CANNOT_TELL),
    "a rule without a data form": (with_head(rule="C02"), ReplayOutcome.OPINION),
}


@pytest.fixture(scope="module")
def said(town: Town) -> tuple[Bundle, str, dict[str, str]]:
    """The bundle of a consignment, its true finding, and beside it one finding a fault, all by one governor."""
    ucr = f"6CN{town.member('trader').uscc}-REPLAY"
    broker = town.member("broker").uscc
    named = TradeParties(parties=(Party(role="agent", uscc=broker),)).with_names([broker])  # type: ignore[arg-type]
    town.say("trader", named, ucr)
    town.say("broker", valued("010120261000000761", "111.00"), ucr)
    town.cover()
    desk(town, "customs").look([ucr])
    town.cover()
    with client(town, "customs") as gateway:
        bundle = parse_bundle(gateway.consignment_bundle(ucr))
    (true,) = [
        record.signed
        for record in bundle.records
        if (statement := parse_statement(record.signed)) and statement.finding.rule == "C07"
    ]
    statement = parse_statement(true)
    assert statement is not None
    forged = {name: town.say("customs", change(statement), ucr).record_id for name, (change, _) in FAULTS.items()}
    town.cover()
    with client(town, "customs") as gateway:
        return parse_bundle(gateway.consignment_bundle(ucr)), true.record_id, forged


def run_again(town: Town, bundle: Bundle, record: str) -> FindingStanding:
    standings = {standing.record_id: standing for standing in verify(bundle, town.root).records}
    return FindingReplay(bundle, standings).run(record)


def test_a_true_finding_follows_and_still_does(town: Town, said: tuple[Bundle, str, dict[str, str]]) -> None:
    bundle, true, _ = said
    verdict = run_again(town, bundle, true)
    assert (verdict.outcome, verdict.follows_now, verdict.rule) == (ReplayOutcome.FOLLOWS, True, "C07"), verdict.why
    assert verify(replace(bundle, subject_finding=true), town.root).verdict is Verdict.VALID


def test_findings_of_one_liar_leave_the_verdict_over_the_consignment(
    town: Town, said: tuple[Bundle, str, dict[str, str]]
) -> None:
    bundle, _, forged = said
    report = verify(bundle, town.root)
    assert report.verdict is Verdict.VALID
    assert {finding.record for finding in report.findings} >= set(forged.values())
    assert verify(replace(bundle, subject_finding=forged["a false number"]), town.root).verdict is Verdict.INVALID


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_by_its_own_signer_is_caught(
    town: Town, said: tuple[Bundle, str, dict[str, str]], fault: str
) -> None:
    bundle, _, forged = said
    verdict = run_again(town, bundle, forged[fault])
    assert verdict.outcome is FAULTS[fault][1], verdict.why


def test_without_a_section_that_the_rule_selects_nobody_can_tell(
    town: Town, said: tuple[Bundle, str, dict[str, str]]
) -> None:
    bundle, true, _ = said
    redacted = replace(
        bundle,
        records=tuple(
            replace(record, signed=record.signed.with_sections(set(record.signed.sections) - {"goods_items"}))
            for record in bundle.records
        ),
    )
    assert run_again(town, redacted, true).outcome is ReplayOutcome.CANNOT_TELL
    assert run_again(town, bundle, "y" * 43).outcome is ReplayOutcome.CANNOT_TELL


def test_a_withdrawn_finding_is_not_shown_as_standing(town: Town, said: tuple[Bundle, str, dict[str, str]]) -> None:
    bundle, true, _ = said
    (record,) = [one.signed for one in bundle.records if one.signed.record_id == true]
    statement = parse_statement(record)
    assert statement is not None
    ucr = str(bundle.subject_ucr)
    taken_back = with_head(state="withdrawn", differences=0)(statement).model_copy(update={"differences": ()})
    later = town.say("customs", taken_back, ucr, amends=true)
    town.cover()
    with client(town, "customs") as gateway:
        newer = parse_bundle(gateway.consignment_bundle(ucr))
    assert run_again(town, newer, true).outcome is ReplayOutcome.WITHDRAWN
    assert run_again(town, newer, later.record_id).outcome is ReplayOutcome.WITHDRAWN
