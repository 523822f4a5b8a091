"""A gateway that starts: it waits for a chain that cannot be reached yet, and for no other."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import gateway.app
from chain.ledger.faults import LedgerUnreachable, WrongChain
from gateway.settings import GatewaySettings
from tests.fakes.ledger_simulator import Consortium
from tests.gateway.memory_consortium import GATEWAY

ROOT = Consortium().trust_root()


class OtherChain(BaseHTTPRequestHandler):
    """An endpoint of chain 1."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "0x1"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def endpoint() -> Iterator[ThreadingHTTPServer]:
    """Bound to a port; it listens once it is told to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), OtherChain, bind_and_activate=False)
    server.timeout = 0.2
    server.server_bind()
    yield server
    server.server_close()


def listen(server: ThreadingHTTPServer) -> None:
    server.server_activate()
    threading.Thread(target=_serve, args=(server,), daemon=True).start()


def _serve(server: ThreadingHTTPServer) -> None:
    """Until the socket is closed."""
    while server.socket.fileno() != -1:
        server.handle_request()


def settings_for(server: ThreadingHTTPServer) -> GatewaySettings:
    files = {name: Path(name) for name, one in GatewaySettings.model_fields.items() if name.endswith("_file")}
    return GatewaySettings(
        member=GATEWAY,
        rpc_url=f"http://127.0.0.1:{server.server_address[1]}",
        store_url="sqlite://",
        index_dir=Path("index"),
        **files,  # type: ignore[arg-type]
    )


def test_an_endpoint_of_another_chain_is_named_at_once(
    endpoint: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("gateway.app.time.sleep", waits.append)
    listen(endpoint)
    with pytest.raises(WrongChain, match="chain id"):
        gateway.app.connect(settings_for(endpoint), ROOT)
    assert waits == []


def test_an_endpoint_that_is_not_there_yet_is_waited_for(
    endpoint: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            listen(endpoint)

    monkeypatch.setattr("gateway.app.time.sleep", wait)
    with pytest.raises(WrongChain):
        gateway.app.connect(settings_for(endpoint), ROOT)
    assert len(waits) == 2


def test_an_endpoint_that_never_comes_is_named_when_the_time_is_up(
    endpoint: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.app, "CONNECT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(gateway.app, "CONNECT_PAUSE_S", 0.05)
    with pytest.raises(LedgerUnreachable):
        gateway.app.connect(settings_for(endpoint), ROOT)
