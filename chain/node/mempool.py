"""Transactions that wait for a block: per sender in nonce order, bounded, and kept in a journal across restarts.

First come, first served between senders: gas is free here, so no price can decide. A transaction that never can run
is refused with the reason and the code that Ethereum clients know (Geth's words, which libraries look for).
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

from chain.node.errors import LIMIT_EXCEEDED, TRANSACTION_REJECTED, NodeStoreFault, TransactionRefused
from chain.node.settings import NodeSettings
from chain.node.transactions import Pooled

REPLACEMENT_PERCENT = 110
"""A transaction of the same nonce replaces a waiting one only for so much of its price, as in Geth."""
JOURNAL_ENTRY_HEAD_BYTES = 8

logger = logging.getLogger(__name__)


class Account:
    """What the mempool needs to know of a sender at the head: nonce, balance (wei), has it code, may it send here."""

    def __init__(self, nonce: int, balance: int, has_code: bool, *, may_send: bool = True) -> None:
        self.nonce = nonce
        self.balance = balance
        self.has_code = has_code
        self.may_send = may_send


class Mempool:
    """The transactions that wait. Not safe for several threads: the node calls it under its lock."""

    def __init__(self, settings: NodeSettings, gas_limit: int, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._since: dict[bytes, float] = {}
        self._settings = settings
        self._gas_limit = gas_limit
        self._by_sender: dict[bytes, dict[int, Pooled]] = {}
        self._by_hash: dict[bytes, Pooled] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._by_hash)

    @property
    def size_bytes(self) -> int:
        """Bytes of all that waits."""
        return self._bytes

    def find(self, transaction_hash: bytes) -> Pooled | None:
        """The waiting transaction of this hash; None where none waits."""
        return self._by_hash.get(transaction_hash)

    def check(self, one: Pooled, account: Account) -> None:
        """Raises `TransactionRefused` where this transaction never can run or there is no room; changes nothing."""
        if one.hash in self._by_hash:
            raise TransactionRefused("already known")
        self._refuse_hopeless(one, account)
        waiting = self._by_sender.get(one.sender, {})
        earlier = waiting.get(one.nonce)
        if earlier is None:
            self._refuse_without_room(one, waiting)
        elif not _outbids(one, earlier):
            raise TransactionRefused("replacement transaction underpriced")

    def add(self, one: Pooled, account: Account) -> None:
        """Let this transaction wait; raises `TransactionRefused` as `check` does."""
        self.check(one, account)
        earlier = self._by_sender.get(one.sender, {}).get(one.nonce)
        if earlier is not None:
            self._forget(earlier)
        self._by_sender.setdefault(one.sender, {})[one.nonce] = one
        self._by_hash[one.hash] = one
        self._since[one.hash] = self._clock()
        self._bytes += len(one.raw)

    def age_s(self, one: Pooled) -> float:
        """For how long this transaction has waited."""
        return max(0.0, self._clock() - self._since[one.hash])

    def runnable(self, nonce_of: Callable[[bytes], int]) -> Iterator[Pooled]:
        """What can run now, senders in order of arrival, each sender's in nonce order up to the first gap."""
        for sender, waiting in list(self._by_sender.items()):
            nonce = nonce_of(sender)
            while (one := waiting.get(nonce)) is not None:
                yield one
                nonce += 1

    def next_nonce(self, sender: bytes, nonce: int) -> int:
        """The first nonce, from `nonce` on, that no waiting transaction of the sender has."""
        waiting = self._by_sender.get(sender, {})
        while nonce in waiting:
            nonce += 1
        return nonce

    def remove(self, one: Pooled) -> None:
        """Forget this transaction, and those of its sender that its nonce makes too old to run."""
        # Nonces run without gaps up to this one, so whatever is too old stands right below it.
        nonce = one.nonce
        while (old := self._by_sender.get(one.sender, {}).get(nonce)) is not None:
            self._forget(old)
            nonce -= 1

    def forget(self, one: Pooled) -> None:
        """Forget this transaction only."""
        if one.hash in self._by_hash:
            self._forget(one)

    def all(self) -> list[Pooled]:
        """Everything that waits, in the order in which it came."""
        return list(self._by_hash.values())

    def _forget(self, one: Pooled) -> None:
        del self._by_hash[one.hash]
        del self._since[one.hash]
        waiting = self._by_sender[one.sender]
        del waiting[one.nonce]
        if not waiting:
            del self._by_sender[one.sender]
        self._bytes -= len(one.raw)

    def _refuse_hopeless(self, one: Pooled, account: Account) -> None:
        transaction = one.transaction
        if not account.may_send:
            raise TransactionRefused(
                f"sender 0x{one.sender.hex()} is no active account of the member registry, nor on this node's list of "
                "permitted senders",
                rpc_code=TRANSACTION_REJECTED,
            )
        if account.has_code:
            raise TransactionRefused("sender not an eoa")
        if one.nonce < account.nonce:
            raise TransactionRefused(f"nonce too low: next nonce {account.nonce}, tx nonce {one.nonce}")
        if transaction.gas > self._gas_limit:
            raise TransactionRefused("exceeds block gas limit")
        cost = transaction.gas * transaction.max_fee_per_gas + transaction.value
        if cost > account.balance:
            raise TransactionRefused(
                f"insufficient funds for gas * price + value: balance {account.balance}, tx cost {cost}, "
                f"overshot {cost - account.balance}"
            )

    def _refuse_without_room(self, one: Pooled, waiting: dict[int, Pooled]) -> None:
        settings = self._settings
        if len(waiting) >= settings.pool_per_sender_max:
            raise TransactionRefused("account limit exceeded", rpc_code=LIMIT_EXCEEDED)
        if len(self) >= settings.pool_transactions_max or self._bytes + len(one.raw) > settings.pool_bytes_max:
            raise TransactionRefused("txpool is full", rpc_code=LIMIT_EXCEEDED)


class Journal:
    """What waits, in one file beside the database: each transaction is appended before its hash is answered.

    An entry is length (4 bytes), CRC-32 (4 bytes), raw transaction. The file is not synced: a power cut may lose what
    only waited, a killed process does not. A torn last entry is left out and said.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open = _opened(file)
        self._length = self._open.seek(0, os.SEEK_END)

    def append(self, raw: bytes) -> None:
        """Add one transaction, whole or not at all; raises `NodeStoreFault` where the disk does not take it."""
        entry = len(raw).to_bytes(4) + zlib.crc32(raw).to_bytes(4) + raw
        try:
            _write_all(self._open, entry)
        except OSError as error:
            with contextlib.suppress(OSError):
                # What was written of it would hide every later entry.
                self._open.truncate(self._length)
            raise NodeStoreFault(f"the journal of waiting transactions cannot be written: {error}") from error
        self._length += len(entry)

    def read(self) -> list[bytes]:
        """The transactions in the file, up to the first damaged entry."""
        said = self._file.read_bytes()
        found: list[bytes] = []
        at = 0
        while at < len(said):
            length = int.from_bytes(said[at : at + 4])
            check = int.from_bytes(said[at + 4 : at + 8])
            raw = said[at + JOURNAL_ENTRY_HEAD_BYTES : at + JOURNAL_ENTRY_HEAD_BYTES + length]
            if len(raw) != length or length == 0 or zlib.crc32(raw) != check:
                logger.warning("the journal of waiting transactions is torn at byte %d; the rest is left out", at)
                break
            found.append(raw)
            at += JOURNAL_ENTRY_HEAD_BYTES + length
        return found

    def rewrite(self, waiting: list[bytes]) -> None:
        """Keep only these; raises `NodeStoreFault` where the disk does not take them, and the file stays as it was."""
        try:
            if not waiting:
                # As safe as a new file and a rename: the file is either as long as it was or empty.
                self._open.truncate(0)
                self._length = 0
                return
            fresh = self._file.with_suffix(".new")
            with _opened(fresh) as file:
                file.truncate(0)
                for raw in waiting:
                    _write_all(file, len(raw).to_bytes(4) + zlib.crc32(raw).to_bytes(4) + raw)
            fresh.replace(self._file)
            earlier, self._open = self._open, _opened(self._file)
            self._length = self._open.seek(0, os.SEEK_END)
            earlier.close()
        except OSError as error:
            raise NodeStoreFault(f"the journal of waiting transactions cannot be written: {error}") from error

    @property
    def size_bytes(self) -> int:
        """How long the file is."""
        return self._length

    def close(self) -> None:
        """Close the file."""
        self._open.close()


def _opened(file: Path) -> io.FileIO:
    """The file for appending, its owner's alone; unbuffered, so that a write that failed is not written later."""
    return io.FileIO(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def _write_all(file: io.FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        written = file.write(rest)
        rest = rest[written or 0 :]


def _outbids(one: Pooled, earlier: Pooled) -> bool:
    new, old = one.transaction, earlier.transaction
    return all(
        int(getattr(new, name)) > int(getattr(old, name))
        and int(getattr(new, name)) * 100 >= int(getattr(old, name)) * REPLACEMENT_PERCENT
        for name in ("max_fee_per_gas", "max_priority_fee_per_gas")
    )
