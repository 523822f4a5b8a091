"""The node as an operator runs it: HTTP, WebSocket, health, metrics, refusal of strangers, a clean stop."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.errors import LIMIT_EXCEEDED, METHOD_NOT_SUPPORTED, TRANSACTION_REJECTED
from tests.chain.node.conftest import VALIDATOR_KEYS, Served, serve, signed, write_folder
from tests.chain.node.number_contract import BYTECODE, KEPT_TOPIC, keep_call
from tests.samples import REPOSITORY

pytestmark = pytest.mark.slow


def ask(url: str, method: str, *params: Any) -> dict[str, Any]:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    answer: dict[str, Any] = httpx.post(url, json=request).json()
    return answer


def wait_for_receipt(url: str, name: str) -> dict[str, Any]:
    for _ in range(100):
        if found := ask(url, "eth_getTransactionReceipt", name)["result"]:
            return dict(found)
        time.sleep(0.05)
    raise AssertionError("no receipt")


def figures_of(served: Served) -> dict[object, float]:
    """What `/metrics` says, read by Prometheus' own reader: by name, or by name and method."""
    answer = httpx.get(served.url + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [one for family in text_string_to_metric_families(answer.text) for one in family.samples]
    return {(one.name, one.labels["method"]) if one.labels else one.name: one.value for one in samples}


def test_a_node_serves_refuses_strangers_and_stops_clean(served: Served, sender: LocalAccount) -> None:
    name = ask(served.url, "eth_sendRawTransaction", "0x" + signed(sender, 0).hex())["result"]
    assert wait_for_receipt(served.url, name)["status"] == "0x1"

    health = httpx.get(served.url + "/health")
    assert health.status_code == 200 and health.json()["head"] == 1 and health.json()["ok"]
    figures = figures_of(served)
    assert figures["tongguan_node_head_block"] == 1
    assert figures["tongguan_node_requests_total", "eth_sendRawTransaction"] == 1
    assert figures["tongguan_node_fault"] == 0

    body = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
    json_type = {"content-type": "application/json"}
    assert httpx.post(served.url, content=body).status_code == 415
    assert httpx.post(served.url, content=body, headers={**json_type, "host": "evil.example"}).status_code == 403
    assert httpx.post(served.url, content=b" " * 6_000_000, headers=json_type).status_code == 413
    answer = httpx.post(served.url, content=body, headers={**json_type, "origin": "https://page.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert httpx.get(served.url + "/").status_code == 405

    second = [sys.executable, "-m", "chain.node", "--dir", str(served.folder), "--port", "1"]
    refused = subprocess.run(second, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "another process uses the database" in refused.stderr
    assert "Traceback" not in refused.stderr

    assert served.stop() == 0
    assert "stopped at block 1" in (served.folder / "log").read_text()


def test_a_read_only_node_needs_no_keys(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> None:
    write_folder(tmp_path / "dir", genesis)
    node = EmbeddedNode.open(tmp_path / "dir" / "node", genesis, VALIDATOR_KEYS)
    node.send(signed(sender, 0))
    assert node.wait_for_block(0, 5)
    node.close()
    for file in (tmp_path / "dir" / "validators").iterdir():
        file.unlink()
    served = serve(tmp_path / "dir", "--read-only")
    assert ask(served.url, "eth_blockNumber")["result"] == "0x1"
    refused = ask(served.url, "eth_sendRawTransaction", "0x" + signed(sender, 1).hex())
    assert refused["error"]["code"] == METHOD_NOT_SUPPORTED
    assert served.stop() == 0


def test_a_pruned_node_says_from_which_block_it_keeps_states(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    write_folder(tmp_path / "dir", genesis)
    then = NodeSettings(instant=True)
    node = EmbeddedNode.open(tmp_path / "dir" / "node", genesis, VALIDATOR_KEYS, then, clock=lambda: 1_700_000_000.0)
    for nonce in range(20):
        node.send(signed(sender, nonce))
    node.close()
    served = serve(tmp_path / "dir", "--state-blocks", "16", command=("scripts.cli", "node"))
    assert httpx.get(served.url + "/health").json()["state_from"] == 5
    assert figures_of(served)["tongguan_node_state_from_block"] == 5
    assert ask(served.url, "eth_getBalance", sender.address, "0x5")["result"].startswith("0x")
    assert ask(served.url, "eth_getBalance", sender.address, "0x4")["error"]["message"].startswith("missing trie node")
    assert served.stop() == 0


def test_pages_names_and_senders_that_an_operator_lets_in_are_served(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    write_folder(tmp_path / "dir", genesis)
    page, other = "https://page.example", Account.create()
    served = serve(tmp_path / "dir", "--cors-origin", page, "--allow-host", "node.example", "--sender", sender.address)
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    before = httpx.options(served.url, headers={"origin": page, **asks})
    assert before.status_code == 200 and before.headers["access-control-allow-origin"] == page
    assert httpx.options(served.url, headers={"origin": "https://evil.example", **asks}).status_code == 400
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    assert httpx.post(served.url, json=body, headers={"host": "node.example:8545", "origin": page}).status_code == 200
    assert httpx.post(served.url, json=body, headers={"host": "evil.example"}).status_code == 403
    with connect(served.url.replace("http", "ws"), additional_headers={"Origin": page}) as socket:
        socket.send(json.dumps(body))
        assert json.loads(socket.recv(10))["result"] == hex(genesis.chain_id)
    refused = ask(served.url, "eth_sendRawTransaction", "0x" + signed(other, 0).hex())["error"]
    assert refused["code"] == TRANSACTION_REJECTED and other.address.lower() in refused["message"]
    assert "result" in ask(served.url, "eth_sendRawTransaction", "0x" + signed(sender, 0).hex())
    assert served.stop() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["chain.node", "--dir", "nowhere", "--state-blocks", "15"],
        ["chain.node", "--dir", "nowhere", "--state-blocks", "many"],
        ["scripts.cli", "node", "nowhere", "--state-blocks", "15"],
        ["scripts.cli", "node"],
        ["scripts.cli", "node", "nowhere", "--dir", "nowhere"],
    ],
)
def test_bad_usage_ends_with_2_and_no_traceback(arguments: list[str]) -> None:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_wrong_passphrase_is_refused_in_one_sentence(tmp_path: Path, genesis: Genesis) -> None:
    write_folder(tmp_path / "dir", genesis)
    (tmp_path / "dir" / "passphrase").write_text("wrong")
    command = [sys.executable, "-m", "chain.node", "--dir", str(tmp_path / "dir"), "--port", "1"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "cannot be opened with the passphrase" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_websocket_hears_of_blocks_and_logs(served: Served, sender: LocalAccount) -> None:
    with connect(served.url.replace("http", "ws")) as socket:

        def say(method: str, *params: Any) -> None:
            socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}))

        def call(method: str, *params: Any) -> dict[str, Any]:
            say(method, *params)
            while "id" not in (answer := json.loads(socket.recv(10))):
                pass
            return dict(answer)

        heads = call("eth_subscribe", "newHeads")["result"]
        logs = call("eth_subscribe", "logs", {"topics": ["0x" + KEPT_TOPIC.hex()]})["result"]
        pending = call("eth_subscribe", "newPendingTransactions")["result"]
        assert "error" in call("eth_subscribe", "newPuppies")
        created = ask(
            served.url, "eth_sendRawTransaction", "0x" + signed(sender, 0, to="", data=BYTECODE, gas=300_000).hex()
        )
        address = wait_for_receipt(served.url, created["result"])["contractAddress"]
        kept = signed(sender, 1, to=address_checksum(address), data=keep_call(5), gas=300_000)
        name = ask(served.url, "eth_sendRawTransaction", "0x" + kept.hex())["result"]
        told: dict[str, list[Any]] = {heads: [], logs: [], pending: []}
        while len(told[heads]) < 2 or not told[logs] or len(told[pending]) < 2:
            notice = json.loads(socket.recv(10))
            assert notice["method"] == "eth_subscription"
            told[notice["params"]["subscription"]].append(notice["params"]["result"])
        assert [head["number"] for head in told[heads]] == ["0x1", "0x2"]
        block = ask(served.url, "eth_getBlockByNumber", "0x2", False)["result"]
        assert told[heads][1].items() <= block.items()
        assert [log["transactionHash"] for log in told[logs]] == [name] and told[pending] == [created["result"], name]
        assert call("eth_unsubscribe", heads)["result"] is True
        assert "error" in call("eth_unsubscribe", heads)
        for _ in range(98):
            call("eth_subscribe", "newHeads")
        assert call("eth_subscribe", "newHeads")["error"]["code"] == LIMIT_EXCEEDED


def address_checksum(address: str) -> str:
    from web3 import Web3

    return str(Web3.to_checksum_address(address))


def test_a_websocket_from_a_foreign_page_or_with_a_huge_message_is_closed(served: Served) -> None:
    url = served.url.replace("http", "ws")
    with pytest.raises(InvalidStatus), connect(url, origin="https://page.example"):  # type: ignore[arg-type]
        pass
    with connect(url, max_size=None) as socket, pytest.raises(ConnectionClosed):
        socket.send("x" * 6_000_000)
        socket.recv(10)
    assert ask(served.url, "eth_chainId")["result"]
