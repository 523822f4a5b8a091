"""Plans: each way in which a plan is not right, and what a check says where the chain is another than the plan."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chain.ledger import Ledger
from scripts.bootstrap import example_uscc, profiles
from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, MemberProfile
from scripts.foundation.ceremony import Draft, draft_plan, run_plan
from scripts.foundation.check import connect_to_plan, examine
from scripts.foundation.embedded_chain import make_embedded_chain, open_embedded_chain
from scripts.foundation.organisation import CardDetails, make_card, make_member, own_accounts
from scripts.foundation.plan import POLICY_FILES, Founded, MalformedPlan, Plan, PlanFolder
from scripts.foundation.registration import open_steps, register_own

SEATS = ("customs", "eport", "gateway", "trader")


@dataclass
class Office:
    """A folder with everybody's keys, an embedded chain, and the plan that was drafted for it."""

    folder: ConsortiumFolder
    endpoint: Any
    cards: list[str]
    plan_folder: PlanFolder
    plan: Plan

    def run(self, name: str, content: dict[str, Any]) -> tuple[Plan, Founded]:
        """Approves and runs a plan with this content."""
        folder = PlanFolder(self.folder.path / name)
        texts = {policy: self.plan_folder.policy_text(policy) for policy in POLICY_FILES}
        plan = folder.write(content, texts)
        for governor in plan.governors:
            folder.approve(plan, governor.card.slug, self.folder.signing_key(governor.card.slug))
        deployer = self.folder.make_account("", "deployer")
        return plan, run_plan(folder, plan, self.endpoint, deployer, lambda line: None)


def _members() -> list[MemberProfile]:
    return [member for member in profiles() if member.slug in SEATS]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = ConsortiumFolder(tmp_path_factory.mktemp("office"))
    folder.make_passphrase()
    for member in _members():
        make_member(folder, member, runs_gateway=member.slug == "gateway")
    cards = [make_card(folder, slug, CardDetails()) for slug in SEATS]
    make_embedded_chain(folder)
    plan_folder = PlanFolder(folder.path / "plan")
    with open_embedded_chain(folder) as endpoint:
        draft = Draft(sponsors={"gateway": "eport", "trader": "eport"})
        plan = draft_plan(plan_folder, cards, endpoint, draft)
        yield Office(folder, endpoint, cards, plan_folder, plan)


Change = Callable[[dict[str, Any]], None]


def _set(*path: str | int, value: Any) -> Change:
    def change(content: Any) -> None:
        for name in path[:-1]:
            content = content[name]
        content[path[-1]] = value

    return change


FAULTS: dict[str, tuple[Change, str]] = {
    "an unknown member": (_set("note", value=1), "note"),
    "no members": (_set("members", value=[]), "members"),
    "a threshold above the governors": (_set("threshold", value=3), "threshold"),
    "a threshold of none": (_set("threshold", value=0), "threshold"),
    "checkpoints that need no vote": (_set("policies", "least-votes", value="0" * 64), "least-votes"),
    "no view policy": (lambda content: content["policies"].pop("view"), "policies.view"),
    "a note key that is on no card": (_set("policies", f"note-key-{_members()[0].uscc}", value="11" * 32), "note key"),
    "a member twice": (lambda content: content["members"].append(content["members"][2]), "same uscc"),
    "a participant that sponsors": (_set("members", 3, "sponsor", value=_members()[2].uscc), "must be a governor"),
    "a governor with a sponsor": (_set("members", 0, "sponsor", value=_members()[1].uscc), "for a participant"),
    "a participant without sponsor": (_set("members", 2, "sponsor", value=None), "for a participant"),
    "roles beyond the sponsor's": (_set("members", 3, "roles", value=["CUSTOMS"]), "within the sponsor's"),
    "a gateway without the role": (_set("members", 2, "roles", value=["TRADER"]), "must hold GATEWAY"),
    "an unknown role": (_set("members", 3, "roles", value=["KING"]), "roles"),
    "a code of a stranger": (
        _set("codes", value=[{"register_name": "scac", "code": "EXSC", "member": example_uscc("110000", 1)}]),
        "codes and operators",
    ),
    "the tag secret sealed to nobody": (_set("tag_key", "sealed", value={}), "sealed"),
    "a card that was changed": (lambda content: _cut_card(content["members"][3]), "card"),
}


def _cut_card(member: dict[str, Any]) -> None:
    member["card"] = member["card"][:-3] + "AAA"


@pytest.mark.parametrize("name", FAULTS)
def test_a_plan_with_one_fault_is_refused_by_its_name(name: str, office: Office) -> None:
    change, where = FAULTS[name]
    content = copy.deepcopy(office.plan.content.model_dump(mode="json"))
    Plan.parse(json.dumps(content).encode())
    change(content)
    with pytest.raises(Exception, match=where) as refusal:
        Plan.parse(json.dumps(content).encode())
    assert refusal.type.__name__ in {"MalformedPlan", "MalformedCard"}


def test_layout_does_not_change_the_digest(office: Office) -> None:
    content = office.plan.content.model_dump(mode="json")
    shuffled = json.dumps(dict(reversed(content.items())), indent=4).encode()
    assert Plan.parse(shuffled).digest == office.plan.digest


def test_a_folder_without_plan_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BrokenFolder, match="found plan"):
        PlanFolder(tmp_path).read()


def test_a_plan_is_never_written_over_another(office: Office) -> None:
    with pytest.raises(BrokenFolder, match="already"):
        office.plan_folder.write(office.plan.content.model_dump(mode="json"), {})


def test_registration_goes_on_where_it_was_broken_off_and_nothing_is_sent_twice(office: Office) -> None:
    plan, founded = office.run("broken-off", office.plan.content.model_dump(mode="json"))
    ledger = connect_to_plan(office.endpoint, plan, founded)
    accounts = own_accounts(office.folder)
    counts = [len(open_steps(ledger, plan))]
    for slug in ("customs", "trader", "eport", "gateway", "trader", "customs", "eport"):
        uscc = office.folder.member(slug).uscc
        counts.append(len(register_own(ledger, plan, {uscc: accounts[uscc]})))
    assert counts == sorted(counts, reverse=True) and counts[-1] == 0
    height = ledger.block_number()
    assert register_own(ledger, plan, accounts) == [] and ledger.block_number() == height
    assert examine(ledger, plan).differences == ()


DIFFERENCES: dict[str, tuple[Change, str]] = {
    "one vote decides": (_set("threshold", value=1), "needed 1 votes"),
    "one vote makes a checkpoint": (_set("policies", "least-votes", value=f"{1:064x}"), "policy least-votes"),
    "another consortium": (_set("consortium", value="11" * 32), "consortium id"),
    "proposals live for a block": (_set("proposal_lifetime_blocks", value=1), "lives 1 blocks"),
    "governors in another order": (
        lambda content: content["members"].insert(0, content["members"].pop(1)),
        "governors",
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_contracts_of_another_plan_are_told_by_everyones_own_check(name: str, office: Office) -> None:
    """Whoever runs the plan deploys other contracts and says they are the plan's."""
    change, what = DIFFERENCES[name]
    content = copy.deepcopy(office.plan.content.model_dump(mode="json"))
    change(content)
    _, founded = office.run(f"forged {name}", content)
    ledger: Ledger = connect_to_plan(office.endpoint, office.plan, founded)
    differences = examine(ledger, office.plan).differences
    assert len(differences) == 1 and what in differences[0]


def test_founded_json_of_another_plan_is_refused(office: Office) -> None:
    office.plan_folder.write_founded(Founded("00" * 32, "0x" + "11" * 20, "0x" + "22" * 20))
    with pytest.raises(MalformedPlan, match="another plan"):
        office.plan_folder.find_founded(office.plan)
