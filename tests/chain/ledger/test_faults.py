"""A lying, lagging or broken endpoint is noticed, and said by the fault's own name."""

from __future__ import annotations

from typing import Any

import pytest
from web3.exceptions import Web3Exception

from chain.errors import LedgerFault
from chain.ledger import ContractAddresses, Expectations, Ledger, calls, read_expectations
from chain.ledger.faults import (
    BatchMissing,
    ChangedCode,
    HeadChanged,
    HeadWentBack,
    LedgerUnreachable,
    MalformedAnswer,
    NoProofs,
    NotInBlockYet,
    ReceiptWithoutBlock,
    RpcRefused,
    WrongChain,
    without_secrets,
)
from chain.members import Role
from tests.contracts.engines import Consortium, account, uscc
from tests.fakes.faulty_provider import FaultyProvider

BLOCK = "eth_getBlockByNumber"


@pytest.fixture
def wire(anchoring: Consortium) -> FaultyProvider:
    return FaultyProvider(anchoring.engine.provider)


@pytest.fixture
def ledger(anchoring: Consortium, wire: FaultyProvider) -> Ledger:
    return open_ledger(anchoring, wire)


def open_ledger(anchoring: Consortium, wire: FaultyProvider, **changed: Any) -> Ledger:
    honest = read_expectations(anchoring.engine.provider, anchoring.addresses)
    expect = Expectations(
        chain_id=changed.get("chain_id", honest.chain_id),
        genesis_hash=changed.get("genesis_hash", honest.genesis_hash),
        code_hashes=changed.get("code_hashes", honest.code_hashes),
    )
    addresses = changed.get("addresses", anchoring.addresses)
    timeout_s = changed.get("timeout_s", anchoring.engine.timeout_s)
    return Ledger(wire, addresses, expect=expect, timeout_s=timeout_s, unsealed=anchoring.engine.unsealed)


def test_another_chain_id_is_refused_on_connecting(anchoring: Consortium, wire: FaultyProvider) -> None:
    with pytest.raises(WrongChain, match="chain id"):
        open_ledger(anchoring, wire, chain_id=999)


def test_another_genesis_is_refused_on_connecting(anchoring: Consortium, wire: FaultyProvider) -> None:
    with pytest.raises(WrongChain, match="genesis hash"):
        open_ledger(anchoring, wire, genesis_hash="0x" + "11" * 32)


def test_code_that_the_trust_root_does_not_pin_is_refused(anchoring: Consortium, wire: FaultyProvider) -> None:
    with pytest.raises(ChangedCode, match="RecordLedger"):
        open_ledger(anchoring, wire, code_hashes={"RecordLedger": "0x" + "22" * 32})


def test_an_address_without_code_is_refused(anchoring: Consortium, wire: FaultyProvider) -> None:
    nowhere = ContractAddresses("0x" + "33" * 20, anchoring.addresses.ledger)
    with pytest.raises(ChangedCode, match="MemberRegistry"):
        open_ledger(anchoring, wire, addresses=nowhere, code_hashes={})


def test_code_that_changes_later_is_noticed_by_the_next_check(ledger: Ledger, wire: FaultyProvider) -> None:
    wire.lies["eth_getCode"] = lambda params, code: code[:-2] + ("00" if code[-2:] != "00" else "01")
    with pytest.raises(ChangedCode):
        ledger.check()


def test_a_chain_id_that_changes_later_is_noticed_by_the_next_check(ledger: Ledger, wire: FaultyProvider) -> None:
    wire.lies["eth_chainId"] = lambda params, said: "0x7"
    with pytest.raises(WrongChain):
        ledger.check()


def test_a_newest_block_that_is_missing_for_a_moment_is_asked_for_again(ledger: Ledger, wire: FaultyProvider) -> None:
    number, answers = ledger.block_number(), iter([None, None])
    wire.lies[BLOCK] = lambda params, block: next(answers, block)  # as Besu answers while it moves its head
    assert ledger.block_number() >= number
    assert next(answers, "all told") == "all told"


def test_an_endpoints_own_fault_that_passes_is_asked_again(ledger: Ledger, wire: FaultyProvider) -> None:
    said = ledger.batch_count()
    fault = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "Internal error"}}  # as Besu answers
    wire.next_answers["eth_call"] = [fault, fault]
    assert ledger.batch_count() == said
    assert wire.next_answers["eth_call"] == []


def test_an_endpoint_without_a_newest_block_is_said_as_such(ledger: Ledger, wire: FaultyProvider) -> None:
    wire.lies[BLOCK] = lambda params, block: None
    with pytest.raises(MalformedAnswer, match="no block latest"):
        ledger.block_number()


def test_a_head_that_goes_back_is_noticed(ledger: Ledger, wire: FaultyProvider) -> None:
    number = ledger.head().number
    before = wire.inner.make_request(BLOCK, [hex(number - 1), False])["result"]  # type: ignore[arg-type]
    wire.lies[BLOCK] = lambda params, block: before if params[0] == "latest" else block
    with pytest.raises(HeadWentBack) as fault:
        ledger.head()
    assert (fault.value.seen, fault.value.now) == (number, number - 1)


def test_a_block_hash_that_does_not_fit_its_fields_is_noticed(ledger: Ledger, wire: FaultyProvider) -> None:
    if ledger.unsealed:
        pytest.skip("an engine without QBFT headers: hashes are not recomputed, and every report says so")
    wire.lies[BLOCK] = lambda params, block: block | {"stateRoot": "0x" + "44" * 32}
    with pytest.raises(MalformedAnswer, match="does not fit"):
        ledger.head()


def test_a_head_of_the_same_number_with_another_hash_is_noticed(anchoring: Consortium, wire: FaultyProvider) -> None:
    honest = read_expectations(anchoring.engine.provider, anchoring.addresses)
    ledger = Ledger(wire, anchoring.addresses, expect=honest, unsealed=True)
    wire.lies[BLOCK] = lambda params, block: block | {"hash": "0x" + "55" * 32} if params[0] == "latest" else block
    with pytest.raises(HeadChanged):
        ledger.head()


def test_a_block_of_another_number_than_asked_for_is_noticed(ledger: Ledger, wire: FaultyProvider) -> None:
    wire.lies[BLOCK] = lambda params, block: block | {"number": "0x1"} if params[0] == "0x2" else block
    with pytest.raises(MalformedAnswer, match="asked for block 2"):
        ledger.block_hash(2)


def test_a_receipt_in_a_block_that_the_chain_has_not_is_noticed(ledger: Ledger, wire: FaultyProvider) -> None:
    wire.lies["eth_getTransactionReceipt"] = lambda params, found: found and found | {"blockHash": "0x" + "66" * 32}
    with pytest.raises(ReceiptWithoutBlock):
        ledger.transact(calls.set_attester(account("one").address), account("controller 1"))


def test_a_receipt_of_another_transaction_is_noticed(ledger: Ledger, wire: FaultyProvider) -> None:
    wire.lies["eth_getTransactionReceipt"] = lambda params, found: (
        found and found | {"transactionHash": "0x" + "77" * 32}
    )
    with pytest.raises(ReceiptWithoutBlock):
        ledger.transact(calls.set_attester(account("two").address), account("controller 1"))


def test_a_transaction_that_no_block_takes_is_said_to_be_waiting(anchoring: Consortium, wire: FaultyProvider) -> None:
    ledger = open_ledger(anchoring, wire, timeout_s=0.2)
    wire.lies["eth_getTransactionReceipt"] = lambda params, found: None
    with pytest.raises(NotInBlockYet) as fault:
        ledger.transact(calls.set_attester(account("three").address), account("controller 1"))
    anchoring.ledger.wait(fault.value.tx_hash)


def test_the_same_bytes_sent_again_do_no_harm(ledger: Ledger) -> None:
    sender = account("controller 1")
    raw = ledger.prepare(calls.set_attester(account("four").address), sender, ledger.next_nonce(sender.address))
    first = ledger.wait(ledger.send_raw(raw))
    assert ledger.wait(ledger.send_raw(raw)) == first


def test_a_skipped_batch_is_noticed(anchoring: Consortium, ledger: Ledger, wire: FaultyProvider) -> None:
    first = anchor_some(anchoring, 2)
    topic = f"0x{first:064x}"
    wire.lies["eth_getLogs"] = lambda params, logs: [log for log in logs if log["topics"][1] != topic]
    with pytest.raises(BatchMissing) as fault:
        list(ledger.batches(first))
    assert (fault.value.index, fault.value.got) == (first, first + 1)


def test_entries_that_do_not_fit_the_commitment_are_noticed(
    anchoring: Consortium, ledger: Ledger, wire: FaultyProvider
) -> None:
    first = anchor_some(anchoring, 1)

    def falsify(params: Any, block: Any) -> Any:
        for transaction in block["transactions"] if params[1] else ():
            transaction["input"] = transaction["input"].replace("ab" * 48, "cd" * 48)
        return block

    wire.lies[BLOCK] = falsify
    with pytest.raises(MalformedAnswer, match="commitment"):
        list(ledger.batches(first))


def test_events_of_another_contract_are_noticed(anchoring: Consortium, ledger: Ledger, wire: FaultyProvider) -> None:
    anchor_some(anchoring, 1)
    wire.lies["eth_getLogs"] = lambda params, logs: [log | {"address": "0x" + "88" * 20} for log in logs]
    with pytest.raises(MalformedAnswer, match="not asked for"):
        list(ledger.batches(0))


def test_a_proof_without_the_slots_asked_for_is_noticed(ledger: Ledger, wire: FaultyProvider) -> None:
    wire.lies["eth_getProof"] = lambda params, proof: proof | {"storageProof": []}
    with pytest.raises(MalformedAnswer, match="slots"):
        ledger.proof(ledger.addresses.ledger, [0], ledger.block_number())


def test_an_endpoint_without_proofs_is_refused_on_connecting(anchoring: Consortium, wire: FaultyProvider) -> None:
    if anchoring.engine.unsealed:
        pytest.skip("an engine without QBFT headers is not asked for proofs on connecting")
    wire.errors["eth_getProof"] = {"code": -32601, "message": "the method eth_getProof does not exist"}
    with pytest.raises(NoProofs, match="eth_getProof"):
        open_ledger(anchoring, wire)


def test_an_endpoint_without_sealed_headers_is_refused_on_connecting(
    anchoring: Consortium, wire: FaultyProvider
) -> None:
    if anchoring.engine.unsealed:
        pytest.skip("the engine under test has no sealed headers")
    wire.lies[BLOCK] = lambda params, block: block | {"extraData": "0x"}
    with pytest.raises(NoProofs, match="sealed headers"):
        open_ledger(anchoring, wire)


@pytest.mark.parametrize(
    "fault", [ConnectionError("refused"), TimeoutError("slow"), Web3Exception("odd"), ValueError("no JSON")]
)
def test_no_connection_is_one_fault_whatever_the_transport_calls_it(
    ledger: Ledger, wire: FaultyProvider, fault: Exception
) -> None:
    wire.raises["eth_call"] = fault
    with pytest.raises(LedgerUnreachable):
        ledger.batch_count()


def test_a_fault_of_the_connection_tells_no_key_of_the_endpoint(anchoring: Consortium) -> None:
    with pytest.raises(LedgerUnreachable) as caught:
        Ledger(
            "http://me:hush@127.0.0.1:9/v3/0123key?k=more", anchoring.addresses, expect=Expectations(), timeout_s=0.5
        )
    assert "127.0.0.1" in str(caught.value)
    assert [one for one in ("hush", "0123key", "more") if one in str(caught.value)] == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("503 for url: https://node.example/v3/key?x=1", "503 for url: https://node.example"),
        ("('wss://u:p@node.example:8546/key')", "('wss://node.example:8546')"),
        ("timed out", "timed out"),
    ],
)
def test_a_url_is_told_by_its_host_alone(said: str, told: str) -> None:
    assert without_secrets(said) == told


def test_a_url_where_nobody_listens_is_unreachable(anchoring: Consortium) -> None:
    with pytest.raises(LedgerUnreachable):
        Ledger("http://127.0.0.1:9", anchoring.addresses, expect=Expectations(), timeout_s=0.5)


@pytest.mark.parametrize(
    "answer", [None, "text", [], {}, {"result": 7}, {"result": "0xzz"}, {"result": "0x01"}, {"result": None}]
)
def test_an_answer_of_another_shape_is_a_ledger_fault(ledger: Ledger, wire: FaultyProvider, answer: Any) -> None:
    wire.answers["eth_call"] = answer
    with pytest.raises(LedgerFault):
        ledger.batch_count()


@pytest.mark.parametrize("block", [{}, [], {"number": "0x5"}, {"number": 5}, {"number": "0x5", "hash": "0x12"}])
def test_a_block_of_another_shape_is_a_ledger_fault(ledger: Ledger, wire: FaultyProvider, block: Any) -> None:
    wire.lies[BLOCK] = lambda params, honest: block
    with pytest.raises(LedgerFault):
        ledger.head()


def test_a_log_range_that_the_endpoint_refuses_is_asked_for_in_parts(
    anchoring: Consortium, ledger: Ledger, wire: FaultyProvider
) -> None:
    first = anchor_some(anchoring, 3)
    inner, spans = wire.inner, []

    class Narrow(FaultyProvider):
        def make_request(self, method: Any, params: Any) -> Any:
            if method == "eth_getLogs":
                span = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
                if span > 4:
                    return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "range too wide"}}
                spans.append(span)
            return super().make_request(method, params)

    narrow = open_ledger(anchoring, Narrow(inner))
    head = narrow.block_number()
    found = list(narrow.batches(first, from_block=max(0, head - 20)))
    assert [batch.index for batch in found] == [first, first + 1, first + 2]
    assert spans and max(spans) <= 4


def test_an_error_that_is_no_revert_keeps_its_code_and_words(ledger: Ledger, wire: FaultyProvider) -> None:
    wire.errors["eth_call"] = {"code": -32603, "message": "missing trie node"}
    with pytest.raises(RpcRefused, match="missing trie node") as fault:
        ledger.batch_count()
    assert fault.value.code == -32603


@pytest.mark.parametrize("shape", ["plain", "nested", "worded"])
def test_a_revert_is_decoded_in_each_shape_that_engines_give_it(
    ledger: Ledger, wire: FaultyProvider, shape: str
) -> None:
    from chain.ledger.reverts import UnknownBatch

    data = "0x" + _unknown_batch(7, 3).hex()
    said = {"plain": data, "nested": {"data": data}, "worded": f"Reverted {data}"}[shape]
    wire.errors["eth_call"] = {"code": 3, "message": "execution reverted", "data": said}
    with pytest.raises(UnknownBatch) as refusal:
        ledger.commitment(7)
    assert (refusal.value.index, refusal.value.batches) == (7, 3)


def _unknown_batch(index: int, batches: int) -> bytes:
    from chain.proof.hashes import keccak256

    return keccak256(b"UnknownBatch(uint256,uint256)")[:4] + index.to_bytes(32, "big") + batches.to_bytes(32, "big")


def anchor_some(consortium: Consortium, count: int) -> int:
    """Anchors batches of one entry, never the same, and returns the first one's index."""
    first = consortium.ledger.batch_count()
    for index in range(first, first + count):
        call = calls.anchor(index.to_bytes(32, "big"), 1, b"\xab" * 48)
        consortium.send(call, account("gateway"))
    return first


def test_members_and_keys_read_from_events_equal_those_read_by_calls(anchoring: Consortium) -> None:
    from chain.keys import SigningKey

    key = SigningKey.generate().public
    anchoring.send(calls.add_key(uscc(0), key), anchoring.controllers[0])
    for call in (calls.request_compromise(key.thumbprint, 2), calls.withdraw_request(key.thumbprint)):
        anchoring.send(call, anchoring.controllers[0])
    anchoring.send(calls.retire_key(key.thumbprint), anchoring.controllers[0])
    anchoring.send(calls.revoke_key(key.thumbprint), anchoring.controllers[0])
    ledger = anchoring.ledger
    first = ledger.threshold_versions()[0].since_block
    for one, member in ledger.members(from_block=first).items():
        assert member.versions == ledger.member_versions(one)
        assert member.profiles == ledger.profile_versions(one)
    known = ledger.keys(from_block=first)[key.thumbprint]
    assert known.public_key == key
    assert known.versions == ledger.key_versions(key.thumbprint)


def test_facts_are_read_as_of_a_block(anchoring: Consortium) -> None:
    ledger = anchoring.ledger
    before = ledger.block_number()
    name = uscc(50)
    anchoring.send(calls.admit(name, "late", Role.BROKER), anchoring.controllers[0])
    assert ledger.member_versions(name, before) == ()
    assert len(ledger.member_versions(name)) == 1
    assert name not in ledger.members(to_block=before) and name in ledger.members()
