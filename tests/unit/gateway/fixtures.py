"""Fixtures that the gateway's unit and fault tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import NoPostgres, fresh_database, running_server
from tests.unit.gateway.paper import PaperGateway, Town


@pytest.fixture(scope="session")
def postgres_sockets() -> Iterator[str]:
    try:
        with running_server() as sockets:
            yield sockets
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.sqlite"
        return
    with fresh_database(request.getfixturevalue("postgres_sockets")) as url:
        yield url


@pytest.fixture
def town() -> Town:
    return Town.make()


@pytest.fixture
def gateway(town: Town, tmp_path: Path, store_url: str) -> Iterator[PaperGateway]:
    made = PaperGateway(tmp_path, town.chain, town.clock, store_url)
    yield made
    made.store.close()
