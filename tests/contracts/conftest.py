"""The engines of a test process, embedded and (where Node.js brought it) Anvil; each test founds its own consortium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chain.ledger import calls
from tests.contracts.engines import Consortium, Engine, account, find_external, open_anvil, open_embedded, uscc

LONG_ON_ANVIL = (
    "test_the_registry_equals_its_model_through_any_two_hundred_calls",
    "test_the_record_ledger_equals_its_model_through_any_two_hundred_calls",
    "test_a_governor_beyond_the_two_hundred_and_fifty_six_ever_seated_is_refused",
    "test_the_list_of_authorities_holds_one_hundred_and_twenty_eight",
)
"""Hundreds of transactions each: the embedded engine runs them every time, the other one with `--long`."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what takes long on the second engine."""
    for item in items:
        name, _, engine = item.name.partition("[")
        if name in LONG_ON_ANVIL and engine == "anvil]":
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", params=["embedded", pytest.param("anvil", marks=pytest.mark.node_js)])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The embedded node, then Anvil; or only what `TONGGUAN_TEST_RPC_URL` names."""
    external = find_external()
    if external is not None:
        if request.param != "embedded":
            pytest.skip("TONGGUAN_TEST_RPC_URL names the one engine to test on")
        yield external
    elif request.param == "anvil":
        yield from open_anvil()
    else:
        node, embedded = open_embedded(tmp_path_factory.mktemp("engine") / "node")
        yield embedded
        node.close()


@pytest.fixture
def consortium(engine: Engine) -> Consortium:
    """Three governors, two approvals."""
    return Consortium(engine)


@pytest.fixture(scope="module")
def anchoring(engine: Engine) -> Consortium:
    """A consortium that governs alone and has a gateway account, `account("gateway")`."""
    made = Consortium(engine, threshold=1)
    made.send(calls.propose(calls.setting_gateway(account("gateway").address, uscc(0))), made.controllers[0])
    return made
