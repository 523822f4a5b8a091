"""The ledger's HTTP transport: what it sends, what it keeps open, and what it takes for no answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chain.ledger.endpoint import Endpoint
from chain.ledger.faults import LedgerUnreachable


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status = 200
        self.heard: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, dict(self.headers), asked))
        body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": asked["params"]}).encode()
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def endpoint_of(server: Server, user: str = "", path: str = "") -> Endpoint:
    return Endpoint(f"http://{user}127.0.0.1:{server.server_address[1]}{path}", 5)


def test_path_query_and_user_of_the_url_are_used(server: Server) -> None:
    endpoint = endpoint_of(server, "reader:p%40ss@", "/v3/key?network=1")
    assert endpoint.request("eth_chainId") == []
    ((path, headers, asked),) = server.heard
    assert path == "/v3/key?network=1"
    assert headers["authorization"] == "Basic cmVhZGVyOnBAc3M="
    assert headers["Content-Type"] == "application/json"
    assert (asked["jsonrpc"], asked["method"], asked["params"]) == ("2.0", "eth_chainId", [])


def test_one_connection_serves_one_thread_after_another(server: Server) -> None:
    endpoint = endpoint_of(server)
    assert [endpoint.request("ask", number) for number in range(5)] == [[number] for number in range(5)]
    assert server.connections == 1
    assert len({asked["id"] for _, _, asked in server.heard}) == 5


def test_many_threads_hear_each_its_own_answer(server: Server) -> None:
    endpoint = endpoint_of(server)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: endpoint.request("ask", n), range(200))) == [[n] for n in range(200)]


@pytest.mark.parametrize("status", [204, 301, 307, 401, 500, 503])
def test_no_other_status_than_200_is_an_answer_and_nobody_is_sent_elsewhere(server: Server, status: int) -> None:
    server.status = status
    with pytest.raises(LedgerUnreachable, match=str(status)):
        endpoint_of(server).request("eth_chainId")
    assert len(server.heard) == 1


def test_an_endpoint_that_is_not_there_is_unreachable_and_its_secrets_are_not_told() -> None:
    with pytest.raises(LedgerUnreachable) as caught:
        Endpoint("http://reader:secret@127.0.0.1:9/v3/hidden", 1).request("eth_chainId")
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)
