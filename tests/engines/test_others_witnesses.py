"""Notes and witnesses of others (Go: x/mod/sumdb/note, transparency-dev/witness) and ours take each other's."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from chain.keys import KeyAlgorithm, SigningKey
from chain.proof.log_heads import LogHead, read_cosigned
from chain.proof.notes import KeyType, Note, NoteKey, format_base64, parse_signatures
from chain.witness.checkpoint_log import CheckpointLog
from chain.witness.client import Witness, WitnessClient, WitnessRefuses
from chain.witness.cosigner import Cosigner
from chain.witness.server import witness_app
from chain.witness.store import WitnessStore
from scripts.processes import free_ports
from tests.chain.witness.histories import LOG, LOG_SECRET, ORIGIN, History, Outsider, governor
from tests.engines.go_program import built, run_go

pytestmark = [pytest.mark.go, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def history() -> History:
    told = History()
    told.grow(7)
    return told


@contextmanager
def their_witness() -> Iterator[Witness]:
    """A whole witness of theirs with a key that their tool made."""
    code, printed, error = run_go("keys", "archive.example/witness")
    assert code == 0, error
    secret, public, _ = printed.splitlines()
    process = subprocess.Popen(
        [built(), "serve", LOG.text, secret], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin and process.stdout
    try:
        yield Witness(NoteKey.parse(public), process.stdout.readline().strip())
    finally:
        process.stdin.close()
        process.wait(10)


@contextmanager
def our_witness(folder: Path) -> Iterator[Witness]:
    """A whole witness of ours on a port of its own."""
    secret = SigningKey.generate(KeyAlgorithm.ED25519)
    store = WitnessStore(folder)
    cosigner = Cosigner("university.example/witness", secret, [LOG], store, lambda: 1_700_000_000.0, print)
    [port] = free_ports([0])
    server = uvicorn.Server(uvicorn.Config(witness_app(cosigner), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.02)
        yield Witness(cosigner.key, f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(10)
        store.close()


def test_their_reader_opens_our_notes_and_refuses_changed_ones(tmp_path: Path, history: History) -> None:
    outsider = Outsider(tmp_path, "university.example")
    governor(tmp_path, history, [outsider], 1).step(0)
    note = (tmp_path / "note").read_text()
    assert run_go("verify", LOG.text, outsider.key.text, given=note)[0] == 0
    assert run_go("verify", LOG.text, given=note.replace("\n7\n", "\n8\n"))[0] == 1
    assert run_go("verify", outsider.key.text, given=note.replace("\n7\n", "\n8\n"))[0] == 1


def test_their_witness_cosigns_our_log_as_it_grows(tmp_path: Path, history: History) -> None:
    with their_witness() as witness:
        client = WitnessClient(witness)
        log = CheckpointLog(tmp_path / "leaves")
        for size in (7, 8, 64, 65, 65):
            history.grow(size - log.size if log.size else 0)
            log.catch_up(history)
            note = log.head(ORIGIN).sign(LOG_SECRET)
            signed = note.with_signatures([client.cosign(note, log)])
            found = read_cosigned(Note.parse(signed.format()), [LOG], [witness.key])
            assert found is not None and len(found.cosignatures) == 1


def test_their_witness_refuses_our_second_history(tmp_path: Path, history: History) -> None:
    forked = history.fork()
    history.grow(3)
    forked.grow(5)
    with their_witness() as witness:
        for folder, told in (("true", history), ("other", forked)):
            log = CheckpointLog(tmp_path / folder / "leaves")
            log.catch_up(told)
            note = log.head(ORIGIN).sign(LOG_SECRET)
            if told is history:
                WitnessClient(witness).cosign(note, log)
            else:
                with pytest.raises(WitnessRefuses, match="422"):
                    WitnessClient(witness).cosign(note, log)


def test_our_witness_answers_their_client(tmp_path: Path, history: History) -> None:
    log = CheckpointLog(tmp_path / "leaves")
    log.catch_up(history)

    def ask(witness: Witness, note: Note, old: int, proof: tuple[bytes, ...] = ()) -> tuple[int, str, str]:
        lines = " ".join(map(format_base64, proof))
        return run_go("ask", witness.url, str(old), lines, given=note.format())

    with our_witness(tmp_path / "witness") as witness:
        note = log.head(ORIGIN, 3).sign(LOG_SECRET)
        code, printed, error = ask(witness, note, 0)
        assert code == 0, error
        lines = printed.partition("\n")[2]
        assert note.with_signatures(parse_signatures(lines)).signature_of(witness.key) is not None
        newer = log.head(ORIGIN, 7).sign(LOG_SECRET)
        code, printed, error = ask(witness, newer, 0)
        assert (code, printed) == (1, "3\n") and "old size" in error
        assert ask(witness, newer, 3, log.consistency_path(3, 7))[0] == 0
        forged = LogHead(ORIGIN, 9, bytes(32)).sign(LOG_SECRET)
        assert "proof" in ask(witness, forged, 7, log.consistency_path(3, 7))[2]


def test_keys_are_named_alike(tmp_path: Path) -> None:
    code, printed, error = run_go("keys", "chamber.example/witness")
    assert code == 0, error
    key = NoteKey.parse(printed.splitlines()[1])
    assert (key.name, key.type) == ("chamber.example/witness", KeyType.WITNESS)
