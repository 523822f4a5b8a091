"""HTTP connections with bounds: how much a stranger may say before its request is a request, and how long it may take.

uvicorn's fast parser takes any number of headers of any length and waits for them for ever. Here a request's head has
at most `HEAD_BYTES_MAX` bytes and `HEADERS_MAX` headers and is there after `HEAD_WAIT_S`, or the connection is closed.
Bodies are bounded where they are read; here one that trickles is given up, unless it is us who hold it back, and so is
an answer that nobody reads. Connections are counted by address and in all: what is beyond is closed before it says
anything. So are the bytes of answers that nobody takes: an answer of megabytes on each of hundreds of connections
would be gigabytes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chain.client_address import network_of
from chain.http_upgrades import DecliningParser

HEAD_BYTES_MAX = 65_536
"""Of the request line and all headers, give or take one piece as the network delivers it."""
HEADERS_MAX = 100
HEAD_WAIT_S = 20.0
BODY_WAIT_S = 60.0
BODY_BYTES_MIN = 1_024
"""Less of a body within `BODY_WAIT_S`, while we would read more, and the connection is closed."""
ANSWER_WAIT_S = 120.0
"""An answer of which the peer takes nothing for so long is given up, and the connection with it."""
CONNECTIONS_MAX = 2_000
CONNECTIONS_PER_ADDRESS_MAX = 512
"""Behind a proxy every member has one address: then this is what the proxy may open. An IPv6 network counts as one."""
UNREAD_BYTES_MAX = 128 * 1024 * 1024
"""Of answers whose peers do not take them, on all connections: beyond it, whoever holds most loses its oldest."""
UNREAD_BYTES_PER_ADDRESS_MAX = 32 * 1024 * 1024
"""The same of one address, which loses its oldest itself."""
TOO_MUCH = "The request's head is too large."


@dataclass
class Connections:
    """The open connections of one server, counted."""

    total_max: int = CONNECTIONS_MAX
    per_address_max: int = CONNECTIONS_PER_ADDRESS_MAX
    refused: int = 0
    """How many were closed at once since the start."""
    by_address: Counter[str] = field(default_factory=Counter)
    total: int = 0
    unread_max: int = UNREAD_BYTES_MAX
    unread_per_address_max: int = UNREAD_BYTES_PER_ADDRESS_MAX
    unread: dict[BoundedHttp, tuple[str, int]] = field(default_factory=dict)
    """Connections whose peers do not take what we send: address and bytes, the oldest first."""

    def hold_unread(self, connection: BoundedHttp, address: str, count: int) -> None:
        """Counts so many bytes that the peer does not take. Where that is too much, other connections are aborted.

        This one never: a single answer may be longer than the bound, and its reader has only begun.
        """
        self.unread[connection] = (address, count)
        sizes: Counter[str] = Counter()
        for name, size in self.unread.values():
            sizes[name] += size
        while len(self.unread) > 1:
            if sizes[address] > self.unread_per_address_max:
                names = [address]
            elif sizes.total() > self.unread_max:
                names = [name for name, _ in sizes.most_common()]
            else:
                return
            oldest = self._find_oldest(names, connection)
            if oldest is None:
                return
            name, size = self.unread[oldest]
            sizes[name] -= size
            self.let_go(oldest)
            oldest.abort()

    def _find_oldest(self, names: Sequence[str], but: BoundedHttp) -> BoundedHttp | None:
        """The oldest connection of the first of these addresses that has another one than `but`."""
        for name in names:
            for connection, (address, _) in self.unread.items():
                if address == name and connection is not but:
                    return connection
        return None

    def let_go(self, connection: BoundedHttp) -> None:
        """The peer has taken it, or is gone."""
        self.unread.pop(connection, None)

    def take(self, address: str) -> bool:
        """Counts one more of this address; whether there is room for it."""
        if self.total >= self.total_max or self.by_address[address] >= self.per_address_max:
            self.refused += 1
            return False
        self.total += 1
        self.by_address[address] += 1
        return True

    def release(self, address: str) -> None:
        """One that was taken has ended."""
        self.total -= 1
        self.by_address[address] -= 1
        if not self.by_address[address]:
            del self.by_address[address]


class HeadTooLarge(Exception):
    """More headers than a request may have; the parser turns it into its own error, which is answered with 400."""


def bounded_http(counts: Connections) -> type[BoundedHttp]:
    """The protocol of a server whose connections are counted there."""
    return type("CountedHttp", (BoundedHttp,), {"counts": counts})


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    counts: Connections | None = None
    """Where it is counted; None where it is not."""
    parser: DecliningParser
    _counted_as: str | None = None
    _unread: asyncio.TimerHandle | None = None
    _unread_bytes = 0
    _sent_bytes = _sent_bytes_seen = 0
    """Of bodies, by the peer: since the connection began, and when its reading was looked at."""

    _reads_head = True
    _head_bytes = 0
    _waiting: asyncio.TimerHandle | None = None
    _reads_body = False
    _body_bytes = 0
    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A stranger has connected and has `HEAD_WAIT_S` to say what it wants."""
        super().connection_made(transport)
        self.parser = DecliningParser(self)
        if self.counts is not None:
            peer = transport.get_extra_info("peername")
            address = network_of(str(peer[0])) if isinstance(peer, tuple) else ""
            if not self.counts.take(address):
                transport.abort()
                return
            self._counted_as = address
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._head_came()
        self._body_came()
        self._answer_taken()
        self._uncount()
        super().connection_lost(exc)

    def takes_upgrade(self) -> bool:
        """Whether the request becomes a WebSocket; every other protocol that it offers is ignored."""
        return self._should_upgrade()

    def handle_websocket_upgrade(self) -> None:
        """The connection is a WebSocket from now on: its application counts and bounds it."""
        self._head_came()
        self._body_came()
        self._uncount()
        super().handle_websocket_upgrade()

    def _uncount(self) -> None:
        if self.counts is not None and self._counted_as is not None:
            self.counts.release(self._counted_as)
            self._counted_as = None

    def pause_writing(self) -> None:
        """The peer does not take what we send."""
        super().pause_writing()
        self._unread_bytes = self._buffered()
        self._unread = self._unread or self.loop.call_later(ANSWER_WAIT_S, self._look_at_answer)
        if self.counts is not None and self._counted_as is not None:
            self.counts.hold_unread(self, self._counted_as, self._unread_bytes)

    def abort(self) -> None:
        """Ends the connection and lets go of what was to be sent."""
        if self.transport is not None:
            self.transport.abort()

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._answer_taken()

    def _buffered(self) -> int:
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def _look_at_answer(self) -> None:
        self._unread = None
        unread, self._unread_bytes = self._unread_bytes, self._buffered()
        sends, self._sent_bytes_seen = self._sent_bytes > self._sent_bytes_seen, self._sent_bytes
        # Who still sends may read later: some clients write their whole upload first.
        if self._unread_bytes >= unread and not sends and self.transport is not None:
            self.transport.abort()
            return
        self._unread = self.loop.call_later(ANSWER_WAIT_S, self._look_at_answer)

    def _answer_taken(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        if self.counts is not None:
            self.counts.let_go(self)

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
        if self.parser.is_declined():
            return
        self._reads_head = False
        self._reads_body, self._body_bytes = True, 0
        self._head_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._body_bytes += len(body)
        self._sent_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        if self.parser.is_declined():
            return
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
