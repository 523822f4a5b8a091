"""A broker attaches the trader's invoice at the single window: the very file leads to both members' records."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.single_window_mock.app import create_app
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.store import MessageStore
from adapters.sources.single_window import SingleWindow
from chain.records import CustomsDeclaration, TaxInvoice
from gateway.client import GatewayClient
from tests.stories.local_consortium import PUBLIC_URL, Town

STARTED_AT = "2026-03-02T01:00:00+00:00"


def cast_of(town: Town) -> Cast:
    """Each part played by the member who holds its role."""
    members = [json.loads(path.read_text()) for path in (town.folder.path / "members").glob("*/member.json")]
    return Cast.of_members(members)


def run(town: Town, slug: str, window: TestClient, path: Path) -> None:
    """The member's adapter, until its messages are records."""

    def carried(request: httpx.Request) -> httpx.Response:
        answer = town.http.request(
            request.method, str(request.url), content=request.content, headers=dict(request.headers)
        )
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    member = town.member(slug)
    with (
        GatewayClient(
            PUBLIC_URL, signer=town.key(slug), member=member.uscc, transport=httpx.MockTransport(carried)
        ) as gateway,
        SingleWindow("http://window", member.uscc, transport=window._transport) as source,
    ):
        journal = Journal(path / f"{slug}.sqlite", b"passphrase")
        runner = AdapterRunner(
            member.uscc,
            town.key(slug),
            town.root.consortium.hex(),
            jti_secret=b"s" * 32,
            source=source,
            gateway=gateway,
            journal=journal,
        )
        for _ in range(3):
            runner.run_once()
        assert runner.report.refused == []
        journal.close()


@pytest.mark.timeout(120)
def test_the_very_file_that_was_attached_answers_with_its_records(town: Town, tmp_path: Path) -> None:
    store = MessageStore(tmp_path / "window.sqlite")
    window = TestClient(create_app(store, cast_of(town)))
    assert window.post("/v1/stories/sea_import", json={"started_at": STARTED_AT}).status_code == 201
    trader = SingleWindow("http://window", town.member("trader").uscc, transport=window._transport)
    (invoice,) = [message.body for message in trader.fetch().messages if message.envelope.kind == "UBL Invoice"]
    for slug in ("trader", "broker"):
        run(town, slug, window, tmp_path)
    headers = {"Authorization": f"Bearer {town.token('trader')}", "Content-Type": "application/octet-stream"}
    answer = town.http.post("/v1/documents", content=invoice, headers=headers)
    assert answer.status_code == 200, answer.text
    assert {cited["type"] for cited in answer.json()["cited_by"]} == {TaxInvoice.TYPE, CustomsDeclaration.TYPE}
    store.close()
