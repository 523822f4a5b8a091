"""A new epoch of tag keys: begun by a command at a batch ahead, taken in by every gateway, known to every auditor.

Played through from one epoch into the next: what was proved before stays proved, what is said after is found and
proved beside it, and whoever did not learn of the new epoch is never told that all is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chain.encoding import base64url
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


@pytest.mark.timeout(180)
def test_records_before_and_after_a_rotation_are_found_and_proved_by_the_extended_trust_root(town: Town) -> None:
    folder, ucr = town.folder, f"6CN{town.member('trader').uscc}-EPOCHS"
    quiet = f"6CN{town.member('trader').uscc}-QUIET"
    earlier = town.say("trader", order(), ucr)
    town.say("trader", order(), quiet)
    town.cover()
    before = bundle(town, f"/v1/consignments/{ucr}")
    first = town.gateway.services.index.progress().batch_count + AHEAD

    # The operator begins a new epoch: a batch that stands already is refused, one ahead is taken.
    refused = typed("tag-keys", "rotate", "--dir", folder.path, "--from-batch", "1")
    assert refused.exit_code != 0 and "not ahead" in str(refused.exception)
    assert root_of(folder) == town.root
    done = typed("tag-keys", "rotate", "--dir", folder.path, "--from-batch", first)
    assert done.exit_code == 0, done.output
    extended = root_of(folder)
    assert extended.short_fingerprint in done.output and f"before batch {first}" in done.output
    assert extended.predecessor == town.root.fingerprint
    assert extended.tag_keys[:1] == town.root.tag_keys
    assert [one.from_batch for one in extended.tag_keys] == [0, first]
    own = TagKeys.load(folder.gateway / "tag-keys.json")
    public = [(one.from_batch, one.secret.public) for one in own.epochs]
    assert public == [(one.from_batch, one.key) for one in extended.tag_keys]
    assert (folder.gateway / "tag-keys.json").stat().st_mode & 0o077 == 0
    kept = folder.path / f"trust-root.{town.root.fingerprint.hex()[:16]}.json"
    assert TrustRoot.parse(kept.read_bytes()) == town.root

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

    # One view, one bundle: both epochs, complete by the extended trust root.
    view = town.get("trader", f"/v1/consignments/{ucr}").json()
    assert view["completeness"]["claim"] == "complete up to the checkpoint"
    assert {earlier.record_id, later.record_id} <= {one["record"] for one in view["records"]}
    after = bundle(town, f"/v1/consignments/{ucr}")
    assert [group.epoch for group in parse_bundle(after).groups] == [0, 1]
    silent = bundle(town, f"/v1/consignments/{quiet}")
    for said in (before, after, silent):
        report = verify_file(said, extended)
        assert (report.verdict, report.is_complete) == (Verdict.VALID, True), report
    for signed in (earlier, later):
        alone = bundle(town, f"/v1/records/{signed.record_id}")
        assert verify_file(alone, extended).verdict is Verdict.VALID
    # Reads are logged under the new epoch's access tag, and found with the older ones.
    reads = town.get("trader", "/v1/access-log", ucr=ucr)
    assert reads.status_code == 200

    # The auditor who did not learn of it is not told that all is there, and is told why.
    for said in (after, silent):
        report = verify_file(said, town.root)
        assert report.verdict is not Verdict.VALID and not report.is_complete
        assert "an epoch that this trust root does not know" in why(report, "tags")
    alone = verify_file(bundle(town, f"/v1/records/{later.record_id}"), town.root)
    assert alone.verdict is not Verdict.VALID and "does not know" in why(alone, "tags")
    assert verify_file(before, town.root).verdict is Verdict.VALID


def test_a_bundle_that_leaves_the_new_epoch_out_is_incomplete_by_the_extended_trust_root_alone() -> None:
    """By the old one nothing tells that there is a new epoch: neither chain nor bundle names them. This is why a trust
    root is used only after its fingerprint was compared with the one told today (`--fingerprint`)."""
    it = Consortium()
    first, other = it.record(), it.record(ucrs=(OTHER_UCR,))
    it.anchor(first)
    old_tag, old_root = it.tag(UCR), it.trust_root()
    it.begin_epoch(1)
    it.anchor(it.record(), other)
    it.checkpoint()
    hiding = it.bundle(UCR, [it.to_show(first, [old_tag])], [it.group_of(Purpose.UCR, UCR, 0)])
    extended = verify(hiding, it.trust_root())
    assert extended.verdict is Verdict.ENTRIES_MISSING and why(extended, "tags") == "1 of 2 epochs are not shown: 1"
    assert {one.outcome for one in extended.answers if one.name == "tags"} == {Outcome.SKIPPED}
    assert verify(hiding, old_root).verdict is Verdict.VALID
    whole = verify(it.consignment_bundle(), old_root)
    assert whole.verdict is Verdict.INVALID and "does not know" in why(whole, "tags")


def test_another_gateway_takes_the_new_epoch_in_by_its_fingerprint_and_nothing_else(town: Town, tmp_path: Path) -> None:
    office, port = town.folder, ConsortiumFolder(tmp_path / "port")
    (port.path / "gateway").mkdir(parents=True)
    port.trust_root.write_bytes(office.trust_root.read_bytes())
    for name in ("settings.json", "tag-keys.json"):
        (port.gateway / name).write_bytes((office.gateway / name).read_bytes())
    assert typed("tag-keys", "rotate", "--dir", office.path).exit_code == 0
    extended = root_of(office)
    told = extended.short_fingerprint

    def takes(file: Path, fingerprint: str = told, keys: Path = office.gateway / "tag-keys.json") -> Result:
        return typed("tag-keys", "take", file, keys, "--fingerprint", fingerprint, "--dir", port.path)

    def refused(file: Path, fingerprint: str = told) -> str:
        done = takes(file, fingerprint)
        assert done.exit_code != 0
        assert TrustRoot.parse(port.trust_root.read_bytes()) == town.root
        return str(done.exception)

    assert "fingerprint" in refused(office.trust_root, town.root.short_fingerprint)
    other, foreign = tmp_path / "other.json", Consortium().trust_root()
    other.write_bytes(foreign.format())
    assert "is of the consortium" in refused(other, foreign.short_fingerprint)
    forgetful = json.loads(extended.format())
    forgetful["tag_keys"][0]["key"] = base64url(VrfSecretKey(bytes(32)).public.raw)
    other.write_text(json.dumps(forgetful))
    assert "those of the key file" in refused(other, TrustRoot.parse(other.read_bytes()).short_fingerprint)
    strange = tmp_path / "strange-keys.json"
    strange.write_bytes(tag_key_file([(0, VrfSecretKey(bytes(32))), (9, VrfSecretKey(b"\x01" * 32))]))
    done = takes(office.trust_root, keys=strange)
    assert done.exit_code != 0 and "begin with those" in str(done.exception)

    done = takes(office.trust_root)
    assert done.exit_code == 0, done.output
    assert root_of(port) == extended
    for folder in (office, port):
        assert TagKeys.load(folder.gateway / "tag-keys.json") == TagKeys.load(office.gateway / "tag-keys.json")
    # The same again changes nothing: so it also finishes what a crash left undone.
    assert takes(office.trust_root).exit_code == 0
    assert root_of(port) == extended


@pytest.mark.parametrize("step", range(4))
def test_killed_at_any_write_a_rotation_never_leaves_the_gateway_ahead_of_the_auditors(
    town: Town, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scripts.commands import tag_commands

    folder, old = town.folder, (town.folder.gateway / "tag-keys.json").read_bytes()
    writes = iter(range(4))

    def dying(write: object) -> object:
        def wrapped(file: Path, content: bytes) -> None:
            if next(writes) == step:
                raise KeyboardInterrupt
            write(file, content)  # type: ignore[operator]

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(tag_commands, "write_private", dying(tag_commands.write_private))
        patch.setattr(tag_commands, "write_open", dying(tag_commands.write_open))
        assert typed("tag-keys", "rotate", "--dir", folder.path).exit_code != 0
    assert (folder.gateway / "tag-keys.json").read_bytes() == old
    root = root_of(folder)
    if root == town.root:
        assert step < 3
        return
    # The secret stands beside the gateway's keys, so nothing is lost: taking it in finishes the rotation.
    beside = folder.gateway / "tag-keys.json.new"
    done = typed(
        "tag-keys", "take", folder.trust_root, beside, "--fingerprint", root.fingerprint.hex(), "--dir", folder.path
    )
    assert done.exit_code == 0, done.output
    assert len(TagKeys.load(folder.gateway / "tag-keys.json").epochs) == 2
