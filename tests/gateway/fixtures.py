"""Fixtures that the gateway's unit and fault tests share.

Bringing an empty store to the newest schema takes most of a short test's time, so it is done once for each kind of
store, and every test gets a copy.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from gateway.store.model import store_keys
from gateway.store.store import Store
from gateway.store.vault import DataKeys, Vault
from tests.fakes.postgres import NoPostgres, fresh_database, running_server
from tests.gateway.memory_consortium import PaperGateway, Town

TEMPLATE = "template_store"
NO_KEYS = Vault(DataKeys("1", {"1": bytes(32)}))


def make_template(url: str) -> None:
    """Brings an empty store to the newest schema; its own key goes again, so that any data keys may open a copy."""
    store = Store.open(url, NO_KEYS)
    with store.writing() as connection:
        connection.execute(delete(store_keys))
    store.close()


@pytest.fixture(scope="session")
def postgres_sockets() -> Iterator[str]:
    """The socket folder of a server that holds the template database."""
    try:
        with running_server() as sockets, fresh_database(sockets, name=TEMPLATE) as url:
            make_template(url)
            yield sockets
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite store at the newest schema, closed."""
    file = tmp_path_factory.mktemp("template") / "store.sqlite"
    make_template(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """An empty SQLite store, for what does not depend on the kind of store."""
    file = shutil.copyfile(sqlite_template, tmp_path / "store.sqlite")
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(postgres_sockets: str) -> Iterator[str]:
    """An empty PostgreSQL store."""
    with fresh_database(postgres_sockets, template=TEMPLATE) as url:
        yield url


@pytest.fixture
def second_postgres_url(postgres_sockets: str) -> Iterator[str]:
    """Another empty PostgreSQL store."""
    with fresh_database(postgres_sockets, template=TEMPLATE) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def town() -> Town:
    return Town.make()


@pytest.fixture
def gateway(town: Town, tmp_path: Path, store_url: str) -> Iterator[PaperGateway]:
    made = PaperGateway(tmp_path, town.chain, town.clock, store_url)
    yield made
    made.store.close()
