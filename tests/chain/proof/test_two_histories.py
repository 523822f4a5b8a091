"""Two auditors compare what they were shown: what proves two histories, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chain.errors import Malformed
from chain.keys import KeyAlgorithm, SigningKey
from chain.proof.header import Header
from chain.proof.log_heads import LogHead
from chain.proof.notes import Note, cosign_text
from chain.proof.two_histories import (
    HistoryKind,
    ShownHistory,
    TwoHistories,
    find_contradiction,
    find_two_histories,
)
from chain.proof.witness_policy import WitnessPolicy
from chain.verify.histories import verify_histories
from chain.verify.trust_root import TrustRoot
from chain.witness.checkpoint_log import CheckpointLog
from tests.chain.witness.histories import LOG, LOG_SECRET, NOW, ORIGIN, History
from tests.chain.witness.test_cosigner import NAME, WITNESS, WITNESS_SECRET
from tests.fakes.ledger_simulator import Consortium

POLICY = WitnessPolicy((LOG,), (WITNESS,), 1)


@pytest.fixture(scope="module")
def simulator() -> Consortium:
    return Consortium()


def sealed(simulator: Consortium, later: int = 0, *, seals: int | None = None, round_number: int = 0) -> bytes:
    """The header of the simulator's block, or of another one in its place."""
    header = Header.from_rlp(simulator.header_rlp(round_number=round_number))
    other = Header((*header.fields[:11], (header.timestamp + later).to_bytes(4, "big"), *header.fields[12:]))
    return simulator.sealed(other, range(len(header.extra.seals) if seals is None else seals)).to_rlp()


@pytest.fixture(scope="module")
def root(simulator: Consortium) -> TrustRoot:
    return simulator.trust_root()


@pytest.fixture
def logs(tmp_path: Path) -> tuple[CheckpointLog, CheckpointLog]:
    """Two histories of 9 checkpoints that part after the fifth."""
    true = History()
    true.grow(5)
    other = true.fork()
    found = []
    for name, history in (("true", true), ("other", other)):
        history.grow(4)
        log = CheckpointLog(tmp_path / name)
        log.catch_up(history)
        found.append(log)
    return found[0], found[1]


def demanding(root: TrustRoot) -> TrustRoot:
    """The trust root that names the log and the witness."""
    return replace(root, witnesses=POLICY)


def shown(log: CheckpointLog, size: int, index: int | None = None) -> ShownHistory:
    head = log.head(ORIGIN, size)
    note = head.sign(LOG_SECRET).with_signatures([cosign_text(head.text, NAME, WITNESS_SECRET, NOW)])
    return ShownHistory(note) if index is None else ShownHistory(note, log.leaf(index), log.inclusion_path(index, size))


def test_one_size_with_two_roots_is_proved(root: TrustRoot, logs: tuple[CheckpointLog, CheckpointLog]) -> None:
    proof = find_two_histories(root.consortium, shown(logs[0], 9, 2), shown(logs[1], 9, 2))
    assert proof is not None and proof.kind is HistoryKind.ROOTS
    again = TwoHistories.parse(proof.format())
    report = verify_histories(again, demanding(root))
    assert again == proof and report.holds
    assert any("cosigned both" in line.en for line in report.lines)


def test_two_checkpoints_at_one_index_are_proved_whatever_the_sizes(
    root: TrustRoot, logs: tuple[CheckpointLog, CheckpointLog]
) -> None:
    proof = find_two_histories(root.consortium, shown(logs[0], 7, 6), shown(logs[1], 9, 6))
    assert proof is not None and proof.kind is HistoryKind.LEAVES
    assert verify_histories(TwoHistories.parse(proof.format()), demanding(root)).holds


def test_two_parts_of_one_history_prove_nothing(root: TrustRoot, logs: tuple[CheckpointLog, CheckpointLog]) -> None:
    log, other = logs
    for first, second in (
        (shown(log, 9), shown(log, 9)),
        (shown(log, 7), shown(log, 9)),
        (shown(log, 9, 3), shown(log, 9, 3)),
        (shown(log, 8, 3), shown(log, 9, 3)),
        (shown(log, 7, 6), shown(other, 9, 7)),
        (shown(log, 5), shown(other, 5)),
    ):
        assert find_two_histories(root.consortium, first, second) is None


def test_two_sealed_headers_of_one_height_are_proved(simulator: Consortium, root: TrustRoot) -> None:
    one, other = sealed(simulator), sealed(simulator, 1)
    proof = find_two_histories(root.consortium, ShownHistory(header=one), ShownHistory(header=other))
    assert proof is not None and proof.kind is HistoryKind.HEADERS
    assert verify_histories(TwoHistories.parse(proof.format()), root).holds


def test_one_header_sealed_in_two_rounds_is_one_history(simulator: Consortium) -> None:
    one, other = sealed(simulator), sealed(simulator, round_number=3)
    assert one != other
    assert find_contradiction(ShownHistory(header=one), ShownHistory(header=other)) is None


Spoil = Callable[[TwoHistories], TwoHistories]
STRANGER = SigningKey.generate(KeyAlgorithm.ED25519)


def _restated(statement: ShownHistory, key: SigningKey) -> ShownHistory:
    assert statement.note is not None
    return replace(statement, note=LogHead.parse(statement.note.text).sign(key))


SPOILT: dict[str, Spoil] = {
    "another consortium": lambda proof: replace(proof, consortium=bytes(32)),
    "the first signed by a stranger": lambda proof: replace(proof, first=_restated(proof.first, STRANGER)),
    "the second signed by a stranger": lambda proof: replace(proof, second=_restated(proof.second, STRANGER)),
    "a path that does not lead there": lambda proof: replace(proof, first=replace(proof.first, path=())),
    "a leaf made up": lambda proof: replace(
        proof,
        second=replace(proof.second, leaf=replace(proof.second.leaf, block=99)),  # type: ignore[type-var]
    ),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_a_proof_with_one_fault_proves_nothing(
    root: TrustRoot, logs: tuple[CheckpointLog, CheckpointLog], fault: str
) -> None:
    proof = find_two_histories(root.consortium, shown(logs[0], 7, 6), shown(logs[1], 9, 6))
    assert proof is not None
    spoilt = TwoHistories.parse(SPOILT[fault](proof).format())
    assert not verify_histories(spoilt, demanding(root)).holds
    assert verify_histories(proof, demanding(root)).holds


def test_headers_that_nobody_sealed_prove_nothing(simulator: Consortium, root: TrustRoot) -> None:
    one, other = sealed(simulator), sealed(simulator, 1, seals=1)
    proof = find_two_histories(root.consortium, ShownHistory(header=one), ShownHistory(header=other))
    assert proof is not None
    assert not verify_histories(proof, root).holds


def test_a_trust_root_without_logs_proves_nothing_by_notes(
    root: TrustRoot, logs: tuple[CheckpointLog, CheckpointLog]
) -> None:
    proof = find_two_histories(root.consortium, shown(logs[0], 9), shown(logs[1], 9))
    assert proof is not None and not verify_histories(proof, root).holds


def test_a_file_whose_statements_agree_is_no_proof(root: TrustRoot, logs: tuple[CheckpointLog, CheckpointLog]) -> None:
    same = TwoHistories(root.consortium, HistoryKind.ROOTS, shown(logs[0], 9), shown(logs[0], 9))
    with pytest.raises(Malformed, match="contradict"):
        TwoHistories.parse(same.format())


CHANGES: dict[str, tuple[str, str]] = {
    "another format": ("tongguan-two-histories/1", "tongguan-two-histories/2"),
    "another kind": ('"kind": "roots"', '"kind": "leaves"'),
    "an unknown kind": ('"kind": "roots"', '"kind": "rumours"'),
    "a member more": ('"kind"', '"more": 1, "kind"'),
    "no JSON": ("{", "["),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_malformed_proof_is_refused(root: TrustRoot, logs: tuple[CheckpointLog, CheckpointLog], change: str) -> None:
    proof = find_two_histories(root.consortium, shown(logs[0], 9), shown(logs[1], 9))
    assert proof is not None
    old, new = CHANGES[change]
    content = proof.format().decode()
    assert old in content
    with pytest.raises(Malformed):
        TwoHistories.parse(content.replace(old, new, 1).encode())


def test_a_note_without_signatures_is_no_statement() -> None:
    with pytest.raises(Malformed):
        Note.parse(f"{ORIGIN}\n1\n")
