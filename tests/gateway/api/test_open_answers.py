"""What whoever asks is answered has a share, by address and in all; members and health go on beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from chain.client_address import network_of
from gateway.access.rate_limits import BURST_S
from gateway.api.open_answers import ANSWER_COSTS_AT_LEAST, HEALTH_PATHS, METRICS_PATH, OPEN_PATHS
from tests.gateway.api.test_body_rules import _routes
from tests.gateway.memory_consortium import PUBLIC_URL, PaperGateway, Town

BYTES_PER_S = 2_000.0
"""A minute's worth holds a few short answers, and less than half of the OpenAPI document."""


@pytest.fixture
def small(tmp_path: Path, town: Town, sqlite_url: str) -> Iterator[PaperGateway]:
    """A gateway with small shares."""
    shares = {"open_bytes_per_address_per_s": BYTES_PER_S, "open_bytes_per_s": 8 * BYTES_PER_S}
    opened = PaperGateway(tmp_path, town.chain, town.clock, sqlite_url, **shares)
    yield opened
    opened.store.close()


def client_at(gateway: PaperGateway, *addresses: str) -> list[TestClient]:
    app = gateway.app()
    return [TestClient(app, base_url=PUBLIC_URL, client=(address, 50_000)) for address in addresses]


def test_a_large_answer_uses_an_addresses_share_up_and_no_other_addresss(small: PaperGateway, town: Town) -> None:
    greedy, other = client_at(small, "192.0.2.1", "192.0.2.2")
    assert greedy.get("/openapi.json").status_code == 200
    refused = greedy.get("/openapi.json", headers={"Authorization": "Bearer none"})
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/quota")
    assert "2,000 bytes/s" in refused.json()["detail"] and int(refused.headers["retry-after"]) >= 1
    assert "content-security-policy" in refused.headers and refused.headers["x-trace-id"]
    assert other.get("/docs").status_code == 200
    town.clock.now += 300
    assert greedy.get("/docs").status_code == 200


def test_whose_share_is_used_up_is_a_member_as_before(small: PaperGateway, town: Town) -> None:
    (http,) = client_at(small, "192.0.2.1")
    http.get("/openapi.json")
    assert http.get("/openapi.json").status_code == 429
    assert http.get("/v1/records", headers=small.bearer(town.carrier)).status_code == 200


def test_strangers_of_many_addresses_share_one_bound_and_blind_no_operator(small: PaperGateway) -> None:
    clients = client_at(small, *(f"198.51.100.{number}" for number in range(5)))
    answers = [http.get("/openapi.json").status_code for http in clients]
    assert answers[0] == 200 and answers[-1] == 429
    assert clients[0].get("/docs").status_code == clients[-1].get("/docs").status_code == 429
    asks = int(BURST_S * BYTES_PER_S) // ANSWER_COSTS_AT_LEAST + 2
    assert {clients[0].get(path).status_code for path in HEALTH_PATHS for _ in range(asks)} <= {200, 503}
    figures = [clients[-1].get(METRICS_PATH).status_code for _ in range(asks)]
    assert figures[0] == 200 and figures[-1] == 429


def test_the_document_and_its_page_are_written_once(gateway: PaperGateway) -> None:
    app = gateway.app()
    http, whole, written = TestClient(app, base_url=PUBLIC_URL), app.openapi, []
    app.openapi = lambda: written.append(1) or whole()
    for _ in range(3):
        assert http.get("/openapi.json").json() == whole()
        assert "GET" in http.get("/docs").text
    assert len(written) == 2


def test_an_ipv6_network_is_one_address() -> None:
    first = network_of("2001:db8:1:2::1")
    assert first == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == network_of("fe80::2%eth1")
    assert network_of("") == ""


def test_every_route_that_answers_whoever_asks_is_named_open(gateway: PaperGateway) -> None:
    app = gateway.app()
    http = TestClient(app, base_url=PUBLIC_URL, raise_server_exceptions=False)
    asked = set()
    for route in _routes(app.routes):
        if isinstance(route, APIRoute) and "GET" in route.methods:
            path = route.path.replace("{", "x").replace("}", "x").replace(":path", "")
            answer = http.get(path, follow_redirects=False)
            if answer.status_code < 400 or answer.status_code == 503 or len(answer.content) > 2_000:
                asked.add(path)
    assert asked, "the test looks in the wrong place"
    assert [
        path for path in sorted(asked) if not (path in (*HEALTH_PATHS, METRICS_PATH) or path.startswith(OPEN_PATHS))
    ] == []


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url
