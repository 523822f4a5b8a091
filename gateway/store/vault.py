"""Payloads at rest: compressed with zstd and a dictionary, and what may hold personal data encrypted with AES-256-GCM.

    sealed  = 0x01 ‖ key id length ‖ key id ‖ nonce (12 bytes) ‖ ciphertext and tag          associated data: record id
    payload = head ‖ ciphertext and tag          associated data: record id
    head    = 0x02 ‖ key id length ‖ key id ‖ record key (32 bytes)
    key of a payload = BLAKE2b-256(record key, keyed with the data key); its nonce is 12 zero bytes, for it seals once

A payload opens with the data key and the record's own key together. The head is kept apart from the rest, in a table
that no copy of the payloads holds: where it is destroyed, no copy opens any more (docs/adr/0711).

The record id is bound in, so that a row's payload moved to another row does not open. Data keys come from a file,
`{"current": id, "keys": [{"id", "key": 32 bytes in base64url}]}`; new payloads use the current one, old ones open with
any key that is still in the file, which is how a key is rotated.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chain.encoding import parse_base64url, parse_json_object
from chain.errors import Malformed, StoreFault
from chain.sdjwt import RECORD_CHARS_MAX

DATA_KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID_BYTES_MAX = 32
ZSTD_LEVEL = 1
"""Level 1 costs 8 µs a record and leaves two fifths of it; higher levels gain little for much more time."""
DICTIONARY_ID = 32_769
"""Payloads are written with this dictionary, in which a record's own form stands (`scripts/payload_dictionary.py`); its
number stands in each payload. Those that were written without one open too."""
RECORD_KEY_BYTES = 32
_VERSION = b"\x01"
_OWN_KEY_VERSION = b"\x02"
_ZERO_NONCE = bytes(NONCE_BYTES)


class MalformedKeyFile(Malformed):
    """A key file of the gateway is not what its format says."""


class UnopenedPayload(StoreFault):
    """A stored payload does not open: its key is gone from the key file, or the row was changed."""

    def __init__(self, record_id: str, reason: str) -> None:
        self.record_id = record_id
        self.reason = reason
        super().__init__(f"the payload of record {record_id} does not open: {reason}")


@dataclass(frozen=True)
class DataKeys:
    """The keys that payloads are encrypted with, by id, and which of them new payloads use."""

    current: str
    keys: Mapping[str, bytes]

    @classmethod
    def load(cls, file: Path) -> DataKeys:
        """The keys in a file (format above); raises MalformedKeyFile, or OSError where it cannot be read."""
        try:
            said = parse_json_object(file.read_bytes())
            named = said["keys"]
            if not isinstance(named, list):
                raise ValueError("`keys` is no list")
            keys = dict(_key(one) for one in named)
        except (ValueError, KeyError) as error:
            raise MalformedKeyFile("data keys", f"must be {{current, keys}}: {error}") from None
        current = said.get("current")
        if not isinstance(current, str) or current not in keys:
            raise MalformedKeyFile("data keys.current", "must name one of the keys", value=current)
        if any(len(key) != DATA_KEY_BYTES or not 0 < len(i.encode()) <= KEY_ID_BYTES_MAX for i, key in keys.items()):
            raise MalformedKeyFile("data keys.keys", f"must be {DATA_KEY_BYTES} bytes each, under short ids")
        return cls(current, keys)


class Vault:
    """Packs payloads for the store and unpacks them again. Safe to share between threads."""

    def __init__(self, keys: DataKeys) -> None:
        self._current = keys.current.encode()
        self._keys = {key_id.encode(): key for key_id, key in keys.keys.items()}
        self._ciphers = {key_id: AESGCM(key) for key_id, key in self._keys.items()}
        self._own = threading.local()

    def pack_public(self, content: bytes) -> bytes:
        """Compressed, for what holds no personal data (the issuer-signed JWT)."""
        return self._zstd()[0].compress(content)

    def unpack_public(self, packed: bytes, record_id: str) -> bytes:
        """What `pack_public` was given; raises UnopenedPayload."""
        try:
            return self._zstd()[1].decompress(packed, max_output_size=RECORD_CHARS_MAX)
        except zstandard.ZstdError as error:
            raise UnopenedPayload(record_id, str(error)) from None

    def pack_secret(self, content: bytes, record_id: str) -> bytes:
        """Compressed and encrypted under a key of the record's own and the current key, bound to the record id."""
        record_key = os.urandom(RECORD_KEY_BYTES)
        head = _OWN_KEY_VERSION + bytes((len(self._current),)) + self._current + record_key
        cipher = _payload_cipher(self._keys[self._current], record_key)
        return head + cipher.encrypt(_ZERO_NONCE, self.pack_public(content), record_id.encode())

    def unpack_secret(self, sealed: bytes, record_id: str) -> bytes:
        """What `pack_secret` was given, now or by older versions; raises UnopenedPayload."""
        head = head_of(sealed)
        if not head:
            return self.unpack_public(self.unseal(sealed, record_id), record_id)
        key_id, record_key = head[2:-RECORD_KEY_BYTES], head[-RECORD_KEY_BYTES:]
        if (data_key := self._keys.get(key_id)) is None:
            raise UnopenedPayload(record_id, f"its key {key_id.decode(errors='replace')!r} is not in the key file")
        try:
            packed = _payload_cipher(data_key, record_key).decrypt(_ZERO_NONCE, sealed[len(head) :], record_id.encode())
        except (InvalidTag, ValueError):
            raise UnopenedPayload(record_id, "it was changed, or its key was") from None
        return self.unpack_public(packed, record_id)

    def seal(self, content: bytes, bound_to: str) -> bytes:
        """Encrypted under the current key, bound to a name, as it is."""
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._ciphers[self._current]
        header = _VERSION + bytes((len(self._current),)) + self._current + nonce
        return header + cipher.encrypt(nonce, content, bound_to.encode())

    def unseal(self, sealed: bytes, bound_to: str) -> bytes:
        """What `seal` was given; raises UnopenedPayload."""
        if len(sealed) < 2 or sealed[:1] != _VERSION:
            raise UnopenedPayload(bound_to, "it is of an unknown version")
        key_id, rest = sealed[2 : 2 + sealed[1]], sealed[2 + sealed[1] :]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnopenedPayload(bound_to, f"its key {key_id.decode(errors='replace')!r} is not in the key file")
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError):
            raise UnopenedPayload(bound_to, "it was changed, or its key was") from None

    def is_older(self, sealed: bytes) -> bool:
        """Whether it is a payload of an older version, which opens without a key of its own."""
        return sealed[:1] == _VERSION and len(sealed) > 1 and sealed[2 : 2 + sealed[1]] in self._ciphers

    def is_current(self, sealed: bytes) -> bool:
        """Whether the payload is encrypted under the current key (what a rotation has still to do)."""
        return sealed[2 : 2 + sealed[1]] == self._current

    def _zstd(self) -> tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]:
        """This thread's own: making one costs more than using it, and one may not be used by two threads at once."""
        own: tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor] | None = getattr(self._own, "zstd", None)
        if own is None:
            words = _dictionary()
            own = self._own.zstd = (
                zstandard.ZstdCompressor(level=ZSTD_LEVEL, dict_data=words),
                zstandard.ZstdDecompressor(dict_data=words),
            )
        return own


def head_of(sealed: bytes) -> bytes:
    """The head of a payload, which holds the record's own key; empty for one of an older version, which has none."""
    if sealed[:1] != _OWN_KEY_VERSION or len(sealed) < 2:
        return b""
    return sealed[: 2 + sealed[1] + RECORD_KEY_BYTES]


def _payload_cipher(data_key: bytes, record_key: bytes) -> AESGCM:
    return AESGCM(blake2b(record_key, digest_size=DATA_KEY_BYTES, key=data_key).digest())


def dictionary_file(number: int) -> str:
    """The name of the file that holds a dictionary."""
    return f"payloads-{number}.zdict"


@lru_cache(maxsize=1)
def _dictionary() -> zstandard.ZstdCompressionDict:
    content = resources.files("gateway.store").joinpath(dictionary_file(DICTIONARY_ID)).read_bytes()
    made = zstandard.ZstdCompressionDict(content)
    made.precompute_compress(level=ZSTD_LEVEL)
    return made


def _key(said: object) -> tuple[str, bytes]:
    if not isinstance(said, dict) or set(said) != {"id", "key"}:
        raise ValueError("a key has the members id and key")
    return str(said["id"]), parse_base64url(str(said["key"]))
