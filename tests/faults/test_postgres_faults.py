"""PostgreSQL is restarted and its connections are cut while records come: what was acknowledged is there, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chain.errors import StoreFault
from chain.lifecycle import RecordState
from chain.proof.batch import split_entries
from chain.sdjwt import SignedRecord
from gateway.store.records import find_held
from gateway.store.store import Store
from tests.fakes.postgres import NoPostgres, fresh_database, restart_server, running_server
from tests.gateway.memory_consortium import PaperGateway, Town

pytestmark = pytest.mark.postgres
RECORDS = 60


@pytest.fixture(scope="module")
def own_sockets() -> Iterator[str]:
    """A server of this file's own: it is restarted."""
    try:
        with running_server() as sockets:
            yield sockets
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture
def store_url(own_sockets: str) -> Iterator[str]:
    with fresh_database(own_sockets) as url:
        yield url


def cut_connections(sockets: str) -> int:
    """Ends every connection of the gateway, as a proxy or an administrator does; how many there were."""
    with psycopg.connect(f"host={sockets} user=tests dbname=postgres", autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 't%' AND pid <> pg_backend_pid()"
        )
        return len(ended.fetchall())


def send_until_taken(gateway: PaperGateway, records: list[SignedRecord]) -> tuple[set[str], int]:
    """Sends each record until it is acknowledged, as an adapter does; the ids, and how often the store failed."""
    acknowledged, faults = set(), 0
    for record in records:
        for _ in range(50):
            try:
                acknowledged.add(gateway.intake.accept(record.serialize().encode()).record_id)
                break
            except StoreFault:
                faults += 1
                threading.Event().wait(0.1)
    return acknowledged, faults


@pytest.mark.parametrize("fault", ["connections are cut", "the server is restarted", "the server is killed"])
def test_nothing_acknowledged_is_lost_when(
    gateway: PaperGateway, town: Town, own_sockets: str, tmp_path: Path, fault: str
) -> None:
    records = [town.event(number) for number in range(RECORDS)]
    answers: list[tuple[set[str], int]] = []
    sending = threading.Thread(target=lambda: answers.append(send_until_taken(gateway, records)))
    sending.start()
    if fault == "connections are cut":
        cuts = 0
        while sending.is_alive():
            cuts += cut_connections(own_sockets)
            sending.join(0.2)
        assert cuts > 0
    else:
        restart_server(own_sockets, "fast" if fault == "the server is restarted" else "immediate")
    sending.join(60)
    ((acknowledged, _),) = answers
    assert acknowledged == {record.record_id for record in records}
    gateway.seal()
    gateway.seal()
    again = Store.open(gateway.url, gateway.vault)
    with again.reading() as connection:
        states = {record_id: find_held(connection, record_id) for record_id in acknowledged}
    again.close()
    assert {held.state for held in states.values() if held is not None} == {RecordState.ANCHORED}
    assert None not in states.values()
    anchored = [entry for batch in town.chain.anchored for entry in split_entries(batch.entries)]
    assert len(anchored) == len(set(anchored)) == RECORDS
