"""Reading the chain: what was pinned beforehand is checked on connecting, what was seen is checked ever after."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from web3.providers.base import BaseProvider

from chain.errors import Malformed
from chain.ledger.abi import decode_result, encode_call
from chain.ledger.endpoint import Endpoint, block_id, parse_bytes, parse_hex, parse_quantity
from chain.ledger.faults import (
    ChangedCode,
    HeadChanged,
    HeadWentBack,
    MalformedAnswer,
    NoProofs,
    OtherEdition,
    RpcRefused,
    WrongChain,
)
from chain.ledger.types import ContractAddresses, Expectations, Head, Log, ProofAnswer
from chain.proof.hashes import keccak256
from chain.proof.header import Header
from contracts import ContractName, artifact

LOG_BLOCKS_MAX = 50_000
"""How many blocks one log query spans at first; where the endpoint refuses, half as many are asked for."""
_BLOCK = "eth_getBlockByNumber"


class ChainReader:
    """The pinned chain behind one endpoint.

    With `unsealed`, engines without QBFT headers are taken too; nothing read from them can become a proof.
    Raises WrongChain, ChangedCode, OtherEdition or NoProofs on connecting, LedgerUnreachable where there is no
    connection.
    """

    def __init__(
        self,
        provider: BaseProvider | str,
        addresses: ContractAddresses,
        *,
        expect: Expectations,
        timeout_s: float = 10,
        unsealed: bool = False,
    ) -> None:
        self._endpoint = Endpoint(provider, timeout_s)
        self.addresses = ContractAddresses(addresses.registry.lower(), addresses.ledger.lower())
        self.unsealed = unsealed
        self._expect = expect
        self._seen: Head | None = None
        self._lock = threading.Lock()
        self.chain_id = self._endpoint.quantity("eth_chainId")
        self.consortium = b""
        self.check()

    def check(self) -> None:
        """That this is still the pinned chain with the pinned code, able to prove. Cheap enough for every minute."""
        said = self._endpoint.quantity("eth_chainId")
        expected = self.chain_id if self._expect.chain_id is None else self._expect.chain_id
        if said != expected:
            raise WrongChain("chain id", expected, said)
        genesis = parse_hex(self._block(0).get("hash"), _BLOCK, 32)
        if self._expect.genesis_hash is not None and genesis != self._expect.genesis_hash.lower():
            raise WrongChain("genesis hash", self._expect.genesis_hash, genesis)
        head = self.head()
        for name in ("MemberRegistry", "RecordLedger"):
            self._check_code(name)
        self.consortium = self._call("RecordLedger", "consortium")
        registry = self._call("RecordLedger", "registry")
        if registry != self.addresses.registry or self._call("MemberRegistry", "consortium") != self.consortium:
            raise WrongChain("registry of the ledger contract", self.addresses.registry, registry)
        if not self.unsealed:
            self._check_proofs(head)

    def head(self) -> Head:
        """The newest block. Raises HeadWentBack or HeadChanged where it cannot follow the one seen before."""
        fields = self._block("latest")
        number = parse_quantity(fields.get("number"), _BLOCK)
        head = Head(
            number=number,
            hash=self._checked_hash(fields, number),
            timestamp=parse_quantity(fields.get("timestamp"), _BLOCK),
            state_root=parse_bytes(fields.get("stateRoot"), _BLOCK, 32),
        )
        with self._lock:
            seen = self._seen
            if seen is not None and head.number < seen.number:
                raise HeadWentBack(seen.number, head.number)
            if seen is not None and head.number == seen.number and head.hash != seen.hash:
                raise HeadChanged(head.number, seen.hash, head.hash)
            self._seen = head
        return head

    def block_number(self) -> int:
        """The head's number, checked as `head`."""
        return self.head().number

    def block_hash(self, number: int) -> str:
        """The hash of a block; MalformedAnswer where the endpoint has none of that number."""
        return self._checked_hash(self._block(number), number)

    def block_timestamp(self, number: int) -> int:
        """A block's time, Unix seconds UTC; the block's hash is recomputed."""
        fields = self._block(number)
        self._checked_hash(fields, number)
        return parse_quantity(fields.get("timestamp"), _BLOCK)

    def header_rlp(self, number: int) -> bytes:
        """The raw sealed header of a block, its hash recomputed; NoProofs where it is no QBFT header."""
        return self._header(self._block(number), number).to_rlp()

    def proof(self, address: str, slots: Sequence[int], block: int) -> ProofAnswer:
        """The EIP-1186 answer for these slots at a block; its nodes are checked where a bundle is made of them."""
        return self._endpoint.proof(address.lower(), slots, block)

    def code_hash(self, contract: ContractName) -> str:
        """keccak-256 of a contract's deployed code, as the endpoint gives the code."""
        return "0x" + keccak256(self._code(contract)).hex()

    def logs(self, contract: ContractName, topics: Sequence[str], from_block: int, to_block: int) -> Iterator[Log]:
        """A contract's events in chain order, asked for in ranges that the endpoint takes."""
        first, span = from_block, LOG_BLOCKS_MAX
        while first <= to_block:
            last = min(to_block, first + span - 1)
            try:
                found = self._endpoint.logs(self.address_of(contract), topics, first, last)
            except RpcRefused:
                if span == 1:
                    raise
                span = max(1, span // 2)
                continue
            yield from found
            first = last + 1

    def block_with_transactions(self, number: int) -> Mapping[str, Any]:
        """A block with its whole transactions, as JSON-RPC gives it; its hash is recomputed."""
        fields = self._block(number, full=True)
        self._checked_hash(fields, number)
        return fields

    def address_of(self, contract: ContractName) -> str:
        """Where the contract stands."""
        return self.addresses.registry if contract == "MemberRegistry" else self.addresses.ledger

    def _call(self, contract: ContractName, function: str, *arguments: object, block: int | None = None) -> Any:
        """What a view function returns: its value, or a tuple where it returns several."""
        call = encode_call(contract, function, *arguments)
        request = {"to": self.address_of(contract), "data": "0x" + call.data.hex()}
        result = decode_result(contract, function, self._endpoint.content("eth_call", request, block_id(block)))
        return result[0] if len(result) == 1 else result

    def _block(self, block: int | str, *, full: bool = False) -> Mapping[str, Any]:
        fields = self._endpoint.block(block, full=full)
        if fields is None:
            raise MalformedAnswer(_BLOCK, f"the endpoint has no block {block}")
        return fields

    def _header(self, fields: Mapping[str, Any], number: int) -> Header:
        try:
            header = Header.from_rpc_json(fields)
        except Malformed as fault:
            raise NoProofs("sealed headers", f"block {number} has no QBFT header: {fault}") from fault
        said = parse_hex(fields.get("hash"), _BLOCK, 32)
        if header.block_hash.hex() != said[2:] or header.number != number:
            raise MalformedAnswer(_BLOCK, f"the hash of block {number} does not fit its fields")
        return header

    def _checked_hash(self, fields: Mapping[str, Any], number: int) -> str:
        # Block 0 has no seals and need not be of QBFT's shape; the trust root pins its hash.
        if number != 0 and not self.unsealed:
            self._header(fields, number)
        return parse_hex(fields.get("hash"), _BLOCK, 32)

    def _code(self, contract: ContractName) -> bytes:
        return self._endpoint.content("eth_getCode", self.address_of(contract), "latest")

    def _check_code(self, contract: ContractName) -> None:
        code = self._code(contract)
        got = "0x" + keccak256(code).hex()
        known = artifact(contract)
        expected = self._expect.code_hashes.get(contract)
        if expected is not None and got != expected.lower():
            raise ChangedCode(contract, self.address_of(contract), expected, got)
        if known.without_immutables(code) != known.deployed_bytecode:
            if expected is not None:
                raise OtherEdition(contract, self.address_of(contract))
            bare = "0x" + known.deployed_code_hash.hex()
            raise ChangedCode(contract, self.address_of(contract), f"{bare} (before immutables)", got)

    def _check_proofs(self, head: Head) -> None:
        try:
            self._endpoint.proof(self.addresses.ledger, [0], head.number)
        except (RpcRefused, MalformedAnswer) as fault:
            raise NoProofs("eth_getProof", str(fault)) from fault
