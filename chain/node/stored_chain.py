"""What a node can be asked about blocks on disk and the state under them, up to the head that it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chain.node.accounts import AccountState, Proof, account_under, proof_under, word_under
from chain.node.blocks import Block, Header
from chain.node.store import Store
from chain.node.stored_logs import BlockLogs
from chain.node.trie import EMPTY_CODE_HASH


class StoredChain:
    """The blocks of a store. Any thread may ask; a block is on disk a moment before it is the head."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._head = store.header(store.head)

    @property
    def head(self) -> Header:
        """Header of the newest block."""
        return self._head

    def block(self, number: int) -> Block:
        """The block of this number, which must be from 0 to the head's."""
        return self._store.block(number)

    def logs(self, number: int) -> BlockLogs:
        """The logs of the block of this number, which must be from 0 to the head's."""
        return self._store.logs(number) if number < self._head.number else BlockLogs.of(self._store.block(number))

    def header(self, number: int) -> Header:
        """The header of this number, which must be from 0 to the head's."""
        return self._head if number == self._head.number else self._store.block(number).header

    def find_number(self, block_hash: bytes) -> int | None:
        """Number of the block with this hash; None where there is none."""
        number = self._store.find_number(block_hash)
        return None if number is None or number > self._head.number else number

    def find_transaction(self, transaction_hash: bytes) -> tuple[int, int] | None:
        """Block number and index of this transaction; None where it is in no block."""
        # A block is on disk a moment before it is the head; until then nobody may see a part of it.
        found = self._store.find_transaction(transaction_hash)
        return None if found is None or found[0] > self._head.number else found

    def blooms(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Number and Bloom filter (as an integer) of each block from `first` to `last`."""
        return self._store.blooms(first, last)

    # What the state says

    def account(self, address: bytes, state_root: bytes) -> AccountState:
        """The account of this address (20 bytes) under a block's state root."""
        return account_under(state_root, address, self._store.node)

    def code(self, account: AccountState) -> bytes:
        """The code of an account; empty for one without."""
        return b"" if account.code_hash == EMPTY_CODE_HASH else self._store.node(account.code_hash)

    def storage(self, account: AccountState, slot: int) -> int:
        """The word in one storage slot of an account; 0 where nothing was ever written."""
        return word_under(account.storage_root, slot, self._store.node)

    def proof(self, address: bytes, slots: Sequence[int], state_root: bytes) -> Proof:
        """The account and these slots with the trie nodes that prove them, present or absent, under a state root."""
        return proof_under(state_root, address, slots, self._store.node)
