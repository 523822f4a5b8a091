"""py-evm's own parts under this node's states, for tests that ours do what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from eth.db.account import AccountDB
from eth.db.backends.base import BaseAtomicDB
from eth.vm.forks.london.state import LondonTransactionExecutor


class Overlay(BaseAtomicDB):
    """New trie nodes over stored ones, as py-evm wants its database."""

    def __init__(self, node_of: Callable[[bytes], bytes]) -> None:
        self.fresh: dict[bytes, bytes] = {}
        self._node_of = node_of

    def __getitem__(self, key: bytes) -> bytes:
        found = self.fresh.get(key)
        return self._node_of(key) if found is None else found

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.fresh[key] = value

    def __delitem__(self, key: bytes) -> None:
        del self.fresh[key]

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    @contextmanager
    def atomic_batch(self) -> Iterator[Any]:
        yield self


class ReferenceAccounts(AccountDB):
    """py-evm's accounts, opened as this node opens its own."""

    def __init__(self, node_of: Callable[[bytes], bytes], state_root: bytes) -> None:
        self._overlay = Overlay(node_of)
        super().__init__(self._overlay, state_root)

    @property
    def fresh(self) -> dict[bytes, bytes]:
        """What was written."""
        return self._overlay.fresh


class ReferenceExecutor(LondonTransactionExecutor):
    """py-evm's executor, asked for nonce and funds only: form and signature are the mempool's."""

    def validate_transaction(self, transaction: Any) -> None:
        self.vm_state.validate_transaction(transaction)
