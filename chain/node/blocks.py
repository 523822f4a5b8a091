"""Headers of QBFT shape, their two hashes and their commit seals; a block as the node keeps it.

`extraData = RLP([vanity, [validators], vote, round, [seals]])`. The block hash is keccak of the header with round 0
and no seals; the seal hash, which validators sign, is keccak of the header with the real round and no seals. This
node always writes round 0 (the empty string), so here the two are one. EIP-650 and the QBFT specification of the
Enterprise Ethereum Alliance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast

import rlp
from coincurve import PrivateKey

from chain.errors import Malformed
from chain.node.errors import CannotSeal
from chain.node.trie import keccak
from chain.node.trusted_rlp import EMPTY, listed, number, string

MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""The constant by which clients know a header of a Byzantine fault tolerant chain."""
UNCLES_HASH = bytes.fromhex("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347")
"""Keccak of the RLP of no uncles."""
VANITY = bytes(32)
NONCE = bytes(8)
DIFFICULTY = 1
BASE_FEE_WEI = 0
BLOOM_PLACE_MAX = 2047
"""Three times eleven bits of a term's hash each name a bit of the filter (Yellow Paper section 4.3.1)."""


@dataclass(frozen=True)
class Header:
    """One block's header: the fields that vary; the rest are this chain's constants."""

    parent_hash: bytes
    miner: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    bloom: bytes
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    validators: tuple[bytes, ...]
    seals: tuple[bytes, ...] = ()

    @cached_property
    def raw(self) -> bytes:
        """The header's RLP with its seals, as it travels."""
        return self._rlp(self.seals)

    @cached_property
    def hash(self) -> bytes:
        """The block hash: keccak of the header with round 0 and no seals."""
        return keccak(self._rlp(()))

    @property
    def seal_hash(self) -> bytes:
        """What validators sign; equal to the block hash because the round is always 0."""
        return self.hash

    @property
    def extra_data(self) -> bytes:
        """The header's `extraData` with its seals."""
        return self._extra(self.seals)

    def sealed(self, keys: Sequence[PrivateKey]) -> Header:
        """This header with a commit seal of each key; keys stand in the order of their addresses."""
        return replace(self, seals=tuple(key.sign_recoverable(self.seal_hash, hasher=None) for key in keys))

    @classmethod
    def parse(cls, raw: bytes) -> Header:
        """The header that this RLP is; raises `Malformed` where it is none of this chain's."""
        try:
            fields = rlp.decode(raw)
            extra = rlp.decode(fields[12])
            header = cls(
                parent_hash=fields[0],
                miner=fields[2],
                state_root=fields[3],
                transactions_root=fields[4],
                receipts_root=fields[5],
                bloom=fields[6],
                number=int.from_bytes(fields[8]),
                gas_limit=int.from_bytes(fields[9]),
                gas_used=int.from_bytes(fields[10]),
                timestamp=int.from_bytes(fields[11]),
                validators=tuple(extra[1]),
                seals=tuple(extra[4]),
            )
        except (rlp.DecodingError, IndexError, TypeError) as error:
            raise Malformed("header", "must be the RLP of a QBFT header") from error
        if header.raw != raw:
            raise Malformed("header", "differs from the one form in which this node writes headers")
        return header

    def _extra(self, seals: tuple[bytes, ...]) -> bytes:
        validators, commits = b"".join(map(string, self.validators)), b"".join(map(string, seals))
        return listed(string(VANITY) + listed(validators) + listed(b"") + EMPTY + listed(commits))

    def _rlp(self, seals: tuple[bytes, ...]) -> bytes:
        roots = (self.state_root, self.transactions_root, self.receipts_root)
        strings = (self.parent_hash, UNCLES_HASH, self.miner, *roots, self.bloom)
        numbers = (DIFFICULTY, self.number, self.gas_limit, self.gas_used, self.timestamp)
        ends = (self._extra(seals), MIX_HASH, NONCE)
        return listed(
            b"".join((*map(string, strings), *map(number, numbers), *map(string, ends), number(BASE_FEE_WEI)))
        )


@dataclass(frozen=True)
class Log:
    """One event of a contract: who, up to four topics of 32 bytes, data."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Receipt:
    """What became of one transaction, as its block's receipts root commits to it."""

    type: int
    status: int
    cumulative_gas_used: int
    logs: tuple[Log, ...]

    @cached_property
    def bloom(self) -> bytes:
        """The 256-byte Bloom filter over addresses and topics of the logs."""
        bits = 0
        for term in {term for log in self.logs for term in (log.address, *log.topics)}:
            name = keccak(term)
            for place in (0, 2, 4):
                bits |= 1 << (int.from_bytes(name[place : place + 2]) & BLOOM_PLACE_MAX)
        return bits.to_bytes(256)

    @cached_property
    def raw(self) -> bytes:
        """The receipt's bytes of EIP-2718: type byte (none for type 0) and RLP."""
        logs = b"".join(
            listed(string(log.address) + listed(b"".join(map(string, log.topics))) + string(log.data))
            for log in self.logs
        )
        body = listed(number(self.status) + number(self.cumulative_gas_used) + string(self.bloom) + listed(logs))
        return bytes([self.type]) + body if self.type else body

    @classmethod
    def parse(cls, raw: bytes) -> Receipt:
        """The receipt that these bytes of EIP-2718 are."""
        kind = raw[0] if raw[0] < 0x80 else 0
        status, gas, _bloom, logs = rlp.decode(raw[1:] if kind else raw)
        return cls(
            type=kind,
            status=int.from_bytes(status),
            cumulative_gas_used=int.from_bytes(gas),
            logs=tuple(Log(address, tuple(topics), data) for address, topics, data in logs),
        )


@dataclass(frozen=True)
class Block:
    """A block as the node keeps it: header, raw transactions (EIP-2718), their senders and receipts, index by index."""

    header: Header
    transactions: tuple[bytes, ...]
    senders: tuple[bytes, ...]
    receipts: tuple[Receipt, ...]
    known_hashes: tuple[bytes, ...] | None = field(default=None, compare=False, repr=False)
    """The transactions' hashes where whoever made the block had them."""

    @cached_property
    def hashes(self) -> tuple[bytes, ...]:
        """Each transaction's hash."""
        return self.known_hashes or tuple(keccak(raw) for raw in self.transactions)

    @cached_property
    def raw(self) -> bytes:
        """The block's RLP, as `debug_getRawBlock` gives it: header, transactions, no uncles."""
        wrapped = [raw if raw[0] < 0x80 else rlp.decode(raw) for raw in self.transactions]
        return cast(bytes, rlp.encode([rlp.decode(self.header.raw), wrapped, []]))

    def first_log_index(self, transaction: int) -> int:
        """How many logs of this block stand before those of the transaction with that index."""
        return sum(len(receipt.logs) for receipt in self.receipts[:transaction])


def quorum(validators: int) -> int:
    """Least seals that make a header final: two thirds of the validators, rounded up."""
    return -(-2 * validators // 3)


def address_of(key: PrivateKey) -> bytes:
    """The Ethereum address of a secp256k1 key: the last 20 bytes of keccak of the public key."""
    return keccak(key.public_key.format(compressed=False)[1:])[12:]


def validator_set(keys: Sequence[bytes], validators: Sequence[bytes]) -> list[PrivateKey]:
    """The keys as signers, in the order of their addresses.

    Raises `CannotSeal` unless they are of these validators, distinct, and at least a quorum.
    """
    signers = sorted((PrivateKey(key) for key in keys), key=address_of)
    addresses = [address_of(key) for key in signers]
    if len(set(addresses)) != len(addresses):
        raise CannotSeal("one validator's key was given twice")
    for address in addresses:
        if address not in validators:
            raise CannotSeal(f"0x{address.hex()} is not a validator of the genesis")
    if len(signers) < quorum(len(validators)):
        raise CannotSeal(
            f"{len(signers)} validator keys are at hand; {quorum(len(validators))} of {len(validators)} are needed"
        )
    return signers
