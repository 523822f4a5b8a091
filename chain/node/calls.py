"""Code run without a transaction: `eth_call`, gas estimates and access lists, at any block's state.

No signature, no nonce, no fee; gas and time are bounded. The answer to a revert carries the data that the contract
gave, as Geth answers it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from eth._utils.address import generate_contract_address
from eth.abc import ComputationAPI
from eth.exceptions import OutOfGas, Revert
from eth.vm.forks.london import LondonVM
from eth.vm.message import Message

from chain.node.call_slots import Deadline
from chain.node.errors import REVERTED, SERVER_ERROR, RpcError
from chain.node.transactions import AccessList, intrinsic_gas
from chain.node.trie import NodeOf
from chain.node.vm import Context, State, open_state

CALL_STIPEND = 2_300
ESTIMATE_ERROR_RATIO = 0.015
"""A gas estimate may lie so far above the least that works, as in Geth; it never lies below."""
ACCESS_LIST_ROUNDS_MAX = 8
ERROR_STRING = bytes.fromhex("08c379a0")
PANIC = bytes.fromhex("4e487b71")
REASON_BYTES_MAX = 1024


@dataclass(frozen=True)
class Call:
    """What a caller wants run: accounts, value (wei), data, the most gas it may use (None: what the node allows)."""

    sender: bytes = bytes(20)
    to: bytes | None = None
    gas: int | None = None
    gas_price: int = 0
    value: int = 0
    data: bytes = b""
    access_list: AccessList = ()

    @property
    def intrinsic_gas(self) -> int:
        """Gas that a transaction like it pays before its code runs."""
        return intrinsic_gas(self.to, self.data, self.access_list)


@dataclass(frozen=True)
class Change:
    """An account as a caller wants it to be for one call only; what is None stays as it is."""

    balance: int | None = None
    nonce: int | None = None
    code: bytes | None = None
    slots: tuple[tuple[int, int], ...] = ()


class _Noting(State):
    """A state that notes each account and slot that code touches."""

    def __init__(self, *arguments: Any) -> None:
        self.touched: dict[bytes, dict[int, None]] = {}
        super().__init__(*arguments)

    def mark_address_warm(self, address: Any) -> None:
        self.touched.setdefault(bytes(address), {})
        super().mark_address_warm(address)

    def mark_storage_warm(self, address: Any, slot: int) -> None:
        self.touched.setdefault(bytes(address), {})[slot] = None
        super().mark_storage_warm(address, slot)


@dataclass(frozen=True)
class Runner:
    """Runs calls on one block's state: nodes by hash, state root, the block's context, and the limits."""

    node_of: NodeOf
    state_root: bytes
    context: Context
    gas_max: int
    deadline: Deadline
    changes: tuple[tuple[bytes, Change], ...] = ()

    def call(self, call: Call) -> bytes:
        """What the called code returns; raises `RpcError` with the revert data where it fails."""
        return succeeded(self._run(call, self._gas(call))[0]).output

    def estimate(self, call: Call) -> int:
        """Gas with which this call succeeds as a transaction, at most 1.5 % above the least that does."""
        most = min(self._gas(call), self.context.gas_limit)
        computation, used, refund = self._run(call, most)
        if isinstance(computation.error if computation.is_error else None, OutOfGas):
            raise RpcError(SERVER_ERROR, f"gas required exceeds allowance ({most})")
        succeeded(computation)
        least = used - 1
        # Most runs need what they used and no more. A call made from inside gets at most 63/64 of the gas left, so a
        # run that used G may need more than G.
        for guess in (used + refund, (used + refund + CALL_STIPEND) * 64 // 63):
            if self._succeeds(call, min(most, guess)):
                most = min(most, guess)
                break
            least = min(most, guess)
        while least + 1 < most and (most - least) / most > ESTIMATE_ERROR_RATIO:
            middle = min((most + least) // 2, least * 2)
            if self._succeeds(call, middle):
                most = middle
            else:
                least = middle
        return most

    def access_list(self, call: Call) -> tuple[AccessList, int, str | None]:
        """The accounts and slots that this call touches, the gas used when they are named beforehand, and its error.

        The sender, the called account and precompiles are left out unless slots of theirs are touched: naming them
        saves nothing (EIP-2930).
        """
        listed: AccessList = call.access_list
        for _ in range(ACCESS_LIST_ROUNDS_MAX):
            attempt = replace(call, access_list=listed)
            state = cast(_Noting, self._state(_Noting))
            computation, used, _ = self._run(attempt, self._gas(call), state)
            free = {
                call.sender,
                bytes(computation.msg.storage_address),
                *map(bytes, state.computation_class.get_precompiles()),
            }
            found = tuple(
                (address, tuple(slots))
                for address, slots in sorted(state.touched.items())
                if slots or address not in free
            )
            if set(found) == set(listed):
                break
            listed = found
        error = _failure(computation).message if computation.is_error else None
        return listed, used, error

    def _succeeds(self, call: Call, gas: int) -> bool:
        if gas < call.intrinsic_gas:
            return False
        return not self._run(call, gas)[0].is_error

    def _run(self, call: Call, gas: int, state: State | None = None) -> tuple[ComputationAPI, int, int]:
        """The finished computation, the gas a transaction would pay, and the refund in it."""
        state = state or self._state(State)
        if state.get_balance(cast(Any, call.sender)) < call.value:
            raise RpcError(SERVER_ERROR, f"insufficient funds for transfer: address 0x{call.sender.hex()}")
        inner_gas = gas - call.intrinsic_gas
        if inner_gas < 0:
            raise RpcError(SERVER_ERROR, f"intrinsic gas too low: have {gas}, want {call.intrinsic_gas}")
        state.lock_changes()
        message = _message(state, call, inner_gas)
        state.mark_address_warm(cast(Any, call.sender))
        state.mark_address_warm(message.storage_address)
        for address, slots in call.access_list:
            state.mark_address_warm(cast(Any, address))
            for slot in slots:
                state.mark_storage_warm(cast(Any, address), slot)
        nonce = state.get_nonce(cast(Any, call.sender))
        state.set_nonce(cast(Any, call.sender), nonce + 1)
        transaction_context = state.get_transaction_context_class()(
            gas_price=call.gas_price, origin=cast(Any, call.sender)
        )
        apply = (
            state.computation_class.apply_create_message if message.is_create else state.computation_class.apply_message
        )
        computation = apply(state, message, transaction_context)
        consumed = gas - computation.get_gas_remaining()
        refund = LondonVM.calculate_net_gas_refund(consumed, computation.get_gas_refund())
        return computation, consumed - refund, refund

    def _state(self, kind: type[State]) -> State:
        state = open_state(self.node_of, self.state_root, self.context, kind)
        for key, change in self.changes:
            address = cast(Any, key)
            if change.balance is not None:
                state.set_balance(address, change.balance)
            if change.nonce is not None:
                state.set_nonce(address, change.nonce)
            if change.code is not None:
                state.set_code(address, change.code)
            for slot, word in change.slots:
                state.set_storage(address, slot, word)
        state.deadline = self.deadline
        return state

    def _gas(self, call: Call) -> int:
        return self.gas_max if call.gas is None else min(call.gas, self.gas_max)


def succeeded(computation: ComputationAPI) -> ComputationAPI:
    """This computation, which did not fail; raises `RpcError` where it did."""
    if computation.is_error:
        raise _failure(computation)
    return computation


def _message(state: State, call: Call, gas: int) -> Message:
    if call.to is None:
        created = generate_contract_address(cast(Any, call.sender), state.get_nonce(cast(Any, call.sender)))
        return Message(gas, cast(Any, b""), cast(Any, call.sender), call.value, b"", call.data, create_address=created)
    code = state.get_code(cast(Any, call.to))
    return Message(gas, cast(Any, call.to), cast(Any, call.sender), call.value, call.data, code)


def _failure(computation: ComputationAPI) -> RpcError:
    error = computation.error
    if isinstance(error, Revert):
        reason = revert_reason(computation.output)
        said = f"execution reverted: {reason}" if reason else "execution reverted"
        return RpcError(REVERTED, said, "0x" + computation.output.hex())
    if isinstance(error, OutOfGas):
        return RpcError(SERVER_ERROR, "out of gas")
    return RpcError(SERVER_ERROR, str(error)[:REASON_BYTES_MAX] or type(error).__name__)


def revert_reason(output: bytes) -> str:
    """The sentence in revert data of the form `Error(string)` or `Panic(uint256)`; empty for any other form."""
    if output[:4] == ERROR_STRING and len(output) >= 68:
        length = int.from_bytes(output[36:68])
        if 68 + length <= len(output):
            return output[68 : 68 + min(length, REASON_BYTES_MAX)].decode("utf-8", "replace")
    if output[:4] == PANIC and len(output) == 36:
        return f"panic code {hex(int.from_bytes(output[4:]))}"
    return ""
