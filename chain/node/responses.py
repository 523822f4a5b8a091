"""What the node answers, in the JSON shapes of the Ethereum execution APIs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from eth._utils.address import generate_contract_address
from eth.abc import SignedTransactionAPI
from eth.vm.forks.london.transactions import LondonTransactionBuilder

from chain.node.accounts import Proof
from chain.node.blocks import BASE_FEE_WEI, DIFFICULTY, MIX_HASH, NONCE, UNCLES_HASH, Block, Header, Log
from chain.node.stored_logs import BlockLogs
from chain.node.transactions import AccessList
from chain.node.vm import type_of

Json = dict[str, Any]


def data(octets: bytes) -> str:
    """Bytes as 0x and two hex digits each."""
    return "0x" + octets.hex()


def header(of: Header) -> Json:
    """A header as `newHeads` tells it."""
    return {
        "number": hex(of.number),
        "hash": data(of.hash),
        "parentHash": data(of.parent_hash),
        "sha3Uncles": data(UNCLES_HASH),
        "miner": data(of.miner),
        "stateRoot": data(of.state_root),
        "transactionsRoot": data(of.transactions_root),
        "receiptsRoot": data(of.receipts_root),
        "logsBloom": data(of.bloom),
        "difficulty": hex(DIFFICULTY),
        "gasLimit": hex(of.gas_limit),
        "gasUsed": hex(of.gas_used),
        "timestamp": hex(of.timestamp),
        "extraData": data(of.extra_data),
        "mixHash": data(MIX_HASH),
        "nonce": data(NONCE),
        "baseFeePerGas": hex(BASE_FEE_WEI),
    }


def block(of: Block, *, full: bool) -> Json:
    """A block with its transactions' hashes, or with the transactions themselves where `full`."""
    transactions: list[Any] = (
        [transaction(of, index) for index in range(len(of.transactions))]
        if full
        else [data(name) for name in of.hashes]
    )
    return {
        **header(of.header),
        "totalDifficulty": hex(DIFFICULTY * (of.header.number + 1)),
        "size": hex(len(of.raw)),
        "transactions": transactions,
        "uncles": [],
    }


def transaction(of: Block, index: int) -> Json:
    """A transaction as it stands in its block."""
    return {
        **_transaction(of.transactions[index], of.hashes[index], of.senders[index]),
        "blockHash": data(of.header.hash),
        "blockNumber": hex(of.header.number),
        "blockTimestamp": hex(of.header.timestamp),
        "transactionIndex": hex(index),
    }


def waiting(raw: bytes, name: bytes, sender: bytes) -> Json:
    """A transaction that is in no block yet."""
    return {
        **_transaction(raw, name, sender),
        "blockHash": None,
        "blockNumber": None,
        "transactionIndex": None,
    }


def receipt(of: Block, index: int) -> Json:
    """The receipt of the transaction with this index."""
    one = of.receipts[index]
    before = of.receipts[index - 1].cumulative_gas_used if index else 0
    sent = LondonTransactionBuilder.decode(of.transactions[index])
    first_log, logs = of.first_log_index(index), BlockLogs.of(of)
    created = None if sent.to else data(generate_contract_address(cast(Any, of.senders[index]), sent.nonce))
    return {
        "type": hex(one.type),
        "status": hex(one.status),
        "transactionHash": data(of.hashes[index]),
        "transactionIndex": hex(index),
        "blockHash": data(of.header.hash),
        "blockNumber": hex(of.header.number),
        "from": data(of.senders[index]),
        "to": data(sent.to) if sent.to else None,
        "contractAddress": created,
        "cumulativeGasUsed": hex(one.cumulative_gas_used),
        "gasUsed": hex(one.cumulative_gas_used - before),
        "effectiveGasPrice": hex(_paid_price(sent)),
        "logs": [log(logs, index, first_log + i, item) for i, item in enumerate(one.logs)],
        "logsBloom": data(one.bloom),
    }


def log(of: BlockLogs, transaction_index: int, log_index: int, one: Log) -> Json:
    """One log, with where it stands."""
    return {
        "address": data(one.address),
        "topics": [data(topic) for topic in one.topics],
        "data": data(one.data),
        "blockNumber": hex(of.number),
        "blockHash": data(of.hash),
        "blockTimestamp": hex(of.timestamp),
        "transactionHash": data(of.transaction_hashes[transaction_index]),
        "transactionIndex": hex(transaction_index),
        "logIndex": hex(log_index),
        "removed": False,
    }


def proof(address: bytes, of: Proof) -> Json:
    """EIP-1186's answer to `eth_getProof`."""
    return {
        "address": data(address),
        "accountProof": [data(node) for node in of.account_nodes],
        "balance": hex(of.account.balance),
        "codeHash": data(of.account.code_hash),
        "nonce": hex(of.account.nonce),
        "storageHash": data(of.account.storage_root),
        "storageProof": [
            {"key": data(slot.to_bytes(32)), "value": hex(word), "proof": [data(node) for node in nodes]}
            for slot, word, nodes in of.slots
        ],
    }


def access_list(of: AccessList) -> list[Json]:
    """An access list of EIP-2930."""
    return [
        {"address": data(address), "storageKeys": [data(slot.to_bytes(32)) for slot in slots]} for address, slots in of
    ]


def fee_history(of: Sequence[Header], percentiles: Sequence[float]) -> Json:
    """Fees of these blocks: none, for gas is free; and how full each was."""
    return {
        "oldestBlock": hex(of[0].number if of else 0),
        "baseFeePerGas": [hex(BASE_FEE_WEI)] * (len(of) + 1),
        "gasUsedRatio": [one.gas_used / one.gas_limit for one in of],
        **({"reward": [["0x0"] * len(percentiles) for _ in of]} if percentiles else {}),
    }


def _transaction(raw: bytes, name: bytes, sender: bytes) -> Json:
    one = LondonTransactionBuilder.decode(raw)
    kind = type_of(raw)
    shape: Json = {
        "type": hex(kind),
        "hash": data(name),
        "from": data(sender),
        "to": data(one.to) if one.to else None,
        "nonce": hex(one.nonce),
        "gas": hex(one.gas),
        "gasPrice": hex(_paid_price(one)),
        "value": hex(one.value),
        "input": data(one.data),
        "chainId": hex(one.chain_id or 0),
        "r": hex(one.r),
        "s": hex(one.s),
        "v": hex(one.y_parity if kind else int(cast(Any, one).v)),
    }
    if kind:
        listed = tuple((bytes(address), tuple(slots)) for address, slots in one.access_list)
        shape["yParity"] = hex(one.y_parity)
        shape["accessList"] = access_list(listed)
    if kind == 2:
        shape["maxFeePerGas"] = hex(one.max_fee_per_gas)
        shape["maxPriorityFeePerGas"] = hex(one.max_priority_fee_per_gas)
    return shape


def _paid_price(one: SignedTransactionAPI) -> int:
    return min(one.max_fee_per_gas, one.max_priority_fee_per_gas + BASE_FEE_WEI)


def raw_header(of: Header) -> str:
    """The header's RLP with its seals."""
    return data(of.raw)


def raw_receipts(of: Block) -> list[str]:
    """Each receipt's bytes of EIP-2718."""
    return [data(one.raw) for one in of.receipts]


def validators(of: Header) -> list[str]:
    """The validators that a header names."""
    return [data(one) for one in of.validators]
