"""Accounts while transactions run on them: what py-evm asks of its account database, with one list of what to undo.

py-evm's own keeps every account and slot as RLP in several layers of journals and writes each change into a trie of its
own, node by node. Here a value is read once, kept as it is, and each trie is brought to its new root once a block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from eth.vm.interrupt import MissingBytecode
from eth_utils.exceptions import ValidationError

from chain.node.accounts import AccountState
from chain.node.trie import EMPTY_CODE_HASH, EMPTY_ROOT, NodeOf, keccak, updated, walk
from chain.node.trusted_rlp import number, number_of

WORD_MAX = (1 << 256) - 1
NONCE_MAX = (1 << 64) - 1
ADDRESS_BYTES = 20


NEW = AccountState()


class _Storage:
    """One account's slots: what its trie holds, as far as it was read, and what was written since."""

    __slots__ = ("_node_of", "read", "root", "written")

    def __init__(self, root: bytes, node_of: NodeOf) -> None:
        self.root = root
        self.read: dict[int, int] = {}
        self.written: dict[int, int] = {}
        self._node_of = node_of

    def get(self, slot: int) -> int:
        found = self.written.get(slot)
        return self.stored(slot) if found is None else found

    def stored(self, slot: int) -> int:
        found = self.read.get(slot)
        if found is None:
            encoded = walk(self.root, keccak(slot.to_bytes(32)), self._node_of)[0]
            found = self.read[slot] = 0 if encoded is None else number_of(encoded)
        return found

    def settled(self) -> tuple[bytes, dict[bytes, bytes]]:
        """The root with what was written, and the new nodes under it."""
        changes = [
            (keccak(slot.to_bytes(32)), number(word) if word else None)
            for slot, word in self.written.items()
            if word != self.stored(slot)
        ]
        return updated(self.root, changes, self._node_of) if changes else (self.root, {})


class LiveAccounts:
    """The accounts under one state root, changed in memory until `persist`. Stands where py-evm has its AccountDB."""

    def __init__(self, node_of: NodeOf, state_root: bytes) -> None:
        self.state_root = state_root
        self.fresh: dict[bytes, bytes] = {}
        """After `persist`: all new trie nodes and codes, by their hash."""
        self._node_of = node_of
        self._read: dict[bytes, AccountState | None] = {}
        self._now: dict[bytes, AccountState | None] = {}
        self._storages: dict[bytes, _Storage] = {}
        self._codes: dict[bytes, bytes] = {}
        self._originals: dict[tuple[bytes, int], int] = {}
        self._warm: set[Any] = set()
        self._undo: list[Callable[[], object]] = []
        # What `_undo` has since the newest point: more of it would only be undone on the way there, and fill the memory
        # of whoever runs a loop that stores.
        self._noted: set[Any] = set()

    # Storage

    def get_storage(self, address: bytes, slot: int, from_journal: bool = True) -> int:
        """The word in a slot now; not `from_journal`, the word before this transaction."""
        if not from_journal:
            original = self._originals.get((address, slot))
            if original is not None:
                return original
        return self._storage(address).get(slot)

    def set_storage(self, address: bytes, slot: int, value: int) -> None:
        """Put a word into a slot."""
        if not (0 <= value <= WORD_MAX and 0 <= slot <= WORD_MAX):
            raise ValidationError("a storage slot and its value have at most 256 bits")
        storage = self._storage(address)
        before = storage.get(slot)
        if before == value:
            return
        self._originals.setdefault((address, slot), before)
        written = storage.written
        if self._is_first((address, slot)):
            self._undo.append(lambda: written.__setitem__(slot, before))
        written[slot] = value

    def delete_storage(self, address: bytes) -> None:
        """Empty all slots, as for a contract that is about to be made; the account is there afterwards."""
        self._set(address, self._get(address)._replace(storage_root=EMPTY_ROOT))
        self._wipe(address)

    def is_storage_warm(self, address: bytes, slot: int) -> bool:
        """Whether this transaction touched the slot (EIP-2929)."""
        return (address, slot) in self._warm

    def mark_storage_warm(self, address: bytes, slot: int) -> None:
        """Note that this transaction touched the slot."""
        self._mark((address, slot))

    # Accounts

    def get_balance(self, address: bytes) -> int:
        """What the account holds, in wei."""
        return self._get(address).balance

    def set_balance(self, address: bytes, balance: int) -> None:
        """Let the account hold so many wei."""
        if not 0 <= balance <= WORD_MAX:
            raise ValidationError("an account's balance has at most 256 bits and is not negative")
        self._set(address, self._get(address)._replace(balance=balance))

    def get_nonce(self, address: bytes) -> int:
        """The account's count of transactions or contracts made."""
        return self._get(address).nonce

    def set_nonce(self, address: bytes, nonce: int) -> None:
        """Put the account's count."""
        if not 0 <= nonce <= NONCE_MAX:
            raise ValidationError("an account's nonce has at most 64 bits and is not negative")
        self._set(address, self._get(address)._replace(nonce=nonce))

    def increment_nonce(self, address: bytes) -> None:
        """One more."""
        self.set_nonce(address, self.get_nonce(address) + 1)

    def get_code(self, address: bytes) -> bytes:
        """The account's code; empty for one without."""
        code_hash = self._get(address).code_hash
        if code_hash == EMPTY_CODE_HASH:
            return b""
        found = self._codes.get(code_hash)
        if found is not None:
            return found
        try:
            return self._node_of(code_hash)
        except KeyError as error:
            raise MissingBytecode(cast(Any, code_hash)) from error

    def set_code(self, address: bytes, code: bytes) -> None:
        """Give the account this code."""
        code_hash = keccak(code)
        self._codes[code_hash] = code
        self._set(address, self._get(address)._replace(code_hash=code_hash))

    def get_code_hash(self, address: bytes) -> bytes:
        """Keccak of the account's code."""
        return self._get(address).code_hash

    def account_has_code_or_nonce(self, address: bytes) -> bool:
        """Whether no contract can be made here."""
        account = self._get(address)
        return account.nonce != 0 or account.code_hash != EMPTY_CODE_HASH

    def account_exists(self, address: bytes) -> bool:
        """Whether the state holds the account, be it empty."""
        return self._find(address) is not None

    def account_is_empty(self, address: bytes) -> bool:
        """Whether the account has no code, count or balance (EIP-161)."""
        return self._get(address)[:2] == (0, 0) and self._get(address).code_hash == EMPTY_CODE_HASH

    def touch_account(self, address: bytes) -> None:
        """Let the account be there, as it is."""
        self._set(address, self._get(address))

    def delete_account(self, address: bytes) -> None:
        """The account and its slots are gone."""
        self._wipe(address)
        self._set(address, None)

    def is_address_warm(self, address: bytes) -> bool:
        """Whether this transaction touched the account (EIP-2929)."""
        return address in self._warm

    def mark_address_warm(self, address: bytes) -> None:
        """Note that this transaction touched the account."""
        self._mark(address)

    # Going back, and on

    def record(self) -> int:
        """A point to which `discard` goes back."""
        self._noted.clear()
        return len(self._undo)

    def discard(self, checkpoint: int) -> None:
        """Everything as it was at that point."""
        self._noted.clear()
        while len(self._undo) > checkpoint:
            self._undo.pop()()

    def commit(self, checkpoint: int) -> None:
        """What came since the point stays, unless an earlier point is gone back to."""

    def lock_changes(self) -> None:
        """A transaction begins: what came before cannot be undone any more, and nothing is warm."""
        self._undo.clear()
        self._noted.clear()
        self._originals.clear()
        self._warm.clear()

    def persist(self) -> None:
        """All changes in the tries: `state_root` is the new one, `fresh` what is new under it. Nothing is run after."""
        self.lock_changes()
        for address, storage in self._storages.items():
            root, nodes = storage.settled()
            account = self._find(address)
            if root != storage.root or (account is not None and account.storage_root != root):
                self._now[address] = self._get(address)._replace(storage_root=root)
                self.fresh.update(nodes)
        changes = []
        for address, account in self._now.items():
            if account == self._stored(address):
                continue
            changes.append((keccak(address), None if account is None else account.encode()))
            if account is not None and account.code_hash in self._codes:
                self.fresh[account.code_hash] = self._codes[account.code_hash]
        if changes:
            self.state_root, nodes = updated(self.state_root, changes, self._node_of)
            self.fresh.update(nodes)

    def _find(self, address: bytes) -> AccountState | None:
        try:
            return self._now[address]
        except KeyError:
            return self._stored(address)

    def _get(self, address: bytes) -> AccountState:
        return self._find(address) or NEW

    def _stored(self, address: bytes) -> AccountState | None:
        try:
            return self._read[address]
        except KeyError:
            pass
        if len(address) != ADDRESS_BYTES:
            raise ValidationError(f"an address has {ADDRESS_BYTES} bytes, not {len(address)}")
        encoded = walk(self.state_root, keccak(address), self._node_of)[0]
        found = self._read[address] = None if encoded is None else AccountState.parse(encoded)
        return found

    def _set(self, address: bytes, account: AccountState | None) -> None:
        before = self._find(address)
        if before == account:
            return
        if self._is_first(address):
            self._undo.append(lambda: self._now.__setitem__(address, before))
        self._now[address] = account

    def _storage(self, address: bytes) -> _Storage:
        found = self._storages.get(address)
        if found is None:
            found = self._storages[address] = _Storage(self._get(address).storage_root, self._node_of)
        return found

    def _wipe(self, address: bytes) -> None:
        before = self._storage(address)
        self._undo.append(lambda: self._storages.__setitem__(address, before))
        self._storages[address] = _Storage(EMPTY_ROOT, self._node_of)

    def _is_first(self, changed: object) -> bool:
        """Whether this is changed for the first time since the newest point."""
        if changed in self._noted:
            return False
        self._noted.add(changed)
        return True

    def _mark(self, touched: object) -> None:
        if touched not in self._warm:
            self._warm.add(touched)
            self._undo.append(lambda: self._warm.discard(touched))
