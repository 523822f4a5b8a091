"""JSON-RPC over HTTP and WebSocket on one address, with a health and a metrics page.

`POST /` takes JSON-RPC; a WebSocket on `/` takes the same and `eth_subscribe`; `GET /health` says whether blocks can be
made; `GET /metrics` is for Prometheus. Bound to loopback unless told; a request whose Host header is a foreign name is
refused, so that a web page cannot reach the node by a name that it points at this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import orjson
from anyio import CapacityLimiter, to_thread
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from chain.byte_shares import ByteShares
from chain.client_address import network_of
from chain.node.blocks import Block
from chain.node.call_slots import CLIENT
from chain.node.metrics import exposition
from chain.node.node import EmbeddedNode
from chain.node.rpc import Rpc, Special
from chain.node.subscriptions import Subscriptions

T = TypeVar("T")

JSON_TYPE = "application/json"
TOO_LARGE = 413
TOO_MANY = 429
WRONG_TYPE = 415
FORBIDDEN = 403
NOT_READY = 503
WEBSOCKET_TOO_SLOW = 1008
WEBSOCKET_TOO_LARGE = 1009
WEBSOCKET_TRY_LATER = 1013


def create_app(node: EmbeddedNode, *, hosts: frozenset[str] = frozenset()) -> Starlette:
    """The ASGI application of this node; `hosts` are names, beside localhost and addresses, that callers may use."""
    rpc = Rpc(node)
    is_ours = partial(_is_ours, hosts)
    desk = _Desk(node, rpc)
    origins = list(node.settings.cors_origins)
    cors = [Middleware(CORSMiddleware, allow_origins=origins, allow_methods=["POST"], allow_headers=["content-type"])]
    return Starlette(
        routes=[
            Route("/", partial(_post, desk, is_ours), methods=["POST"]),
            Route("/health", partial(_health, node), methods=["GET"]),
            Route("/metrics", partial(_metrics, node, rpc), methods=["GET"]),
            WebSocketRoute("/", partial(_websocket, desk, is_ours)),
        ],
        middleware=cors if origins else [],
    )


class _Desk:
    """Answers requests side by side, as many as the settings allow in all and for one client."""

    def __init__(self, node: EmbeddedNode, rpc: Rpc) -> None:
        self.node = node
        self.sockets: Counter[str] = Counter()
        self.bodies = ByteShares(node.settings.body_bytes_per_client_max, node.settings.body_bytes_all_max)
        self.answers = rpc.answers
        self._rpc = rpc
        self._under_way: Counter[str] = Counter()
        self._threads: CapacityLimiter | None = None

    def has_room(self, client: str) -> bool:
        """Whether one more request of this client may be answered now."""
        return self._under_way[client] < self.node.settings.requests_per_client_max

    async def answer(self, body: bytes, client: str, special: Special | None = None) -> bytes:
        """The answer to a request body; waits while too many others are being answered."""
        if self._threads is None:  # a limiter belongs to the event loop in which it is made
            self._threads = CapacityLimiter(self.node.settings.requests_at_once_max)
        self._under_way[client] += 1
        CLIENT.set(client)
        try:
            return await to_thread.run_sync(self._rpc.answer_bytes, body, special, limiter=self._threads)
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]


async def _post(desk: _Desk, is_ours: Callable[[str], bool], request: Request) -> Response:
    client = network_of(request.client.host) if request.client else ""
    if not is_ours(request.headers.get("host", "")):
        return PlainTextResponse("invalid host specified\n", FORBIDDEN)
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != JSON_TYPE:
        # Browsers send other types across origins without asking first.
        return PlainTextResponse(f"invalid content type, only {JSON_TYPE} is supported\n", WRONG_TYPE)
    if not desk.has_room(client):
        return PlainTextResponse("too many requests of this client at once\n", TOO_MANY, {"Retry-After": "1"})
    with desk.bodies.holding(client, desk.node.settings.body_bytes_free) as holding:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > desk.node.settings.request_bytes_max:
                return PlainTextResponse("request body too large\n", TOO_LARGE)
            if not holding.grow(len(chunk)):
                return PlainTextResponse("too many bytes of requests at once\n", TOO_MANY, {"Retry-After": "1"})
        return Response(await desk.answer(bytes(body), client), media_type=JSON_TYPE)


async def _health(node: EmbeddedNode, request: Request) -> Response:
    fault = node.fault
    said = {
        "ok": not fault,
        "head": node.head.number,
        "head_timestamp": node.head.timestamp,
        "waiting": node.waiting,
        "state_from": node.state_from,
        "clock_behind_s": round(node.clock_behind_s, 3),
        "runnable_age_s": round(node.runnable_age_s, 3),
        "read_only": node.settings.read_only,
        "fault": fault,
    }
    return Response(orjson.dumps(said), 200 if said["ok"] else NOT_READY, media_type=JSON_TYPE)


async def _metrics(node: EmbeddedNode, rpc: Rpc, request: Request) -> Response:
    return Response(exposition(node, rpc), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _websocket(desk: _Desk, is_ours: Callable[[str], bool], socket: WebSocket) -> None:
    node, client = desk.node, network_of(socket.client.host) if socket.client else ""
    origin = socket.headers.get("origin")
    allowed = origin is None or origin in node.settings.cors_origins
    if not allowed or not is_ours(socket.headers.get("host", "")):
        await socket.close(WEBSOCKET_TOO_SLOW)
        return
    limits = node.settings
    if desk.sockets.total() >= limits.websockets_max or desk.sockets[client] >= limits.websockets_per_client_max:
        await socket.close(WEBSOCKET_TRY_LATER)
        return
    desk.sockets[client] += 1
    try:
        await socket.accept()
        connection = _Connection(desk, client, socket)
        try:
            await connection.run()
        finally:
            connection.close()
    finally:
        desk.sockets[client] -= 1
        if not desk.sockets[client]:
            del desk.sockets[client]


class _Connection:
    """One WebSocket: requests answered in order, notices of its subscriptions in between."""

    def __init__(self, desk: _Desk, client: str, socket: WebSocket) -> None:
        node = desk.node
        self._node = node
        self._desk = desk
        self._client = client
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._outgoing: asyncio.Queue[bytes | None] = asyncio.Queue(node.settings.websocket_backlog_max)
        self._unsent = 0
        """Bytes that wait for the reader."""
        self._closed = False
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._subscriptions = Subscriptions(node.settings, self._notify)
        self._stops = (
            node.listen(self._on_block),
            node.listen_pending(self._on_pending),
        )

    async def run(self) -> None:
        """Serve until either side ends."""
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read())
        done, rest = await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for task in done:
            task.result()

    def close(self) -> None:
        """Listen no more."""
        for stop in self._stops:
            stop()
        self._desk.answers.give_back(self._client, self._unsent)
        self._unsent, self._closed = 0, True

    async def _read(self) -> None:
        while True:
            await self._has_room.wait()
            try:
                message = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if message["type"] == "websocket.disconnect":
                return
            said = message.get("bytes") or (message.get("text") or "").encode()
            if len(said) > self._node.settings.websocket_message_bytes_max:
                await self._socket.close(WEBSOCKET_TOO_LARGE)
                return
            answer = await self._desk.answer(said, self._client, self._special)
            if answer and not self._hold(answer):
                await self._socket.close(WEBSOCKET_TRY_LATER)
                return
            if answer:
                await self._outgoing.put(answer)

    def _hold(self, message: bytes) -> bool:
        """Whether the message may wait for its reader. While many bytes do, no further request is taken."""
        if self._closed or not self._desk.answers.take(self._client, len(message)):
            return False
        self._unsent += len(message)
        if self._unsent > self._node.settings.websocket_backlog_bytes_max:
            self._has_room.clear()
        return True

    def _let_go(self, message: bytes) -> None:
        self._desk.answers.give_back(self._client, len(message))
        self._unsent -= len(message)
        if self._unsent <= self._node.settings.websocket_backlog_bytes_max:
            self._has_room.set()

    async def _write(self) -> None:
        while (message := await self._outgoing.get()) is not None:
            await self._socket.send_text(message.decode())
            self._let_go(message)
        await self._socket.close(WEBSOCKET_TOO_SLOW)

    def _special(self, method: str, params: object) -> object:
        return self._subscriptions.answer(method, params)

    def _on_block(self, block: Block) -> None:
        self._soon(self._subscriptions.on_block, block)

    def _on_pending(self, transaction_hash: bytes) -> None:
        self._soon(self._subscriptions.on_pending, transaction_hash)

    def _soon(self, listener: Callable[[T], None], news: T) -> None:
        with contextlib.suppress(RuntimeError):  # the server ended: nobody is left to be told
            self._loop.call_soon_threadsafe(listener, news)

    def _notify(self, message: bytes) -> None:
        if self._closed:
            return
        limits = self._node.settings
        is_far_behind = self._unsent > limits.answer_bytes_max + limits.websocket_backlog_bytes_max
        if not is_far_behind and not self._outgoing.full() and self._hold(message):
            self._outgoing.put_nowait(message)
            return
        # A reader that does not keep up would otherwise take memory without end: it is let go and may come back.
        while not self._outgoing.empty():
            if (waiting := self._outgoing.get_nowait()) is not None:
                self._let_go(waiting)
        self._outgoing.put_nowait(None)


def _is_ours(hosts: frozenset[str], host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").lower()
    if name in hosts or name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
