"""Nobody stops a node: by a full disk, a jumping clock, a lost folder, many calls or slow precompiles."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.clock import WatchedClock
from chain.errors import Malformed
from chain.members import AccountState, AccountVersion
from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.__main__ import find_registry
from chain.node.call_slots import CLIENT
from chain.node.errors import LIMIT_EXCEEDED, TRANSACTION_REJECTED, NodeStoreFault, TransactionRefused
from chain.node.genesis import Allotment
from chain.node.mempool import Journal
from chain.node.rpc import Rpc
from chain.node.vm import BLAKE2F, ECMUL, ECPAIRING
from chain.proof.storage_layout import account_slot, account_versions_slot
from tests.chain.node.conftest import VALIDATOR_KEYS, rpc, rpc_error, signed

ENDLESS = "0x5b600056"
"""Code that jumps to its own beginning."""
REGISTRY_AT = b"\x77" * 20


class Hands:
    """A wall clock and a steady one that a test sets."""

    def __init__(self, now: float) -> None:
        self.wall = now
        self.steady = 1_000.0

    def pass_s(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def hands() -> Hands:
    return Hands(1_700_000_100.0)


@pytest.fixture
def clocked(tmp_path: Path, genesis: Genesis, hands: Hands) -> Iterator[EmbeddedNode]:
    node = EmbeddedNode.open(
        tmp_path / "node", genesis, VALIDATOR_KEYS, clock=lambda: hands.wall, steady=lambda: hands.steady
    )
    yield node
    node.close()


def _wait_until(reached: Any, timeout_s: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if reached():
            return True
        time.sleep(0.02)
    return False


def test_a_clock_that_jumps_and_comes_back_dates_no_block(
    clocked: EmbeddedNode, hands: Hands, sender: LocalAccount
) -> None:
    hands.wall += 7_200
    clocked.send(signed(sender, 0))
    assert not clocked.wait_for_block(0, 1.5)
    assert "jumped by +7200 s" in clocked.fault
    hands.wall -= 7_200
    assert clocked.wait_for_block(0, 3.0)
    assert clocked.header(1).timestamp < hands.wall + 1
    assert clocked.fault == ""


def test_a_new_time_that_stands_is_believed() -> None:
    hands = Hands(1_700_000_000.0)
    clock = WatchedClock(lambda: hands.wall, lambda: hands.steady, settle_s=300)
    hands.wall += 3_600
    assert clock.jump_s == pytest.approx(3_600)
    hands.pass_s(299)
    assert clock.fault
    hands.pass_s(2)
    assert clock.fault == ""
    for _ in range(100):  # slewing is no jump
        hands.pass_s(10)
        hands.wall += 1
        assert clock.fault == ""


def test_what_the_disk_does_not_take_does_not_wait_and_the_node_goes_on(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS)
    try:
        full = threading.Event()
        full.set()
        append = Journal.append

        def append_where_room(journal: Journal, raw: bytes) -> None:
            if full.is_set():
                raise NodeStoreFault("the journal of waiting transactions cannot be written: no space")
            append(journal, raw)

        monkeypatch.setattr(Journal, "append", append_where_room)
        for nonce in range(8):
            with pytest.raises(NodeStoreFault):
                node.send(signed(sender, nonce))
        assert node.waiting == 0
        full.clear()
        for nonce in range(8):
            node.send(signed(sender, nonce))
        assert _wait_until(lambda: node.waiting == 0)
        assert node.fault == ""
    finally:
        node.close()


def test_a_torn_write_hides_no_later_entry(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "waiting.journal")
    journal.append(b"first")

    class Torn:
        """A file that takes three bytes and is full then."""

        def __init__(self, file: Any) -> None:
            self._file = file

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def write(self, content: bytes) -> int:
            if len(content) > 3:
                return int(self._file.write(content[:3]))
            raise OSError(28, "No space left on device")

    whole = journal._open
    journal._open = Torn(whole)  # type: ignore[assignment]
    with pytest.raises(NodeStoreFault):
        journal.append(b"x")
    journal._open = whole
    journal.append(b"second")
    assert journal.read() == [b"first", b"second"]
    assert (tmp_path / "waiting.journal").stat().st_mode & 0o777 == 0o600


def test_a_transaction_that_ages_makes_the_node_unhealthy(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    settings = NodeSettings(runnable_age_max_s=0.2)
    now = [genesis.timestamp - 10_000.0]  # the clock lies behind block 0: no block can be dated
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS, settings, clock=lambda: now[0])
    try:
        node.send(signed(sender, 0))
        assert _wait_until(lambda: "can run has waited" in node.fault)
        now[0] = genesis.timestamp + 10.0
        assert _wait_until(lambda: node.fault == "" and node.waiting == 0)
    finally:
        node.close()


def test_a_database_folder_that_vanishes_is_noticed(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> None:
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS)
    try:
        shutil.move(tmp_path / "node", tmp_path / "away")
        assert "gone from its folder" in node.fault
        with pytest.raises(TransactionRefused, match="gone from its folder"):
            node.send(signed(sender, 0))
        shutil.move(tmp_path / "away", tmp_path / "node")
        node.send(signed(sender, 0))
        assert node.wait_for_block(0, 5)
    finally:
        node.close()


def _registered(address: str, state: AccountState) -> dict[int, int]:
    at = bytes.fromhex(address[2:])
    word = 1 | int(state) << 40 | 1 << 48 | int.from_bytes(b"91110000100000001W") << 56
    assert AccountVersion.parse_word(word) is not None
    return {account_versions_slot(at): 1, account_slot(at, 0): word}


def test_only_active_accounts_of_the_registry_send(tmp_path: Path, genesis: Genesis) -> None:
    member, left, stranger, named = (Account.create() for _ in range(4))
    storage = _registered(member.address, AccountState.ACTIVE) | _registered(left.address, AccountState.REVOKED)
    founded = Genesis(
        genesis.chain_id,
        genesis.gas_limit,
        genesis.timestamp,
        genesis.validators,
        {**genesis.alloc, REGISTRY_AT: Allotment(code=b"\x00", storage=storage)},
    )
    settings = NodeSettings(instant=True, registry=REGISTRY_AT, senders=frozenset({bytes.fromhex(named.address[2:])}))
    node = EmbeddedNode.open(tmp_path / "node", founded, VALIDATOR_KEYS, settings)
    try:
        node.send(signed(member, 0))
        node.send(signed(named, 0))
        for key in (left, stranger):
            with pytest.raises(TransactionRefused, match="no active account") as refused:
                node.send(signed(key, 0))
            assert refused.value.rpc_code == TRANSACTION_REJECTED
    finally:
        node.close()


@pytest.mark.parametrize(
    ("at", "given"),
    [(ECPAIRING, bytes(192 * 80)), (ECMUL, bytes(96)), (BLAKE2F, (60_000_000).to_bytes(4) + bytes(209))],
)
def test_a_precompile_costs_gas_for_its_time(instant_node: EmbeddedNode, at: bytes, given: bytes) -> None:
    call = {"to": "0x" + at.hex(), "data": "0x" + given.hex(), "gas": "0x2faf080"}
    start = time.process_time()
    answer = Rpc(instant_node).answer({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call]})
    assert answer is not None
    if at == ECMUL:
        assert "result" in answer
        least = int(rpc(instant_node, "eth_estimateGas", call), 16)
        assert least > 60_000
    else:
        assert "error" in answer
        assert time.process_time() - start < 2, "it ran before its gas was asked for"


def test_calls_wait_for_a_slot_and_are_refused_by_name(tmp_path: Path, genesis: Genesis) -> None:
    settings = NodeSettings(call_timeout_s=0.5, call_gas_max=10**12, calls_at_once_max=1)
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS, settings)
    try:
        with node.call_slot():
            error = rpc_error(node, "eth_call", {"data": "0x00"})
        assert (error["code"], error["message"]) == (LIMIT_EXCEEDED, "more than 1 calls run at once; try later")
        assert rpc(node, "eth_call", {"data": "0x00"}) == "0x"
    finally:
        node.close()


def test_one_clients_endless_calls_leave_a_slot_for_others(tmp_path: Path, genesis: Genesis) -> None:
    settings = NodeSettings(call_timeout_s=1.0, call_gas_max=10**12, calls_at_once_max=2, calls_per_client_max=1)
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS, settings)
    answers = Rpc(node)

    def call(client: str, data: str) -> Any:
        CLIENT.set(client)
        return answers.answer({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"data": data}]})

    try:
        with ThreadPoolExecutor(3) as clients:
            greedy = [clients.submit(call, "10.0.0.1", ENDLESS) for _ in range(2)]
            time.sleep(0.2)
            began = time.monotonic()
            assert clients.submit(call, "10.0.0.2", "0x00").result()["result"] == "0x"
            assert time.monotonic() - began < 0.8
            assert all("error" in done.result() for done in greedy)
    finally:
        node.close()


def test_two_clients_that_fill_the_slots_make_way_for_a_third(tmp_path: Path, genesis: Genesis) -> None:
    settings = NodeSettings(call_timeout_s=20.0, crowded_call_timeout_s=0.5, call_gas_max=10**12, calls_at_once_max=4)
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS, settings)
    answers = Rpc(node)

    def call(client: str, data: str) -> Any:
        CLIENT.set(client)
        return answers.answer({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"data": data}]})

    try:
        with ThreadPoolExecutor(8) as clients:
            greedy = [clients.submit(call, f"10.0.0.{place % 2}", ENDLESS) for place in range(4)]
            time.sleep(0.2)
            began = time.monotonic()
            assert clients.submit(call, "10.0.0.9", "0x00").result()["result"] == "0x"
            took_s = time.monotonic() - began
            reasons = {done.result()["error"]["message"] for done in greedy}
            assert reasons == {"execution aborted (timeout = 0.5s)"}
        assert took_s < 3
    finally:
        node.close()


def test_a_batch_of_endless_calls_ends_in_time(tmp_path: Path, genesis: Genesis) -> None:
    settings = NodeSettings(call_timeout_s=0.2, batch_timeout_s=0.5, call_gas_max=10**12)
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS, settings)
    try:
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"data": ENDLESS}]}
        began = time.monotonic()
        answer = json.loads(Rpc(node).answer_bytes(json.dumps([call] * 100).encode()))
        assert time.monotonic() - began < 2
    finally:
        node.close()
    reasons = [line["error"]["message"] for line in answer]
    assert len(reasons) == 100 and "aborted (timeout" in reasons[0]
    assert set(reasons[10:]) == {"the batch takes too long"}


def test_filters_are_counted_by_client(tmp_path: Path, genesis: Genesis) -> None:
    settings = NodeSettings(instant=True, filters_max=5, filters_per_client_max=2)
    node = EmbeddedNode.open(tmp_path / "node", genesis, VALIDATOR_KEYS, settings)
    answers = Rpc(node)

    def install(client: str) -> Any:
        token = CLIENT.set(client)
        try:
            return answers.answer({"jsonrpc": "2.0", "id": 1, "method": "eth_newBlockFilter", "params": []})
        finally:
            CLIENT.reset(token)

    try:
        assert all("result" in install("10.0.0.1") for _ in range(2))
        assert install("10.0.0.1")["error"]["code"] == LIMIT_EXCEEDED
        assert "result" in install("10.0.0.2")
    finally:
        node.close()


def test_the_registry_is_found_in_the_trust_root(tmp_path: Path) -> None:
    assert find_registry(tmp_path) is None
    contracts = [
        {"name": "MemberRegistry", "address": "0x" + "11" * 20, "to_block": 7},
        {"name": "RecordLedger", "address": "0x" + "22" * 20, "to_block": None},
        {"name": "MemberRegistry", "address": "0x" + "33" * 20, "to_block": None},
    ]
    (tmp_path / "trust-root.public.json").write_text(json.dumps({"contracts": contracts}))
    assert find_registry(tmp_path) == b"\x33" * 20
    (tmp_path / "trust-root.public.json").write_text("{}")
    with pytest.raises(Malformed, match="--registry"):
        find_registry(tmp_path)
