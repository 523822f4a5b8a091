"""The gateway over HTTP: its client, its problems, its tokens, bulk uploads."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from chain.encoding import base64url, parse_base64url
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.members import Role
from chain.records import RECORD_TYPES, json_schema
from gateway.client import GatewayBusy, GatewayClient, GatewayRefused, Receipt
from gateway.runtime.loops import Loop
from gateway.runtime.refusals import KINDS
from gateway.store.store import StoreUnavailable
from tests.gateway.memory_consortium import BROKER, CARRIER, PUBLIC_URL, PaperGateway, Town

BOTH_STORES = pytest.mark.parametrize("store_kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
"""What is about the store; the rest would be the same over any."""


@pytest.fixture
def store_kind() -> str:
    return "sqlite"


@pytest.fixture
def store_url(request: pytest.FixtureRequest, store_kind: str) -> str:
    return str(request.getfixturevalue(f"{store_kind}_url"))


@pytest.fixture
def http(gateway: PaperGateway) -> Iterator[TestClient]:
    # Its lifespan would close the parts that the test still looks at.
    yield TestClient(gateway.app(), base_url=PUBLIC_URL, raise_server_exceptions=False)


@pytest.fixture
def sender(gateway: PaperGateway, town: Town) -> TestClient:
    """The carrier's connection, which says who it is."""
    headers = gateway.bearer(town.carrier)
    return TestClient(gateway.app(), base_url=PUBLIC_URL, raise_server_exceptions=False, headers=headers)


@pytest.fixture
def client(http: TestClient, town: Town) -> GatewayClient:
    town.clock.now = time.time()
    return GatewayClient(PUBLIC_URL, signer=town.carrier, member=CARRIER, transport=http._transport)


@pytest.fixture(autouse=True)
def _heard(gateway: PaperGateway, client: GatewayClient) -> None:
    gateway.registry.refresh()


@BOTH_STORES
def test_a_record_is_answered_202_and_again_200_with_the_same_receipt(sender: TestClient, town: Town) -> None:
    body = town.event().serialize()
    first = sender.post("/v1/records", content=body)
    again = sender.post("/v1/records", content=body)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["receipt"] == again.json()["receipt"]


@BOTH_STORES
def test_the_client_submits_and_follows_its_record(gateway: PaperGateway, client: GatewayClient, town: Town) -> None:
    record = town.event()
    receipt = client.submit(record)
    assert receipt.record_id == record.record_id
    gateway.seal()
    assert client.wait_until(record.record_id, "anchored", timeout_s=1).batch == 0
    assert [one.record_id for one in client.records("anchored")] == [record.record_id]


def test_a_refusal_is_a_problem_document_in_both_languages(http: TestClient, sender: TestClient, town: Town) -> None:
    answer = sender.post("/v1/records", content=town.event(consortium="ab" * 32).serialize())
    said = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, said["code"], said["pointer"]) == (422, "2002", "/aud")
    assert said["title_zh"] == "接收方不一致"
    assert said["trace_id"] == answer.headers["x-trace-id"]
    assert http.get(said["type"]).text.count(said["title_zh"]) >= 1


def test_a_callers_trace_id_is_kept(http: TestClient) -> None:
    trace_id = "ab" * 16
    answer = http.get("/healthz", headers={"traceparent": f"00-{trace_id}-{'cd' * 8}-01"})
    assert answer.headers["x-trace-id"] == trace_id


def test_what_may_come_later_is_told_apart_from_what_never_will(client: GatewayClient, town: Town) -> None:
    with pytest.raises(GatewayBusy) as later:
        client.submit(town.event(amends=town.event().record_id))
    assert later.value.retry_after_s == 2
    with pytest.raises(GatewayRefused):
        client.submit(town.event(key=town.broker))


@pytest.mark.parametrize("path", ["/v1/records", "/v1/ledger/batches", "/v1/ledger/keys", "/v1/ledger/members"])
def test_reads_without_a_token_are_refused(http: TestClient, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def assertion(
    town: Town, key: SigningKey, typ: str = "client-authentication+jwt", without: str = "", **changed: Any
) -> dict[str, str]:
    now = int(town.clock())
    claims = {"iss": CARRIER, "sub": CARRIER, "aud": PUBLIC_URL, "jti": "one", "iat": now, "exp": now + 60, **changed}
    claims.pop(without, None)
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": sign_compact(
            {"typ": typ}, claims, key, write_json=lambda claims: json.dumps(claims).encode()
        ),
    }


@BOTH_STORES
def test_an_assertion_counts_once(http: TestClient, town: Town) -> None:
    form = assertion(town, town.carrier)
    assert http.post("/v1/token", data=form).status_code == 200
    again = http.post("/v1/token", data=form)
    assert again.json()["type"] == "/problems/assertion-replayed"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "http://another.test"},
        {"sub": "91110000MA0090047R"},
        {"exp": 1},
        {"exp": 2**39},
        {"iat": "now"},
        {"jti": ""},
        {"iat": True},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"exp": None},
        {"typ": "tongguan-record+sd-jwt"},
        {"without": "exp"},
        {"without": "iat", "exp": 2**31},
        {"nbf": 2**31},
        {"nbf": -1},
        {"iat": 2**31},
    ],
)
def test_an_assertion_that_is_not_ours_gets_no_token(http: TestClient, town: Town, changed: dict[str, Any]) -> None:
    assert http.post("/v1/token", data=assertion(town, town.carrier, **changed)).status_code in (400, 403)


@pytest.mark.parametrize(
    "form",
    [
        {"typ": "JWT"},
        {"without": "iat"},
        {"iat": 0.5, "exp": 60.5, "nbf": 0.25},
        {"typ": "JWT", "without": "iat", "exp": 59.75, "aud": ["http://another.test", PUBLIC_URL]},
    ],
)
def test_an_assertion_as_stock_oauth_libraries_write_it_gets_a_token(
    http: TestClient, town: Town, form: dict[str, Any]
) -> None:
    now = int(town.clock())
    times = {name: now + form[name] for name in ("iat", "exp", "nbf") if name in form}
    answer = http.post("/v1/token", data=assertion(town, town.carrier, **{**form, **times}))
    assert answer.status_code == 200, answer.text


def test_a_name_twice_in_an_assertion_is_refused(http: TestClient, town: Town) -> None:
    form = assertion(town, town.carrier)
    header, payload, _ = form["client_assertion"].split(".")
    doubled = parse_base64url(payload)[:-1] + b',"iss":"x"}'
    signing_input = f"{header}.{base64url(doubled)}"
    signature = base64url(town.carrier.sign(signing_input.encode()))
    answer = http.post("/v1/token", data=form | {"client_assertion": f"{signing_input}.{signature}"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-assertion")


def test_a_revoked_key_is_out_with_the_block_that_revokes_it(
    gateway: PaperGateway, client: GatewayClient, town: Town
) -> None:
    assert list(client.records()) == []
    town.chain.revoke(town.carrier)
    gateway.registry.refresh()
    with pytest.raises(GatewayRefused) as caught:
        list(client.records())
    assert caught.value.code == "1002"


def test_a_token_lapses(client: GatewayClient, gateway: PaperGateway, town: Town, http: TestClient) -> None:
    token = http.post("/v1/token", data=assertion(town, town.carrier)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert http.get("/v1/records", headers=headers).status_code == 200
    town.clock.now += 301
    gateway.registry.refresh()
    assert http.get("/v1/records", headers=headers).status_code == 401


def test_an_oversize_body_is_refused_before_it_is_read_whole(sender: TestClient) -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        for _ in range(64):
            read += 1
            yield b"x" * 65_536

    assert sender.post("/v1/records", content=endless()).status_code == 413


def test_a_compressed_body_is_not_taken(sender: TestClient) -> None:
    answer = sender.post("/v1/records", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@BOTH_STORES
def test_bulk_answers_every_line_and_a_bad_one_spoils_no_other(
    sender: TestClient, gateway: PaperGateway, town: Town
) -> None:
    good = [town.event(number) for number in range(3)]
    twin = town.event(9, jti=good[0].jti)
    lines = [json.dumps(good[0].serialize()), "{}", "", json.dumps(good[1].serialize()), "not json"]
    lines += [json.dumps(twin.serialize()), json.dumps(good[2].serialize()), json.dumps(good[0].serialize())]
    answer = sender.post("/v1/records/bulk", content="\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
    said = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["line"] for one in said] == list(range(7))
    assert [one["status"] for one in said] == [202, 400, 202, 400, 409, 202, 200]
    assert said[-1]["receipt"] == said[0]["receipt"]
    assert Receipt.parse(said[2]["receipt"]).record_id == good[1].record_id


def test_json_text_sequences_are_read_as_their_standard_writes_them(sender: TestClient, town: Town) -> None:
    records = [town.event(number) for number in range(3)]
    body = b"".join(b"\x1e" + json.dumps(one.serialize()).encode() + b"\n" for one in records)
    answer = sender.post("/v1/records/bulk", content=body, headers={"Content-Type": "application/json-seq"})
    said = [json.loads(line) for line in answer.text.splitlines()]
    assert [(one["status"], one["record_id"]) for one in said] == [(202, one.record_id) for one in records]


def test_a_bulk_upload_may_be_larger_than_one_transaction(client: GatewayClient, town: Town) -> None:
    records = [town.event(number) for number in range(450)]
    verdicts = list(client.submit_bulk(records))
    assert [one.line for one in verdicts] == list(range(450))
    assert [one.receipt.record_id for one in verdicts if one.receipt] == [one.record_id for one in records]


def test_past_the_line_limit_a_bulk_upload_ends_with_a_problem(tmp_path: Path, town: Town) -> None:
    (tmp_path / "small").mkdir()
    small = PaperGateway(tmp_path / "small", town.chain, town.clock, bulk_lines_max=2)
    http = TestClient(small.app(), base_url=PUBLIC_URL, headers=small.bearer(town.carrier))
    body = "\n".join(json.dumps(town.event(number).serialize()) for number in range(3))
    answer = http.post("/v1/records/bulk", content=body, headers={"Content-Type": "application/json-seq"})
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [202, 202, 413]


def test_members_and_keys_are_told_as_of_a_block(client: GatewayClient, town: Town) -> None:
    assert {one["uscc"] for one in client.members()} == {CARRIER, "91110000MA0090047R"}
    assert [one["uscc"] for one in client.members(as_of=2)] == [CARRIER]
    assert [one["thumbprint"] for one in client.keys(member=CARRIER)] == [town.carrier.public.kid]


def test_batches_are_told_with_their_entries(client: GatewayClient, gateway: PaperGateway, town: Town) -> None:
    receipt = client.submit(town.event(ucrs=[1, 2]))
    gateway.seal()
    gateway.follow()
    assert [one["count"] for one in client.batches()] == [2]
    assert client.batch(0)["entries"] == [(tag + digest).hex() for tag, digest in receipt.entries]


def test_the_trust_root_is_open_and_holds_no_secret(http: TestClient, gateway: PaperGateway) -> None:
    (epoch,) = gateway.tag_keys.epochs
    answer = http.get("/v1/trust-root")
    assert answer.json()["format"] == "tongguan-trust-root/2"
    assert base64url(epoch.secret.seed) not in answer.text


def test_the_schema_of_every_record_type_is_open(http: TestClient) -> None:
    listed = http.get("/v1/schemas").json()["schemas"]
    assert set(listed) == set(RECORD_TYPES)
    for record_type, path in listed.items():
        answer = http.get(path)
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.json() == json_schema(record_type)


def test_the_schema_of_a_record_type_that_there_is_not_is_not_found(http: TestClient) -> None:
    assert http.get("/v1/schemas/customs.nothing").status_code == 404


def test_readiness_names_the_part_that_does_not_work(http: TestClient, gateway: PaperGateway, town: Town) -> None:
    gateway.follow()
    assert http.get("/readyz").status_code == 200
    town.clock.now += gateway.settings.registry_age_max_s + 1
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert [name for name, part in answer.json()["parts"].items() if not part["ready"]] == ["chain"]


def test_the_metrics_count_what_was_accepted(http: TestClient, client: GatewayClient, town: Town) -> None:
    client.submit(town.event())
    said = http.get("/metrics").text
    assert "tongguan_records_accepted_total 1.0" in said
    assert "tongguan_outbox_records 1.0" in said


def test_a_record_anchored_past_its_promise_is_counted(
    http: TestClient, client: GatewayClient, gateway: PaperGateway, town: Town
) -> None:
    client.submit(town.event())
    town.clock.now += gateway.settings.anchor_promise_s + 1
    assert "tongguan_promise_breaches 1.0" in http.get("/metrics").text
    town.chain.block_time = int(town.clock.now)
    gateway.seal()
    said = http.get("/metrics").text
    assert "tongguan_records_anchored_total 1.0" in said
    assert "tongguan_records_anchored_late_total 1.0" in said
    assert "tongguan_promise_breaches 0.0" in said


def test_without_a_store_the_other_figures_are_told(
    http: TestClient, gateway: PaperGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "tongguan_store_up 1.0" in http.get("/metrics").text

    def gone() -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(gateway.store, "reading", gone)
    answer = http.get("/metrics")
    assert answer.status_code == 200
    assert "tongguan_store_up 0.0" in answer.text
    assert "tongguan_head_lag_blocks" in answer.text


def test_readiness_names_a_loop_that_fails_again_and_again(gateway: PaperGateway, town: Town) -> None:
    def full() -> bool:
        raise StoreUnavailable("the store is not available: database or disk is full")

    gateway.follow()
    loop = Loop("sealer-loop", full, lambda: 0.01)
    loop._tried()
    http = TestClient(gateway.app(loop), base_url=PUBLIC_URL)
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["sealer-loop"]["reason"] == "StoreUnavailable"


def test_a_member_that_asks_too_often_is_slowed_and_others_are_not(tmp_path: Path, town: Town) -> None:
    (tmp_path / "small").mkdir()
    small = PaperGateway(tmp_path / "small", town.chain, town.clock, member_reads_per_s=0.05)
    http = TestClient(small.app(), base_url=PUBLIC_URL)
    headers = {}
    for key, member in ((town.carrier, CARRIER), (town.broker, BROKER)):
        form = assertion(town, key, iss=member, sub=member)
        headers[member] = {"Authorization": f"Bearer {http.post('/v1/token', data=form).json()['access_token']}"}
    asked = [http.get("/v1/records", headers=headers[CARRIER]) for _ in range(4)]
    assert [one.status_code for one in asked] == [200, 200, 200, 429]
    assert asked[-1].headers["retry-after"] == "20"
    assert http.get("/v1/ledger/batches", headers=headers[CARRIER]).status_code == 429
    assert http.get("/v1/records", headers=headers[BROKER]).status_code == 200


def test_readiness_tells_strangers_no_endpoint(http: TestClient, gateway: PaperGateway, town: Town) -> None:
    gateway.follow()
    gateway.intake.accept(town.event().serialize().encode())
    town.chain.silent = True
    town.clock.now += 1
    gateway.sealer.step()
    assert "silent" in gateway.sealer.status.reason
    assert http.get("/readyz").json()["parts"]["sealer"]["reason"].endswith("LedgerUnreachable")


@pytest.mark.parametrize(
    ("changed", "status"), [({"member_records_per_s": 0.001}, 429), ({"outbox_records_max": 1}, 503)]
)
def test_who_comes_too_fast_or_too_early_is_told_when_to_come_again(
    tmp_path: Path, town: Town, changed: dict[str, Any], status: int
) -> None:
    (tmp_path / "small").mkdir()
    small = PaperGateway(tmp_path / "small", town.chain, town.clock, **changed)
    http = TestClient(small.app(), base_url=PUBLIC_URL, headers=small.bearer(town.carrier))
    bodies = [town.event(number).serialize() for number in range(3)]
    http.post("/v1/records", content=bodies[0])
    town.clock.now += 1
    small.registry.refresh()
    answer = http.post("/v1/records", content=bodies[1])
    assert answer.status_code == status
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["retry_after_s"] >= 1
    upload = http.post(
        "/v1/records/bulk", content=json.dumps(bodies[2]), headers={"Content-Type": "application/x-ndjson"}
    )
    line = json.loads(upload.text)
    assert (line["status"], line["problem"]["retry_after_s"] >= 1) == (status, True)


def test_every_kind_of_problem_has_its_page(http: TestClient) -> None:
    for slug, kind in KINDS.items():
        assert kind.title_zh in http.get(f"/problems/{slug}").text


def test_openapi_describes_every_route(http: TestClient) -> None:
    said = http.get("/openapi.json").json()
    assert said["openapi"].startswith("3.1")
    assert {"/v1/records", "/v1/records/bulk", "/v1/token", "/v1/ledger/batches"} <= set(said["paths"])


def test_a_broken_connection_is_the_callers_own_error(town: Town) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    client = GatewayClient(PUBLIC_URL, signer=town.carrier, member=CARRIER, transport=httpx.MockTransport(refuse))
    with pytest.raises(httpx.ConnectError):
        client.submit(town.event())
    assert not client.is_ready()


def test_a_member_with_no_role_of_its_own_may_still_read_its_own(
    gateway: PaperGateway, http: TestClient, town: Town
) -> None:
    key = SigningKey.generate()
    town.chain.admit("91110000MA009001X0", Role(0))
    town.chain.add_key("91110000MA009001X0", key)
    gateway.registry.refresh()
    form = assertion(town, key, iss="91110000MA009001X0", sub="91110000MA009001X0")
    token = http.post("/v1/token", data=form).json()["access_token"]
    assert http.get("/v1/records", headers={"Authorization": f"Bearer {token}"}).json()["records"] == []
