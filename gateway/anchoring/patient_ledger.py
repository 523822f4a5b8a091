"""The chain as requests ask it: nobody waits for an endpoint that has fallen silent.

A node that hangs takes questions and answers none. Each would wait for its timeout of ten seconds, and a few dozen of
them hold every thread that serves requests. So a question is put by a thread of its own, and whoever asked gives up
once it has waited for a while *and* nobody else heard from the chain as long either: a node that is only slow is
waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Protocol, TypeVar

from chain.ledger import Checkpoint, ProofAnswer
from chain.ledger.faults import LedgerUnreachable
from chain.members import AccountVersion

QUESTIONS_MAX = 16
"""Questions under way at once; further ones wait their turn, no longer than others do."""
LOOK_S = 0.05
SILENCE_S_MAX = 3.0
"""How long what needs the chain waits for one that is silent."""
SILENCE_KNOWN_S = 0.2
"""How long, where it has been silent for longer already when the question comes."""

T = TypeVar("T")


class ProvingLedger(Protocol):
    """What requests ask of `chain.ledger.Ledger`."""

    def header_rlp(self, number: int) -> bytes: ...
    def proof(self, address: str, slots: Sequence[int], block: int) -> ProofAnswer: ...
    def checkpoint_count(self, block: int | None = None) -> int: ...
    def checkpoint(self, index: int, block: int | None = None) -> Checkpoint: ...
    def account_versions(self, address: str, block: int | None = None) -> tuple[AccountVersion, ...]: ...


class PatientLedger:
    """A ledger for requests: raises LedgerUnreachable as soon as the chain is silent, and what the ledger raises."""

    def __init__(
        self,
        ledger: ProvingLedger,
        age_s: Callable[[], float],
        silence_s_max: float = SILENCE_S_MAX,
        threads: ThreadPoolExecutor | None = None,
    ) -> None:
        """`age_s`: how many seconds ago the chain was heard last, by whoever follows it."""
        self._ledger = ledger
        self._age_s = age_s
        self._silence_s_max = silence_s_max
        self._threads = threads or ThreadPoolExecutor(QUESTIONS_MAX, "chain-question")

    def header_rlp(self, number: int) -> bytes:
        """As the ledger's."""
        return self._ask("header", lambda: self._ledger.header_rlp(number))

    def proof(self, address: str, slots: Sequence[int], block: int) -> ProofAnswer:
        """As the ledger's."""
        return self._ask("proof", lambda: self._ledger.proof(address, slots, block))

    def checkpoint_count(self, block: int | None = None) -> int:
        """As the ledger's."""
        return self._ask("checkpoint count", lambda: self._ledger.checkpoint_count(block))

    def checkpoint(self, index: int, block: int | None = None) -> Checkpoint:
        """As the ledger's."""
        return self._ask("checkpoint", lambda: self._ledger.checkpoint(index, block))

    def account_versions(self, address: str, block: int | None = None) -> tuple[AccountVersion, ...]:
        """As the ledger's."""
        return self._ask("account versions", lambda: self._ledger.account_versions(address, block))

    def hurry(self, silence_s_max: float) -> PatientLedger:
        """The same ledger with less patience, for what can be answered without the chain."""
        return PatientLedger(self._ledger, self._age_s, silence_s_max, self._threads)

    def _ask(self, what: str, question: Callable[[], T]) -> T:
        # Where the chain was silent before, few are let wait: they hold the threads that serve others.
        patience_s = SILENCE_KNOWN_S if self._age_s() >= self._silence_s_max else self._silence_s_max
        answer: Future[T] = self._threads.submit(question)
        waited_s = 0.0
        while True:
            try:
                return answer.result(LOOK_S)
            except FutureTimeout:
                if answer.done():
                    return answer.result()  # it came just now, or the time-out is the question's own
            waited_s += LOOK_S
            if waited_s >= patience_s and self._age_s() >= self._silence_s_max:
                answer.cancel()
                raise LedgerUnreachable(what, f"silent for {self._age_s():.1f} s")
