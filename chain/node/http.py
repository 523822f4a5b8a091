"""JSON-RPC over HTTP and WebSocket on one address, with a health and a metrics page.

`POST /` takes JSON-RPC; a WebSocket on `/` takes the same and `eth_subscribe`; `GET /health` says whether blocks can be
made; `GET /metrics` is for Prometheus. Bound to loopback unless told; a request whose Host header is a foreign name is
refused, so that a web page cannot reach the node by a name that it points at this machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from functools import partial

import orjson
from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from chain.node.blocks import Block
from chain.node.metrics import exposition
from chain.node.node import EmbeddedNode
from chain.node.rpc import Rpc
from chain.node.subscriptions import Subscriptions

JSON_TYPE = "application/json"
TOO_LARGE = 413
WRONG_TYPE = 415
FORBIDDEN = 403
NOT_READY = 503
WEBSOCKET_TOO_SLOW = 1008
WEBSOCKET_TOO_LARGE = 1009


def create_app(node: EmbeddedNode, *, hosts: frozenset[str] = frozenset()) -> Starlette:
    """The ASGI application of this node; `hosts` are names, beside localhost and addresses, that callers may use."""
    rpc = Rpc(node)
    is_ours = partial(_is_ours, hosts)
    origins = list(node.settings.cors_origins)
    cors = [Middleware(CORSMiddleware, allow_origins=origins, allow_methods=["POST"], allow_headers=["content-type"])]
    return Starlette(
        routes=[
            Route("/", partial(_post, node, rpc, is_ours), methods=["POST"]),
            Route("/health", partial(_health, node), methods=["GET"]),
            Route("/metrics", partial(_metrics, node, rpc), methods=["GET"]),
            WebSocketRoute("/", partial(_websocket, node, rpc, is_ours)),
        ],
        middleware=cors if origins else [],
    )


async def _post(node: EmbeddedNode, rpc: Rpc, is_ours: Callable[[str], bool], request: Request) -> Response:
    if not is_ours(request.headers.get("host", "")):
        return PlainTextResponse("invalid host specified\n", FORBIDDEN)
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != JSON_TYPE:
        # Browsers send other types across origins without asking first.
        return PlainTextResponse(f"invalid content type, only {JSON_TYPE} is supported\n", WRONG_TYPE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > node.settings.request_bytes_max:
            return PlainTextResponse("request body too large\n", TOO_LARGE)
    answer = await to_thread.run_sync(rpc.answer_bytes, bytes(body))
    return Response(answer, media_type=JSON_TYPE)


async def _health(node: EmbeddedNode, request: Request) -> Response:
    said = {
        "ok": not node.fault,
        "head": node.head.number,
        "head_timestamp": node.head.timestamp,
        "waiting": node.waiting,
        "state_from": node.state_from,
        "clock_behind_s": round(node.clock_behind_s, 3),
        "read_only": node.settings.read_only,
        "fault": node.fault,
    }
    return Response(orjson.dumps(said), 200 if said["ok"] else NOT_READY, media_type=JSON_TYPE)


async def _metrics(node: EmbeddedNode, rpc: Rpc, request: Request) -> Response:
    return PlainTextResponse(exposition(node, rpc), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _websocket(node: EmbeddedNode, rpc: Rpc, is_ours: Callable[[str], bool], socket: WebSocket) -> None:
    origin = socket.headers.get("origin")
    allowed = origin is None or origin in node.settings.cors_origins
    if not allowed or not is_ours(socket.headers.get("host", "")):
        await socket.close(WEBSOCKET_TOO_SLOW)
        return
    await socket.accept()
    connection = _Connection(node, rpc, socket)
    try:
        await connection.run()
    finally:
        connection.close()


class _Connection:
    """One WebSocket: requests answered in order, notices of its subscriptions in between."""

    def __init__(self, node: EmbeddedNode, rpc: Rpc, socket: WebSocket) -> None:
        self._node = node
        self._rpc = rpc
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._outgoing: asyncio.Queue[bytes | None] = asyncio.Queue(node.settings.websocket_backlog_max)
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

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if message["type"] == "websocket.disconnect":
                return
            said = message.get("bytes") or (message.get("text") or "").encode()
            if len(said) > self._node.settings.request_bytes_max:
                await self._socket.close(WEBSOCKET_TOO_LARGE)
                return
            answer = await to_thread.run_sync(self._rpc.answer_bytes, said, self._special)
            if answer:
                await self._outgoing.put(answer)

    async def _write(self) -> None:
        while (message := await self._outgoing.get()) is not None:
            await self._socket.send_text(message.decode())
        await self._socket.close(WEBSOCKET_TOO_SLOW)

    def _special(self, method: str, params: object) -> object:
        return self._subscriptions.answer(method, params)

    def _on_block(self, block: Block) -> None:
        self._loop.call_soon_threadsafe(self._subscriptions.on_block, block)

    def _on_pending(self, transaction_hash: bytes) -> None:
        self._loop.call_soon_threadsafe(self._subscriptions.on_pending, transaction_hash)

    def _notify(self, message: bytes) -> None:
        try:
            self._outgoing.put_nowait(message)
        except asyncio.QueueFull:
            # A reader that does not keep up would otherwise take memory without end: it is let go and may come back.
            while not self._outgoing.empty():
                self._outgoing.get_nowait()
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
