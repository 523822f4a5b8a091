"""An offer of another protocol changes nothing about how a request is read, however its bytes arrive."""

from __future__ import annotations

from itertools import pairwise

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.http_upgrades import DecliningParser

OFFERS = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n",
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "TLS": b"Upgrade: TLS/1.0\r\nConnection: keep-alive, upgrade\r\n",
    "none": b"",
}
REQUESTS = (
    (b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n", b"\r\n"),
    (b"POST /b HTTP/1.1\r\nHost: x\r\n", b"Content-Length: 5\r\n\r\nhello"),
    (b"POST /c HTTP/1.1\r\nHost: x\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
    (b"GET /d HTTP/1.0\r\nX-Empty:\r\n", b"Connection: keep-alive\r\n\r\n"),
)
LAST = ((b"PUT /e HTTP/1.0\r\n", b"Content-Length: 1\r\n\r\n!"), (b"GET /f HTTP/1.1\r\n", b"Connection: close\r\n\r\n"))
"""Requests that close their connection."""


class Connection:
    """Keeps the requests that the parser reads."""

    def __init__(self, takes: bytes = b"") -> None:
        self.takes = takes
        self.requests: list[tuple[bytes, bytes, bytes, list[tuple[bytes, bytes]]]] = []
        self.parser = DecliningParser(self)
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self.url, self.body, self.headers = b"", b"", list[tuple[bytes, bytes]]()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if not self.parser.is_declined():
            self.requests.append((self.parser.get_method(), self.url, self.body, self.headers))

    def takes_upgrade(self) -> bool:
        return (b"upgrade", self.takes) in self.headers


def read(data: bytes, cuts: list[int]) -> list[tuple[bytes, bytes, bytes, list[tuple[bytes, bytes]]]]:
    """The requests in these bytes, which come in pieces, without what they say of the connection."""
    connection = Connection()
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        connection.parser.feed_data(data[start:end])
    return [
        (method, url, body, [header for header in headers if header[0] not in (b"connection", b"upgrade")])
        for method, url, body, headers in connection.requests
    ]


@given(
    st.lists(st.tuples(st.sampled_from(REQUESTS), st.sampled_from(sorted(OFFERS))), max_size=4),
    st.tuples(st.sampled_from(LAST), st.sampled_from(sorted(OFFERS))),
    st.lists(st.integers(0, 2_000), max_size=6),
)
def test_requests_are_read_as_if_they_offered_nothing(
    before: list[tuple[tuple[bytes, bytes], str]], last: tuple[tuple[bytes, bytes], str], cuts: list[int]
) -> None:
    requests = [*before, last]
    offering = b"".join(head + OFFERS[offer] + rest for (head, rest), offer in requests)
    plain = b"".join(head + rest for (head, rest), _ in requests)
    assert read(offering, cuts) == read(plain, [])
    assert len(read(plain, [])) == len(requests)


def test_an_upgrade_that_is_taken_is_told_with_the_place_where_the_other_protocol_begins() -> None:
    connection = Connection(takes=b"websocket")
    head = REQUESTS[0][0] + OFFERS["websocket"] + b"\r\n"
    with pytest.raises(httptools.HttpParserUpgrade) as upgrade:
        connection.parser.feed_data(head + b"\x81\x00")
    assert upgrade.value.args == (len(head),)


def test_a_tunnel_is_refused() -> None:
    with pytest.raises(httptools.HttpParserError):
        Connection().parser.feed_data(b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n")
