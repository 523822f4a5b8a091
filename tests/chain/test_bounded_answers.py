"""Servers that never end, drip, or send little that becomes much: whoever asks them is let go, with the reason."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from chain.bounded_answers import PLAIN, UnboundedAnswer, ask_bounded, ask_bounded_async
from chain.ledger import endpoint
from chain.ledger.endpoint import Endpoint
from chain.ledger.faults import LedgerUnreachable

BYTES_MAX, LIMIT_S = 100_000, 0.3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers each connection so; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError):
                        connection.recv(65_536)
                        answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def endless(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b" " * 65_536)


def dripping(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 90000\r\n\r\n")
    for _ in range(600):
        connection.sendall(b" ")
        time.sleep(0.02)


def compressed(connection: socket.socket) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)


HOSTILE = [(endless, "more than 100000 bytes"), (dripping, "does not end in time"), (compressed, "compressed")]


@pytest.mark.parametrize(("answer", "reason"), HOSTILE)
def test_a_hostile_answer_is_given_up(answer: Callable[[socket.socket], None], reason: str) -> None:
    with serving(answer) as url, httpx.Client(headers=PLAIN) as http, pytest.raises(UnboundedAnswer, match=reason):
        ask_bounded(http, "GET", url, BYTES_MAX, LIMIT_S)


@pytest.mark.parametrize(("answer", "reason"), HOSTILE)
def test_it_is_given_up_where_answers_are_awaited(answer: Callable[[socket.socket], None], reason: str) -> None:
    async def ask(url: str) -> None:
        async with httpx.AsyncClient(headers=PLAIN) as http:
            await ask_bounded_async(http, "GET", url, BYTES_MAX, LIMIT_S)

    with serving(answer) as url, pytest.raises(UnboundedAnswer, match=reason):
        asyncio.run(ask(url))


def test_an_answer_within_the_bounds_comes_whole() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(HEAD.replace(b"200 OK", b"404 Not Found") + b"X-A: b\r\nContent-Length: 7\r\n\r\n[1,2,3]")

    with serving(answer) as url, httpx.Client(headers=PLAIN) as http:
        whole = ask_bounded(http, "POST", url, BYTES_MAX, LIMIT_S, content=b"x")
    assert (whole.status_code, whole.json(), whole.headers["x-a"]) == (404, [1, 2, 3], "b")


@pytest.mark.parametrize("answer", [endless, dripping, compressed])
def test_an_endpoint_that_answers_so_is_unreachable(
    answer: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "ANSWER_BYTES_MAX", BYTES_MAX)
    began = time.monotonic()
    with serving(answer) as url, pytest.raises(LedgerUnreachable):
        Endpoint(url, timeout_s=LIMIT_S / 3).request("eth_chainId")
    assert time.monotonic() - began < 3
