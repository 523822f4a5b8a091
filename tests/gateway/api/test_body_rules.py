"""No route has a body that the framework parses, and what is read before it is known who asks stands in one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from gateway.api.bodies import OPEN_ROUTES
from tests.gateway.memory_consortium import PaperGateway


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


STREAMED = {"POST /v1/records/bulk", "POST /v1/documents"}
"""Read as they arrive and never held: uploads within the bounds of `bulk_stream.py`, files within `FILE_BYTES_MAX`."""


def _routes(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """Every route, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from _routes(included.routes)


def test_the_framework_parses_no_body(gateway: PaperGateway) -> None:
    routes = list(_routes(gateway.app().routes))
    assert len(routes) > 20
    assert [route.path for route in routes if route.body_field is not None] == []


def test_every_route_that_reads_a_body_asks_first_or_is_named_open(gateway: PaperGateway) -> None:
    reading = {
        f"{method.upper()} {path}"
        for path, operations in gateway.app().openapi()["paths"].items()
        for method in operations
        if method in ("post", "put", "patch")
    }
    behind = {"POST /v1/records", "POST /v1/webhooks", "POST /v1/webhooks/{webhook}/replay"}
    behind |= {"POST /v1/people", "POST /v1/dispositions", "POST /v1/sandbox", "POST /v1/preview"}
    without_body = {"POST /v1/people/{operator}/invitation"}
    without_body |= {"POST /v1/webhooks/{webhook}/secret"}
    assert reading == OPEN_ROUTES.keys() | STREAMED | behind | without_body


def test_a_stranger_costs_nothing_and_learns_nothing(gateway: PaperGateway) -> None:
    http = TestClient(gateway.app(), raise_server_exceptions=False)
    for body in (b"[" * 99_000, b"{}", b"x" * 500_000):
        answer = http.post("/v1/webhooks", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 401


def test_a_form_of_many_or_large_fields_is_refused(gateway: PaperGateway) -> None:
    http = TestClient(gateway.app(), raise_server_exceptions=False)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    many = b"&".join(b"f%d=1" % number for number in range(600))
    assert http.post("/v1/token", content=many, headers=form).status_code == 400
    assert http.post("/v1/token", content=b"a=" + b"x" * 1_000_000, headers=form).status_code == 413
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    assert http.post("/v1/token", content=b"--x--", headers=multipart).status_code == 415
