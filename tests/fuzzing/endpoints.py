"""The routes of a gateway and the JSON-RPC of a node against changed requests: how each is answered.

A request is one line of JSON, so that it can be written down and tried again like any other input. What a route or
method takes is known from `/openapi.json` and the node's table; most requests nearly fit, some fit not at all.
"""

from __future__ import annotations

import json
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from coincurve import PrivateKey
from starlette.testclient import TestClient

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.blocks import address_of
from chain.node.errors import INTERNAL_ERROR
from chain.node.rpc import Rpc
from tests.fuzzing.changes import changed_bytes
from tests.gateway.memory_consortium import PUBLIC_URL, PaperGateway, Town

SECONDS_MAX = 2.0
"""Of the clock, for one request; a busy machine takes its share."""
ANSWER_BYTES_MAX = 4 << 20
PROBLEM = "application/problem+json"
NEEDS_A_CHAIN = ("/bundle", "/readyz", "/v1/ledger/checkpoints")
"""What a gateway over a paper chain may refuse with 503: its proofs are none."""

_TEXTS = (
    *(
        "",
        "0",
        "-1",
        "1",
        "9" * 40,
        "1e9",
        "NaN",
        "null",
        "true",
        "[]",
        "{}",
        "%00",
        "\u0000",
        "\ud800",
        "\u202e",
        "a" * 9_000,
    ),
    *("../../etc/passwd", "' OR 1=1 --", "%", "_", "*", "?", "#", "/", "//", "\\", "6CN91110000MA0090065W-000001"),
    *("declaration", "container", "TEMU1234567", "2026-11-20", "2026-13-40", "00" * 32, "AB" * 32, "-", "日本", "电脑"),
)
_NUMBERS = (0, 1, -1, 2**31, 2**63, 2**64, 2**256, 10**400)
_HEX = ("0x", "0x0", "0x00", "0x1", "0xg", "0x" + "f" * 64, "0x" + "0" * 40, "0x" + "11" * 20, "0x" + "ab" * 5_000)
_MEMBERS = (
    *("to", "from", "data", "input", "gas", "value", "address", "topics"),
    *("fromBlock", "toBlock", "blockHash", "nonce", "accessList"),
)
_TAGS = ("latest", "earliest", "pending", "safe", "finalized", "newest")


class Broken(Exception):
    """An answer breaks a promise."""


@lru_cache(maxsize=1)
def gateway_served() -> tuple[PaperGateway, Town, TestClient, dict[str, Any]]:
    """A gateway with a few records, one connection to it, and what it says of its routes."""
    town = Town.make()
    gateway = PaperGateway(Path(tempfile.mkdtemp(prefix="fuzzing-")), town.chain, town.clock)
    for number in range(3):
        gateway.intake.accept(town.event(number).serialize().encode())
    gateway.seal()
    gateway.follow()
    client = TestClient(gateway.app(), base_url=PUBLIC_URL, raise_server_exceptions=False)
    return gateway, town, client, client.get("/openapi.json").json()["paths"]


@lru_cache(maxsize=1)
def node_served() -> Rpc:
    """A node of one validator that seals at once."""
    key = bytes([1]) * 32
    genesis = Genesis(20260, 60_000_000, 1_700_000_000, (address_of(PrivateKey(key)),), {})
    folder = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    settings = NodeSettings(instant=True, call_timeout_s=0.5)
    return Rpc(EmbeddedNode.open(folder / "node", genesis, [key], settings))


def next_http(random: Random) -> bytes:
    """A request to a route, as JSON."""
    _, town, _, paths = gateway_served()
    path = random.choice([*paths])
    methods = [method for method in paths[path] if method in ("get", "post", "put", "delete")]
    method = random.choice(methods)
    operation = paths[path][method]
    filled = path
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            filled = filled.replace("{" + parameter["name"] + "}", quote(_text(random), safe="", errors="replace"))
    names = [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]
    query = [[random.choice([*names, "nonsense"]), _text(random)] for _ in range(random.choice((0, 0, 1, 2, 3)))]
    types = [*operation.get("requestBody", {}).get("content", {})] or ["application/json"]
    body = _body(random, town) if method in ("post", "put") or random.random() < 0.05 else ""
    request = {
        "method": random.choice((method, method, method, "head", "patch")),
        "path": filled,
        "query": query,
        "who": random.choice(("carrier", "carrier", "carrier", "nobody", "changed")),
        "type": random.choice((*types, *types, "text/plain", "")),
        "body": body,
    }
    return json.dumps(request).encode()


def answer_http(given: bytes) -> str:
    """Sends a request; the status with the kind of problem. Raises `Broken`."""
    gateway, town, client, _ = gateway_served()
    request = json.loads(given)
    headers = {"Content-Type": request["type"]} if request["type"] else {}
    if request["who"] != "nobody":
        # A member that asks so often would be slowed, which is not what is tried here.
        town.clock.now += 1.0
        gateway.registry.refresh()
        headers |= gateway.bearer(town.carrier)
        if request["who"] == "changed":
            headers["Authorization"] = headers["Authorization"][:-3] + "AAA"
    query = [(name, value.encode("utf-8", "replace").decode()) for name, value in request["query"]]
    body = request["body"].encode("utf-8", "surrogatepass")
    if request["path"] == "/v1/changes":
        return "not asked: a feed never ends"
    began = time.monotonic()
    answer = client.request(request["method"], request["path"], params=query, headers=headers, content=body)
    took_s = time.monotonic() - began
    kind = ""
    if answer.status_code >= 400 and request["method"] != "head":
        if answer.headers.get("content-type", "") != PROBLEM and not request["path"].startswith("/readyz"):
            raise Broken(f"{answer.status_code} without a problem document")
        kind = str(answer.json().get("type", ""))
    if answer.status_code == 500 or (answer.status_code == 503 and not request["path"].endswith(NEEDS_A_CHAIN)):
        raise Broken(f"{request['method']} answered with {answer.status_code} {kind}")
    if len(answer.content) > ANSWER_BYTES_MAX:
        raise Broken(f"an answer of {len(answer.content)} bytes")
    if took_s > SECONDS_MAX:
        raise Broken("slow")
    return f"{answer.status_code} {kind}"


def next_json_rpc(random: Random) -> bytes:
    """A request body for the node."""
    methods = [*node_served().methods.table, "eth_nothing", "", "engine_newPayloadV1"]

    def question() -> object:
        if random.random() < 0.05:
            return random.choice((None, 1, "x", [], {}))
        asked: dict[str, object] = {"jsonrpc": random.choice(("2.0", "2.0", "2.0", "1.0")), "id": _value(random, 1)}
        asked["method"] = random.choice(methods) if random.random() < 0.95 else _value(random, 1)
        asked["params"] = [_value(random, 3) for _ in range(random.randrange(4))] if random.random() < 0.95 else 1
        return asked

    whole: object = [question() for _ in range(random.randrange(5))] if random.random() < 0.1 else question()
    body = json.dumps(whole, ensure_ascii=random.random() < 0.9).encode("utf-8", "surrogatepass")
    return changed_bytes(body, random) if random.random() < 0.1 else body


def answer_json_rpc(given: bytes) -> str:
    """Puts a request to the node; the code of the answer. Raises `Broken`."""
    began = time.monotonic()
    answer = node_served().answer_bytes(given)
    took_s = time.monotonic() - began
    if len(answer) > ANSWER_BYTES_MAX:
        raise Broken(f"an answer of {len(answer)} bytes")
    if took_s > SECONDS_MAX:
        raise Broken("slow")
    if not answer:
        return "no answer is due"
    whole = json.loads(answer)
    codes = {line.get("error", {}).get("code", 0) for line in (whole if isinstance(whole, list) else [whole])}
    if INTERNAL_ERROR in codes:
        raise Broken(f"a fault of the node: {answer[:200]!r}")
    return "answered" if codes <= {0} else f"refused {sorted(codes)}"


def _text(random: Random) -> str:
    text = random.choice(_TEXTS)
    return text + random.choice(_TEXTS) if random.random() < 0.1 else text


def _body(random: Random, town: Town) -> str:
    match random.randrange(6):
        case 0:
            return town.event(random.randrange(9)).serialize()
        case 1:
            return changed_bytes(town.event(random.randrange(9)).serialize().encode(), random).decode("latin-1")
        case 2:
            return "\n".join(json.dumps(town.event(number).serialize()) for number in range(random.randrange(4)))
        case 3:
            return "&".join(f"{name}={_text(random)}" for name in ("grant_type", "client_assertion", "x"))
        case 4:
            return json.dumps({name: _value(random, 2) for name in ("url", "after", "x")})
    return _text(random) * random.randrange(3) + "[" * random.randrange(2_000)


def _value(random: Random, depth: int) -> object:
    match random.randrange(8 if depth else 5):
        case 0:
            return random.choice(_HEX)
        case 1:
            return random.choice(_TAGS)
        case 2:
            return random.choice(_NUMBERS)
        case 3:
            return random.choice(_TEXTS)
        case 4:
            return random.choice((None, True, False, 1.5))
        case 5:
            return [_value(random, depth - 1) for _ in range(random.randrange(4))]
        case 6:
            names = (
                "to",
                "from",
                "data",
                "input",
                "gas",
                "value",
                "address",
                "topics",
                "fromBlock",
                "toBlock",
                "blockHash",
            )
            return {random.choice(names): _value(random, depth - 1) for _ in range(random.randrange(5))}
    return random.choice((*_HEX, *_TAGS))
