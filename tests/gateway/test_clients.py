"""Both clients ask the same and say the same: one waits, one is awaited."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest

from chain.error_words import speak_error
from chain.errors import NotFound
from gateway.client import AsyncGatewayClient, GatewayBusy, GatewayClient, GatewayRefused
from tests.gateway.memory_consortium import CARRIER, PUBLIC_URL, PaperGateway, Town


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def client(gateway: PaperGateway, town: Town) -> AsyncGatewayClient:
    town.clock.now = time.time()
    gateway.registry.refresh()
    wire = httpx.ASGITransport(gateway.app())
    return AsyncGatewayClient(PUBLIC_URL, signer=town.carrier, member=CARRIER, transport=wire)


def run(client: AsyncGatewayClient, story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        async with client:
            await story()

    asyncio.run(told())


async def every(found: AsyncIterator[Any]) -> list[Any]:
    return [one async for one in found]


def test_they_have_the_same_questions_with_the_same_arguments() -> None:
    def questions(client: type) -> dict[str, list[str]]:
        public = {name: one for name, one in vars(client).items() if not name.startswith("_") and callable(one)}
        return {name: [*inspect.signature(one).parameters] for name, one in public.items()}

    assert questions(GatewayClient) == questions(AsyncGatewayClient)
    assert len(questions(GatewayClient)) > 15


def test_records_are_submitted_followed_and_listed(
    gateway: PaperGateway, client: AsyncGatewayClient, town: Town
) -> None:
    single = town.event()
    many = [town.event(number) for number in range(450)]

    async def story() -> None:
        receipt = await client.submit(single)
        assert receipt == await client.submit(single)
        verdicts = await every(client.submit_bulk(many))
        assert [one.line for one in verdicts] == list(range(450))
        assert [one.receipt.record_id for one in verdicts] == [one.record_id for one in many]
        with pytest.raises(TimeoutError):
            await client.wait_until(single.record_id, "anchored", timeout_s=0)
        await asyncio.to_thread(gateway.seal)
        assert (await client.wait_until(single.record_id, "anchored", timeout_s=1)).batch == 0
        own = await every(client.records("anchored"))
        assert [one.record_id for one in own] == [single.record_id, *(one.record_id for one in many)]
        with pytest.raises(NotFound):
            await client.wait_until("x" * 43, "anchored")

    run(client, story)


def test_the_ledger_is_told(gateway: PaperGateway, client: AsyncGatewayClient, town: Town) -> None:
    gateway.intake.accept(town.event().serialize().encode())
    gateway.seal()
    gateway.follow()

    async def story() -> None:
        assert [one["count"] for one in await every(client.batches())] == [1]
        assert len((await client.batch(0))["entries"]) == 1
        assert len(await every(client.members())) == 2
        assert [one["thumbprint"] for one in await every(client.keys(member=CARRIER))] == [town.carrier.public.kid]
        assert b"consortium" in await client.trust_root()
        assert await client.is_ready()

    run(client, story)


def test_many_questions_may_be_under_way_at_once(client: AsyncGatewayClient, town: Town) -> None:
    records = [town.event(number) for number in range(20)]

    async def story() -> None:
        receipts = await asyncio.gather(*(client.submit(one) for one in records))
        assert [one.record_id for one in receipts] == [one.record_id for one in records]

    run(client, story)


def test_refusals_are_the_same_errors(client: AsyncGatewayClient, town: Town) -> None:
    async def story() -> None:
        with pytest.raises(GatewayBusy) as later:
            await client.submit(town.event(amends=town.event().record_id))
        assert later.value.retry_after_s == 2
        with pytest.raises(GatewayRefused):
            await client.submit(town.event(key=town.broker))
        with pytest.raises(NotFound):
            await client.consignment(f"6CN{CARRIER}-999999")

    run(client, story)


def test_a_token_that_lapsed_is_asked_for_again(gateway: PaperGateway, client: AsyncGatewayClient, town: Town) -> None:
    async def story() -> None:
        first = await client.token()
        assert await client.token() == first
        town.clock.now += 301
        gateway.registry.refresh()
        assert await every(client.records()) == []
        assert await client.token() != first

    run(client, story)


def test_a_broken_connection_is_the_callers_own_error(town: Town) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    wire = httpx.MockTransport(refuse)
    client = AsyncGatewayClient(PUBLIC_URL, signer=town.carrier, member=CARRIER, transport=wire)

    async def story() -> None:
        with pytest.raises(httpx.ConnectError):
            await client.submit(town.event())
        assert not await client.is_ready()

    run(client, story)


def test_what_to_do_is_told_once() -> None:
    fix = "Ask for the bundle of each of your own records"
    refused = GatewayRefused({"detail": f"a bundle is for those who take part. {fix}", "fix": fix})
    assert (str(refused), refused.fix) == (f"a bundle is for those who take part. {fix}", fix)
    assert str(GatewayRefused({"detail": "no such thing", "fix": fix})) == f"no such thing. {fix}"


def test_what_is_not_there_is_told_in_the_gateways_words(client: AsyncGatewayClient) -> None:
    async def story() -> None:
        with pytest.raises(NotFound, match=r"^no consignment 6CN91110000MA00900572-NONE is known here$") as missing:
            await client.consignment("6CN91110000MA00900572-NONE")
        assert speak_error(missing.value) == "没有名为 6CN91110000MA00900572-NONE 的货物"

    run(client, story)
