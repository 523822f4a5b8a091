"""Asking somebody else's server by HTTP: its answer has a bound in bytes and in time, however it is sent.

A client's own time limits count from one piece of an answer to the next: a server that drips, or never ends, would
hold a thread or fill the memory of whoever asks. A compressed answer is refused, for its size tells nothing; none is
asked for.
"""

from __future__ import annotations

import time
from typing import Any, Final

import httpx

PLAIN: Final = {"Accept-Encoding": "identity"}
"""Headers of a client whose answers are read here."""
_NOT_COPIED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class UnboundedAnswer(httpx.ReadError):
    """An answer that is longer, slower or in another form than a server may give."""


class _Reading:
    """One answer as it comes."""

    def __init__(self, answer: httpx.Response, bytes_max: int, until_s: float) -> None:
        self._answer = answer
        self._bytes_max = bytes_max
        self._until_s = until_s
        self._content = bytearray()
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise UnboundedAnswer("the answer is compressed, which was not asked for", request=answer.request)

    def take(self, part: bytes) -> None:
        self._content += part
        if len(self._content) > self._bytes_max:
            raise UnboundedAnswer(f"the answer has more than {self._bytes_max} bytes", request=self._answer.request)
        if time.monotonic() > self._until_s:
            raise UnboundedAnswer("the answer does not end in time", request=self._answer.request)

    def whole(self) -> httpx.Response:
        headers = [(name, value) for name, value in self._answer.headers.multi_items() if name not in _NOT_COPIED]
        return httpx.Response(
            self._answer.status_code, headers=headers, content=bytes(self._content), request=self._answer.request
        )


def ask_bounded(
    http: httpx.Client, method: str, url: str, bytes_max: int, limit_s: float, **ask: Any
) -> httpx.Response:
    """The whole answer; raises UnboundedAnswer and every other `httpx.HTTPError`. `ask` as `httpx.Client.request` takes
    it."""
    until_s = time.monotonic() + limit_s
    with http.stream(method, url, **ask) as answer:
        reading = _Reading(answer, bytes_max, until_s)
        if answer.is_stream_consumed:  # it came whole, without a network
            reading.take(answer.content)
        else:
            for part in answer.iter_raw():
                reading.take(part)
    return reading.whole()


async def ask_bounded_async(
    http: httpx.AsyncClient, method: str, url: str, bytes_max: int, limit_s: float, **ask: Any
) -> httpx.Response:
    """As `ask_bounded`."""
    until_s = time.monotonic() + limit_s
    async with http.stream(method, url, **ask) as answer:
        reading = _Reading(answer, bytes_max, until_s)
        if answer.is_stream_consumed:
            reading.take(answer.content)
        else:
            async for part in answer.aiter_raw():
                reading.take(part)
    return reading.whole()
