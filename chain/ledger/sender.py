"""Sending transactions: signed once, sent as the same bytes as often as needed, done when a block holds them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from web3 import Web3
from web3.providers.base import BaseProvider

from chain.ledger.abi import Call
from chain.ledger.endpoint import Endpoint, parse_hex, parse_log, parse_object, parse_quantity
from chain.ledger.faults import NotInBlockYet, ReceiptWithoutBlock, RpcRefused
from chain.ledger.reader import ChainReader
from chain.ledger.reverts import ContractRefused, RevertedWithoutReason
from chain.ledger.types import ContractAddresses, Expectations, Receipt
from chain.proof.hashes import keccak256

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

RECEIPT_POLL_S = 0.02
"""The first pause between two questions for a receipt; it doubles up to `RECEIPT_POLL_S_MAX`."""
RECEIPT_POLL_S_MAX = 0.2
INTRINSIC_GAS = 21_000
CALLDATA_GAS = 16
"""Gas of one non-zero byte of calldata (EIP-2028); zeros cost less."""
WORK_GAS_MARGIN = 150_000
"""Room for what an estimate cannot know: others' transactions that come first and make a slot new or a quorum full."""
ANCHOR_WORK_GAS = 150_000
"""More than anchoring costs besides calldata, copying and hashing: a gas test holds it."""


class Sender(ChainReader):
    """A reader that also sends. `gas_price_wei` 0 suits chains with free gas."""

    def __init__(
        self,
        provider: BaseProvider | str,
        addresses: ContractAddresses,
        *,
        expect: Expectations,
        gas_price_wei: int = 0,
        timeout_s: float = 10,
        unsealed: bool = False,
    ) -> None:
        super().__init__(provider, addresses, expect=expect, timeout_s=timeout_s, unsealed=unsealed)
        self.gas_price_wei = gas_price_wei
        self._timeout_s = timeout_s

    def next_nonce(self, account: str, *, pending: bool = False) -> int:
        """The number of the account's next transaction, counting those in blocks, or with `pending` those known."""
        return self._endpoint.quantity("eth_getTransactionCount", account, "pending" if pending else "latest")

    def prepare(self, call: Call, sender: LocalAccount, nonce: int) -> bytes:
        """The raw signed transaction (EIP-155). The contract's own error where it would revert now."""
        return sign_transaction(
            sender,
            nonce=nonce,
            chain_id=self.chain_id,
            gas_price_wei=self.gas_price_wei,
            gas=self.gas_limit(call, sender.address),
            to=self.address_of(call.contract),
            data=call.data,
        )

    def gas_limit(self, call: Call, sender: str) -> int:
        """Enough gas for the call. A batch's is computed, so that no engine runs 100 kB of calldata many times over."""
        if call.function == "anchor":
            return anchor_gas(len(call.data))
        return estimate_gas(self._endpoint, sender, self.address_of(call.contract), call.data, self.gas_price_wei)

    def dry_run(self, call: Call, sender: str) -> None:
        """Says by the contract's error whether the call would be refused now; changes nothing."""
        self._endpoint.request("eth_call", self._request(call, sender), "latest")

    def send_raw(self, raw: bytes) -> str:
        """Hands the transaction over and returns its hash; the same bytes again do no harm and say the same."""
        tx_hash = "0x" + keccak256(raw).hex()
        return send_raw(self._endpoint, raw, tx_hash)

    def wait(self, tx_hash: str, timeout_s: float | None = None) -> Receipt:
        """The receipt once a block holds the transaction.

        Raises NotInBlockYet, ReceiptWithoutBlock, or the contract's error where it was refused in that block.
        """
        fields = wait_for_receipt(self._endpoint, tx_hash, self._timeout_s if timeout_s is None else timeout_s)
        receipt = parse_receipt(fields, tx_hash)
        block_hash = self.block_hash(receipt.block)
        if block_hash != receipt.block_hash:
            raise ReceiptWithoutBlock(tx_hash, receipt.block, receipt.block_hash, block_hash)
        if parse_quantity(fields.get("status"), "eth_getTransactionReceipt") != 1:
            raise self._reason_of(tx_hash, receipt.block)
        return receipt

    def find_receipt(self, tx_hash: str) -> Receipt | None:
        """The receipt where a block holds the transaction already, refused or not; None where none does."""
        fields = self._endpoint.request("eth_getTransactionReceipt", tx_hash)
        return None if fields is None else parse_receipt(parse_object(fields, "eth_getTransactionReceipt"), tx_hash)

    def transact(self, call: Call, sender: LocalAccount, nonce: int | None = None) -> Receipt:
        """Prepares, sends and waits. Without a nonce the account's next one is asked for: one sender at a time."""
        lane = self.next_nonce(sender.address) if nonce is None else nonce
        return self.wait(self.send_raw(self.prepare(call, sender, lane)))

    def _request(self, call: Call, sender: str) -> dict[str, str]:
        to = self.address_of(call.contract)
        return {"from": sender, "to": to, "data": "0x" + call.data.hex(), "gasPrice": hex(self.gas_price_wei)}

    def _reason_of(self, tx_hash: str, block: int) -> ContractRefused:
        """Why a transaction was refused: it is run again on its own block's state, where the engine still has that.

        A refused transaction changed nothing, and whatever came before it in its block is in that state.
        """
        sent = parse_object(self._endpoint.request("eth_getTransactionByHash", tx_hash), "eth_getTransactionByHash")
        request = {"from": sent["from"], "to": sent.get("to"), "data": sent["input"], "gas": sent["gas"]}
        try:
            self._endpoint.request("eth_call", request, hex(block))
        except ContractRefused as refusal:
            return refusal
        except RpcRefused:
            return RevertedWithoutReason(b"")
        return RevertedWithoutReason(b"")


def anchor_gas(data_bytes: int) -> int:
    """A gas limit for anchoring with so much calldata: never too little, and computed without the endpoint."""
    words = data_bytes // 32 + 1
    memory = 3 * words + words * words // 512
    return INTRINSIC_GAS + CALLDATA_GAS * data_bytes + memory + 9 * words + ANCHOR_WORK_GAS


def estimate_gas(endpoint: Endpoint, sender: str, to: str | None, data: bytes, gas_price_wei: int) -> int:
    """The engine's estimate and a margin; the contract's error where it would revert now."""
    request = {"from": sender, "data": "0x" + data.hex(), "gasPrice": hex(gas_price_wei)}
    if to is not None:
        request["to"] = to
    return endpoint.quantity("eth_estimateGas", request) + WORK_GAS_MARGIN


def sign_transaction(
    sender: LocalAccount, *, nonce: int, chain_id: int, gas_price_wei: int, gas: int, to: str | None, data: bytes
) -> bytes:
    """The raw legacy transaction with EIP-155 replay protection; without `to` it creates a contract."""
    fields: dict[str, Any] = {
        "nonce": nonce,
        "gasPrice": gas_price_wei,
        "gas": gas,
        "value": 0,
        "data": data,
        "chainId": chain_id,
    }
    if to is not None:
        fields["to"] = Web3.to_checksum_address(to)
    return bytes(sender.sign_transaction(fields).raw_transaction)


def send_raw(endpoint: Endpoint, raw: bytes, tx_hash: str) -> str:
    """Hands a transaction over; one that the engine knows already is as good as sent."""
    try:
        endpoint.request("eth_sendRawTransaction", "0x" + raw.hex())
    except RpcRefused:
        # Engines word "known transaction" and "nonce too low" differently: what counts is whether it is known.
        if endpoint.request("eth_getTransactionByHash", tx_hash) is None:
            raise
    return tx_hash


def wait_for_receipt(endpoint: Endpoint, tx_hash: str, timeout_s: float) -> dict[str, Any]:
    """The receipt's fields once there; NotInBlockYet after `timeout_s`."""
    until = time.monotonic() + timeout_s
    pause = RECEIPT_POLL_S
    while True:
        fields = endpoint.request("eth_getTransactionReceipt", tx_hash)
        if fields is not None:
            return dict(parse_object(fields, "eth_getTransactionReceipt"))
        if time.monotonic() + pause > until:
            raise NotInBlockYet(tx_hash, timeout_s)
        time.sleep(pause)
        pause = min(2 * pause, RECEIPT_POLL_S_MAX)


def parse_receipt(fields: Any, tx_hash: str) -> Receipt:
    """A receipt, or MalformedAnswer; ReceiptWithoutBlock where it is of another transaction."""
    method = "eth_getTransactionReceipt"
    block = parse_quantity(fields.get("blockNumber"), method)
    block_hash = parse_hex(fields.get("blockHash"), method, 32)
    said = parse_hex(fields.get("transactionHash"), method, 32)
    if said != tx_hash:
        raise ReceiptWithoutBlock(tx_hash, block, block_hash, "a receipt of another transaction")
    created = fields.get("contractAddress")
    return Receipt(
        tx_hash=tx_hash,
        block=block,
        block_hash=block_hash,
        gas_used=parse_quantity(fields.get("gasUsed"), method),
        contract_address=None if created is None else parse_hex(created, method, 20),
        logs=tuple(parse_log(log, method) for log in fields.get("logs") or ()),
    )
