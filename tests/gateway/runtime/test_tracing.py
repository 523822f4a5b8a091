"""Traces lead from a request to the checkpoint that covers it, tell nothing personal, and are off by default."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

import gateway.runtime.tracing as tracing_module
from chain.sdjwt import SignedRecord
from gateway.client import GatewayClient
from gateway.runtime.tracing import Tracing, open_traces, parse_traceparent, traces_to
from tests.faults.crash_points import PowerCut, cut_before
from tests.gateway.memory_consortium import CARRIER, GATEWAY, PUBLIC_URL, PaperGateway, Town
from tests.record_numbers import jti_of

CALLER_TRACE, CALLER_SPAN = "ab" * 16, "cd" * 8
CALLER = {"traceparent": f"00-{CALLER_TRACE}-{CALLER_SPAN}-01"}


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def spans(gateway: PaperGateway) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    gateway.tracing = traces_to(SimpleSpanProcessor(exporter), GATEWAY)
    gateway.reopen()
    yield exporter
    gateway.tracing.close()


@pytest.fixture
def http(gateway: PaperGateway, spans: InMemorySpanExporter, town: Town) -> TestClient:
    headers = gateway.bearer(town.carrier)
    return TestClient(gateway.app(), base_url=PUBLIC_URL, raise_server_exceptions=False, headers=headers)


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [one for one in exporter.get_finished_spans() if one.name == name]


def only(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = named(exporter, name)
    return found


def is_child(child: ReadableSpan, parent: ReadableSpan) -> bool:
    return child.parent is not None and child.parent.span_id == parent.context.span_id


def cover(gateway: PaperGateway, town: Town, batch_count: int) -> None:
    gateway.follow()
    attester = PaperGateway(gateway.folder, town.chain, town.clock, gateway.url)
    attester.follow()
    root = attester.index.advance_map(batch_count)
    for governor in ("one", "two"):
        town.chain.vote(governor, batch_count, root)
    town.chain.next_block()
    gateway.follow()


def upload(records: list[SignedRecord]) -> bytes:
    return "\n".join(json.dumps(one.serialize()) for one in records).encode()


def test_a_record_is_followed_from_its_request_to_the_checkpoint_that_covers_it(
    gateway: PaperGateway, http: TestClient, spans: InMemorySpanExporter, town: Town
) -> None:
    answer = http.post("/v1/records", content=town.event().serialize(), headers=CALLER)
    assert answer.headers["x-trace-id"] == CALLER_TRACE
    request = only(spans, "POST /v1/records")
    assert format(request.context.trace_id, "032x") == CALLER_TRACE
    assert request.parent is not None
    assert (format(request.parent.span_id, "016x"), request.parent.is_remote) == (CALLER_SPAN, True)
    assert is_child(only(spans, "examination"), request)
    assert is_child(only(spans, "durable commit"), request)
    gateway.seal()
    batch = only(spans, "batch")
    assert [link.context.span_id for link in batch.links] == [request.context.span_id]
    assert all(is_child(only(spans, name), batch) for name in ("sealing", "send", "anchored"))
    assert batch.parent is None
    cover(gateway, town, 1)
    covered = only(spans, "covered")
    assert is_child(covered, batch)
    assert covered.attributes is not None
    assert covered.attributes["tongguan.batch"] == 0
    assert len(spans.get_finished_spans()) == 8


def test_an_upload_is_one_link_of_its_batch_however_many_records_it_brought(
    gateway: PaperGateway, http: TestClient, spans: InMemorySpanExporter, town: Town
) -> None:
    records = [town.event(number) for number in range(450)]
    headers = {"Content-Type": "application/x-ndjson"}
    answer = http.post("/v1/records/bulk", content=upload(records), headers=headers)
    assert answer.text.count('"status":202') == 450
    request = only(spans, "POST /v1/records/bulk")
    for name in ("examination", "durable commit"):
        chunks = named(spans, name)
        assert sorted(one.attributes["tongguan.records"] for one in chunks if one.attributes) == [50, 200, 200]
        assert all(is_child(one, request) for one in chunks)
    gateway.seal()
    assert [link.context.span_id for link in only(spans, "batch").links] == [request.context.span_id]


def test_links_are_bounded_and_what_is_left_out_is_counted(
    gateway: PaperGateway,
    http: TestClient,
    spans: InMemorySpanExporter,
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing_module, "LINKS_MAX", 3)
    for number in range(5):
        assert http.post("/v1/records", content=town.event(number).serialize()).status_code == 202
    gateway.seal()
    batch = only(spans, "batch")
    assert batch.attributes is not None
    assert (len(batch.links), batch.attributes["tongguan.links_left_out"]) == (3, 2)


def test_what_is_remembered_is_bounded(gateway: PaperGateway, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing_module, "RECORDS_REMEMBERED_MAX", 2)
    exporter = InMemorySpanExporter()
    traces = traces_to(SimpleSpanProcessor(exporter), GATEWAY)
    for name in ("one", "two", "three"):
        with traces.request("POST", b""):
            traces.brought([name])
    traces.sealed(1, ["one", "two", "three"], time.time_ns(), 3)
    traces.anchored(1, 0, 3)
    assert len(only(exporter, "batch").links) == 2


def test_a_batch_that_was_made_before_a_crash_is_told_as_resumed(
    gateway: PaperGateway, http: TestClient, spans: InMemorySpanExporter, town: Town
) -> None:
    http.post("/v1/records", content=town.event().serialize())
    mend = cut_before(town.chain, "send_raw")
    with pytest.raises(PowerCut):
        gateway.seal()
    mend()
    failed = only(spans, "send")
    assert failed.attributes is not None
    assert failed.attributes["error.type"] == "PowerCut"
    after = InMemorySpanExporter()
    gateway.tracing = traces_to(SimpleSpanProcessor(after), GATEWAY)
    town.clock.now += gateway.settings.lease_s + 1
    gateway.reopen()
    gateway.seal()
    batch = only(after, "batch")
    assert batch.attributes is not None
    assert batch.attributes["tongguan.resumed"] == 1
    assert is_child(only(after, "send"), batch)


def test_nothing_personal_no_reference_and_no_secret_stands_in_any_span(
    gateway: PaperGateway, http: TestClient, spans: InMemorySpanExporter, town: Town
) -> None:
    town.clock.now = time.time()
    gateway.registry.refresh()
    client = GatewayClient(PUBLIC_URL, signer=town.carrier, member=CARRIER, transport=http._transport)
    record = town.event(jti=jti_of("number-of-ours"))
    receipt = client.submit(record)
    token = client.token()
    http.get(f"/v1/consignments/6CN{CARRIER}-000001?name=Zhang", headers={"Authorization": f"Bearer {token}"})
    http.get("/v1/records/not-a-record-of-ours", headers={"Authorization": f"Bearer {token}"})
    http.post("/v1/records", content=b"Zhang San 110101199003077070")
    http.get("/no/such/place/Zhang")
    http.request("ZHANG", "/v1/records")
    gateway.seal()
    cover(gateway, town, len(town.chain.anchored))
    told = "\n".join(one.to_json() for one in spans.get_finished_spans())
    assert "/v1/consignments/{ucr}" in told
    secrets = [token, receipt.text, str(record.iat), "number-of-ours", "784-12345675", "Zhang", "ZHANG", "not-a-record"]
    said = [f"6CN{CARRIER}", CARRIER, "000001", "110101199003077070", town.carrier.public.kid, record.serialize()[:40]]
    tags = [tag.hex() for tag, _ in receipt.entries]
    assert [one for one in [*secrets, *said, *tags] if one in told] == []
    values = [value for one in spans.get_finished_spans() for value in (one.attributes or {}).values()]
    words = {str(value) for value in values if not isinstance(value, int)}
    assert words <= {"GET", "POST", "_OTHER"} | {word for word in words if word.startswith("/")}
    assert all(not one.events for one in spans.get_finished_spans())


def test_a_fault_is_told_by_its_class_alone(gateway: PaperGateway, spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError), gateway.tracing.step("examination", records=1):
        raise ValueError("Zhang San")
    said = only(spans, "examination").to_json()
    assert "ValueError" in said
    assert "Zhang" not in said


@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        (f"00-{CALLER_TRACE}-{CALLER_SPAN}-01", True),
        (f"00-{CALLER_TRACE}-{CALLER_SPAN}-00", True),
        (f"01-{CALLER_TRACE}-{CALLER_SPAN}-01-more", True),
        (f"00-{CALLER_TRACE}-{CALLER_SPAN}-01-more", False),
        (f"ff-{CALLER_TRACE}-{CALLER_SPAN}-01", False),
        (f"00-{'0' * 32}-{CALLER_SPAN}-01", False),
        (f"00-{CALLER_TRACE}-{'0' * 16}-01", False),
        (f"00-{CALLER_TRACE.upper()}-{CALLER_SPAN}-01", False),
        ("", False),
        ("00-x", False),
    ],
)
def test_a_traceparent_is_read_as_its_standard_says(http: TestClient, said: str, is_one: bool) -> None:
    assert (parse_traceparent(said.encode()) is not None) == is_one
    answer = http.get("/healthz", headers={"traceparent": said})
    assert (answer.headers["x-trace-id"] == CALLER_TRACE) == is_one


def test_a_caller_that_does_not_record_its_trace_is_not_recorded_here(
    http: TestClient, spans: InMemorySpanExporter, town: Town
) -> None:
    headers = {"traceparent": f"00-{CALLER_TRACE}-{CALLER_SPAN}-00"}
    answer = http.post("/v1/records", content=town.event().serialize(), headers=headers)
    assert answer.headers["x-trace-id"] == CALLER_TRACE
    assert spans.get_finished_spans() == ()


def test_a_file_of_traces_holds_a_span_a_line(gateway: PaperGateway, town: Town, tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    gateway.tracing = open_traces(file, GATEWAY)
    gateway.reopen()
    http = TestClient(gateway.app(), base_url=PUBLIC_URL, headers=gateway.bearer(town.carrier))
    assert http.post("/v1/records", content=town.event().serialize()).status_code == 202
    gateway.tracing.close()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [one["name"] for one in lines] == ["examination", "durable commit", "POST /v1/records"]
    assert {one["resource"]["attributes"]["service.name"] for one in lines} == {"tongguan-gateway"}


def test_without_a_file_nothing_is_traced_and_the_sdk_is_not_even_imported() -> None:
    assert type(open_traces(None, GATEWAY)) is Tracing
    asked = "import sys, gateway.app, gateway.__main__; sys.exit('opentelemetry.sdk' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], check=False)
    assert done.returncode == 0


def test_the_frameworks_own_telemetry_stays_off_whatever_the_process_has_installed(
    gateway: PaperGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = InMemorySpanExporter()
    installed = TracerProvider()
    installed.add_span_processor(SimpleSpanProcessor(told))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: installed)
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    TestClient(gateway.app(), base_url=PUBLIC_URL).get(f"/v1/consignments/6CN{CARRIER}-000001")
    assert told.get_finished_spans() == ()


def test_what_is_off_costs_next_to_nothing() -> None:
    off = Tracing()
    assert off.step("examination", records=1) is off.batch_step(1, "send")
    began = time.process_time()
    for _ in range(10_000):
        with off.step("examination", records=1):
            off.brought(())
    assert (time.process_time() - began) / 10_000 < 20e-6
