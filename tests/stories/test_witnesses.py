"""A university and a chamber of commerce vouch that there is one history; an auditor demands it and sees who did.

The trust root demands both; one is away for a while; at last all governors together try to show another history.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from chain.proof.bundle_reader import parse_bundle
from chain.proof.log_heads import LogHead, LogLeaf
from chain.proof.merkle import tree_root
from chain.proof.redaction import redact
from chain.proof.two_histories import HistoryKind, ShownHistory, find_two_histories, shown_by_bundle
from chain.proof.witness_policy import WitnessPolicy
from chain.verify import Verdict, verify_file
from chain.verify.histories import verify_histories
from chain.verify.html_page import page
from chain.verify.report import text
from chain.verify.trust_root import TrustRoot
from chain.witness.checkpoint_log import CheckpointLog
from chain.witness.publisher import Publisher
from scripts.witness_folder import NotesFolder
from tests.chain.witness.histories import Outsider
from tests.gateway.query.consortium import order
from tests.stories.local_consortium import Town

GOVERNOR = "customs"
pytestmark = pytest.mark.timeout(180)


@dataclass
class Witnessed:
    """The consortium, its outsiders, and what an auditor believes of both."""

    town: Town
    outsiders: list[Outsider]
    root: TrustRoot
    publisher: Publisher
    clock: float = 0.0

    def ucr(self, name: str) -> str:
        return f"6CN{self.town.member('trader').uscc}-{name}"

    def publish(self) -> None:
        """The governor's publisher looks at the chain, long after it looked last."""
        self.clock += 1_000
        self.publisher.step(self.clock)

    def bundle(self, ucr: str) -> bytes:
        answer = self.town.get("trader", f"/v1/consignments/{ucr}/bundle")
        assert answer.status_code == 200, answer.text
        return answer.content


@pytest.fixture(scope="module")
def story(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witnessed]:
    folder = tmp_path_factory.mktemp("witnesses")
    notes = NotesFolder(town.folder, GOVERNOR)
    outsiders = [Outsider(folder, name, notes.key()) for name in ("chamber.example", "university.example")]
    for outsider in outsiders:
        outsider.now = time.time()
    policy = WitnessPolicy((notes.key(),), tuple(sorted((one.key for one in outsiders), key=lambda key: key.text)), 2)
    demanding = town.root.with_witnesses(policy)
    settings_file = town.folder.trust_root
    before = settings_file.read_bytes()
    settings_file.write_bytes(demanding.format())
    town.restart_gateway()
    clients = [outsider.client() for outsider in outsiders]
    log = CheckpointLog(notes.leaves)
    publisher = Publisher(town.ledger, log, notes.key().name, notes.secret(), notes.note, clients, 2)
    running = Witnessed(town, outsiders, demanding, publisher)
    town.say("trader", order(), running.ucr("WITNESSED"))
    town.cover()
    running.publish()
    yield running
    publisher.close()
    settings_file.write_bytes(before)
    town.restart_gateway()


def test_a_bundle_says_who_cosigned_its_history_and_when(story: Witnessed) -> None:
    report = verify_file(story.bundle(story.ucr("WITNESSED")), story.root)
    assert (report.verdict, report.is_complete) == (Verdict.VALID, True)
    assert [word.name for word in report.cosigned_by] == ["chamber.example", "university.example"]
    assert all(abs(word.time - time.time()) < 600 for word in report.cosigned_by)
    assert "Cosigned by: university.example" in text(report)
    assert "见证人" in page(report, "zh") and "university.example" in page(report, "zh")


def test_anybody_fetches_the_note_that_outsiders_cosigned(story: Witnessed) -> None:
    """Without a token; so another governor's gateway takes this address for a source of notes."""
    bundle = parse_bundle(story.bundle(story.ucr("WITNESSED")))
    answer = story.town.http.get("/v1/notes/checkpoint")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    assert bundle.cosigned_note is not None and answer.text == bundle.cosigned_note.note.format()
    assert story.town.http.get("/v1/notes/checkpoint.tsr").status_code == 404


def test_the_same_bundle_is_valid_for_who_demands_no_witness(story: Witnessed) -> None:
    report = verify_file(story.bundle(story.ucr("WITNESSED")), story.town.root)
    assert report.verdict is Verdict.VALID and report.cosigned_by == ()
    assert "the trust root names no witnesses" in text(report)


def test_a_redacted_bundle_keeps_its_witnesses(story: Witnessed) -> None:
    bundle = parse_bundle(story.bundle(story.ucr("WITNESSED")))
    report = verify_file(redact(bundle, ["references"]).format(), story.root)
    assert report.verdict is Verdict.VALID and len(report.cosigned_by) == 2


def test_while_a_witness_is_away_newer_bundles_are_unwitnessed_and_nothing_is_lost(story: Witnessed) -> None:
    ucr = story.ucr("AWAY")
    story.outsiders[0].is_away = True
    story.town.say("trader", order(), ucr)
    story.town.cover()
    story.publish()
    report = verify_file(story.bundle(ucr), story.root)
    assert report.verdict is Verdict.UNWITNESSED
    story.outsiders[0].is_away = False
    story.town.cover()
    story.publish()
    assert verify_file(story.bundle(ucr), story.root).verdict is Verdict.VALID


def test_a_bundle_without_its_note_is_unwitnessed(story: Witnessed) -> None:
    bundle = replace(parse_bundle(story.bundle(story.ucr("WITNESSED"))), cosigned_note=None)
    assert verify_file(bundle.format(), story.root).verdict is Verdict.UNWITNESSED


def test_all_governors_together_show_another_history_and_two_auditors_prove_it(story: Witnessed) -> None:
    """They have every key of the consortium, and not the witnesses': the second note is cosigned by nobody."""
    ucr = story.ucr("TWO")
    story.town.say("trader", order(), ucr)
    story.town.cover()
    story.publish()
    shown = shown_by_bundle(parse_bundle(story.bundle(ucr)))
    assert shown.note is not None and shown.leaf is not None
    true = LogHead.parse(shown.note.text)
    log = CheckpointLog(NotesFolder(story.town.folder, GOVERNOR).leaves)
    leaves = [log.leaf(index).content for index in range(true.size)]
    leaves[-1] = LogLeaf(true.size - 1, 99, bytes(32)).content
    forged = LogHead(true.origin, true.size, tree_root(leaves))
    note = forged.sign(NotesFolder(story.town.folder, GOVERNOR).secret())
    for outsider in story.outsiders:
        body = f"old {true.size}\n\n{note.format()}"
        assert outsider.http.post("http://testserver/add-checkpoint", content=body.encode()).status_code == 422
        assert outsider.warnings
    proof = find_two_histories(story.root.consortium, shown, ShownHistory(note))
    assert proof is not None and proof.kind is HistoryKind.ROOTS
    assert verify_histories(proof, story.root).holds
