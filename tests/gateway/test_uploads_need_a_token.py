"""Whoever sends records says who it is first, and a member whose records are refused again and again is slowed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.access.rate_limits import ADDRESSES_MAX, BURST_S, OpenShare
from gateway.api.bulk_stream import LINES_PER_CHUNK_MAX
from gateway.runtime.refusals import GatewayRefusal
from tests.gateway.memory_consortium import BROKER, PUBLIC_URL, Clock, PaperGateway, Town
from tests.gateway.test_http import assertion

NDJSON = {"Content-Type": "application/x-ndjson"}
REFUSALS_PER_S = 10.0


@pytest.fixture
def small(tmp_path: Path, town: Town, sqlite_url: str) -> Iterator[PaperGateway]:
    """A gateway with small bounds."""
    bounds = {"member_refusals_per_s": REFUSALS_PER_S, "open_requests_per_address_per_s": 0.05}
    opened = PaperGateway(tmp_path, town.chain, town.clock, sqlite_url, **bounds)
    yield opened
    opened.store.close()


@pytest.fixture
def http(small: PaperGateway) -> TestClient:
    return TestClient(small.app(), base_url=PUBLIC_URL)


@pytest.mark.parametrize("path", ["/v1/records", "/v1/records/bulk"])
def test_a_stranger_is_refused_once_and_in_few_bytes(http: TestClient, path: str) -> None:
    answer = http.post(path, content=b"x\n" * 150_000, headers=NDJSON)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthorized")
    assert len(answer.content) < 1_000


def test_a_member_may_bring_anothers_record(http: TestClient, small: PaperGateway, town: Town) -> None:
    headers = small.bearer(town.broker, BROKER)
    assert http.post("/v1/records", content=town.event().serialize(), headers=headers).status_code == 202


def test_lines_in_vain_end_an_upload_and_slow_their_sender_alone(
    http: TestClient, small: PaperGateway, town: Town
) -> None:
    headers = {**NDJSON, **small.bearer(town.carrier)}
    lines = [
        json.loads(line)
        for line in http.post("/v1/records/bulk", content=b"x\n" * 50_000, headers=headers).text.splitlines()
    ]
    room = REFUSALS_PER_S * BURST_S
    # What is under way when the room is used up is answered still.
    assert room <= len(lines) < room + 14 * LINES_PER_CHUNK_MAX
    assert lines[-1]["problem"]["type"] == "/problems/quota"
    refused = http.post("/v1/records", content=town.event().serialize(), headers=headers)
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
    others = small.bearer(town.broker, BROKER)
    assert http.post("/v1/records", content=town.event().serialize(), headers=others).status_code == 202
    town.clock.now += BURST_S * 6
    small.registry.refresh()
    later = small.bearer(town.carrier)
    assert http.post("/v1/records", content=town.event().serialize(), headers=later).status_code == 202


def test_what_may_be_taken_later_is_not_charged(http: TestClient, small: PaperGateway, town: Town) -> None:
    headers = small.bearer(town.carrier)
    waiting = town.event(amends=town.event().record_id).serialize()
    answers = [http.post("/v1/records", content=waiting, headers=headers) for _ in range(3)]
    assert {answer.json()["type"] for answer in answers} == {"/problems/amends-unknown"}
    assert http.post("/v1/records", content=town.event().serialize(), headers=headers).status_code == 202


def test_a_single_record_in_vain_is_charged_too(tmp_path: Path, town: Town, sqlite_url: str) -> None:
    strict = PaperGateway(tmp_path, town.chain, town.clock, sqlite_url, member_refusals_per_s=1 / BURST_S)
    http = TestClient(strict.app(), base_url=PUBLIC_URL, headers=strict.bearer(town.carrier))
    assert [http.post("/v1/records", content=b"x").status_code for _ in range(3)] == [400, 400, 429]
    strict.store.close()


def test_token_requests_that_fail_have_a_share_an_address_and_keep_no_member_out(http: TestClient, town: Town) -> None:
    forged = {**assertion(town, town.carrier), "client_assertion": "no assertion"}
    answers = [http.post("/v1/token", data=forged) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert http.post("/v1/token", data=assertion(town, town.carrier)).status_code == 200


def test_strangers_of_many_addresses_share_one_bound_and_little_memory() -> None:
    clock = Clock()
    share = OpenShare(per_address_s=1.0, total_s=1_000.0, clock=clock)
    let_in = 0
    with pytest.raises(GatewayRefusal, match="1000 requests without a token/s"):
        for number in range(100_000):
            share.take(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1")
            let_in += 1
    assert let_in == 1_000 * BURST_S
    assert len(share._addresses) == ADDRESSES_MAX
    clock.now += 1
    share.take("192.0.2.1")
