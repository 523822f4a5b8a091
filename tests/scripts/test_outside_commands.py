"""What auditors type about outsiders: demand witnesses, stamp a note, compare two bundles, verify the proof."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.proof.bundle import Bundle
from chain.verify import Verdict, verify_file
from chain.verify.results import Outcome
from chain.verify.trust_root import TrustRoot
from scripts.cli import app
from tests.fakes.ledger_simulator import Consortium
from tests.fakes.outsiders import Outsiders, at_the_checkpoint, log_leaves
from tests.fakes.time_stamp_authority import TimeStampAuthority

AUTHORITY = "Example Time-Stamp Authority"


def typed(*words: str | Path) -> tuple[int, str]:
    """The exit code of a command and what it prints; an error of ours is raised."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def told() -> tuple[Consortium, Outsiders, Bundle]:
    it, outsiders = Consortium(), Outsiders()
    it.anchor(it.record())
    it.checkpoint()
    return it, outsiders, outsiders.show(at_the_checkpoint(it).consignment_bundle())


@pytest.fixture
def files(told: tuple[Consortium, Outsiders, Bundle], tmp_path: Path) -> Path:
    """A folder with the bundle, and the trust root that demands its witnesses."""
    it, outsiders, bundle = told
    (tmp_path / "bundle.json").write_bytes(bundle.format())
    (tmp_path / "root.json").write_bytes(outsiders.trust_root(it).format())
    return tmp_path


def test_a_trust_root_demands_witnesses_and_names_its_predecessor(
    told: tuple[Consortium, Outsiders, Bundle], tmp_path: Path
) -> None:
    it, outsiders, bundle = told
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_bytes(it.trust_root().format())
    policy = outsiders.policy
    words = [word for key in policy.keys for word in ("--witness", key.text)]
    code, printed = typed(
        *("trust-root", "witness", old, "--out", new, "--origin", policy.origins[0].text, *words, "--quorum", "2")
    )
    demanding = TrustRoot.parse(new.read_bytes())
    assert code == 0 and demanding.fingerprint.hex() in printed
    assert demanding.witnesses == policy and demanding.predecessor == it.trust_root().fingerprint
    report = verify_file(bundle.format(), demanding)
    assert report.verdict is Verdict.VALID and len(report.cosigned_by) == 3


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TimeStampAuthority, str]]:
    """An authority and its address."""
    made = TimeStampAuthority.found(tmp_path_factory.mktemp("tsa") / "a", AUTHORITY)

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            answer = made.answer(query)
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Desk) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield made, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_stamped_bundle_says_since_when_its_history_exists(
    told: tuple[Consortium, Outsiders, Bundle], files: Path, authority: tuple[TimeStampAuthority, str]
) -> None:
    it, outsiders, _ = told
    made, url = authority
    code, printed = typed("notes", "stamp", files / "bundle.json", "--authority", url, "--out", files / "stamped.json")
    assert code == 0 and "1 time stamp" in printed
    root = replace(it.trust_root(), witnesses=replace(outsiders.policy, time_stamp_roots=(made.root,)))
    report = verify_file((files / "stamped.json").read_bytes(), TrustRoot.parse(root.format()))
    assert report.verdict is Verdict.VALID
    assert [word.name for word in report.stamped_by] == [f"CN={AUTHORITY}"]


def test_a_stamp_of_a_note_before_another_cosigned_it_fails_and_changes_no_verdict(
    told: tuple[Consortium, Outsiders, Bundle], authority: tuple[TimeStampAuthority, str]
) -> None:
    it, outsiders, bundle = told
    made, _ = authority
    shown = bundle.cosigned_note
    assert shown is not None
    stamp = made.stamp(outsiders.note(log_leaves(bundle), [outsiders.policy.keys[0].name]).format().encode())
    stamped = replace(bundle, cosigned_note=replace(shown, stamps=(stamp,)))
    root = replace(it.trust_root(), witnesses=replace(outsiders.policy, time_stamp_roots=(made.root,)))
    report = verify_file(stamped.format(), root)
    assert report.verdict is Verdict.VALID and report.stamped_by == ()
    assert report.answers[17].outcome is Outcome.FAIL


def test_two_bundles_of_one_history_prove_nothing(files: Path) -> None:
    code, printed = typed(
        *("notes", "compare", files / "bundle.json", files / "bundle.json", "--trust-root", files / "root.json")
    )
    assert code == 0 and "one history as far as they overlap" in printed


def test_two_histories_are_proved_to_whoever_has_the_trust_root(
    told: tuple[Consortium, Outsiders, Bundle], files: Path
) -> None:
    _, outsiders, bundle = told
    leaves = log_leaves(bundle, later=1)
    leaves[bundle.checkpoint or 0] = leaves[-1]
    note = outsiders.note(leaves, [])
    (files / "other.note").write_text(note.format())
    same_size = outsiders.show(bundle, later=1)
    (files / "same.json").write_bytes(same_size.format())
    code, printed = typed(
        *("notes", "compare", files / "same.json", files / "other.note"),
        *("--trust-root", files / "root.json", "--out", files / "proof.json"),
    )
    assert code == 1 and "TWO HISTORIES ARE PROVED" in printed
    code, printed = typed("verify", files / "proof.json", "--trust-root", files / "root.json", "--lang", "zh")
    assert code == 0 and "已证明存在两套历史" in printed
    changed = (files / "proof.json").read_text().replace(f"\\n{len(leaves)}\\n", f"\\n{len(leaves) + 1}\\n")
    (files / "proof.json").write_text(changed)
    code, printed = typed("verify", files / "proof.json", "--trust-root", files / "root.json")
    assert code == 11
