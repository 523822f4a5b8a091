"""One node: takes transactions, seals blocks, keeps them, tells whoever listens.

Crash order: journal the transaction, then answer its hash; run, seal, store the block with its state in one durable
step, and only then show it. A kill between any two steps loses nothing that anybody was told of.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from time import time
from typing import TypeVar

from chain.clock import WatchedClock, uptime_s
from chain.node.blocks import Block, Header, validator_set
from chain.node.call_slots import CLIENT, CallSlots, Deadline
from chain.node.calls import Change, Runner
from chain.node.errors import (
    INTERNAL_ERROR,
    METHOD_NOT_SUPPORTED,
    NodeStoreFault,
    TransactionRefused,
)
from chain.node.genesis import Genesis
from chain.node.mempool import Account, Journal, Mempool
from chain.node.sealing import block_of, miner_of
from chain.node.senders import may_send
from chain.node.settings import NodeSettings
from chain.node.store import Store
from chain.node.stored_chain import StoredChain
from chain.node.transactions import Pooled, parse_transaction
from chain.node.trie import EMPTY_CODE_HASH, keccak
from chain.node.vm import Context, run_transactions

ANCESTORS_SEEN = 256
"""How many ancestors' hashes a contract can read (Yellow Paper, BLOCKHASH)."""
RETRY_S = 1.0
LOOK_S = 1.0
"""How often the block maker looks at its folder, its clock and what waits, though nobody woke it."""
JOURNAL_FILE = "waiting.journal"
JOURNAL_BYTES_MAX = 64 * 1024 * 1024

T = TypeVar("T")

logger = logging.getLogger(__name__)


class EmbeddedNode(StoredChain):
    """A running node on one folder. Any thread may call it; blocks are made by a thread of its own."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        genesis: Genesis,
        keys: Sequence[bytes],
        settings: NodeSettings,
        clock: WatchedClock,
        at_step: Callable[[str], None],
    ) -> None:
        super().__init__(store)
        self.genesis = genesis
        self.settings = settings
        self._journal = journal
        self._keys = [] if settings.read_only else validator_set(keys, genesis.validators)
        self._clock = clock
        self._at_step = at_step
        self._pool = Mempool(settings, genesis.gas_limit)
        self._changed = threading.Condition()
        self._sealing = threading.Lock()
        self._closing = False
        self._fault = ""
        self._calls = CallSlots(
            settings.calls_at_once_max,
            settings.calls_per_client_max,
            settings.call_timeout_s,
            settings.crowded_call_timeout_s,
        )
        self._listeners: list[Callable[[Block], None]] = []
        self._pending_listeners: list[Callable[[bytes], None]] = []
        self._thread = threading.Thread(target=self._seal_for_ever, name="block-maker", daemon=True)

    @classmethod
    def open(
        cls,
        path: Path,
        genesis: Genesis,
        validator_keys: Sequence[bytes],
        settings: NodeSettings | None = None,
        *,
        clock: Callable[[], float] = time,
        steady: Callable[[], float] | None = None,
        at_step: Callable[[str], None] = lambda step: None,
    ) -> EmbeddedNode:
        """The node of this genesis in folder `path`, made if absent, ready to take transactions.

        `validator_keys` are raw 32-byte secp256k1 keys, at least a quorum of the genesis validators (none for a
        read-only node). `clock` gives unix seconds; `steady` those of a clock that never jumps: by default the
        machine's own beside the machine's time, and none beside another `clock`. `at_step` is called with the name of
        each step of making a block (`taken`, `executed`, `sealed`, `stored`, `shown`), and of pruning where the
        settings ask for it (`counted`, `swept`, `released`, `copied`, `compacted`; `pruning` inside the transaction
        that stores a block). Raises `NodeStoreFault` and `CannotSeal`.
        """
        settings = settings or NodeSettings()
        if not settings.read_only:
            validator_set(validator_keys, genesis.validators)
        store = Store.open(
            path,
            genesis.block,
            genesis.state[1],
            bytes_max=settings.database_bytes_max,
            state_blocks=settings.state_blocks,
            at_step=at_step,
        )
        watched = WatchedClock(
            clock, steady or (uptime_s if clock is time else clock), settle_s=settings.clock_settle_s
        )
        node = cls(store, Journal(path / JOURNAL_FILE), genesis, validator_keys, settings, watched, at_step)
        if not settings.read_only:
            node._take_back()
            if not settings.instant:
                node._thread.start()
        return node

    def close(self) -> None:
        """Finish the block in hand, keep what waits in the journal, release the folder. Safe to call twice."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        with self._sealing:
            self._journal.close()
            self._store.close()

    # What the chain says

    @property
    def head(self) -> Header:
        """Header of the newest block."""
        return self._head

    @property
    def waiting(self) -> int:
        """How many transactions wait for a block."""
        return len(self._pool)

    @property
    def runnable(self) -> int:
        """How many of them can run now; the others wait for an earlier one of their sender."""
        with self._changed:
            return sum(1 for _ in self._pool.runnable(self._nonce))

    @property
    def fault(self) -> str:
        """Why no block can be made, as a sentence; empty while all is well."""
        if self._closing:
            return self._fault
        return self._fault or self._store.missing() or self._clock.fault or self._standstill()

    def _standstill(self) -> str:
        age_s = self.runnable_age_s
        if age_s <= self.settings.runnable_age_max_s:
            return ""
        return f"a transaction that can run has waited {age_s:.0f} s for a block"

    @property
    def runnable_age_s(self) -> float:
        """For how long the oldest transaction that can run now has waited; 0 where none can."""
        with self._changed:
            runnable = self._pool.runnable(self._nonce)
            return max((self._pool.age_s(waiting) for waiting in runnable), default=0.0)

    @property
    def clock_behind_s(self) -> float:
        """By how many seconds the clock is behind the newest block; such a node waits for it."""
        return max(0.0, self._head.timestamp - self._clock())

    @property
    def database_bytes(self) -> int:
        """Size of the database on disk."""
        return self._store.size_bytes

    @property
    def state_from(self) -> int:
        """The first block whose state can be asked for; 0 where none was pruned."""
        return self._store.state_from

    def find_waiting(self, transaction_hash: bytes) -> Pooled | None:
        """The waiting transaction of this hash; None where none waits."""
        return self._pool.find(transaction_hash)

    def runner(self, header: Header, deadline: Deadline, changes: tuple[tuple[bytes, Change], ...] = ()) -> Runner:
        """What runs calls on the state after this block, in this block's context, until the deadline."""
        return Runner(
            node_of=self._store.node,
            state_root=header.state_root,
            context=self._context(header.number, header.timestamp, header.miner),
            gas_max=self.settings.call_gas_max,
            deadline=deadline,
            changes=changes,
        )

    def call_slot(self) -> AbstractContextManager[Deadline]:
        """Runs one call beside at most so many others, in all and of its client, as the settings allow.

        Raises `RpcError` where none of them ends.
        """
        return self._calls.slot(CLIENT.get())

    def next_nonce(self, sender: bytes) -> int:
        """The nonce for the sender's next transaction, those that wait included."""
        with self._changed:
            return self._pool.next_nonce(sender, self.account(sender, self._head.state_root).nonce)

    # What comes in

    def send(self, raw: bytes) -> bytes:
        """Take a raw signed transaction and answer its hash (32 bytes); raises `TransactionRefused`."""
        if self.settings.read_only:
            raise TransactionRefused("this node is read-only", rpc_code=METHOD_NOT_SUPPORTED)
        one = parse_transaction(raw, self.genesis.chain_id)
        with self._changed:
            fault = self._fault or self._store.missing()
            if self._closing or fault:
                raise TransactionRefused(
                    f"this node makes no blocks now: {fault or 'it is closing'}", rpc_code=INTERNAL_ERROR
                )
            if self.find_transaction(one.hash):
                raise TransactionRefused("already known")
            sender = self._sender(one.sender)
            self._pool.check(one, sender)
            # Journal first: what the disk does not take was never taken, and nothing waits that nobody was told of.
            self._journal.append(raw)
            self._pool.add(one, sender)
            self._at_step("taken")
            self._tell(self._pending_listeners, one.hash)
            self._changed.notify_all()
        if self.settings.instant:
            self._seal()
        return one.hash

    def listen(self, listener: Callable[[Block], None]) -> Callable[[], None]:
        """Call `listener` with every new block, once it is durable; answers how to stop. It must not block."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def listen_pending(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `listener` with the hash of every transaction taken; answers how to stop. It must not block."""
        self._pending_listeners.append(listener)
        return lambda: self._pending_listeners.remove(listener)

    def wait_for_block(self, after: int, timeout_s: float) -> bool:
        """Whether a block beyond number `after` came within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._head.number > after or self._closing, timeout_s)

    # How blocks are made

    def _seal_for_ever(self) -> None:
        while self._await_work():
            try:
                self._seal()
                self._fault = ""
            except NodeStoreFault as fault:
                # A full disk may be cleared by an operator: nothing was shown, so the same block is tried again.
                self._fault = str(fault)
                logger.error("no block could be stored: %s", fault)
                threading.Event().wait(RETRY_S)
            except BaseException:
                self._fault = "making a block failed unexpectedly; see the log"
                logger.exception("making a block failed; the node answers questions but takes nothing more")
                raise

    def _await_work(self) -> bool:
        """Returns once a block can be made and dated; whether the node goes on."""
        with self._changed:
            # Every wait ends by itself: whoever forgot to wake us, or a clock that jumped, costs a second.
            while not self._closing and (not self._has_runnable() or self._clock.fault or self._store.missing()):
                self._changed.wait(LOOK_S)
            while not self._closing and (wait_s := self._head.timestamp + 1 - self._clock()) > 0:
                # Whoever comes while we wait for the second to turn goes into the same block.
                self._changed.wait(min(wait_s, RETRY_S))
            return not self._closing

    def _seal(self) -> None:
        """One block of everything that can run now, durable and shown when this returns; none where nothing can run."""
        with self._sealing:
            parent = self._head
            with self._changed:
                waiting = list(self._pool.runnable(self._nonce))
            if not waiting or self._closing:
                return
            if not self.settings.instant and (self._clock.fault or self._clock() < parent.timestamp + 1):
                return  # it jumped while we came here
            number = parent.number + 1
            now = int(self._clock())
            timestamp = max(now, parent.timestamp + 1) if self.settings.instant else now
            miner = miner_of(self.genesis, number)
            outcome = run_transactions(
                self._store.node, parent.state_root, self._context(number, timestamp, miner), waiting
            )
            self._at_step("executed")
            block = None
            if outcome.included:
                block = block_of(outcome, parent, self.genesis, timestamp, self._keys, self._at_step)
                self._store.append(block, outcome.fresh)
                self._at_step("stored")
            self._show(block, outcome.included, outcome.dropped)

    def _show(self, block: Block | None, included: Sequence[Pooled], dropped: Sequence[tuple[Pooled, str]]) -> None:
        with self._changed:
            for one in included:
                self._pool.remove(one)
            for one, reason in dropped:
                logger.warning("transaction 0x%s was dropped: %s", one.hash.hex(), reason)
                self._pool.forget(one)
            if block is not None:
                self._head = block.header
            if len(self._pool) == 0 or self._journal.size_bytes > JOURNAL_BYTES_MAX:
                self._shorten_journal()
            self._changed.notify_all()
        if block is not None:
            self._tell(self._listeners, block)
            self._at_step("shown")

    def _shorten_journal(self) -> None:
        try:
            self._journal.rewrite([one.raw for one in self._pool.all()])
        except NodeStoreFault as fault:
            # Longer than it need be does no harm: what a block holds is left out when it is read.
            logger.error("%s", fault)

    def _tell(self, listeners: list[Callable[[T], None]], news: T) -> None:
        for listener in list(listeners):
            try:
                listener(news)
            except Exception:
                # Somebody who hung up meanwhile; the chain goes on for the others.
                logger.exception("a listener failed")

    def _has_runnable(self) -> bool:
        return next(self._pool.runnable(self._nonce), None) is not None

    def _take_back(self) -> None:
        """Let the journal's transactions wait again; the log names those that cannot, unless a block holds them."""
        for raw in self._journal.read():
            try:
                one = parse_transaction(raw, self.genesis.chain_id)
                if self.find_transaction(one.hash) is None:
                    self._pool.add(one, self._sender(one.sender))
            except TransactionRefused as refused:
                logger.warning("transaction 0x%s did not survive the restart: %s", keccak(raw).hex(), refused)
        self._journal.rewrite([one.raw for one in self._pool.all()])

    def _nonce(self, sender: bytes) -> int:
        return self.account(sender, self._head.state_root).nonce

    def _sender(self, sender: bytes) -> Account:
        account = self.account(sender, self._head.state_root)
        return Account(
            account.nonce, account.balance, account.code_hash != EMPTY_CODE_HASH, may_send=may_send(self, sender)
        )

    def _context(self, number: int, timestamp: int, miner: bytes) -> Context:
        def ancestors() -> Iterator[bytes]:
            for ancestor in range(number - 1, max(-1, number - 1 - ANCESTORS_SEEN), -1):
                yield self.header(ancestor).hash

        return Context(self.genesis.chain_id, number, timestamp, miner, self.genesis.gas_limit, ancestors)
