"""Messages about many consignments: the union of all of them, in parts of 200 lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from adapters.registry import read_message
from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.retry_policy import RunnerSettings
from adapters.single_window_mock import numbers
from adapters.sources.envelope import Envelope
from adapters.sources.single_window import Page
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.records import parse_record
from chain.sdjwt import SignedRecord
from tests.adapters.formats.customs.writing import ceb, entity, message
from tests.adapters.runner.conftest import CONSORTIUM, Clock
from tests.record_numbers import SECRET

MEMBER = "91110000600037341L"


@dataclass
class Waybills:
    """A gateway that knows some waybills and takes every record; and a source with nothing more to say."""

    known: dict[str, list[str]] = field(default_factory=dict)
    records: list[SignedRecord] = field(default_factory=list)

    def submit(self, record: SignedRecord) -> object:
        self.records.append(record)
        return "receipt"

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        return self.known.get(value, [])

    def fetch(self, after: int, limit: int) -> Page:
        return Page((), after)

    def acknowledge(self, envelope: Envelope) -> None:
        """Nothing to remember."""

    def refuse(self, envelope: Envelope, code: str, reason: str) -> None:
        raise AssertionError(f"{code}: {reason}")


def ucr(number: int) -> str:
    return f"6CN{MEMBER}-{number:04d}"


def waybill(number: int) -> str:
    return f"L{number:06d}"


def started(gateway: Waybills, *messages: tuple[bytes, dict[int, tuple[str, ...]]]) -> tuple[AdapterRunner, Clock]:
    clock = Clock()
    runner = AdapterRunner(
        MEMBER,
        SigningKey.generate(),
        CONSORTIUM,
        jti_secret=SECRET,
        source=gateway,
        gateway=gateway,
        journal=Journal(":memory:"),
        settings=RunnerSettings(attempts_max=3),
        clock=clock,
        random=numbers.seeded("jitter"),
    )
    for count, (body, ucrs) in enumerate(messages):
        envelope = Envelope(f"M{count}", "CEB509", MEMBER, "2026-03-03T04:00:00Z", ucrs)
        runner.journal.take(envelope, body)
    return runner, clock


def said_of(record: SignedRecord) -> tuple[Ucr, ...]:
    return parse_record(record).ucr


@pytest.mark.parametrize("number", ["507", "509", "607", "711"])
def test_a_list_of_parcels_is_said_of_every_parcels_consignment(number: str) -> None:
    gateway = Waybills({waybill(n): [ucr(n)] for n in (1, 2, 3)})
    runner, _ = started(gateway, (message(number, 3), {}))
    runner.run_once()
    assert said_of(gateway.records[0]) == tuple(ucr(n) for n in (1, 2, 3))


def test_parcels_of_one_consignment_are_said_once() -> None:
    gateway = Waybills({waybill(1): [ucr(1), ucr(2)], waybill(2): [ucr(1)]})
    runner, _ = started(gateway, (message("509", 2), {}))
    runner.run_once()
    assert said_of(gateway.records[0]) == (ucr(1), ucr(2))


def test_a_list_waits_until_its_last_parcel_is_known() -> None:
    gateway = Waybills({waybill(1): [ucr(1)]})
    runner, clock = started(gateway, (message("509", 2), {}))
    runner.run_once()
    (waiting,) = runner.journal.entities(1)
    assert (waiting.state, waiting.reason) == (
        "waiting",
        f"no consignment is known yet by transport_document {waybill(2)}",
    )
    gateway.known[waybill(2)] = [ucr(2)]
    clock.now += 60
    runner.run_once()
    assert said_of(gateway.records[0]) == (ucr(1), ucr(2))


def test_a_list_whose_last_parcel_stays_unknown_is_parked_naming_it() -> None:
    gateway = Waybills({waybill(1): [ucr(1)]})
    runner, clock = started(gateway, (message("509", 9), {}))
    for _ in range(4):
        runner.run_once()
        clock.now += 600
    ((_, parked),) = runner.journal.parked()
    assert parked.reason.endswith(f"transport_document {waybill(6)} and 3 more")
    assert not gateway.records


def test_a_summary_needs_its_lists_known_and_not_its_own_number() -> None:
    read = read_message(message("792", 2))
    (found,) = read.entities
    assert {reference.kind for reference in found.lookup} == {"declaration"}
    assert found.record is not None
    assert len(found.lookup) < len(found.record.references)


def test_the_own_numbers_of_a_list_are_names_of_one_thing() -> None:
    (found,) = read_message(message("507", 0)).entities
    assert (len(found.lookup), found.many) == (2, False)


def test_every_part_of_a_long_list_is_said_of_its_own_parcels() -> None:
    gateway = Waybills({waybill(n): [ucr(n)] for n in range(1, 451)})
    runner, _ = started(gateway, (message("509", 450), {}))
    runner.run_once()
    assert [len(said_of(record)) for record in gateway.records] == [200, 200, 50]
    assert {one for record in gateway.records for one in said_of(record)} == {ucr(n) for n in range(1, 451)}


def test_every_part_of_a_long_list_is_said_of_all_that_the_envelope_names() -> None:
    lists = ceb("509", [entity("509", 250, copNo="A"), entity("509", 2, copNo="B"), entity("509", 250, copNo="C")])
    gateway = Waybills()
    runner, _ = started(gateway, (lists, {0: (ucr(1), ucr(2)), 1: (ucr(3),), 2: (ucr(4),)}))
    runner.run_once()
    found = [(one.part_of, one.part, one.ordinal) for one in read_message(lists).entities]
    assert found == [(None, 0, 0), (0, 1, 3), (None, 0, 1), (None, 0, 2), (2, 1, 4)]
    said = sorted(said_of(record) for record in gateway.records)
    assert said == sorted([(ucr(1), ucr(2))] * 2 + [(ucr(3),)] + [(ucr(4),)] * 2)


def test_each_part_of_a_changed_list_amends_its_own_like() -> None:
    everything: dict[int, tuple[str, ...]] = {0: (ucr(1),)}
    gateway = Waybills()
    first, second = message("509", 250), message("509", 250, appType="2")
    runner, _ = started(gateway, (first, everything), (second, everything))
    runner.run_once()
    assert [record.amends for record in gateway.records] == [
        None,
        None,
        gateway.records[0].record_id,
        gateway.records[1].record_id,
    ]


def test_a_list_that_grew_amends_what_there_was_and_adds_the_rest() -> None:
    everything: dict[int, tuple[str, ...]] = {0: (ucr(1),)}
    gateway = Waybills()
    runner, _ = started(gateway, (message("509", 150), everything), (message("509", 250, appType="2"), everything))
    runner.run_once()
    assert [record.amends for record in gateway.records] == [None, gateway.records[0].record_id, None]


def test_a_part_of_a_changed_list_waits_for_its_like_that_still_waits() -> None:
    gateway = Waybills({waybill(n): [ucr(n)] for n in range(1, 201)})
    runner, clock = started(gateway, (message("509", 201), {}), (message("509", 201, appType="2"), {0: (ucr(1),)}))
    runner.run_once()
    assert [record.amends for record in gateway.records] == [None, gateway.records[0].record_id]
    gateway.known[waybill(201)] = [ucr(201)]
    clock.now += 60
    runner.run_once()
    amended = [record.amends for record in gateway.records]
    assert amended == [None, gateway.records[0].record_id, None, gateway.records[2].record_id]
