"""Two auditors compare what they were shown, after everybody in the consortium had told each another history.

Governors and validators are one hand here. Each auditor has a bundle, a trust root and the verifier alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chain.proof.bundle import Bundle
from chain.proof.log_heads import LogHead, LogLeaf
from chain.proof.merkle import inclusion_path
from chain.proof.shown_note import ShownNote
from chain.verify.__main__ import main
from tests.fakes.ledger_simulator import Consortium
from tests.fakes.outsiders import NAMES, Outsiders, at_the_checkpoint


class Auditors:
    """The files on the two desks, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outsiders = Outsiders()
        told, retold = Consortium(), Consortium()
        first = self.history(told)
        self.write("released.json", self.witnessed(first, [leaf_of(first)]))
        # The witnesses cosigned the history told first, so that this log has its governor's signature alone.
        other = self.history(retold)
        self.write("seized.json", self.witnessed(other, [leaf_of(other)], ()))
        told.block += 5
        later = self.history(told)
        self.write("later.json", self.witnessed(later, [leaf_of(first), leaf_of(later)]))
        self.write("later-without-note.json", later)
        self.write("note.txt", self.witnessed(first, [leaf_of(first)]))
        stranger = Consortium(seed="a stranger's chain")
        forged = replace(self.history(stranger), consortium=told.consortium)
        self.write("forged.json", forged)
        (folder / "trust-root.json").write_bytes(self.outsiders.trust_root(told).format())
        (folder / "without-witnesses.json").write_bytes(told.trust_root().format())

    def history(self, it: Consortium) -> Bundle:
        """The consignment after one more record, under the block of the checkpoint that covers it."""
        it.anchor(it.record())
        it.checkpoint()
        return at_the_checkpoint(it).consignment_bundle()

    def witnessed(self, bundle: Bundle, leaves: Sequence[bytes], names: Sequence[str] = NAMES) -> Bundle:
        """The bundle with the note over a log of these leaves, of which its own is the last."""
        note = self.outsiders.note(leaves, names)
        path = inclusion_path(leaves, len(leaves) - 1)
        return replace(bundle, cosigned_note=ShownNote(note, LogHead.parse(note.text), path))

    def write(self, name: str, bundle: Bundle) -> None:
        shown = bundle.cosigned_note
        is_note = name.endswith(".txt") and shown is not None
        content = shown.note.format().encode() if is_note and shown is not None else bundle.format()
        (self.folder / name).write_bytes(content)

    def verify(self, *words: str, root: str = "trust-root.json") -> int:
        """What `tongguan-verify` answers; words that name a file of a desk are that file."""
        paths = [str(self.folder / word) if "." in word else word for word in words]
        return main([*paths, "--trust-root", str(self.folder / root)])


def leaf_of(bundle: Bundle) -> bytes:
    """The header's block as the log of checkpoints has it."""
    return LogLeaf(bundle.checkpoint or 0, bundle.header.number, bundle.header.block_hash).content


@pytest.fixture(scope="module")
def auditors(tmp_path_factory: pytest.TempPathFactory) -> Auditors:
    return Auditors(tmp_path_factory.mktemp("desks"))


def test_without_witnesses_each_of_the_two_histories_is_believed(auditors: Auditors) -> None:
    for bundle in ("released.json", "seized.json"):
        assert auditors.verify(bundle, root="without-witnesses.json") == 0


def test_who_demands_witnesses_is_not_deceived_by_the_second(auditors: Auditors) -> None:
    assert auditors.verify("released.json") == 0
    assert auditors.verify("seized.json") == 21


@pytest.mark.parametrize("root", ["trust-root.json", "without-witnesses.json"])
def test_the_two_prove_it_and_anybody_checks_their_proof(
    auditors: Auditors, capsys: pytest.CaptureFixture[str], root: str
) -> None:
    words = ("released.json", "--compare", "seized.json", "--proof", "proof.json")
    assert auditors.verify(*words, root=root) == 1
    printed = capsys.readouterr()
    assert "TWO HISTORIES ARE PROVED" in printed.out and "proof.json" in printed.err
    assert auditors.verify("proof.json", root=root) == 0
    assert "TWO HISTORIES ARE PROVED" in capsys.readouterr().out


def test_a_bundle_and_an_older_note_of_one_history_are_told_so(
    auditors: Auditors, capsys: pytest.CaptureFixture[str]
) -> None:
    assert auditors.verify("later.json", "--compare", "note.txt") == 0
    printed = capsys.readouterr().out
    assert "one history" in printed
    assert f"{NAMES[0]} cosigned 1 and 2 checkpoints" in printed


def test_what_has_nothing_in_common_tells_nothing(auditors: Auditors, capsys: pytest.CaptureFixture[str]) -> None:
    assert auditors.verify("released.json", "--compare", "later-without-note.json") == 2
    assert "nothing in common" in capsys.readouterr().out


def test_a_strangers_forgery_accuses_nobody(auditors: Auditors, capsys: pytest.CaptureFixture[str]) -> None:
    assert auditors.verify("released.json", "--compare", "forged.json", "--proof", "none.json") == 2
    assert "NOT proved" in capsys.readouterr().out
    assert not (auditors.folder / "none.json").exists()


def test_a_file_that_is_neither_is_named(auditors: Auditors, capsys: pytest.CaptureFixture[str]) -> None:
    assert auditors.verify("released.json", "--compare", "trust-root.json") == 2
    assert "trust-root.json" in capsys.readouterr().err
