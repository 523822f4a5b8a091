"""JSON-RPC: the protocol, the shapes of the execution APIs, the errors that clients know, the limits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3 import Web3

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.errors import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    LIMIT_EXCEEDED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REVERTED,
    SERVER_ERROR,
)
from chain.node.rpc import Rpc
from tests.chain.node.conftest import RECIPIENT, VALIDATOR_KEYS, rpc, rpc_error, signed
from tests.chain.node.number_contract import KEPT_TOPIC, REASON, keep_call, transact

QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)\Z")
DATA = re.compile(r"0x([0-9a-f]{2})*\Z")
BLOCK_QUANTITIES = [
    "number",
    "difficulty",
    "totalDifficulty",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "baseFeePerGas",
    "size",
]
BLOCK_DATA = {
    "hash": 32,
    "parentHash": 32,
    "sha3Uncles": 32,
    "miner": 20,
    "stateRoot": 32,
    "transactionsRoot": 32,
    "receiptsRoot": 32,
    "logsBloom": 256,
    "mixHash": 32,
    "nonce": 8,
}
TRANSACTION_ALWAYS = [
    "type",
    "hash",
    "from",
    "to",
    "nonce",
    "gas",
    "gasPrice",
    "value",
    "input",
    "chainId",
    "r",
    "s",
    "v",
    "blockHash",
    "blockNumber",
    "blockTimestamp",
    "transactionIndex",
]
RECEIPT = [
    "type",
    "status",
    "transactionHash",
    "transactionIndex",
    "blockHash",
    "blockNumber",
    "from",
    "to",
    "contractAddress",
    "cumulativeGasUsed",
    "gasUsed",
    "effectiveGasPrice",
    "logs",
    "logsBloom",
]
LOG = [
    "address",
    "topics",
    "data",
    "blockNumber",
    "blockHash",
    "blockTimestamp",
    "transactionHash",
    "transactionIndex",
    "logIndex",
    "removed",
]
NOBODY = "0x" + "77" * 32


def is_quantity(said: object) -> bool:
    return isinstance(said, str) and bool(QUANTITY.match(said))


def is_data(said: object, length: int) -> bool:
    return isinstance(said, str) and bool(DATA.match(said)) and len(said) == 2 + 2 * length


def test_a_block_has_the_fields_and_forms_of_the_execution_apis(instant_node: EmbeddedNode, keeper: Any) -> None:
    for number in ("0x0", "0x1"):
        block = rpc(instant_node, "eth_getBlockByNumber", number, False)
        assert set(block) == {*BLOCK_QUANTITIES, *BLOCK_DATA, "extraData", "transactions", "uncles"}
        assert all(is_quantity(block[name]) for name in BLOCK_QUANTITIES)
        assert all(is_data(block[name], length) for name, length in BLOCK_DATA.items())
        assert rpc(instant_node, "eth_getBlockByHash", block["hash"], False) == block


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_transaction_and_its_receipt_have_the_fields_of_their_type(
    instant_node: EmbeddedNode, w3: Web3, keeper: Any, sender: LocalAccount, kind: int
) -> None:
    fields: dict[str, Any] = {"to": keeper.address, "data": keep_call(1), "gas": 200_000, "value": 0, "nonce": 1}
    if kind:
        fields |= {"type": kind, "accessList": [{"address": keeper.address, "storageKeys": [0]}]}
    prices = {"maxFeePerGas": 5, "maxPriorityFeePerGas": 2} if kind == 2 else {"gasPrice": 2}
    raw = sender.sign_transaction({"chainId": instant_node.genesis.chain_id, **fields, **prices}).raw_transaction
    name = "0x" + instant_node.send(bytes(raw)).hex()
    said = rpc(instant_node, "eth_getTransactionByHash", name)
    more = {0: [], 1: ["yParity", "accessList"], 2: ["yParity", "accessList", "maxFeePerGas", "maxPriorityFeePerGas"]}
    assert set(said) == {*TRANSACTION_ALWAYS, *more[kind]}
    assert said["type"] == hex(kind) and said["gasPrice"] == "0x2"
    receipt = rpc(instant_node, "eth_getTransactionReceipt", name)
    assert set(receipt) == set(RECEIPT) and set(receipt["logs"][0]) == set(LOG)
    assert receipt["effectiveGasPrice"] == "0x2" and receipt["type"] == hex(kind)
    assert rpc(instant_node, "eth_getBlockReceipts", "latest") == [receipt]
    assert rpc(instant_node, "eth_getBlockByNumber", "latest", True)["transactions"] == [said]
    assert rpc(instant_node, "eth_getTransactionByBlockNumberAndIndex", "latest", "0x0") == said
    assert rpc(instant_node, "eth_getTransactionByBlockHashAndIndex", said["blockHash"], "0x0") == said
    assert rpc(instant_node, "debug_getRawTransaction", name) == "0x" + bytes(raw).hex()


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0x64", False]),
        ("eth_getBlockByHash", [NOBODY, False]),
        ("eth_getTransactionByHash", [NOBODY]),
        ("eth_getTransactionReceipt", [NOBODY]),
        ("eth_getBlockReceipts", ["0x64"]),
        ("eth_getBlockTransactionCountByNumber", ["0x64"]),
        ("eth_getBlockTransactionCountByHash", [NOBODY]),
        ("eth_getTransactionByBlockNumberAndIndex", ["0x0", "0x5"]),
        ("eth_getUncleByBlockNumberAndIndex", ["0x0", "0x0"]),
    ],
)
def test_the_unknown_is_null(instant_node: EmbeddedNode, method: str, params: list[Any]) -> None:
    assert rpc(instant_node, method, *params) is None


@pytest.mark.parametrize("tag", ["latest", "safe", "finalized", "pending", "0x1"])
def test_every_tag_names_the_head_and_earliest_block_0(instant_node: EmbeddedNode, keeper: Any, tag: str) -> None:
    assert rpc(instant_node, "eth_getBlockByNumber", tag, False)["number"] == "0x1"
    assert rpc(instant_node, "eth_getBlockByNumber", "earliest", False)["number"] == "0x0"
    assert rpc(instant_node, "eth_getCode", keeper.address, tag) != "0x"
    assert rpc(instant_node, "eth_getCode", keeper.address, "earliest") == "0x"


def test_a_block_can_be_named_by_hash_for_state(instant_node: EmbeddedNode, keeper: Any) -> None:
    name = "0x" + instant_node.head.hash.hex()
    assert rpc(instant_node, "eth_getCode", keeper.address, {"blockHash": name, "requireCanonical": True}) != "0x"
    error = rpc_error(instant_node, "eth_getCode", keeper.address, {"blockHash": NOBODY})
    assert error["code"] == SERVER_ERROR
    assert rpc_error(instant_node, "eth_getBalance", RECIPIENT, "0x64") == {
        "code": SERVER_ERROR,
        "message": "block not found",
    }


def test_a_revert_carries_its_data_and_reason(instant_node: EmbeddedNode, keeper: Any) -> None:
    call = {"to": keeper.address, "data": "0x" + keep_call(0).hex()}
    for method in ("eth_call", "eth_estimateGas"):
        error = rpc_error(instant_node, method, call)
        assert error["code"] == REVERTED
        assert error["message"] == f"execution reverted: {REASON.decode()}"
        assert REASON.hex() in error["data"] and error["data"].startswith("0x08c379a0")


def test_other_failures_of_a_call_have_no_data(instant_node: EmbeddedNode) -> None:
    assert rpc_error(instant_node, "eth_call", {"data": "0x5b600056", "gas": "0x186a0"})["message"] == "out of gas"
    assert "data" not in rpc_error(instant_node, "eth_call", {"data": "0xfe"})
    poor = rpc_error(instant_node, "eth_call", {"from": "0x" + "01" * 20, "to": RECIPIENT, "value": "0x1"})
    assert poor["message"].startswith("insufficient funds for transfer")


def test_a_call_that_never_ends_is_stopped(tmp_path: Path, genesis: Genesis) -> None:
    hasty = NodeSettings(call_timeout_s=0.2, call_gas_max=10**12)
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, hasty)
    assert rpc_error(node, "eth_call", {"data": "0x5b600056"})["message"] == "execution aborted (timeout = 0.2s)"
    assert rpc_error(node, "eth_estimateGas", {"data": "0x5b600056"})["code"] == SERVER_ERROR
    node.close()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.integers(1, 2**256 - 1), junk=st.binary(max_size=200))
def test_an_estimate_is_enough_and_not_much_more(
    instant_node: EmbeddedNode, keeper: Any, value: int, junk: bytes
) -> None:
    poor = Account.create()
    data = keep_call(value) + junk
    call = {"from": poor.address, "to": keeper.address, "data": "0x" + data.hex()}
    estimate = int(rpc(instant_node, "eth_estimateGas", call), 16)
    name = instant_node.send(signed(poor, 0, to=keeper.address, data=data, gas=estimate))
    receipt = rpc(instant_node, "eth_getTransactionReceipt", "0x" + name.hex())
    assert receipt["status"] == "0x1"
    assert int(receipt["gasUsed"], 16) <= estimate <= 1.2 * int(receipt["gasUsed"], 16)


def test_the_estimate_of_a_plain_transfer_is_exact(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    call = {"from": sender.address, "to": RECIPIENT, "value": "0x1"}
    assert rpc(instant_node, "eth_estimateGas", call) == hex(21_000)


def test_a_named_access_list_is_what_the_call_touches(instant_node: EmbeddedNode, keeper: Any) -> None:
    call = {"to": keeper.address, "data": "0x" + keep_call(4).hex()}
    said = rpc(instant_node, "eth_createAccessList", call)
    assert said["accessList"] == [{"address": keeper.address.lower(), "storageKeys": ["0x" + "00" * 32]}]
    failed = rpc(instant_node, "eth_createAccessList", {**call, "data": "0x" + keep_call(0).hex()})
    assert failed["error"].startswith("execution reverted")


def test_a_call_may_change_the_state_for_itself(instant_node: EmbeddedNode, keeper: Any) -> None:
    call = {"to": keeper.address, "data": keeper.encode_abi("kept")}
    changed = {keeper.address: {"stateDiff": {"0x" + "00" * 32: "0x" + (6).to_bytes(32).hex()}}}
    assert int(rpc(instant_node, "eth_call", call, "latest", changed), 16) == 6
    assert int(rpc(instant_node, "eth_call", call, "latest"), 16) == 0


def test_logs_are_found_by_address_topic_and_span(
    instant_node: EmbeddedNode, w3: Web3, keeper: Any, sender: LocalAccount
) -> None:
    for value in (1, 2, 3):
        transact(w3, sender, to=keeper.address, data=keep_call(value))
    topic, who = "0x" + KEPT_TOPIC.hex(), "0x" + bytes.fromhex(sender.address[2:]).rjust(32, b"\0").hex()

    def found(**query: Any) -> list[int]:
        return [int(log["data"], 16) for log in rpc(instant_node, "eth_getLogs", {"fromBlock": "0x0", **query})]

    assert found() == found(address=keeper.address) == found(topics=[topic]) == [1, 2, 3]
    assert found(topics=[None, who]) == found(topics=[[topic, NOBODY], [who]]) == [1, 2, 3]
    assert found(fromBlock="0x3", toBlock="0x3") == [2]
    assert found(address=RECIPIENT) == found(topics=[NOBODY]) == found(topics=[topic, who, NOBODY]) == []
    assert found(fromBlock="latest") == [3]
    name = "0x" + instant_node.header(2).hash.hex()
    assert [int(log["data"], 16) for log in rpc(instant_node, "eth_getLogs", {"blockHash": name})] == [1]
    assert rpc_error(instant_node, "eth_getLogs", {"blockHash": NOBODY})["code"] == SERVER_ERROR
    assert rpc_error(instant_node, "eth_getLogs", {"blockHash": name, "fromBlock": "0x0"})["code"] == INVALID_PARAMS
    assert rpc_error(instant_node, "eth_getLogs", {"fromBlock": "0x3", "toBlock": "0x2"})["code"] == INVALID_PARAMS
    # Who polls from the block behind the newest hears of nothing, not of an error.
    assert found(fromBlock="0x5") == found(fromBlock="0x5", toBlock="latest") == found(fromBlock="0x63") == []
    assert found(fromBlock="0x5", toBlock="0x9") == []


def test_a_log_search_is_bounded_in_span_and_answers(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> None:
    limits = NodeSettings(instant=True, log_span_blocks_max=3, log_answers_max=1, filter_terms_max=2)
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, limits)
    for nonce in range(5):
        node.send(signed(sender, nonce, to="", data="0x60006000a060006000a000"))
    assert rpc_error(node, "eth_getLogs", {"fromBlock": "0x0"})["code"] == LIMIT_EXCEEDED
    assert rpc_error(node, "eth_getLogs", {"fromBlock": "0x5"})["code"] == LIMIT_EXCEEDED
    assert rpc_error(node, "eth_getLogs", {"address": [RECIPIENT] * 3})["code"] == INVALID_PARAMS
    node.close()


def test_a_filter_tells_each_thing_once(
    instant_node: EmbeddedNode, w3: Web3, keeper: Any, sender: LocalAccount
) -> None:
    methods = Rpc(instant_node).methods
    logs = methods.answer("eth_newFilter", [{"address": keeper.address}])
    blocks = methods.answer("eth_newBlockFilter", [])
    pending = methods.answer("eth_newPendingTransactionFilter", [])
    transact(w3, sender, to=keeper.address, data=keep_call(2))
    told: Any = methods.answer("eth_getFilterChanges", [logs])
    assert [int(log["data"], 16) for log in told] == [2]
    assert methods.answer("eth_getFilterChanges", [blocks]) == ["0x" + instant_node.head.hash.hex()]
    assert methods.answer("eth_getFilterChanges", [pending]) == ["0x" + instant_node.block(2).hashes[0].hex()]
    for name in (logs, blocks, pending):
        assert methods.answer("eth_getFilterChanges", [name]) == []
    assert methods.answer("eth_uninstallFilter", [logs]) is True
    assert methods.answer("eth_uninstallFilter", [logs]) is False
    assert Rpc(instant_node).answer(request("eth_getFilterChanges", [logs]))["error"]["message"] == "filter not found"  # type: ignore[index]


def request(method: str, params: Any, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params, **more}


def test_filters_are_bounded_and_forgotten(tmp_path: Path, genesis: Genesis) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, NodeSettings(instant=True, filters_max=2))
    filters = Rpc(node).methods.filters
    now = [0.0]
    filters._clock = lambda: now[0]
    names = [filters.install(None), filters.install(None)]
    with pytest.raises(Exception, match="at most 2 filters"):
        filters.install(None)
    now[0] = node.settings.filter_idle_s + 1
    filters.install(None)
    with pytest.raises(Exception, match="filter not found"):
        filters.changes(names[0])
    node.close()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", PARSE_ERROR),
        (b"{", PARSE_ERROR),
        (b"\xff", PARSE_ERROR),
        (b"[]", INVALID_REQUEST),
        (b"1", INVALID_REQUEST),
        (b"{}", INVALID_REQUEST),
        (b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_nothing"}', METHOD_NOT_FOUND),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance"}', INVALID_PARAMS),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":{}}', INVALID_PARAMS),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}', INVALID_PARAMS),
    ],
)
def test_what_is_no_request_gets_the_protocols_error(instant_node: EmbeddedNode, body: bytes, code: int) -> None:
    assert orjson.loads(Rpc(instant_node).answer_bytes(body))["error"]["code"] == code


def test_a_notification_gets_no_answer(instant_node: EmbeddedNode) -> None:
    assert Rpc(instant_node).answer_bytes(b'{"jsonrpc":"2.0","method":"eth_chainId"}') == b""
    assert Rpc(instant_node).answer_bytes(b'[{"jsonrpc":"2.0","method":"eth_chainId"}]') == b""


def test_a_batch_is_answered_in_order_and_bounded(tmp_path: Path, genesis: Genesis) -> None:
    limits = NodeSettings(batch_requests_max=4, answer_bytes_max=100)
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, limits)
    asked = [
        request("eth_chainId", [], id="a"),
        7,
        request("eth_getBlockByNumber", ["0x0"]),
        request("eth_chainId", []),
    ]
    answers = orjson.loads(Rpc(node).answer_bytes(orjson.dumps(asked)))
    assert [answer["id"] for answer in answers] == ["a", None, 1, 1]
    assert answers[1]["error"]["code"] == INVALID_REQUEST
    assert answers[3]["error"]["code"] == LIMIT_EXCEEDED
    longer = orjson.loads(Rpc(node).answer_bytes(orjson.dumps([asked[0]] * 5)))
    assert longer["error"]["code"] == LIMIT_EXCEEDED
    node.close()


@pytest.mark.parametrize("said", ["0x00", "0x01", "1", 1, "0x", "0xg", "", "0x" + "f" * 65, None, [], "LATEST"])
def test_a_quantity_in_another_form_is_refused(instant_node: EmbeddedNode, said: Any) -> None:
    assert rpc_error(instant_node, "eth_getBlockByNumber", said, False)["code"] == INVALID_PARAMS


def test_the_small_methods_answer(instant_node: EmbeddedNode, genesis: Genesis) -> None:
    assert rpc(instant_node, "net_version") == str(genesis.chain_id)
    assert rpc(instant_node, "eth_syncing") is False and rpc(instant_node, "net_listening") is True
    assert rpc(instant_node, "eth_accounts") == []
    assert rpc(instant_node, "eth_gasPrice") == rpc(instant_node, "eth_maxPriorityFeePerGas") == "0x0"
    assert rpc(instant_node, "web3_clientVersion").startswith("tongguan/")
    assert rpc(instant_node, "web3_sha3", "0x") == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    validators = ["0x" + one.hex() for one in genesis.validators]
    assert rpc(instant_node, "qbft_getValidatorsByBlockNumber", "latest") == validators


def test_fee_history_says_that_gas_is_free(instant_node: EmbeddedNode, keeper: Any) -> None:
    said = rpc(instant_node, "eth_feeHistory", "0x5", "latest", [10, 50])
    assert said["oldestBlock"] == "0x0" and said["baseFeePerGas"] == ["0x0"] * 3
    assert said["reward"] == [["0x0", "0x0"]] * 2 and 0 < said["gasUsedRatio"][1] < 1
    assert rpc_error(instant_node, "eth_feeHistory", "0x5", "latest", [50, 10])["code"] == INVALID_PARAMS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=12)
    | st.sampled_from(["0x", "0x0", "0x1", "latest", "earliest", NOBODY, RECIPIENT, "0x" + "f" * 64, "0x5b600056"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["to", "from", "data", "input", "gas", "value", "blockHash", "fromBlock", "toBlock", "topics",
                         "address", "accessList", "storageKeys", "stateDiff", "blockNumber", "x"]), inner, max_size=5),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_meets_an_internal_error(instant_node: EmbeddedNode, keeper: Any, data: st.DataObject) -> None:
    answering = Rpc(instant_node)
    method = data.draw(st.sampled_from(sorted(answering.methods.table)))
    params = data.draw(st.lists(json_values, max_size=4) | json_values)
    said = orjson.loads(answering.answer_bytes(orjson_or_skip(request(method, params))) or b"{}")
    assert said.get("error", {}).get("message") != "internal error", (method, params)


def orjson_or_skip(said: Any) -> bytes:
    try:
        return orjson.dumps(said)
    except TypeError:
        return b"[]"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | json_values.map(orjson_or_skip))
def test_no_body_at_all_breaks_the_node(instant_node: EmbeddedNode, body: bytes) -> None:
    answer = Rpc(instant_node).answer_bytes(body)
    assert b"internal error" not in answer
