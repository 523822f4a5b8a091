"""Previews through the gateway: for members' people who may submit, and never more than the readers answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from adapters import formats
from adapters.preview_service import create_preview_app
from gateway.query.preview import FILE_BYTES_MAX, PreviewService
from gateway.runtime.refusals import GatewayRefusal
from tests.gateway.memory_consortium import PUBLIC_URL, PaperGateway, Town

ORDER = (Path(formats.__file__).parent / "ceb/samples/order.xml").read_bytes()
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


def readers(answer: Callable[[httpx.Request], httpx.Response]) -> PreviewService:
    return PreviewService("http://readers.test", httpx.MockTransport(answer))


def real(request: httpx.Request) -> httpx.Response:
    """The adapters' own service, its wire left out."""
    answered = TestClient(create_preview_app()).post(request.url.path, content=request.content)
    return httpx.Response(answered.status_code, content=answered.content)


def test_the_readers_answer_passes_with_its_records_and_faults() -> None:
    shown = readers(real).preview(ORDER)
    assert (shown.kind, shown.entity_count, shown.entities[0].record_type) == ("CEB311", 1, "trade.order")
    broken = readers(real).preview(ORDER.replace(b"goodsValue>", b"goodsValue>x", 1))
    assert [fault.field for fault in broken.faults] == ["Order/OrderHead/goodsValue"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(200, content=b"<html>"),
        lambda _: httpx.Response(200, json={"kind": None, "entities": "none"}),
    ],
)
def test_readers_that_fail_are_said_to_be_silent(answer: Any) -> None:
    with pytest.raises(GatewayRefusal, match="do not answer"):
        readers(answer).preview(b"x")


def test_a_gateway_without_readers_says_where_to_look(gateway: PaperGateway, town: Town) -> None:
    http = TestClient(gateway.app(), base_url=PUBLIC_URL)
    bearer = gateway.bearer(town.carrier)
    answer = http.post("/v1/preview", content=ORDER, headers=bearer | BYTES)
    assert answer.status_code == 404 and "tongguan read" in answer.json()["fix"]
    assert http.post("/v1/preview", content=ORDER, headers=BYTES).status_code == 401
    assert http.post("/v1/preview", content=ORDER, headers=bearer | {"Content-Type": "text/html"}).status_code == 415
    long = http.post("/v1/preview", content=bytes(FILE_BYTES_MAX + 1), headers=bearer | BYTES)
    assert long.status_code == 413
