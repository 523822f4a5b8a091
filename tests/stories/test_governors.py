"""As a governor of a three-member consortium: what governors type, what everyone then sees, and what proves it.

Each step is typed as `tongguan` commands against a running node. Afterwards `member list --block N` tells how it was
before and after, and storage proofs under the newest sealed header tell the same without believing the node.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.errors import TongguanError
from chain.keys import SigningKey
from chain.ledger import Ledger, calls, reverts
from chain.ledger.faults import LedgerUnreachable, NotInBlockYet
from chain.ledger.registry_proofs import NotProved, ProvedRegistry
from chain.ledger.reverts import ContractRefused
from chain.members import AddedBy, KeyState, MemberKind, MemberState, PolicyName, find_in_force
from chain.verify.trust_root import TrustRoot
from scripts.bootstrap import example_uscc
from scripts.cli import app, main
from scripts.commands.registry import time_words
from scripts.consortium_folder import ConsortiumFolder
from scripts.ledger_connection import connect, trust_root_of
from scripts.local_network import Machine
from tests.contracts.engines import account
from tests.fakes.faulty_provider import FaultyProvider
from tests.founded import copy_founded

PORT_AUTHORITY = example_uscc("310000", 9100)


@dataclass
class Office:
    """A governors' office: a folder with their keys, and a running node."""

    folder: ConsortiumFolder
    rpc: str
    root: TrustRoot
    ledger: Ledger
    expelling: int = 0
    """The proposal that expels a governor."""
    stolen_at: int = 0
    """When the broker's key was stolen, Unix seconds."""
    blocks: dict[str, int] = field(default_factory=dict)
    """The block in which each step of the story took effect."""

    def types(self, command: str) -> str:
        """What a `tongguan` command prints; raises its error where it ends with one."""
        arguments = [*shlex.split(command), "--dir", str(self.folder.path), "--rpc", self.rpc]
        done = CliRunner().invoke(app, arguments)
        if isinstance(done.exception, TongguanError):
            raise done.exception
        assert done.exit_code == 0, (command, done.output, done.exception)
        return done.output

    def proved(self) -> ProvedRegistry:
        """The registry under the newest header, the node not believed."""
        return ProvedRegistry.at_head(self.ledger, self.root.validators[0].addresses)

    def list_before_and_after(self, step: str) -> tuple[str, str]:
        """`member list` for the block of a step (it counts for later ones) and for the next."""
        block = self.blocks[step]
        return self.types(f"member list --block {block}"), self.types(f"member list --block {block + 1}")

    def kid(self, slug: str) -> str:
        """The thumbprint of the key that the member signs with."""
        return self.folder.signing_key(slug).public.kid


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The story, told once; each test looks at one chapter of it."""
    folder = ConsortiumFolder(tmp_path_factory.mktemp("office"))
    root = copy_founded(folder)
    with Machine(folder, node_port=0, gateway_port=0) as machine:
        machine.start_node(lambda line: None)
        office = Office(folder, machine.rpc_url, root, connect(trust_root_of(folder), machine.rpc_url))
        _admit_a_fourth_governor(office)
        _revoke_a_stolen_key(office)
        _change_the_view_policy(office, folder.path)
        _expel_a_governor(office)
        yield office


def _admit_a_fourth_governor(office: Office) -> None:
    rest = "--roles REGULATOR,TERMINAL --customs-code 2200900001"
    made = CliRunner().invoke(
        app,
        shlex.split(f"member new port --uscc {PORT_AUTHORITY} --name 示范口岸办 {rest} --dir {office.folder.path}"),
    )
    assert made.exit_code == 0, made.output
    controller = office.folder.account("port").address
    said = f"admit-governor {PORT_AUTHORITY} {controller} 示范口岸办 REGULATOR,TERMINAL 2200900001"
    office.types(f"proposal propose {said} --as customs")
    number = office.ledger.proposal_count() - 1
    office.types(f"proposal approve {number} --as tax")
    office.blocks["admitted"] = office.ledger.proposal(number).executed_block or 0
    office.types("key add --member port --as port")
    office.types("account attester --as port")


def _revoke_a_stolen_key(office: Office) -> None:
    kid = office.kid("broker")
    office.types("key new --member broker --as broker")
    office.stolen_at = office.ledger.head().timestamp
    office.types(f"key compromise request {kid} {office.stolen_at} --as broker")
    office.blocks["contested"] = office.ledger.block_number()
    office.types(f"proposal propose compromise-key {kid} {office.stolen_at} --as eport")
    office.types(f"proposal approve {office.ledger.proposal_count() - 1} --as tax")
    office.blocks["compromised"] = office.ledger.block_number()


def _change_the_view_policy(office: Office, path: Path) -> None:
    (path / "new-policy.json").write_bytes((path / "view-policy.json").read_bytes() + b"\n")
    office.types(f"proposal propose policy view {path / 'new-policy.json'} --as port")
    number = office.ledger.proposal_count() - 1
    office.types(f"proposal approve {number} --as customs")
    office.blocks["policy"] = office.ledger.proposal(number).executed_block or 0


def _expel_a_governor(office: Office) -> None:
    office.types("proposal propose expel tax --as customs")
    number = office.expelling = office.ledger.proposal_count() - 1
    office.types(f"proposal approve {number} --as port")
    office.blocks["expelled"] = office.ledger.proposal(number).executed_block or 0


def line_of(listing: str, what: str) -> str:
    """The one line of a listing that begins with this."""
    (line,) = [line.strip() for line in listing.splitlines() if line.strip().startswith(what)]
    return line


def test_a_fourth_governor_is_admitted_by_vote(office: Office) -> None:
    before, after = office.list_before_and_after("admitted")
    assert "not yet a member" in line_of(before, PORT_AUTHORITY)
    assert "3 governors vote; a proposal needs 2 approvals" in before
    assert line_of(after, PORT_AUTHORITY) == f"{PORT_AUTHORITY}  governor active  TERMINAL,REGULATOR  votes  示范口岸办"
    assert "4 governors vote" in after
    (version,) = office.proved().member_versions(PORT_AUTHORITY)
    assert (version.kind, version.state) == (MemberKind.GOVERNOR, MemberState.ACTIVE)
    assert version.since_block == office.blocks["admitted"]


def test_the_new_governor_has_a_key_of_its_own_and_an_attester(office: Office) -> None:
    key = office.folder.signing_key("port").public
    (version,) = office.proved().key_versions(key.thumbprint)
    assert (version.member, version.added_by, version.state) == (PORT_AUTHORITY, AddedBy.MEMBER, KeyState.ACTIVE)
    attester = office.folder.account("port", "attester").address
    assert f"{PORT_AUTHORITY}  active  ATTESTER" in office.types(f"account show {attester}")


def test_a_stolen_key_is_contested_until_the_governors_declare_it_compromised(office: Office) -> None:
    broker = office.folder.member("broker")
    (old,) = [key for key in office.ledger.keys().values() if len(key.versions) > 1]
    contested, compromised = office.blocks["contested"], office.blocks["compromised"]
    kid = old.public_key.kid
    before, after = office.list_before_and_after("compromised")
    mark = f"COMPROMISED since {time_words(office.stolen_at)} (block {compromised})"
    assert line_of(before, f"key {kid}") == f"key {kid}  active  {mark}"
    assert line_of(after, f"key {kid}") == f"key {kid}  compromised  {mark}"
    assert line_of(after, f"key {office.kid('broker')}").endswith("active")
    added, asked, voted = office.proved().key_versions(old.thumbprint)
    assert (added.state, added.compromised_since, added.member) == (KeyState.ACTIVE, None, broker.uscc)
    assert (asked.state, asked.contested, asked.since_block) == (KeyState.ACTIVE, True, contested)
    assert (voted.state, voted.contested, voted.since_block) == (KeyState.COMPROMISED, False, compromised)
    assert asked.compromised_since == voted.compromised_since == office.stolen_at


def test_a_key_is_retired_by_its_member_alone(office: Office) -> None:
    kid = office.kid("carrier")
    with pytest.raises(reverts.NotPermitted):
        office.types(f"key retire {kid} --as eport --dry-run")
    assert "would be taken now" in office.types(f"key retire {kid} --as carrier --dry-run")
    assert "would be taken now" in office.types(f"key revoke {kid} --as carrier --dry-run")


def test_the_view_policy_is_changed_by_vote(office: Office) -> None:
    before, after = office.list_before_and_after("policy")
    old, new = (sha256((office.folder.path / name).read_bytes()) for name in ("view-policy.json", "new-policy.json"))
    assert old.hexdigest() in line_of(before, "policy view")
    assert line_of(after, "policy view") == f"policy view  {new.hexdigest()}  since block {office.blocks['policy']}"
    versions = office.proved().policy_versions(PolicyName.VIEW)
    assert [version.value for version in versions] == [old.digest(), new.digest()]


def test_a_governor_is_expelled_and_what_it_said_before_still_counts(office: Office) -> None:
    tax = office.folder.member("tax")
    before, after = office.list_before_and_after("expelled")
    assert line_of(before, tax.uscc).startswith(f"{tax.uscc}  governor active")
    assert "governor expelled" in line_of(after, tax.uscc) and "its records do not count" in line_of(after, tax.uscc)
    assert "4 governors vote" in before and "3 governors vote" in after
    versions = office.proved().member_versions(tax.uscc)
    then = find_in_force(versions, office.blocks["expelled"])
    assert then is not None and then.state is MemberState.ACTIVE
    assert versions[-1].state is MemberState.EXPELLED


def test_the_expelled_governor_decides_nothing_more(office: Office) -> None:
    with pytest.raises(ContractRefused):
        office.types("proposal propose suspend broker --as tax --dry-run")


def test_a_dry_run_says_what_would_happen_and_sends_nothing(office: Office) -> None:
    block = office.ledger.block_number()
    assert "would be taken now; nothing was sent" in office.types("member suspend carrier --as eport --dry-run")
    with pytest.raises(ContractRefused):
        office.types("member suspend carrier --as customs --dry-run")
    assert office.ledger.block_number() == block


def test_a_dry_run_of_a_vote_says_what_it_would_come_to(office: Office) -> None:
    broker = office.folder.member("broker").uscc
    first = office.types("proposal propose suspend broker --as customs --dry-run")
    assert f"Approval 1 of 2 to suspend {broker}: it would wait for more." in first
    office.types("proposal propose suspend broker --as customs")
    number = office.ledger.proposal_count() - 1
    again = f"Approval 2 of 2 to suspend {broker}: it would execute at once."
    assert again in office.types(f"proposal approve {number} --as port --dry-run")
    assert "its records do not count" not in line_of(office.types("member list"), broker)
    office.types(f"proposal withdraw {number} --as customs")
    assert f"Approval 1 of 2 to suspend {broker}: it would wait" in office.types(
        f"proposal approve {number} --as port --dry-run"
    )


def test_an_approval_of_an_expelled_governor_is_not_foretold_as_one(office: Office) -> None:
    assert office.folder.member("tax").uscc not in office.ledger.governors().active
    office.types("proposal propose threshold 3 --as eport")
    number = office.ledger.proposal_count() - 1
    assert "Approval 2 of 2 to let 3 approvals" in office.types(f"proposal approve {number} --as port --dry-run")


def test_what_is_no_proposal_is_told_by_what_is_wrong_with_it(office: Office) -> None:
    for said in ("threshold many", "expel", "nothing broker", "expel broker customs"):
        arguments = [*shlex.split(f"proposal propose {said} --as customs"), "--dir", str(office.folder.path)]
        done = CliRunner().invoke(app, [*arguments, "--rpc", office.rpc])
        assert done.exit_code == 2, said


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "expel of what does not decode; it can never execute"),
        (b"\xff" * 32, "expel of what does not decode; it can never execute"),
        (b"\x1b[2K\x1b[1A".ljust(32, b"\0"), "expel of no number: 'expel \\x1b[2K\\x1b[1A'"),
    ],
)
def test_a_proposal_that_means_nothing_hides_no_other(office: Office, payload: bytes, said: str) -> None:
    controller = office.folder.account("customs")
    office.ledger.transact(calls.propose(calls.Decision(calls.Action.EXPEL, payload)), controller)
    assert said in office.types("proposal list").splitlines()[-1]


def test_a_refusal_is_a_clear_no_and_an_unreached_node_could_not_tell(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["tongguan", "member", "suspend", "carrier", "--as", "customs", "--dir", str(office.folder.path), "--rpc"]
    for rpc, code in ((office.rpc, 1), ("http://127.0.0.1:9", 2)):
        monkeypatch.setattr("sys.argv", [*said, rpc])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == code
        assert capsys.readouterr().err.startswith("tongguan: the ledger: ")


def test_a_proposal_is_read_in_words(office: Office) -> None:
    number = office.expelling
    said = office.types(f"proposal show {number}")
    assert f"Proposal {number}: expel {office.folder.member('tax').uscc}" in said
    assert f"executed in block {office.blocks['expelled']}" in said
    assert f"approved by {PORT_AUTHORITY}" in said
    assert "admit governor" in office.types("proposal list")


def test_a_sponsor_admits_a_participant_with_its_controller_in_one_go(office: Office) -> None:
    uscc = example_uscc("310000", 9101)
    controller = account("a new broker").address
    office.types(f"member admit {uscc} --name 新报关行 --roles BROKER --controller {controller} --as eport")
    assert "participant active" in line_of(office.types("member list"), uscc)
    assert "CONTROLLER" in office.types(f"account show {controller}")


def test_a_member_is_proved_to_whoever_does_not_believe_the_node(office: Office) -> None:
    tax = office.folder.member("tax").uscc
    said = office.types(f"member prove tax --block {office.blocks['expelled']}")
    assert "is sealed by 4 of 4 validators of the trust root" in said
    assert f"{tax}  governor active" in said
    assert "governor expelled" in office.types("member prove tax")


def test_a_node_that_tells_another_version_than_it_proves_is_caught(office: Office) -> None:
    from web3 import HTTPProvider

    from scripts.ledger_connection import connect

    wire = FaultyProvider(HTTPProvider(office.rpc))
    lying = connect(office.root, wire)  # type: ignore[arg-type]  # the wire stands where the URL's provider would
    honest = ProvedRegistry.at_head(lying, office.root.validators[0].addresses)
    assert honest.member_versions(PORT_AUTHORITY)

    def one_version_less(params: object, result: str) -> str:
        words = bytes.fromhex(result[2:])
        count = int.from_bytes(words[32:64], "big")
        return "0x" + (words[:32] + (count - 1).to_bytes(32, "big") + words[64:]).hex()

    wire.lies["eth_call"] = one_version_less
    with pytest.raises(NotProved, match="other versions"):
        honest.member_versions(PORT_AUTHORITY)


def test_a_node_that_nobody_reaches_is_said_as_such(office: Office) -> None:
    with pytest.raises(LedgerUnreachable):
        Office(office.folder, "http://127.0.0.1:9", office.root, office.ledger).types("member list")


def test_a_participant_is_renamed_by_its_sponsor_and_given_a_controller_later(office: Office) -> None:
    uscc, controller = example_uscc("310000", 9102), account("a late controller").address
    office.types(f"member admit {uscc} --name 旧名 --roles CARRIER --as eport")
    office.types(f"account appoint {uscc} {controller} --as eport")
    assert f"{uscc}  active  CONTROLLER" in office.types(f"account show {controller}")
    with pytest.raises(reverts.ControllerAlreadyAppointed):
        office.types(f"account appoint {uscc} {account('another').address} --as eport")
    office.types(f"member profile {uscc} --name 新名 --customs-code 2200900009 --as eport")
    first, second = office.ledger.profile_versions(uscc)
    assert (first.name_hash, first.customs_code) == (calls.name_hash("旧名"), None)
    assert (second.name_hash, second.customs_code) == (calls.name_hash("新名"), "2200900009")


def test_governors_vote_on_a_profile_and_a_key_and_the_key_says_so(office: Office, tmp_path: Path) -> None:
    key = SigningKey.generate().public
    (tmp_path / "key.jwk").write_text(json.dumps(key.jwk()))
    for said in (f"add-key carrier {tmp_path / 'key.jwk'}", "profile carrier 示范快递 2200900010"):
        office.types(f"proposal propose {said} --as customs")
        office.types(f"proposal approve {office.ledger.proposal_count() - 1} --as port")
    (version,) = office.proved().key_versions(key.thumbprint)
    assert (version.added_by, version.member) == (AddedBy.GOVERNORS, office.folder.member("carrier").uscc)
    assert line_of(office.types("member list"), f"key {key.kid}").endswith("added by governors")
    assert office.ledger.find_customs_code_holder("2200900010") == office.folder.member("carrier").uscc


def test_a_new_key_is_on_disk_before_the_registry_names_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    own, kid = office.folder.member_folder("trader"), office.kid("trader")

    def lose_the_answer(self: Ledger, call: object, sender: object) -> None:
        raise NotInBlockYet("0x" + "00" * 32, 1)

    with monkeypatch.context() as lost:
        lost.setattr(Ledger, "transact", lose_the_answer)
        with pytest.raises(NotInBlockYet):
            office.types("key new --member trader --as trader")
    (kept,) = own.glob("signing-*.pem")
    assert kept.name == f"signing-{SigningKey.load(kept.read_bytes(), office.folder.passphrase()).public.kid}.pem"
    assert office.kid("trader") == kid, "what signs stays as it was"


def test_a_new_key_that_is_refused_leaves_no_file(office: Office) -> None:
    own, kid = office.folder.member_folder("bank"), office.kid("bank")
    with pytest.raises(ContractRefused):
        office.types("key new --member bank --as customs")
    assert (list(own.glob("signing-*.pem")), office.kid("bank")) == ([], kid)


def test_the_old_key_is_kept_beside_the_new_one(office: Office) -> None:
    kid = office.kid("terminal")
    office.types("key new --member terminal --as terminal")
    assert office.kid("terminal") != kid
    assert [file.name for file in office.folder.member_folder("terminal").glob("signing-*")] == [f"signing-{kid}.pem"]
