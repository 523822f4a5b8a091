"""A risk desk that is killed at any step says each finding exactly once; looking again from any block says nothing new.

The desk is a process of its own that ends itself by SIGKILL before its step of a given number. Gateway and ledger are
a file that a kill cannot take back: a statement that arrives is written there before it is answered, as a gateway does.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from adapters.risk_desk.desk import RiskDesk
from adapters.risk_desk.desk_loop import run_desk
from adapters.risk_desk.journal import DeskJournal
from chain.errors import StoreFault
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.records import sign_record
from chain.rule_tables import example_tables
from chain.rules.pack import pack_digest
from chain.sdjwt import SignedRecord
from gateway.client import Change
from scripts.benchmarks.desk import STATED_AT, lanes_answer
from scripts.benchmarks.load import CONSORTIUM, cast
from scripts.local_desks import batch_before
from tests.adapters.runner.conftest import Clock
from tests.record_numbers import jti_of
from tests.stories.risk_desks import valued, weighed

KEY = SigningKey.generate()
UCRS = tuple(Ucr.parse(f"6CN{cast().trader.uscc}-KILL{place}") for place in range(3))
PASSPHRASE = b"a passphrase"


@lru_cache(maxsize=1)
def declared() -> dict[str, list[SignedRecord]]:
    """By consignment, declarations that break two rules."""
    found: dict[str, list[SignedRecord]] = {}
    for place, ucr in enumerate(UCRS):
        lies = (weighed(f"01012026100000080{place}", "80.00000"), valued(f"01012026100000081{place}", "111.00"))
        found[str(ucr)] = [
            sign_record(
                lie.for_ucrs((ucr,)),
                key=KEY,
                iss=cast().broker.uscc,
                consortium=CONSORTIUM,
                iat=STATED_AT,
                jti=jti_of(f"{ucr} {number}"),
            )
            for number, lie in enumerate(lies)
        ]
    return found


@dataclass
class LedgerFile:
    """Gateway and ledger in one file: what arrived stands on the chain at once."""

    path: Path
    step: Callable[[str], None] = lambda name: None
    stop: threading.Event = field(default_factory=threading.Event)

    def arrived(self) -> list[str]:
        """Every text that came, in order, also the same one again."""
        return self.path.read_text().splitlines() if self.path.exists() else []

    def statements(self) -> dict[str, SignedRecord]:
        """What stands, by the number of each record."""
        return {signed.jti: signed for signed in map(SignedRecord.parse, self.arrived())}

    def lanes(self, ucr: str) -> dict[str, Any]:
        self.step("looks")
        own = [signed for signed in self.statements().values() if str(ucr) in dict(_ucrs(signed))]
        return lanes_answer(Ucr.parse(ucr), [*declared()[ucr], *own])

    def submit(self, record: SignedRecord) -> object:
        self.step("sends")
        known = self.statements().get(record.jti)
        assert known is None or known.record_id == record.record_id, "one number, two records"
        with self.path.open("a") as file:
            file.write(record.serialize() + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.step("was taken")
        return record.record_id

    def changes(self, after: int | None = None) -> Iterator[Change]:
        """One batch a consignment, told once; then the desk is stopped when it has looked at all."""
        for batch, ucr in enumerate(declared()):
            if after is None or batch > after:
                yield Change(ucr, "x" * 43, "customs.declaration", cast().broker.uscc, batch, batch + 10, None)
        self.stop.wait(20)

    def batches(self) -> Iterator[dict[str, Any]]:
        yield from ({"index": index, "block": 10 + 2 * index} for index in range(len(UCRS)))


def _ucrs(signed: SignedRecord) -> list[tuple[str, bytes]]:
    return [(str(value), digest) for digest, value in signed.ucr_elements()]


def desk(ledger: LedgerFile, journal: DeskJournal) -> RiskDesk:
    tables = example_tables()
    return RiskDesk(
        cast().customs.uscc,
        KEY,
        CONSORTIUM,
        jti_secret=bytes(32),
        gateway=ledger,
        journal=journal,
        tables=tables,
        agreed_pack=lambda: pack_digest(tables.roots),
        clock=Clock(),
    )


def run(ledger: LedgerFile, journal: DeskJournal, replay_from: int | None = None) -> None:
    """The desk as its command runs it, until everything was looked at and its cursor stands."""
    running = desk(ledger, journal)
    set_cursor = journal.set_cursor

    def note(batch: int) -> None:
        ledger.step("notes how far")
        set_cursor(batch)
        if batch == len(UCRS) - 2:
            ledger.stop.set()

    journal.set_cursor = note  # type: ignore[method-assign]
    run_desk(running, ledger, ledger.stop, replay_from=replay_from)


def killed_at(folder: Path, step: int) -> bool:
    """A desk of its own process that is killed before its step of that number; whether it came so far."""
    child = os.fork()
    if child == 0:
        count = 0

        def take(name: str) -> None:
            nonlocal count
            count += 1
            if count > step:
                os.kill(os.getpid(), signal.SIGKILL)

        ledger = LedgerFile(folder / "ledger", take)
        journal = DeskJournal(folder / "journal.sqlite", PASSPHRASE)
        for name in ("keep", "settle"):
            _stepping(journal, name, take)
        try:
            run(ledger, journal)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _stepping(journal: DeskJournal, name: str, take: Callable[[str], None]) -> None:
    whole = getattr(journal, name)

    def stepped(*arguments: Any, **named: Any) -> Any:
        take(f"before {name}")
        answer = whole(*arguments, **named)
        take(f"after {name}")
        return answer

    setattr(journal, name, stepped)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The numbers of the statements of a desk that nothing happened to."""
    ledger = LedgerFile(tmp_path_factory.mktemp("whole") / "ledger")
    run(ledger, DeskJournal(":memory:"))
    assert len(ledger.arrived()) == len(ledger.statements()) >= 2 * len(UCRS)
    return set(ledger.statements())


def test_a_desk_killed_at_any_step_says_each_finding_once(tmp_path: Path, expected: set[str]) -> None:
    step = 0
    while True:
        folder = tmp_path / str(step)
        folder.mkdir()
        if not killed_at(folder, step):
            break
        ledger = LedgerFile(folder / "ledger")
        journal = DeskJournal(folder / "journal.sqlite", PASSPHRASE)
        run(ledger, journal)
        assert set(ledger.statements()) == expected, f"after a kill at step {step}"
        assert len(set(ledger.arrived())) == len(expected), f"other bytes after a kill at step {step}"
        assert len(ledger.arrived()) <= len(expected) + 1
        assert journal.outbox() == []
        journal.close()
        step += 3
    assert step > 20


@pytest.mark.parametrize("block", [0, 11, 13, 14, 99])
@pytest.mark.parametrize("keeps_journal", [True, False], ids=["with its journal", "without it"])
def test_looking_again_from_any_block_says_nothing_new(
    tmp_path: Path, expected: set[str], block: int, keeps_journal: bool
) -> None:
    ledger, journal = LedgerFile(tmp_path / "ledger"), DeskJournal(":memory:")
    run(ledger, journal)
    again = LedgerFile(ledger.path)
    start = batch_before(again, block)  # type: ignore[arg-type]
    assert start == {0: -1, 11: 0, 13: 1, 14: 1, 99: 2}[block]
    if start >= len(UCRS) - 1:
        return
    run(again, journal if keeps_journal else DeskJournal(":memory:"), replay_from=start)
    assert len(again.arrived()) == len(expected)


def test_a_journal_that_fails_for_a_while_is_tried_again(tmp_path: Path, expected: set[str]) -> None:
    ledger, journal = LedgerFile(tmp_path / "ledger"), DeskJournal(":memory:")
    failures = {"keep": 1, "settle": 1, "set_cursor": 1}
    for name in failures:
        _failing(journal, name, failures)
    run(ledger, journal)
    assert set(failures.values()) == {0}
    assert set(ledger.statements()) == expected and len(set(ledger.arrived())) == len(expected)


def _failing(journal: DeskJournal, name: str, failures: dict[str, int]) -> None:
    whole = getattr(journal, name)

    def fails(*arguments: Any, **named: Any) -> Any:
        if failures[name]:
            failures[name] -= 1
            raise StoreFault("no room on the disk")
        return whole(*arguments, **named)

    setattr(journal, name, fails)


def test_a_commit_that_finds_no_room_leaves_no_transaction_open(tmp_path: Path) -> None:
    journal = DeskJournal(tmp_path / "journal.sqlite", PASSPHRASE)
    journal.set_cursor(3)
    journal._db.execute("PRAGMA max_page_count = 1")  # as many as there are: no more may be written
    ledger = LedgerFile(tmp_path / "ledger")
    with pytest.raises(StoreFault, match="full"):
        for _ in range(40):
            desk(ledger, journal).look(list(declared()))
            journal._db.execute("DELETE FROM statements")
    assert not journal._db.in_transaction
    journal._db.execute("PRAGMA max_page_count = 100000")
    journal.set_cursor(4)
    assert journal.cursor == 4
