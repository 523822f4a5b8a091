"""What a chain starts from: the genesis file, strictly read, and block 0, which is known by its hash."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from chain.node.blocks import Block, Header
from chain.node.errors import MalformedGenesis
from chain.node.trie import EMPTY_ROOT

GAS_LIMIT_MIN = 30_000_000
GAS_LIMIT_MAX = (1 << 63) - 1
CHAIN_ID_MAX = (1 << 53) - 1
"""Largest chain id that JavaScript clients read exactly."""
VALIDATORS_MAX = 255
GENESIS_BYTES_MAX = 16 * 1024 * 1024
WORD_MAX = (1 << 256) - 1
NONCE_MAX = (1 << 64) - 2

_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})\Z")
_BYTES = re.compile(r"0x(?:[0-9a-f]{2})*\Z")


@dataclass(frozen=True)
class Allotment:
    """What one account holds in block 0: balance in wei, nonce, code, and storage words by slot."""

    balance: int = 0
    nonce: int = 0
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Genesis:
    """Chain id, gas limit of every block, time of block 0 (unix s), validators in order, first accounts.

    In JSON: `{"chainId": 20260, "gasLimit": 60000000, "timestamp": 0, "validators": ["0x..."], "alloc": {"0x...":
    {"balance": "0x..", "nonce": "0x..", "code": "0x..", "storage": {"0x..": "0x.."}}}}`; `alloc` and each of an
    account's members may be left out. Addresses are lowercase, quantities hex without leading zeros.
    """

    chain_id: int
    gas_limit: int
    timestamp: int
    validators: tuple[bytes, ...]
    alloc: Mapping[bytes, Allotment] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | bytes) -> Genesis:
        """The genesis that this JSON is; raises `MalformedGenesis` with field, rule and fix."""
        if len(text) > GENESIS_BYTES_MAX:
            raise MalformedGenesis("genesis", f"must be at most {GENESIS_BYTES_MAX} bytes long")
        try:
            said = json.loads(text, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise MalformedGenesis("genesis", f"must be JSON: {error}") from error
        members = _object("genesis", said, {"chainId", "gasLimit", "timestamp", "validators"}, {"alloc"})
        validators = members["validators"]
        if not isinstance(validators, list) or not 1 <= len(validators) <= VALIDATORS_MAX:
            raise MalformedGenesis("validators", f"must list 1 to {VALIDATORS_MAX} addresses")
        addresses = tuple(_address(f"validators[{i}]", item) for i, item in enumerate(validators))
        if list(addresses) != sorted(set(addresses)):
            raise MalformedGenesis("validators", "must be distinct and ascending", fix="Sort them by their bytes")
        alloc = members.get("alloc", {})
        if not isinstance(alloc, dict):
            raise MalformedGenesis("alloc", "must be an object from address to account", value=alloc)
        return cls(
            chain_id=_integer("chainId", members["chainId"], 1, CHAIN_ID_MAX),
            gas_limit=_integer("gasLimit", members["gasLimit"], GAS_LIMIT_MIN, GAS_LIMIT_MAX),
            timestamp=_integer("timestamp", members["timestamp"], 0, (1 << 40) - 1),
            validators=addresses,
            alloc={_address("alloc", key): _allotment(f"alloc.{key}", value) for key, value in alloc.items()},
        )

    def format(self) -> str:
        """The genesis file: what `parse` reads back as an equal genesis."""
        alloc = {
            "0x" + address.hex(): {
                "balance": hex(one.balance),
                "nonce": hex(one.nonce),
                "code": "0x" + one.code.hex(),
                "storage": {hex(slot): hex(word) for slot, word in sorted(one.storage.items())},
            }
            for address, one in sorted(self.alloc.items())
        }
        members = {
            "chainId": self.chain_id,
            "gasLimit": self.gas_limit,
            "timestamp": self.timestamp,
            "validators": ["0x" + address.hex() for address in self.validators],
            "alloc": alloc,
        }
        return json.dumps(members, indent=2) + "\n"

    @cached_property
    def state(self) -> tuple[bytes, dict[bytes, bytes]]:
        """State root of block 0 and the trie nodes and codes under it, by hash."""
        from chain.node.vm import allotted_state

        return allotted_state(self.alloc)

    @cached_property
    def block(self) -> Block:
        """Block 0: no transactions and no seals; the trust root knows it by its hash."""
        header = Header(
            parent_hash=bytes(32),
            miner=bytes(20),
            state_root=self.state[0],
            transactions_root=EMPTY_ROOT,
            receipts_root=EMPTY_ROOT,
            bloom=bytes(256),
            number=0,
            gas_limit=self.gas_limit,
            gas_used=0,
            timestamp=self.timestamp,
            validators=self.validators,
        )
        return Block(header, (), (), ())

    @property
    def hash(self) -> bytes:
        """Hash of block 0 (32 bytes): the chain's name."""
        return self.block.header.hash


def _allotment(field_name: str, said: object) -> Allotment:
    members = _object(field_name, said, set(), {"balance", "nonce", "code", "storage"})
    code = members.get("code", "0x")
    if not isinstance(code, str) or not _BYTES.match(code):
        raise MalformedGenesis(f"{field_name}.code", "must be bytes in lowercase hex after 0x", value=code)
    storage = members.get("storage", {})
    if not isinstance(storage, dict):
        raise MalformedGenesis(f"{field_name}.storage", "must be an object from slot to word", value=storage)
    return Allotment(
        balance=_quantity(f"{field_name}.balance", members.get("balance", "0x0"), WORD_MAX),
        nonce=_quantity(f"{field_name}.nonce", members.get("nonce", "0x0"), NONCE_MAX),
        code=bytes.fromhex(code[2:]),
        storage={
            _quantity(f"{field_name}.storage", slot, WORD_MAX): _quantity(
                f"{field_name}.storage.{slot}", word, WORD_MAX
            )
            for slot, word in storage.items()
        },
    )


def _object(field_name: str, said: object, needed: set[str], allowed: set[str]) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise MalformedGenesis(field_name, "must be an object", value=said)
    if missing := needed - said.keys():
        raise MalformedGenesis(field_name, f"lacks {', '.join(sorted(missing))}")
    if unknown := said.keys() - needed - allowed:
        raise MalformedGenesis(field_name, f"has unknown members: {', '.join(sorted(unknown))}")
    return cast("dict[str, Any]", said)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _integer(field_name: str, said: object, least: int, most: int) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not least <= said <= most:
        raise MalformedGenesis(field_name, f"must be an integer from {least} to {most}", value=said)
    return said


def _address(field_name: str, said: object) -> bytes:
    if not isinstance(said, str) or not _ADDRESS.match(said):
        raise MalformedGenesis(field_name, "must be an address: 0x and 40 lowercase hex digits", value=said)
    return bytes.fromhex(said[2:])


def _quantity(field_name: str, said: object, most: int) -> int:
    if not isinstance(said, str) or not _QUANTITY.match(said) or int(said, 16) > most:
        raise MalformedGenesis(field_name, f"must be a hex quantity of at most {hex(most)}", value=said)
    return int(said, 16)
