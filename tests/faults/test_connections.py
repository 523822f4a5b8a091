"""Strangers' connections over real sockets: whatever they send, and however slowly, members are served meanwhile."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
import uvicorn

import chain.http_limits as listening
from chain.http_limits import BODY_BYTES_MIN, HEAD_BYTES_MAX, BoundedHttp
from chain.sdjwt import RECORD_CHARS_MAX
from gateway.api.bulk_stream import LINES_PER_CHUNK_MAX
from tests.gateway.memory_consortium import PaperGateway, Town

SERVED_WITHIN_S = 5.0


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def port(gateway: PaperGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(listening, "HEAD_WAIT_S", 1.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = int(taken.getsockname()[1])
    config = uvicorn.Config(
        gateway.app(), port=number, http=BoundedHttp, ws="none", lifespan="off", log_level="critical", access_log=False
    )
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    yield number
    server.should_exit = True
    serving.join(10)


@pytest.fixture
def bearer(gateway: PaperGateway, town: Town) -> dict[str, str]:
    return gateway.bearer(town.carrier)


def said_by(bearer: dict[str, str]) -> bytes:
    """The beginning of a member's request."""
    return b"POST /v1/records HTTP/1.1\r\nHost: gateway\r\nAuthorization: %s\r\n" % bearer["Authorization"].encode()


def served(port: int, town: Town, bearer: dict[str, str]) -> bool:
    """Whether a member's record is taken now."""
    body, url = town.event().serialize(), f"http://127.0.0.1:{port}/v1/records"
    answer = httpx.post(url, content=body, headers=bearer, timeout=SERVED_WITHIN_S)
    return answer.status_code == 202


def said_to(port: int, *pieces: bytes) -> bytes:
    """What is answered to these bytes before the connection ends; empty where it is closed without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=SERVED_WITHIN_S) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while part := connection.recv(65_536):
                answer += part
        except ConnectionError:
            pass
        return answer


HEAD = b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n"


def test_fifty_thousand_headers_are_refused(port: int, town: Town, bearer: dict[str, str]) -> None:
    headers = b"".join(b"X-%d: y\r\n" % number for number in range(50_000))
    assert b"alive" not in said_to(port, HEAD, headers, b"\r\n")
    assert served(port, town, bearer)


def test_a_header_without_end_is_cut_off(port: int, town: Town, bearer: dict[str, str]) -> None:
    answer = said_to(port, HEAD, b"X-Long: ", *[b"y" * 8_192] * (4 * HEAD_BYTES_MAX // 8_192))
    assert b"alive" not in answer
    assert served(port, town, bearer)


def test_a_head_that_does_not_come_is_not_waited_for(port: int, town: Town, bearer: dict[str, str]) -> None:
    began = time.monotonic()
    assert said_to(port, b"GET /heal") == b""
    assert said_to(port) == b""
    assert time.monotonic() - began < SERVED_WITHIN_S
    assert served(port, town, bearer)


def test_two_hundred_slow_strangers_keep_nobody_out(port: int, town: Town, bearer: dict[str, str]) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(200)]
        for connection in slow:
            connection.sendall(said_by(bearer) + b"Content-Length: 100000\r\n\r\nx")
        assert served(port, town, bearer)


def test_a_body_that_trickles_is_given_up_and_is_no_fault_of_ours(
    port: int, town: Town, bearer: dict[str, str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "BODY_WAIT_S", 1.0)
    with socket.create_connection(("127.0.0.1", port), timeout=SERVED_WITHIN_S) as slow:
        slow.sendall(said_by(bearer) + b"Content-Length: 100000\r\n\r\n")
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() - began < SERVED_WITHIN_S:
                slow.sendall(b"x")
                time.sleep(0.2)
    assert served(port, town, bearer)
    assert [line for line in caplog.records if line.name.startswith("gateway")] == []


def test_a_body_that_comes_steadily_is_waited_for_however_long_it_takes(
    port: int, town: Town, bearer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "BODY_WAIT_S", 2.0)

    def slowly() -> Iterator[bytes]:
        for _ in range(15):
            yield b" " * BODY_BYTES_MIN
            time.sleep(0.2)
        yield b'"' + town.event().serialize().encode() + b'"'

    headers = {"Content-Type": "application/x-ndjson", **bearer}
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/records/bulk", content=slowly(), headers=headers, timeout=20)
    assert answer.json()["status"] == 202


def more(connection: socket.socket) -> bytes:
    """What comes next; a connection that ends too early is a fault of the test's subject."""
    part = connection.recv(65_536)
    assert part, "the connection ended"
    return part


def test_verdicts_come_back_while_the_upload_goes_on(port: int, town: Town, bearer: dict[str, str]) -> None:
    def piece(numbers: range) -> bytes:
        body = b"".join(b'"%s"\n' % town.event(number).serialize().encode() for number in numbers)
        return b"%x\r\n%s\r\n" % (len(body), body)

    head = b"POST /v1/records/bulk HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/x-ndjson\r\n"
    head += f"Authorization: {bearer['Authorization']}\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=4 * SERVED_WITHIN_S) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + piece(range(LINES_PER_CHUNK_MAX)))
        answer = b""
        while answer.count(b'"status":202') < LINES_PER_CHUNK_MAX:
            answer += more(connection)
        connection.sendall(piece(range(1)) + b"0\r\n\r\n")
        while not answer.endswith(b"0\r\n\r\n"):
            answer += more(connection)
    assert answer.count(b'"status":202') == LINES_PER_CHUNK_MAX + 1


def test_a_gzip_bomb_is_refused_unopened(port: int, town: Town, bearer: dict[str, str]) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    for path in ("/v1/records", "/v1/records/bulk"):
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-ndjson", **bearer}
        assert httpx.post(f"http://127.0.0.1:{port}{path}", content=bomb, headers=headers).status_code == 415
    assert served(port, town, bearer)


def test_an_oversize_record_is_refused(port: int, town: Town, bearer: dict[str, str]) -> None:
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/records", content=b"x" * (RECORD_CHARS_MAX + 1), headers=bearer)
    assert answer.status_code == 413
    assert served(port, town, bearer)


def test_a_connection_that_breaks_in_the_middle_of_a_record_leaves_nothing(
    port: int, gateway: PaperGateway, town: Town, bearer: dict[str, str]
) -> None:
    body = town.event().serialize().encode()
    head = said_by(bearer) + b"Content-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head + body[: len(body) // 2])
    assert served(port, town, bearer)
    assert gateway.intake.accepted_count == 1


def test_many_requests_on_one_connection_are_served(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert [client.get("/healthz").status_code for _ in range(30)] == [200] * 30


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
"""What Java's own client and `curl --http2` say with every request."""


def test_a_client_that_offers_http2_is_served_and_its_body_is_no_request(
    port: int, gateway: PaperGateway, town: Town, bearer: dict[str, str]
) -> None:
    body = town.event().serialize().encode()
    head = said_by(bearer) + OFFER + b"Content-Length: %d\r\n\r\n" % len(body)
    last = b"GET /healthz HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: close, Upgrade\r\n\r\n"
    answer = said_to(port, head, body, head + body, last)
    # Accepted, known, alive.
    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"202", b"200", b"200"]
    assert gateway.intake.accepted_count == 1
