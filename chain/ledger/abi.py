"""The contracts' calls, answers, events and errors between Python values and ABI bytes.

Member and customs codes are texts, and names in 32 bytes may be given so; accounts
0x-hex in lower case, numbers and enumerations ints, hashes bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from chain.ledger.faults import MalformedAnswer
from chain.ledger.reverts import (
    CONTRACT_ERRORS,
    ContractRefused,
    Panicked,
    RevertedWithoutReason,
    RevertedWithReason,
)
from chain.ledger.types import Log
from chain.members import format_text
from chain.proof.hashes import keccak256
from contracts import ContractName, artifact

SELECTOR_BYTES = 4
_TEXT_TYPES = {"bytes18": 18, "bytes10": 10}
_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


@dataclass(frozen=True)
class Call:
    """A call of one of our contracts, ready to be sent: which contract, and its calldata."""

    contract: ContractName
    function: str
    data: bytes


@dataclass(frozen=True)
class Event:
    """An event of one of our contracts with its values by name (snake case)."""

    name: str
    values: dict[str, Any]
    log: Log


def encode_call(contract: ContractName, function: str, *arguments: object) -> Call:
    """The call of `function`; ValueError or EncodingError where an argument does not fit its type."""
    entry = _entries(contract, "function")[function]
    types = _types(entry["inputs"])
    words = encode(types, [_to_abi(kind, value) for kind, value in zip(types, arguments, strict=True)])
    return Call(contract, function, _selector(entry) + words)


def encode_constructor(contract: ContractName, *arguments: object) -> bytes:
    """The creation code with its arguments."""
    found = artifact(contract)
    entry = next(entry for entry in found.abi if entry["type"] == "constructor")
    types = _types(entry["inputs"])
    return found.bytecode + encode(types, [_to_abi(k, v) for k, v in zip(types, arguments, strict=True)])


def encode_values(types: Sequence[str], *values: object) -> bytes:
    """`abi.encode` of these values."""
    return encode(list(types), [_to_abi(kind, value) for kind, value in zip(types, values, strict=True)])


def decode_values(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """What `encode_values` encoded; MalformedAnswer where the bytes are not that."""
    return _decode(list(types), data, "payload")


def decode_call(contract: ContractName, function: str, data: bytes) -> tuple[Any, ...]:
    """The arguments of a call's calldata; MalformedAnswer where it is not a call of `function`."""
    entry = _entries(contract, "function")[function]
    if data[:SELECTOR_BYTES] != _selector(entry):
        raise MalformedAnswer("eth_getBlockByNumber", f"the transaction is no call of {function}")
    return _decode(_types(entry["inputs"]), data[SELECTOR_BYTES:], function)


def decode_result(contract: ContractName, function: str, data: bytes) -> tuple[Any, ...]:
    """What a call of `function` returned; MalformedAnswer where the bytes are not that."""
    return _decode(_types(_entries(contract, "function")[function]["outputs"]), data, function)


def event_topic(contract: ContractName, name: str) -> bytes:
    """The first topic of an event."""
    return keccak256(_signature(_entries(contract, "event")[name]).encode())


def decode_event(contract: ContractName, log: Log) -> Event | None:
    """The event that a log is; None for one of another contract. MalformedAnswer where its values do not decode."""
    entry = _events_by_topic(contract).get(log.topics[0]) if log.topics else None
    if entry is None:
        return None
    indexed = [part for part in entry["inputs"] if part["indexed"]]
    plain = [part for part in entry["inputs"] if not part["indexed"]]
    if len(indexed) + 1 != len(log.topics):
        raise MalformedAnswer("eth_getLogs", f"event {entry['name']} has {len(log.topics)} topics")
    values = dict(
        zip((p["name"] for p in indexed), _decode(_types(indexed), b"".join(log.topics[1:]), "event"), strict=True)
    )
    values |= dict(zip((p["name"] for p in plain), _decode(_types(plain), log.data, "event"), strict=True))
    return Event(entry["name"], {snake(part["name"]): values[part["name"]] for part in entry["inputs"]}, log)


def decode_revert(data: bytes) -> ContractRefused:
    """The Python error of a revert's data."""
    selector, words = data[:SELECTOR_BYTES], data[SELECTOR_BYTES:]
    try:
        if selector == _ERROR_STRING:
            return RevertedWithReason(*decode(["string"], words))
        if selector == _PANIC:
            return Panicked(*decode(["uint256"], words))
        entry = _errors_by_selector().get(selector)
        if entry is not None:
            return CONTRACT_ERRORS[entry["name"]](*_decode(_types(entry["inputs"]), words, "revert"))
    except (DecodingError, MalformedAnswer, UnicodeDecodeError):
        return RevertedWithoutReason(data)
    return RevertedWithoutReason(data)


def snake(name: str) -> str:
    """`batchCount` as `batch_count`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def _decode(types: list[str], data: bytes, what: str) -> tuple[Any, ...]:
    try:
        return tuple(_from_abi(kind, value) for kind, value in zip(types, decode(types, data), strict=True))
    except (DecodingError, UnicodeDecodeError, OverflowError) as fault:
        raise MalformedAnswer("eth_call", f"{what}: {fault}") from fault


def _to_abi(kind: str, value: Any) -> Any:
    if kind in _TEXT_TYPES and isinstance(value, str):
        return value.encode("ascii")
    if kind == "bytes32" and isinstance(value, str):
        return format_text(value)
    if kind.endswith("[]"):
        return [_to_abi(kind[:-2], item) for item in value]
    if kind.startswith("("):
        return tuple(_to_abi(k, v) for k, v in zip(_split(kind), value, strict=True))
    return value


def _from_abi(kind: str, value: Any) -> Any:
    if kind in _TEXT_TYPES:
        return value.rstrip(b"\0").decode("ascii")
    if kind.endswith("[]"):
        return tuple(_from_abi(kind[:-2], item) for item in value)
    if kind.startswith("("):
        return tuple(_from_abi(k, v) for k, v in zip(_split(kind), value, strict=True))
    return value.lower() if kind == "address" else value


def _split(kind: str) -> list[str]:
    """The members of a tuple type; our tuples hold no tuples."""
    return kind[1:-1].split(",")


def _types(inputs: list[dict[str, Any]]) -> list[str]:
    return [_type(part) for part in inputs]


def _type(part: dict[str, Any]) -> str:
    kind: str = part["type"]
    if kind.startswith("tuple"):
        return "(" + ",".join(_type(inner) for inner in part["components"]) + ")" + kind.removeprefix("tuple")
    return kind


def _signature(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(_types(entry['inputs']))})"


def _selector(entry: dict[str, Any]) -> bytes:
    return keccak256(_signature(entry).encode())[:SELECTOR_BYTES]


@cache
def _entries(contract: ContractName, kind: str) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in artifact(contract).abi if entry["type"] == kind}


@cache
def _events_by_topic(contract: ContractName) -> dict[bytes, dict[str, Any]]:
    return {keccak256(_signature(entry).encode()): entry for entry in _entries(contract, "event").values()}


@cache
def _errors_by_selector() -> dict[bytes, dict[str, Any]]:
    found: dict[bytes, dict[str, Any]] = {}
    for contract in ("MemberRegistry", "RecordLedger"):
        for entry in artifact(contract).abi:
            if entry["type"] == "error" and entry["name"] in CONTRACT_ERRORS:
                found[_selector(entry)] = entry
    return found
