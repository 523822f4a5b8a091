"""HTTP connections with bounds: how much a stranger may say before its request is a request, and how long it may take.

uvicorn's fast parser takes any number of headers of any length and waits for them for ever. Here a request's head has
at most `HEAD_BYTES_MAX` bytes and `HEADERS_MAX` headers and is there after `HEAD_WAIT_S`, or the connection is closed.
Bodies are bounded where they are read; here one that trickles is given up, unless it is us who hold it back.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536
"""Of the request line and all headers, give or take one piece as the network delivers it."""
HEADERS_MAX = 100
HEAD_WAIT_S = 20.0
BODY_WAIT_S = 60.0
BODY_BYTES_MIN = 1_024
"""Less of a body within `BODY_WAIT_S`, while we would read more, and the connection is closed."""
TOO_MUCH = "The request's head is too large."


class HeadTooLarge(Exception):
    """More headers than a request may have; the parser turns it into its own error, which is answered with 400."""


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    _reads_head = True
    _head_bytes = 0
    _waiting: asyncio.TimerHandle | None = None
    _reads_body = False
    _body_bytes = 0
    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A stranger has connected and has `HEAD_WAIT_S` to say what it wants."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._head_came()
        self._body_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a request."""
        began_in_head = self._reads_head
        super().data_received(data)
        if began_in_head and self._reads_head and self.transport and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.send_400_response(TOO_MUCH)
        if self._reads_body and self._looking is None:
            self._looking = self.loop.call_later(BODY_WAIT_S, self._look_at_body)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._reads_head, self._head_bytes = True, 0
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if len(self.headers) >= HEADERS_MAX:
            raise HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._reads_head = False
        self._reads_body, self._body_bytes = True, 0
        self._head_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        self._body_came()
        super().on_message_complete()

    def _await_head(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_WAIT_S, self._give_up)

    def _head_came(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _body_came(self) -> None:
        self._reads_body = False
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _look_at_body(self) -> None:
        self._looking = None
        if self._body_bytes < BODY_BYTES_MIN and not self.flow.read_paused:
            self._give_up()
            return
        self._body_bytes = 0
        self._looking = self.loop.call_later(BODY_WAIT_S, self._look_at_body)

    def _give_up(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
