"""What a caller said, parsed: hex quantities, hashes, block names, calls, log filters.

Rules of the Ethereum execution APIs: a quantity is hex without leading zeros, bytes are an even number of hex digits.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chain.errors import shortened
from chain.node.calls import Call, Change
from chain.node.errors import INVALID_PARAMS, RpcError
from chain.node.transactions import AccessList

WORD_MAX = (1 << 256) - 1
NUMBER_MAX = (1 << 64) - 1
TAGS = ("latest", "safe", "finalized", "pending", "earliest")
TOPICS_MAX = 4
ACCESS_LIST_MAX = 1_024
CHANGES_MAX = 256

_QUANTITY = re.compile(r"0x(?:0|[1-9a-fA-F][0-9a-fA-F]*)\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]{0,64}\Z")

Parser = Callable[[object], Any]


class Misread(Exception):
    """A parameter breaks its rule; the sentence says which."""


@dataclass(frozen=True)
class BlockName:
    """How a caller names a block: by number, by hash, or by a tag."""

    number: int | None = None
    hash: bytes | None = None
    tag: str = ""


LATEST = BlockName(tag="latest")


@dataclass(frozen=True)
class LogQuery:
    """Which logs: from addresses (none: all), by topics (each position: none for any), in a span or one block."""

    addresses: frozenset[bytes] = frozenset()
    topics: tuple[frozenset[bytes] | None, ...] = ()
    first: BlockName | None = None
    last: BlockName | None = None
    block_hash: bytes | None = None


def quantity(said: object, most: int = WORD_MAX) -> int:
    """A hex quantity of at most `most`."""
    if not isinstance(said, str) or not said.startswith("0x"):
        raise Misread(f"hex string expected, got {shortened(said)}")
    if len(said) > 66 or not _QUANTITY.match(said):
        raise Misread(f"not a hex quantity without leading zeros: {shortened(said)}")
    number = int(said, 16)
    if number > most:
        raise Misread(f"hex number larger than {hex(most)}: {shortened(said)}")
    return number


def small(said: object) -> int:
    """A hex quantity of at most 64 bits."""
    return quantity(said, NUMBER_MAX)


def count(said: object) -> int:
    """A number of at most 64 bits, in hex or, as some clients send it, as a JSON integer."""
    if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= NUMBER_MAX:
        return said
    return small(said)


def octets(said: object) -> bytes:
    """Any number of bytes."""
    if not isinstance(said, str) or not said.startswith("0x"):
        raise Misread(f"not bytes in hex after 0x: {shortened(said)}")
    try:
        # Strict, where `bytes.fromhex` would pass over spaces; a pattern would take 4 ms for a full batch.
        return unhexlify(said[2:])
    except ValueError as error:
        raise Misread(f"not bytes in hex after 0x: {shortened(said)}") from error


def address(said: object) -> bytes:
    """An address: 20 bytes."""
    return _exactly(said, 20)


def hash32(said: object) -> bytes:
    """A hash: 32 bytes."""
    return _exactly(said, 32)


def slot(said: object) -> int:
    """A storage slot: up to 32 bytes of hex, with or without leading zeros."""
    if not isinstance(said, str) or not _HEX.match(said):
        raise Misread(f"not a storage slot of at most 32 bytes: {shortened(said)}")
    return int(said[2:] or "0", 16)


def slots(said: object) -> tuple[int, ...]:
    """A list of storage slots."""
    if not isinstance(said, list):
        raise Misread("a list of storage slots is expected")
    return tuple(slot(one) for one in said)


def flag(said: object) -> bool:
    """true or false."""
    if not isinstance(said, bool):
        raise Misread(f"true or false expected, got {shortened(said)}")
    return said


def text(said: object) -> str:
    """A string."""
    if not isinstance(said, str):
        raise Misread(f"a string is expected, got {shortened(said)}")
    return said


def anything(said: object) -> object:
    """Whatever was said."""
    return said


def block_name(said: object) -> BlockName:
    """A tag, a number, or an object with blockNumber or blockHash (EIP-1898)."""
    if said is None:
        return LATEST
    if isinstance(said, dict):
        if isinstance(said.get("requireCanonical", False), bool) and set(said) <= {"blockHash", "requireCanonical"}:
            return BlockName(hash=hash32(said.get("blockHash")))
        if set(said) == {"blockNumber"}:
            return BlockName(number=small(said["blockNumber"]))
        raise Misread("a block is named by either blockHash or blockNumber")
    if isinstance(said, str) and len(said) == 66:
        return BlockName(hash=hash32(said))
    if isinstance(said, str) and not said.startswith("0x"):
        if said not in TAGS:
            raise Misread(f"unknown block tag {shortened(said)}")
        return BlockName(tag=said)
    return BlockName(number=small(said))


def call(said: object) -> Call:
    """A call object: from, to, gas, prices, value, data or input, access list."""
    if not isinstance(said, dict):
        raise Misread("a call object is expected")
    if said.get("data") is not None and said.get("input") is not None and said["data"] != said["input"]:
        raise Misread('both "data" and "input" are set and not equal')
    data = said["input"] if said.get("input") is not None else said.get("data")
    price = said["gasPrice"] if said.get("gasPrice") is not None else said.get("maxFeePerGas")
    tip = said.get("maxPriorityFeePerGas")
    most = 0 if price is None else quantity(price)
    # The base fee is zero, so what a transaction of type 2 really pays is its tip.
    paid = most if said.get("gasPrice") is not None or tip is None else min(most, quantity(tip))
    return Call(
        sender=bytes(20) if said.get("from") is None else address(said["from"]),
        to=None if said.get("to") is None else address(said["to"]),
        gas=None if said.get("gas") is None else small(said["gas"]),
        gas_price=paid,
        value=0 if said.get("value") is None else quantity(said["value"]),
        data=b"" if data is None else octets(data),
        access_list=() if said.get("accessList") is None else _access_list(said["accessList"]),
    )


def changes(said: object) -> tuple[tuple[bytes, Change], ...]:
    """State overrides for one call: balance, nonce, code and stateDiff by address."""
    if said is None:
        return ()
    if not isinstance(said, dict) or len(said) > CHANGES_MAX:
        raise Misread(f"an object of at most {CHANGES_MAX} accounts to override is expected")
    return tuple((address(key), _change(value)) for key, value in said.items())


def log_query(said: object, terms_max: int) -> LogQuery:
    """A log filter; `terms_max` bounds addresses and topics of one position."""
    if not isinstance(said, dict):
        raise Misread("a filter object is expected")
    block_hash = said.get("blockHash")
    if block_hash is not None and (said.get("fromBlock") is not None or said.get("toBlock") is not None):
        raise Misread("cannot specify both blockHash and fromBlock/toBlock, choose one or the other")
    topics = said.get("topics")
    if topics is not None and (not isinstance(topics, list) or len(topics) > TOPICS_MAX):
        raise Misread(f"topics must be a list of at most {TOPICS_MAX}")
    return LogQuery(
        addresses=_any_of(said.get("address"), address, terms_max) or frozenset(),
        topics=tuple(_any_of(one, hash32, terms_max) for one in topics or ()),
        first=None if said.get("fromBlock") is None else block_name(said["fromBlock"]),
        last=None if said.get("toBlock") is None else block_name(said["toBlock"]),
        block_hash=None if block_hash is None else hash32(block_hash),
    )


def parsed(params: object, parsers: tuple[Parser, ...], needed: int) -> list[Any]:
    """Each positional parameter by its parser, None for those left out at the end; raises `RpcError` -32602."""
    if params is None:
        params = []
    if not isinstance(params, list):
        raise RpcError(INVALID_PARAMS, "parameters must be given by position, in a list")
    if len(params) > len(parsers):
        raise RpcError(INVALID_PARAMS, f"too many arguments, want at most {len(parsers)}")
    answers: list[Any] = []
    for index, parser in enumerate(parsers):
        said = params[index] if index < len(params) else None
        if said is None and index < needed:
            raise RpcError(INVALID_PARAMS, f"missing value for required argument {index}")
        try:
            answers.append(None if said is None else parser(said))
        except Misread as error:
            raise RpcError(INVALID_PARAMS, f"invalid argument {index}: {error}") from error
    return answers


def _exactly(said: object, length: int) -> bytes:
    found = octets(said)
    if len(found) != length:
        raise Misread(f"{length} bytes in hex expected, got {len(found)}")
    return found


def _any_of(said: object, one: Callable[[object], bytes], terms_max: int) -> frozenset[bytes] | None:
    if said is None or said == []:
        return None
    if isinstance(said, list):
        if len(said) > terms_max:
            raise Misread(f"at most {terms_max} alternatives are searched for")
        # `null` among the alternatives stands for anything at all.
        return None if None in said else frozenset(one(item) for item in said)
    return frozenset([one(said)])


def _access_list(said: object) -> AccessList:
    if not isinstance(said, list) or len(said) > ACCESS_LIST_MAX:
        raise Misread(f"an access list has at most {ACCESS_LIST_MAX} entries")
    found = []
    for entry in said:
        if not isinstance(entry, dict) or not isinstance(entry.get("storageKeys", []), list):
            raise Misread("an access list holds objects with address and storageKeys")
        found.append((address(entry.get("address")), tuple(slot(key) for key in entry.get("storageKeys", []))))
    return tuple(found)


def _change(said: object) -> Change:
    if not isinstance(said, dict) or not set(said) <= {"balance", "nonce", "code", "stateDiff"}:
        raise Misread("an account is overridden by balance, nonce, code and stateDiff only")
    diff = said.get("stateDiff") or {}
    if not isinstance(diff, dict) or len(diff) > ACCESS_LIST_MAX:
        raise Misread(f"stateDiff is an object of at most {ACCESS_LIST_MAX} slots")
    return Change(
        balance=None if said.get("balance") is None else quantity(said["balance"]),
        nonce=None if said.get("nonce") is None else small(said["nonce"]),
        code=None if said.get("code") is None else octets(said["code"]),
        slots=tuple((slot(key), int.from_bytes(hash32(word))) for key, word in diff.items()),
    )
