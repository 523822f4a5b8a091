"""The JSON-RPC methods: name, parameters, answer. Each asks the node; none changes it but `eth_sendRawTransaction`."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chain.node import requests as p
from chain.node import responses
from chain.node.accounts import AccountState
from chain.node.blocks import Block, Header
from chain.node.calls import Call
from chain.node.errors import INVALID_PARAMS, LIMIT_EXCEEDED, SERVER_ERROR, RpcError, TransactionRefused
from chain.node.filters import Filters, find_logs
from chain.node.node import EmbeddedNode
from chain.node.trie import keccak
from chain.program_version import program_version

Parameters = tuple[p.Parser, ...]


@dataclass(frozen=True)
class Method:
    """One method: what answers it, a parser for each parameter by position, how many are needed."""

    answer: Callable[..., object]
    parsers: Parameters
    needed: int


class Methods:
    """All methods of one node, by name."""

    def __init__(self, node: EmbeddedNode) -> None:
        self._node = node
        self.filters = Filters(node, self._number)
        self.table: dict[str, Method] = {**self._chain(), **self._state(), **self._blocks(), **self._searches()}

    def answer(self, name: str, params: object) -> object:
        """What the method of this name, which must be in `table`, answers; raises `RpcError`."""
        method = self.table[name]
        return method.answer(*p.parsed(params, method.parsers, method.needed))

    def _chain(self) -> dict[str, Method]:
        node = self._node
        return {
            "eth_chainId": Method(lambda: hex(node.genesis.chain_id), (), 0),
            "net_version": Method(lambda: str(node.genesis.chain_id), (), 0),
            "net_listening": Method(lambda: True, (), 0),
            "net_peerCount": Method(lambda: "0x0", (), 0),
            "web3_clientVersion": Method(client_version, (), 0),
            "web3_sha3": Method(lambda said: responses.data(keccak(said)), (p.octets,), 1),
            "eth_syncing": Method(lambda: False, (), 0),
            "eth_mining": Method(lambda: not node.settings.read_only, (), 0),
            "eth_accounts": Method(list, (), 0),
            "eth_gasPrice": Method(lambda: "0x0", (), 0),
            "eth_maxPriorityFeePerGas": Method(lambda: "0x0", (), 0),
            "eth_blobBaseFee": Method(lambda: "0x0", (), 0),
            "eth_blockNumber": Method(lambda: hex(node.head.number), (), 0),
            "eth_feeHistory": Method(self._fee_history, (p.count, p.block_name, p.anything), 2),
            "eth_sendRawTransaction": Method(self._send, (p.octets,), 1),
            "txpool_status": Method(self._pool_status, (), 0),
        }

    def _state(self) -> dict[str, Method]:
        at = p.block_name
        return {
            "eth_getBalance": Method(lambda a, b=None: hex(self._account(a, b).balance), (p.address, at), 1),
            "eth_getTransactionCount": Method(self._transaction_count, (p.address, at), 1),
            "eth_getCode": Method(self._code, (p.address, at), 1),
            "eth_getStorageAt": Method(self._storage, (p.address, p.slot, at), 2),
            "eth_getProof": Method(self._proof, (p.address, p.slots, at), 2),
            "eth_call": Method(self._call, (p.call, at, p.changes, p.anything), 1),
            "eth_estimateGas": Method(self._estimate, (p.call, at, p.changes), 1),
            "eth_createAccessList": Method(self._access_list, (p.call, at), 1),
        }

    def _blocks(self) -> dict[str, Method]:
        by_number: Parameters = (p.block_name,)
        by_hash: Parameters = (p.hash32,)
        uncle: Parameters = (p.block_name, p.small)
        return {
            "eth_getBlockByNumber": Method(self._block, (p.block_name, p.flag), 1),
            "eth_getBlockByHash": Method(self._block_by_hash, (p.hash32, p.flag), 1),
            "eth_getBlockTransactionCountByNumber": Method(
                lambda name: self._of(name, lambda block: hex(len(block.transactions))), by_number, 1
            ),
            "eth_getBlockTransactionCountByHash": Method(
                lambda name: self._of(p.BlockName(hash=name), lambda block: hex(len(block.transactions))), by_hash, 1
            ),
            "eth_getUncleCountByBlockNumber": Method(lambda name: self._of(name, lambda block: "0x0"), by_number, 1),
            "eth_getUncleCountByBlockHash": Method(
                lambda name: self._of(p.BlockName(hash=name), lambda block: "0x0"), by_hash, 1
            ),
            "eth_getUncleByBlockNumberAndIndex": Method(lambda name, index: None, uncle, 2),
            "eth_getUncleByBlockHashAndIndex": Method(lambda name, index: None, (p.hash32, p.small), 2),
            "eth_getBlockReceipts": Method(
                lambda name: self._of(
                    name, lambda block: [responses.receipt(block, index) for index in range(len(block.receipts))]
                ),
                by_number,
                1,
            ),
            "eth_getTransactionByHash": Method(self._transaction, by_hash, 1),
            "eth_getRawTransactionByHash": Method(self._raw_transaction, by_hash, 1),
            "eth_getTransactionByBlockNumberAndIndex": Method(self._transaction_at, uncle, 2),
            "eth_getTransactionByBlockHashAndIndex": Method(
                lambda name, index: self._transaction_at(p.BlockName(hash=name), index), (p.hash32, p.small), 2
            ),
            "eth_getTransactionReceipt": Method(self._receipt, by_hash, 1),
            "debug_getRawHeader": Method(lambda name: responses.raw_header(self._header(name)), by_number, 1),
            "debug_getRawBlock": Method(lambda name: responses.data(self._known(name).raw), by_number, 1),
            "debug_getRawReceipts": Method(lambda name: responses.raw_receipts(self._known(name)), by_number, 1),
            "debug_getRawTransaction": Method(lambda name: self._raw_transaction(name) or "0x", by_hash, 1),
            "qbft_getValidatorsByBlockNumber": Method(
                lambda name: responses.validators(self._header(name)), by_number, 1
            ),
            "qbft_getValidatorsByBlockHash": Method(
                lambda name: responses.validators(self._header(p.BlockName(hash=name))), by_hash, 1
            ),
        }

    def _searches(self) -> dict[str, Method]:
        filters = self.filters
        query: Parameters = (lambda said: p.log_query(said, self._node.settings.filter_terms_max),)
        return {
            "eth_getLogs": Method(lambda asked: find_logs(self._node, asked, self._number), query, 1),
            "eth_newFilter": Method(filters.install, query, 1),
            "eth_newBlockFilter": Method(lambda: filters.install(None), (), 0),
            "eth_newPendingTransactionFilter": Method(lambda: filters.install(None, pending=True), (), 0),
            "eth_getFilterChanges": Method(filters.changes, (p.text,), 1),
            "eth_getFilterLogs": Method(filters.logs, (p.text,), 1),
            "eth_uninstallFilter": Method(filters.uninstall, (p.text,), 1),
        }

    # Naming blocks

    def _find(self, name: p.BlockName | None) -> int | None:
        """The named block's number; None where the chain has no such block."""
        head = self._node.head.number
        if name is None or (name.tag and name.tag != "earliest"):
            # Every sealed block is final, and what waits has no state of its own: all these tags name the head.
            return head
        if name.tag == "earliest":
            return 0
        if name.hash is not None:
            return self._node.find_number(name.hash)
        return name.number if name.number is not None and name.number <= head else None

    def _number(self, name: p.BlockName | None) -> int:
        number = self._find(name)
        if number is None:
            raise RpcError(
                SERVER_ERROR, "block not found" if name and name.hash is None else "header for hash not found"
            )
        return number

    def _header(self, name: p.BlockName | None) -> Header:
        return self._node.header(self._number(name))

    def _state_header(self, name: p.BlockName | None) -> Header:
        """The named block's header, where its state is kept; raises `RpcError` where it was pruned."""
        header = self._header(name)
        first = self._node.state_from
        if header.number < first:
            # Geth's first words, by which indexers know a node that keeps no such state.
            raise RpcError(
                SERVER_ERROR,
                f"missing trie node {header.state_root.hex()} (path ): the state of block {header.number} is pruned; "
                f"this node keeps states from block {first} on",
            )
        return header

    def _known(self, name: p.BlockName) -> Block:
        return self._node.block(self._number(name))

    def _of(self, name: p.BlockName, shape: Callable[[Block], object]) -> object:
        number = self._find(name)
        return None if number is None else shape(self._node.block(number))

    def _account(self, address: bytes, name: p.BlockName | None) -> AccountState:
        return self._node.account(address, self._state_header(name).state_root)

    # Answers

    def _fee_history(self, blocks: int, newest: p.BlockName, percentiles: object) -> object:
        said = [] if percentiles is None else percentiles
        limit = self._node.settings.fee_history_blocks_max
        if not isinstance(said, list) or len(said) > 100 or not all(isinstance(x, int | float) for x in said):
            raise RpcError(INVALID_PARAMS, "reward percentiles must be a list of at most 100 numbers")
        if any(not 0 <= x <= 100 for x in said) or said != sorted(said):
            raise RpcError(INVALID_PARAMS, "reward percentiles must rise from 0 to 100")
        last = self._number(newest)
        first = max(0, last - min(blocks, limit) + 1)
        return responses.fee_history([self._node.header(number) for number in range(first, last + 1)], said)

    def _send(self, raw: bytes) -> str:
        try:
            return responses.data(self._node.send(raw))
        except TransactionRefused as refused:
            raise RpcError(refused.rpc_code, refused.reason) from refused

    def _pool_status(self) -> object:
        runnable, waiting = self._node.runnable, self._node.waiting
        return {"pending": hex(runnable), "queued": hex(max(0, waiting - runnable))}

    def _transaction_count(self, address: bytes, name: p.BlockName | None = None) -> str:
        if name is not None and name.tag == "pending":
            return hex(self._node.next_nonce(address))
        return hex(self._account(address, name).nonce)

    def _code(self, address: bytes, name: p.BlockName | None = None) -> str:
        return responses.data(self._node.code(self._account(address, name)))

    def _storage(self, address: bytes, slot: int, name: p.BlockName | None = None) -> str:
        return responses.data(self._node.storage(self._account(address, name), slot).to_bytes(32))

    def _proof(self, address: bytes, slots: tuple[int, ...], name: p.BlockName | None = None) -> object:
        limit = self._node.settings.proof_slots_max
        if len(slots) > limit:
            raise RpcError(LIMIT_EXCEEDED, f"at most {limit} storage slots are proved at once")
        return responses.proof(address, self._node.proof(address, slots, self._state_header(name).state_root))

    def _call(self, call: Call, name: p.BlockName | None, changes: Any = None, blocks: object = None) -> str:
        if blocks:
            raise RpcError(INVALID_PARAMS, "block overrides are not supported")
        with self._node.call_slot() as deadline:
            return responses.data(self._node.runner(self._state_header(name), deadline, changes or ()).call(call))

    def _estimate(self, call: Call, name: p.BlockName | None, changes: Any = None) -> str:
        with self._node.call_slot() as deadline:
            return hex(self._node.runner(self._state_header(name), deadline, changes or ()).estimate(call))

    def _access_list(self, call: Call, name: p.BlockName | None = None) -> object:
        with self._node.call_slot() as deadline:
            listed, gas, error = self._node.runner(self._state_header(name), deadline).access_list(call)
        answer = {"accessList": responses.access_list(listed), "gasUsed": hex(gas)}
        return answer if error is None else {**answer, "error": error}

    def _block(self, name: p.BlockName, full: bool | None = None) -> object:
        return self._of(name, lambda block: responses.block(block, full=bool(full)))

    def _block_by_hash(self, name: bytes, full: bool | None = None) -> object:
        return self._block(p.BlockName(hash=name), full)

    def _transaction(self, name: bytes) -> object:
        if found := self._node.find_transaction(name):
            return responses.transaction(self._node.block(found[0]), found[1])
        one = self._node.find_waiting(name)
        return None if one is None else responses.waiting(one.raw, one.hash, one.sender)

    def _raw_transaction(self, name: bytes) -> str | None:
        if found := self._node.find_transaction(name):
            return responses.data(self._node.block(found[0]).transactions[found[1]])
        one = self._node.find_waiting(name)
        return None if one is None else responses.data(one.raw)

    def _transaction_at(self, name: p.BlockName, index: int) -> object:
        return self._of(
            name, lambda block: responses.transaction(block, index) if index < len(block.transactions) else None
        )

    def _receipt(self, name: bytes) -> object:
        found = self._node.find_transaction(name)
        return None if found is None else responses.receipt(self._node.block(found[0]), found[1])


def client_version() -> str:
    """Name, version, system and language, as `web3_clientVersion` tells them."""
    system = f"{platform.system().lower()}-{platform.machine()}"
    return f"tongguan/v{program_version()}/{system}/python{platform.python_version()}"
