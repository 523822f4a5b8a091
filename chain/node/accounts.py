"""Accounts under a state root: what they hold, and the proofs of it in the form of EIP-1186."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import rlp

from chain.node.trie import EMPTY_CODE_HASH, EMPTY_ROOT, keccak, walk

NodeOf = Callable[[bytes], bytes]
"""A trie node by its hash; raises KeyError where none is kept."""


@dataclass(frozen=True)
class AccountState:
    """An account under some block's state root; all zero where it does not exist."""

    nonce: int = 0
    balance: int = 0
    storage_root: bytes = EMPTY_ROOT
    code_hash: bytes = EMPTY_CODE_HASH


@dataclass(frozen=True)
class Proof:
    """EIP-1186: an account, the trie nodes that prove it, and per slot its value with its nodes."""

    account: AccountState
    account_nodes: tuple[bytes, ...]
    slots: tuple[tuple[int, int, tuple[bytes, ...]], ...]


def account_under(state_root: bytes, address: bytes, node_of: NodeOf) -> AccountState:
    """The account of this address (20 bytes) under a state root."""
    return _account(walk(state_root, keccak(address), node_of)[0])


def word_under(storage_root: bytes, slot: int, node_of: NodeOf) -> int:
    """The word in one storage slot under an account's storage root; 0 where nothing was ever written."""
    return _word(walk(storage_root, keccak(slot.to_bytes(32)), node_of)[0])


def proof_under(state_root: bytes, address: bytes, slots: Sequence[int], node_of: NodeOf) -> Proof:
    """The account and these slots with the trie nodes that prove them, present or absent, under a state root."""
    value, nodes = walk(state_root, keccak(address), node_of)
    account = _account(value)
    proved = []
    for slot in slots:
        word, slot_nodes = walk(account.storage_root, keccak(slot.to_bytes(32)), node_of)
        proved.append((slot, _word(word), tuple(slot_nodes)))
    return Proof(account, tuple(nodes), tuple(proved))


def _account(encoded: bytes | None) -> AccountState:
    if encoded is None:
        return AccountState()
    nonce, balance, storage_root, code_hash = rlp.decode(encoded)
    return AccountState(int.from_bytes(nonce), int.from_bytes(balance), storage_root, code_hash)


def _word(encoded: bytes | None) -> int:
    return 0 if encoded is None else int.from_bytes(rlp.decode(encoded))
