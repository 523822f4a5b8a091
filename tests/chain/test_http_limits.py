"""Answers that nobody takes are bounded by bytes, for each address and in all; who reads gets its answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chain.http_limits import Connections, bounded_http

ANSWER = bytes(2 << 20)
"""More than the kernel's buffers of a connection take."""
PER_ADDRESS, ALL = 3 * len(ANSWER), 5 * len(ANSWER)


async def answer(request: Request) -> Response:
    """Something large."""
    return Response(ANSWER)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[int, Connections]]:
    counts = Connections(unread_per_address_max=PER_ADDRESS, unread_max=ALL)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        listening.listen(100)
        app = Starlette(routes=[Route("/", answer)])
        config = uvicorn.Config(app, http=bounded_http(counts), log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        serving = threading.Thread(target=server.run, args=([listening],), daemon=True)
        serving.start()
        yield int(listening.getsockname()[1]), counts
        server.should_exit = True
        serving.join(10)


def ask(port: int, source: str) -> socket.socket:
    """A request whose answer is never read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.bind((source, 0))
    connection.settimeout(5)
    connection.connect(("127.0.0.1", port))
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    return connection


def is_held(counts: Connections, count: int) -> bool:
    """Whether so many answers come to wait, and no more."""
    until = time.monotonic() + 5
    while time.monotonic() < until and len(counts.unread) != count:
        time.sleep(0.02)
    time.sleep(0.1)
    return len(counts.unread) == count


def test_an_address_that_reads_nothing_loses_its_oldest_and_a_reader_gets_all(served: tuple[int, Connections]) -> None:
    port, counts = served
    hoarded = [ask(port, "127.0.0.2") for _ in range(8)]
    assert is_held(counts, 3)
    assert sum(size for _, size in counts.unread.values()) <= PER_ADDRESS
    assert httpx.get(f"http://127.0.0.1:{port}/").content == ANSWER
    for connection in hoarded:
        connection.close()
    assert is_held(counts, 0)


def test_of_all_who_read_nothing_whoever_holds_most_makes_room(served: tuple[int, Connections]) -> None:
    port, counts = served
    hoarded = [ask(port, source) for source in ("127.0.0.2",) * 3 + ("127.0.0.3",) * 3]
    assert is_held(counts, 5)
    hoarded.append(ask(port, "127.0.0.4"))
    assert is_held(counts, 5)
    assert "127.0.0.4" in {address for address, _ in counts.unread.values()}
    for connection in hoarded:
        connection.close()
    assert is_held(counts, 0)


def test_one_answer_may_be_longer_than_the_bound(served: tuple[int, Connections]) -> None:
    port, counts = served
    counts.unread_per_address_max, bound = len(ANSWER) // 4, counts.unread_per_address_max
    try:
        with ask(port, "127.0.0.5") as slow:
            assert is_held(counts, 1)
            answered = 0
            while answered < len(ANSWER):
                answered += len(slow.recv(1 << 20))
    finally:
        counts.unread_per_address_max = bound
