"""Requests that offer another protocol, read as what they are.

Java's own HTTP client and `curl --http2` offer HTTP/2 with every request (`Upgrade: h2c`, RFC 7540 section 3.2). A
server may ignore the offer and answer in HTTP/1.1 (RFC 9110 section 7.8), and that is what the servers here do. The
parser under uvicorn (httptools over llhttp) cannot: after a head with an `Upgrade` it takes whatever follows for the
other protocol, so that the request seems to have no body, and the body is read as the next request: a fault for the
client, and, behind a proxy that passes such heads on, a request that the proxy never saw. (MagicStack/httptools 124,
Kludex/uvicorn 2722.) Here such a head is given to the parser a second time without the offer, and its body follows.
"""

from __future__ import annotations

from array import array
from typing import Protocol

import httptools

_OFFERS = (b"upgrade", b"http2-settings")
"""Headers that speak of the connection's next protocol alone; no application behind here reads them."""


class UpgradingConnection(Protocol):
    """What the parser asks of the connection whose requests it reads."""

    url: bytes
    headers: list[tuple[bytes, bytes]]
    parser: DecliningParser

    def takes_upgrade(self) -> bool:
        """Whether the request whose head was just read goes over to the protocol that it names."""


class DecliningParser(httptools.HttpRequestParser):
    """A parser of requests for which an offer that is not taken was never made.

    The connection hears of such a head twice, and must leave the first time alone: `is_declined` tells.
    """

    def __init__(self, connection: UpgradingConnection) -> None:
        super().__init__(connection)
        # As uvicorn does: the answer to a request that closes the connection is not lost to what was sent after it.
        self.set_dangerous_leniencies(lenient_data_after_close=True)
        self._connection = connection

    def is_declined(self) -> bool:
        """Whether the head that was just read comes again without its offer."""
        return self.should_upgrade() and not self._connection.takes_upgrade()

    def feed_data(self, data: bytes | bytearray | memoryview | array[int]) -> None:
        """As the parser's own; raises `HttpParserUpgrade` only for an upgrade that is taken."""
        parser = self
        while (rest := parser._feed(data)) is not None:
            head = parser._head_without_offer()
            # A new one: this one may hold, by what the request says of the connection, that nothing comes any more.
            parser = self._connection.parser = DecliningParser(self._connection)
            parser._feed(head)
            data = rest

    def _feed(self, data: bytes | bytearray | memoryview | array[int]) -> memoryview | None:
        """What follows a head whose offer is not taken; None where all was read."""
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._connection.takes_upgrade():
                raise
            # A view: many requests in one piece of data do not copy the rest of it once each.
            return memoryview(data)[upgrade.args[0] :]
        return None

    def _head_without_offer(self) -> bytes:
        method = self.get_method()
        if method == b"CONNECT":
            # A tunnel is an upgrade by its method: without it nothing is left to ask for.
            raise httptools.HttpParserInvalidMethodError("CONNECT")
        lines = [b"%s %s HTTP/%s" % (method, self._connection.url, self.get_http_version().encode())]
        lines += [b"%s: %s" % header for header in self._connection.headers if header[0] not in _OFFERS]
        return b"\r\n".join([*lines, b"", b""])
