"""Whoever asks for a view does not wait for a chain that hangs, and does wait for one that is slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chain.ledger import Checkpoint, ProofAnswer
from chain.ledger.faults import LedgerUnreachable
from chain.members import AccountVersion
from gateway.anchoring.patient_ledger import QUESTIONS_MAX, PatientLedger
from gateway.query.bundles import BundleMaker
from tests.gateway.memory_consortium import PAPER_TRUST_ROOT, PaperGateway, Town

WITHIN_S = 1.0


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


class HangingLedger:
    """A chain that takes questions and answers none until it is let go."""

    def __init__(self) -> None:
        self.hangs = threading.Event()
        self.heard_at = time.monotonic()
        self.count = 0
        self.asked = 0

    def age_s(self) -> float:
        if not self.hangs.is_set():
            self.heard_at = time.monotonic()
        return time.monotonic() - self.heard_at

    def checkpoint_count(self, block: int | None = None) -> int:
        self.asked += 1
        while self.hangs.is_set():
            time.sleep(0.01)
        return self.count

    def checkpoint(self, index: int, block: int | None = None) -> Checkpoint:
        return Checkpoint(index, 1, bytes(32), 2, 0, 5)

    def header_rlp(self, number: int) -> bytes:
        return b"header"

    def proof(self, address: str, slots: object, block: int) -> ProofAnswer:
        raise AssertionError("no view needs a proof")

    def account_versions(self, address: str, block: int | None = None) -> tuple[AccountVersion, ...]:
        return ()


@pytest.fixture
def ledger() -> Iterator[HangingLedger]:
    hanging = HangingLedger()
    yield hanging
    hanging.hangs.clear()


def bundles_over(ledger: HangingLedger, gateway: PaperGateway) -> BundleMaker:
    patient = PatientLedger(ledger, ledger.age_s)
    registry = gateway.registry
    return BundleMaker(patient, gateway.index, gateway.tag_keys, PAPER_TRUST_ROOT, registry.snapshot, ())


def test_a_question_to_a_chain_that_hangs_ends_within_a_second(ledger: HangingLedger) -> None:
    patient = PatientLedger(ledger, ledger.age_s, silence_s_max=0.3)
    assert patient.checkpoint_count() == 0
    ledger.age_s()
    ledger.hangs.set()
    began = time.monotonic()
    # More than there are threads for questions: those that wait for a thread wait no longer.
    with ThreadPoolExecutor(QUESTIONS_MAX + 4) as readers:
        asked = [readers.submit(patient.checkpoint_count) for _ in range(QUESTIONS_MAX + 4)]
        assert all("silent for" in str(answer.exception()) for answer in asked)
        assert time.monotonic() - began < WITHIN_S
    ledger.hangs.clear()
    assert patient.checkpoint_count() == 0


def test_a_chain_that_was_silent_before_is_hardly_waited_for(ledger: HangingLedger) -> None:
    patient = PatientLedger(ledger, lambda: 60.0, silence_s_max=3.0)
    ledger.hangs.set()
    began = time.monotonic()
    with pytest.raises(LedgerUnreachable):
        patient.checkpoint_count()
    assert time.monotonic() - began < WITHIN_S


def test_a_chain_that_is_slow_and_heard_by_others_is_waited_for(ledger: HangingLedger) -> None:
    patient = PatientLedger(ledger, lambda: 0.05, silence_s_max=0.1)
    ledger.hangs.set()
    threading.Timer(0.6, ledger.hangs.clear).start()
    assert patient.checkpoint_count() == 0


def test_a_fault_of_the_chain_is_the_askers(ledger: HangingLedger) -> None:
    with pytest.raises(AssertionError, match="no view needs a proof"):
        PatientLedger(ledger, ledger.age_s).proof("0x", [], 1)


def test_a_view_is_told_from_the_checkpoint_that_was_proved_before(
    ledger: HangingLedger, gateway: PaperGateway, town: Town
) -> None:
    bundles = bundles_over(ledger, gateway)
    assert bundles.checkpoint_facts() is None
    ledger.age_s()
    ledger.hangs.set()
    # The chain went on: there is a block whose header was not read.
    gateway.intake.accept(town.event().serialize().encode())
    gateway.seal()
    gateway.follow()
    began = time.monotonic()
    assert bundles.checkpoint_facts() is None
    assert time.monotonic() - began < WITHIN_S


def test_before_anything_was_proved_a_view_is_refused_within_a_second(
    ledger: HangingLedger, gateway: PaperGateway, tmp_path: Path
) -> None:
    bundles = bundles_over(ledger, gateway)
    ledger.age_s()
    ledger.hangs.set()
    began = time.monotonic()
    with pytest.raises(LedgerUnreachable):
        bundles.checkpoint_facts()
    assert time.monotonic() - began < WITHIN_S
