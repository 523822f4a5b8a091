"""A QBFT block header, from its raw RLP: the block hash that names it and the seal hash that validators sign.

    extraData  = RLP([vanity₃₂, [validator₂₀ …], vote, round, [seal₆₅ …]])
    block hash = keccak256(header with round 0 and no seals)       round 0 is the empty string
    seal hash  = keccak256(header with the real round and no seals)

Which fields a header has depends on the engine's fork; each later fork only appends. So the fields are known by their
place and their presence: 15 always, then baseFeePerGas (London), withdrawalsRoot (Shanghai), blobGasUsed,
excessBlobGas, parentBeaconBlockRoot (Cancun), requestsHash (Prague).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from chain.errors import Malformed
from chain.proof import rlp
from chain.proof.hashes import keccak256

BFT_MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""The constant that every QBFT header carries as mixHash."""

HEADER_BYTES_MAX = 32 * 1024
"""Room for some 300 validators with their seals."""

VALIDATORS_MAX = 256
SEAL_BYTES = 65
EXTRA_INDEX = 12

# name, length in bytes (None: a number without leading zeros; 0: any bytes)
FIELDS: tuple[tuple[str, int | None], ...] = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", None),
    ("number", None),
    ("gasLimit", None),
    ("gasUsed", None),
    ("timestamp", None),
    ("extraData", 0),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", None),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", None),
    ("excessBlobGas", None),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
)
FIELDS_MIN = 15
_BITS = {"difficulty": 256, "baseFeePerGas": 256, "number": 40, "timestamp": 40}
"""Most bits of a number; 64 of the others. The contracts keep blocks and times in 40."""
_PLACE = {name: place for place, (name, _) in enumerate(FIELDS)}


class MalformedHeader(Malformed):
    """Bytes that are not a QBFT block header in its one RLP form."""


@dataclass(frozen=True)
class Extra:
    """What a QBFT header's extraData holds."""

    vanity: bytes
    """32 free bytes."""
    validators: tuple[bytes, ...]
    """Addresses of the validators of this block, 20 bytes each."""
    vote: rlp.Item
    """A vote on a validator, as the engine wrote it; nothing here depends on it."""
    round: int
    """The round in which the block was agreed."""
    seals: tuple[bytes, ...]
    """Commit seals, 65 bytes each: r ‖ s ‖ v."""

    @classmethod
    def parse(cls, encoded: bytes) -> Extra:
        """Raises MalformedHeader or MalformedRlp where `encoded` is not a QBFT extraData."""
        parts = rlp.decode_list(encoded)
        if len(parts) != 5:
            raise MalformedHeader("extraData", "must hold five parts", value=len(parts))
        vanity, validators, vote, round_number, seals = parts
        return cls(
            vanity=rlp.fixed_bytes(vanity, "extraData.vanity", 32),
            validators=_many(validators, "extraData.validators", 20),
            vote=vote,
            round=rlp.bytes_to_int(round_number, "extraData.round", bits=32),
            seals=_many(seals, "extraData.seals", SEAL_BYTES),
        )

    def format(self) -> bytes:
        """The one encoding of this extraData."""
        return rlp.encode(
            [self.vanity, list(self.validators), self.vote, rlp.int_to_bytes(self.round), list(self.seals)]
        )


@dataclass(frozen=True)
class Header:
    """A block header; `fields` are its RLP strings in order."""

    fields: tuple[bytes, ...]

    @classmethod
    def from_rlp(cls, encoded: bytes) -> Header:
        """The header of these bytes. Raises MalformedHeader or MalformedRlp."""
        if len(encoded) > HEADER_BYTES_MAX:
            raise MalformedHeader("header", f"is longer than {HEADER_BYTES_MAX} bytes", value=len(encoded))
        parts = rlp.decode_list(encoded)
        if not FIELDS_MIN <= len(parts) <= len(FIELDS):
            raise MalformedHeader("header", f"has {FIELDS_MIN} to {len(FIELDS)} fields", value=len(parts))
        fields = []
        for (name, length), part in zip(FIELDS, parts, strict=False):
            if not isinstance(part, bytes):
                raise MalformedHeader(name, "must be a string")
            if length is None:
                rlp.bytes_to_int(part, name, bits=_BITS.get(name, 64))
            elif length:
                rlp.fixed_bytes(part, name, length)
            fields.append(part)
        header = cls(tuple(fields))
        _ = header.extra
        return header

    @classmethod
    def from_rpc_json(cls, block: Mapping[str, object]) -> Header:
        """The header of an `eth_getBlockByNumber` answer; raises MalformedHeader where a field is missing."""
        fields: list[bytes] = []
        names = [name for name, _ in FIELDS]
        present = [block.get(name) is not None for name in names]
        count = max(FIELDS_MIN, len(present) - present[::-1].index(True) if any(present) else 0)
        for name, length in FIELDS[:count]:
            said = block.get(name)
            if not isinstance(said, str) or not said.startswith("0x"):
                raise MalformedHeader(name, "must be 0x-hex", value=said)
            try:
                number_or_bytes = rlp.int_to_bytes(int(said, 16)) if length is None else bytes.fromhex(said[2:])
            except ValueError as fault:
                raise MalformedHeader(name, "must be 0x-hex", value=said) from fault
            fields.append(number_or_bytes)
        return cls.from_rlp(rlp.encode(list(fields)))

    def to_rlp(self) -> bytes:
        """The one encoding of this header, seals included."""
        return rlp.encode(list(self.fields))

    @cached_property
    def extra(self) -> Extra:
        """The parsed extraData."""
        return Extra.parse(self.fields[EXTRA_INDEX])

    @cached_property
    def block_hash(self) -> bytes:
        """The hash that names the block."""
        return self._hash_with(replace(self.extra, round=0, seals=()))

    @cached_property
    def seal_hash(self) -> bytes:
        """The hash that validators sign."""
        return self._hash_with(replace(self.extra, seals=()))

    @property
    def number(self) -> int:
        """The block's number."""
        return self._int("number")

    @property
    def timestamp(self) -> int:
        """The block's time, Unix seconds UTC."""
        return self._int("timestamp")

    @property
    def state_root(self) -> bytes:
        """Root of the account trie after this block."""
        return self.fields[_PLACE["stateRoot"]]

    @property
    def mix_hash(self) -> bytes:
        """The BFT constant, in every QBFT header."""
        return self.fields[_PLACE["mixHash"]]

    def with_extra(self, extra: Extra) -> Header:
        """This header with another extraData."""
        fields = list(self.fields)
        fields[EXTRA_INDEX] = extra.format()
        return Header(tuple(fields))

    def _hash_with(self, extra: Extra) -> bytes:
        return keccak256(self.with_extra(extra).to_rlp())

    def _int(self, name: str) -> int:
        return int.from_bytes(self.fields[_PLACE[name]], "big")


def _many(item: rlp.Item, field: str, length: int) -> tuple[bytes, ...]:
    if isinstance(item, bytes) or len(item) > VALIDATORS_MAX:
        raise MalformedHeader(field, f"must be a list of at most {VALIDATORS_MAX}")
    return tuple(rlp.fixed_bytes(part, field, length) for part in item)
