"""A witness over HTTP, held to C2SP tlog-witness: what it cosigns, what it refuses and with which status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from chain.errors import StoreFault
from chain.keys import KeyAlgorithm, SigningKey
from chain.proof.log_heads import LogHead, read_cosigned
from chain.proof.merkle import consistency_path, tree_root
from chain.proof.notes import KeyType, Note, NoteKey, format_base64, parse_signatures, sign_text
from chain.witness.cosigner import Cosigner
from chain.witness.server import BODY_BYTES_MAX, SIZE_TYPE, witness_app
from chain.witness.store import WitnessStore, origin_hash

ORIGIN = "governor.example/checkpoints"
NAME = "university.example/witness"
LOG_SECRET = SigningKey.generate(KeyAlgorithm.ED25519)
WITNESS_SECRET = SigningKey.generate(KeyAlgorithm.ED25519)
LOG = NoteKey(ORIGIN, KeyType.LOG, LOG_SECRET.public)
WITNESS = NoteKey(NAME, KeyType.WITNESS, WITNESS_SECRET.public)
LEAVES = [bytes((at,)) * 48 for at in range(12)]
FORK = [*LEAVES[:4], b"x" * 48, *LEAVES[5:]]


class Clock:
    """A clock that a test sets, Unix seconds."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Machine:
    """A witness with its store; can be started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.warnings: list[str] = []
        self.start()

    def start(self) -> None:
        self.store = WitnessStore(self.folder)
        cosigner = Cosigner(NAME, WITNESS_SECRET, [LOG], self.store, self.clock, self.warnings.append)
        self.client = TestClient(witness_app(cosigner))

    def add(self, note: Note, old: int = 0, proof: tuple[bytes, ...] = ()):  # type: ignore[no-untyped-def]
        lines = "".join(format_base64(part) + "\n" for part in proof)
        return self.client.post("/add-checkpoint", content=f"old {old}\n{lines}\n{note.format()}".encode())


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "witness")
    yield made
    made.store.close()


def note_of(leaves: list[bytes], size: int) -> Note:
    return LogHead(ORIGIN, size, tree_root(leaves[:size])).sign(LOG_SECRET)


def test_the_first_head_of_a_known_log_is_cosigned(machine: Machine) -> None:
    answer = machine.add(note_of(LEAVES, 3))
    assert answer.status_code == 200
    note = note_of(LEAVES, 3).with_signatures(parse_signatures(answer.text))
    found = read_cosigned(note, [LOG], [WITNESS])
    assert found is not None and [signature.time for _, signature in found.cosignatures] == [1_700_000_000]


def test_growth_is_cosigned_and_shown_to_monitors(machine: Machine) -> None:
    machine.add(note_of(LEAVES, 3))
    assert machine.add(note_of(LEAVES, 12), 3, consistency_path(LEAVES, 3)).status_code == 200
    shown = machine.client.get(f"/{origin_hash(ORIGIN)}/checkpoint")
    note = Note.parse(shown.content)
    assert LogHead.parse(note.text).size == 12
    assert note.signature_of(LOG) and note.signature_of(WITNESS)


def test_the_same_head_is_cosigned_again_at_a_later_time(machine: Machine) -> None:
    machine.add(note_of(LEAVES, 3))
    machine.clock.now += 60
    answer = machine.add(note_of(LEAVES, 3), 3)
    assert answer.status_code == 200
    assert parse_signatures(answer.text)[0].time == 1_700_000_060


def test_another_size_is_answered_with_the_size_cosigned(machine: Machine) -> None:
    machine.add(note_of(LEAVES, 3))
    answer = machine.add(note_of(LEAVES, 12))
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (409, "3\n", SIZE_TYPE)


def test_a_rollback_is_refused(machine: Machine) -> None:
    machine.add(note_of(LEAVES, 12))
    assert machine.add(note_of(LEAVES, 3), 12).status_code == 400
    answer = machine.add(note_of(LEAVES, 3), 3)
    assert (answer.status_code, answer.text) == (409, "12\n")


def test_another_history_is_refused_and_told(machine: Machine) -> None:
    machine.add(note_of(LEAVES, 6))
    assert machine.add(note_of(FORK, 12), 6, consistency_path(FORK, 6)).status_code == 422
    assert machine.add(note_of(FORK, 6), 6).status_code == 422
    assert machine.warnings and ORIGIN in machine.warnings[0]
    assert machine.add(note_of(LEAVES, 12), 6, consistency_path(LEAVES, 6)).status_code == 200


def test_a_proof_from_nothing_is_refused(machine: Machine) -> None:
    assert machine.add(note_of(LEAVES, 3), 0, (bytes(32),)).status_code == 422


def test_the_empty_log_has_its_one_root(machine: Machine) -> None:
    wrong = LogHead(ORIGIN, 0, bytes(32)).sign(LOG_SECRET)
    assert machine.add(wrong).status_code == 422
    assert machine.add(note_of(LEAVES, 0)).status_code == 200
    assert machine.add(note_of(LEAVES, 3), 0).status_code == 200


def test_an_unknown_origin_is_not_found(machine: Machine) -> None:
    other = LogHead("other.example", 3, bytes(32)).sign(LOG_SECRET)
    assert machine.add(other).status_code == 404
    assert machine.client.get(f"/{origin_hash('other.example')}/checkpoint").status_code == 404


def test_a_head_that_its_log_did_not_sign_is_forbidden(machine: Machine) -> None:
    stranger = SigningKey.generate(KeyAlgorithm.ED25519)
    head = LogHead(ORIGIN, 3, tree_root(LEAVES[:3]))
    assert machine.add(head.sign(stranger)).status_code == 403
    forged = Note(head.text, (type(head.sign(stranger).signatures[0])(ORIGIN, LOG.id, bytes(64)),))
    assert machine.add(forged).status_code == 403
    assert machine.add(forged.with_signatures([])).status_code == 403
    spoiled = Note(head.text, (*forged.signatures, sign_text(head.text, ORIGIN, LOG_SECRET)))
    assert machine.add(spoiled).status_code == 403


def test_lines_of_unknown_keys_are_ignored(machine: Machine) -> None:
    stranger = SigningKey.generate(KeyAlgorithm.ED25519)
    head = note_of(LEAVES, 3)
    assert machine.add(head.with_signatures([sign_text(head.text, "other.example", stranger)])).status_code == 200


REQUEST = f"old 0\n\n{note_of(LEAVES, 3).format()}"
FAULTS = {
    "nothing": "",
    "no old line": REQUEST.removeprefix("old 0\n"),
    "a leading zero": REQUEST.replace("old 0", "old 00"),
    "two spaces": REQUEST.replace("old 0", "old  0"),
    "an old size above the new one": REQUEST.replace("old 0", "old 4"),
    "a proof line of 31 bytes": REQUEST.replace("old 0\n", f"old 0\n{format_base64(bytes(31))}\n"),
    "a proof of 64 lines": REQUEST.replace("old 0\n", "old 0\n" + f"{format_base64(bytes(32))}\n" * 64),
    "no checkpoint": "old 0\n\n",
    "an extension line": REQUEST.replace("\n\n— ", "\nmore\n\n— "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_with_one_fault_is_a_bad_one(machine: Machine, fault: str) -> None:
    assert machine.client.post("/add-checkpoint", content=FAULTS[fault].encode()).status_code == 400


def test_a_body_beyond_the_limit_is_not_read_to_its_end(machine: Machine) -> None:
    assert machine.client.post("/add-checkpoint", content=b"x" * (BODY_BYTES_MAX + 1)).status_code == 413


def test_monitors_get_nothing_but_notes(machine: Machine) -> None:
    for name in ("lock", "..%2fkey", "x" * 64):
        assert machine.client.get(f"/{name}/checkpoint").status_code == 404


def test_a_witness_that_starts_again_remembers(machine: Machine) -> None:
    machine.add(note_of(LEAVES, 6))
    machine.store.close()
    machine.start()
    assert machine.add(note_of(FORK, 12), 6, consistency_path(FORK, 6)).status_code == 422
    assert machine.add(note_of(LEAVES, 12)).text == "6\n"


def test_what_cannot_be_remembered_is_not_cosigned(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("chain.witness.store.replace_file", full)
    answer = machine.add(note_of(LEAVES, 3))
    assert answer.status_code == 503 and "—" not in answer.text


def test_a_clock_that_went_back_dates_nothing(machine: Machine) -> None:
    machine.add(note_of(LEAVES, 3))
    machine.clock.now -= 10
    assert machine.add(note_of(LEAVES, 12), 3, consistency_path(LEAVES, 3)).status_code == 503
    machine.clock.now += 20
    assert machine.add(note_of(LEAVES, 12), 3, consistency_path(LEAVES, 3)).status_code == 200


def test_two_witnesses_in_one_folder_are_refused(machine: Machine) -> None:
    with pytest.raises(StoreFault, match="another witness"):
        WitnessStore(machine.folder)
