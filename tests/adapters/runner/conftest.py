"""A gateway that remembers and can fail, a single window in process, one runner a member: only the wire is faked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.retry_policy import Progress, RunnerSettings
from adapters.single_window_mock import numbers
from adapters.single_window_mock.app import create_app
from adapters.single_window_mock.roles import PARTS, Cast, Party
from adapters.single_window_mock.store import MessageStore
from adapters.sources.single_window import SingleWindow
from chain.errors import LedgerFault, Refused
from chain.keys import SigningKey
from chain.members import Role
from chain.records import RECORD_RULES, parse_record
from chain.sdjwt import SignedRecord
from tests.record_numbers import SECRET

CONSORTIUM = "ab" * 32


class Clock:
    """Unix seconds that move only when told."""

    def __init__(self) -> None:
        self.now = 1_772_500_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class RememberingGateway:
    """Keeps what was submitted, knows UCRs by reference, refuses what the record rules forbid, and fails on order."""

    roles: dict[str, Role]
    records: dict[str, SignedRecord] = field(default_factory=dict)
    submissions: list[str] = field(default_factory=list)
    failures: int = 0
    lost_answers: int = 0

    def submit(self, record: SignedRecord) -> object:
        if self.failures:
            self.failures -= 1
            raise LedgerFault("the gateway is down")
        self.submissions.append(record.serialize())
        if not RECORD_RULES[record.vct] & self.roles[record.iss]:
            raise Refused(f"{record.iss} may not say {record.vct}", code="4002")
        parse_record(record)
        doubled = [known for known in self.records.values() if (known.iss, known.jti) == (record.iss, record.jti)]
        assert all(known.record_id == record.record_id for known in doubled), "one jti, two records"
        self.records[record.record_id] = record
        if self.lost_answers:
            self.lost_answers -= 1
            raise httpx.ReadTimeout("the answer was lost")
        return f"receipt of {record.record_id}"

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        if self.failures:
            self.failures -= 1
            raise LedgerFault("the gateway is down")
        found: dict[str, None] = {}
        for record in self.records.values():
            said = parse_record(record)
            for reference in said.references:
                if (reference.kind, reference.scope, reference.value) == (kind, scope, value):
                    found.update(dict.fromkeys(said.ucr))
        return list(found)

    def types(self) -> list[str]:
        return sorted(record.vct for record in self.records.values())


@dataclass
class Consortium:
    """Everything a story needs, one runner a member."""

    cast: Cast
    window: TestClient
    store: MessageStore
    gateway: RememberingGateway
    clock: Clock
    folder: Path
    keys: dict[str, SigningKey]
    runners: dict[str, AdapterRunner] = field(default_factory=dict)

    def runner(self, part: str, **settings: float) -> AdapterRunner:
        """The runner of the member who plays that part, opened again on its journal when asked for again."""
        member: Party = getattr(self.cast, part)
        source = SingleWindow("http://window", member.uscc, transport=self.window._transport)
        runner = AdapterRunner(
            member.uscc,
            self.keys[part],
            CONSORTIUM,
            jti_secret=SECRET,
            source=source,
            gateway=self.gateway,
            journal=Journal(self.folder / f"{part}.sqlite", b"correct horse"),
            settings=RunnerSettings(**{"rescan_s": 0.0, **settings}),  # type: ignore[arg-type]
            clock=self.clock,
            random=numbers.seeded("jitter"),
        )
        self.runners[part] = runner
        return runner

    def run(self, rounds: int = 30) -> dict[str, Progress]:
        """Rounds of every member's runner, the clock moving on, until all are idle."""
        for part in PARTS:
            self.runners.get(part) or self.runner(part)
        last: dict[str, Progress] = {}
        for _ in range(rounds):
            last = {part: runner.run_once() for part, runner in self.runners.items()}
            self.clock.now += 5
            if all(progress.idle for progress in last.values()) and not any(
                runner.journal.next_due() for runner in self.runners.values()
            ):
                break
        return last

    def start(self, story: str = "parcel", **order: object) -> str:
        answer = self.window.post(f"/v1/stories/{story}", json={"started_at": "2026-03-02T01:00:00Z", **order})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ucrs"][0])


@pytest.fixture
def consortium(tmp_path: Path) -> Iterator[Consortium]:
    random = numbers.seeded("cast")
    cast = Cast(**{part: Party(numbers.uscc(random), numbers.digits(random, 10), f"测试{part}") for part in PARTS})
    store = MessageStore(tmp_path / "single-window.sqlite")
    clock = Clock()
    gateway = RememberingGateway({getattr(cast, part).uscc: Role[role] for part, role in PARTS.items()})
    yield Consortium(
        cast,
        TestClient(create_app(store, cast, clock=clock)),
        store,
        gateway,
        clock,
        tmp_path,
        {part: SigningKey.generate() for part in PARTS},
    )
    store.close()
