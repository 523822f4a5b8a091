"""A JSON-RPC endpoint over real HTTP, in front of a real embedded node, that misbehaves as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from web3.providers.base import BaseProvider

STRIKE_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Reply:
    """What goes out over the wire; no reply at all where `dropped`."""

    body: bytes = b""
    status: int = 200
    media_type: str = "application/json"
    dropped: bool = False
    said_length: int | None = None
    """The Content-Length that is claimed, where it is not the truth."""


Forward = Callable[[dict[str, Any]], dict[str, Any]]
Misbehaviour = Callable[[dict[str, Any], Forward], Reply | None]
"""(request, the honest node) to a reply; None where this request is answered honestly."""


@dataclass
class Wire:
    """The endpoint: honest until `fault` is set. `asked` counts requests by method."""

    node: BaseProvider
    url: str = ""
    fault: Misbehaviour | None = None
    asked: dict[str, int] = field(default_factory=dict)
    struck: int = 0
    """How many requests were answered by the fault."""

    def forward(self, request: dict[str, Any]) -> dict[str, Any]:
        """The honest answer."""
        answer = self.node.make_request(request["method"], request["params"])
        return {**answer, "id": request["id"]}

    def wait_until_struck(self) -> None:
        """Returns once a fault was answered: one that dawdles may end after all is anchored; fails where none was."""
        until = time.monotonic() + STRIKE_TIMEOUT_S
        while not self.struck:
            assert time.monotonic() < until, "no request met the fault"
            time.sleep(0.02)

    def reply(self, request: dict[str, Any]) -> Reply:
        """What this request gets."""
        self.asked[request["method"]] = self.asked.get(request["method"], 0) + 1
        told = self.fault(request, self.forward) if self.fault else None
        if told is None:
            return honest(self.forward(request))
        self.struck += 1
        return told


def honest(answer: dict[str, Any]) -> Reply:
    """An answer as the node gives it."""
    return Reply(json.dumps(answer).encode())


@contextmanager
def open_wire(node: BaseProvider) -> Iterator[Wire]:
    """The endpoint on a loopback port, until the block ends."""
    wire = Wire(node)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            reply = wire.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if reply.dropped:
                self.close_connection = True
                return
            with suppress(ConnectionError):  # who asked did not wait
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.media_type)
                self.send_header("Content-Length", str(reply.said_length or len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
            self.close_connection = reply.said_length is not None

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a fault is what these tests are about."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
        serving.join(5)
