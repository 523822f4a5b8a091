"""A consortium with everything set that the registry has room for: typed, listed, and proved from a sealed header."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import pytest
import typer
from typer.testing import CliRunner

from chain.ledger import Ledger, calls
from chain.ledger.registry_proofs import ProvedRegistry
from chain.members import CodeRegister, KeyAlgorithm, PolicyName, find_in_force
from chain.proof.authorities import authorities_for
from chain.proof.vrf import SUITE, VrfSecretKey
from scripts.cli import app
from scripts.commands.drop_commands import bitmap_entries, entries_bitmap
from scripts.consortium_folder import ConsortiumFolder
from scripts.ledger_connection import connect, trust_root_of
from scripts.local_network import Machine
from tests.founded import copy_founded

CODES = {
    CodeRegister.CUSTOMS_OFFICE: ("0100", "customs"),
    CodeRegister.AWB_PREFIX: ("999", "carrier"),
    CodeRegister.SCAC: ("EXSC", "carrier"),
    CodeRegister.FACILITY: ("CNTSN-EX01", "terminal"),
    CodeRegister.PLATFORM: ("1200910001", "trader"),
}
FILES = (PolicyName.REPLICATION, PolicyName.RETENTION, PolicyName.RULE_PACK)
NEXT_EPOCH = VrfSecretKey(b"\x07" * 32).public.raw
NATIONAL_KEY = b"\x51" * 64


@dataclass
class Town:
    """The folder, its running node, and who everyone is."""

    folder: ConsortiumFolder
    rpc: str
    ledger: Ledger

    def types(self, command: str) -> str:
        """What a `tongguan` command prints."""
        done = CliRunner().invoke(app, [*shlex.split(command), "--dir", str(self.folder.path), "--rpc", self.rpc])
        assert done.exit_code == 0, (command, done.output, done.exception)
        return done.output

    def agrees(self, decision: str) -> None:
        """Two of the three governors decide."""
        self.types(f"proposal propose {decision} --as customs")
        self.types(f"proposal approve {self.ledger.proposal_count() - 1} --as eport")

    def uscc(self, slug: str) -> str:
        """The number of the member of this slug."""
        return self.folder.member(slug).uscc


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Founded, and then everything decided that governors can decide of these facts."""
    folder = ConsortiumFolder(tmp_path_factory.mktemp("room"))
    copy_founded(folder)
    with Machine(folder, node_port=0, gateway_port=0) as machine:
        machine.start_node(lambda line: None)
        town = Town(folder, machine.rpc_url, connect(trust_root_of(folder), machine.rpc_url))
        for name in FILES:
            path = folder.path / f"{name}.json"
            path.write_text(f'{{"format":"{name}"}}')
            town.agrees(f"policy {name} {path}")
        town.agrees(f"policy {PolicyName.LANE_RECORDS_MAX} 200")
        for register, (code, slug) in CODES.items():
            town.agrees(f"assign {register} {code} {slug}")
        town.agrees("operator eport CN")
        town.agrees(f"tag-key {NEXT_EPOCH.hex()} {SUITE} 1000")
        town.agrees("roles bank BANK,TAX tax")
        call = calls.add_raw_key(town.uscc("broker"), KeyAlgorithm.SM2, NATIONAL_KEY)
        town.ledger.transact(call, folder.account("broker"))
        yield town


def proved(town: Town) -> ProvedRegistry:
    return ProvedRegistry.at_head(town.ledger, trust_root_of(town.folder).validators[0].addresses)


def test_every_policy_stands_under_its_name(town: Town) -> None:
    registry = proved(town)
    values = {name: registry.policy_versions(name)[-1].value for name in PolicyName}
    files = {name: sha256((town.folder.path / f"{name}.json").read_bytes()).digest() for name in FILES}
    assert {name: values[name] for name in FILES} == files
    assert int.from_bytes(values[PolicyName.LANE_RECORDS_MAX], "big") == 200
    assert int.from_bytes(values[PolicyName.LEAST_VOTES], "big") == 2
    listing = town.types("agreed list")
    assert f"replication  {files[PolicyName.REPLICATION].hex()}" in listing
    assert "lane-records-max  200  since block" in listing


def test_every_code_and_operator_is_a_members(town: Town) -> None:
    registry, listing = proved(town), town.types("agreed list")
    for register, (code, slug) in CODES.items():
        (version,) = registry.assignment_versions(register, code)
        assert version.member == town.uscc(slug)
        assert f"{register} {code}  {version.member}" in listing
    (operator,) = registry.operator_versions(town.uscc("eport"))
    assert operator.scope == "CN"
    assert f"operator {town.uscc('eport')}  of UCRs CN" in listing


def test_the_next_epoch_of_tags_begins_at_a_batch_ahead(town: Town) -> None:
    first, following = proved(town).tag_key_versions()
    assert (first.first_batch, first.suite) == (0, SUITE)
    assert (following.first_batch, following.suite, following.public_key) == (1000, SUITE, NEXT_EPOCH)
    assert f"tag key 1  from batch 1000  suite {SUITE}  {NEXT_EPOCH.hex()}" in town.types("agreed list")


def test_governors_and_a_participant_with_a_voted_role_are_the_authorities(town: Town) -> None:
    changes = proved(town).authority_changes()
    authorities = {town.uscc(slug) for slug in ("customs", "eport", "tax", "bank")}
    assert authorities_for(changes, town.ledger.block_number() + 1) == authorities
    listing = town.types("agreed authorities")
    assert listing.startswith("4 authorities") and all(uscc in listing for uscc in authorities)
    # Before the vote there were three.
    assert town.types(f"agreed authorities --block {changes[-1].block}").startswith("3 authorities")


def test_a_national_key_is_known_by_its_thumbprint_and_signs_nothing_yet(town: Town) -> None:
    from tests.contracts.registry_model import thumbprint_of

    thumbprint = thumbprint_of(KeyAlgorithm.SM2, NATIONAL_KEY)
    (version,) = proved(town).key_versions(thumbprint)
    assert (version.algorithm, version.member) == (KeyAlgorithm.SM2, town.uscc("broker"))
    registered = town.ledger.keys()
    assert thumbprint not in registered


def test_what_was_agreed_is_told_as_of_a_block(town: Town) -> None:
    versions = town.ledger.policy_versions(PolicyName.RETENTION)
    assert find_in_force(versions, versions[0].since_block) is None
    assert "retention  none yet" in town.types(f"agreed list --block {versions[0].since_block}")


def test_a_proposal_of_each_kind_is_told_in_words(town: Town) -> None:
    listing = town.types("proposal list")
    for words in (
        "set the policy lane-records-max to 200",
        f"give awb-prefix 999 to {town.uscc('carrier')}",
        f"make {town.uscc('eport')} operator of the single window for UCRs of CN",
        "begin a new epoch of tags at batch 1000",
    ):
        assert words in listing


def test_what_a_proposal_takes_is_checked_before_it_is_sent(town: Town) -> None:
    arguments = [*shlex.split("proposal propose tag-key zz 3 5 --as customs"), "--dir", str(town.folder.path)]
    done = CliRunner().invoke(app, [*arguments, "--rpc", town.rpc])
    assert done.exit_code == 2 and "tag-key does not take that" in done.output


def test_entries_that_nobody_can_open_are_voted_out_of_their_batch(town: Town) -> None:
    entries = bytes(range(48)) * 12
    gateway = town.folder.account("gateway", "gateway")
    town.ledger.anchor(b"\x05" * 32, 12, entries, gateway)
    assert "would be taken" in town.types("drop vote 0 3,7-9 --as customs --dry-run")
    assert town.types("drop list") == ""
    town.types("drop vote 0 3,7-9 --as customs")
    assert town.types("drop list") == "", "one of three governors"
    assert "2 governors voted" in town.types("drop vote 0 3,7-9 --as tax")
    assert "batch 0  entries 3,7,8,9  by 2 governors" in town.types("drop list")


@pytest.mark.parametrize("text", ["", "a", "3,", "9-7", "2048", "1-", "-1", "1-2-3"])
def test_places_that_no_batch_has_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        entries_bitmap(text)


def test_a_bitmap_names_the_places_that_it_was_made_of() -> None:
    assert entries_bitmap("0") == b"\x80"
    assert entries_bitmap("3,7-9") == b"\x11\xc0"
    assert bitmap_entries(entries_bitmap("0,2040-2047")) == [0, *range(2040, 2048)]
