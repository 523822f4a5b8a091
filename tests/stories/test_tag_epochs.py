"""A new epoch of tag keys: begun by a command at a batch ahead, agreed on by the governors, taken in by every gateway.

Played through from one epoch into the next: what was proved before stays proved, what is said after is found and
proved beside it, and auditors need nothing new: the registry under a bundle's own header names every epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chain.proof.batch import Purpose
from chain.proof.bundle_reader import parse_bundle
from chain.proof.vrf import VrfSecretKey
from chain.verify import TrustRoot, Verdict, verify, verify_file
from chain.verify.results import Outcome, Report
from gateway.membership.tag_keys import TagKeys
from scripts.cli import app
from scripts.consortium_folder import ConsortiumFolder, tag_key_file
from tests.fakes.ledger_simulator import OTHER_UCR, UCR, Consortium
from tests.gateway.query.consortium import order, waybill
from tests.stories.local_consortium import Town, open_town

AHEAD = 6


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A consortium of this test's own, and commands that reach its chain."""
    with open_town(tmp_path_factory.mktemp("epochs")) as running:
        monkeypatch.setattr("scripts.ledger_connection.connect", lambda root, rpc: running.ledger)
        yield running


def typed(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def root_of(folder: ConsortiumFolder) -> TrustRoot:
    return TrustRoot.parse(folder.trust_root.read_bytes())


def why(report: Report, name: str) -> str:
    (answer,) = (one for one in report.answers if one.name == name)
    return " ".join(one.en for one in answer.reasons)


def bundle(town: Town, path: str) -> bytes:
    answer = town.get("trader", f"{path}/bundle")
    assert answer.status_code == 200, answer.text
    return answer.content


def rotated(town: Town, first: int) -> Path:
    """The governors agree on a new epoch; the file of secrets that `rotate` wrote."""
    folder = town.folder
    governors = [member.slug for member in folder.members() if member.sponsor is None]
    done = typed("tag-keys", "rotate", "--dir", folder.path, "--from-batch", first, "--as", governors[0])
    assert done.exit_code == 0, done.output
    assert "waits for the other governors" in done.output and f"before batch {first}" in done.output
    beside = folder.gateway / "tag-keys.json.new"
    early = typed("tag-keys", "take", beside, "--dir", folder.path)
    assert early.exit_code != 0 and "those of the registry" in str(early.exception)
    proposal = town.ledger.proposal_count() - 1
    for governor in governors[1:]:
        if town.ledger.proposal(proposal).executed_block is None:
            approved = typed("proposal", "approve", proposal, "--as", governor, "--dir", folder.path)
            assert approved.exit_code == 0, approved.output
    return beside


@pytest.mark.timeout(180)
def test_records_before_and_after_a_rotation_are_found_and_proved_by_the_same_trust_root(town: Town) -> None:
    folder, ucr = town.folder, f"6CN{town.member('trader').uscc}-EPOCHS"
    quiet = f"6CN{town.member('trader').uscc}-QUIET"
    earlier = town.say("trader", order(), ucr)
    town.say("trader", order(), quiet)
    town.cover()
    before = bundle(town, f"/v1/consignments/{ucr}")
    first = town.gateway.services.index.progress().batch_count + AHEAD

    # The operator begins a new epoch: a batch that stands already is refused, one ahead is taken.
    refused = typed("tag-keys", "rotate", "--dir", folder.path, "--from-batch", "1", "--as", "customs")
    assert refused.exit_code != 0 and "not ahead" in str(refused.exception)
    beside = rotated(town, first)
    taken = typed("tag-keys", "take", beside, "--dir", folder.path)
    assert taken.exit_code == 0, taken.output
    own = TagKeys.load(folder.gateway / "tag-keys.json")
    agreed = [(key.first_batch, key.public_key) for key in town.ledger.tag_key_versions()]
    assert [(one.from_batch, one.secret.public.raw) for one in own.epochs] == agreed
    assert [first_batch for first_batch, _ in agreed] == [0, first]
    assert (folder.gateway / "tag-keys.json").stat().st_mode & 0o077 == 0
    assert not beside.exists()
    assert root_of(folder) == town.root

    # Started again before that batch, the gateway goes on under the old key until it comes, and then under the new one.
    town.restart_gateway()
    while town.gateway.services.index.progress().batch_count < first:
        town.say("carrier", waybill(), ucr)
        town.cover()
    later = town.say("trader", order(), ucr)
    town.cover()
    index, trader, carrier = town.gateway.services.index, earlier.iss, town.member("carrier").uscc
    lanes = {issuer: own.lane_tags(ucr, issuer) for issuer in (trader, carrier)}
    assert {link.batch < first for old, _ in lanes.values() for link in index.lane(old)} == {True}
    assert [link.batch >= first for link in index.lane(lanes[trader][1])] == [True]
    assert index.lane(lanes[carrier][1]) == []

    # One view, one bundle: both epochs, complete by the trust root of before.
    view = town.get("trader", f"/v1/consignments/{ucr}").json()
    assert view["completeness"]["claim"] == "complete up to the checkpoint"
    assert {earlier.record_id, later.record_id} <= {one["record"] for one in view["records"]}
    after = bundle(town, f"/v1/consignments/{ucr}")
    assert [group.epoch for group in parse_bundle(after).groups] == [0, 1]
    silent = bundle(town, f"/v1/consignments/{quiet}")
    for said in (before, after, silent):
        report = verify_file(said, town.root)
        assert (report.verdict, report.is_complete) == (Verdict.VALID, True), report
    for signed in (earlier, later):
        alone = bundle(town, f"/v1/records/{signed.record_id}")
        assert verify_file(alone, town.root).verdict is Verdict.VALID
    # Reads are logged under the new epoch's access tag, and found with the older ones.
    reads = town.get("trader", "/v1/access-log", ucr=ucr)
    assert reads.status_code == 200


def test_a_bundle_that_leaves_the_new_epoch_out_passes_by_no_trust_root() -> None:
    """However old the trust root is: the registry under the bundle's own header names the epoch."""
    it = Consortium()
    first, other = it.record(), it.record(ucrs=(OTHER_UCR,))
    it.anchor(first)
    old_tag, old_root = it.tag(UCR), it.trust_root()
    it.begin_epoch(1)
    it.anchor(it.record(), other)
    it.checkpoint()
    hiding = it.bundle(UCR, [it.to_show(first, [old_tag])], [it.group_of(Purpose.UCR, UCR, 0)])
    report = verify(hiding, old_root)
    assert report.verdict is Verdict.ENTRIES_MISSING and why(report, "tags") == "1 of 2 epochs are not shown: 1"
    assert {one.outcome for one in report.answers if one.name == "tags"} == {Outcome.SKIPPED}
    denying = verify_file(replace(hiding, epochs=1).format(), old_root)
    assert denying.verdict is Verdict.INVALID and "newest" in why(denying, "contracts")
    assert verify(it.consignment_bundle(), old_root).verdict is Verdict.VALID


def test_another_gateway_takes_in_what_the_governors_agreed_on_and_nothing_else(town: Town, tmp_path: Path) -> None:
    office, port = town.folder, ConsortiumFolder(tmp_path / "port")
    (port.path / "gateway").mkdir(parents=True)
    port.trust_root.write_bytes(office.trust_root.read_bytes())
    for name in ("settings.json", "tag-keys.json"):
        (port.gateway / name).write_bytes((office.gateway / name).read_bytes())
    beside = rotated(town, town.ledger.batch_count() + 1_000)

    def takes(keys: Path) -> Result:
        return typed("tag-keys", "take", keys, "--dir", port.path)

    strange = tmp_path / "strange-keys.json"
    strange.write_bytes(tag_key_file([(0, VrfSecretKey(bytes(32))), (9, VrfSecretKey(b"\x01" * 32))]))
    done = takes(strange)
    assert done.exit_code != 0 and "begin with those" in str(done.exception)
    own = TagKeys.load(port.gateway / "tag-keys.json").epochs[0]
    strange.write_bytes(tag_key_file([(0, own.secret), (9, VrfSecretKey(b"\x01" * 32))]))
    done = takes(strange)
    assert done.exit_code != 0 and "those of the registry" in str(done.exception)
    assert takes(beside).exit_code == 0
    assert beside.exists(), "only the gateway that it lies beside removes it"
    # The same again changes nothing: so it also finishes what a crash left undone.
    assert takes(beside).exit_code == 0
    assert len(TagKeys.load(port.gateway / "tag-keys.json").epochs) == 2
