"""One region of three gateways for all tests of replication; after each test all are honest and whole again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.replication.region import Region, open_region


@pytest.fixture(scope="package")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with open_region(tmp_path_factory.mktemp("region")) as region:
        yield region


@pytest.fixture(autouse=True)
def honest(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wires are honest again after each test, and what was left out is caught up with."""
    yield
    if "region" not in request.fixturenames:
        return
    region: Region = request.getfixturevalue("region")
    for office in region.offices.values():
        for wire in office.wires.values():
            wire.tamper = None
    region.retry_now()
    region.settle()
