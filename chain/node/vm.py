"""Transactions run on a state: py-evm's London rules, with the base fee held at zero and no block reward.

Execution has no clock and no disk: it reads trie nodes by hash and answers with the nodes that are new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from eth.abc import SignedTransactionAPI
from eth.db.backends.base import BaseAtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london import LondonVM
from eth.vm.forks.london.computation import LondonComputation
from eth.vm.forks.london.state import LondonState, LondonTransactionExecutor
from eth.vm.gas_meter import GasMeter, allow_negative_refund_strategy
from eth_utils.exceptions import ValidationError

from chain.node.blocks import BASE_FEE_WEI, DIFFICULTY, MIX_HASH, Log, Receipt
from chain.node.errors import ExecutionTimedOut
from chain.node.trie import EMPTY_ROOT

if TYPE_CHECKING:
    from chain.node.genesis import Allotment

DEADLINE_EVERY_STEPS = 1024
"""How many metered steps run between two looks at the clock."""


class Overlay(BaseAtomicDB):
    """New trie nodes over stored ones, as py-evm wants its database; nothing is written through."""

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
        """This overlay itself: it is dropped whole when a block fails, so it needs no batches inside."""
        yield self


class _TimedGasMeter(GasMeter):
    """A gas meter that also looks at the clock now and then."""

    def __init__(self, start_gas: int, deadline_s: float, limit_s: float) -> None:
        super().__init__(start_gas, allow_negative_refund_strategy)
        self._deadline_s = deadline_s
        self._limit_s = limit_s
        self._steps = 0

    def consume_gas(self, amount: int, reason: str) -> None:
        self._steps += 1
        if self._steps % DEADLINE_EVERY_STEPS == 0 and monotonic() > self._deadline_s:
            raise ExecutionTimedOut(self._limit_s)
        super().consume_gas(amount, reason)


class Computation(LondonComputation):
    """London's computation; for a call with a deadline, metered against the clock too."""

    state: State

    def _configure_gas_meter(self) -> GasMeter:
        if self.state.deadline is None:
            return super()._configure_gas_meter()
        if monotonic() > self.state.deadline[0]:
            raise ExecutionTimedOut(self.state.deadline[1])
        return _TimedGasMeter(self.msg.gas, *self.state.deadline)


class _Executor(LondonTransactionExecutor):
    """Runs transactions whose form and signature the mempool has checked: only nonce and funds are asked again."""

    def validate_transaction(self, transaction: SignedTransactionAPI) -> None:
        self.vm_state.validate_transaction(transaction)


class State(LondonState):
    """The accounts under one state root, in the context of one block."""

    computation_class = Computation
    transaction_executor_class = _Executor
    deadline: tuple[float, float] | None = None
    """When a call must end (monotonic s) and how long it was given (s); None for a block's transactions."""


@dataclass(frozen=True)
class Context:
    """What a contract can read of the block it runs in, and the hashes of its ancestors, newest first."""

    chain_id: int
    number: int
    timestamp: int
    miner: bytes
    gas_limit: int
    ancestors: Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Pooled:
    """A transaction whose form, chain id and signature were checked: raw bytes, hash, sender, and py-evm's object."""

    raw: bytes
    hash: bytes
    sender: bytes
    transaction: SignedTransactionAPI

    @property
    def nonce(self) -> int:
        """The sender's count at which it can run."""
        return self.transaction.nonce


@dataclass(frozen=True)
class Outcome:
    """What a run of transactions gave: those in the block, their receipts, those that can never run and why."""

    included: tuple[Pooled, ...]
    receipts: tuple[Receipt, ...]
    dropped: tuple[tuple[Pooled, str], ...]
    state_root: bytes
    gas_used: int
    fresh: Mapping[bytes, bytes]


def open_state(overlay: Overlay, state_root: bytes, context: Context, kind: type[State] = State) -> State:
    """The accounts under `state_root`, ready to run code in `context`."""
    execution = ExecutionContext(
        coinbase=cast(Any, context.miner),
        timestamp=context.timestamp,
        block_number=cast(Any, context.number),
        difficulty=DIFFICULTY,
        mix_hash=cast(Any, MIX_HASH),
        gas_limit=context.gas_limit,
        prev_hashes=cast(Any, _lazily(context.ancestors)),
        chain_id=context.chain_id,
        base_fee_per_gas=BASE_FEE_WEI,
    )
    return kind(overlay, execution, cast(Any, state_root))


def run_transactions(
    node_of: Callable[[bytes], bytes], state_root: bytes, context: Context, waiting: Iterable[Pooled]
) -> Outcome:
    """Each waiting transaction run in order, as long as the block's gas holds out.

    One that no longer can run (nonce or funds changed) is dropped with the reason; one that needs more gas than is
    left is passed over, and so are the later ones of its sender, whose nonces would not fit.
    """
    overlay = Overlay(node_of)
    state = open_state(overlay, state_root, context)
    included: list[Pooled] = []
    receipts: list[Receipt] = []
    dropped: list[tuple[Pooled, str]] = []
    passed_over: set[bytes] = set()
    gas_used = 0
    for one in waiting:
        if one.sender in passed_over or gas_used + one.transaction.gas > context.gas_limit:
            passed_over.add(one.sender)
            continue
        state.lock_changes()
        try:
            computation = state.apply_transaction(one.transaction)
        except ValidationError as error:
            dropped.append((one, str(error)))
            continue
        gas_used += LondonVM.finalize_gas_used(one.transaction, computation)
        included.append(one)
        receipts.append(
            Receipt(
                type=type_of(one.raw),
                status=0 if computation.is_error else 1,
                cumulative_gas_used=gas_used,
                logs=logs_of(computation.get_log_entries()),
            )
        )
    state.persist()
    return Outcome(tuple(included), tuple(receipts), tuple(dropped), state.state_root, gas_used, overlay.fresh)


def allotted_state(alloc: Mapping[bytes, Allotment]) -> tuple[bytes, dict[bytes, bytes]]:
    """State root over these first accounts, and all nodes and codes under it."""
    overlay = Overlay(_nothing_stored)
    state = open_state(overlay, EMPTY_ROOT, Context(1, 0, 0, bytes(20), 0, tuple))
    for key, account in alloc.items():
        address = cast(Any, key)
        state.set_balance(address, account.balance)
        state.set_nonce(address, account.nonce)
        if account.code:
            state.set_code(address, account.code)
        for slot, word in account.storage.items():
            state.set_storage(address, slot, word)
    state.persist()
    return state.state_root, overlay.fresh


def logs_of(entries: Iterable[tuple[Any, Iterable[int], bytes]]) -> tuple[Log, ...]:
    """py-evm's log entries as logs, topics as 32-byte words."""
    return tuple(
        Log(bytes(address), tuple(topic.to_bytes(32) for topic in topics), bytes(data))
        for address, topics, data in entries
    )


def type_of(raw: bytes) -> int:
    """The transaction type of EIP-2718 that raw bytes start with; 0 for the first kind, which has no type byte."""
    return raw[0] if raw[0] < 0x80 else 0


def _nothing_stored(node_hash: bytes) -> bytes:
    raise KeyError(node_hash)


def _lazily(ancestors: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
    """The ancestors' hashes, asked for only when a contract asks."""
    yield from ancestors()
