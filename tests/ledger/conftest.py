"""One engine for all ledger tests of a process; each test founds its own consortium on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.engines import Consortium, Engine, find_external, open_embedded


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The embedded node, or what `TONGGUAN_TEST_RPC_URL` names."""
    external = find_external()
    if external is not None:
        yield external
        return
    node, embedded = open_embedded(tmp_path_factory.mktemp("engine") / "node")
    yield embedded
    node.close()


@pytest.fixture
def consortium(engine: Engine) -> Consortium:
    """Three governors, two approvals."""
    return Consortium(engine)
