"""Verifier processes: they say what the gateway's own process says, and one that dies takes nothing with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chain.errors import TongguanError
from gateway.ingest.pipeline import Rejection, ValidationContext
from gateway.ingest.worker_pool import WorkerPool, WorkerSetup
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.look_ups import WAITING_FACTS
from gateway.store.records import NewRecord
from gateway.store.vault import DataKeys
from tests.gateway.memory_consortium import PaperGateway, Town


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    """SQLite alone: verifiers know of no store."""
    return sqlite_url


@pytest.fixture
def verifiers(gateway: PaperGateway) -> Iterator[WorkerPool]:
    made = WorkerPool(WorkerSetup.of(gateway.intake.preparer, DataKeys.load(gateway.folder / "data_keys_file")), 1)
    yield made
    made.stop()


def against(gateway: PaperGateway, town: Town) -> ValidationContext:
    return ValidationContext(gateway.registry.snapshot(), 0, town.clock())


def lines(town: Town) -> list[bytes]:
    good = [town.event(number).serialize().encode() for number in range(2)]
    wrong = town.event(consortium="ab" * 32).serialize().encode()
    return [b'"' + good[0] + b'"', b"{}", b'"' + wrong + b'"', b'"hello"', b'"' + good[1] + b'"']


def test_a_verifier_says_what_the_gateway_itself_would(
    gateway: PaperGateway, town: Town, verifiers: WorkerPool
) -> None:
    said, unseal = lines(town), gateway.intake.preparer.vault.unseal
    there = verifiers.prepare(said, against(gateway, town))
    here = gateway.intake.preparer.prepare_lines(said, against(gateway, town))
    for one, other in zip(there, here, strict=True):
        assert type(one) is type(other)
        assert one.record_id == other.record_id
        if isinstance(one, Rejection) and isinstance(other, Rejection):
            assert (type(one.error), str(one.error)) == (type(other.error), str(other.error))
            assert vars(one.error) == vars(other.error)
        if isinstance(one, NewRecord) and isinstance(other, NewRecord):
            assert (one.jwt, one.entries) == (other.jwt, other.entries)
            assert unseal(one.facts, WAITING_FACTS) == unseal(other.facts, WAITING_FACTS)


def test_a_revoked_key_is_out_at_the_next_chunk(gateway: PaperGateway, town: Town, verifiers: WorkerPool) -> None:
    line = b'"' + town.event().serialize().encode() + b'"'
    assert isinstance(verifiers.prepare([line], against(gateway, town))[0], NewRecord)
    town.chain.revoke(town.carrier)
    gateway.registry.refresh()
    (offer,) = verifiers.prepare([line], against(gateway, town))
    assert isinstance(offer, Rejection)
    assert isinstance(offer.error, GatewayRefusal)
    assert offer.error.kind.slug == "revoked-key"


def test_where_nothing_is_taken_the_records_id_is_told_still(
    gateway: PaperGateway, town: Town, verifiers: WorkerPool
) -> None:
    record = town.event()
    full = GatewayRefusal("outbox-full", "too many wait", retry_after_s=5)
    (offer,) = verifiers.prepare([b'"' + record.serialize().encode() + b'"'], full)
    assert offer.record_id == record.record_id
    assert isinstance(offer, Rejection)
    assert vars(offer.error) == vars(full)


def test_a_verifier_that_dies_is_started_again(gateway: PaperGateway, town: Town, verifiers: WorkerPool) -> None:
    line = b'"' + town.event().serialize().encode() + b'"'
    verifiers.prepare([line], against(gateway, town))
    process = verifiers._all[0]._process
    assert process is not None
    process.kill()
    process.wait()
    assert verifiers.fault()
    assert isinstance(verifiers.prepare([line], against(gateway, town))[0], NewRecord)
    assert (verifiers.restarts, verifiers.fault()) == (1, "")


def test_a_chunk_that_kills_two_verifiers_is_refused_and_the_gateway_lives(
    gateway: PaperGateway, town: Town, verifiers: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = b'"' + town.event().serialize().encode() + b'"'
    monkeypatch.setattr("gateway.ingest.worker_pool._receive", lambda channel: (_ for _ in ()).throw(EOFError()))
    (offer,) = verifiers.prepare([line], against(gateway, town))
    assert isinstance(offer, Rejection)
    assert type(offer.error) is TongguanError
    monkeypatch.undo()
    assert isinstance(verifiers.prepare([line], against(gateway, town))[0], NewRecord)


def test_a_stopped_pool_says_so(gateway: PaperGateway, town: Town, verifiers: WorkerPool) -> None:
    verifiers.stop()
    with pytest.raises(GatewayRefusal):
        verifiers.prepare([b"{}"], against(gateway, town))
