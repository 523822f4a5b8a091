"""Three organisations found a consortium by files alone, typing the page on founding: Beijing, Tianjin and Hebei.

Each types `tongguan` commands in its own folder; what goes between them are cards, the plan's folder and fingerprints
that are read aloud. Then what each of them sees where somebody cheats.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.errors import TongguanError
from chain.verify.trust_root import TrustRoot
from scripts.bootstrap import example_uscc
from scripts.cli import app
from scripts.consortium_folder import ConsortiumFolder
from scripts.foundation.ceremony import PlanNotApproved
from scripts.foundation.check import NotAsPlanned
from scripts.foundation.plan import MalformedPlan, PlanFolder
from scripts.foundation.tag_secret import load_exchange_key, open_tag_secret
from scripts.processes import ProcessGroup, answers, free_ports

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "founding.md"
MEMBERSHIP_PAGE = PAGE.with_name("membership.md")
ON_THE_CHAIN = ("admit", "add", "show", "new", "retire", "list", "suspend")
GOVERNORS = ("beijing", "tianjin", "hebei")
NEEDS_CHAIN = ("register", "check")


def types(command: str) -> str:
    """What a `tongguan` command prints; raises its error where it ends with one."""
    program, *arguments = shlex.split(command)
    assert program == "tongguan"
    done = CliRunner().invoke(app, arguments)
    if isinstance(done.exception, TongguanError):
        raise done.exception
    assert done.exit_code == 0, (command, done.output, done.exception)
    return done.output


def commands_of_the_page(page: Path = PAGE) -> list[str]:
    blocks = re.findall(r"<!-- typed -->\n```\n(.*?)```\n<!-- /typed -->", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@dataclass
class Region:
    """The folders of the three, what they hand round, the running chain, and what each command printed."""

    path: Path
    rpc: str = ""
    printed: dict[str, list[str]] = field(default_factory=dict)

    @property
    def plan(self) -> Path:
        return self.path / "plan"

    def folder(self, slug: str) -> ConsortiumFolder:
        return ConsortiumFolder(self.path / slug)

    def types(self, line: str) -> str:
        """Types a line of the page, with the chain's address where it is needed."""
        words = line.split()
        output = types(f"{line} --rpc {self.rpc}" if words[2] in NEEDS_CHAIN else line)
        self.printed.setdefault(line, []).append(output)
        return output

    def copied_plan(self, name: str) -> Path:
        """A copy of the plan's folder, to be tampered with."""
        return Path(shutil.copytree(self.plan, self.path / f"plan-{name}"))

    def fingerprints(self) -> set[str]:
        """What the three read aloud after their checks."""
        outputs = [self.printed[f"tongguan found check plan --dir {slug}"][0] for slug in GOVERNORS]
        return {output.partition("fingerprint: ")[2].splitlines()[0] for output in outputs}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """The page, typed line by line; the line that runs the node goes on running."""
    region = Region(tmp_path_factory.mktemp("region"))
    group = ProcessGroup(region.path / "logs")
    (port,) = free_ports([0])
    region.rpc = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(region.path)
        try:
            for line in commands_of_the_page():
                if line == "tongguan found approve plan --dir beijing":
                    with pytest.raises(PlanNotApproved, match="beijing, tianjin, hebei"):
                        types("tongguan found run plan --node node")
                if line == "tongguan node node":
                    group.start("node", "chain.node", "--dir", "node", "--port", str(port))
                    group.wait_ready("node", answers(f"{region.rpc}/health"))
                else:
                    region.types(line)
            yield region
        finally:
            group.stop()


def test_nobody_does_anothers_part(region: Region) -> None:
    first, second = region.printed["tongguan found register plan --dir beijing"]
    assert "open: tianjin adds its record key" in first and "open: hebei admits mill" in first
    assert "beijing adds" not in first and "admits mill" not in second
    assert "Nothing is open" in region.printed["tongguan found register plan --dir hebei"][1]


def test_each_organisation_computes_the_same_trust_root(region: Region) -> None:
    assert len(region.fingerprints()) == 1
    roots = {region.folder(slug).trust_root.read_bytes() for slug in GOVERNORS}
    assert len(roots) == 1
    root = TrustRoot.parse(roots.pop())
    assert root.independent_attesters and not root.independent_validators, "one process holds the node's validators"


def test_each_gateway_opens_the_tag_secret_and_no_folder_holds_anothers_key(region: Region) -> None:
    secrets = {(region.folder(slug).gateway / "tag-keys.json").read_bytes() for slug in GOVERNORS}
    assert len(secrets) == 1
    keys = {slug: {file.name for file in (region.folder(slug).path / "members").glob("*/")} for slug in GOVERNORS}
    assert keys == {"beijing": {"beijing"}, "tianjin": {"tianjin"}, "hebei": {"hebei", "mill"}}
    handed_round = b"".join(file.read_bytes() for file in region.plan.rglob("*") if file.is_file())
    assert b"PRIVATE KEY" not in handed_round and b"crypto" not in handed_round


def test_the_minutes_are_one_page_with_every_fingerprint(region: Region) -> None:
    minutes = (region.plan / "minutes.md").read_text()
    assert region.fingerprints().pop() in minutes and "示范钢厂 (mill)" in minutes
    assert "nothing is open" in minutes and len(minutes.splitlines()) < 60


def test_what_was_planned_stands_on_the_chain(region: Region) -> None:
    listing = types(f"tongguan agreed list --dir {region.folder('hebei').path} --rpc {region.rpc}")
    assert f"customs-office 0202  {example_uscc('120000', 7101)}" in listing
    assert f"operator {example_uscc('110000', 7100)}  of UCRs CN" in listing


def test_a_fingerprint_that_differs_is_told(region: Region) -> None:
    with pytest.raises(NotAsPlanned, match="read aloud"):
        region.types("tongguan found check plan --dir hebei --expect '0000 1111'")


def test_a_plan_that_is_changed_after_its_approval_is_refused(region: Region) -> None:
    plan = region.copied_plan("changed")
    content = json.loads((plan / "plan.json").read_bytes())
    content["threshold"] = 1
    (plan / "plan.json").write_text(json.dumps(content))
    with pytest.raises(MalformedPlan, match="approves another plan"):
        types(f"tongguan found show {plan}")


def test_a_policy_file_that_is_not_the_plans_is_refused(region: Region) -> None:
    plan = region.copied_plan("policy")
    (plan / "view-policy.json").write_text("{}")
    with pytest.raises(MalformedPlan, match=r"policies\.view"):
        types(f"tongguan found show {plan}")


def test_an_approval_signed_by_another_governor_is_refused(region: Region) -> None:
    plan = region.copied_plan("approval")
    shutil.copyfile(plan / "approvals" / "hebei.jws", plan / "approvals" / "beijing.jws")
    with pytest.raises(MalformedPlan, match="not signed by the key on the card of beijing"):
        types(f"tongguan found show {plan}")


def test_a_participant_does_not_approve(region: Region) -> None:
    with pytest.raises(MalformedPlan, match="mill is no governor"):
        types(f"tongguan found approve {region.plan} --dir {region.folder('hebei').path} --as mill")


def test_a_tag_secret_that_is_not_the_plans_is_told(region: Region) -> None:
    """Who drafted the plan sealed another secret to Hebei: its tags would be nobody's lanes."""
    plan = PlanFolder(region.plan).read()
    folder = region.folder("hebei")
    key = load_exchange_key((folder.member_folder("hebei") / "exchange.pem").read_bytes(), folder.passphrase())
    assert open_tag_secret(plan, folder.member("hebei").uscc, key).public.raw.hex() == plan.content.tag_key.public
    with pytest.raises(MalformedPlan, match="does not open"):
        open_tag_secret(plan, example_uscc("110000", 7100), key)


def test_members_join_change_keys_and_leave_as_the_page_says(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of what comes after the founding, typed line by line; what is read aloud is put in."""
    monkeypatch.chdir(region.path)
    read_aloud: dict[str, str] = {}
    outputs: list[str] = []
    for line in commands_of_the_page(MEMBERSHIP_PAGE):
        words = line.split()
        if line.startswith("tongguan trust-root"):
            shutil.copyfile("hebei/trust-root.json", "smelter/trust-root.json")
        for word, value in read_aloud.items():
            line = line.replace(word, value)
        asks_chain = words[2] in ON_THE_CHAIN and words[1] != "trust-root" and words[1:3] != ["member", "new"]
        outputs.append(types(f"{line} --rpc {region.rpc}" if asks_chain else line))
        if found := re.search(r"controller account (0x\w+)", outputs[-1]):
            read_aloud["CONTROLLER"] = found[1]
        if found := re.search(r"the old one, ([\w-]+),", outputs[-1]):
            read_aloud["OLD"] = found[1]
    assert set(read_aloud) == {"CONTROLLER", "OLD"}
    assert region.fingerprints().pop() in outputs[2]
    assert "ACTIVE" in outputs[4] and "SUSPENDED" in outputs[-1]
    assert f"{read_aloud['OLD']}" in outputs[7] and "retired" in outputs[7]
