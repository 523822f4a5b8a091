"""Founding a consortium on any engine: two ordinary transactions that create its contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from web3.providers.base import BaseProvider

from chain.errors import Malformed
from chain.ledger.abi import encode_constructor
from chain.ledger.calls import ZERO_ADDRESS, founder_values
from chain.ledger.endpoint import Endpoint, parse_bytes, parse_hex, parse_object, parse_quantity
from chain.ledger.faults import MalformedAnswer, NoProofs, RpcRefused
from chain.ledger.reverts import RevertedWithoutReason
from chain.ledger.sender import estimate_gas, parse_receipt, send_raw, sign_transaction, wait_for_receipt
from chain.ledger.types import ContractAddresses, Expectations, Founding
from chain.proof import rlp
from chain.proof.hashes import keccak256
from chain.proof.header import Header
from chain.proof.seals import verify_seals
from chain.proof.storage import NodeSet, read_account

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

CREATION_GAS_PERCENT = 125
"""Of the estimate. Engines estimate as if in the newest block: while that is block 0, each block number that a
constructor stores is a zero, which costs a tenth."""


def qualify(provider: BaseProvider | str, timeout_s: float = 10) -> None:
    """That this endpoint can give what proofs need, before anything is sent to it.

    Its newest header must be sealed by a quorum of the validators it names (block 0 has no seals and is taken), and
    `eth_getProof` must prove an account under that header's state root. Raises NoProofs with what is missing.
    """
    endpoint = Endpoint(provider, timeout_s)
    fields = endpoint.block("latest")
    if fields is None:
        raise MalformedAnswer("eth_getBlockByNumber", "the endpoint has no latest block")
    try:
        header = Header.from_rpc_json(fields)
        if header.number:
            verify_seals(header, header.extra.validators)
    except Malformed as fault:
        raise NoProofs("sealed headers", f"its newest block has no sealed QBFT header: {fault}") from fault
    if header.block_hash != parse_bytes(fields.get("hash"), "eth_getBlockByNumber", 32):
        raise NoProofs("sealed headers", "its newest block's hash is not that of a QBFT header")
    try:
        # No slot is asked for: of an account that is not there Besu lists none.
        proof = endpoint.proof(ZERO_ADDRESS, [], header.number)
        read_account(header.state_root, bytes(20), NodeSet.of(dict.fromkeys(proof.account_nodes)))
    except (RpcRefused, MalformedAnswer, Malformed) as fault:
        raise NoProofs("eth_getProof", str(fault)) from fault


def deploy(
    provider: BaseProvider | str,
    deployer: LocalAccount,
    founding: Founding,
    *,
    gas_price_wei: int = 0,
    timeout_s: float = 60,
) -> ContractAddresses:
    """Creates both contracts and returns where they stand; the deployer has no right in them afterwards.

    Raises the contract's error where the founding is refused, e.g. ThresholdOutOfRange.
    """
    endpoint = Endpoint(provider, timeout_s)
    nonce = endpoint.quantity("eth_getTransactionCount", deployer.address, "latest")
    registry_code = encode_constructor(
        "MemberRegistry",
        founding.consortium,
        # The registry names its ledger, so the ledger's address is derived before it is created, by the next nonce.
        created_address(deployer.address, nonce + 1),
        [founder_values(founder) for founder in founding.founders],
        founding.threshold,
        founding.proposal_lifetime_blocks,
        list(founding.policies.items()),
        (founding.tag_key, founding.tag_suite),
    )
    registry = _create(endpoint, deployer, nonce, registry_code, gas_price_wei, timeout_s)
    ledger_code = encode_constructor("RecordLedger", registry)
    ledger = _create(endpoint, deployer, nonce + 1, ledger_code, gas_price_wei, timeout_s)
    return ContractAddresses(registry=registry, ledger=ledger)


def created_address(creator: str, nonce: int) -> str:
    """The address of the contract that an account creates by its transaction of this nonce (0x-hex)."""
    return "0x" + keccak256(rlp.encode([bytes.fromhex(creator[2:]), rlp.int_to_bytes(nonce)]))[12:].hex()


def read_expectations(
    provider: BaseProvider | str, addresses: ContractAddresses, timeout_s: float = 10
) -> Expectations:
    """What a trust root pins, as this endpoint says it now: for whoever founded the chain, and nobody else."""
    endpoint = Endpoint(provider, timeout_s)
    genesis = endpoint.block(0)
    if genesis is None:
        raise MalformedAnswer("eth_getBlockByNumber", "the endpoint has no block 0")
    places = {"MemberRegistry": addresses.registry, "RecordLedger": addresses.ledger}
    return Expectations(
        chain_id=endpoint.quantity("eth_chainId"),
        genesis_hash=parse_hex(genesis.get("hash"), "eth_getBlockByNumber", 32),
        code_hashes={
            name: "0x" + keccak256(endpoint.content("eth_getCode", address, "latest")).hex()
            for name, address in places.items()
        },
    )


def _create(
    endpoint: Endpoint, deployer: LocalAccount, nonce: int, code: bytes, gas_price_wei: int, timeout_s: float
) -> str:
    raw = sign_transaction(
        deployer,
        nonce=nonce,
        chain_id=endpoint.quantity("eth_chainId"),
        gas_price_wei=gas_price_wei,
        gas=estimate_gas(endpoint, deployer.address, None, code, gas_price_wei) * CREATION_GAS_PERCENT // 100,
        to=None,
        data=code,
    )
    tx_hash = send_raw(endpoint, raw, "0x" + keccak256(raw).hex())
    fields = parse_object(wait_for_receipt(endpoint, tx_hash, timeout_s), "eth_getTransactionReceipt")
    receipt = parse_receipt(fields, tx_hash)
    if parse_quantity(fields.get("status"), "eth_getTransactionReceipt") != 1:
        raise RevertedWithoutReason(b"")
    if receipt.contract_address is None:
        raise MalformedAnswer("eth_getTransactionReceipt", "the receipt of a creation names no contract")
    return receipt.contract_address
