"""Every answer has the security headers, and `/docs` works without a script and without the internet."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from gateway.api.security_headers import SECURITY_HEADERS
from tests.gateway.memory_consortium import PaperGateway


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


PATHS = [
    *("/docs", "/openapi.json", "/healthz", "/console/", "/problems/malformed"),
    *("/v1/trust-root", "/v1/records", "/none"),
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_security_headers(gateway: PaperGateway, path: str) -> None:
    answer = TestClient(gateway.app(), raise_server_exceptions=False).get(path)
    assert {name.decode() for name in SECURITY_HEADERS} <= set(answer.headers)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert len(answer.headers.get_list("content-security-policy")) == 1


def test_the_reference_names_every_operation_and_loads_nothing(gateway: PaperGateway) -> None:
    http = TestClient(gateway.app())
    page = http.get("/docs").text
    for path in http.get("/openapi.json").json()["paths"]:
        assert path in page
    assert "<script" not in page
    assert re.findall(r"(?:src|href)=['\"](https?:)?//", page) == []
    assert http.get("/redoc").status_code == 404
