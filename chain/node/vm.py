"""Transactions run on a state: py-evm's London rules, with the base fee held at zero and no block reward.

Execution has no clock and no disk: it reads trie nodes by hash and answers with the nodes that are new. The accounts
that code runs on are ours (`account_overlay.py`); what an instruction does and costs is py-evm's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from eth._utils.address import generate_contract_address
from eth.abc import ComputationAPI, SignedTransactionAPI
from eth.constants import CREATE_CONTRACT_ADDRESS
from eth.vm.code_stream import CodeStream
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.berlin.computation import BERLIN_PRECOMPILES
from eth.vm.forks.london import LondonVM
from eth.vm.forks.london.computation import LondonComputation
from eth.vm.forks.london.state import LondonState, LondonTransactionExecutor
from eth.vm.gas_meter import GasMeter, allow_negative_refund_strategy
from eth.vm.message import Message
from eth_utils.exceptions import ValidationError
from eth_utils.logging import get_extended_debug_logger

from chain.node.account_overlay import LiveAccounts
from chain.node.blocks import BASE_FEE_WEI, DIFFICULTY, MIX_HASH, Log, Receipt
from chain.node.call_slots import Deadline
from chain.node.errors import ExecutionTimedOut
from chain.node.transactions import Pooled
from chain.node.trie import EMPTY_ROOT, NodeOf

if TYPE_CHECKING:
    from chain.node.genesis import Allotment

DEADLINE_EVERY_STEPS = 1024
"""How many metered steps run between two looks at the clock."""
CODES_MAPPED_MAX = 16
"""Of how many contracts' codes the places of jumps are remembered: at most some 2 MB each."""


ECADD, ECMUL, ECPAIRING, BLAKE2F = (number.to_bytes(20) for number in (6, 7, 8, 9))
SURCHARGES: Mapping[bytes, Callable[[bytes], int]] = {
    ECADD: lambda given: 3 * 150,
    ECMUL: lambda given: 9 * 6_000,
    ECPAIRING: lambda given: 19 * (45_000 + 34_000 * (len(given) // 192)),
    BLAKE2F: lambda given: 15 * int.from_bytes(given[:4]),
}
"""Gas beyond London's, by input, of precompiled contracts that run in Python here: by London's price a block of 60
million gas could pair curves for five minutes, and nothing can stop one that runs. So each costs what its time is
worth, some two million gas a second, as ordinary code does. A rule of gas and no clock: every node agrees on it."""


def _surcharged(
    precompile: Callable[[ComputationAPI], ComputationAPI], surcharge: Callable[[bytes], int]
) -> Callable[[ComputationAPI], ComputationAPI]:
    def run(computation: ComputationAPI) -> ComputationAPI:
        computation.consume_gas(surcharge(computation.msg.data_as_bytes), reason="time of a precompile")
        return precompile(computation)

    return run


class _TimedGasMeter(GasMeter):
    """A gas meter that also looks at the clock now and then."""

    def __init__(self, start_gas: int, deadline: Deadline) -> None:
        super().__init__(start_gas, allow_negative_refund_strategy)
        self._deadline = deadline
        self._steps = 0

    def consume_gas(self, amount: int, reason: str) -> None:
        self._steps += 1
        if self._steps % DEADLINE_EVERY_STEPS == 0 and monotonic() > self._deadline.until_s:
            raise ExecutionTimedOut(self._deadline.limit_s)
        super().consume_gas(amount, reason)


class Computation(LondonComputation):
    """London's computation; for a call with a deadline, metered against the clock too."""

    state: State
    _precompiles = {  # noqa: RUF012 - py-evm's own attribute
        **BERLIN_PRECOMPILES,
        **{cast(Any, at): _surcharged(BERLIN_PRECOMPILES[cast(Any, at)], gas) for at, gas in SURCHARGES.items()},
    }

    def __init__(self, state: Any, message: Any, transaction_context: Any) -> None:
        super().__init__(state, message, transaction_context)
        if not message.is_create:
            code = cast(CodeStream, self.code)
            code.valid_positions, code.invalid_positions = _positions(message.code)

    def _configure_gas_meter(self) -> GasMeter:
        deadline = self.state.deadline
        if deadline is None:
            return super()._configure_gas_meter()
        if monotonic() > deadline.until_s:
            raise ExecutionTimedOut(deadline.limit_s)
        return _TimedGasMeter(self.msg.gas, deadline)


@lru_cache(CODES_MAPPED_MAX)
def _positions(code: bytes) -> tuple[set[int], set[int]]:
    """Where this code can be jumped to and where not, as far as anyone has asked: true of the code, whoever runs it."""
    return set(), set()


class _Executor(LondonTransactionExecutor):
    """Runs transactions whose form and signature the mempool has checked: only nonce and funds are asked again."""

    def validate_transaction(self, transaction: SignedTransactionAPI) -> None:
        self.vm_state.validate_transaction(transaction)

    def build_evm_message(self, transaction: SignedTransactionAPI) -> Message:
        """London's message. py-evm's own also writes the whole transaction and its hash into a line of a log."""
        state, sender = self.vm_state, transaction.sender
        state.delta_balance(sender, -transaction.gas * state.get_gas_price(transaction))
        nonce = state.get_nonce(sender)
        state.set_nonce(sender, nonce + 1)
        is_create = transaction.to == CREATE_CONTRACT_ADDRESS
        return Message(
            gas=transaction.gas - transaction.intrinsic_gas,
            to=transaction.to,
            sender=sender,
            value=transaction.value,
            data=b"" if is_create else transaction.data,
            code=transaction.data if is_create else state.get_code(transaction.to),
            create_address=cast(Any, generate_contract_address(sender, nonce) if is_create else None),
        )


class State(LondonState):
    """The accounts under one state root, in the context of one block."""

    computation_class = Computation
    transaction_executor_class = _Executor
    account_db_class = cast(Any, LiveAccounts)
    logger = get_extended_debug_logger("eth.vm.state.State")
    """One for all: py-evm looks it up by name for every line that nobody reads."""
    deadline: Deadline | None = None
    """When a call must end; None for a block's transactions."""

    @property
    def fresh(self) -> dict[bytes, bytes]:
        """After `persist`: all new trie nodes and codes, by their hash."""
        return cast(LiveAccounts, self._account_db).fresh


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
class Outcome:
    """What a run of transactions gave: those in the block, their receipts, those that can never run and why."""

    included: tuple[Pooled, ...]
    receipts: tuple[Receipt, ...]
    dropped: tuple[tuple[Pooled, str], ...]
    state_root: bytes
    gas_used: int
    fresh: Mapping[bytes, bytes]


def open_state(node_of: NodeOf, state_root: bytes, context: Context, kind: type[State] = State) -> State:
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
    return kind(cast(Any, node_of), execution, cast(Any, state_root))


def run_transactions(node_of: NodeOf, state_root: bytes, context: Context, waiting: Iterable[Pooled]) -> Outcome:
    """Each waiting transaction run in order, as long as the block's gas holds out.

    One that no longer can run (nonce or funds changed) is dropped with the reason; one that needs more gas than is
    left is passed over, and so are the later ones of its sender, whose nonces would not fit.
    """
    state = open_state(node_of, state_root, context)
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
            computation = state.apply_transaction(cast(Any, one.transaction))
        except ValidationError as error:
            dropped.append((one, str(error)))
            continue
        gas_used += LondonVM.finalize_gas_used(cast(Any, one.transaction), computation)
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
    return Outcome(tuple(included), tuple(receipts), tuple(dropped), state.state_root, gas_used, state.fresh)


def allotted_state(alloc: Mapping[bytes, Allotment]) -> tuple[bytes, dict[bytes, bytes]]:
    """State root over these first accounts, and all nodes and codes under it."""
    state = open_state(_nothing_stored, EMPTY_ROOT, Context(1, 0, 0, bytes(20), 0, tuple))
    for key, account in alloc.items():
        address = cast(Any, key)
        state.set_balance(address, account.balance)
        state.set_nonce(address, account.nonce)
        if account.code:
            state.set_code(address, account.code)
        for slot, word in account.storage.items():
            state.set_storage(address, slot, word)
    state.persist()
    return state.state_root, state.fresh


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
