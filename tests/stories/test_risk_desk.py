"""A governor's risk desk says what it finds once, whatever crashes; takes it back when it no longer follows."""

from __future__ import annotations

import httpx
import pytest

from adapters.risk_desk.desk import UnagreedPack
from adapters.risk_desk.journal import DeskJournal
from chain.identifiers import Ucr
from chain.records import AuditFinding, Difference, Finding
from chain.sdjwt import SignedRecord
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town
from tests.stories.risk_desks import (
    BrokenWire,
    client,
    desk,
    findings_of,
    opinion_of,
    valued,
    weighed,
)


def new_ucr(town: Town, name: str) -> Ucr:
    return Ucr.parse(f"6CN{town.member('trader').uscc}-{name}")


def opened(town: Town, name: str) -> Ucr:
    """A consignment in which the broker counts: its owner names it."""
    ucr = new_ucr(town, name)
    town.name(ucr, "broker")
    return ucr


def own_findings(town: Town, slug: str, ucr: str) -> list[str]:
    answer = town.get(slug, f"/v1/consignments/{ucr}").json()
    mine = [one for one in answer["records"] if one["type"] == "audit.finding"]
    return [one["record"] for one in mine if one["issuer"] == town.member(slug).uscc]


def test_a_finding_is_said_once_amended_when_it_changes_and_withdrawn_when_it_no_longer_follows(town: Town) -> None:
    ucr = opened(town, "DESK1")
    lie = town.say("broker", weighed("010120261000000701", "80.00000"), ucr)
    town.cover()
    customs = desk(town, "customs")
    assert customs.look([ucr]).said >= 1
    town.cover()
    assert customs.look([ucr]).said == 0
    (signed,) = [one for one in findings_of(town, "customs", ucr, "C06") if one["by"] != "gateway"]
    assert (signed["rule"], signed["declared"], signed["computed"]) == ("C06-gross-net", "80.00000", "90.00000")
    assert {one["record"] for one in signed["inputs"]} == {lie.record_id}

    other = town.say("broker", weighed("010120261000000701", "85.00000"), ucr, amends=lie.record_id)
    town.cover()
    assert customs.look([ucr]).said >= 1
    town.cover()
    (signed,) = [one for one in findings_of(town, "customs", ucr, "C06") if one["by"] != "gateway"]
    assert signed["declared"] == "85.00000"

    town.say("broker", weighed("010120261000000701", "99.00000"), ucr, amends=other.record_id)
    town.cover()
    assert customs.look([ucr]).said >= 1
    town.cover()
    assert findings_of(town, "customs", ucr, "C06") == []
    opinion = opinion_of(town, "customs", ucr, "C06")
    assert (opinion["state"], opinion["computed_here"]) == ("withdrawn", False)
    assert [one["agrees"] for one in opinion["signed"]] == [True]


def test_two_desks_sign_independently_and_answer_each_other_never(town: Town) -> None:
    ucr = opened(town, "DESK2")
    town.say("broker", valued("010120261000000702", "111.00"), ucr)
    town.cover()
    customs, tax = desk(town, "customs"), desk(town, "tax")
    assert customs.look([ucr]).said >= 1 and tax.look([ucr]).said >= 1
    town.cover()
    assert customs.look([ucr]).said == tax.look([ucr]).said == 0
    opinion = opinion_of(town, "customs", ucr, "C07")
    assert {one["by"] for one in opinion["signed"]} == {town.member("customs").uscc, town.member("tax").uscc}
    assert (opinion["state"], opinion["computed_here"]) == ("open", True)
    assert [one["agrees"] for one in opinion["signed"]] == [True, True]


@pytest.mark.parametrize("arrives", [True, False], ids=["the answer is lost", "the record is lost"])
def test_a_desk_that_dies_while_it_sends_sends_the_same_bytes_again(town: Town, arrives: bool) -> None:
    ucr = opened(town, f"DESK3{'A' if arrives else 'B'}")
    town.say("broker", weighed(f"01012026100000071{int(arrives)}", "80.00000"), ucr)
    town.cover()
    journal = DeskJournal(":memory:")
    broken = BrokenWire(client(town, "customs"), httpx.ReadTimeout("cut"), arrives=arrives)
    assert desk(town, "customs", journal, broken).look([ucr]).fault
    waiting = [one.record_id for one in journal.outbox()]
    assert waiting
    again = desk(town, "customs", journal).look([ucr])
    assert (again.said, again.refused, journal.outbox()) == (len(waiting), 0, [])
    town.cover()
    assert sorted(own_findings(town, "customs", ucr)) == sorted(waiting)


def test_a_desk_that_lost_its_journal_says_nothing_twice(town: Town) -> None:
    ucr = opened(town, "DESK4")
    town.say("broker", weighed("010120261000000704", "80.00000"), ucr)
    town.cover()
    first = desk(town, "customs").look([ucr])
    # Before its own words are anchored, their number is taken; afterwards the ledger shows them. Some may be by now.
    blind = desk(town, "customs").look([ucr])
    assert blind.said == 0 and blind.refused <= first.said
    town.cover()
    assert desk(town, "customs").look([ucr]).said == 0
    assert len(own_findings(town, "customs", ucr)) == first.said


def test_what_somebody_says_whom_nobody_named_moves_no_desk_and_stands_in_no_snapshot(town: Town) -> None:
    ucr = opened(town, "DESK5")
    town.say("broker", weighed("010120261000000705", "80.00000"), ucr)
    town.cover()
    customs = desk(town, "customs")
    assert customs.look([ucr]).said >= 1
    before = len(client(town, "customs").lanes(ucr)["lanes"])
    town.say("carrier", consortium.waybill(gross="1.00000"), ucr)
    town.cover()
    assert customs.look([ucr]).said == 0
    seen = client(town, "customs").lanes(ucr)
    assert len(seen["lanes"]) == before + 1  # the desk's own words
    carrier = town.member("carrier").uscc
    assert carrier not in {SignedRecord.parse(line["sd_jwt"]).iss for line in seen["records"]}


def test_a_desk_whose_pack_is_not_the_agreed_one_stops_and_says_so(town: Town) -> None:
    other = desk(town, "customs")
    other._agreed_pack = lambda: bytes(32)
    with pytest.raises(UnagreedPack, match="have the governors agree"):
        other.require_agreed_pack()


def a_finding(town: Town, rule: str = "C06", pack: str = "") -> AuditFinding:
    agreed = desk(town, "customs").pack_hash
    return AuditFinding(
        finding=Finding(rule=rule, severity="H", differences=1, version="2026.3", pack=pack or agreed),
        differences=(Difference(name=f"{rule}-x", severity="H", explanation="weights"),),
    )


def refusal(town: Town, slug: str, record: AuditFinding, *ucrs: str) -> str:
    answer = town.post(slug, "/v1/records", town.sign(slug, record, *ucrs).serialize())
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["type"]).rpartition("/")[2]


def test_intake_refuses_by_name_what_is_no_governors_finding_of_the_agreed_pack(town: Town) -> None:
    known = opened(town, "DESK6")
    town.say("broker", weighed("010120261000000706", "99.00000"), known)
    assert refusal(town, "regulator", a_finding(town), known) == "role"
    assert refusal(town, "customs", a_finding(town), new_ucr(town, "NOBODY")) == "consignment-unknown"
    assert refusal(town, "customs", a_finding(town, rule="C99"), known) == "rule-pack"
    assert refusal(town, "customs", a_finding(town, pack="0" * 64), known) == "rule-pack"
    assert refusal(town, "customs", a_finding(town), known, new_ucr(town, "DESK6B")) == "malformed-record"
