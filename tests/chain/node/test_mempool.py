"""The mempool: what can never run is refused in the words that clients know; what may run later waits, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import rlp
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.node import EmbeddedNode, Genesis, NodeSettings
from chain.node.errors import LIMIT_EXCEEDED, METHOD_NOT_SUPPORTED, SERVER_ERROR, TRANSACTION_REJECTED
from chain.node.settings import TRANSACTION_BYTES_MAX
from tests.chain.node.conftest import CHAIN_ID, RECIPIENT, RICH_WEI, VALIDATOR_KEYS, rpc, rpc_error, signed

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def idle_node(tmp_path: Path, genesis: Genesis) -> Iterator[EmbeddedNode]:
    """A node whose second never turns: whatever it takes, waits."""
    settings = NodeSettings(pool_transactions_max=6, pool_per_sender_max=4, pool_bytes_max=150_000)
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, settings, clock=lambda: 0.0)
    yield node
    node.close()


def refusal(node: EmbeddedNode, raw: bytes) -> tuple[int, str]:
    error = rpc_error(node, "eth_sendRawTransaction", "0x" + raw.hex())
    return error["code"], error["message"]


def test_a_nonce_of_the_past_is_too_low(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    instant_node.send(signed(sender, 0))
    code, said = refusal(instant_node, signed(sender, 0, data=b"x"))
    assert code == SERVER_ERROR and said.startswith("nonce too low")


@pytest.mark.parametrize("sealed", [True, False])
def test_the_same_transaction_again_is_already_known(
    instant_node: EmbeddedNode, idle_node: EmbeddedNode, sender: LocalAccount, sealed: bool
) -> None:
    node = instant_node if sealed else idle_node
    node.send(signed(sender, 0))
    assert refusal(node, signed(sender, 0)) == (SERVER_ERROR, "already known")


def test_a_replacement_needs_a_tenth_more(idle_node: EmbeddedNode, sender: LocalAccount) -> None:
    idle_node.send(signed(sender, 0, gasPrice=100))
    assert refusal(idle_node, signed(sender, 0, gasPrice=109))[1] == "replacement transaction underpriced"
    better = idle_node.send(signed(sender, 0, gasPrice=110))
    assert idle_node.waiting == 1 and idle_node.find_waiting(better)


def test_a_free_transaction_cannot_replace_a_free_one(idle_node: EmbeddedNode, sender: LocalAccount) -> None:
    idle_node.send(signed(sender, 0))
    assert refusal(idle_node, signed(sender, 0, data=b"x"))[1] == "replacement transaction underpriced"


def test_what_the_sender_cannot_pay_is_refused(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    assert refusal(instant_node, signed(sender, 0, value=RICH_WEI + 1))[1].startswith(
        "insufficient funds for gas * price"
    )
    assert refusal(instant_node, signed(sender, 0, gasPrice=RICH_WEI))[1].startswith(
        "insufficient funds for gas * price"
    )


def test_gas_that_cannot_be_is_refused(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    limit = instant_node.genesis.gas_limit
    assert refusal(instant_node, signed(sender, 0, gas=20_999))[1].startswith("intrinsic gas too low")
    assert refusal(instant_node, signed(sender, 0, gas=limit + 1))[1] == "exceeds block gas limit"


def test_the_last_nonce_of_all_is_refused_by_its_name(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    assert refusal(instant_node, signed(sender, 2**64 - 1)) == (SERVER_ERROR, "nonce has max value")


def test_another_chains_transaction_is_refused(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    assert (
        refusal(instant_node, signed(sender, 0, chainId=1))[1] == f"invalid chain id for signer: have 1 want {CHAIN_ID}"
    )


def test_a_transaction_for_any_chain_is_refused(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    fields = {"nonce": 0, "gas": 21_000, "gasPrice": 0, "value": 0, "to": RECIPIENT}
    raw = bytes(sender.sign_transaction(fields).raw_transaction)
    assert "EIP-155" in refusal(instant_node, raw)[1]


def test_a_transaction_longer_than_the_limit_is_refused(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    raw = signed(sender, 0, data=b"\x01" * TRANSACTION_BYTES_MAX, gas=5_000_000)
    assert refusal(instant_node, raw)[1].startswith("oversized data")


def test_the_twin_of_a_signature_is_refused(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    fields = rlp.decode(signed(sender, 0))
    v, s = int.from_bytes(fields[6]), int.from_bytes(fields[8])
    flipped = (v - 35) ^ 1
    twin = rlp.encode([*fields[:6], flipped + 35, fields[7], CURVE_ORDER - s])
    assert refusal(instant_node, twin)[1] == "invalid transaction v, r, s values"


@pytest.mark.parametrize(
    "raw", [b"", b"\x03\xc0", b"\x7f\xc0", b"\xc0", b"\x01", b"\x02\xc0", b"\xff" * 9, b"\x01\xf8"]
)
def test_bytes_that_are_no_transaction_are_refused(instant_node: EmbeddedNode, raw: bytes) -> None:
    assert refusal(instant_node, raw)[0] == SERVER_ERROR


def test_bytes_after_a_transaction_are_refused(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    assert refusal(instant_node, signed(sender, 0) + b"\x00")[0] == SERVER_ERROR


def test_a_sender_not_on_the_list_is_refused(tmp_path: Path, genesis: Genesis, sender: LocalAccount) -> None:
    listed = NodeSettings(instant=True, senders=frozenset([bytes.fromhex(sender.address[2:])]))
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, listed)
    code, said = refusal(node, signed(Account.create(), 0))
    assert code == TRANSACTION_REJECTED and "permitted senders" in said
    assert node.send(signed(sender, 0))
    node.close()


def test_a_read_only_node_refuses_transactions_and_answers_questions(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount
) -> None:
    node = EmbeddedNode.open(tmp_path, genesis, [], NodeSettings(read_only=True))
    assert refusal(node, signed(sender, 0)) == (METHOD_NOT_SUPPORTED, "this node is read-only")
    assert rpc(node, "eth_blockNumber") == "0x0"
    node.close()


def test_an_account_without_a_balance_may_send(instant_node: EmbeddedNode) -> None:
    poor = Account.create()
    name = instant_node.send(signed(poor, 0))
    assert rpc(instant_node, "eth_getTransactionReceipt", "0x" + name.hex())["status"] == "0x1"


def test_a_gap_in_nonces_waits_until_it_is_filled(instant_node: EmbeddedNode, sender: LocalAccount) -> None:
    later = instant_node.send(signed(sender, 1))
    assert instant_node.head.number == 0
    assert rpc(instant_node, "eth_getTransactionByHash", "0x" + later.hex())["blockHash"] is None
    instant_node.send(signed(sender, 0))
    assert instant_node.find_transaction(later) == (1, 1)


def test_the_pool_tells_what_can_run_from_what_waits_behind_a_gap(
    idle_node: EmbeddedNode, sender: LocalAccount
) -> None:
    for nonce in (0, 1, 3, 4):
        idle_node.send(signed(sender, nonce))
    assert rpc(idle_node, "txpool_status") == {"pending": "0x2", "queued": "0x2"}


def test_the_pending_count_counts_what_waits(idle_node: EmbeddedNode, sender: LocalAccount) -> None:
    for nonce in (0, 1, 3):
        idle_node.send(signed(sender, nonce))
    assert rpc(idle_node, "eth_getTransactionCount", sender.address, "pending") == "0x2"
    assert rpc(idle_node, "eth_getTransactionCount", sender.address, "latest") == "0x0"


def test_the_pool_is_bounded_in_number_bytes_and_by_sender(idle_node: EmbeddedNode, sender: LocalAccount) -> None:
    for nonce in range(4):
        idle_node.send(signed(sender, nonce))
    assert refusal(idle_node, signed(sender, 4)) == (LIMIT_EXCEEDED, "account limit exceeded")
    big = signed(Account.create(), 0, data=b"\x01" * 100_000, gas=3_000_000)
    idle_node.send(big)
    again = signed(Account.create(), 0, data=b"\x01" * 100_000, gas=3_000_000)
    assert refusal(idle_node, again) == (LIMIT_EXCEEDED, "txpool is full")
    idle_node.send(signed(Account.create(), 0))
    assert refusal(idle_node, signed(Account.create(), 0)) == (LIMIT_EXCEEDED, "txpool is full")


def test_funds_spent_by_an_earlier_transaction_drop_the_later_one(
    tmp_path: Path, genesis: Genesis, sender: LocalAccount, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    node = EmbeddedNode.open(tmp_path, genesis, VALIDATOR_KEYS, clock=lambda: now[0])
    node.send(signed(sender, 0, value=RICH_WEI))
    dropped = node.send(signed(sender, 1, value=1))
    now[0] = genesis.timestamp + 1.0
    assert node.wait_for_block(0, 5)
    assert len(node.block(1).transactions) == 1 and node.waiting == 0
    assert dropped.hex() in caplog.text
    node.close()
