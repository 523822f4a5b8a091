"""Clients that make a node hold or do much for little: bodies never finished, answers never read, nested bytes."""

from __future__ import annotations

import base64
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import orjson
import pytest
import uvicorn
from eth_account.signers.local import LocalAccount

from chain.http_limits import Connections, bounded_http
from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.__main__ import RECURSION_DEPTH_MAX
from chain.node.errors import LIMIT_EXCEEDED, TransactionRefused
from chain.node.genesis import Allotment
from chain.node.http import create_app
from chain.node.rpc import Rpc
from chain.node.transactions import parse_transaction
from tests.chain.node.conftest import CHAIN_ID, VALIDATOR_KEYS, rpc, rpc_error, signed

MB = 1 << 20
LIMITS = NodeSettings(
    instant=True,
    body_bytes_per_client_max=2 * MB,
    body_bytes_all_max=3 * MB,
    answer_bytes_per_client_max=2 * MB,
    answer_bytes_all_max=4 * MB,
    websocket_backlog_bytes_max=MB // 2,
    log_answer_bytes_max=2_000,
)
ASK = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
CODE = "0x" + "56" * 20
"""An account whose code is large."""
SELF_CALLER = "0x" + "57" * 20
"""One whose code calls itself with all its gas, and so for some 600 calls."""


class Node(NamedTuple):
    """A node that answers over HTTP."""

    port: int
    embedded: EmbeddedNode


@pytest.fixture
def node(tmp_path: Path, genesis: Genesis) -> Iterator[Node]:
    codes = {CODE: b"\x00" * 24_000, SELF_CALLER: bytes.fromhex("60006000600060006000305af100")}
    alloc = genesis.alloc | {bytes.fromhex(at[2:]): Allotment(code=code) for at, code in codes.items()}
    founded = Genesis(genesis.chain_id, genesis.gas_limit, genesis.timestamp, genesis.validators, alloc)
    embedded = EmbeddedNode.open(tmp_path / "node", founded, VALIDATOR_KEYS, LIMITS)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        config = uvicorn.Config(
            create_app(embedded), http=bounded_http(Connections()), log_level="critical", lifespan="off"
        )
        server = uvicorn.Server(config)
        serving = threading.Thread(target=server.run, args=([listening],), daemon=True)
        serving.start()
        yield Node(int(listening.getsockname()[1]), embedded)
        server.should_exit = True
        serving.join(10)
    embedded.close()


def hold_body(port: int, source: str, size: int) -> socket.socket:
    """A request of whose body the last byte never comes."""
    connection = socket.create_connection(("127.0.0.1", port), 5, (source, 0))
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % (size + 1) + b" " * size)
    return connection


def answered(connection: socket.socket) -> bytes:
    """The status that is answered at once; empty where none is."""
    connection.settimeout(0.3)
    try:
        return connection.recv(100)[9:12]
    except TimeoutError:
        return b""


def test_bodies_that_never_end_are_bounded_and_small_requests_are_answered(node: Node) -> None:
    with ExitStack() as held:
        bodies = [held.enter_context(hold_body(node.port, "127.0.0.2", MB)) for _ in range(4)]
        time.sleep(0.3)
        assert sorted(map(answered, bodies)) == [b"", b"", b"429", b"429"]
        headers = {"content-type": "application/json"}
        assert httpx.post(f"http://127.0.0.1:{node.port}", content=ASK, headers=headers).status_code == 200
    others = hold_body(node.port, "127.0.0.3", MB)
    assert answered(others) == b""
    others.close()


def frame(payload: bytes) -> bytes:
    """A WebSocket text message, masked with zeros."""
    return b"\x81" + bytes([0x80 | 126]) + struct.pack(">H", len(payload)) + bytes(4) + payload


def test_a_websocket_that_reads_nothing_has_few_answers_waiting(node: Node) -> None:
    batch = [{"jsonrpc": "2.0", "id": n, "method": "eth_getCode", "params": [CODE, "latest"]} for n in range(20)]
    asked, key = orjson.dumps(batch), base64.b64encode(os.urandom(16))
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", node.port))
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: %b\r\nSec-WebSocket-Version: 13\r\n\r\n" % key
        )
        time.sleep(0.3)
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):  # the node takes no more of them
            for _ in range(2_000):
                connection.sendall(frame(asked))
    assert httpx.get(f"http://127.0.0.1:{node.port}/health").status_code == 200


def test_a_batch_is_cut_where_its_client_has_too_many_answers_waiting(node: Node) -> None:
    rpc = Rpc(node.embedded)
    batch = [{"jsonrpc": "2.0", "id": n, "method": "eth_getCode", "params": [CODE, "latest"]} for n in range(90)]
    answers = orjson.loads(rpc.answer_bytes(orjson.dumps(batch)))
    whole = [answer for answer in answers if "result" in answer]
    assert 1.9 * MB < sum(len(answer["result"]) for answer in whole) < 2.2 * MB
    assert {answer["error"]["code"] for answer in answers[len(whole) :]} == {LIMIT_EXCEEDED}
    assert rpc.answers.total == 0


def test_a_body_of_very_many_values_is_refused_before_it_is_parsed(instant_node: EmbeddedNode) -> None:
    began = time.monotonic()
    answer = orjson.loads(Rpc(instant_node).answer_bytes(b"[" + b"[]," * 1_600_000 + b"[]]"))
    assert answer["error"]["code"] == LIMIT_EXCEEDED and "values" in answer["error"]["message"]
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("first", [b"", b"\x01", b"\x02"])
def test_bytes_that_nest_are_refused_without_following_them(first: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(TransactionRefused, match="nest too deep"):
        parse_transaction(first + b"\xc1" * 100_000, CHAIN_ID)
    with pytest.raises(TransactionRefused, match="nest too deep"):
        parse_transaction(first + b"\xf9\xff\xff" * 40_000, CHAIN_ID)
    assert time.monotonic() - began < 0.5


def test_contracts_that_call_themselves_end_for_want_of_gas_within_the_nodes_recursion_limit(node: Node) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(RECURSION_DEPTH_MAX)
    try:
        call = {"to": SELF_CALLER, "gas": "0x2faf080"}
        assert rpc(node.embedded, "eth_call", call, "latest") == "0x"
    finally:
        sys.setrecursionlimit(before)


def test_logs_are_bounded_by_bytes_too(node: Node, sender: LocalAccount) -> None:
    # Code that writes a log of 1,024 bytes.
    node.embedded.send(signed(sender, 0, to="", data="0x6104006000a0", gas=100_000))
    node.embedded.send(signed(sender, 1, to="", data="0x6104006000a0", gas=100_000))
    assert rpc_error(node.embedded, "eth_getLogs", {"fromBlock": "0x0"})["code"] == LIMIT_EXCEEDED
