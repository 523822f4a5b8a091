"""One node: takes transactions, seals blocks, keeps them, tells whoever listens.

Crash order: journal the transaction, then answer its hash; run, seal, store the block with its state in one durable
step, and only then show it. A kill between any two steps loses nothing that anybody was told of.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from chain.node.accounts import AccountState, Proof, account_under, proof_under, word_under
from chain.node.blocks import Block, Header, validator_set
from chain.node.calls import Change, Runner
from chain.node.errors import INTERNAL_ERROR, METHOD_NOT_SUPPORTED, NodeStoreFault, TransactionRefused
from chain.node.genesis import Genesis
from chain.node.mempool import Account, Journal, Mempool
from chain.node.settings import NodeSettings
from chain.node.store import Store
from chain.node.stored_logs import BlockLogs
from chain.node.transactions import Pooled, parse_transaction
from chain.node.trie import EMPTY_CODE_HASH, keccak, list_root
from chain.node.vm import Context, run_transactions

if TYPE_CHECKING:
    from web3.providers.base import JSONBaseProvider

ANCESTORS_SEEN = 256
"""How many ancestors' hashes a contract can read (Yellow Paper, BLOCKHASH)."""
RETRY_S = 1.0
JOURNAL_FILE = "waiting.journal"
JOURNAL_BYTES_MAX = 64 * 1024 * 1024

logger = logging.getLogger(__name__)


class EmbeddedNode:
    """A running node on one folder. Any thread may call it; blocks are made by a thread of its own."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        genesis: Genesis,
        keys: Sequence[bytes],
        settings: NodeSettings,
        clock: Callable[[], float],
        at_step: Callable[[str], None],
    ) -> None:
        self.genesis = genesis
        self.settings = settings
        self._store = store
        self._journal = journal
        self._keys = [] if settings.read_only else validator_set(keys, genesis.validators)
        self._clock = clock
        self._at_step = at_step
        self._pool = Mempool(settings, genesis.gas_limit)
        self._changed = threading.Condition()
        self._sealing = threading.Lock()
        self._closing = False
        self._fault = ""
        self._head = store.header(store.head)
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
        at_step: Callable[[str], None] = lambda step: None,
    ) -> EmbeddedNode:
        """The node of this genesis in folder `path`, made if absent, ready to take transactions.

        `validator_keys` are raw 32-byte secp256k1 keys, at least a quorum of the genesis validators (none for a
        read-only node). `clock` gives unix seconds. `at_step` is called with the name of each step of making a block
        (`taken`, `executed`, `sealed`, `stored`, `shown`), and of pruning where the settings ask for it (`counted`,
        `swept`, `released`, `copied`, `compacted`; `pruning` inside the transaction that stores a block). Raises
        `NodeStoreFault` and `CannotSeal`.
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
        node = cls(store, Journal(path / JOURNAL_FILE), genesis, validator_keys, settings, clock, at_step)
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

    def provider(self) -> JSONBaseProvider:
        """A `web3` provider that asks this node in process."""
        from chain.node.provider import NodeProvider

        return NodeProvider(self)

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
            return sum(1 for _ in self._pool.runnable(lambda sender: self._sender(sender).nonce))

    @property
    def fault(self) -> str:
        """Why no block can be made, as a sentence; empty while all is well."""
        return self._fault

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

    def find_waiting(self, transaction_hash: bytes) -> Pooled | None:
        """The waiting transaction of this hash; None where none waits."""
        return self._pool.find(transaction_hash)

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

    def runner(self, header: Header, changes: tuple[tuple[bytes, Change], ...] = ()) -> Runner:
        """What runs calls on the state after this block, in this block's context."""
        return Runner(
            node_of=self._store.node,
            state_root=header.state_root,
            context=self._context(header.number, header.timestamp, header.miner),
            gas_max=self.settings.call_gas_max,
            timeout_s=self.settings.call_timeout_s,
            changes=changes,
        )

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
            if self._closing or self._fault:
                raise TransactionRefused(
                    f"this node makes no blocks now: {self._fault or 'it is closing'}", rpc_code=INTERNAL_ERROR
                )
            if self.find_transaction(one.hash):
                raise TransactionRefused("already known")
            self._pool.add(one, self._sender(one.sender))
            self._journal.append(raw)
            self._at_step("taken")
            for listener in list(self._pending_listeners):
                listener(one.hash)
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
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._has_runnable())
                while not self._closing and (wait_s := self._head.timestamp + 1 - self._clock()) > 0:
                    # Whoever comes while we wait for the second to turn goes into the same block.
                    self._changed.wait(min(wait_s, RETRY_S))
                if self._closing:
                    return
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

    def _seal(self) -> None:
        """One block of everything that can run now, durable and shown when this returns; none where nothing can run."""
        with self._sealing:
            parent = self._head
            with self._changed:
                waiting = list(self._pool.runnable(lambda sender: self._sender(sender).nonce))
            if not waiting or self._closing:
                return
            number = parent.number + 1
            now = int(self._clock())
            timestamp = max(now, parent.timestamp + 1) if self.settings.instant else now
            miner = self.genesis.validators[number % len(self.genesis.validators)]
            outcome = run_transactions(
                self._store.node, parent.state_root, self._context(number, timestamp, miner), waiting
            )
            self._at_step("executed")
            block = None
            if outcome.included:
                bloom = 0
                for receipt in outcome.receipts:
                    bloom |= int.from_bytes(receipt.bloom)
                header = Header(
                    parent_hash=parent.hash,
                    miner=miner,
                    state_root=outcome.state_root,
                    transactions_root=list_root([one.raw for one in outcome.included]),
                    receipts_root=list_root([receipt.raw for receipt in outcome.receipts]),
                    bloom=bloom.to_bytes(256),
                    number=number,
                    gas_limit=self.genesis.gas_limit,
                    gas_used=outcome.gas_used,
                    timestamp=timestamp,
                    validators=self.genesis.validators,
                ).sealed(self._keys)
                self._at_step("sealed")
                block = Block(
                    header,
                    tuple(one.raw for one in outcome.included),
                    tuple(one.sender for one in outcome.included),
                    outcome.receipts,
                    tuple(one.hash for one in outcome.included),
                )
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
                self._journal.rewrite([one.raw for one in self._pool.all()])
            self._changed.notify_all()
        if block is not None:
            for listener in list(self._listeners):
                listener(block)
            self._at_step("shown")

    def _has_runnable(self) -> bool:
        return next(self._pool.runnable(lambda sender: self._sender(sender).nonce), None) is not None

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

    def _sender(self, sender: bytes) -> Account:
        account = self.account(sender, self._head.state_root)
        return Account(account.nonce, account.balance, account.code_hash != EMPTY_CODE_HASH)

    def _context(self, number: int, timestamp: int, miner: bytes) -> Context:
        def ancestors() -> Iterator[bytes]:
            for ancestor in range(number - 1, max(-1, number - 1 - ANCESTORS_SEEN), -1):
                yield self.header(ancestor).hash

        return Context(self.genesis.chain_id, number, timestamp, miner, self.genesis.gas_limit, ancestors)
