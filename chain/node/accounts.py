"""Accounts under a state root: what they hold, and the proofs of it in the form of EIP-1186."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chain.node.trie import EMPTY_CODE_HASH, EMPTY_ROOT, NodeOf, keccak, walk
from chain.node.trusted_rlp import listed, number, number_of, raw_items, string, text_of


class AccountState(NamedTuple):
    """An account under some block's state root; all zero where it does not exist."""

    nonce: int = 0
    balance: int = 0
    storage_root: bytes = EMPTY_ROOT
    code_hash: bytes = EMPTY_CODE_HASH

    @classmethod
    def parse(cls, encoded: bytes) -> AccountState:
        """The account in a leaf of the state trie."""
        nonce, balance, storage_root, code_hash = raw_items(encoded)
        return cls(number_of(nonce), number_of(balance), text_of(storage_root), text_of(code_hash))

    def encode(self) -> bytes:
        """The account as its leaf has it."""
        return listed(number(self.nonce) + number(self.balance) + string(self.storage_root) + string(self.code_hash))


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
    return AccountState() if encoded is None else AccountState.parse(encoded)


def _word(encoded: bytes | None) -> int:
    return 0 if encoded is None else number_of(encoded)
